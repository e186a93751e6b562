/* What the load sends: events of a fixed size with an id of 16 bytes, each for one customer.  Every peer and
 * the hub draw from the same source, so that none gets an easier stream than another.  One thread. */
#ifndef BENCH_EVENT_H
#define BENCH_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

#define EVENT_ID_BYTES   16u
#define EVENT_ID_TEXT    36u /* characters, without the closing zero */
#define EVENT_BODY_BYTES 65536u

/* An event's payload is its id as text and its body together: a peer that has a native form for ids
 * may use it. */
struct event {
	uint8_t id[EVENT_ID_BYTES]; /* a UUID of RFC 9562 */
	uint64_t customer;          /* 1 to the number of customers; 0 when there are none */
	struct slice body;          /* printable, borrowed from the source */
};

enum event_draw {
	EVENT_UNIFORM, /* every customer alike                                          */
	EVENT_8020,    /* 80 % of the events go to a fifth of the customers, strewn     */
};

enum event_ids {
	EVENT_IDS_RANDOM,  /* version 4 */
	EVENT_IDS_ORDERED, /* version 7: each larger than all before it, also of earlier runs */
};

struct event_source {
	uint64_t state;
	uint64_t instant; /* of the last ordered id, in parts of a millisecond; 0: random ones */
	uint64_t customers;
	enum event_draw draw;
	size_t body_bytes;
	char *pool; /* what the bodies are cut from */
};

/* Same seed, same events.  `payload` is at least EVENT_ID_TEXT and at most EVENT_BODY_BYTES.
 * Returns CH_OK, CH_INVALID or CH_NOMEM. */
enum ch_status event_source_init(struct event_source *source, uint64_t seed, uint64_t customers,
	enum event_draw draw, size_t payload);
void event_source_fini(struct event_source *source);

/* Ids are ordered from here on: they come from the clock, so no two runs have the same. */
void event_source_order(struct event_source *source);

void event_source_next(struct event_source *source, struct event *out_event);

/* The id as 8-4-4-4-12 lower-case digits; returns `text`. */
char *event_id_text(const uint8_t id[EVENT_ID_BYTES], char text[EVENT_ID_TEXT + 1]);

#endif
