/* The ledger from the inside: how its rows are written, for the folds. */
#ifndef MARKETING_LEDGER_INSIDE_H
#define MARKETING_LEDGER_INSIDE_H

#include "module/marketing/campaign/campaign_ledger.h"

/* Where a name stands under a kind, in campaign.ids and campaign.answers. */
struct slice ledger_kind_key(struct key *key, char kind, struct slice name);

/* Appends a fact as field `number` of a row. */
void ledger_fact_put(struct buffer *out, uint32_t number, const struct ledger_fact *fact);

/* Adds one fact, the event, to the `count` that stand under a key; the newer of two of a kind stays.  What `facts`
 * look into is void then.  CH_CORRUPT, what sticks. */
enum ch_status ledger_facts_add(struct book_txn *txn, uint32_t table, struct slice key,
	struct ledger_fact *facts, size_t count, size_t kind, const struct feed_event *event);

#endif
