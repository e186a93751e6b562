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

/* Memory comes from malloc, or from an arena, and is counted: a text of many empty objects would grow a
 * hundredfold. */
struct reader {
	const struct json_view *view;
	struct arena *arena; /* NULL: malloc */
	unsigned flags;
	size_t budget_bytes;
	struct json_error *error;
};

static enum ch_status reader_message(
	struct reader *reader, struct json_node node, unsigned depth, ProtobufCMessage *message);

/* ---- Jansson's tree ---- */

static struct json_node tree_node(json_t *value)
{
	return (struct json_node){.at = value};
}

static json_t *tree_value(struct json_node node)
{
	return (json_t *)(uintptr_t)node.at; /* jansson counts references in what is const to us */
}

static void tree_look(struct json_node node, struct json_value *out_value)
{
	json_t *value = tree_value(node);
	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		out_value->kind = JSON_KIND_OBJECT;
		break;
	case JSON_ARRAY:
		out_value->kind = JSON_KIND_ARRAY;
		out_value->count = json_array_size(value);
		break;
	case JSON_STRING:
		out_value->kind = JSON_KIND_STRING;
		out_value->text = slice_of(json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		out_value->kind = JSON_KIND_INTEGER;
		out_value->integer = json_integer_value(value);
		break;
	case JSON_REAL:
		out_value->kind = JSON_KIND_REAL;
		out_value->real = json_real_value(value);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		out_value->kind = JSON_KIND_BOOLEAN;
		out_value->truth = json_is_true(value);
		break;
	default:
		out_value->kind = JSON_KIND_NULL;
	}
}

static void tree_walk(struct json_node node, struct json_walk *out_walk)
{
	json_t *value = tree_value(node);
	*out_walk = (struct json_walk){.at = node, .object = json_is_object(value)};
	if (out_walk->object)
		out_walk->end.at = json_object_iter(value); /* of an object, the member to come */
	else
		out_walk->end.index = json_array_size(value);
}

static bool tree_next(struct json_walk *walk, struct slice *out_name, struct json_node *out_value)
{
	json_t *value = tree_value(walk->at);
	if (walk->object) {
		void *member = (void *)(uintptr_t)walk->end.at;
		if (member == NULL)
			return false;
		*out_name =
			slice_of(json_object_iter_key(member), json_object_iter_key_len(member));
		*out_value = tree_node(json_object_iter_value(member));
		walk->end.at = json_object_iter_next(value, member);
		return true;
	}
	if (walk->at.index == walk->end.index)
		return false;
	*out_value = tree_node(json_array_get(value, walk->at.index++));
	return true;
}

const struct json_view json_view_tree = {tree_look, tree_walk, tree_next};

/* ---- Memory ---- */

static enum ch_status reader_fail(struct reader *reader, enum ch_status status, const char *reason)
{
	(void)snprintf(reader->error->reason, sizeof(reader->error->reason), "%s", reason);
	return status; /* a longer reason is cut */
}

static enum ch_status reader_alloc(struct reader *reader, size_t bytes, void **out_memory)
{
	if (bytes > reader->budget_bytes)
		return reader_fail(reader, CH_TOO_LARGE, "takes too much memory");
	void *memory = reader->arena != NULL ? arena_alloc(reader->arena, bytes)
					     : calloc(1, bytes > 0 ? bytes : 1);
	if (memory == NULL)
		return reader_fail(reader, CH_NOMEM, "out of memory");
	if (reader->arena != NULL)
		memset(memory, 0, bytes);
	reader->budget_bytes -= bytes;
	*out_memory = memory;
	return CH_OK;
}

/* ---- Scalars ---- */

static enum ch_status reader_i64(
	struct reader *reader, const struct json_value *value, int64_t *out_number)
{
	if (value->kind == JSON_KIND_INTEGER) {
		*out_number = value->integer;
		return CH_OK;
	}
	if (value->kind == JSON_KIND_STRING) {
		if (text_parse_i64(value->text, out_number) != CH_OK)
			return reader_fail(reader, CH_INVALID, "expected an integer in range");
		return CH_OK;
	}
	if (value->kind == JSON_KIND_REAL) {
		double real = value->real;
		if (real >= -EXACT_REAL && real <= EXACT_REAL && real == (double)(int64_t)real) {
			*out_number = (int64_t)real;
			return CH_OK;
		}
	}
	return reader_fail(reader, CH_INVALID, "expected an integer in range");
}

static enum ch_status reader_u64(
	struct reader *reader, const struct json_value *value, uint64_t *out_number)
{
	if (value->kind == JSON_KIND_STRING) {
		if (text_parse_u64(value->text, UINT64_MAX, out_number) != CH_OK)
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

static enum ch_status reader_i32(
	struct reader *reader, const struct json_value *value, int32_t *out_number)
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

static enum ch_status reader_u32(
	struct reader *reader, const struct json_value *value, uint32_t *out_number)
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
static enum ch_status reader_enum(struct reader *reader, const struct json_value *value,
	const ProtobufCEnumDescriptor *type, int32_t *out_number)
{
	if (value->kind == JSON_KIND_INTEGER)
		return reader_i32(reader, value, out_number);
	if (value->kind != JSON_KIND_STRING)
		return reader_fail(reader, CH_INVALID, "expected the name of an enum value");
	const ProtobufCEnumValue *known =
		protobuf_c_enum_descriptor_get_value_by_name(type, (const char *)value->text.data);
	if (known != NULL) {
		*out_number = known->value;
		return CH_OK;
	}
	if ((reader->flags & JSON_IGNORE_UNKNOWN) != 0)
		return CH_END;
	return reader_fail(reader, CH_INVALID, "no such enum value");
}

static enum ch_status reader_bytes(
	struct reader *reader, const struct json_value *value, ProtobufCBinaryData *out_bytes)
{
	if (value->kind != JSON_KIND_STRING)
		return reader_fail(reader, CH_INVALID, "expected base64");
	const char *text = (const char *)value->text.data;
	size_t len = value->text.len;
	while (len > 0 && text[len - 1] == '=')
		len--;
	if (value->text.len - len > 2)
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
static enum ch_status reader_string(
	struct reader *reader, const struct json_value *value, char **out_text)
{
	if (value->kind != JSON_KIND_STRING)
		return reader_fail(reader, CH_INVALID, "expected a string");
	void *text = NULL;
	size_t len = value->text.len;
	enum ch_status status = reader_alloc(reader, len + 1, &text);
	if (status != CH_OK)
		return status;
	memcpy(text, value->text.data, len); /* jansson refuses a NUL inside */
	*out_text = text;
	return CH_OK;
}

/* ---- Fields ---- */

/* Reads one value, which stands at `node`, into one element of the message's struct, which is zero or holds
 * the default. */
static enum ch_status reader_element(struct reader *reader, struct json_node node,
	const struct json_value *value, const ProtobufCFieldDescriptor *field, unsigned depth,
	void *element)
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
		if (value->kind != JSON_KIND_BOOLEAN)
			return reader_fail(reader, CH_INVALID, "expected true or false");
		*(protobuf_c_boolean *)element = value->truth;
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
		return reader_message(reader, node, depth + 1, nested);
	}
	default:
		return reader_fail(reader, CH_UNSUPPORTED, "float and double are not used here");
	}
}

static enum ch_status reader_repeated(struct reader *reader, struct json_node node,
	const struct json_value *value, const ProtobufCFieldDescriptor *field, unsigned depth,
	ProtobufCMessage *message)
{
	size_t *count = (size_t *)(void *)((char *)message + field->quantifier_offset);
	void **elements = (void **)(void *)((char *)message + field->offset);
	size_t element_bytes = reflect_element_bytes(field);
	size_t mark = reader->error->path.len;
	struct json_walk walk;
	struct json_node item;
	struct slice unnamed;
	if (value->kind != JSON_KIND_ARRAY) {
		(void)reflect_path_push(&reader->error->path, slice_text(field->name), -1);
		return reader_fail(reader, CH_INVALID, "expected an array");
	}
	if (value->count == 0)
		return CH_OK;
	enum ch_status status = reader_alloc(reader, value->count * element_bytes, elements);
	reader->view->walk(node, &walk);
	for (ptrdiff_t i = 0; status == CH_OK && reader->view->next(&walk, &unnamed, &item); i++) {
		struct json_value told;
		reader->view->look(item, &told);
		(void)reflect_path_push(&reader->error->path, slice_text(field->name), i);
		if (told.kind == JSON_KIND_NULL)
			return reader_fail(reader, CH_INVALID, "null is no element");
		void *element =
			(char *)*elements + (*count)++ * element_bytes; /* even half-built */
		status = reader_element(reader, item, &told, field, depth, element);
		if (status == CH_END) {
			(*count)--; /* an unknown enum name: the next one takes its place */
			status = CH_OK;
		}
		if (status == CH_OK)
			reflect_path_pop(&reader->error->path, mark);
	}
	return status;
}

static enum ch_status reader_singular(struct reader *reader, struct json_node node,
	const struct json_value *value, const ProtobufCFieldDescriptor *field, unsigned depth,
	ProtobufCMessage *message)
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
	enum ch_status status = reader_element(reader, node, value, field, depth, element);
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

/* Most texts tell the fields in the schema's order: looked for from `first` on, and around. */
static const ProtobufCFieldDescriptor *reader_find(
	const ProtobufCMessageDescriptor *type, struct slice key, unsigned first)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		unsigned at = first + i < type->n_fields ? first + i : first + i - type->n_fields;
		const ProtobufCFieldDescriptor *field = &type->fields[at];
		if (reader_is_camel(key, field->name) || slice_equal(key, slice_text(field->name)))
			return field;
	}
	return NULL;
}

static enum ch_status reader_member(struct reader *reader, struct json_node node,
	const ProtobufCFieldDescriptor *field, unsigned depth, ProtobufCMessage *message)
{
	struct json_value value;
	reader->view->look(node, &value);
	if (value.kind == JSON_KIND_NULL)
		return CH_OK;
	return field->label == PROTOBUF_C_LABEL_REPEATED
		       ? reader_repeated(reader, node, &value, field, depth, message)
		       : reader_singular(reader, node, &value, field, depth, message);
}

static enum ch_status reader_message(
	struct reader *reader, struct json_node node, unsigned depth, ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	bool told[FIELDS_MAX] = {
		false}; /* one name twice is no JSON here; this, both names of a field */
	struct json_walk walk;
	struct json_node member;
	struct slice name;
	unsigned first = 0;
	invariant(type->n_fields <= FIELDS_MAX);
	if (depth > LIMIT_JSON_DEPTH)
		return reader_fail(reader, CH_TOO_LARGE, "nested too deeply");
	if (json_view_kind(reader->view, node) != JSON_KIND_OBJECT)
		return reader_fail(reader, CH_INVALID, "expected an object");
	reader->view->walk(node, &walk);
	while (reader->view->next(&walk, &name, &member)) {
		const ProtobufCFieldDescriptor *field = reader_find(type, name, first);
		if (field == NULL && (reader->flags & JSON_IGNORE_UNKNOWN) != 0)
			continue;
		if (field == NULL || told[field - type->fields]) {
			(void)reflect_path_push(&reader->error->path, name, -1);
			return reader_fail(reader, CH_INVALID,
				field == NULL ? "no such field"
					      : "told twice, under both its names");
		}
		told[field - type->fields] = true;
		first = (unsigned)(field - type->fields) + 1;
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

static void reader_start(struct reader *reader, const struct json_view *view, struct arena *arena,
	unsigned flags, struct json_error *error)
{
	*error = (struct json_error){.path = {.len = 0}};
	*reader = (struct reader){.view = view,
		.arena = arena,
		.flags = flags,
		.budget_bytes = LIMIT_JSON_MEMORY,
		.error = error};
}

static enum ch_status reader_top(struct reader *reader, struct json_node node,
	const ProtobufCMessageDescriptor *type, ProtobufCMessage **out_message)
{
	void *memory = NULL;
	enum ch_status status = reader_alloc(reader, type->sizeof_message, &memory);
	if (status != CH_OK)
		return status;
	ProtobufCMessage *message = memory;
	type->message_init(message);
	status = reader_message(reader, node, 1, message);
	if (status != CH_OK)
		goto out;
	*out_message = message;
	message = NULL; /* the caller's now */
out:
	if (reader->arena == NULL)
		protobuf_c_message_free_unpacked(message, NULL);
	return status;
}

enum ch_status json_decode_ref(const struct json_ref *ref, const ProtobufCMessageDescriptor *type,
	unsigned flags, struct arena *arena, ProtobufCMessage **out_message,
	struct json_error *out_error)
{
	struct json_error unwanted;
	struct reader reader;
	reader_start(&reader, ref->view, arena, flags, out_error != NULL ? out_error : &unwanted);
	return reader_top(&reader, ref->node, type, out_message);
}

struct json_ref json_ref_tree(json_t *value)
{
	return (struct json_ref){value != NULL ? &json_view_tree : NULL, tree_node(value)};
}

enum ch_status json_decode_value(json_t *value, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error)
{
	const struct json_ref ref = {&json_view_tree, tree_node(value)};
	return json_decode_ref(&ref, type, flags, NULL, out_message, out_error);
}

enum ch_status json_decode(struct slice text, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error)
{
	struct json_error unwanted;
	struct reader reader;
	json_error_t at;
	json_t *value = NULL;
	reader_start(
		&reader, &json_view_tree, NULL, flags, out_error != NULL ? out_error : &unwanted);
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
	status = reader_top(&reader, tree_node(value), type, out_message);
out:
	json_decref(value);
	return status;
}
