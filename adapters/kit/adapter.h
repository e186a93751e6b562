/* How to write an adapter: three callbacks, and the kit does the rest - configuration, connection, flow,
 * retries, what happens at kill -9 and at a lost line.
 *
 *     static enum ch_status next(void *source, struct kit_item *item)   what is there to publish?
 *     static void settle(void *source, const struct kit_settled *done)  it is stored: let go of it
 *
 * The contract: an item is let go of at its source only in settle.  A process that dies in between gives
 * the same item again, under the same id, and the hub knows it: nothing is lost, nothing counts twice.
 *
 * "Stored" is at the hub, with its receipt; or, when the hub cannot be reached and the adapter has a
 * spool (relay.h), on this machine's disk.  The receipt of such an item comes later, perhaps in another
 * life of the process, and is told by `late` under the words by which the item said where it stood.
 *
 * All callbacks run on one thread. */
#ifndef KIT_ADAPTER_H
#define KIT_ADAPTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"
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
	uint64_t token;                  /* given back to settle */
	const struct envelope *envelope; /* KIT_EVENT */
	/* Where it stands at its source, in words of the adapter's own; given back to `late`.  At most
	 * LIMIT_ORIGIN_BYTES; may be empty. */
	struct slice origin;
	/* When it came to this machine, by its clock, if that was not now; 0: now.  The time that it
	 * waited is added to the time at which the source says it was sent: the hub takes the difference
	 * of sending and arrival for the error of the source's clock. */
	int64_t since_us;
	struct slice reject; /* one line: position, field, reason */
	struct slice raw;    /* the rejected bytes, when they are at hand */
	bool fatal;          /* nothing behind this place can be read */
};

/* What became of one published item. */
struct kit_settled {
	uint64_t token;
	enum ch_status status; /* of ch_receipt_status; CH_CLOSED: no answer, it comes again */
	bool spooled;          /* it is safe on this machine's disk; `late` will tell the rest */
	struct ch_receipt receipt;
};

struct kit_adapter {
	const char *program; /* "carehub-pos" */
	/* Its own part of the configuration file: read into a struct of `config_bytes`. */
	const struct option *options;
	size_t option_count;
	size_t config_bytes;

	/* `problems` takes everything that is wrong with the settings beyond what the rows can tell.
	 * CH_INVALID when it added to them. */
	enum ch_status (*open)(void *config, struct problems *problems, void **out_source);
	/* CH_OK: *out_item.  CH_END: nothing now, ask again later.  Otherwise the adapter stops. */
	enum ch_status (*next)(void *source, struct kit_item *out_item);
	/* Once for every KIT_EVENT, in the order of receipts. */
	void (*settle)(void *source, const struct kit_settled *settled);
	/* What became of an item that was settled as spooled.  After a crash the same may be told again.
	 * CH_OK: it is noted, durably where it matters.  CH_NOT_FOUND: that place is no more; the kit
	 * writes refusals into the spool's own `rejects`.  Others stop the adapter, and it is told again.
	 * May be NULL: as CH_NOT_FOUND. */
	enum ch_status (*late)(void *source, struct slice origin, const struct ch_receipt *receipt);
	void (*close)(void *source);
};

/* `PROGRAM run --config FILE [--once]` and `PROGRAM check --config FILE`.  With --once it ends when the
 * source has nothing more and everything is settled.  Returns the exit status: 0 fine, 1 something was
 * rejected or refused, 2 unusable, 64 usage. */
int kit_main(int argc, char **argv, const struct kit_adapter *adapter);

#endif
