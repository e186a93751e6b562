#include "store/merge.h"

#include <stdlib.h>

#include "base/bytes.h"

/* Takes the input's next record in, or the input out of the merge at its end. */
static void merge_advance(struct merge *merge, uint32_t at)
{
	struct merge_input *input = &merge->inputs[at];
	enum ch_status status = run_next(&input->cursor, &input->record);
	if (status == CH_OK)
		input->head = load_be64(input->record.fingerprint);
	else if (status == CH_END)
		merge->inputs[at] = merge->inputs[--merge->count];
	else
		merge->status = status;
}

enum ch_status merge_init(struct merge *merge, struct run *const *runs, uint32_t count)
{
	*merge = (struct merge){.inputs = calloc(count + 1, sizeof(*merge->inputs))};
	if (merge->inputs == NULL)
		return CH_NOMEM;
	merge->count = count;
	for (uint32_t i = 0; i < count; i++)
		merge->inputs[i].cursor.run = runs[i];
	for (uint32_t i = count; i > 0; i--)
		merge_advance(merge, i - 1);
	return merge->status;
}

void merge_fini(struct merge *merge)
{
	free(merge->inputs);
	*merge = (struct merge){0};
}

static bool merge_before(const struct merge_input *a, const struct merge_input *b)
{
	if (a->head != b->head)
		return a->head < b->head;
	int order = memcmp(a->record.fingerprint, b->record.fingerprint, ID_FINGERPRINT_BYTES);
	return order < 0 || (order == 0 && a->record.sequence < b->record.sequence);
}

enum ch_status merge_next(struct merge *merge, struct id_record *out_record)
{
	if (merge->status != CH_OK)
		return merge->status;
	if (merge->count == 0)
		return CH_END;
	uint32_t first = 0;
	for (uint32_t i = 1; i < merge->count; i++) {
		if (merge_before(&merge->inputs[i], &merge->inputs[first]))
			first = i;
	}
	struct id_record record = merge->inputs[first].record;
	merge_advance(merge, first);
	if (merge->status != CH_OK)
		return merge->status;
	*out_record = record;
	return CH_OK;
}
