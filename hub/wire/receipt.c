#include "wire/receipt.h"

#include "wire/frame.h"
#include "wire/pb.h"

/* The plain receipt, `accepted` with a sequence and perhaps a customer, is nearly all of the traffic
 * and never longer than this: it is written into room made once. */
#define PLAIN_BYTES (2u + 6u + 11u + 11u + 11u)

static bool receipt_is_plain(const struct receipt *receipt)
{
	return receipt->reason == CH_OK && receipt->retry_after_ms == 0 &&
	       receipt->field.len == 0 && receipt->detail.len == 0;
}

static void receipt_put(const struct receipt *receipt, uint64_t frame, struct buffer *out)
{
	pb_put_uint(out, 1, receipt->outcome);
	pb_put_uint(out, 2, receipt->sequence);
	pb_put_uint(out, 3, receipt->customer);
	pb_put_uint(out, 4, receipt->reason);
	pb_put_bytes(out, 5, receipt->field);
	pb_put_bytes(out, 6, receipt->detail);
	pb_put_uint(out, 7, receipt->retry_after_ms);
	pb_put_uint(out, 8, frame);
}

static uint8_t *receipt_write_uint(uint8_t *at, uint32_t number, uint64_t value)
{
	if (value == 0)
		return at;
	*at++ = (uint8_t)(number << 3 | PB_VARINT);
	return pb_write_varint(at, value);
}

static uint8_t *receipt_write_plain(const struct receipt *receipt, uint64_t frame, uint8_t *at)
{
	uint8_t *len = at + 1;
	at[0] = 3u << 3 | PB_LEN;
	at = receipt_write_uint(at + 2, 1, receipt->outcome);
	at = receipt_write_uint(at, 2, receipt->sequence);
	at = receipt_write_uint(at, 3, receipt->customer);
	at = receipt_write_uint(at, 8, frame);
	*len = (uint8_t)(at - len - 1);
	return at;
}

void receipts_begin(struct receipts_writer *writer, struct buffer *out)
{
	*writer = (struct receipts_writer){.out = out};
	frame_begin(out, FRAME_RECEIPTS);
}

/* The number that a receipt carries: none, when it follows the one before. */
static uint64_t receipts_turn(struct receipts_writer *writer, const struct receipt *receipt)
{
	bool same = writer->count++ > 0 && receipt->frame == writer->frame;
	if (same)
		return 0;
	writer->frame = receipt->frame;
	if (writer->count > 1)
		return receipt->frame;
	pb_put_uint(writer->out, 1, receipt->frame);
	pb_put_uint(writer->out, 2, receipt->index);
	return 0;
}

void receipts_add(struct receipts_writer *writer, const struct receipt *receipt)
{
	struct buffer *out = writer->out;
	uint64_t frame = receipts_turn(writer, receipt);
	if (receipt_is_plain(receipt)) {
		uint8_t *at = buffer_reserve(out, PLAIN_BYTES);
		if (at != NULL)
			out->len = (size_t)(receipt_write_plain(receipt, frame, at) - out->data);
		return;
	}
	size_t mark = pb_begin(out, 3);
	receipt_put(receipt, frame, out);
	pb_end(out, mark);
}

void receipts_end(struct receipts_writer *writer, enum durability durability)
{
	pb_put_uint(writer->out, 4, durability);
}

static enum ch_status receipt_parse(struct slice bytes, struct receipt *out)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	*out = (struct receipt){0};
	while (pb_next(&reader, &field)) {
		bool text = field.number == 5 || field.number == 6;
		if (field.number <= 8 && field.wire != (text ? PB_LEN : PB_VARINT))
			return CH_FORMAT;
		switch (field.number) {
		case 1:
			out->outcome = (enum outcome)field.integer;
			break;
		case 2:
			out->sequence = field.integer;
			break;
		case 3:
			out->customer = field.integer;
			break;
		case 4:
			out->reason = (enum ch_status)field.integer;
			break;
		case 5:
			out->field = field.bytes;
			break;
		case 6:
			out->detail = field.bytes;
			break;
		case 7:
			out->retry_after_ms = (uint32_t)field.integer;
			break;
		case 8:
			out->frame = field.integer;
			break;
		default:
			break;
		}
	}
	return reader.status;
}

/* Gives each its place.  Only now: fields may come in any order. */
static enum ch_status receipts_place(struct receipts *receipts, uint64_t frame, uint32_t first)
{
	for (uint32_t i = 0; i < receipts->count; i++) {
		struct receipt *receipt = &receipts->receipts[i];
		if (receipt->frame != 0) {
			if (receipt->frame <= frame)
				return CH_FORMAT;
			frame = receipt->frame;
			first = 0;
		}
		receipt->frame = frame;
		receipt->index = first++;
	}
	return CH_OK;
}

enum ch_status receipts_parse(struct slice body, struct receipts *out)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	uint64_t frame = 0;
	uint32_t first = 0;
	out->durability = DURABILITY_SYNCED;
	out->count = 0;
	while (pb_next(&reader, &field)) {
		if (field.number <= 4 && field.wire != (field.number == 3 ? PB_LEN : PB_VARINT))
			return CH_FORMAT;
		if (field.number == 1) {
			frame = field.integer;
		} else if (field.number == 2) {
			first = (uint32_t)field.integer;
		} else if (field.number == 3) {
			if (out->count == LIMIT_EVENTS_PER_FRAME)
				return CH_TOO_LARGE;
			enum ch_status status =
				receipt_parse(field.bytes, &out->receipts[out->count]);
			if (status != CH_OK)
				return status;
			out->count++;
		} else if (field.number == 4) {
			out->durability = (enum durability)field.integer;
		}
	}
	return reader.status == CH_OK ? receipts_place(out, frame, first) : reader.status;
}
