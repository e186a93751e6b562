#include "core/activity.h"

#include "base/bytes.h"

enum ch_status activity_read(struct slice stored, struct activity *out_activity)
{
	if (stored.len < ACTIVITY_HEAD_BYTES || stored.len > ACTIVITY_BYTES_MAX ||
		(stored.len - ACTIVITY_HEAD_BYTES) % ACTIVITY_LINE_BYTES != 0)
		return CH_CORRUPT;
	*out_activity = (struct activity){
		.events = load_le64(stored.data),
		.first_sequence = load_le64(stored.data + 8),
		.lines = slice_sub(stored, ACTIVITY_HEAD_BYTES, stored.len),
	};
	return CH_OK;
}

static void activity_put_line(uint8_t *out, const struct activity_line *line)
{
	store_le64(out, line->sequence);
	store_le16(out + 8, line->type);
	store_le16(out + 10, line->source_code);
	store_le64(out + 12, (uint64_t)line->occurred_us);
	store_le64(out + 20, (uint64_t)line->arrival_us);
}

size_t activity_append(struct slice stored, const struct activity_line *line,
	uint8_t out[ACTIVITY_BYTES_MAX], struct slice *out_page)
{
	struct activity activity = {.first_sequence = line->sequence};
	*out_page = (struct slice){NULL, 0};
	if (stored.len > 0 && activity_read(stored, &activity) != CH_OK)
		return 0;
	if (activity_line_count(activity.lines) == ACTIVITY_PAGE) {
		*out_page = activity.lines;
		activity.lines = (struct slice){NULL, 0};
	}
	store_le64(out, activity.events + 1);
	store_le64(out + 8, activity.first_sequence);
	size_t len = ACTIVITY_HEAD_BYTES;
	if (activity.lines.len > 0)
		memcpy(out + len, activity.lines.data, activity.lines.len);
	len += activity.lines.len;
	activity_put_line(out + len, line);
	return len + ACTIVITY_LINE_BYTES;
}

size_t activity_line_count(struct slice lines)
{
	return lines.len / ACTIVITY_LINE_BYTES;
}

struct activity_line activity_line_at(struct slice lines, size_t i)
{
	const uint8_t *p = lines.data + i * ACTIVITY_LINE_BYTES;
	return (struct activity_line){
		.sequence = load_le64(p),
		.type = load_le16(p + 8),
		.source_code = load_le16(p + 10),
		.occurred_us = (int64_t)load_le64(p + 12),
		.arrival_us = (int64_t)load_le64(p + 20),
	};
}
