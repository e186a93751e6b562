#include "wire/pb.h"

#include "base/bytes.h"

/* A length is patched in afterwards, so it is written with this many bytes, the last of them padded:
 * parsers accept a varint that is longer than it needs to be. */
#define PB_MARK_BYTES 4

static bool pb_take_long_varint(struct pb_reader *reader, uint64_t *out_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (reader->at == reader->end)
			return false;
		uint8_t byte = *reader->at++;
		if (shift == 63 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			*out_value = value;
			return true;
		}
	}
	return false;
}

/* Nearly all are tags, small numbers and lengths of short texts. */
static inline bool pb_take_varint(struct pb_reader *reader, uint64_t *out_value)
{
	if (reader->at != reader->end && *reader->at < 0x80) {
		*out_value = *reader->at++;
		return true;
	}
	return pb_take_long_varint(reader, out_value);
}

static bool pb_take_field(struct pb_reader *reader, struct pb_field *field)
{
	uint64_t tag;
	uint64_t len;
	field->start = reader->at;
	if (!pb_take_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return false;
	field->number = (uint32_t)(tag >> 3);
	field->wire = (enum pb_wire)(tag & 7);
	field->bytes = (struct slice){NULL, 0};
	field->integer = 0;
	size_t left;
	switch (field->wire) {
	case PB_VARINT:
		return pb_take_varint(reader, &field->integer);
	case PB_I64:
		if (reader->end - reader->at < 8)
			return false;
		field->integer = load_le64(reader->at);
		reader->at += 8;
		return true;
	case PB_I32:
		if (reader->end - reader->at < 4)
			return false;
		field->integer = load_le32(reader->at);
		reader->at += 4;
		return true;
	case PB_LEN:
		if (!pb_take_varint(reader, &len))
			return false;
		left = (size_t)(reader->end - reader->at);
		if (len > left)
			return false;
		field->bytes = slice_of(reader->at, (size_t)len);
		reader->at += len;
		return true;
	default:
		return false;
	}
}

bool pb_next(struct pb_reader *reader, struct pb_field *out_field)
{
	if (reader->status != CH_OK || reader->at == reader->end)
		return false;
	if (pb_take_field(reader, out_field))
		return true;
	reader->status = CH_FORMAT;
	return false;
}

bool pb_next_varint(struct pb_reader *reader, uint64_t *out_value)
{
	if (reader->status != CH_OK || reader->at == reader->end)
		return false;
	if (pb_take_varint(reader, out_value))
		return true;
	reader->status = CH_FORMAT;
	return false;
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
