/* RECEIPTS: what became of the events of one PUBLISH frame, from index `first` on. */
#ifndef WIRE_RECEIPT_H
#define WIRE_RECEIPT_H

#include "base/limits.h"
#include "base/slice.h"

/* Numbers of Outcome in bus.proto. */
enum outcome {
	OUTCOME_ACCEPTED = 1,
	OUTCOME_DUPLICATE = 2,
	OUTCOME_CONFLICT = 3,
	OUTCOME_REFUSED = 4,
	OUTCOME_RETRY_AFTER = 5,
};

/* Numbers of Durability in bus.proto. */
enum durability {
	DURABILITY_SYNCED = 0,
	DURABILITY_REPLICATED = 1,
	DURABILITY_UNSYNCED = 2,
};

struct receipt {
	enum outcome outcome;
	enum ch_status reason;
	uint32_t retry_after_ms;
	uint64_t sequence;
	uint64_t customer;
	struct slice field;
	struct slice detail;
};

struct receipts {
	uint64_t frame;
	uint32_t first;
	enum durability durability;
	uint32_t count;
	struct receipt receipts[LIMIT_EVENTS_PER_FRAME];
};

/* Appends a whole frame with the first `count` of `receipts`. */
void receipts_encode(const struct receipts *receipts, struct buffer *out);

/* Slices look into `body`.  CH_FORMAT, CH_TOO_LARGE (more than an event frame can hold). */
enum ch_status receipts_parse(struct slice body, struct receipts *out);

#endif
