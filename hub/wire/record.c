#include "wire/record.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

#define RECORD_VERSION     1u
#define RECORD_VALUE_BYTES 35u

struct record_reader record_read(struct slice bytes)
{
	struct record_reader reader = {.bytes = bytes, .at = 1, .status = CH_OK};
	if (bytes.len == 0)
		reader.at = 0;
	else if (bytes.data[0] != RECORD_VERSION)
		reader.status = CH_CORRUPT;
	return reader;
}

bool record_next(struct record_reader *reader, struct record_value *out_value)
{
	if (reader->status != CH_OK || reader->at == reader->bytes.len)
		return false;
	const uint8_t *p = reader->bytes.data + reader->at;
	size_t left = reader->bytes.len - reader->at;
	if (left < RECORD_VALUE_BYTES)
		goto corrupt;
	size_t sub_len = load_le16(p + 7);
	size_t value_len = load_le16(p + 9);
	if (sub_len + value_len > left - RECORD_VALUE_BYTES)
		goto corrupt;
	*out_value = (struct record_value){
		.field = load_le16(p),
		.flags = p[2],
		.source_code = load_le16(p + 3),
		.times_seen = load_le16(p + 5),
		.sequence = load_le64(p + 11),
		.learned_us = (int64_t)load_le64(p + 19),
		.occurred_us = (int64_t)load_le64(p + 27),
		.sub = slice_of(p + RECORD_VALUE_BYTES, sub_len),
		.value = slice_of(p + RECORD_VALUE_BYTES + sub_len, value_len),
	};
	reader->at += RECORD_VALUE_BYTES + sub_len + value_len;
	return true;
corrupt:
	reader->status = CH_CORRUPT;
	return false;
}

bool record_find(
	struct slice bytes, uint16_t field, struct slice sub, struct record_value *out_value)
{
	struct record_reader reader = record_read(bytes);
	struct record_value value;
	while (record_next(&reader, &value)) {
		if (value.field > field)
			break;
		if (value.field == field && (value.flags & RECORD_ALTERNATIVE) == 0 &&
			slice_equal(value.sub, sub)) {
			*out_value = value;
			return true;
		}
	}
	return false;
}

bool record_is_proven(struct slice bytes)
{
	struct record_reader reader = record_read(bytes);
	struct record_value value;
	while (record_next(&reader, &value)) {
		if ((value.flags & RECORD_VERIFIED) != 0)
			return true;
	}
	return false;
}

static void record_put(struct buffer *out, const struct record_value *value)
{
	uint8_t head[RECORD_VALUE_BYTES];
	store_le16(head, value->field);
	head[2] = value->flags;
	store_le16(head + 3, value->source_code);
	store_le16(head + 5, value->times_seen);
	store_le16(head + 7, (uint16_t)value->sub.len);
	store_le16(head + 9, (uint16_t)value->value.len);
	store_le64(head + 11, value->sequence);
	store_le64(head + 19, (uint64_t)value->learned_us);
	store_le64(head + 27, (uint64_t)value->occurred_us);
	buffer_append(out, head, sizeof(head));
	buffer_append_slice(out, value->sub);
	buffer_append_slice(out, value->value);
}

/* The order in which values stand. */
static int record_compare(const struct record_value *a, const struct record_value *b)
{
	if (a->field != b->field)
		return a->field < b->field ? -1 : 1;
	int a_late = (a->flags & RECORD_ALTERNATIVE) != 0;
	int b_late = (b->flags & RECORD_ALTERNATIVE) != 0;
	if (a_late != b_late)
		return a_late - b_late;
	if (!a_late)
		return slice_compare(a->sub, b->sub);
	return (a->sequence < b->sequence) - (a->sequence > b->sequence); /* newest first */
}

enum ch_status record_set(struct slice bytes, const struct record_value *value, struct buffer *out)
{
	struct record_reader reader = record_read(bytes);
	struct record_value at;
	struct record_value demoted = {0};
	bool pending = false; /* demoted has yet to find its place */
	bool multi = (value->flags & RECORD_MULTI) != 0;
	bool placed = false;
	unsigned alternatives = 0;
	unsigned count = 1;
	if (value->sub.len > UINT16_MAX || value->value.len > UINT16_MAX)
		return CH_TOO_LARGE;
	buffer_append_byte(out, RECORD_VERSION);
	while (record_next(&reader, &at)) {
		bool same = at.field == value->field && slice_equal(at.sub, value->sub);
		bool late = (at.flags & RECORD_ALTERNATIVE) != 0;
		if (!placed && record_compare(value, &at) <= 0) {
			record_put(out, value);
			placed = true;
		}
		if (same && !late) {
			if (!multi && !slice_equal(at.value, value->value)) {
				demoted = at;
				demoted.flags |= RECORD_ALTERNATIVE;
				pending = true;
			}
			continue;
		}
		if (pending && record_compare(&demoted, &at) <= 0) {
			/* Not always the newest: what survived may have been older. */
			if (++alternatives <= RECORD_ALTERNATIVES) {
				record_put(out, &demoted);
				count++;
			}
			pending = false;
		}
		/* The same value told again is no alternative to itself. */
		if (same && late && !multi &&
			(slice_equal(at.value, value->value) ||
				++alternatives > RECORD_ALTERNATIVES))
			continue;
		record_put(out, &at);
		count++;
	}
	if (!placed)
		record_put(out, value);
	if (pending && ++alternatives <= RECORD_ALTERNATIVES) {
		record_put(out, &demoted);
		count++;
	}
	if (reader.status != CH_OK)
		return reader.status;
	if (count > LIMIT_FIELDS_PER_RECORD)
		return CH_TOO_LARGE;
	return out->status;
}

enum ch_status record_drop(struct slice bytes, uint16_t field, struct slice sub, struct buffer *out)
{
	struct record_reader reader = record_read(bytes);
	struct record_value at;
	buffer_append_byte(out, RECORD_VERSION);
	while (record_next(&reader, &at)) {
		if (at.field != field || !slice_equal(at.sub, sub))
			record_put(out, &at);
	}
	return reader.status != CH_OK ? reader.status : out->status;
}

/* ---- For people ---- */

/* Numbers of CustomerField whose values are messages. */
enum { FIELD_NAME = 1, FIELD_ADDRESS = 4 };

static void record_name_text(struct slice name, struct buffer *out)
{
	struct slice parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	(void)pbedit_get_bytes(name, 2, &parts[0]); /* absent ones stay empty */
	(void)pbedit_get_bytes(name, 3, &parts[1]);
	(void)pbedit_get_bytes(name, 1, &parts[2]);
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			buffer_append_byte(out, '|');
		buffer_append_slice(out, parts[i]);
	}
}

static void record_address_text(struct slice address, struct buffer *out)
{
	struct slice full;
	if (pbedit_get_bytes(address, 7, &full) && full.len > 0) {
		buffer_append_slice(out, full);
		return;
	}
	struct pb_reader reader = pb_read(address);
	struct pb_field field;
	size_t start = out->len;
	while (pb_next(&reader, &field)) {
		if (field.wire != PB_LEN || field.bytes.len == 0)
			continue;
		if (out->len > start)
			buffer_append_text(out, ", ");
		buffer_append_slice(out, field.bytes);
	}
}

void record_text(const struct record_value *value, struct buffer *out)
{
	if ((value->flags & RECORD_MULTI) != 0)
		buffer_append_slice(out, value->sub);
	else if (value->field == FIELD_NAME)
		record_name_text(value->value, out);
	else if (value->field == FIELD_ADDRESS)
		record_address_text(value->value, out);
	else
		buffer_append_slice(out, value->value);
}
