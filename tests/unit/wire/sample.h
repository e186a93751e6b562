/* Fills any message by reflection, every field and two elements of every repeated one, so that a
 * test over all types needs no line per type. */
#ifndef UNIT_WIRE_SAMPLE_H
#define UNIT_WIRE_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>

#include "wire/reflect.h"

static inline ProtobufCMessage *sample_message(
	const ProtobufCMessageDescriptor *type, unsigned *seed);

static inline void sample_element(
	const ProtobufCFieldDescriptor *field, void *element, unsigned *seed)
{
	/* Texts that JSON must escape or must not: quotes, controls, Chinese, beyond the BMP. */
	static const char *const texts[] = {"plain", "a \"quoted\" \\ back/slash",
		"tab\there\n\x01", "\xe7\x8e\x8b\xe8\x8a\xb3", "\xf0\x9f\x93\x9e call",
		"\x7f</script>"};
	static const int64_t numbers[] = {1, -1, INT64_MAX, INT64_MIN, 1234567890123, -42};
	unsigned turn = (*seed)++ % 6;
	char text[64];
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		(void)snprintf(text, sizeof(text), "%s %u", texts[turn], *seed);
		*(char **)element = strdup(text);
		break;
	case PROTOBUF_C_TYPE_BYTES: {
		ProtobufCBinaryData *bytes = element;
		bytes->len = 1 + turn;
		bytes->data = malloc(bytes->len);
		for (size_t i = 0; i < bytes->len; i++)
			bytes->data[i] = (uint8_t)(0xf8 + i + turn);
		break;
	}
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)element = sample_message(reflect_message_type(field), seed);
		break;
	case PROTOBUF_C_TYPE_ENUM: {
		const ProtobufCEnumDescriptor *values = reflect_enum_type(field);
		*(int *)element = values->values[1 + turn % (values->n_values - 1)].value;
		break;
	}
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)element = 1;
		break;
	default:
		if (reflect_element_bytes(field) == sizeof(int64_t))
			*(int64_t *)element = numbers[turn];
		else if (strcmp(field->name, "scale") == 0)
			*(uint32_t *)element = 1 + turn;
		else
			*(uint32_t *)element = (uint32_t)numbers[turn] | 1;
	}
}

static inline ProtobufCMessage *sample_message(
	const ProtobufCMessageDescriptor *type, unsigned *seed)
{
	ProtobufCMessage *message = calloc(1, type->sizeof_message);
	type->message_init(message);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		void *member = (char *)message + field->offset;
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			sample_element(field, member, seed);
			continue;
		}
		size_t bytes = reflect_element_bytes(field);
		char *elements = calloc(2, bytes);
		sample_element(field, elements, seed);
		sample_element(field, elements + bytes, seed);
		*(char **)member = elements;
		*(size_t *)(void *)((char *)message + field->quantifier_offset) = 2;
	}
	return message;
}

/* The message's encoding; the caller frees out->data. */
static inline struct slice sample_pack(const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *data = malloc(len + 1);
	return slice_of(data, protobuf_c_message_pack(message, data));
}

#endif
