#include "wire/pb.h"

#include "base/bytes.h"

/* A length is patched in afterwards, so it is written with this many bytes, the last of them padded:
 * parsers accept a varint that is longer than it needs to be. */
#define PB_MARK_BYTES 4

/* Readers work on positions in registers: `at` is behind the varint afterwards, NULL when there is none. */
static const uint8_t *pb_long_varint(const uint8_t *at, const uint8_t *end, uint64_t *out_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70 && at != end; shift += 7) {
		uint8_t byte = *at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (shift == 63 && byte > 1)
			return NULL;
		if (byte < 0x80) {
			*out_value = value;
			return at;
		}
	}
	return NULL;
}

/* Nearly all are tags, small numbers and lengths of short texts. */
static inline const uint8_t *pb_varint(const uint8_t *at, const uint8_t *end, uint64_t *out_value)
{
	if (at == end || *at >= 0x80)
		return pb_long_varint(at, end, out_value);
	*out_value = *at;
	return at + 1;
}

/* What stands behind the tag. */
static inline const uint8_t *pb_value(const uint8_t *at, const uint8_t *end, struct pb_field *field)
{
	size_t left;
	uint64_t len;
	switch (field->wire) {
	case PB_VARINT:
		return pb_varint(at, end, &field->integer);
	case PB_LEN:
		at = pb_varint(at, end, &len);
		if (at == NULL || len > (size_t)(end - at))
			return NULL;
		field->bytes = slice_of(at, (size_t)len);
		return at + len;
	case PB_I64:
	case PB_I32:
		left = field->wire == PB_I64 ? 8 : 4;
		if ((size_t)(end - at) < left)
			return NULL;
		field->integer = field->wire == PB_I64 ? load_le64(at) : load_le32(at);
		return at + left;
	default:
		return NULL;
	}
}

bool pb_next(struct pb_reader *reader, struct pb_field *out_field)
{
	const uint8_t *end = reader->end;
	const uint8_t *at = reader->at;
	struct pb_field field = {.start = at};
	uint64_t tag;
	if (reader->status != CH_OK || at == end)
		return false;
	at = pb_varint(at, end, &tag);
	if (at != NULL && tag >> 3 != 0 && tag >> 3 <= 0x1fffffff) {
		field.number = (uint32_t)(tag >> 3);
		field.wire = (enum pb_wire)(tag & 7);
		at = pb_value(at, end, &field);
		if (at != NULL) {
			reader->at = at;
			*out_field = field;
			return true;
		}
	}
	reader->status = CH_FORMAT;
	return false;
}

bool pb_next_varint(struct pb_reader *reader, uint64_t *out_value)
{
	if (reader->status != CH_OK || reader->at == reader->end)
		return false;
	const uint8_t *at = pb_varint(reader->at, reader->end, out_value);
	if (at == NULL) {
		reader->status = CH_FORMAT;
		return false;
	}
	reader->at = at;
	return true;
}

size_t pb_varint_len(uint64_t value)
{
	size_t len = 1;
	for (; value >= 0x80; value >>= 7)
		len++;
	return len;
}

uint8_t *pb_write_varint(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

void pb_put_varint(struct buffer *out, uint64_t value)
{
	uint8_t bytes[10];
	buffer_append(out, bytes, (size_t)(pb_write_varint(bytes, value) - bytes));
}

static void pb_put_tagged(struct buffer *out, uint32_t number, enum pb_wire wire, uint64_t value)
{
	uint8_t bytes[20];
	uint8_t *at = pb_write_varint(bytes, (uint64_t)number << 3 | wire);
	at = pb_write_varint(at, value);
	buffer_append(out, bytes, (size_t)(at - bytes));
}

void pb_put_uint(struct buffer *out, uint32_t number, uint64_t value)
{
	if (value != 0)
		pb_put_tagged(out, number, PB_VARINT, value);
}

void pb_put_int(struct buffer *out, uint32_t number, int64_t value)
{
	pb_put_uint(out, number, (uint64_t)value);
}

void pb_put_bool(struct buffer *out, uint32_t number, bool value)
{
	pb_put_uint(out, number, value);
}

void pb_put_fixed64(struct buffer *out, uint32_t number, uint64_t value)
{
	uint8_t bytes[8];
	if (value == 0)
		return;
	pb_put_varint(out, (uint64_t)number << 3 | PB_I64);
	store_le64(bytes, value);
	buffer_append(out, bytes, sizeof(bytes));
}

void pb_put_element(struct buffer *out, uint32_t number, struct slice value)
{
	pb_put_tagged(out, number, PB_LEN, value.len);
	buffer_append_slice(out, value);
}

void pb_put_bytes(struct buffer *out, uint32_t number, struct slice value)
{
	if (value.len > 0)
		pb_put_element(out, number, value);
}

void pb_put_text(struct buffer *out, uint32_t number, const char *value)
{
	pb_put_bytes(out, number, slice_text(value));
}

size_t pb_begin(struct buffer *out, uint32_t number)
{
	static const uint8_t room[PB_MARK_BYTES];
	pb_put_varint(out, (uint64_t)number << 3 | PB_LEN);
	buffer_append(out, room, sizeof(room));
	return out->len;
}

void pb_end(struct buffer *out, size_t mark)
{
	if (out->status != CH_OK)
		return;
	size_t len = out->len - mark;
	uint8_t *at = out->data + mark - PB_MARK_BYTES;
	for (int i = 0; i < PB_MARK_BYTES - 1; i++, len >>= 7)
		at[i] = (uint8_t)(len | 0x80);
	at[PB_MARK_BYTES - 1] = (uint8_t)len;
}
