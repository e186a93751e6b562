/* Stored values as messages of customer.proto: what queries and snapshots answer.  Any thread, with its
 * own rtxn; nothing here changes anything. */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "core/settings.h"
#include "store/state.h"

/* Appends an encoded Customer.  CH_NOT_FOUND: no such number; CH_CORRUPT, CH_NOMEM. */
enum ch_status view_customer(struct rtxn *rtxn, uint64_t number, struct buffer *out);

/* The records linked to a customer: each is one message of customer.proto for `table`. */
enum ch_status view_linked(struct rtxn *rtxn, uint64_t number, enum store_table table,
	bool (*visit)(void *context, struct slice id, struct slice record), void *context);

/* Appends encoded TimelineEntry messages as elements of field `field`, newest first, at most `limit` and
 * at most the last thousand. */
enum ch_status view_timeline(
	struct rtxn *rtxn, uint64_t number, uint32_t limit, uint32_t field, struct buffer *out);

#define VIEW_HOLDERS 64u

/* Who holds a key: he has shown that it is his, or only claimed it; and whether he has shown any. */
struct view_holder {
	uint64_t number;
	bool verified;
	bool proven;
};

/* Who holds a key, as a channel would write it: first those who have shown that it is theirs, then those who claimed
 * it and have shown another, last those who have shown nothing; among equals who held it first.  So what was made of
 * callers whom nobody knows never stands before the customer.
 *
 * `kind` 0: every kind is tried, strongest first, until one finds somebody.  CH_OK with *out_count 0: nobody. */
enum ch_status view_find(struct rtxn *rtxn, unsigned kind, struct slice key, const char region[3],
	struct view_holder out_holders[VIEW_HOLDERS], uint32_t *out_count);

/* The next customer of a snapshot after `*number` (0: the first): encoded as view_customer does, but
 * for the counts of linked records, which a snapshot sends as records of their own.  CH_END. */
enum ch_status view_snapshot_customer(
	struct snapshot *snapshot, uint64_t *number, struct buffer *out);

/* The source's text of a code; empty when unknown. */
struct slice view_source(struct rtxn *rtxn, uint16_t code);

/* The state's number of a linked record, 0 when its table has none. */
uint64_t view_state(enum store_table table, struct slice record);

/* The customer that a linked record belongs to; 0: nobody, or not such a table. */
uint64_t view_owner(enum store_table table, struct slice record);

/* Whether the record still asks for somebody's attention. */
bool view_is_open(enum store_table table, struct slice record);

#endif
