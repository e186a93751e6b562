/* What a source gives, one item at a time, and what it hears of it.  A header of its own, for those who read
 * files and know nothing of hubs and settings. */
#ifndef KIT_ITEM_H
#define KIT_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "carehub/publish.h"
#include "wire/envelope.h"

enum kit_what {
	KIT_EVENT,      /* `envelope` is to be published */
	KIT_REJECT,     /* something at the source is no event: `reject` says what and why */
	KIT_INCOMPLETE, /* the source is still being written here: it is looked at again */
	KIT_SKIPPED,    /* nothing to publish, and nothing wrong */
};

/* Valid until the next call of next. */
struct kit_item {
	enum kit_what what;
	uint64_t token; /* given back to settle */
	/* KIT_EVENT.  A trace context that is none to go on with (trace.h) is dropped, and counted. */
	const struct envelope *envelope;
	/* Where it stands at its source, in words of the adapter's own; given back to `late`.  At most
	 * LIMIT_ORIGIN_BYTES; may be empty. */
	struct slice origin;
	/* When it came to this machine, by its clock, if that was not now; 0: now.  The time that it
	 * waited is added to the time at which the source says it was sent: the hub takes the difference
	 * of sending and arrival for the error of the source's clock. */
	int64_t since_us;
	/* Where it stands, for people: "17:3", "line 17"; may be empty. */
	struct slice place;
	/* KIT_REJECT, KIT_INCOMPLETE: one line: position, field, reason.  KIT_SKIPPED: what kind of thing
	 * it is, for counting; may be empty. */
	struct slice reject;
	struct slice raw; /* the rejected bytes, when they are at hand */
	bool fatal;       /* nothing behind this place can be read */
	/* KIT_INCOMPLETE: when it is looked at again even if it has not grown, by this machine's clock; 0:
	 * when it has grown, and not before. */
	int64_t again_us;
};

/* What became of one published item. */
struct kit_settled {
	uint64_t token;
	/* As ch_receipt_status: CH_OK (accepted or duplicate: it is stored), CH_CONFLICT, the reason of a
	 * refusal.  CH_CLOSED: the adapter ends before there was an answer, and the item comes again in
	 * another life.
	 * CH_RETRY, only of those that are `prompt`: not now.  receipt.retry_after_ms says after how long
	 * to try again, receipt.reason why: CH_RETRY, the hub says so; CH_CLOSED, it cannot be reached;
	 * CH_FULL, too much is under way; CH_TIMEOUT, it has not answered: it may be stored all the same,
	 * and the same event sent again is then a duplicate. */
	enum ch_status status;
	bool spooled; /* it is safe on this machine's disk; `late` will tell the rest */
	/* All that the hub said: outcome, sequence, customer, field and detail of a refusal. */
	struct ch_receipt receipt;
};

#endif
