/* What a customer has now, under his number: the rows that a profile is made of.
 *
 *   'b' time, purchase     what is left of a purchase
 *   'c' scope, stamp       a statement of consent: all of them, the newest of each scope counts
 *   'o' case               an open complaint
 *   'm' number             a number that was merged into this one
 *   'r' field              what the hub's record has, as its events tell
 *   'u' unit               a product that he owns
 *
 * Whose a fact is follows merges, unmerges and erasures of the hub (kit's people.h): each row names the number
 * and the sequence under which its fact was filed, and when the hub moves people, facts_rehome moves rows. */
#ifndef MARKETING_HELD_H
#define MARKETING_HELD_H

#include "base/zone.h"
#include "module/kit/book.h"
#include "module/kit/key.h"
#include "module/marketing/fact/purchase.h"
#include "module/marketing/segment/profile.h"

enum held_kind {
	HELD_PURCHASE = 'b',
	HELD_CONSENT = 'c',
	HELD_MERGED = 'm',
	HELD_COMPLAINT = 'o',
	HELD_FIELD = 'r',
	HELD_UNIT = 'u',
};

/* Starts the key of a row. */
void held_key(struct key *key, uint64_t customer, enum held_kind kind);

/* Whose a fact is now, as filed under `filed` by the entry `sequence`: 0 when nobody's, or when he was erased.
 * CH_CORRUPT, CH_IO. */
enum ch_status held_owner(
	struct book_txn *txn, uint64_t filed, uint64_t sequence, uint64_t *out_owner);

struct held_options {
	int64_t since_us;      /* purchases from then on */
	struct slice currency; /* whose amounts count */
	const struct zone *zone;
};

/* Fills an empty profile.  Categories and brands are those of the reference data where it knows the product.
 * CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status held_load(struct book_txn *txn, uint64_t customer,
	const struct held_options *options, struct profile *profile);

/* ---- Values of rows ---- */

struct held_consent {
	uint8_t purpose;
	uint8_t channel;
	struct stamp stamp;
	bool given;
	struct slice expiry_date;
	uint64_t filed;
	uint64_t sequence;
};

void held_put_consent(struct book_txn *txn, uint64_t customer, const struct held_consent *consent);
enum ch_status held_read_consent(
	struct slice key, struct slice value, struct held_consent *out_consent); /* CH_CORRUPT */

/* The moment from which a consent holds no more: the end of the last day there.  INT64_MAX without a date;
 * INT64_MIN for one that cannot be read: closed when in doubt. */
int64_t held_expiry_us(struct slice date, const struct zone *zone);

#endif
