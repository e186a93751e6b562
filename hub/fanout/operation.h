/* What administrators do to subscriptions.  All calls are the loop thread's and return at once; the result
 * comes through a callback out of fanout_deliver, with plain structs that live as long as the callback.
 * What changes anything is written down before its callback runs, and leaves a line in the desk's audit.
 *
 * A call that returns CH_NOMEM has no callback; every other has exactly one, at the latest in
 * fanout_stop (CH_CLOSED). */
#ifndef FANOUT_OPERATION_H
#define FANOUT_OPERATION_H

#include "base/range.h"
#include "fanout/fanout.h"
#include "wire/subscribe.h"

/* ---- Looking ---- */

struct consumer_info {
	const char *name; /* "": ephemeral */
	const char *peer;
	const struct subscribe_filter *filter;
	uint64_t cursor;
	uint64_t head;
	uint64_t lag_events;
	int64_t lag_us;
	uint32_t in_flight;
	uint32_t credit;
	uint64_t delivered;
	uint64_t redelivered;
	uint64_t acked;
	uint64_t failed;
	uint64_t dead_letters;
	uint32_t pending;
	bool attached;
	const char *state; /* "live", "catch-up", "snapshot", "idle", "suspended" */
	uint64_t generation;
	uint32_t max_attempts;
	uint32_t ack_wait_ms;
	uint64_t max_lag_events;
	int64_t answered_us; /* the last ack, wall clock; 0: none */
};

/* One call for each subscription (CH_OK), in order of names, then one with `info` NULL: CH_OK, or
 * CH_NOT_FOUND when a name was given that is none. */
typedef void consumers_done(void *context, enum ch_status status, const struct consumer_info *info);

/* Of one name (empty: all) and one peer (empty: all). */
enum ch_status operation_consumers(struct fanout *fanout, struct slice name, struct slice peer,
	consumers_done *done, void *context);

struct letter_info {
	const char *name;
	uint64_t sequence;
	uint32_t attempts;
	int64_t parked_us;
	uint64_t customer;
	struct slice reason;
	struct slice type;
	struct slice job; /* the replay in which it died; empty: none */
};

/* As consumers_done; `total` is how many there are, listed or not. */
typedef void letters_done(
	void *context, enum ch_status status, const struct letter_info *info, uint64_t total);

/* At most `limit`, which is cut to LIMIT_DEADLETTERS_LISTED (0: that).  An empty name: of all. */
enum ch_status operation_letters(struct fanout *fanout, struct slice name, uint32_t limit,
	letters_done *done, void *context);

/* ---- Changing ---- */

struct operation_result {
	enum ch_status status;
	const char *detail; /* one sentence when it is not CH_OK */
	/* Of a seek. */
	uint64_t old_cursor;
	uint64_t new_cursor;
	int64_t change; /* entries that come again; negative: that are passed over */
	/* Of settling. */
	uint64_t affected;
	bool done; /* false: a dry run */
};

typedef void operation_done(void *context, const struct operation_result *result);

/* Moves a durable cursor, so that the entry at `to` is the next to be delivered.  Who is attached is told
 * by MOVED and has to attach again; what was out is void.  CH_NOT_FOUND; what resolving gives. */
enum ch_status operation_seek(struct fanout *fanout, struct slice actor, struct slice name,
	const struct range_point *to, bool dry_run, operation_done *done, void *context);

/* Forgets a subscription and its dead letters, for ever; its replays are cancelled.  CH_NOT_FOUND. */
enum ch_status operation_delete(struct fanout *fanout, struct slice actor, struct slice name,
	bool dry_run, operation_done *done, void *context);

/* Delivers dead letters again from the first attempt on, or forgets them.  No sequences: all, as far as
 * there is room for them (LIMIT_PENDING_PER_SUB); `affected` says how many.  CH_NOT_FOUND: no such
 * subscription. */
enum ch_status operation_settle(struct fanout *fanout, struct slice actor, struct slice name,
	const uint64_t *sequences, size_t count, bool discard, bool dry_run, operation_done *done,
	void *context);

/* ---- Replay ---- */

struct replay_info {
	const char *job; /* "" for a plan */
	const char *name;
	uint64_t first;
	uint64_t last;
	uint64_t position; /* settled up to here */
	uint64_t delivered;
	uint64_t acked;
	const char *state; /* "planned", "running", "paused", "done", "cancelled" */
	const char *actor;
	int64_t started_us;
	int64_t ended_us;
	double rate;
	double speed;
	uint64_t total;   /* entries in the range */
	uint64_t matched; /* of a plan: those of them that would be delivered */
};

/* `info` is NULL when it is not CH_OK. */
typedef void replay_done(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info);

struct replay_request {
	struct slice name;
	struct range range;
	const struct subscribe_filter *filter; /* narrows the subscription's own; NULL: does not */
	double rate;                           /* events a second; 0: no bound */
	double speed;                          /* times the original pace; 0: not paced so */
	bool dry_run;
};

/* Starts a job, or counts what it would deliver.  CH_NOT_FOUND; CH_END: nothing in the range; CH_FULL:
 * too many jobs or plans; CH_INVALID; what interest_check and resolving give. */
enum ch_status operation_replay(struct fanout *fanout, struct slice actor,
	const struct replay_request *request, replay_done *done, void *context);

/* One call for each job, newest first, then one with `info` NULL. */
enum ch_status operation_replays(struct fanout *fanout, replay_done *done, void *context);

enum replay_action { REPLAY_PAUSE, REPLAY_RESUME, REPLAY_CANCEL };

/* CH_NOT_FOUND; CH_INVALID: it has ended. */
enum ch_status operation_replay_control(struct fanout *fanout, struct slice actor, struct slice job,
	enum replay_action action, replay_done *done, void *context);

/* ---- The desk for others ---- */

/* Runs `use` with the desk to itself, on the clerk's thread, behind all that was written before; then
 * `done`.  CH_CLOSED: it was not run. */
enum ch_status operation_desk(struct fanout *fanout, void (*use)(void *context, struct desk *desk),
	void (*done)(void *context, enum ch_status status), void *context);

#endif
