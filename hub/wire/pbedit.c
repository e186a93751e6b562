#include "wire/pbedit.h"

#include "wire/pb.h"

static enum ch_status pbedit_put(
	struct slice message, uint32_t number, struct slice encoded, bool keep, struct buffer *out)
{
	struct pb_reader reader = pb_read(message);
	struct pb_field field;
	bool placed = false;
	while (pb_next(&reader, &field)) {
		if (!placed && field.number > number) {
			buffer_append_slice(out, encoded);
			placed = true;
		}
		if (field.number != number || keep)
			buffer_append(out, field.start, (size_t)(reader.at - field.start));
	}
	if (!placed)
		buffer_append_slice(out, encoded);
	return reader.status != CH_OK ? reader.status : out->status;
}

enum ch_status pbedit_set(
	struct slice message, uint32_t field, struct slice encoded, struct buffer *out)
{
	return pbedit_put(message, field, encoded, false, out);
}

enum ch_status pbedit_add(
	struct slice message, uint32_t field, struct slice encoded, struct buffer *out)
{
	return pbedit_put(message, field, encoded, true, out);
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
