#include "wire/reflect.h"

const ProtobufCFieldDescriptor *reflect_field(
	const ProtobufCMessageDescriptor *type, struct slice name)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		if (slice_equal(slice_text(type->fields[i].name), name))
			return &type->fields[i];
	}
	return NULL;
}

size_t reflect_element_bytes(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	default: /* the 32-bit integers, float, enum */
		return sizeof(uint32_t);
	}
}

static const void *reflect_member(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

static bool reflect_is_default(const ProtobufCFieldDescriptor *field, const void *value)
{
	static const uint8_t zero[sizeof(uint64_t)];
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(const char *const *)value;
		return text == NULL || text[0] == '\0';
	}
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)value)->len == 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(const ProtobufCMessage *const *)value == NULL;
	default:
		return memcmp(value, zero, reflect_element_bytes(field)) == 0;
	}
}

size_t reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)reflect_member(message, field->quantifier_offset);
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return *(const uint32_t *)reflect_member(message, field->quantifier_offset) ==
		       field->id;
	return !reflect_is_default(field, reflect_member(message, field->offset));
}

const void *reflect_at(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t i)
{
	const void *member = reflect_member(message, field->offset);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const char *const *)member + i * reflect_element_bytes(field);
	return member;
}

const ProtobufCMessage *reflect_message_at(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t i)
{
	return *(const ProtobufCMessage *const *)reflect_at(message, field, i);
}

struct slice reflect_text_at(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t i)
{
	return slice_text(*(const char *const *)reflect_at(message, field, i));
}

static void reflect_path_add(struct reflect_path *path, const void *bytes, size_t len)
{
	const char *from = bytes;
	for (size_t i = 0; i < len && path->len + 1 < sizeof(path->text); i++)
		path->text[path->len++] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
	path->text[path->len] = '\0';
}

size_t reflect_path_push(struct reflect_path *path, struct slice name, ptrdiff_t i)
{
	size_t mark = path->len;
	if (path->len > 0)
		reflect_path_add(path, ".", 1);
	if (name.len > 0)
		reflect_path_add(path, name.data, name.len);
	if (i >= 0) {
		char digits[24] = "";
		size_t at = sizeof(digits);
		digits[--at] = ']';
		do {
			digits[--at] = (char)('0' + i % 10);
			i /= 10;
		} while (i > 0);
		digits[--at] = '[';
		reflect_path_add(path, digits + at, sizeof(digits) - at);
	}
	return mark;
}

void reflect_path_pop(struct reflect_path *path, size_t mark)
{
	path->len = mark;
	path->text[mark] = '\0';
}
