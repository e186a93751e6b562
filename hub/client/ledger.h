/* What became of the deliveries of one subscription, as far as this process knows: taken by the
 * application, acknowledged, refused.  Two uses:
 *
 * Acks travel as ranges of sequences that follow each other, in whatever order they were given.  Where
 * the filter passed over events a range ends: what lies in such a hole may be waiting for its
 * redelivery since an earlier attachment and be sent while the range is on its way; it would be
 * acknowledged unseen.
 *
 * After a lost connection the hub delivers again what it has no ack of.  The ledger knows which of it
 * the application still has in hand, or has acknowledged: the former is kept back, the latter
 * acknowledged again.  It remembers at least the last `credit` groups; what it has forgotten comes
 * twice, which is allowed, and never not at all, which is not.
 *
 * Entries are groups, one per sequence.  Not for threads to share: the subscription's lock guards it. */
#ifndef CLIENT_LEDGER_H
#define CLIENT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/ack.h"

/* The index of a group that no ledger has an entry of. */
#define LEDGER_NOWHERE UINT64_MAX

struct ledger_entry;
struct ledger_nack;

struct ledger {
	struct ledger_entry *ring; /* entries oldest to next - 1, at their index modulo capacity */
	uint64_t capacity;
	uint64_t most; /* capacity never grows beyond */
	uint64_t oldest;
	uint64_t next;
	uint64_t void_below; /* entries of another history: answers to them mean nothing */
	uint32_t epoch;      /* attachments so far */
	uint64_t done;       /* highest sequence ever taken */
	uint64_t pinned; /* lowest sequence of an open entry that had to be forgotten, else MAX */
	uint64_t open;   /* groups taken and not answered, of those that it remembers */

	/* What earlier epochs left: indexes of entries, by sequence. */
	uint64_t *known;
	size_t known_count;

	/* To be told to the hub. */
	struct ack_range *ranges;
	size_t range_count;
	size_t range_capacity;
	struct ledger_nack *nacks;
	size_t nack_count;
	size_t nack_capacity;
	uint64_t up_to;
	uint32_t waiting; /* acks and nacks since the last emit began */
};

/* `base` is the sequence before the first delivery.  CH_NOMEM. */
enum ch_status ledger_init(struct ledger *ledger, uint32_t credit, uint64_t base);
void ledger_fini(struct ledger *ledger);

/* Is this group, delivered again after a lost connection, one to be kept from the application? */
bool ledger_knows(const struct ledger *ledger, uint64_t sequence);

/* All of a group that ledger_knows has come again.  CH_NOMEM. */
enum ch_status ledger_again(struct ledger *ledger, uint64_t sequence);

/* The application has a whole group.  Returns its index, for the calls below. */
uint64_t ledger_take(struct ledger *ledger, uint64_t sequence);

/* The application has a group that needs no ack. */
void ledger_pass(struct ledger *ledger, uint64_t sequence);

/* A group's answer.  A second one of the same kind does nothing.  CH_NOMEM: nothing has changed. */
enum ch_status ledger_ack(struct ledger *ledger, uint64_t index, uint64_t sequence);
enum ch_status ledger_nack(struct ledger *ledger, uint64_t index, const struct nack *nack);

/* Everything up to a sequence. */
void ledger_ack_up_to(struct ledger *ledger, uint64_t sequence);

/* Appends one ACK frame with what is to be told, to an empty buffer; false: nothing.  More may be
 * left, for the next frame. */
bool ledger_emit(struct ledger *ledger, uint32_t handle, struct slice job, struct buffer *out);

/* The subscription has attached again: what was to be told is void, what comes may be known. */
enum ch_status ledger_reattach(struct ledger *ledger); /* CH_NOMEM: it will know nothing */

/* The same, but what comes again is meant to: it is known no more. */
void ledger_move(struct ledger *ledger);

/* The journal has another history: whatever was delivered before is void, `base` comes before the first
 * of the new one. */
void ledger_start_over(struct ledger *ledger, uint64_t base);

/* Everything up to here was taken and answered. */
uint64_t ledger_position(const struct ledger *ledger);

#endif
