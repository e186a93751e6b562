#include "core/activity.h"

#include "base/bytes.h"

static uint64_t activity_zigzag(uint64_t value)
{
	return value << 1 ^ (0 - (value >> 63));
}

static uint64_t activity_unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

/* `newer`: the line before it, or one of zeros.  Differences wrap: no two lines are too far apart. */
static uint8_t *activity_write_line(
	uint8_t *at, const struct activity_line *newer, const struct activity_line *line)
{
	uint64_t arrival = (uint64_t)line->arrival_us;
	at = pb_write_varint(at, activity_zigzag(newer->sequence - line->sequence));
	at = pb_write_varint(at, line->type);
	at = pb_write_varint(at, line->source_code);
	at = pb_write_varint(at, activity_zigzag((uint64_t)newer->arrival_us - arrival));
	return pb_write_varint(at, activity_zigzag(arrival - (uint64_t)line->occurred_us));
}

struct activity_walk activity_walk(struct slice lines)
{
	return (struct activity_walk){.reader = pb_read(lines)};
}

bool activity_next(struct activity_walk *walk, struct activity_line *out_line)
{
	struct activity_line *line = &walk->line;
	uint64_t sequence;
	uint64_t type;
	uint64_t source;
	uint64_t arrival;
	uint64_t late;
	if (!pb_next_varint(&walk->reader, &sequence) || !pb_next_varint(&walk->reader, &type) ||
		!pb_next_varint(&walk->reader, &source) ||
		!pb_next_varint(&walk->reader, &arrival) || !pb_next_varint(&walk->reader, &late))
		return false;
	arrival = (uint64_t)line->arrival_us - activity_unzigzag(arrival);
	line->sequence -= activity_unzigzag(sequence);
	line->type = (uint16_t)type;
	line->source_code = (uint16_t)source;
	line->arrival_us = (int64_t)arrival;
	line->occurred_us = (int64_t)(arrival - activity_unzigzag(late));
	*out_line = *line;
	return true;
}

enum ch_status activity_read(struct slice stored, struct activity *out_activity)
{
	struct pb_reader reader = pb_read(stored);
	uint64_t events;
	uint64_t first;
	if (stored.len > ACTIVITY_BYTES_MAX || !pb_next_varint(&reader, &events) || events == 0 ||
		!pb_next_varint(&reader, &first))
		return CH_CORRUPT;
	*out_activity = (struct activity){events, first, pb_rest(&reader)};
	return CH_OK;
}

size_t activity_append(struct slice stored, const struct activity_line *line,
	uint8_t out[ACTIVITY_BYTES_MAX], struct slice *out_page)
{
	static const struct activity_line none = {0};
	struct activity activity = {.first_sequence = line->sequence};
	struct activity_line newest;
	*out_page = (struct slice){NULL, 0};
	if (stored.len > 0 && activity_read(stored, &activity) != CH_OK)
		return 0;
	struct activity_walk walk = activity_walk(activity.lines);
	if (stored.len > 0 && !activity_next(&walk, &newest))
		return 0;
	uint8_t *at = pb_write_varint(out, activity.events + 1);
	at = pb_write_varint(at, activity.first_sequence);
	at = activity_write_line(at, &none, line);
	if (activity.events % ACTIVITY_PAGE == 0) {
		*out_page = activity.lines;
		return (size_t)(at - out);
	}
	struct slice older = pb_rest(&walk.reader);
	if (older.len > (ACTIVITY_PAGE - 2) * ACTIVITY_LINE_BYTES)
		return 0;
	at = activity_write_line(at, line, &newest);
	if (older.len > 0)
		memcpy(at, older.data, older.len);
	return (size_t)(at - out) + older.len;
}
