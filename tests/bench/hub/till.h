/* What the bench publishes: a till's receipt, whole and typed, for one customer, padded to a size. */
#ifndef BENCH_TILL_H
#define BENCH_TILL_H

#include "bench/load/event.h"
#include "wire/envelope.h"

struct till {
	uint64_t number; /* of the last receipt */
	int64_t time_us; /* of receipt 0; each is a microsecond later */
	size_t filler;   /* bytes that make an event as large as it was asked for */
	struct buffer data;
	struct buffer personal;
	struct buffer event;
	char id[EVENT_ID_TEXT + 1];
};

/* `payload` bytes are an encoded event; a receipt that is larger by itself is not padded. */
void till_init(struct till *till, size_t payload);
void till_fini(struct till *till);

/* The next receipt; what `out_envelope` borrows lasts until the one after it. */
void till_ring(struct till *till, const struct event *event, struct envelope *out_envelope);

/* The next receipt, encoded and put into a PUBLISH that is being built. */
void till_put(struct till *till, const struct event *event, struct buffer *publish);

#endif
