#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/json.h"

/* A whole number that a double holds exactly: proto3 allows 1.0 and 1e3 for integers. */
#define EXACT_REAL 9007199254740992.0
#define FIELDS_MAX 256u

/* Of RFC 4648, the plain one and the one for URLs. */
#define BASE64_ALPHABETS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"

/* Memory comes from malloc and is counted: a text of many empty objects would grow a hundredfold. */
struct reader {
	unsigned flags;
	size_t budget_bytes;
	struct json_error *error;
};

static enum ch_status reader_message(
	struct reader *reader, json_t *value, unsigned depth, ProtobufCMessage *message);

static enum ch_status reader_fail(struct reader *reader, enum ch_status status, const char *reason)
{
	(void)snprintf(reader->error->reason, sizeof(reader->error->reason), "%s", reason);
	return status; /* a longer reason is cut */
}

static enum ch_status reader_alloc(struct reader *reader, size_t bytes, void **out_memory)
{
	if (bytes > reader->budget_bytes)
		return reader_fail(reader, CH_TOO_LARGE, "takes too much memory");
	void *memory = calloc(1, bytes > 0 ? bytes : 1);
	if (memory == NULL)
		return reader_fail(reader, CH_NOMEM, "out of memory");
	reader->budget_bytes -= bytes;
	*out_memory = memory;
	return CH_OK;
}

/* ---- Scalars ---- */

static enum ch_status reader_i64(struct reader *reader, json_t *value, int64_t *out_number)
{
	if (json_is_integer(value)) {
		*out_number = json_integer_value(value);
		return CH_OK;
	}
	if (json_is_string(value)) {
		struct slice text = slice_of(json_string_value(value), json_string_length(value));
		if (text_parse_i64(text, out_number) != CH_OK)
			return reader_fail(reader, CH_INVALID, "expected an integer in range");
		return CH_OK;
	}
	if (json_is_real(value)) {
		double real = json_real_value(value);
		if (real >= -EXACT_REAL && real <= EXACT_REAL && real == (double)(int64_t)real) {
			*out_number = (int64_t)real;
			return CH_OK;
		}
	}
	return reader_fail(reader, CH_INVALID, "expected an integer in range");
}

static enum ch_status reader_u64(struct reader *reader, json_t *value, uint64_t *out_number)
{
	if (json_is_string(value)) {
		struct slice text = slice_of(json_string_value(value), json_string_length(value));
		if (text_parse_u64(text, UINT64_MAX, out_number) != CH_OK)
			return reader_fail(
				reader, CH_INVALID, "expected an unsigned integer in range");
		return CH_OK;
	}
	int64_t number;
	enum ch_status status = reader_i64(reader, value, &number);
	if (status != CH_OK)
		return status;
	if (number < 0)
		return reader_fail(reader, CH_INVALID, "expected an unsigned integer in range");
	*out_number = (uint64_t)number;
	return CH_OK;
}

static enum ch_status reader_i32(struct reader *reader, json_t *value, int32_t *out_number)
{
	int64_t number;
	enum ch_status status = reader_i64(reader, value, &number);
	if (status != CH_OK)
		return status;
	if (number < INT32_MIN || number > INT32_MAX)
		return reader_fail(reader, CH_INVALID, "expected an integer in range");
	*out_number = (int32_t)number;
	return CH_OK;
}

static enum ch_status reader_u32(struct reader *reader, json_t *value, uint32_t *out_number)
{
	uint64_t number;
	enum ch_status status = reader_u64(reader, value, &number);
	if (status != CH_OK)
		return status;
	if (number > UINT32_MAX)
		return reader_fail(reader, CH_INVALID, "expected an unsigned integer in range");
	*out_number = (uint32_t)number;
	return CH_OK;
}

/* CH_END: a name that the schema has not, to be passed over. */
static enum ch_status reader_enum(struct reader *reader, json_t *value,
	const ProtobufCEnumDescriptor *type, int32_t *out_number)
{
	if (json_is_integer(value))
		return reader_i32(reader, value, out_number);
	if (!json_is_string(value))
		return reader_fail(reader, CH_INVALID, "expected the name of an enum value");
	const ProtobufCEnumValue *known =
		protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(value));
	if (known != NULL) {
		*out_number = known->value;
		return CH_OK;
	}
	if ((reader->flags & JSON_IGNORE_UNKNOWN) != 0)
		return CH_END;
	return reader_fail(reader, CH_INVALID, "no such enum value");
}

static enum ch_status reader_bytes(
	struct reader *reader, json_t *value, ProtobufCBinaryData *out_bytes)
{
	if (!json_is_string(value))
		return reader_fail(reader, CH_INVALID, "expected base64");
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	while (len > 0 && text[len - 1] == '=')
		len--;
	if (json_string_length(value) - len > 2)
		return reader_fail(reader, CH_INVALID, "expected base64");
	if (len == 0)
		return CH_OK;
	if (strspn(text, BASE64_ALPHABETS) !=
		len) /* sodium takes some bytes above 127 for letters */
		return reader_fail(reader, CH_INVALID, "expected base64");
	bool url = memchr(text, '-', len) != NULL || memchr(text, '_', len) != NULL;
	void *bytes = NULL;
	size_t room = len / 4 * 3 + 2;
	enum ch_status status = reader_alloc(reader, room, &bytes);
	if (status != CH_OK)
		return status;
	out_bytes->data = bytes; /* the message's from here on, whatever is in it */
	if (sodium_base642bin(out_bytes->data, room, text, len, NULL, &out_bytes->len, NULL,
		    url ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
			: sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		return reader_fail(reader, CH_INVALID, "expected base64");
	return CH_OK;
}

/* An empty text is copied too: protobuf-c frees every element of a repeated field. */
static enum ch_status reader_string(struct reader *reader, json_t *value, char **out_text)
{
	if (!json_is_string(value))
		return reader_fail(reader, CH_INVALID, "expected a string");
	void *text = NULL;
	size_t len = json_string_length(value);
	enum ch_status status = reader_alloc(reader, len + 1, &text);
	if (status != CH_OK)
		return status;
	memcpy(text, json_string_value(value), len); /* jansson refuses a NUL inside */
	*out_text = text;
	return CH_OK;
}

/* ---- Fields ---- */

/* Reads one value into one element of the message's struct, which is zero or holds the default. */
static enum ch_status reader_element(struct reader *reader, json_t *value,
	const ProtobufCFieldDescriptor *field, unsigned depth, void *element)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return reader_i32(reader, value, element);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return reader_u32(reader, value, element);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return reader_i64(reader, value, element);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return reader_u64(reader, value, element);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_is_boolean(value))
			return reader_fail(reader, CH_INVALID, "expected true or false");
		*(protobuf_c_boolean *)element = json_is_true(value);
		return CH_OK;
	case PROTOBUF_C_TYPE_ENUM:
		return reader_enum(reader, value, reflect_enum_type(field), element);
	case PROTOBUF_C_TYPE_STRING:
		return reader_string(reader, value, element);
	case PROTOBUF_C_TYPE_BYTES:
		return reader_bytes(reader, value, element);
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessageDescriptor *type = reflect_message_type(field);
		void *nested = NULL;
		enum ch_status status = reader_alloc(reader, type->sizeof_message, &nested);
		if (status != CH_OK)
			return status;
		type->message_init(nested);
		*(ProtobufCMessage **)element = nested; /* half-built, but the parent's to free */
		return reader_message(reader, value, depth + 1, nested);
	}
	default:
		return reader_fail(reader, CH_UNSUPPORTED, "float and double are not used here");
	}
}

static enum ch_status reader_repeated(struct reader *reader, json_t *value,
	const ProtobufCFieldDescriptor *field, unsigned depth, ProtobufCMessage *message)
{
	size_t *count = (size_t *)(void *)((char *)message + field->quantifier_offset);
	void **elements = (void **)(void *)((char *)message + field->offset);
	size_t element_bytes = reflect_element_bytes(field);
	size_t mark = reader->error->path.len;
	if (!json_is_array(value)) {
		(void)reflect_path_push(&reader->error->path, slice_text(field->name), -1);
		return reader_fail(reader, CH_INVALID, "expected an array");
	}
	size_t len = json_array_size(value);
	if (len == 0)
		return CH_OK;
	enum ch_status status = reader_alloc(reader, len * element_bytes, elements);
	for (size_t i = 0; i < len && status == CH_OK; i++) {
		json_t *item = json_array_get(value, i);
		(void)reflect_path_push(
			&reader->error->path, slice_text(field->name), (ptrdiff_t)i);
		if (json_is_null(item))
			return reader_fail(reader, CH_INVALID, "null is no element");
		void *element =
			(char *)*elements + (*count)++ * element_bytes; /* even half-built */
		status = reader_element(reader, item, field, depth, element);
		if (status == CH_END) {
			(*count)--; /* an unknown enum name: the next one takes its place */
			status = CH_OK;
		}
		if (status == CH_OK)
			reflect_path_pop(&reader->error->path, mark);
	}
	return status;
}

static enum ch_status reader_singular(struct reader *reader, json_t *value,
	const ProtobufCFieldDescriptor *field, unsigned depth, ProtobufCMessage *message)
{
	void *element = (char *)message + field->offset;
	size_t mark = reflect_path_push(&reader->error->path, slice_text(field->name), -1);
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t *which = (uint32_t *)(void *)((char *)message + field->quantifier_offset);
		if (*which != 0)
			return reader_fail(reader, CH_INVALID, "another choice is set already");
		*which = field->id;
		memset(element, 0, reflect_element_bytes(field));
	}
	enum ch_status status = reader_element(reader, value, field, depth, element);
	if (status == CH_END)
		status = CH_OK;
	if (status == CH_OK)
		reflect_path_pop(&reader->error->path, mark);
	return status;
}

static bool reader_is_camel(struct slice key, const char *field_name)
{
	bool raise = false;
	size_t at = 0;
	for (const char *c = field_name; *c != '\0'; c++) {
		if (*c == '_') {
			raise = true;
			continue;
		}
		char want = raise && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		raise = false;
		if (at >= key.len || key.data[at++] != (uint8_t)want)
			return false;
	}
	return at == key.len;
}

static const ProtobufCFieldDescriptor *reader_find(
	const ProtobufCMessageDescriptor *type, struct slice key)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (reader_is_camel(key, field->name) || slice_equal(key, slice_text(field->name)))
			return field;
	}
	return NULL;
}

static enum ch_status reader_member(struct reader *reader, json_t *value,
	const ProtobufCFieldDescriptor *field, unsigned depth, ProtobufCMessage *message)
{
	if (json_is_null(value))
		return CH_OK;
	return field->label == PROTOBUF_C_LABEL_REPEATED
		       ? reader_repeated(reader, value, field, depth, message)
		       : reader_singular(reader, value, field, depth, message);
}

static enum ch_status reader_message(
	struct reader *reader, json_t *value, unsigned depth, ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	bool told[FIELDS_MAX] = {
		false}; /* jansson refuses one name twice; this, both names of a field */
	const char *key;
	size_t key_bytes;
	json_t *member;
	invariant(type->n_fields <= FIELDS_MAX);
	if (depth > LIMIT_JSON_DEPTH)
		return reader_fail(reader, CH_TOO_LARGE, "nested too deeply");
	if (!json_is_object(value))
		return reader_fail(reader, CH_INVALID, "expected an object");
	json_object_keylen_foreach(value, key, key_bytes, member)
	{
		struct slice name = slice_of(key, key_bytes);
		const ProtobufCFieldDescriptor *field = reader_find(type, name);
		if (field == NULL && (reader->flags & JSON_IGNORE_UNKNOWN) != 0)
			continue;
		if (field == NULL || told[field - type->fields]) {
			(void)reflect_path_push(&reader->error->path, name, -1);
			return reader_fail(reader, CH_INVALID,
				field == NULL ? "no such field"
					      : "told twice, under both its names");
		}
		told[field - type->fields] = true;
		enum ch_status status = reader_member(reader, member, field, depth, message);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

/* ---- Texts ---- */

/* Before jansson builds a tree of it: how deep and how wide the text is.  Brackets inside strings do
 * not count; whether it is JSON at all is for jansson to say. */
static enum ch_status reader_measure(struct reader *reader, struct slice text)
{
	unsigned depth = 0;
	size_t values = 1;
	bool in_string = false;
	if (text.len > LIMIT_JSON_BYTES)
		return reader_fail(reader, CH_TOO_LARGE, "the text is too long");
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			depth++;
			values++;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		} else if (c == ',') {
			values++;
		}
		if (depth > LIMIT_JSON_DEPTH * 2) /* each message may stand in an array */
			return reader_fail(reader, CH_TOO_LARGE, "nested too deeply");
		if (values > LIMIT_JSON_VALUES)
			return reader_fail(reader, CH_TOO_LARGE, "too many values");
	}
	return CH_OK;
}

static void reader_start(struct reader *reader, unsigned flags, struct json_error *error)
{
	*error = (struct json_error){.path = {.len = 0}};
	*reader =
		(struct reader){.flags = flags, .budget_bytes = LIMIT_JSON_MEMORY, .error = error};
}

static enum ch_status reader_top(struct reader *reader, json_t *value,
	const ProtobufCMessageDescriptor *type, ProtobufCMessage **out_message)
{
	void *memory = NULL;
	enum ch_status status = reader_alloc(reader, type->sizeof_message, &memory);
	if (status != CH_OK)
		return status;
	ProtobufCMessage *message = memory;
	type->message_init(message);
	status = reader_message(reader, value, 1, message);
	if (status != CH_OK)
		goto out;
	*out_message = message;
	message = NULL; /* the caller's now */
out:
	protobuf_c_message_free_unpacked(message, NULL);
	return status;
}

enum ch_status json_decode_value(json_t *value, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error)
{
	struct json_error unwanted;
	struct reader reader;
	reader_start(&reader, flags, out_error != NULL ? out_error : &unwanted);
	return reader_top(&reader, value, type, out_message);
}

enum ch_status json_decode(struct slice text, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error)
{
	struct json_error unwanted;
	struct reader reader;
	json_error_t at;
	json_t *value = NULL;
	reader_start(&reader, flags, out_error != NULL ? out_error : &unwanted);
	enum ch_status status = reader_measure(&reader, text);
	if (status != CH_OK)
		goto out;
	status = CH_FORMAT;
	value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &at);
	if (value == NULL) {
		/* Where, but not jansson's own words: they quote the text, which may be personal. */
		(void)snprintf(reader.error->reason, sizeof(reader.error->reason),
			"not JSON at line %d, column %d", at.line, at.column);
		goto out;
	}
	status = reader_top(&reader, value, type, out_message);
out:
	json_decref(value);
	return status;
}
