/* RECEIPTS: what became of the events of PUBLISH frames, in the order of the frames and of the events in
 * each.  A message tells of as many frames as there is news of: where frames are small, a message for
 * each would cost both ends more than the news itself. */
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
	uint64_t frame; /* of the PUBLISH */
	uint32_t index; /* of the event in it */
	enum outcome outcome;
	enum ch_status reason;
	uint32_t retry_after_ms;
	uint64_t sequence;
	uint64_t customer;
	struct slice field;
	struct slice detail;
};

/* ---- Writing: a whole frame, appended to a buffer ---- */

struct receipts_writer {
	struct buffer *out; /* its status sticks */
	uint64_t frame;     /* of the receipt before */
	uint32_t count;
};

/* At most LIMIT_EVENTS_PER_FRAME receipts.  The first may begin within its frame; each other follows the
 * one before, or is for the first event of a frame with a higher number. */
void receipts_begin(struct receipts_writer *writer, struct buffer *out);
void receipts_add(struct receipts_writer *writer, const struct receipt *receipt);
void receipts_end(struct receipts_writer *writer, enum durability durability);

/* ---- Reading ---- */

struct receipts {
	enum durability durability;
	uint32_t count;
	struct receipt receipts[LIMIT_EVENTS_PER_FRAME];
};

/* Slices look into `body`; each receipt is given its frame and index.  CH_FORMAT, CH_TOO_LARGE (more than
 * LIMIT_EVENTS_PER_FRAME). */
enum ch_status receipts_parse(struct slice body, struct receipts *out);

#endif
