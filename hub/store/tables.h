/* The tables of the fold, their numbers on disk and how their keys are laid out.  A key's integers
 * are big-endian, so that byte order is number order. */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include <stddef.h>

enum store_table {
	/* name -> counters and settings of the fold */
	TABLE_META = 0,
	/* number(8) 'r' -> record; 'k' kind key -> held match key; 'l' kind id -> linked record: what
	 * seldom changes of one customer, one place */
	TABLE_CUSTOMER,
	/* kind(1) key -> who holds it, verified or claimed */
	TABLE_KEY,
	/* serial -> record of the product unit */
	TABLE_UNIT,
	/* source-scoped id -> record */
	TABLE_ORDER,
	TABLE_REPAIR,
	TABLE_CASE,
	TABLE_ENTITLEMENT,
	TABLE_APPOINTMENT,
	/* kind(1) key -> newest value, and when */
	TABLE_REFERENCE,
	/* id -> due, state, what for */
	TABLE_DEADLINE,
	/* due(8) id -> (): open deadlines by time */
	TABLE_DUE,
	/* seq(8) -> reason, field, state */
	TABLE_QUARANTINE,
	/* seq(8) index(2) -> customers and evidence */
	TABLE_REVIEW,
	/* code(2) -> source text, and 0xffff text -> code: the dictionary */
	TABLE_SOURCE,
	/* source -> newest adapter checkpoint */
	TABLE_CHECKPOINT,
	/* number(8) -> activity: what every event of a customer changes */
	TABLE_ACTIVITY,
	/* number(8) seq(8) of its newest line -> a full page of the timeline, never changed */
	TABLE_TIMELINE,
	/* not of the fold: the manifest (manifest.h) */
	TABLE_MANIFEST,
	/* key of a parts order -> what of it is owed */
	TABLE_SUPPLY,
	TABLE_COUNT
};

/* Those behind are younger than the first stores, which get them when they are opened. */
#define TABLES_ONCE (TABLE_MANIFEST + 1)

struct table_row {
	const char *name; /* LMDB database and dump */
	/* Keys that share so many first bytes are a group: the writer scans it cheaply, and so does
	 * rtxn; no key of the table is shorter.  0: point reads, and whole tables by rtxn_scan. */
	size_t group_bytes;
};

extern const struct table_row store_tables[TABLE_COUNT];

#endif
