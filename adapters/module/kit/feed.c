#include "module/kit/feed_inside.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "base/log.h"
#include "module/kit/book_inside.h"
#include "module/kit/people_inside.h"
#include "module/kit/voice_inside.h"

/* How long the hub may wait for an acknowledgement: a batch that follows a report's long view, or a full disk.
 * And it never sets an event aside for our being slow. */
#define ACK_WAIT_MS  600000u
#define MAX_ATTEMPTS 1000u /* as many as a hub grants */

/* Tries of one batch whose transaction found the map full: each time it is twice as large. */
#define TRIES_MAX 16

/* Groups are kept whole; so many parts a group may have beside the input. */
#define GROUP_PARTS_MAX (2u * LIMIT_DERIVED_PER_EVENT + 2u)

struct feed {
	struct feed_options options;
	char *name; /* of options: settings may be taken over */
	struct ch_subscription *subscription;
	struct feed_state state; /* as of the last commit */
	bool live;
	bool caught_up; /* said by the hub behind what was taken, and not noted yet */

	/* What was taken: whole groups, then the parts of one that is not complete. */
	struct ch_delivery **taken;
	uint32_t capacity;
	uint32_t count;
	uint32_t whole; /* deliveries of whole groups: the first so many */
	uint64_t gap_first;
	uint64_t gap_last; /* 0: no gap follows what was taken */
};

/* ---- Making ---- */

/* One transaction around a step of ours; `step` may find that it must be done again. */
static enum ch_status feed_change(
	struct feed *feed, enum ch_status (*step)(struct feed *feed, struct book_txn *txn))
{
	enum ch_status status = CH_RETRY;
	for (int tries = 0; status == CH_RETRY && tries < TRIES_MAX; tries++) {
		struct book_txn *txn = NULL;
		status = book_begin(feed->options.book, true, &txn);
		if (status != CH_OK)
			break;
		enum ch_status stepped = step(feed, txn);
		if (stepped != CH_OK)
			book_fail(txn, stepped);
		status = book_commit(txn);
	}
	return status == CH_RETRY ? CH_FULL : status;
}

static enum ch_status feed_look(struct feed *feed, struct book_txn *txn)
{
	return feed_state_read(txn, &feed->state);
}

static enum ch_status feed_begin(struct feed *feed, struct book_txn *txn)
{
	enum ch_status status = feed_look(feed, txn);
	if (status == CH_OK && feed->state.begun_us == 0) {
		feed->state.begun_us = clock_wall_us();
		feed_state_write(txn, &feed->state);
	}
	return status == CH_OK ? router_begin(feed->options.router, txn) : status;
}

enum ch_status feed_look_again(struct feed *feed)
{
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(feed->options.book, false, &txn);
	if (status != CH_OK)
		return status;
	status = feed_look(feed, txn);
	book_abort(txn);
	return status;
}

enum ch_status feed_create(const struct feed_options *options, struct feed **out_feed)
{
	enum ch_status status = CH_NOMEM;
	struct feed *feed = calloc(1, sizeof(*feed));
	if (feed == NULL)
		goto out;
	feed->options = *options;
	feed->capacity = options->batch + GROUP_PARTS_MAX;
	feed->name = strdup(options->name);
	feed->options.name = feed->name;
	feed->taken = calloc(feed->capacity, sizeof(struct ch_delivery *));
	if (feed->name == NULL || feed->taken == NULL)
		goto out;
	status = feed_change(feed, feed_begin);
	if (status != CH_OK)
		goto out;
	*out_feed = feed;
	feed = NULL; /* the caller's now */
out:
	feed_free(feed);
	return status;
}

enum ch_status feed_reroute(struct feed *feed, struct router *router)
{
	feed->options.router = router;
	return feed_change(feed, feed_begin);
}

/* Those from `from` on are gone. */
static void feed_drop(struct feed *feed, uint32_t from)
{
	for (uint32_t i = from; i < feed->count; i++)
		ch_delivery_free(feed->taken[i]);
	feed->count = from;
}

static void feed_detach(struct feed *feed)
{
	feed_drop(feed, 0);
	feed->whole = 0;
	feed->gap_last = 0;
	feed->caught_up = false;
	feed->live = false;
	/* Whatever comes back: the hub detaches by itself when the session ends. */
	(void)ch_subscription_close(feed->subscription, 1000);
	feed->subscription = NULL;
}

void feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	feed_detach(feed);
	free(feed->taken);
	free(feed->name);
	free(feed);
}

bool feed_is_attached(const struct feed *feed)
{
	return feed->subscription != NULL;
}

bool feed_is_live(const struct feed *feed)
{
	return feed->live;
}

const struct feed_state *feed_state_now(const struct feed *feed)
{
	return &feed->state;
}

/* ---- Attaching ---- */

/* The journal is another one, or the book new: nothing of it counts. */
static enum ch_status feed_wipe(struct feed *feed, struct book_txn *txn)
{
	voice_keep_ids(txn);
	book_wipe(txn);
	return book_status(txn) == CH_OK ? feed_begin(feed, txn) : book_status(txn);
}

static enum ch_status feed_subscribe(
	struct feed *feed, bool anew, int64_t timeout_ms, struct ch_subscription **out_subscription)
{
	const char *topics[LIMIT_FILTER_PATTERNS];
	const struct module *module = feed->options.module;
	size_t count = 0;
	invariant(module->topic_count < LIMIT_FILTER_PATTERNS);
	topics[count++] = PEOPLE_TOPIC;
	for (size_t i = 0; i < module->topic_count; i++) {
		if (strcmp(module->topics[i], PEOPLE_TOPIC) != 0)
			topics[count++] = module->topics[i];
	}
	struct ch_subscribe_options wish = {
		.size = CH_SUBSCRIBE_SIZE,
		.name = feed->options.name,
		.types = topics,
		.type_count = count,
		.from = CH_FROM_EARLIEST,
		.update = true,
		.credit = 2 * feed->options.batch < LIMIT_INFLIGHT_PER_SUB ? 2 * feed->options.batch
									   : LIMIT_INFLIGHT_PER_SUB,
		.ack_wait_ms = ACK_WAIT_MS,
		.max_attempts = MAX_ATTEMPTS,
	};
	if (!anew) {
		wish.position = feed->state.position;
		wish.position_incarnation = feed->state.incarnation;
	}
	return ch_subscribe(feed->options.connection, &wish, timeout_ms, out_subscription);
}

/* The hub forgets the cursor of an earlier life, so that the subscription begins at the earliest event that
 * is kept. */
static enum ch_status feed_subscribe_anew(
	struct feed *feed, int64_t timeout_ms, struct ch_subscription **out_subscription)
{
	struct ch_subscription_info info;
	struct ch_subscription *subscription = NULL;
	enum ch_status status = feed_subscribe(feed, true, timeout_ms, &subscription);
	if (status != CH_OK)
		return status;
	ch_subscription_info(subscription, &info);
	if (info.generation > 1) {
		status = ch_subscription_delete(subscription, timeout_ms);
		subscription = NULL;
		if (status == CH_OK)
			status = feed_subscribe(feed, true, timeout_ms, &subscription);
	}
	if (status == CH_OK)
		*out_subscription = subscription;
	return status;
}

/* A new beginning: what the journal no longer has is missing from the book for ever. */
static enum ch_status feed_note_beginning(struct feed *feed, struct book_txn *txn)
{
	struct ch_info hub;
	struct ch_subscription_info info;
	struct feed_state state = feed->state;
	enum ch_status status = ch_connection_info(feed->options.connection, &hub);
	if (status != CH_OK)
		return status;
	ch_subscription_info(feed->subscription, &info);
	feed_note_gap(txn, &state, state.position + 1, info.cursor);
	state.incarnation = hub.incarnation;
	if (info.cursor > state.position)
		state.position = info.cursor;
	feed_state_write(txn, &state);
	feed->state = state;
	return CH_OK;
}

static void feed_log(const struct feed *feed, const char *event, const char *why)
{
	log_warning(event, "module=%s position=%" PRIu64 " incarnation=%" PRIx64 " why=%s",
		feed->options.module->program, feed->state.position, feed->state.incarnation, why);
}

static enum ch_status feed_reset(struct feed *feed)
{
	feed_log(feed, "module.reset", "another_journal");
	feed_detach(feed);
	return feed_change(feed, feed_wipe);
}

enum ch_status feed_attach(struct feed *feed, int64_t timeout_ms)
{
	bool anew = feed->state.incarnation == 0;
	enum ch_status status;
	if (!anew) {
		status = feed_subscribe(feed, false, timeout_ms, &feed->subscription);
		if (status == CH_RESET) {
			status = feed_reset(feed);
			if (status != CH_OK)
				return status;
			anew = true;
		} else if (status == CH_GAP) {
			feed_log(feed, "module.gap", "history_is_gone");
			anew = true;
		} else if (status != CH_OK) {
			return status;
		}
	}
	if (anew) {
		status = feed_subscribe_anew(feed, timeout_ms, &feed->subscription);
		if (status == CH_OK)
			status = feed_change(feed, feed_note_beginning);
		if (status != CH_OK) {
			feed_detach(feed);
			return status;
		}
	}
	log_info("module.attached", "module=%s position=%" PRIu64 " rebuilding=%s",
		feed->options.module->program, feed->state.position,
		feed->state.caught_up ? "no" : "yes");
	return CH_OK;
}

/* ---- Taking ---- */

/* Sequences up to here are in the book, or taken. */
static uint64_t feed_reached(const struct feed *feed)
{
	return feed->whole > 0 ? feed->taken[feed->whole - 1]->sequence : feed->state.position;
}

/* CH_END: it begins a group while another one is not complete, which the hub starts over. */
static enum ch_status feed_keep(struct feed *feed, const struct ch_delivery *delivery)
{
	if (delivery->mode == CH_REPLAY || delivery->sequence <= feed_reached(feed)) {
		/* It is in the book. */
		(void)ch_ack(feed->subscription, delivery); /* else it comes again */
		return CH_OK;
	}
	if (delivery->part == 0)
		feed_drop(feed, feed->whole);
	if (feed->count == feed->capacity)
		return CH_TOO_LARGE; /* no hub of ours makes such a group */
	enum ch_status status = ch_delivery_keep(delivery, &feed->taken[feed->count]);
	if (status != CH_OK)
		return status;
	feed->count++;
	if (delivery->last)
		feed->whole = feed->count;
	return CH_OK;
}

/* True: what was taken is to be folded before anything else comes. */
static bool feed_take_mark(struct feed *feed, const struct ch_mark *mark)
{
	if (mark->job[0] != 0)
		return false;
	switch (mark->what) {
	case CH_MARK_CAUGHT_UP:
		feed->caught_up = true;
		return true;
	case CH_MARK_GAP:
		feed->gap_first = mark->first;
		feed->gap_last = mark->last;
		return true;
	default:
		return false;
	}
}

/* An operator's move and another history: the attachment is not where the book is.  The latter shows itself at
 * the next attach, by its incarnation. */
static bool feed_is_elsewhere(const struct ch_mark *mark)
{
	return mark->job[0] == 0 && (mark->what == CH_MARK_RESET || mark->what == CH_MARK_MOVED);
}

enum ch_status feed_take(struct feed *feed, int64_t timeout_ms)
{
	const struct ch_delivery *delivery = NULL;
	struct ch_mark mark;
	enum ch_status status = CH_OK;
	bool enough = feed->whole > 0 || feed->caught_up || feed->gap_last != 0;
	while (!enough) {
		/* Wait for the first; then take what is there, and the rest of a group that has begun. */
		bool wait = feed->whole == 0 || feed->count > feed->whole;
		status = ch_subscription_next(
			feed->subscription, wait ? timeout_ms : 0, &delivery, &mark);
		if (status != CH_OK)
			break;
		if (delivery == NULL && feed_is_elsewhere(&mark)) {
			status = CH_RESET;
			break;
		}
		if (delivery == NULL)
			enough = feed_take_mark(feed, &mark);
		else
			status = feed_keep(feed, delivery);
		if (status != CH_OK)
			break;
		enough |= feed->whole >= feed->options.batch;
	}
	if (status != CH_OK && status != CH_TIMEOUT) {
		feed_detach(feed);
		return status;
	}
	return feed->whole > 0 || feed->caught_up || feed->gap_last != 0 ? CH_OK : CH_TIMEOUT;
}

/* ---- Folding ---- */

static enum ch_status feed_fold_taken(struct feed *feed, struct book_txn *txn)
{
	struct feed_state state = feed->state;
	struct router *router = feed->options.router;
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < feed->whole && status == CH_OK; i++) {
		status = router_fold(router, txn, feed->taken[i], feed->live, &state);
		state.position = feed->taken[i]->sequence;
	}
	if (feed->gap_last != 0) {
		uint64_t first =
			feed->gap_first > state.position ? feed->gap_first : state.position + 1;
		feed_note_gap(txn, &state, first, feed->gap_last);
		if (feed->gap_last > state.position)
			state.position = feed->gap_last;
	}
	state.caught_up |= feed->caught_up;
	if (status == CH_OK)
		status = router_settle(router, txn, feed->live || feed->caught_up);
	feed_state_write(txn, &state);
	return status;
}

/* All that was folded is void: so is what the parts remember of it. */
static enum ch_status feed_undo(struct feed *feed)
{
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(feed->options.book, false, &txn);
	if (status != CH_OK)
		return status;
	status = router_begin(feed->options.router, txn);
	book_abort(txn);
	return status;
}

static enum ch_status feed_commit(struct feed *feed)
{
	enum ch_status status = CH_RETRY;
	for (int tries = 0; status == CH_RETRY && tries < TRIES_MAX; tries++) {
		struct book_txn *txn = NULL;
		status = book_begin(feed->options.book, true, &txn);
		if (status != CH_OK)
			return status;
		(void)feed_fold_taken(feed, txn); /* what it fails with sticks in the transaction */
		status = book_commit(txn);
		if (status != CH_OK) {
			enum ch_status undone = feed_undo(feed);
			if (undone != CH_OK && status == CH_RETRY)
				status = undone;
		}
	}
	return status == CH_RETRY ? CH_FULL : status;
}

enum ch_status feed_fold(struct feed *feed)
{
	struct ch_info hub;
	/* A restored hub may have come back in the middle of what was taken: whatever it gave since then has the
	 * sequences of another history. */
	enum ch_status status = ch_connection_info(feed->options.connection, &hub);
	if (status != CH_OK || hub.incarnation != feed->state.incarnation) {
		status = feed_reset(feed);
		return status == CH_OK ? CH_RESET : status;
	}
	status = feed_commit(feed);
	if (status == CH_OK)
		status = feed_look_again(feed);
	if (status != CH_OK)
		return status;
	for (uint32_t i = 0; i < feed->whole; i++) {
		(void)ch_ack(feed->subscription, feed->taken[i]); /* else it comes again */
		ch_delivery_free(feed->taken[i]);
	}
	/* The beginning of a group that is not complete. */
	for (uint32_t i = feed->whole; i < feed->count; i++)
		feed->taken[i - feed->whole] = feed->taken[i];
	feed->count -= feed->whole;
	feed->whole = 0;
	feed->gap_last = 0;
	if (feed->caught_up && !feed->live) {
		feed->live = true;
		log_info("module.live", "module=%s position=%" PRIu64 " events=%" PRIu64,
			feed->options.module->program, feed->state.position, feed->state.events);
	}
	feed->caught_up = false;
	return CH_OK;
}
