#include "wire/deliver.h"

#include "wire/frame.h"

/* Field numbers of Delivery. */
enum {
	D_SEQUENCE = 1,
	D_PART = 2,
	D_ATTEMPT = 3,
	D_MODE = 4,
	D_ARRIVAL = 5,
	D_CUSTOMER = 6,
	D_CUSTOMER_NOW = 7,
	D_EVENT = 8,
	D_PERSONAL = 9,
	D_JOB = 10,
	D_LAST = 11,
	D_TABLE = 12,
	D_RECORD = 13,
	D_PEER = 14,
};

/* Tag, padded length, and the numbers at their longest. */
#define FIXED_BYTES (1u + 4u + 4u * 11u + 3u * 6u + 2u)
#define TAGGED(s)   ((s).len + 6u)

void deliver_begin(struct buffer *out, uint32_t handle)
{
	frame_begin(out, FRAME_DELIVER);
	pb_put_uint(out, 1, handle);
}

size_t deliver_bound(const struct delivery *delivery)
{
	return FIXED_BYTES + TAGGED(delivery->event) + TAGGED(delivery->personal) +
	       TAGGED(delivery->job) + TAGGED(delivery->table) + TAGGED(delivery->record) +
	       TAGGED(delivery->peer);
}

static uint8_t *deliver_write_uint(uint8_t *at, uint32_t number, uint64_t value)
{
	if (value == 0)
		return at;
	*at++ = (uint8_t)(number << 3 | PB_VARINT);
	return pb_write_varint(at, value);
}

static uint8_t *deliver_write_bytes(uint8_t *at, uint32_t number, struct slice value)
{
	if (value.len == 0)
		return at;
	*at++ = (uint8_t)(number << 3 | PB_LEN);
	at = pb_write_varint(at, value.len);
	memcpy(at, value.data, value.len);
	return at + value.len;
}

static uint8_t *deliver_write_shared(uint8_t *at, const struct delivery *delivery)
{
	at = deliver_write_uint(at, D_SEQUENCE, delivery->sequence);
	at = deliver_write_uint(at, D_PART, delivery->part);
	at = deliver_write_uint(at, D_ARRIVAL, (uint64_t)delivery->arrival_us);
	at = deliver_write_uint(at, D_CUSTOMER, delivery->customer);
	at = deliver_write_uint(at, D_CUSTOMER_NOW, delivery->customer_now);
	at = deliver_write_bytes(at, D_EVENT, delivery->event);
	at = deliver_write_bytes(at, D_PERSONAL, delivery->personal);
	at = deliver_write_bytes(at, D_TABLE, delivery->table);
	at = deliver_write_bytes(at, D_RECORD, delivery->record);
	return deliver_write_bytes(at, D_PEER, delivery->peer);
}

/* Behind the rest: any order of fields is the same message. */
static uint8_t *deliver_write_stamp(uint8_t *at, const struct delivery_stamp *stamp)
{
	at = deliver_write_uint(at, D_ATTEMPT, stamp->attempt);
	at = deliver_write_uint(at, D_MODE, stamp->mode);
	at = deliver_write_bytes(at, D_PERSONAL, stamp->personal);
	at = deliver_write_bytes(at, D_JOB, stamp->job);
	return deliver_write_uint(at, D_LAST, stamp->last);
}

void deliver_add(struct buffer *out, const struct delivery *delivery)
{
	const struct delivery_stamp stamp = {.attempt = delivery->attempt,
		.mode = delivery->mode,
		.last = delivery->last,
		.job = delivery->job};
	size_t mark = pb_begin(out, 2);
	uint8_t *at = buffer_reserve(out, deliver_bound(delivery));
	if (at == NULL)
		return;
	at = deliver_write_shared(at, delivery);
	at = deliver_write_stamp(at, &stamp);
	out->len = (size_t)(at - out->data);
	pb_end(out, mark);
}

void delivery_encode(const struct delivery *delivery, struct buffer *out)
{
	uint8_t *at = buffer_reserve(out, deliver_bound(delivery));
	if (at != NULL)
		out->len = (size_t)(deliver_write_shared(at, delivery) - out->data);
}

void deliver_add_encoded(
	struct buffer *out, struct slice encoded, const struct delivery_stamp *stamp)
{
	size_t mark = pb_begin(out, 2);
	uint8_t *at = buffer_reserve(
		out, encoded.len + FIXED_BYTES + TAGGED(stamp->job) + TAGGED(stamp->personal));
	if (at == NULL)
		return;
	memcpy(at, encoded.data, encoded.len);
	at = deliver_write_stamp(at + encoded.len, stamp);
	out->len = (size_t)(at - out->data);
	pb_end(out, mark);
}

enum ch_status deliver_parse(struct slice body, struct deliver *out)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	struct deliver deliver = {.rest = reader};
	while (pb_next(&reader, &field)) {
		if (field.number <= 2 && field.wire != (field.number == 2 ? PB_LEN : PB_VARINT))
			return CH_FORMAT;
		if (field.number == 1)
			deliver.handle = (uint32_t)field.integer;
		else if (field.number == 2)
			deliver.count++;
	}
	if (reader.status == CH_OK)
		*out = deliver;
	return reader.status;
}

static bool delivery_take(struct delivery *out, const struct pb_field *field)
{
	bool text =
		(field->number >= D_EVENT && field->number <= D_JOB) || field->number >= D_TABLE;
	if (field->number > D_PEER)
		return true; /* of a later version */
	if (field->wire != (text ? PB_LEN : PB_VARINT))
		return false;
	switch (field->number) {
	case D_SEQUENCE:
		out->sequence = field->integer;
		break;
	case D_PART:
		out->part = (uint32_t)field->integer;
		break;
	case D_ATTEMPT:
		out->attempt = (uint32_t)field->integer;
		break;
	case D_MODE:
		out->mode = (enum delivery_mode)field->integer;
		break;
	case D_ARRIVAL:
		out->arrival_us = (int64_t)field->integer;
		break;
	case D_CUSTOMER:
		out->customer = field->integer;
		break;
	case D_CUSTOMER_NOW:
		out->customer_now = field->integer;
		break;
	case D_EVENT:
		out->event = field->bytes;
		break;
	case D_PERSONAL:
		out->personal = field->bytes;
		break;
	case D_JOB:
		out->job = field->bytes;
		break;
	case D_LAST:
		out->last = field->integer != 0;
		break;
	case D_TABLE:
		out->table = field->bytes;
		break;
	case D_RECORD:
		out->record = field->bytes;
		break;
	default:
		out->peer = field->bytes;
		break;
	}
	return true;
}

enum ch_status delivery_parse(struct slice encoded, struct delivery *out)
{
	struct pb_reader reader = pb_read(encoded);
	struct pb_field field;
	struct delivery delivery = {0};
	while (pb_next(&reader, &field)) {
		if (!delivery_take(&delivery, &field))
			return CH_FORMAT;
	}
	if (reader.status == CH_OK)
		*out = delivery;
	return reader.status;
}

bool deliver_next(struct deliver *deliver, struct delivery *out_delivery)
{
	struct pb_field field;
	while (pb_next(&deliver->rest, &field)) {
		if (field.number != 2)
			continue;
		deliver->rest.status = delivery_parse(field.bytes, out_delivery);
		return deliver->rest.status == CH_OK;
	}
	return false;
}
