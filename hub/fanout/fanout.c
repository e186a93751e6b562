/* The fan-out thread.  One round:
 *
 *     1. what others said    commands, acks, rights, word from the clerk
 *     2. what is due         redeliveries, paces, time-outs
 *     3. what is new         taken up and encoded once, for all who are live
 *     4. turns               all urgent ones, then one that catches up, then look again
 *     5. the desk            a folio, when one is due and the clerk is free
 *
 * It sleeps when there is nothing to do, and is woken by a command or by the writer (fanout_wake).
 *
 * Cursors are written down within DESK_US of an ack, all in one transaction, by the clerk; deliveries do
 * not wait for that.  What must not be lost is waited for: a subscriber hears SUBSCRIBED when his cursor is
 * on the disk, DETACHED when his last ack is, an administrator his answer when the change is. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "fanout/attachment.h"
#include "fanout/errand.h"
#include "fanout/job.h"
#include "fanout/keeping.h"
#include "fanout/plan.h"
#include "fanout/sending.h"
#include "fanout/subscription.h"
#include "fanout/sweep.h"
#include "fanout/turn.h"

#define ACK_WAIT_MS    30000u
#define MAX_ATTEMPTS   10u
#define MAX_LAG_EVENTS UINT64_C(100000000)

#define TICK_US       100000  /* time-outs are judged so often, while anything is out   */
#define FINISH_US     1000000 /* the clerk is waited for so long at a time, at the end */
#define TAKE_MOST     512u    /* entries taken up in one round                            */
#define DELIVER_MOST  512u    /* tasks of the loop thread in one call                     */
#define URGENT_ROUNDS 64u     /* turns of urgent ones before one of those that catch up   */

/* ---- Time ---- */

int64_t fanout_steady_us(const struct fanout *fanout)
{
	return fanout->options.steady_us != NULL ? fanout->options.steady_us() : clock_steady_us();
}

int64_t fanout_wall_us(const struct fanout *fanout)
{
	return fanout->options.wall_us != NULL ? fanout->options.wall_us() : clock_wall_us();
}

void fanout_set_alarm(struct fanout *fanout, struct alarm *alarm, int64_t due_us)
{
	heap_remove(&fanout->alarms, &alarm->item);
	alarm->item.due_us = due_us;
	/* Without memory for the heap it rings at once: in vain, but it is not forgotten. */
	if (heap_push(&fanout->alarms, &alarm->item) != CH_OK)
		alarm->ring(alarm);
}

void fanout_clear_alarm(struct fanout *fanout, struct alarm *alarm)
{
	heap_remove(&fanout->alarms, &alarm->item);
}

/* ---- Queues ---- */

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void queue_add(struct queue *queue, struct subscription *subscription)
{
	subscription->queued = true;
	subscription->next_queued = NULL;
	*queue->last = subscription;
	queue->last = &subscription->next_queued;
}

static struct subscription *queue_take(struct queue *queue)
{
	struct subscription *subscription = queue->first;
	if (subscription == NULL)
		return NULL;
	queue->first = subscription->next_queued;
	if (queue->first == NULL)
		queue->last = &queue->first;
	subscription->queued = false;
	return subscription;
}

static void queue_drop(struct queue *queue, const struct subscription *subscription)
{
	struct subscription **at = &queue->first;
	while (*at != NULL && *at != subscription)
		at = &(*at)->next_queued;
	if (*at == NULL)
		return;
	*at = subscription->next_queued;
	if (*at == NULL)
		queue->last = at;
}

void fanout_schedule(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	if (subscription->queued || subscription->phase <= PHASE_OPENING)
		return;
	queue_add(
		subscription->phase >= PHASE_LIVE ? &fanout->urgent : &fanout->bulk, subscription);
}

/* ---- The newest ---- */

void fanout_follow(struct fanout *fanout, uint64_t next)
{
	if (fanout->followers++ == 0 && !fanout->tapped)
		recent_follow(fanout->recent, next);
}

void fanout_unfollow(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	if (subscription->phase != PHASE_LIVE)
		return;
	subscription->phase = PHASE_CATCH_UP;
	if (--fanout->followers == 0 && !fanout->tapped)
		recent_rest(fanout->recent);
}

/* The live port's listeners follow, too. */
static void fanout_tap(struct fanout *fanout)
{
	bool wanted = tap_is_wanted(&fanout->tap);
	if (wanted == fanout->tapped)
		return;
	fanout->tapped = wanted;
	if (fanout->followers > 0)
		return;
	if (wanted)
		recent_follow(fanout->recent, fanout->head + 1);
	else
		recent_rest(fanout->recent);
}

static bool fanout_is_behind(const struct fanout *fanout)
{
	return recent_next(fanout->recent) <= fanout->head;
}

/* No further than the head, though the journal may be: a turn that finds entries beyond it ends as caught
 * up, and as they are taken up already nobody would be scheduled for them again.  True when there is more
 * to take up. */
static bool fanout_take_up(struct fanout *fanout)
{
	uint64_t before = recent_next(fanout->recent);
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < TAKE_MOST && status == CH_OK && fanout_is_behind(fanout); i++) {
		status = recent_advance(fanout->recent);
		if (status == CH_GAP)
			status =
				CH_OK; /* who is live falls behind, and is told by his own reader */
		else if (status == CH_OK && fanout->tapped &&
			 recent_get(fanout->recent, recent_next(fanout->recent) - 1,
				 &fanout->looked) == CH_OK)
			tap_add(&fanout->tap, &fanout->looked);
	}
	tap_flush(&fanout->tap);
	if (recent_next(fanout->recent) != before) {
		for (struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
			if (s->phase == PHASE_LIVE)
				fanout_schedule(s);
		}
	}
	/* What cannot be read now (CH_IO, CH_NOMEM) is tried with the next round. */
	return status == CH_OK && fanout_is_behind(fanout);
}

enum ch_status fanout_look(struct fanout *fanout, uint64_t sequence, struct group **out_group)
{
	struct journal_entry entry;
	enum ch_status status = CH_OK;
	*out_group = &fanout->looked;
	if (sequence >= recent_first(fanout->recent) && sequence < recent_next(fanout->recent))
		return recent_get(fanout->recent, sequence, &fanout->looked);
	if (sequence > fanout->head)
		return CH_END;
	if (reader_position(fanout->look) != sequence)
		status = reader_seek(fanout->look, sequence);
	if (status == CH_OK)
		status = reader_next(fanout->look, &entry);
	if (status == CH_OK)
		status = group_read(&fanout->looked, &entry);
	fanout->look_on = true;
	return status == CH_FORMAT || status == CH_VERSION ? CH_GAP : status;
}

/* ---- Forgetting ---- */

void fanout_forget(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	if (subscription->queued) {
		queue_drop(&fanout->urgent, subscription);
		queue_drop(&fanout->bulk, subscription);
	}
	fanout_clear_alarm(fanout, &subscription->again);
	keeping_forget(subscription);
}

/* ---- What is due ---- */

static void fanout_fire(struct fanout *fanout)
{
	struct heap_item *item;
	while ((item = heap_top(&fanout->timers)) != NULL && item->due_us <= fanout->now_us) {
		struct pending *pending = (struct pending *)(void *)heap_pop(&fanout->timers);
		cursor_fire(pending->cursor, pending);
		fanout->tick_us = 0; /* whose it is, the tick finds out */
	}
	while ((item = heap_top(&fanout->alarms)) != NULL && item->due_us <= fanout->now_us) {
		struct alarm *alarm = (struct alarm *)(void *)heap_pop(&fanout->alarms);
		alarm->ring(alarm);
	}
}

static void fanout_tick_one(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	struct job *next;
	/* What may not even have reached the subscriber cannot be late. */
	if (!sending_has_room(subscription->consumer))
		return;
	cursor_tick(&subscription->cursor, fanout->now_us);
	bool ready = cursor_ready(&subscription->cursor) != NULL;
	for (struct job *job = subscription->jobs; job != NULL; job = next) {
		next = job->next; /* it may end */
		cursor_tick(&job->cursor, fanout->now_us);
		ready |= cursor_ready(&job->cursor) != NULL;
		job_settle(job);
	}
	if (ready)
		fanout_schedule(subscription);
}

/* Several times a second while anything is out. */
static void fanout_tick(struct fanout *fanout)
{
	fanout->tick_us = fanout->now_us + TICK_US;
	for (struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
		if (s->phase > PHASE_OPENING)
			fanout_tick_one(s);
	}
}

/* ---- Turns ---- */

static void fanout_take_turn(struct subscription *subscription)
{
	if (turn_take(subscription))
		fanout_schedule(subscription);
}

/* True when somebody has more to do. */
static bool fanout_take_turns(struct fanout *fanout)
{
	struct subscription *subscription;
	/* Those that are live first, and then one of those that are not, so that nobody waits for ever and
	 * what is new does not wait for what is old. */
	for (uint32_t i = 0; i < URGENT_ROUNDS; i++) {
		subscription = queue_take(&fanout->urgent);
		if (subscription == NULL)
			break;
		fanout_take_turn(subscription);
	}
	subscription = queue_take(&fanout->bulk);
	if (subscription != NULL)
		fanout_take_turn(subscription);
	return fanout->urgent.first != NULL || fanout->bulk.first != NULL;
}

/* ---- The thread ---- */

static bool fanout_anything_out(const struct fanout *fanout)
{
	for (const struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
		if (s->phase <= PHASE_OPENING)
			continue;
		if (s->cursor.out_parts > 0)
			return true;
		for (const struct job *job = s->jobs; job != NULL; job = job->next) {
			if (job->cursor.out_parts > 0)
				return true;
		}
	}
	return false;
}

static void fanout_sooner(int64_t *due_us, int64_t other_us)
{
	if (other_us < *due_us)
		*due_us = other_us;
}

/* How long there is nothing to do. */
static int64_t fanout_patience_us(struct fanout *fanout)
{
	int64_t due_us = fanout->sweep_us; /* those who sleep lag all the same */
	if (clerk_is_free(fanout->clerk) && !fanout->broken)
		fanout_sooner(&due_us, fanout->write_us);
	if (fanout->retry_us != 0)
		fanout_sooner(&due_us, fanout->retry_us);
	if (heap_top(&fanout->timers) != NULL)
		fanout_sooner(&due_us, heap_top(&fanout->timers)->due_us);
	if (heap_top(&fanout->alarms) != NULL)
		fanout_sooner(&due_us, heap_top(&fanout->alarms)->due_us);
	if (fanout_anything_out(fanout))
		fanout_sooner(&due_us, fanout->tick_us);
	return due_us > fanout->now_us ? due_us - fanout->now_us : 0;
}

static void fanout_run_tasks(struct mailbox_node *node)
{
	while (node != NULL) {
		struct task *task = task_of(node);
		node = node->next;
		task->run(task);
	}
}

/* Nobody waits for what is new: the writer takes it that we know already and wakes nobody, since on few
 * cores a wake-up is taken from those who wait for receipts.  True when somebody has begun to wait, and the
 * head is to be looked at once more. */
static bool fanout_rest(struct fanout *fanout)
{
	bool follows = fanout->followers > 0 || fanout->tapped;
	if (follows && fanout->resting) {
		fanout->resting = false;
		atomic_store(&fanout->woken, false); /* the head is looked at after this */
		return true;
	}
	/* Where it is set already, word is on its way. */
	if (!follows && !fanout->resting)
		fanout->resting = !atomic_exchange(&fanout->woken, true);
	return false;
}

/* True when there is more to do at once. */
static bool fanout_round(struct fanout *fanout, struct mailbox_node *node)
{
	fanout->now_us = fanout_steady_us(fanout);
	/* As new as what anybody has asked, and then as new as what anybody was woken for. */
	fanout->head = journal_head(fanout->options.journal);
	fanout_run_tasks(node);
	fanout->head = journal_head(fanout->options.journal);
	fanout_fire(fanout);
	if (fanout->now_us >= fanout->tick_us)
		fanout_tick(fanout);
	if (fanout->now_us >= fanout->sweep_us)
		sweep_all(fanout);
	fanout_tap(fanout);
	bool more = false;
	if (fanout->followers > 0 || fanout->tapped)
		more = fanout_take_up(fanout);
	more |= fanout_take_turns(fanout);
	more |= plan_take_turn(fanout);
	keeping_serve(fanout);
	return fanout_rest(fanout) || more;
}

/* Everything is written down that can be. */
static void fanout_finish(struct fanout *fanout)
{
	plan_end_all(fanout);
	fanout->write_us = 0;
	for (;;) {
		fanout->now_us = fanout_steady_us(fanout);
		keeping_serve(fanout);
		bool clean = clerk_is_free(fanout->clerk) && fanout->dirty == NULL &&
			     !fanout->jobs_dirty && !clerk_has_work(fanout->clerk) &&
			     fanout->laters == NULL;
		if (clean || fanout->broken || fanout->retry_us != 0)
			break;
		fanout_run_tasks(mailbox_wait(&fanout->inbox, FINISH_US));
	}
	fanout->unwritten = fanout->laters != NULL;
	while (fanout->laters != NULL) {
		struct later *later = fanout->laters;
		fanout->laters = later->next;
		later->run(later);
	}
	sweep_publish(fanout);
}

static void *fanout_main(void *context)
{
	struct fanout *fanout = context;
	bool more = true;
	(void)pthread_setname_np(pthread_self(), "fanout"); /* for whoever looks at the threads */
	while (!fanout->stopping) {
		struct mailbox_node *node =
			more ? mailbox_take(&fanout->inbox)
			     : mailbox_wait(&fanout->inbox, fanout_patience_us(fanout));
		more = fanout_round(fanout, node);
	}
	fanout_finish(fanout);
	return NULL;
}

/* ---- Life ---- */

static void fanout_run_wake(struct task *task)
{
	struct fanout *fanout =
		(struct fanout *)(void *)((char *)task - offsetof(struct fanout, wake));
	atomic_store(&fanout->woken, false); /* the head is looked at after this */
}

static void fanout_run_tap(struct task *task)
{
	struct fanout *fanout =
		(struct fanout *)(void *)((char *)task - offsetof(struct fanout, wake_tap));
	atomic_store(&fanout->woken_tap, false); /* the tap is looked at after this */
}

void fanout_wake(struct fanout *fanout)
{
	if (!atomic_exchange(&fanout->woken, true))
		(void)mailbox_post(&fanout->inbox, &fanout->wake.node); /* open until fanout_stop */
}

static void fanout_run_stop(struct task *task)
{
	struct fanout *fanout =
		(struct fanout *)(void *)((char *)task - offsetof(struct fanout, stop));
	fanout->stopping = true;
}

void fanout_post(struct fanout *fanout, struct task *task)
{
	(void)mailbox_post(
		&fanout->outbox, &task->node); /* open until fanout_stop has emptied it */
}

static void fanout_free(struct fanout *fanout)
{
	if (fanout == NULL)
		return;
	job_free_all(fanout);
	while (fanout->subscriptions != NULL)
		subscription_free(fanout->subscriptions);
	recent_free(fanout->recent);
	tap_fini(&fanout->tap);
	reader_close(fanout->look);
	group_fini(&fanout->group);
	group_fini(&fanout->looked);
	table_fini(&fanout->names);
	table_fini(&fanout->jobs);
	heap_fini(&fanout->timers);
	heap_fini(&fanout->alarms);
	mailbox_fini(&fanout->inbox);
	mailbox_fini(&fanout->outbox);
	(void)pthread_mutex_destroy(&fanout->lock);
	free(fanout);
}

static struct fanout *fanout_create(const struct fanout_options *options)
{
	struct fanout *fanout = calloc(1, sizeof(*fanout));
	if (fanout == NULL)
		return NULL;
	fanout->options = *options;
	if (fanout->options.ack_wait_ms == 0)
		fanout->options.ack_wait_ms = ACK_WAIT_MS;
	if (fanout->options.max_attempts == 0)
		fanout->options.max_attempts = MAX_ATTEMPTS;
	if (fanout->options.max_lag_events == 0)
		fanout->options.max_lag_events = MAX_LAG_EVENTS;
	mailbox_init(&fanout->inbox, NULL, NULL);
	mailbox_init(&fanout->outbox, options->ready, options->context);
	(void)pthread_mutex_init(&fanout->lock, NULL); /* cannot fail without attributes */
	fanout->wake.run = fanout_run_wake;
	fanout->wake_tap.run = fanout_run_tap;
	fanout->stop.run = fanout_run_stop;
	fanout->laters_last = &fanout->laters;
	fanout->write_us = INT64_MAX;
	fanout->now_us = fanout_steady_us(fanout);
	fanout->head = journal_head(options->journal);
	queue_init(&fanout->urgent);
	queue_init(&fanout->bulk);
	heap_init(&fanout->timers);
	heap_init(&fanout->alarms);
	table_init(&fanout->names);
	table_init(&fanout->jobs);
	group_init(&fanout->group);
	group_init(&fanout->looked);
	tap_init(&fanout->tap, &fanout->outbox, options->live, options->context);
	return fanout;
}

enum ch_status fanout_start(const struct fanout_options *options, struct fanout **out_fanout)
{
	enum ch_status status = CH_NOMEM;
	struct fanout *fanout = fanout_create(options);
	if (fanout == NULL)
		return status;
	const struct clerk_options clerk = {
		.desk = options->desk,
		.replies = &fanout->inbox,
		.settled = keeping_settled,
		.context = fanout,
	};
	status = recent_create(options->journal, &fanout->recent);
	if (status == CH_OK)
		status = reader_open(options->journal, &fanout->look);
	if (status == CH_OK)
		status = clerk_start(&clerk, &fanout->clerk);
	/* The clerk has nothing to do yet: the desk is read here. */
	if (status == CH_OK)
		status = subscription_load_all(fanout);
	if (status == CH_OK)
		status = job_load_all(fanout);
	if (status != CH_OK)
		goto out;
	keeping_set_floor(fanout);
	sweep_publish(fanout);
	if (pthread_create(&fanout->thread, NULL, fanout_main, fanout) != 0) {
		status = CH_NOMEM;
		goto out;
	}
	*out_fanout = fanout;
	fanout = NULL; /* the caller's now */
out:
	if (fanout != NULL)
		clerk_stop(fanout->clerk);
	fanout_free(fanout);
	return status;
}

void fanout_stop(struct fanout *fanout)
{
	if (fanout == NULL)
		return;
	(void)mailbox_post(&fanout->inbox, &fanout->stop.node);
	(void)pthread_join(fanout->thread, NULL);
	clerk_stop(fanout->clerk);
	/* What is left is a wake, or word of a folio that nobody waits for: both lie in what is freed. */
	(void)mailbox_take(&fanout->inbox);
	fanout_run_tasks(fanout->delivering);
	fanout_run_tasks(mailbox_take(&fanout->outbox));
	fanout_free(fanout);
}

/* ---- The loop thread ---- */

void fanout_deliver(struct fanout *fanout)
{
	for (uint32_t i = 0; i < DELIVER_MOST; i++) {
		/* The box calls `ready` for the first that is put into it: so it is left empty. */
		if (fanout->delivering == NULL)
			fanout->delivering = mailbox_take(&fanout->outbox);
		if (fanout->delivering == NULL)
			return;
		struct task *task = task_of(fanout->delivering);
		fanout->delivering = fanout->delivering->next;
		task->run(task);
	}
	fanout->options.ready(fanout->options.context);
}

void fanout_set_live(struct fanout *fanout, bool wanted)
{
	tap_set_wanted(&fanout->tap, wanted);
	if (!atomic_exchange(&fanout->woken_tap, true))
		(void)mailbox_post(&fanout->inbox, &fanout->wake_tap.node); /* as fanout_wake */
}

uint64_t fanout_floor(const struct fanout *fanout)
{
	return atomic_load(&fanout->floor);
}

void fanout_stats(struct fanout *fanout, struct fanout_stats *out_stats)
{
	(void)pthread_mutex_lock(&fanout->lock);
	*out_stats = fanout->published;
	(void)pthread_mutex_unlock(&fanout->lock);
}
