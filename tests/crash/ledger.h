/* What the clients hold: for each event of the load the receipt that came back.  It is what the hub is
 * held to after every crash:
 *
 *     accepted, duplicate   the event is in the journal once, under that sequence and customer
 *     conflict              once as a conflict, which refers to that sequence
 *     refused               once in quarantine, under that sequence
 *     no receipt            once, or not at all
 *
 * and nothing is in the journal that nobody sent.  A violation is told on stderr and counted. */
#ifndef CRASH_LEDGER_H
#define CRASH_LEDGER_H

#include "crash/load.h"
#include "journal/journal.h"
#include "wire/receipt.h"

struct ledger_item {
	uint64_t sequence;
	uint64_t customer; /* as the first acceptance told; duplicates do not tell */
	uint8_t outcome;   /* 0: no receipt yet */
	uint8_t reason;
	bool told; /* `customer` is set */
	uint32_t receipts;
	uint32_t mark;  /* free for who checks many states of one ledger: when it was answered */
	uint32_t found; /* of ledger_check */
};

struct ledger {
	const struct load *load;
	struct ledger_item *items;
	struct buffer *sent; /* of ledger_remember, or NULL */
	uint32_t count;      /* events sent at least once */
	uint32_t capacity;
	uint32_t answered;
	uint32_t low; /* all below it are answered */
	uint64_t receipts;
	uint64_t duplicates;
	uint32_t violations;
	bool silent; /* they are counted only */
};

/* CH_NOMEM. */
enum ch_status ledger_init(struct ledger *ledger, const struct load *load, uint32_t capacity);
void ledger_fini(struct ledger *ledger);

void ledger_violation(struct ledger *ledger, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A receipt for event `index` came.  False: it asks to send the event again later. */
bool ledger_receipt(struct ledger *ledger, uint32_t index, const struct receipt *receipt);

/* Keeps the bytes of all events sent so far, for one who checks a thousand journals of a small load.
 * CH_NOMEM. */
enum ch_status ledger_remember(struct ledger *ledger);

/* What a reading of the journal found. */
struct ledger_result {
	uint64_t head;
	uint64_t entries; /* of events */
	uint64_t clock;   /* entries of the clock */
	uint64_t settings;
	uint64_t quarantined;
	uint64_t conflicts;
	uint64_t receipts; /* held against the journal */
};

/* Reads the whole journal and holds every receipt with a mark below `before` against it; what has
 * no receipt may be there or not.  CH_OK also with violations; else the journal cannot be read:
 * CH_GAP, CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status ledger_check(struct ledger *ledger, struct journal *journal, uint32_t before,
	struct ledger_result *out_result);

#endif
