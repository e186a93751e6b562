/* The clerk: the one thread that touches the desk while the hub runs.
 *
 * What the fan-out wants written is collected in a folio; a folio is one synced transaction for all
 * subscriptions together, so a sync that takes its time delays no delivery.  One folio is with the clerk
 * at a time; while it is, the next one fills. */
#ifndef FANOUT_CLERK_H
#define FANOUT_CLERK_H

#include "fanout/task.h"
#include "store/desk.h"

struct clerk;

struct clerk_options {
	struct desk *desk;
	/* Where word of a folio goes: a mailbox of tasks, taken by the fan-out thread. */
	struct mailbox *replies;
	/* A folio is settled.  The fan-out thread, out of that mailbox.  CH_OK: it is durable.  CH_FULL,
	 * CH_NOMEM: nothing was written, it is kept: clerk_again.  All else: nobody knows. */
	void (*settled)(void *context, uint64_t folio, enum ch_status status);
	void *context;
};

/* Starts the thread.  CH_NOMEM. */
enum ch_status clerk_start(const struct clerk_options *options, struct clerk **out_clerk);

/* Writes what was handed over, stops the thread, frees.  Word of the last folio may be in the mailbox
 * until then: the caller has emptied it, or `settled` is not called.  NULL is fine. */
void clerk_stop(struct clerk *clerk);

/* ---- The fan-out thread ---- */

/* Into the folio that fills; both are copied.  A status that sticks is told when it is settled. */
void clerk_put(struct clerk *clerk, enum desk_table table, struct slice key, struct slice value);
void clerk_delete(struct clerk *clerk, enum desk_table table, struct slice key);

/* Every key that begins with this one. */
void clerk_delete_all(struct clerk *clerk, enum desk_table table, struct slice prefix);

/* The number of the folio that fills: what is put now is durable when it is settled. */
uint64_t clerk_folio(const struct clerk *clerk);

/* Whether anything was put into it. */
bool clerk_has_work(const struct clerk *clerk);

/* Whether the clerk would take it. */
bool clerk_is_free(const struct clerk *clerk);

/* Hands it over; the clerk is free. */
void clerk_submit(struct clerk *clerk);

/* Tries the one that failed once more. */
void clerk_again(struct clerk *clerk);

/* ---- Any thread ---- */

/* Runs a task with the desk to itself, behind everything that was handed over before.  False: the clerk
 * has stopped; the task is still the caller's. */
bool clerk_post(struct clerk *clerk, struct task *task);
struct desk *clerk_desk(struct clerk *clerk); /* for such a task */

#endif
