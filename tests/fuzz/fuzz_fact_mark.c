/* A stored fact that was damaged: what can be read is a set of marks, and is written and read again as it is. */
#include <stdlib.h>

#include "base/invariant.h"
#include "module/quality/fact/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct marks *marks = malloc(sizeof(*marks));
	struct marks *set = malloc(sizeof(*set));
	struct buffer out = {0};
	struct buffer again = {0};
	invariant(marks != NULL && set != NULL);
	if (marks_read(slice_of(data, len), marks) != CH_OK)
		goto out;
	set->count = 0;
	for (size_t i = 0; i < marks->count; i++)
		(void)marks_add(set, &marks->items[i]);
	invariant(set->count <= marks->count);
	for (size_t i = 1; i < set->count; i++)
		invariant(mark_compare(&set->items[i - 1], &set->items[i]) <= 0);
	marks_write(set, &out);
	invariant(marks_read(buffer_slice(&out), marks) == CH_OK && marks->count == set->count);
	marks_write(marks, &again);
	invariant(slice_equal(buffer_slice(&out), buffer_slice(&again)));
out:
	buffer_fini(&out);
	buffer_fini(&again);
	free(marks);
	free(set);
	return 0;
}
