#include "fanout/ranges.h"

#include <stdlib.h>

#include "wire/pb.h"

void ranges_init(struct ranges *ranges)
{
	*ranges = (struct ranges){0};
}

void ranges_fini(struct ranges *ranges)
{
	free(ranges->spans);
	*ranges = (struct ranges){0};
}

void ranges_clear(struct ranges *ranges)
{
	ranges->count = 0;
}

/* The first range that ends at or behind `sequence`. */
static size_t ranges_seek(const struct ranges *ranges, uint64_t sequence)
{
	size_t low = 0;
	size_t high = ranges->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ranges->spans[middle].last < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool ranges_grow(struct ranges *ranges)
{
	if (ranges->count < ranges->capacity)
		return true;
	size_t capacity = ranges->capacity == 0 ? 8 : 2 * ranges->capacity;
	struct span *spans = realloc(ranges->spans, capacity * sizeof(*spans));
	if (spans == NULL)
		return false;
	ranges->spans = spans;
	ranges->capacity = capacity;
	return true;
}

enum ch_status ranges_add(struct ranges *ranges, uint64_t first, uint64_t last)
{
	/* Everything from `at` to `end` touches the new range and melts into it. */
	size_t at = ranges_seek(ranges, first > 0 ? first - 1 : 0);
	size_t end = at;
	while (end < ranges->count &&
		(ranges->spans[end].first <= last || ranges->spans[end].first == last + 1))
		end++;
	if (end == at) {
		if (!ranges_grow(ranges))
			return CH_NOMEM;
		memmove(&ranges->spans[at + 1], &ranges->spans[at],
			(ranges->count - at) * sizeof(ranges->spans[0]));
		ranges->count++;
		ranges->spans[at] = (struct span){first, last};
		return CH_OK;
	}
	if (ranges->spans[at].first < first)
		first = ranges->spans[at].first;
	if (ranges->spans[end - 1].last > last)
		last = ranges->spans[end - 1].last;
	ranges->spans[at] = (struct span){first, last};
	memmove(&ranges->spans[at + 1], &ranges->spans[end],
		(ranges->count - end) * sizeof(ranges->spans[0]));
	ranges->count -= end - at - 1;
	return CH_OK;
}

enum ch_status ranges_remove(struct ranges *ranges, uint64_t sequence)
{
	size_t at = ranges_seek(ranges, sequence);
	if (at == ranges->count || ranges->spans[at].first > sequence)
		return CH_OK;
	struct span *span = &ranges->spans[at];
	if (span->first == sequence && span->last == sequence) {
		ranges->count--;
		memmove(span, span + 1, (ranges->count - at) * sizeof(*span));
	} else if (span->first == sequence) {
		span->first++;
	} else if (span->last == sequence) {
		span->last--;
	} else {
		if (!ranges_grow(ranges))
			return CH_NOMEM;
		span = &ranges->spans[at];
		memmove(span + 1, span, (ranges->count - at) * sizeof(*span));
		ranges->count++;
		span[0].last = sequence - 1;
		span[1].first = sequence + 1;
	}
	return CH_OK;
}

bool ranges_find(const struct ranges *ranges, uint64_t sequence, uint64_t *out_last)
{
	if (ranges->count == 0)
		return false;
	size_t at = ranges_seek(ranges, sequence);
	if (at == ranges->count || ranges->spans[at].first > sequence)
		return false;
	*out_last = ranges->spans[at].last;
	return true;
}

void ranges_cut(struct ranges *ranges, uint64_t up_to)
{
	if (ranges->count == 0 || ranges->spans[0].first > up_to)
		return;
	size_t at = ranges_seek(ranges, up_to + 1);
	memmove(ranges->spans, &ranges->spans[at], (ranges->count - at) * sizeof(ranges->spans[0]));
	ranges->count -= at;
	if (ranges->count > 0 && ranges->spans[0].first <= up_to)
		ranges->spans[0].first = up_to + 1;
}

void ranges_encode(const struct ranges *ranges, uint64_t base, struct buffer *out)
{
	pb_put_varint(out, ranges->count);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct span *span = &ranges->spans[i];
		pb_put_varint(out, span->first - base);
		pb_put_varint(out, span->last - span->first);
		base = span->last;
	}
}

enum ch_status ranges_decode(struct slice bytes, uint64_t base, struct ranges *ranges)
{
	struct pb_reader reader = pb_read(bytes);
	uint64_t count;
	uint64_t distance;
	uint64_t length;
	enum ch_status status = CH_OK;
	ranges_clear(ranges);
	if (!pb_next_varint(&reader, &count))
		return CH_CORRUPT;
	for (uint64_t i = 0; i < count && status == CH_OK; i++) {
		if (!pb_next_varint(&reader, &distance) || !pb_next_varint(&reader, &length) ||
			distance == 0 || distance > UINT64_MAX - base ||
			length >= UINT64_MAX - (base + distance))
			return CH_CORRUPT;
		status = ranges_add(ranges, base + distance, base + distance + length);
		base += distance + length;
	}
	if (status == CH_OK && reader.at != reader.end)
		status = CH_CORRUPT;
	return status;
}
