#include "bench/hub/till.h"

#include <string.h>
#include <time.h>

#include "base/invariant.h"
#include "wire/envelope.h"
#include "wire/pb.h"

/* What stands in a blank where something is filled in; each occurs once. */
#define ID           "00000000-0000-4000-8000-000000000000"
#define NUMBER       "99999999"
#define PHONE        "+8613000000000"
#define FILLER       "FFFFFFFF"
#define PHONE_DIGITS 9u

static void till_put_data(size_t filler_bytes, struct buffer *out)
{
	size_t transaction = pb_begin(out, 1);
	size_t ref = pb_begin(out, 1);
	pb_put_text(out, 1, "8");
	pb_put_text(out, 2, "34");
	pb_put_text(out, 3, "2026-03-02");
	pb_put_text(out, 4, NUMBER);
	pb_end(out, ref);
	size_t line = pb_begin(out, 6);
	pb_put_uint(out, 1, 1);
	pb_put_text(out, 7, "A-1");
	size_t filler = pb_begin(out, 12);
	uint8_t *at = buffer_reserve(out, filler_bytes);
	if (at != NULL)
		memset(at, FILLER[0], filler_bytes);
	pb_end(out, filler);
	pb_end(out, line);
	size_t totals = pb_begin(out, 11);
	size_t grand = pb_begin(out, 3);
	pb_put_uint(out, 1, 12900);
	pb_put_text(out, 2, "CNY");
	pb_end(out, grand);
	pb_end(out, totals);
	pb_end(out, transaction);
}

static void till_put_personal(struct buffer *out)
{
	size_t party = pb_begin(out, 100);
	size_t contact = pb_begin(out, 4);
	pb_put_text(out, 1, PHONE);
	pb_end(out, contact);
	pb_end(out, party);
}

static size_t till_place(const struct till_blank *blank, const void *mark, size_t len)
{
	const uint8_t *at = memmem(blank->bytes.data, blank->bytes.len, mark, len);
	invariant(at != NULL);
	return (size_t)(at - blank->bytes.data);
}

static void till_find_places(struct till_blank *blank, uint64_t time_us, bool named)
{
	uint8_t time[10];
	size_t time_len = (size_t)(pb_write_varint(time, time_us) - time);
	blank->id = till_place(blank, ID, strlen(ID));
	blank->number = till_place(blank, NUMBER, strlen(NUMBER));
	blank->time = till_place(blank, time, time_len);
	blank->filler = till_place(blank, FILLER, strlen(FILLER));
	blank->phone = named ? till_place(blank, PHONE, strlen(PHONE)) : 0;
}

static enum ch_status till_encode(
	struct till_blank *blank, size_t filler_bytes, uint64_t time_us, bool named)
{
	struct buffer data = {0};
	struct buffer personal = {0};
	struct buffer event = {0};
	till_put_data(filler_bytes, &data);
	if (named)
		till_put_personal(&personal);
	envelope_encode(&(struct envelope){.id = SLICE_LITERAL(ID),
				.source = SLICE_LITERAL("urn:till:8:34"),
				.type = SLICE_LITERAL("pos.sale.completed"),
				.time_us = (int64_t)time_us,
				.data = buffer_slice(&data),
				.personal = buffer_slice(&personal)},
		&event);
	buffer_clear(&blank->bytes);
	pb_put_element(&blank->bytes, 2, buffer_slice(&event));
	bool whole = data.status == CH_OK && personal.status == CH_OK && event.status == CH_OK &&
		     blank->bytes.status == CH_OK;
	if (whole)
		till_find_places(blank, time_us, named);
	buffer_fini(&event);
	buffer_fini(&personal);
	buffer_fini(&data);
	return whole ? CH_OK : CH_NOMEM;
}

enum ch_status till_init(struct till *till, uint32_t payload_bytes)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*till = (struct till){
		.time_us = (uint64_t)now.tv_sec * 1000000, .filler_bytes = strlen(FILLER)};
	enum ch_status status = till_encode(&till->named, till->filler_bytes, till->time_us, true);
	if (status == CH_OK && payload_bytes > till->named.bytes.len)
		till->filler_bytes += payload_bytes - till->named.bytes.len;
	if (status == CH_OK)
		status = till_encode(&till->named, till->filler_bytes, till->time_us, true);
	if (status == CH_OK)
		status = till_encode(&till->nameless, till->filler_bytes, till->time_us, false);
	return status;
}

void till_fini(struct till *till)
{
	buffer_fini(&till->named.bytes);
	buffer_fini(&till->nameless.bytes);
	buffer_fini(&till->event);
}

static const struct till_blank *till_blank(const struct till *till, uint64_t customer)
{
	return customer != 0 ? &till->named : &till->nameless;
}

size_t till_bytes(const struct till *till, uint64_t customer)
{
	return till_blank(till, customer)->bytes.len;
}

static void till_write_digits(uint8_t *at, size_t count, uint64_t value)
{
	for (; count > 0; value /= 10)
		at[--count] = (uint8_t)('0' + value % 10);
}

uint8_t *till_write(struct till *till, const struct event *event, uint64_t customer, uint8_t *at)
{
	const struct till_blank *blank = till_blank(till, customer);
	char id[EVENT_ID_TEXT + 1];
	till->number++;
	memcpy(at, blank->bytes.data, blank->bytes.len);
	memcpy(at + blank->id, event_id_text(event->id, id), EVENT_ID_TEXT);
	memcpy(at + blank->filler, event->body.data,
		till->filler_bytes < event->body.len ? till->filler_bytes : event->body.len);
	till_write_digits(at + blank->number, strlen(NUMBER), till->number);
	(void)pb_write_varint(at + blank->time, till->time_us + till->number);
	if (blank->phone != 0)
		till_write_digits(
			at + blank->phone + strlen(PHONE) - PHONE_DIGITS, PHONE_DIGITS, customer);
	return at + blank->bytes.len;
}

void till_put(struct till *till, const struct event *event, struct buffer *publish)
{
	uint8_t *at = buffer_reserve(publish, till_bytes(till, event->customer));
	if (at != NULL)
		(void)till_write(till, event, event->customer, at);
}

void till_ring(struct till *till, const struct event *event, struct envelope *out_envelope)
{
	const char *field;
	struct pb_field element;
	buffer_clear(&till->event);
	till_put(till, event, &till->event);
	struct pb_reader reader = pb_read(buffer_slice(&till->event));
	bool good = pb_next(&reader, &element) &&
		    envelope_parse(element.bytes, out_envelope, &field) == CH_OK;
	invariant(good);
}
