#include "channel/parts/likeness.h"

#include <string.h>

#include "base/decimal.h"
#include "carehub/v1/common.pb-c.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_free_text(const struct likeness *likeness, const char *name)
{
	for (const char *const *text = likeness->texts; text != NULL && *text != NULL; text++) {
		if (strcmp(*text, name) == 0)
			return true;
	}
	return false;
}

static bool texts_match(struct slice one, struct slice other, bool free_text)
{
	size_t a = 0;
	size_t b = 0;
	if (!free_text)
		return slice_equal(one, other);
	for (;;) {
		while (a < one.len && is_blank(one.data[a]))
			a++;
		while (b < other.len && is_blank(other.data[b]))
			b++;
		if (a == one.len || b == other.len)
			return a == one.len && b == other.len;
		if (one.data[a++] != other.data[b++])
			return false;
	}
}

static bool numbers_match(const ProtobufCMessage *one, const ProtobufCMessage *other)
{
	const Carehub__V1__Decimal *a = (const void *)one;
	const Carehub__V1__Decimal *b = (const void *)other;
	return a->scale <= DECIMAL_SCALE_MAX && b->scale <= DECIMAL_SCALE_MAX &&
	       decimal_compare((struct decimal){a->unscaled, a->scale},
		       (struct decimal){b->unscaled, b->scale}) == 0;
}

static int64_t seconds_of(int64_t time_us)
{
	return time_us / 1000000 - (time_us % 1000000 < 0);
}

static bool is_time(const ProtobufCFieldDescriptor *field)
{
	static const char end[] = "_time_us";
	size_t len = strlen(field->name);
	return field->type == PROTOBUF_C_TYPE_INT64 && len >= sizeof(end) - 1 &&
	       strcmp(field->name + len - (sizeof(end) - 1), end) == 0;
}

/* Says nothing: as good as not there. */
static bool is_empty(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		if (reflect_count(message, &message->descriptor->fields[i]) > 0)
			return false;
	}
	return true;
}

static bool element_matches(const struct likeness *likeness, const ProtobufCFieldDescriptor *field,
	const ProtobufCMessage *one, const ProtobufCMessage *other, size_t i,
	struct reflect_path *path)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		const ProtobufCMessage *a = reflect_message_at(one, field, i);
		const ProtobufCMessage *b = reflect_message_at(other, field, i);
		if (reflect_message_type(field) == &carehub__v1__decimal__descriptor)
			return numbers_match(a, b);
		return likeness_has(likeness, a, b, path);
	}
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return texts_match(reflect_text_at(one, field, i), reflect_text_at(other, field, i),
			is_free_text(likeness, field->name));
	const void *a = reflect_at(one, field, i);
	const void *b = reflect_at(other, field, i);
	if (is_time(field))
		return seconds_of(*(const int64_t *)a) == seconds_of(*(const int64_t *)b);
	return memcmp(a, b, reflect_element_bytes(field)) == 0;
}

static bool field_matches(const struct likeness *likeness, const ProtobufCFieldDescriptor *field,
	const ProtobufCMessage *one, const ProtobufCMessage *other, struct reflect_path *path)
{
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	size_t count = reflect_count(one, field);
	size_t there = reflect_count(other, field);
	for (size_t i = 0; i < count; i++) {
		size_t mark = reflect_path_push(
			path, slice_text(field->name), repeated ? (ptrdiff_t)i : -1);
		bool fine = i < there ? element_matches(likeness, field, one, other, i, path)
				      : field->type == PROTOBUF_C_TYPE_MESSAGE && !repeated &&
						reflect_message_type(field) !=
							&carehub__v1__decimal__descriptor &&
						is_empty(reflect_message_at(one, field, i));
		if (!fine)
			return false;
		reflect_path_pop(path, mark);
	}
	return true;
}

bool likeness_has(const struct likeness *likeness, const ProtobufCMessage *one,
	const ProtobufCMessage *other, struct reflect_path *out_path)
{
	const ProtobufCMessageDescriptor *type = one->descriptor;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if ((likeness->counts == NULL ||
			    likeness->counts(likeness->context, type, field)) &&
			!field_matches(likeness, field, one, other, out_path))
			return false;
	}
	return true;
}
