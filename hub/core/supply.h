/* A parts order while an event is applied to it: its record (supply_record.c), what documents say of its
 * lines (supply_line.c), and what is promised of it (supply.c, where to begin reading). */
#ifndef CORE_SUPPLY_H
#define CORE_SUPPLY_H

#include "base/limits.h"
#include "core/core.h"

/* An article goes by the supplier's number, the buyer's, a GTIN; texts are cut, which both standards'
 * own limits never reach. */
#define ITEM_CODES      3u
#define ITEM_CODE_BYTES 64u

/* A quantity of all that was ordered. */
#define SUPPLY_ALL_OF_IT INT64_C(-1)

struct item_codes {
	struct slice codes[ITEM_CODES];
	uint32_t count;
};

struct supply_line {
	struct slice id;
	struct item_codes item;
	int64_t ordered; /* millionths; 0: not told */
	int64_t received;
	int64_t backordered; /* or SUPPLY_ALL_OF_IT */
	bool ended;
	bool known;
	bool taken; /* by a line of the event at hand */
};

struct supply {
	struct slice key;
	struct slice number; /* as the event calls it */
	struct slice record; /* as stored; empty: there is none yet */
	struct slice station;
	int64_t placed_us;
	int64_t cancelled_us;
	int64_t received_us;
	bool as_one;
	struct supply_line lines[LIMIT_SUPPLY_LINES];
	uint32_t count;
};

/* What has been promised, and which of the two promises something is owed for. */
struct owed {
	bool placed;
	bool near;
	bool far;
};

/* ---- supply_record.c ---- */

/* From its record; slices look into it. */
void supply_read(struct supply *supply);

/* Emits what the event has changed of it. */
void supply_store(struct ruling *ruling, const struct supply *supply);

struct owed supply_owed(const struct supply *supply);

/* ---- supply_line.c ---- */

/* A name or number as it is kept: cut at ITEM_CODE_BYTES. */
struct slice supply_text(struct slice text);

/* One more number that the article goes by; those beyond ITEM_CODES are left out. */
void supply_item_add(struct item_codes *item, struct slice code);

/* A document's line: ordered, or ordered otherwise; struck off; put on back-order; received. */
void supply_ordered(struct supply *supply, struct slice told, bool amended);
void supply_struck(struct supply *supply, struct slice id);
void supply_backordered(struct supply *supply, struct slice told);
void supply_came(struct supply *supply, struct slice told);

/* Nothing more is waited for. */
void supply_end_all(struct supply *supply);

#endif
