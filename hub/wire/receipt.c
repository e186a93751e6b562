#include "wire/receipt.h"

#include "wire/frame.h"
#include "wire/pb.h"

/* The plain receipt, `accepted` with a sequence and perhaps a customer, is nearly all of the traffic
 * and never longer than this: it is written into room made once. */
#define PLAIN_BYTES (2u + 6u + 11u + 11u)

static bool receipt_is_plain(const struct receipt *receipt)
{
	return receipt->reason == CH_OK && receipt->retry_after_ms == 0 &&
	       receipt->field.len == 0 && receipt->detail.len == 0;
}

static void receipt_put(const struct receipt *receipt, struct buffer *out)
{
	pb_put_uint(out, 1, receipt->outcome);
	pb_put_uint(out, 2, receipt->sequence);
	pb_put_uint(out, 3, receipt->customer);
	pb_put_uint(out, 4, receipt->reason);
	pb_put_bytes(out, 5, receipt->field);
	pb_put_bytes(out, 6, receipt->detail);
	pb_put_uint(out, 7, receipt->retry_after_ms);
}

static uint8_t *receipt_write_plain(const struct receipt *receipt, uint8_t *at)
{
	uint8_t *len = at + 1;
	at[0] = 3u << 3 | PB_LEN;
	at += 2;
	*at++ = 1u << 3 | PB_VARINT;
	at = pb_write_varint(at, receipt->outcome);
	if (receipt->sequence != 0) {
		*at++ = 2u << 3 | PB_VARINT;
		at = pb_write_varint(at, receipt->sequence);
	}
	if (receipt->customer != 0) {
		*at++ = 3u << 3 | PB_VARINT;
		at = pb_write_varint(at, receipt->customer);
	}
	*len = (uint8_t)(at - len - 1);
	return at;
}

void receipts_encode(const struct receipts *receipts, struct buffer *out)
{
	frame_begin(out, FRAME_RECEIPTS);
	pb_put_uint(out, 1, receipts->frame);
	pb_put_uint(out, 2, receipts->first);
	for (uint32_t i = 0; i < receipts->count; i++) {
		const struct receipt *receipt = &receipts->receipts[i];
		if (receipt_is_plain(receipt)) {
			uint8_t *at = buffer_reserve(out, PLAIN_BYTES);
			if (at != NULL)
				out->len = (size_t)(receipt_write_plain(receipt, at) - out->data);
			continue;
		}
		size_t mark = pb_begin(out, 3);
		receipt_put(receipt, out);
		pb_end(out, mark);
	}
	pb_put_uint(out, 4, receipts->durability);
}

static enum ch_status receipt_parse(struct slice bytes, struct receipt *out)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	*out = (struct receipt){0};
	while (pb_next(&reader, &field)) {
		bool text = field.number == 5 || field.number == 6;
		if (field.number <= 7 && field.wire != (text ? PB_LEN : PB_VARINT))
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
		default:
			break;
		}
	}
	return reader.status;
}

enum ch_status receipts_parse(struct slice body, struct receipts *out)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	out->frame = 0;
	out->first = 0;
	out->durability = DURABILITY_SYNCED;
	out->count = 0;
	while (pb_next(&reader, &field)) {
		if (field.number <= 4 && field.wire != (field.number == 3 ? PB_LEN : PB_VARINT))
			return CH_FORMAT;
		if (field.number == 1) {
			out->frame = field.integer;
		} else if (field.number == 2) {
			out->first = (uint32_t)field.integer;
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
	return reader.status;
}
