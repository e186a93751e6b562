#include "bench/hub/till.h"

#include <stdio.h>

#include "base/clock.h"
#include "wire/pb.h"

/* A receipt's number is as long as this one's for the first hundred million of a run. */
#define LONG_NUMBER UINT64_C(99999999)

void till_ring(struct till *till, const struct event *event, struct envelope *out_envelope)
{
	char number[24];
	char phone[32];
	struct buffer *data = &till->data;
	struct buffer *personal = &till->personal;
	buffer_clear(data);
	buffer_clear(personal);
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)++till->number);
	size_t transaction = pb_begin(data, 1);
	size_t ref = pb_begin(data, 1);
	pb_put_text(data, 1, "8");
	pb_put_text(data, 2, "34");
	pb_put_text(data, 3, "2026-03-02");
	pb_put_text(data, 4, number);
	pb_end(data, ref);
	size_t line = pb_begin(data, 6);
	pb_put_uint(data, 1, 1);
	pb_put_text(data, 7, "A-1");
	pb_put_bytes(data, 12, slice_sub(event->body, 0, till->filler));
	pb_end(data, line);
	size_t totals = pb_begin(data, 11);
	size_t grand = pb_begin(data, 3);
	pb_put_uint(data, 1, 12900);
	pb_put_text(data, 2, "CNY");
	pb_end(data, grand);
	pb_end(data, totals);
	pb_end(data, transaction);
	if (event->customer != 0) {
		(void)snprintf(
			phone, sizeof(phone), "+8613%09llu", (unsigned long long)event->customer);
		size_t party = pb_begin(personal, 100);
		size_t contact = pb_begin(personal, 4);
		pb_put_text(personal, 1, phone);
		pb_end(personal, contact);
		pb_end(personal, party);
	}
	*out_envelope = (struct envelope){
		.id = slice_text(event_id_text(event->id, till->id)),
		.source = SLICE_LITERAL("urn:till:8:34"),
		.type = SLICE_LITERAL("pos.sale.completed"),
		.time_us = till->time_us + (int64_t)till->number,
		.data = buffer_slice(data),
		.personal = buffer_slice(personal),
	};
}

void till_put(struct till *till, const struct event *event, struct buffer *publish)
{
	struct envelope envelope;
	till_ring(till, event, &envelope);
	buffer_clear(&till->event);
	envelope_encode(&envelope, &till->event);
	pb_put_element(publish, 2, buffer_slice(&till->event));
}

void till_init(struct till *till, size_t payload)
{
	static const struct event bare = {.customer = 1};
	struct envelope envelope;
	*till = (struct till){.number = LONG_NUMBER - 1, .time_us = clock_wall_us()};
	till_ring(till, &bare, &envelope);
	envelope_encode(&envelope, &till->event);
	size_t around = till->event.len + 3; /* lengths of two bytes where there was one */
	till->filler = payload > around ? payload - around : 0;
	till->number = 0;
}

void till_fini(struct till *till)
{
	buffer_fini(&till->data);
	buffer_fini(&till->personal);
	buffer_fini(&till->event);
}
