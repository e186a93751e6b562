#include "wire/check.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "base/text.h"
#include "carehub/v1/common.pb-c.h"
#include "wire/pb.h"

#define SCALE     2u /* Decimal.scale */
#define TAG_BYTES 5

static enum pb_wire check_wire(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PB_I32;
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PB_I64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PB_LEN;
	default:
		return PB_VARINT;
	}
}

/* Puts "name." in front of the path of a nested fault; a path that is cut still leads near. */
static void check_blame(
	char path[CHECK_PATH_BYTES], const ProtobufCFieldDescriptor *field, unsigned index)
{
	struct buffer whole = {0};
	buffer_append_text(&whole, field->name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		buffer_printf(&whole, "[%u]", index);
	if (path[0] != 0)
		buffer_append_byte(&whole, '.');
	buffer_append_text(&whole, path);
	size_t len = whole.len < CHECK_PATH_BYTES - 1 ? whole.len : CHECK_PATH_BYTES - 1;
	if (len > 0)
		memcpy(path, whole.data, len);
	path[len] = 0;
	buffer_fini(&whole);
}

/* The place among the occurrences of a repeated field: only computed for the one at fault. */
static unsigned check_index(struct slice bytes, const struct pb_field *at)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	unsigned index = 0;
	while (pb_next(&reader, &field) && field.start != at->start)
		index += field.number == at->number;
	return index;
}

/* A packed field is whole elements, and nothing else: a torn one would be read as other numbers. */
static bool check_packed(enum pb_wire wire, struct slice elements)
{
	struct pb_reader reader = pb_read(elements);
	uint64_t element;
	if (wire != PB_VARINT)
		return elements.len % (wire == PB_I32 ? 4 : 8) == 0;
	while (pb_next_varint(&reader, &element))
		;
	return reader.status == CH_OK;
}

/* Most messages number their fields from 1 on without a hole: one look instead of a search. */
static const ProtobufCFieldDescriptor *check_field(
	const ProtobufCMessageDescriptor *message, uint32_t number)
{
	if (number <= message->n_fields && message->fields[number - 1].id == number)
		return &message->fields[number - 1];
	return protobuf_c_message_descriptor_get_field(message, number);
}

/* Every other reader takes a tag or a length of five bytes at most.  Nobody writes a longer one; who let it in would
 * hand on what no subscriber can unpack. */
static bool check_tag(const struct pb_field *field)
{
	const uint8_t *at = field->start;
	if (at[0] < 0x80 && (field->wire != PB_LEN || at[1] < 0x80))
		return true;
	while (*at++ >= 0x80)
		continue; /* it ends, or it would have been none */
	return at - field->start <= TAG_BYTES &&
	       (field->wire != PB_LEN || field->bytes.data - at <= TAG_BYTES);
}

static enum ch_status check_level(const ProtobufCMessageDescriptor *message, struct slice bytes,
	unsigned depth, char path[CHECK_PATH_BYTES])
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	const ProtobufCFieldDescriptor *known = NULL;
	path[0] = 0;
	while (pb_next(&reader, &field)) {
		if (!check_tag(&field))
			return CH_FORMAT;
		if (known == NULL || known->id != field.number)
			known = check_field(message, field.number);
		if (known == NULL)
			continue;
		enum pb_wire wire = check_wire(known->type);
		bool packed = field.wire == PB_LEN && known->label == PROTOBUF_C_LABEL_REPEATED &&
			      wire != PB_LEN;
		bool good = packed ? check_packed(wire, field.bytes) : field.wire == wire;
		if (good && known->type == PROTOBUF_C_TYPE_STRING)
			good = text_is_utf8(field.bytes);
		if (good && known->type == PROTOBUF_C_TYPE_MESSAGE)
			good = depth < LIMIT_PB_DEPTH && check_level(known->descriptor, field.bytes,
								 depth + 1, path) == CH_OK;
		if (good && message == &carehub__v1__decimal__descriptor && known->id == SCALE)
			good = field.integer <=
			       DECIMAL_SCALE_MAX; /* who computes with it relies on that */
		if (!good) {
			check_blame(path, known, check_index(bytes, &field));
			return CH_FORMAT;
		}
	}
	return reader.status;
}

enum ch_status check_message(const ProtobufCMessageDescriptor *message, struct slice bytes,
	char out_path[CHECK_PATH_BYTES])
{
	return check_level(message, bytes, 0, out_path);
}
