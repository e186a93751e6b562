/* The inside of struct ch_subscription: who owns which part of it.
 *
 *     I/O thread (attachment.c, teller.c) --- inbox ---> one taker (taker.c)
 *                                         <-- ledger --- whoever acknowledges (answer.c)
 */
#ifndef CLIENT_SUBSCRIPTION_H
#define CLIENT_SUBSCRIPTION_H

#include <carehub/subscribe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/mailbox.h"
#include "client/connection.h"
#include "client/ledger.h"
#include "client/parcel.h"
#include "wire/subscribe.h"

enum subscription_state {
	SUBSCRIPTION_NEW,       /* the hub has not answered yet, not even once */
	SUBSCRIPTION_ATTACHED,  /* deliveries come */
	SUBSCRIPTION_WAITING,   /* for the connection, or for the hub's answer to attaching again */
	SUBSCRIPTION_DETACHING, /* for the hub's last word */
	SUBSCRIPTION_GONE,      /* the I/O thread knows it no more */
};

struct subscription_command {
	struct command command; /* first */
	struct ch_subscription *subscription;
	void (*act)(struct ch_connection *connection, struct ch_subscription *subscription);
};

/* The acks of one replay job: its sequences are not the subscription's. */
struct subscription_job {
	struct subscription_job *next;
	char name[LIMIT_NAME_BYTES + 1];
	struct ledger ledger;
};

struct ch_subscription {
	struct mailbox_node answer_node;  /* first; in connection->answers */
	struct ch_connection *connection; /* a reference */

	/* Set once, before the I/O thread sees it. */
	struct subscribe wish; /* texts in the arena */
	struct arena texts;
	bool takes_acks;
	uint32_t credit;
	bool delete; /* the detach command forgets it; set before that is posted */
	struct subscription_command attach;
	struct subscription_command detach;
	struct subscription_command drain;
	struct subscription_command forget;

	/* From the I/O thread to the taker. */
	struct mailbox inbox;
	_Atomic uint32_t epoch; /* attachments; parcels of an older one are void */
	_Atomic uint32_t queued;
	_Atomic uint32_t ended; /* ch_status that next gives at once, whatever is queued */

	/* The taker's. */
	struct mailbox_node *rest; /* taken from the inbox, not yet looked at */
	struct parcel *parcel;     /* being read */
	struct deliver walk;
	struct ch_delivery delivery;
	uint32_t walk_epoch;        /* of the parcel read last */
	uint64_t skipping;          /* a group that comes again and is known; 0: none */
	uint32_t snapshot_epoch;    /* in which snapshot records came last */
	const struct ch_mark *mark; /* in the parcel, or our own */
	bool held;                  /* `delivery` waits behind a mark of our own */
	uint32_t taken;             /* deliveries of this parcel */
	uint32_t consumed;          /* deliveries without acks since the last grant */
	enum ch_status after;       /* what next says from now on */

	/* Guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum subscription_state state;
	enum ch_status status; /* why it is gone */
	char detail[ERROR_DETAIL_BYTES];
	struct ledger ledger;
	struct subscription_job *jobs;
	uint64_t refused; /* a group that was refused before all of it was taken; 0: none */
	bool posted;      /* in connection->answers, or deferred */
	bool drained;     /* the hub has sent the last one */
	bool drain_posted;
	uint32_t grant; /* deliveries to be granted */
	struct subscribed subscribed;
	bool was_attached;
	unsigned commands; /* posted and not yet run */

	/* The I/O thread's. */
	bool deferred;     /* has answers that wait for company */
	int64_t told_us;   /* when it last told the hub */
	int64_t attach_us; /* when to try attaching again; 0: not */
	bool asked;        /* SUBSCRIBE is on its way */
	bool draining;
	bool snapshot_done;
	uint64_t incarnation; /* at the last attachment */
};

/* Why it is gone, with the detail set; CH_OK while it is not. */
enum ch_status subscription_status(struct ch_subscription *subscription);

/* How many acks are worth a message before a millisecond has passed. */
static inline uint32_t subscription_plenty(const struct ch_subscription *subscription)
{
	return subscription->credit / 4 > 0 ? subscription->credit / 4 : 1;
}

#endif
