/* The events that the hub is loaded with: a till's receipts, whole and typed.
 *
 * All are cut from two blanks, with and without a customer, which are encoded once; writing one is a
 * copy and five places filled in.  On two cores whatever the load costs is taken from the hub. */
#ifndef BENCH_TILL_H
#define BENCH_TILL_H

#include "base/slice.h"
#include "bench/load/event.h"
#include "wire/envelope.h"

struct till_blank {
	struct buffer bytes; /* an encoded Event, as an element of Publish.events */
	size_t id;           /* places in it */
	size_t number;
	size_t time;
	size_t filler;
	size_t phone; /* 0: names nobody */
};

struct till {
	struct till_blank named;
	struct till_blank nameless;
	size_t filler_bytes;
	uint64_t number; /* of the last receipt */
	uint64_t time_us;
	struct buffer event; /* of till_ring */
};

/* Events take `payload_bytes`, or as little more as one can.  CH_NOMEM. */
enum ch_status till_init(struct till *till, uint32_t payload_bytes);
void till_fini(struct till *till);

/* Bytes that till_write takes for an event of this customer; 0: of nobody. */
size_t till_bytes(const struct till *till, uint64_t customer);

/* Writes the next receipt, as an element of Publish.events, and returns the end. */
uint8_t *till_write(struct till *till, const struct event *event, uint64_t customer, uint8_t *at);

/* The same for the event's own customer, put into a PUBLISH that is being built. */
void till_put(struct till *till, const struct event *event, struct buffer *publish);

/* The next receipt in parts; what `out_envelope` borrows lasts until the one after it. */
void till_ring(struct till *till, const struct event *event, struct envelope *out_envelope);

#endif
