/* Replay jobs: a stretch of history delivered again to one subscription.  A job has a cursor of its own,
 * so the subscription's stays where it is; deliveries name the job, and so do their acks.  It goes on
 * while somebody is attached, across restarts of the hub.  What fails in it for good becomes a dead letter
 * of the subscription.
 *
 * Its place is written down, what was settled out of turn is not: after a crash a little more comes
 * again than of a subscription. */
#ifndef FANOUT_JOB_H
#define FANOUT_JOB_H

#include "fanout/inside.h"

struct job_wish {
	uint64_t first;
	uint64_t last;
	const struct subscribe_filter *filter;
	double rate;
	double speed;
	const char *actor;
};

/* Starts one.  CH_FULL: too many of this subscription or in all; CH_NOMEM. */
enum ch_status job_create(
	struct subscription *subscription, const struct job_wish *wish, struct job **out_job);

/* Takes up what the desk holds; the subscriptions are there.  CH_CORRUPT, CH_NOMEM, CH_IO. */
enum ch_status job_load_all(struct fanout *fanout);

/* Frees what is in memory. */
void job_free_all(struct fanout *fanout);

/* Of those that have not ended; NULL. */
struct job *job_find(const struct subscription *subscription, struct slice id);

/* Its subscription was attached, and left. */
void job_attach(struct job *job);
void job_rest(struct job *job);

/* Whether it has something to deliver now, as far as its state goes. */
bool job_runs(const struct job *job);

/* How many parts of it may be out at once, of the subscription's window. */
int64_t job_share(const struct job *job);

/* Something of it was settled: perhaps it is done. */
void job_settle(struct job *job);

/* It has ended; the subscription knows it no more. */
void job_end(struct job *job, enum job_state state);

/* Its row, into the folio. */
void job_write(struct job *job);

/* As administrators see it. */
void job_info(const struct job *job, struct replay_info *out_info);

#endif
