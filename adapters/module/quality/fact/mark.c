#include "module/quality/fact/mark.h"

#include "base/bytes.h"

/* ---- Order ---- */

static int mark_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int mark_compare(const struct mark *a, const struct mark *b)
{
	if (a->moment_us != b->moment_us)
		return a->moment_us < b->moment_us ? -1 : 1;
	int order = mark_order(a->kind, b->kind);
	if (order == 0)
		order = slice_compare(a->source, b->source);
	if (order == 0)
		order = slice_compare(a->id, b->id);
	return order != 0 ? order : mark_order(a->item, b->item);
}

static bool mark_same(const struct mark *a, const struct mark *b)
{
	return a->kind == b->kind && a->item == b->item && slice_equal(a->id, b->id) &&
	       slice_equal(a->source, b->source);
}

static bool marks_have(const struct marks *marks, const struct mark *mark)
{
	for (size_t i = 0; i < marks->count; i++) {
		if (mark_same(&marks->items[i], mark))
			return true;
	}
	return false;
}

/* Where it belongs.  Most come in order: from the end. */
static size_t marks_place(const struct marks *marks, const struct mark *mark)
{
	size_t at = marks->count;
	while (at > 0 && mark_compare(mark, &marks->items[at - 1]) < 0)
		at--;
	return at;
}

bool marks_add(struct marks *marks, const struct mark *mark)
{
	size_t at = marks_place(marks, mark);
	if (marks_have(marks, mark))
		return false;
	if (at == LIMIT_FACT_MARKS)
		return false;
	if (marks->count < LIMIT_FACT_MARKS)
		marks->count++;
	memmove(&marks->items[at + 1], &marks->items[at],
		(marks->count - 1 - at) * sizeof(*marks->items));
	marks->items[at] = *mark;
	return true;
}

bool marks_add_newest(struct marks *marks, const struct mark *mark)
{
	size_t at = marks_place(marks, mark);
	if (marks->count < LIMIT_FACT_MARKS || marks_have(marks, mark))
		return marks_add(marks, mark);
	if (at == 0)
		return false;
	memmove(&marks->items[0], &marks->items[1], (at - 1) * sizeof(*marks->items));
	marks->items[at - 1] = *mark;
	return true;
}

/* ---- Bytes ---- */

static void mark_put_varint(struct buffer *out, uint64_t value)
{
	while (value >= 0x80) {
		buffer_append_byte(out, (uint8_t)(value | 0x80));
		value >>= 7;
	}
	buffer_append_byte(out, (uint8_t)value);
}

static void mark_put_text(struct buffer *out, struct slice text)
{
	mark_put_varint(out, text.len);
	buffer_append_slice(out, text);
}

static void mark_put(struct buffer *out, const struct mark *mark, const struct mark *before)
{
	static const struct slice same = {NULL, 0};
	uint8_t moment[8];
	size_t numbers = MARK_NUMBERS;
	size_t texts = MARK_TEXTS;
	while (numbers > 0 && mark->numbers[numbers - 1] == 0)
		numbers--;
	while (texts > 0 && mark->texts[texts - 1].len == 0)
		texts--;
	store_be64(moment, (uint64_t)mark->moment_us);
	buffer_append_byte(out, mark->kind);
	buffer_append(out, moment, sizeof(moment));
	mark_put_text(out,
		before != NULL && slice_equal(mark->source, before->source) ? same : mark->source);
	mark_put_text(out, before != NULL && slice_equal(mark->id, before->id) ? same : mark->id);
	mark_put_varint(out, mark->item);
	mark_put_varint(out, mark->customer);
	mark_put_varint(out, mark->sequence);
	buffer_append_byte(out, (uint8_t)numbers);
	for (size_t i = 0; i < numbers; i++) {
		uint64_t value = (uint64_t)mark->numbers[i];
		mark_put_varint(out, (value << 1) ^ (mark->numbers[i] < 0 ? UINT64_MAX : 0));
	}
	buffer_append_byte(out, (uint8_t)texts);
	for (size_t i = 0; i < texts; i++)
		mark_put_text(out, mark->texts[i]);
}

void marks_write(const struct marks *marks, struct buffer *out)
{
	for (size_t i = 0; i < marks->count; i++)
		mark_put(out, &marks->items[i], i > 0 ? &marks->items[i - 1] : NULL);
}

/* A reader whose fault sticks: it then gives zeros, and the record is refused at the end. */
struct mark_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool fault;
};

static uint8_t mark_take_byte(struct mark_reader *reader)
{
	if (reader->at == reader->end) {
		reader->fault = true;
		return 0;
	}
	return *reader->at++;
}

static uint64_t mark_take_varint(struct mark_reader *reader)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = mark_take_byte(reader);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	reader->fault = true;
	return 0;
}

static struct slice mark_take_bytes(struct mark_reader *reader, uint64_t len)
{
	if (len > (size_t)(reader->end - reader->at)) {
		reader->fault = true;
		len = 0;
	}
	struct slice bytes = slice_of(reader->at, (size_t)len);
	reader->at += len;
	return bytes;
}

static struct slice mark_take_text(struct mark_reader *reader)
{
	return mark_take_bytes(reader, mark_take_varint(reader));
}

static void mark_take(struct mark_reader *reader, const struct mark *before, struct mark *out)
{
	*out = (struct mark){.kind = mark_take_byte(reader)};
	struct slice moment = mark_take_bytes(reader, 8);
	out->moment_us = moment.len == 8 ? (int64_t)load_be64(moment.data) : 0;
	out->source = mark_take_text(reader);
	if (out->source.len == 0 && before != NULL)
		out->source = before->source;
	out->id = mark_take_text(reader);
	if (out->id.len == 0 && before != NULL)
		out->id = before->id;
	reader->fault |= out->source.len == 0 || out->id.len == 0; /* no event is without */
	out->item = (uint32_t)mark_take_varint(reader);
	out->customer = mark_take_varint(reader);
	out->sequence = mark_take_varint(reader);
	uint8_t numbers = mark_take_byte(reader);
	reader->fault |= numbers > MARK_NUMBERS;
	for (uint8_t i = 0; i < numbers && !reader->fault; i++) {
		uint64_t value = mark_take_varint(reader);
		out->numbers[i] = (int64_t)((value >> 1) ^ ((value & 1) != 0 ? UINT64_MAX : 0));
	}
	uint8_t texts = mark_take_byte(reader);
	reader->fault |= texts > MARK_TEXTS;
	for (uint8_t i = 0; i < texts && !reader->fault; i++)
		out->texts[i] = mark_take_text(reader);
}

enum ch_status marks_read(struct slice record, struct marks *out_marks)
{
	struct mark_reader reader = {.at = record.data};
	size_t count = 0;
	if (record.len == 0) {
		out_marks->count = 0;
		return CH_OK;
	}
	reader.end = record.data + record.len;
	while (reader.at < reader.end && !reader.fault) {
		if (count == LIMIT_FACT_MARKS)
			return CH_CORRUPT;
		mark_take(&reader, count > 0 ? &out_marks->items[count - 1] : NULL,
			&out_marks->items[count]);
		count++;
	}
	if (reader.fault)
		return CH_CORRUPT;
	out_marks->count = count;
	return CH_OK;
}
