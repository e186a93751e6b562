#include "wire/pbedit.h"

#include "wire/pb.h"

/* Numbers up to this can be replaced; the schema's records stay far below. */
#define PBEDIT_FIELDS 256u

enum ch_status pbedit_merge(struct slice message, struct slice partial, struct buffer *out)
{
	bool replaced[PBEDIT_FIELDS] = {false};
	struct pb_reader fresh = pb_read(partial);
	struct pb_reader old = pb_read(message);
	struct pb_field fresh_field;
	struct pb_field field;
	while (pb_next(&fresh, &field)) {
		if (field.number >= PBEDIT_FIELDS)
			return CH_FORMAT;
		replaced[field.number] = true;
	}
	if (fresh.status != CH_OK)
		return fresh.status;
	fresh = pb_read(partial);
	bool more = pb_next(&fresh, &fresh_field);
	while (pb_next(&old, &field)) {
		for (; more && fresh_field.number <= field.number;
			more = pb_next(&fresh, &fresh_field))
			buffer_append(
				out, fresh_field.start, (size_t)(fresh.at - fresh_field.start));
		if (field.number >= PBEDIT_FIELDS || !replaced[field.number])
			buffer_append(out, field.start, (size_t)(old.at - field.start));
	}
	for (; more; more = pb_next(&fresh, &fresh_field))
		buffer_append(out, fresh_field.start, (size_t)(fresh.at - fresh_field.start));
	return old.status != CH_OK ? old.status : out->status;
}

enum ch_status pbedit_add(
	struct slice message, uint32_t number, struct slice encoded, struct buffer *out)
{
	struct pb_reader reader = pb_read(message);
	struct pb_field field;
	bool placed = false;
	while (pb_next(&reader, &field)) {
		if (!placed && field.number > number) {
			buffer_append_slice(out, encoded);
			placed = true;
		}
		buffer_append(out, field.start, (size_t)(reader.at - field.start));
	}
	if (!placed)
		buffer_append_slice(out, encoded);
	return reader.status != CH_OK ? reader.status : out->status;
}

enum ch_status pbedit_drop(struct slice message, uint32_t number, struct buffer *out)
{
	struct pb_reader reader = pb_read(message);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number != number)
			buffer_append(out, field.start, (size_t)(reader.at - field.start));
	}
	return reader.status != CH_OK ? reader.status : out->status;
}

static bool pbedit_find(struct slice message, uint32_t number, struct pb_field *out_field)
{
	struct pb_reader reader = pb_read(message);
	struct pb_field field;
	bool found = false;
	while (pb_next(&reader, &field)) {
		if (field.number == number) {
			*out_field = field;
			found = true;
		}
	}
	return found;
}

bool pbedit_get_uint(struct slice message, uint32_t field, uint64_t *out_value)
{
	struct pb_field found;
	if (!pbedit_find(message, field, &found) || found.wire == PB_LEN)
		return false;
	*out_value = found.integer;
	return true;
}

bool pbedit_get_bytes(struct slice message, uint32_t field, struct slice *out_value)
{
	struct pb_field found;
	if (!pbedit_find(message, field, &found) || found.wire != PB_LEN)
		return false;
	*out_value = found.bytes;
	return true;
}

bool pbedit_same(struct slice message, uint32_t number, struct slice encoded)
{
	struct pb_reader reader = pb_read(message);
	struct pb_field field;
	size_t at = 0;
	while (pb_next(&reader, &field)) {
		if (field.number != number)
			continue;
		struct slice bytes = slice_of(field.start, (size_t)(reader.at - field.start));
		if (!slice_equal(bytes, slice_sub(encoded, at, bytes.len)))
			return false;
		at += bytes.len;
	}
	return at == encoded.len;
}
