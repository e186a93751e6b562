#include "wire/form.h"

#include "base/text.h"
#include "wire/pb.h"

static const struct form_field *form_find(const struct form *form, uint32_t number)
{
	for (size_t i = 0; i < form->count; i++) {
		if (form->fields[i].number == number)
			return &form->fields[i];
	}
	return NULL;
}

static enum pb_wire form_wire(enum form_kind kind)
{
	switch (kind) {
	case FORM_FIXED64:
		return PB_I64;
	case FORM_TEXT:
	case FORM_BYTES:
	case FORM_MESSAGE:
		return PB_LEN;
	default:
		return PB_VARINT;
	}
}

/* Where the next element goes; NULL when the array is full. */
static void *form_place(const struct form_field *row, void *out)
{
	char *base = out;
	if (row->capacity == 0)
		return base + row->offset;
	uint32_t *count = (uint32_t *)(void *)(base + row->count_offset);
	if (*count == row->capacity)
		return NULL;
	return base + row->offset + row->stride * (*count)++;
}

static void form_store_integer(enum form_kind kind, uint64_t value, void *place)
{
	switch (kind) {
	case FORM_U32:
		*(uint32_t *)place = (uint32_t)value;
		break;
	case FORM_BOOL:
		*(bool *)place = value != 0;
		break;
	default:
		memcpy(place, &value, sizeof(value)); /* int64 is two's complement on the wire */
		break;
	}
}

/* A repeated number may come packed into one length-delimited field, whatever the schema says. */
static enum ch_status form_take_packed(const struct form_field *row, struct slice packed, void *out)
{
	struct pb_reader reader = pb_read(packed);
	uint64_t value;
	while (pb_next_varint(&reader, &value)) {
		void *place = form_place(row, out);
		if (place == NULL)
			return CH_TOO_LARGE;
		form_store_integer(row->kind, value, place);
	}
	return reader.status;
}

static enum ch_status form_take(const struct form_field *row, const struct pb_field *field,
	void *out, const char **out_field)
{
	bool number = form_wire(row->kind) == PB_VARINT;
	if (number && row->capacity > 0 && field->wire == PB_LEN)
		return form_take_packed(row, field->bytes, out);
	if (field->wire != form_wire(row->kind))
		return CH_FORMAT;
	if ((row->kind == FORM_TEXT || row->kind == FORM_BYTES) && field->bytes.len > row->max)
		return CH_TOO_LARGE;
	if (row->kind == FORM_TEXT && !text_is_utf8(field->bytes))
		return CH_FORMAT;
	void *place = form_place(row, out);
	if (place == NULL)
		return CH_TOO_LARGE;
	if (row->kind == FORM_MESSAGE)
		return form_parse(row->message, field->bytes, place, out_field);
	if (field->wire == PB_LEN)
		*(struct slice *)place = field->bytes;
	else
		form_store_integer(row->kind, field->integer, place);
	return CH_OK;
}

enum ch_status form_parse(
	const struct form *form, struct slice body, void *out, const char **out_field)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	memset(out, 0, form->size);
	while (pb_next(&reader, &field)) {
		const struct form_field *row = form_find(form, field.number);
		if (row == NULL)
			continue; /* of a later version */
		*out_field = row->name;
		enum ch_status status = form_take(row, &field, out, out_field);
		if (status != CH_OK)
			return status;
	}
	*out_field = "";
	return reader.status;
}

static uint64_t form_load_integer(enum form_kind kind, const void *place)
{
	uint64_t value;
	switch (kind) {
	case FORM_U32:
		return *(const uint32_t *)place;
	case FORM_BOOL:
		return *(const bool *)place;
	default:
		memcpy(&value, place, sizeof(value));
		return value;
	}
}

static void form_put(const struct form_field *row, const void *place, struct buffer *out)
{
	size_t mark;
	size_t before = out->len;
	switch (row->kind) {
	case FORM_TEXT:
	case FORM_BYTES:
		if (row->capacity > 0)
			pb_put_element(out, row->number, *(const struct slice *)place);
		else
			pb_put_bytes(out, row->number, *(const struct slice *)place);
		break;
	case FORM_MESSAGE:
		mark = pb_begin(out, row->number);
		form_encode(row->message, place, out);
		if (row->capacity == 0 && out->len == mark)
			out->len = before; /* nothing in it */
		else
			pb_end(out, mark);
		break;
	case FORM_FIXED64:
		pb_put_fixed64(out, row->number, form_load_integer(row->kind, place));
		break;
	default:
		pb_put_uint(out, row->number, form_load_integer(row->kind, place));
		break;
	}
}

/* proto3 writes repeated numbers packed, so that a zero among them is kept. */
static void form_put_packed(
	const struct form_field *row, const char *first, uint32_t count, struct buffer *out)
{
	if (count == 0)
		return;
	size_t mark = pb_begin(out, row->number);
	for (uint32_t i = 0; i < count; i++)
		pb_put_varint(out, form_load_integer(row->kind, first + row->stride * i));
	pb_end(out, mark);
}

void form_encode(const struct form *form, const void *from, struct buffer *out)
{
	const char *base = from;
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *row = &form->fields[i];
		const char *first = base + row->offset;
		if (row->capacity == 0) {
			form_put(row, first, out);
			continue;
		}
		uint32_t count = *(const uint32_t *)(const void *)(base + row->count_offset);
		if (form_wire(row->kind) == PB_VARINT) {
			form_put_packed(row, first, count, out);
			continue;
		}
		for (uint32_t k = 0; k < count; k++)
			form_put(row, first + row->stride * k, out);
	}
}
