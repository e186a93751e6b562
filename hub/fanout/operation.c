#include "fanout/operation.h"

#include <stdio.h>
#include <stdlib.h>

#include "fanout/attachment.h"
#include "fanout/errand.h"
#include "fanout/keeping.h"
#include "fanout/plan.h"
#include "fanout/subscription.h"

/* ---- Looking at subscriptions ---- */

struct listed {
	struct consumer_info info;
	char name[LIMIT_NAME_BYTES + 1];
	char peer[LIMIT_NAME_BYTES + 1];
	struct buffer wish;
};

struct list_errand {
	struct errand errand; /* first; its `actor` is the peer that is asked for */
	consumers_done *done;
	void *context;
	struct listed *listed;
	size_t count;
};

static const char *list_state(const struct subscription *subscription)
{
	if (subscription->suspended)
		return "suspended";
	switch (subscription->phase) {
	case PHASE_SNAPSHOT:
		return "snapshot";
	case PHASE_CATCH_UP:
		return "catch-up";
	case PHASE_LIVE:
	case PHASE_ENDED:
		return "live";
	default:
		return "idle";
	}
}

static enum ch_status list_note(struct listed *listed, struct subscription *subscription)
{
	const struct cursor *cursor = &subscription->cursor;
	const struct cursor_settings settings = subscription_settings(subscription);
	int64_t credit = attachment_credit(subscription);
	uint64_t in_flight = cursor->out_parts;
	for (const struct job *job = subscription->jobs; job != NULL; job = job->next)
		in_flight += job->cursor.out_parts;
	memcpy(listed->name, subscription->name, sizeof(listed->name));
	memcpy(listed->peer, subscription->peer, sizeof(listed->peer));
	buffer_append_slice(&listed->wish, buffer_slice(&subscription->wish));
	listed->info = (struct consumer_info){
		.cursor = cursor_floor(cursor),
		.head = subscription->fanout->head,
		.lag_events = subscription_lag(subscription),
		.lag_us = subscription_lag_us(subscription),
		.in_flight = (uint32_t)in_flight,
		.credit = credit > 0 && subscription->phase != PHASE_REST ? (uint32_t)credit : 0,
		.delivered = cursor->counters.delivered,
		.redelivered = cursor->counters.redelivered,
		.acked = cursor->counters.acked,
		.failed = cursor->counters.failed,
		.dead_letters = subscription->letters,
		.pending = (uint32_t)cursor->pendings.count,
		.attached = subscription->phase != PHASE_REST,
		.state = list_state(subscription),
		.generation = subscription->generation,
		.max_attempts = settings.max_attempts,
		.ack_wait_ms = (uint32_t)(settings.ack_wait_us / 1000),
		.max_lag_events = subscription_max_lag(subscription),
		.answered_us = subscription->answered_us,
	};
	return listed->wish.status;
}

static int list_compare(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static void list_work(struct errand *errand)
{
	struct list_errand *list = (struct list_errand *)(void *)errand;
	struct fanout *fanout = errand->fanout;
	list->listed = calloc(fanout->subscription_count + 1, sizeof(*list->listed));
	enum ch_status status = list->listed != NULL ? CH_OK : CH_NOMEM;
	for (struct subscription *s = fanout->subscriptions; s != NULL && status == CH_OK;
		s = s->next) {
		if ((errand->name[0] != 0 && strcmp(errand->name, s->name) != 0) ||
			(errand->actor[0] != 0 && strcmp(errand->actor, s->peer) != 0))
			continue;
		status = list_note(&list->listed[list->count++], s);
	}
	if (status == CH_OK && errand->name[0] != 0 && list->count == 0)
		status = CH_NOT_FOUND;
	if (status != CH_OK) {
		errand_fail(errand, status, "");
		return;
	}
	qsort(list->listed, list->count, sizeof(*list->listed), list_compare);
	errand_answer(errand);
}

static void list_answer(struct errand *errand)
{
	static struct subscribe wish; /* the loop thread's alone */
	struct list_errand *list = (struct list_errand *)(void *)errand;
	const char *field;
	for (size_t i = 0; errand->status == CH_OK && i < list->count; i++) {
		struct listed *listed = &list->listed[i];
		if (subscribe_parse(buffer_slice(&listed->wish), &wish, &field) != CH_OK)
			wish = (struct subscribe){0}; /* it was read when it was set */
		listed->info.name = listed->name;
		listed->info.peer = listed->peer;
		listed->info.filter = &wish.filter;
		list->done(list->context, CH_OK, &listed->info);
	}
	list->done(list->context, errand->status, NULL);
}

static void list_fini(struct errand *errand)
{
	struct list_errand *list = (struct list_errand *)(void *)errand;
	for (size_t i = 0; i < list->count; i++)
		buffer_fini(&list->listed[i].wish);
	free(list->listed);
}

enum ch_status operation_consumers(struct fanout *fanout, struct slice name, struct slice peer,
	consumers_done *done, void *context)
{
	struct list_errand *list = calloc(1, sizeof(*list));
	if (list == NULL)
		return CH_NOMEM;
	list->errand.fanout = fanout;
	list->errand.work = list_work;
	list->errand.answer = list_answer;
	list->errand.fini = list_fini;
	errand_set_name(list->errand.name, name);
	errand_set_name(list->errand.actor, peer);
	list->done = done;
	list->context = context;
	errand_send(&list->errand);
	return CH_OK;
}

/* ---- Moving and forgetting ---- */

struct change_errand {
	struct errand errand; /* first */
	operation_done *done;
	void *context;
	struct range_point to;
	bool dry_run;
	struct operation_result result;
};

static void change_answer(struct errand *errand)
{
	struct change_errand *change = (struct change_errand *)(void *)errand;
	change->result.status = errand->status;
	change->result.detail = errand->detail;
	change->result.done = errand->status == CH_OK && !change->dry_run;
	change->done(change->context, &change->result);
}

static void seek_apply(struct subscription *subscription, uint64_t base)
{
	struct fanout *fanout = subscription->fanout;
	struct group *group;
	int64_t arrival_us = 0;
	if (base > 0 && fanout_look(fanout, base, &group) == CH_OK)
		arrival_us = group->arrival_us;
	subscription_place(subscription, base, arrival_us);
	subscription->snapshot_due = false;
	subscription->reset = false;
	attachment_moved(subscription);
	keeping_touch(subscription, 0);
}

static void seek_work(struct errand *errand)
{
	struct change_errand *change = (struct change_errand *)(void *)errand;
	struct fanout *fanout = errand->fanout;
	struct subscription *subscription = subscription_find(fanout, slice_text(errand->name));
	const struct range_history history = plan_history(fanout);
	uint64_t sequence;
	char detail[64];
	if (subscription == NULL) {
		errand_fail(errand, CH_NOT_FOUND, "no such subscription");
		return;
	}
	enum ch_status status = range_resolve_point(&change->to, &history, &sequence);
	if (status != CH_OK) {
		errand_fail(errand, status, "");
		return;
	}
	change->result.old_cursor = cursor_floor(&subscription->cursor);
	change->result.new_cursor = sequence - 1;
	change->result.change = (int64_t)(change->result.old_cursor - change->result.new_cursor);
	if (change->dry_run) {
		errand_answer(errand);
		return;
	}
	seek_apply(subscription, sequence - 1);
	(void)snprintf(detail, sizeof(detail), "%llu to %llu",
		(unsigned long long)change->result.old_cursor,
		(unsigned long long)change->result.new_cursor);
	keeping_audit(fanout, errand->actor, "seek", errand->name, detail);
	errand_answer_kept(errand);
}

static void delete_work(struct errand *errand)
{
	struct change_errand *change = (struct change_errand *)(void *)errand;
	struct fanout *fanout = errand->fanout;
	struct subscription *subscription = subscription_find(fanout, slice_text(errand->name));
	if (subscription == NULL) {
		errand_fail(errand, CH_NOT_FOUND, "no such subscription");
		return;
	}
	change->result.old_cursor = cursor_floor(&subscription->cursor);
	if (change->dry_run) {
		errand_answer(errand);
		return;
	}
	if (subscription->phase != PHASE_REST) {
		(void)attachment_mark(subscription, MARK_DETACHED, change->result.old_cursor, 0,
			"an operator has deleted the subscription");
		attachment_end(subscription);
	}
	subscription_delete(subscription);
	keeping_audit(fanout, errand->actor, "delete", errand->name, "");
	errand_answer_kept(errand);
}

static struct change_errand *change_errand(struct fanout *fanout, struct slice actor,
	struct slice name, bool dry_run, operation_done *done, void *context)
{
	struct change_errand *change = calloc(1, sizeof(*change));
	if (change == NULL)
		return NULL;
	change->errand.fanout = fanout;
	change->errand.answer = change_answer;
	errand_set_name(change->errand.actor, actor);
	errand_set_name(change->errand.name, name);
	change->dry_run = dry_run;
	change->done = done;
	change->context = context;
	return change;
}

enum ch_status operation_seek(struct fanout *fanout, struct slice actor, struct slice name,
	const struct range_point *to, bool dry_run, operation_done *done, void *context)
{
	struct change_errand *change = change_errand(fanout, actor, name, dry_run, done, context);
	if (change == NULL)
		return CH_NOMEM;
	change->errand.work = seek_work;
	change->to = *to;
	errand_send(&change->errand);
	return CH_OK;
}

enum ch_status operation_delete(struct fanout *fanout, struct slice actor, struct slice name,
	bool dry_run, operation_done *done, void *context)
{
	struct change_errand *change = change_errand(fanout, actor, name, dry_run, done, context);
	if (change == NULL)
		return CH_NOMEM;
	change->errand.work = delete_work;
	errand_send(&change->errand);
	return CH_OK;
}

/* ---- The desk for others ---- */

struct desk_errand {
	struct errand errand; /* first */
	void (*use)(void *context, struct desk *desk);
	void (*done)(void *context, enum ch_status status);
	void *context;
};

static void desk_ask(struct errand *errand, struct desk *desk)
{
	struct desk_errand *asked = (struct desk_errand *)(void *)errand;
	asked->use(asked->context, desk);
}

static void desk_answer(struct errand *errand)
{
	struct desk_errand *asked = (struct desk_errand *)(void *)errand;
	asked->done(asked->context, errand->status);
}

enum ch_status operation_desk(struct fanout *fanout, void (*use)(void *context, struct desk *desk),
	void (*done)(void *context, enum ch_status status), void *context)
{
	struct desk_errand *asked = calloc(1, sizeof(*asked));
	if (asked == NULL)
		return CH_NOMEM;
	asked->errand.fanout = fanout;
	asked->errand.work = errand_ask_desk;
	asked->errand.ask = desk_ask;
	asked->errand.answer = desk_answer;
	asked->use = use;
	asked->done = done;
	asked->context = context;
	errand_send(&asked->errand);
	return CH_OK;
}
