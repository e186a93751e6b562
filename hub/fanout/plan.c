/* operation_replay and its kin. */
#include "fanout/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "fanout/errand.h"
#include "fanout/job.h"
#include "fanout/keeping.h"
#include "fanout/subscription.h"

#define PLANS_MOST   4u
#define PLAN_ENTRIES 512u

struct plan {
	struct errand errand; /* first */
	struct plan *next;
	replay_done *done;
	void *context;
	struct range range;
	struct buffer wish; /* the body of a SUBSCRIBE with the filter */
	double rate;
	double speed;
	bool dry_run;

	/* While it is counted. */
	struct reader *reader;
	struct arena arena;
	struct interest own;    /* the replay's */
	struct interest others; /* the subscription's */
	uint64_t next_sequence;

	/* The answer; its texts are here. */
	struct replay_info info;
	char job[LIMIT_NAME_BYTES + 1];
};

static struct plan *plan_of(struct errand *errand)
{
	return (struct plan *)(void *)errand;
}

/* ---- The answer ---- */

static void plan_answer(struct errand *errand)
{
	struct plan *plan = plan_of(errand);
	plan->done(plan->context, errand->status, errand->detail,
		errand->status == CH_OK ? &plan->info : NULL);
}

static void plan_fini(struct errand *errand)
{
	struct plan *plan = plan_of(errand);
	reader_close(plan->reader);
	arena_fini(&plan->arena);
	buffer_fini(&plan->wish);
}

/* The job's own texts change with it: the answer has copies. */
static void plan_note(struct plan *plan, const struct job *job)
{
	job_info(job, &plan->info);
	(void)snprintf(plan->job, sizeof(plan->job), "%s", job->id);
	(void)snprintf(plan->errand.name, sizeof(plan->errand.name), "%s", job->name);
	(void)snprintf(plan->errand.actor, sizeof(plan->errand.actor), "%s", job->actor);
	plan->info.job = plan->job;
	plan->info.name = plan->errand.name;
	plan->info.actor = plan->errand.actor;
}

/* ---- Where it goes ---- */

static enum ch_status plan_find_time(void *context, int64_t time_us, uint64_t *out_sequence)
{
	struct fanout *fanout = context;
	enum ch_status status = reader_seek_time(fanout->look, time_us);
	if (status == CH_OK)
		*out_sequence = reader_position(fanout->look);
	return status;
}

static enum ch_status plan_find_arrival(void *context, uint64_t sequence, int64_t *out_time_us)
{
	struct group *group;
	enum ch_status status = fanout_look(context, sequence, &group);
	if (status == CH_OK)
		*out_time_us = group->arrival_us;
	return status;
}

struct range_history plan_history(struct fanout *fanout)
{
	return (struct range_history){
		.first = journal_first(fanout->options.journal),
		.head = fanout->head,
		.now_us = fanout_wall_us(fanout),
		.find_time = plan_find_time,
		.find_arrival = plan_find_arrival,
		.context = fanout,
	};
}

/* ---- Counting ---- */

static void plan_finish(struct plan *plan, enum ch_status status)
{
	struct fanout *fanout = plan->errand.fanout;
	struct plan **at = &fanout->plans;
	while (*at != plan)
		at = &(*at)->next;
	*at = plan->next;
	fanout->plan_count--;
	if (status == CH_OK)
		errand_answer(&plan->errand);
	else
		errand_fail(&plan->errand, status, "");
}

/* One entry; CH_END: that was the last. */
static enum ch_status plan_count(struct plan *plan)
{
	struct group *group = &plan->errand.fanout->group;
	struct journal_entry entry;
	uint64_t first;
	uint64_t last;
	if (plan->next_sequence > plan->info.last)
		return CH_END;
	enum ch_status status = reader_next(plan->reader, &entry);
	if (status == CH_GAP) {
		reader_gap(plan->reader, &first, &last);
		plan->next_sequence = last + 1;
		return CH_OK;
	}
	if (status != CH_OK)
		return status == CH_END ? CH_IO : status; /* it was resolved below the head */
	plan->next_sequence = entry.sequence + 1;
	if (entry.sequence > plan->info.last || group_read(group, &entry) != CH_OK)
		return CH_OK;
	for (uint32_t i = 0; i < group->part_count; i++) {
		if (!group_wants(group, i, &plan->others) || !group_wants(group, i, &plan->own))
			continue;
		plan->info.matched++;
		break;
	}
	return CH_OK;
}

bool plan_take_turn(struct fanout *fanout)
{
	struct plan *plan = fanout->plans;
	enum ch_status status = CH_OK;
	if (plan == NULL)
		return false;
	for (uint32_t i = 0; i < PLAN_ENTRIES && status == CH_OK; i++)
		status = plan_count(plan);
	if (status != CH_OK)
		plan_finish(plan, status == CH_END ? CH_OK : status);
	return fanout->plans != NULL;
}

void plan_end_all(struct fanout *fanout)
{
	while (fanout->plans != NULL)
		plan_finish(fanout->plans, CH_CLOSED);
}

/* ---- Starting ---- */

static enum ch_status plan_compile(struct plan *plan, const struct subscription *subscription)
{
	struct subscribe *wish = &plan->errand.fanout->stored;
	struct type_set all;
	const char *field;
	/* Rights are the session's, and nobody may be attached: a plan counts without them. */
	memset(&all, 0xff, sizeof(all));
	subscription_wish(subscription, wish);
	enum ch_status status = interest_compile(&wish->filter, &all, &plan->arena, &plan->others);
	if (status == CH_OK)
		status = subscribe_parse(buffer_slice(&plan->wish), wish, &field);
	if (status == CH_OK)
		status = interest_compile(&wish->filter, &all, &plan->arena, &plan->own);
	return status;
}

static void plan_begin_count(struct plan *plan, const struct subscription *subscription)
{
	struct fanout *fanout = plan->errand.fanout;
	enum ch_status status = fanout->plan_count < PLANS_MOST ? CH_OK : CH_FULL;
	if (status == CH_OK)
		status = plan_compile(plan, subscription);
	if (status == CH_OK)
		status = reader_open(fanout->options.journal, &plan->reader);
	if (status == CH_OK)
		status = reader_seek(plan->reader, plan->info.first);
	if (status != CH_OK && status != CH_GAP) {
		errand_fail(&plan->errand, status, status == CH_FULL ? "too many plans" : "");
		return;
	}
	plan->info.name = plan->errand.name;
	plan->info.actor = plan->errand.actor;
	plan->info.job = "";
	plan->info.state = "planned";
	plan->info.rate = plan->rate;
	plan->info.speed = plan->speed;
	plan->info.total = plan->info.last - plan->info.first + 1;
	plan->next_sequence = plan->info.first;
	plan->next = fanout->plans;
	fanout->plans = plan;
	fanout->plan_count++;
}

static void plan_begin_job(struct plan *plan, struct subscription *subscription)
{
	struct fanout *fanout = plan->errand.fanout;
	struct subscribe *wish = &fanout->subscribe; /* no command is at work */
	const char *field;
	struct job *job;
	if (subscribe_parse(buffer_slice(&plan->wish), wish, &field) != CH_OK) {
		errand_fail(&plan->errand, CH_INVALID, "the filter");
		return;
	}
	const struct job_wish job_wish = {
		.first = plan->info.first,
		.last = plan->info.last,
		.filter = &wish->filter,
		.rate = plan->rate,
		.speed = plan->speed,
		.actor = plan->errand.actor,
	};
	enum ch_status status = job_create(subscription, &job_wish, &job);
	if (status != CH_OK) {
		errand_fail(&plan->errand, status,
			status == CH_FULL ? "too many replays that have not ended" : "");
		return;
	}
	job_write(job);
	keeping_audit(fanout, plan->errand.actor, "replay", subscription->name, job->id);
	fanout_schedule(subscription);
	plan_note(plan, job);
	errand_answer_kept(&plan->errand);
}

static void plan_work(struct errand *errand)
{
	struct plan *plan = plan_of(errand);
	struct fanout *fanout = errand->fanout;
	struct buffer detail = {0};
	const char *field;
	struct subscription *subscription = subscription_find(fanout, slice_text(errand->name));
	const struct range_history history = plan_history(fanout);
	enum ch_status status = CH_OK;
	if (subscription == NULL) {
		buffer_append_text(&detail, "no such subscription");
		status = CH_NOT_FOUND;
	} else if (!tempo_valid(plan->rate, plan->speed)) {
		buffer_append_text(&detail, "rate or speed");
		status = CH_INVALID;
	}
	if (status == CH_OK)
		status = subscribe_parse(buffer_slice(&plan->wish), &fanout->subscribe, &field);
	if (status == CH_OK)
		status = interest_check(&fanout->subscribe.filter, &detail);
	if (status == CH_OK)
		status = range_resolve(&plan->range, &history, &plan->info.first, &plan->info.last);
	if (status != CH_OK)
		errand_fail(errand, status, buffer_text(&detail));
	else if (plan->dry_run)
		plan_begin_count(plan, subscription);
	else
		plan_begin_job(plan, subscription);
	buffer_fini(&detail);
}

enum ch_status operation_replay(struct fanout *fanout, struct slice actor,
	const struct replay_request *request, replay_done *done, void *context)
{
	static struct subscribe wish; /* the loop thread's alone */
	struct buffer frame = {0};
	struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL)
		return CH_NOMEM;
	wish = (struct subscribe){0};
	if (request->filter != NULL)
		wish.filter = *request->filter;
	subscribe_encode(&wish, &frame);
	buffer_append_slice(
		&plan->wish, slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, SIZE_MAX));
	enum ch_status status = frame.status != CH_OK ? frame.status : plan->wish.status;
	buffer_fini(&frame);
	if (status != CH_OK) {
		buffer_fini(&plan->wish);
		free(plan);
		return CH_NOMEM;
	}
	arena_init(&plan->arena);
	plan->errand.fanout = fanout;
	plan->errand.work = plan_work;
	plan->errand.answer = plan_answer;
	plan->errand.fini = plan_fini;
	errand_set_name(plan->errand.actor, actor);
	errand_set_name(plan->errand.name, request->name);
	plan->range = request->range;
	plan->rate = request->rate;
	plan->speed = request->speed;
	plan->dry_run = request->dry_run;
	plan->done = done;
	plan->context = context;
	errand_send(&plan->errand);
	return CH_OK;
}

/* ---- Jobs that are there ---- */

struct job_errand {
	struct errand errand; /* first */
	replay_done *done;
	void *context;
	enum replay_action action;
	struct listed_job *listed;
	size_t count;
};

struct listed_job {
	struct replay_info info;
	char job[LIMIT_NAME_BYTES + 1];
	char name[LIMIT_NAME_BYTES + 1];
	char actor[LIMIT_NAME_BYTES + 1];
};

static void jobs_note(struct listed_job *listed, const struct job *job)
{
	job_info(job, &listed->info);
	memcpy(listed->job, job->id, sizeof(listed->job));
	memcpy(listed->name, job->name, sizeof(listed->name));
	memcpy(listed->actor, job->actor, sizeof(listed->actor));
}

static int jobs_compare(const void *a, const void *b)
{
	int64_t x = ((const struct listed_job *)a)->info.started_us;
	int64_t y = ((const struct listed_job *)b)->info.started_us;
	return (x < y) - (x > y);
}

static void jobs_work(struct errand *errand)
{
	struct job_errand *jobs = (struct job_errand *)(void *)errand;
	const struct job *job;
	size_t at = 0;
	jobs->listed = calloc(errand->fanout->jobs.count + 1, sizeof(*jobs->listed));
	if (jobs->listed == NULL) {
		errand_fail(errand, CH_NOMEM, "");
		return;
	}
	while ((job = table_next(&errand->fanout->jobs, &at)) != NULL)
		jobs_note(&jobs->listed[jobs->count++], job);
	qsort(jobs->listed, jobs->count, sizeof(*jobs->listed), jobs_compare);
	errand_answer(errand);
}

static void jobs_say(struct job_errand *jobs, struct listed_job *listed)
{
	listed->info.job = listed->job;
	listed->info.name = listed->name;
	listed->info.actor = listed->actor;
	jobs->done(jobs->context, CH_OK, "", &listed->info);
}

static void jobs_answer(struct errand *errand)
{
	struct job_errand *jobs = (struct job_errand *)(void *)errand;
	for (size_t i = 0; i < jobs->count; i++)
		jobs_say(jobs, &jobs->listed[i]);
	jobs->done(jobs->context, errand->status, errand->detail, NULL);
}

static void jobs_fini(struct errand *errand)
{
	free(((struct job_errand *)(void *)errand)->listed);
}

static struct job_errand *jobs_errand(struct fanout *fanout, replay_done *done, void *context)
{
	struct job_errand *jobs = calloc(1, sizeof(*jobs));
	if (jobs == NULL)
		return NULL;
	jobs->errand.fanout = fanout;
	jobs->errand.fini = jobs_fini;
	jobs->done = done;
	jobs->context = context;
	return jobs;
}

enum ch_status operation_replays(struct fanout *fanout, replay_done *done, void *context)
{
	struct job_errand *jobs = jobs_errand(fanout, done, context);
	if (jobs == NULL)
		return CH_NOMEM;
	jobs->errand.work = jobs_work;
	jobs->errand.answer = jobs_answer;
	errand_send(&jobs->errand);
	return CH_OK;
}

static void control_work(struct errand *errand)
{
	static const char *const words[] = {"pause", "resume", "cancel"};
	struct job_errand *jobs = (struct job_errand *)(void *)errand;
	struct job *job = table_get(&errand->fanout->jobs, slice_text(errand->name));
	jobs->listed = calloc(1, sizeof(*jobs->listed));
	if (job == NULL || job->subscription == NULL || jobs->listed == NULL) {
		if (job == NULL)
			errand_fail(errand, CH_NOT_FOUND, "no such replay");
		else
			errand_fail(errand, jobs->listed == NULL ? CH_NOMEM : CH_INVALID,
				"the replay has ended");
		return;
	}
	struct subscription *subscription = job->subscription;
	switch (jobs->action) {
	case REPLAY_PAUSE:
		job->state = JOB_PAUSED;
		break;
	case REPLAY_RESUME:
		job->state = JOB_RUNNING;
		tempo_restart(&job->tempo);
		break;
	case REPLAY_CANCEL:
		job_end(job, JOB_CANCELLED);
		break;
	}
	keeping_touch_job(job);
	fanout_schedule(subscription);
	keeping_audit(errand->fanout, errand->actor, words[jobs->action], job->name, job->id);
	jobs_note(jobs->listed, job);
	jobs->count = 1;
	errand_answer_kept(errand);
}

static void control_answer(struct errand *errand)
{
	struct job_errand *jobs = (struct job_errand *)(void *)errand;
	if (errand->status == CH_OK)
		jobs_say(jobs, jobs->listed);
	else
		jobs->done(jobs->context, errand->status, errand->detail, NULL);
}

enum ch_status operation_replay_control(struct fanout *fanout, struct slice actor, struct slice job,
	enum replay_action action, replay_done *done, void *context)
{
	struct job_errand *jobs = jobs_errand(fanout, done, context);
	if (jobs == NULL)
		return CH_NOMEM;
	jobs->errand.work = control_work;
	jobs->errand.answer = control_answer;
	jobs->action = action;
	errand_set_name(jobs->errand.actor, actor);
	errand_set_name(jobs->errand.name, job);
	errand_send(&jobs->errand);
	return CH_OK;
}
