/* What a subscription wants, compiled: types as bits, sources as patterns, customers sorted.  Rights are
 * part of it: what the peer may not see is not wanted. */
#ifndef FANOUT_INTEREST_H
#define FANOUT_INTEREST_H

#include <stdbool.h>

#include "base/arena.h"
#include "wire/subscribe.h"

/* The source of the events that the hub itself derives. */
#define INTEREST_HUB_SOURCE "urn:carehub:hub"

/* Type numbers lie below; the registry hands out hundreds by channel. */
#define TYPE_SET_BITS 1024u

struct type_set {
	uint64_t bits[TYPE_SET_BITS / 64];
};

static inline bool type_set_has(const struct type_set *set, uint16_t type)
{
	return type < TYPE_SET_BITS && (set->bits[type / 64] >> (type % 64) & 1) != 0;
}

/* Every type of the registry that `may` allows.  Pure, as far as `may` is. */
void type_set_allowed(
	struct type_set *set, bool (*may)(void *peer, struct slice pattern), void *peer);

struct interest {
	struct type_set types;
	struct slice *sources; /* patterns; none: any */
	uint64_t *customers;   /* rising; none: any */
	uint32_t source_count;
	uint32_t customer_count;
	bool derived; /* the hub's own source is wanted */
};

/* Judges a filter from a stranger: CH_INVALID, a pattern that is none; CH_UNKNOWN_TYPE, one that no type
 * matches.  Then `detail` says which. */
enum ch_status interest_check(const struct subscribe_filter *filter, struct buffer *detail);

/* Compiles a filter that was checked once; what it names beyond the registry of now is passed over.  Lists are
 * copied into the arena.  CH_DENIED: nothing is left that the peer may see; CH_NOMEM. */
enum ch_status interest_compile(const struct subscribe_filter *filter,
	const struct type_set *allowed, struct arena *arena, struct interest *out_interest);

bool interest_source(const struct interest *interest, struct slice source);
bool interest_customer(const struct interest *interest, uint64_t customer);

/* Whether two filters say the same, whatever the order. */
bool interest_same(const struct subscribe_filter *a, const struct subscribe_filter *b);

#endif
