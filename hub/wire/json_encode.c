#include <inttypes.h>
#include <sodium.h>

#include "base/text.h"
#include "wire/json.h"

struct writer {
	struct buffer *out;
	bool pretty;
	unsigned level;
	struct json_error *error;
};

static enum ch_status writer_message(struct writer *writer, const ProtobufCMessage *message);

static enum ch_status writer_fail(struct writer *writer, enum ch_status status, const char *reason)
{
	(void)snprintf(writer->error->reason, sizeof(writer->error->reason), "%s", reason);
	return status; /* a longer reason is cut */
}

static void writer_line(struct writer *writer)
{
	if (!writer->pretty)
		return;
	buffer_append_byte(writer->out, '\n');
	for (unsigned i = 0; i < writer->level; i++)
		buffer_append_text(writer->out, "  ");
}

/* '{' or '[', and their ends. */
static void writer_open(struct writer *writer, char bracket)
{
	buffer_append_byte(writer->out, (uint8_t)bracket);
	writer->level++;
}

static void writer_close(struct writer *writer, char bracket, bool empty)
{
	writer->level--;
	if (!empty)
		writer_line(writer);
	buffer_append_byte(writer->out, (uint8_t)bracket);
}

void json_append_name(struct buffer *out, const char *field_name)
{
	bool raise = false;
	for (const char *at = field_name; *at != '\0'; at++) {
		char c = *at;
		if (c == '_') {
			raise = true;
			continue;
		}
		if (raise && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		raise = false;
		buffer_append_byte(out, (uint8_t)c);
	}
}

static void json_append_escape(struct buffer *out, uint8_t c)
{
	static const char *const short_forms[0x20] = {
		['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
	if (c == '"' || c == '\\') {
		buffer_append_byte(out, '\\');
		buffer_append_byte(out, c);
	} else if (short_forms[c] != NULL) {
		buffer_append_text(out, short_forms[c]);
	} else {
		buffer_printf(out, "\\u%04x", c);
	}
}

enum ch_status json_append_string(struct buffer *out, struct slice text)
{
	size_t plain = 0; /* start of the stretch that needs no escape */
	if (!text_is_utf8(text))
		return CH_FORMAT;
	buffer_append_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buffer_append_slice(out, slice_sub(text, plain, i - plain));
		json_append_escape(out, c);
		plain = i + 1;
	}
	buffer_append_slice(out, slice_sub(text, plain, text.len - plain));
	buffer_append_byte(out, '"');
	return CH_OK;
}

static void json_append_base64(struct buffer *out, const ProtobufCBinaryData *bytes)
{
	size_t room = sodium_base64_ENCODED_LEN(bytes->len, sodium_base64_VARIANT_ORIGINAL);
	buffer_append_byte(out, '"');
	uint8_t *at = buffer_reserve(out, room);
	if (at == NULL)
		return;
	sodium_bin2base64(
		(char *)at, room, bytes->data, bytes->len, sodium_base64_VARIANT_ORIGINAL);
	out->len--; /* its NUL */
	buffer_append_byte(out, '"');
}

static void json_append_enum(struct buffer *out, const ProtobufCEnumDescriptor *type, int number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
	if (value != NULL)
		buffer_printf(out, "\"%s\"", value->name);
	else
		buffer_printf(out, "%d", number); /* of a later schema */
}

static enum ch_status writer_value(
	struct writer *writer, const ProtobufCFieldDescriptor *field, const void *value)
{
	struct buffer *out = writer->out;
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		buffer_printf(out, "%" PRId32, *(const int32_t *)value);
		return CH_OK;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buffer_printf(out, "%" PRIu32, *(const uint32_t *)value);
		return CH_OK;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buffer_printf(out, "\"%" PRId64 "\"", *(const int64_t *)value);
		return CH_OK;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buffer_printf(out, "\"%" PRIu64 "\"", *(const uint64_t *)value);
		return CH_OK;
	case PROTOBUF_C_TYPE_BOOL:
		buffer_append_text(out, *(const protobuf_c_boolean *)value ? "true" : "false");
		return CH_OK;
	case PROTOBUF_C_TYPE_ENUM:
		json_append_enum(out, reflect_enum_type(field), *(const int *)value);
		return CH_OK;
	case PROTOBUF_C_TYPE_STRING:
		if (json_append_string(out, slice_text(*(const char *const *)value)) != CH_OK)
			return writer_fail(writer, CH_FORMAT, "not UTF-8");
		return CH_OK;
	case PROTOBUF_C_TYPE_BYTES:
		json_append_base64(out, value);
		return CH_OK;
	case PROTOBUF_C_TYPE_MESSAGE:
		return writer_message(writer, *(const ProtobufCMessage *const *)value);
	default:
		return writer_fail(writer, CH_UNSUPPORTED, "float and double are not used here");
	}
}

static enum ch_status writer_field(struct writer *writer, const ProtobufCMessage *message,
	const ProtobufCFieldDescriptor *field, size_t count)
{
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	buffer_append_byte(writer->out, '"');
	json_append_name(writer->out, field->name);
	buffer_append_text(writer->out, writer->pretty ? "\": " : "\":");
	if (repeated)
		writer_open(writer, '[');
	for (size_t i = 0; i < count; i++) {
		size_t mark = reflect_path_push(&writer->error->path, slice_text(field->name),
			repeated ? (ptrdiff_t)i : -1);
		if (i > 0)
			buffer_append_byte(writer->out, ',');
		if (repeated)
			writer_line(writer);
		enum ch_status status = writer_value(writer, field, reflect_at(message, field, i));
		if (status != CH_OK)
			return status; /* and leave the path where it is */
		reflect_path_pop(&writer->error->path, mark);
	}
	if (repeated)
		writer_close(writer, ']', false);
	return CH_OK;
}

static enum ch_status writer_message(struct writer *writer, const ProtobufCMessage *message)
{
	bool empty = true;
	writer_open(writer, '{');
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		size_t count = reflect_count(message, field);
		if (count == 0)
			continue;
		if (!empty)
			buffer_append_byte(writer->out, ',');
		empty = false;
		writer_line(writer);
		enum ch_status status = writer_field(writer, message, field, count);
		if (status != CH_OK)
			return status;
	}
	writer_close(writer, '}', empty);
	return CH_OK;
}

enum ch_status json_encode(const ProtobufCMessage *message, unsigned flags, struct buffer *out,
	struct json_error *out_error)
{
	struct json_error unwanted;
	size_t before = out->len;
	struct writer writer = {.out = out,
		.pretty = (flags & JSON_PRETTY) != 0,
		.error = out_error != NULL ? out_error : &unwanted};
	*writer.error = (struct json_error){.path = {.len = 0}};
	enum ch_status status = writer_message(&writer, message);
	if (status == CH_OK && out->status != CH_OK)
		status = writer_fail(&writer, out->status, "out of memory");
	if (status != CH_OK)
		out->len = before;
	return status;
}
