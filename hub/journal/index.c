#include "journal/index.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define INDEX_STEP_BYTES (64u * 1024u)

struct index_row {
	uint64_t sequence;
	int64_t arrival_us;
	uint64_t offset;
};

struct index {
	uint32_t capacity;
	_Atomic uint32_t count;
	struct index_row rows[];
};

enum ch_status index_create(uint64_t segment_bytes, struct index **out_index)
{
	/* Rows are at least a step apart, so this is always room enough. */
	uint64_t capacity = segment_bytes / INDEX_STEP_BYTES + 1;
	struct index *index = calloc(1, sizeof(*index) + capacity * sizeof(index->rows[0]));
	if (index == NULL)
		return CH_NOMEM;
	index->capacity = (uint32_t)capacity;
	*out_index = index;
	return CH_OK;
}

void index_free(struct index *index)
{
	free(index);
}

void index_add(struct index *index, uint64_t sequence, int64_t arrival_us, uint64_t offset)
{
	uint32_t count = atomic_load_explicit(&index->count, memory_order_relaxed);
	if (count > 0 && offset - index->rows[count - 1].offset < INDEX_STEP_BYTES)
		return;
	if (count == index->capacity)
		return; /* coarser, not wrong */
	index->rows[count] = (struct index_row){sequence, arrival_us, offset};
	/* The row is whole before it counts. */
	atomic_store_explicit(&index->count, count + 1, memory_order_release);
}

static bool index_row_is_before_sequence(const struct index_row *row, int64_t sequence)
{
	return row->sequence <= (uint64_t)sequence;
}

static bool index_row_is_before_time(const struct index_row *row, int64_t arrival_us)
{
	return row->arrival_us < arrival_us;
}

/* The offset of the last row for which `before` holds; it holds for the first ones only. */
static uint64_t index_search(const struct index *index,
	bool (*before)(const struct index_row *row, int64_t key), int64_t key)
{
	uint32_t low = 0;
	uint32_t high = atomic_load_explicit(&index->count, memory_order_acquire);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (before(&index->rows[middle], key))
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : index->rows[low - 1].offset;
}

uint64_t index_find(const struct index *index, uint64_t sequence)
{
	return index_search(index, index_row_is_before_sequence, (int64_t)sequence);
}

uint64_t index_find_time(const struct index *index, int64_t arrival_us)
{
	return index_search(index, index_row_is_before_time, arrival_us);
}
