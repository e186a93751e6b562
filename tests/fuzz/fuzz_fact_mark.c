/* A stored fact that was damaged: what can be read is a set of marks, and is written and read again as it is. */
#include <stdlib.h>

#include "base/invariant.h"
#include "module/quality/fact/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_order(const struct marks *marks)
{
	invariant(marks->count <= LIMIT_FACT_MARKS);
	for (size_t i = 1; i < marks->count; i++)
		invariant(mark_compare(&marks->items[i - 1], &marks->items[i]) <= 0);
}

/* Of more than there is room for, the newest stay. */
static void fuzz_newest(const struct marks *marks)
{
	static struct marks newest;
	newest.count = 0;
	for (size_t i = 0; i < marks->count; i++)
		(void)marks_add_newest(&newest, &marks->items[i]);
	fuzz_order(&newest);
	if (marks->count == 0 || marks->items[0].item % 64 != 7)
		return;
	newest.count = 0;
	for (uint32_t i = 0; i < LIMIT_FACT_MARKS + 64; i++) {
		struct mark mark = marks->items[0];
		mark.item = i;
		mark.moment_us = i * 37 % (LIMIT_FACT_MARKS + 63);
		(void)marks_add_newest(&newest, &mark);
		(void)marks_add_newest(&newest, &mark); /* known, or too old */
	}
	fuzz_order(&newest);
	invariant(newest.count == LIMIT_FACT_MARKS);
	invariant(newest.items[0].moment_us >= 32);
}

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
	fuzz_order(set);
	fuzz_newest(marks);
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
