/* What happens to customers, at random: sales, returns, orders, consents, complaints; people are merged,
 * unmerged and erased by the hub.  For tests that fold it in any order. */
#ifndef UNIT_MARKETING_FACT_HISTORY_H
#define UNIT_MARKETING_FACT_HISTORY_H

#include "module/marketing/fact/facts.h"

#define CUSTOMERS 5u
#define PRODUCTS  4u
#define RECEIPTS  12u
#define ORDERS    4u
#define CASES     4u
#define EVENTS    80u
#define KIT_BASE  INT64_C(1700000000000000)

enum kind {
	SALE,
	RETURNED,
	VOIDED,
	PLACED,
	AMENDED,
	CANCELLED,
	REFUNDED,
	CONSENTED,
	COMPLAINED,
	CLOSED,
	REOPENED,
	PUBLISHED,
	REGISTERED,
	KINDS,
	MERGED, /* by the hub: these stay in their order */
	UNMERGED,
	ERASED,
};

struct line {
	unsigned product;
	unsigned quantity;
	unsigned money;
};

/* What happened, as the test knows it. */
struct fact {
	enum kind kind;
	unsigned number; /* own receipt, order, case */
	unsigned other;  /* receipt that is returned or voided */
	bool linked;
	bool by_twin;
	bool given;
	uint64_t customer;
	uint64_t customer_to;
	int64_t time_us;
	uint64_t sequence;
	struct line lines[3];
	unsigned line_count;
	unsigned purpose;
	unsigned channel;
	unsigned product;
	unsigned category;
	unsigned serial; /* of the first line; 0: none */
	uint64_t moved;  /* a sequence that an unmerge moves; 0: none */
	struct stamp stamp;
};

struct history {
	struct fact facts[EVENTS];
	unsigned count;
};

/* EVENTS facts; `seed` moves on. */
void history_draw(uint64_t *seed, struct history *history);

/* Their places in another order: facts in any, but what the hub did to people in its own. */
void history_shuffle(uint64_t *seed, const struct history *history, unsigned *out_order);

/* Told as its event, and folded. */
void fact_fold(struct facts *facts, struct book_txn *txn, const struct fact *fact);

#endif
