#include "wire/ack.h"

#include "base/limits.h"
#include "wire/form.h"
#include "wire/frame.h"

enum { ACK_HANDLE = 1, ACK_UP_TO = 2, ACK_RANGE = 3, ACK_NACK = 4, ACK_JOB = 5 };

static enum ch_status ack_read_range(struct slice bytes, struct ack_range *out)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	*out = (struct ack_range){0, 0};
	while (pb_next(&reader, &field)) {
		if (field.number <= 2 && field.wire != PB_VARINT)
			return CH_FORMAT;
		if (field.number == 1)
			out->first = field.integer;
		else if (field.number == 2)
			out->last = field.integer;
	}
	if (reader.status == CH_OK && out->last < out->first)
		return CH_INVALID;
	return reader.status;
}

static const struct form_field nack_rows[] = {
	FORM_FIELD(nack, 1, FORM_U64, sequence, 0),
	FORM_FIELD(nack, 2, FORM_U32, delay_ms, 0),
	FORM_FIELD(nack, 3, FORM_BOOL, park, 0),
	FORM_FIELD(nack, 4, FORM_TEXT, reason, LIMIT_FRAME_BYTES),
};
static const struct form nack_form = FORM_OF(nack, nack_rows);

static enum ch_status ack_check(const struct pb_field *field)
{
	struct ack_range range;
	struct nack nack;
	const char *name;
	if (field->number <= ACK_JOB &&
		field->wire != (field->number >= ACK_RANGE ? PB_LEN : PB_VARINT))
		return CH_FORMAT;
	if (field->number == ACK_RANGE)
		return ack_read_range(field->bytes, &range);
	if (field->number == ACK_NACK)
		return form_parse(&nack_form, field->bytes, &nack, &name);
	return CH_OK;
}

enum ch_status ack_parse(struct slice body, struct ack *out)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	struct ack ack = {.ranges = reader, .nacks = reader};
	while (pb_next(&reader, &field)) {
		enum ch_status status = ack_check(&field);
		if (status != CH_OK)
			return status;
		if (field.number == ACK_HANDLE)
			ack.handle = (uint32_t)field.integer;
		else if (field.number == ACK_UP_TO)
			ack.up_to = field.integer;
		else if (field.number == ACK_JOB)
			ack.job = field.bytes;
	}
	if (reader.status == CH_OK)
		*out = ack;
	return reader.status;
}

bool ack_next_range(struct ack *ack, struct ack_range *out_range)
{
	struct pb_field field;
	while (pb_next(&ack->ranges, &field)) {
		if (field.number == ACK_RANGE)
			return ack_read_range(field.bytes, out_range) == CH_OK;
	}
	return false;
}

bool ack_next_nack(struct ack *ack, struct nack *out_nack)
{
	struct pb_field field;
	const char *name;
	while (pb_next(&ack->nacks, &field)) {
		if (field.number == ACK_NACK)
			return form_parse(&nack_form, field.bytes, out_nack, &name) == CH_OK;
	}
	return false;
}

void ack_begin(struct buffer *out, uint32_t handle, uint64_t up_to)
{
	frame_begin(out, FRAME_ACK);
	pb_put_uint(out, ACK_HANDLE, handle);
	pb_put_uint(out, ACK_UP_TO, up_to);
}

void ack_put_job(struct buffer *out, struct slice job)
{
	pb_put_bytes(out, ACK_JOB, job);
}

void ack_add_range(struct buffer *out, const struct ack_range *range)
{
	size_t mark = pb_begin(out, ACK_RANGE);
	pb_put_uint(out, 1, range->first);
	pb_put_uint(out, 2, range->last);
	pb_end(out, mark);
}

void ack_add_nack(struct buffer *out, const struct nack *nack)
{
	size_t mark = pb_begin(out, ACK_NACK);
	form_encode(&nack_form, nack, out);
	pb_end(out, mark);
}
