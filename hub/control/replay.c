/* Replay, Replays, ReplayControl: history again, for one subscription, as a job of the fan-out. */
#include <stdio.h>
#include <stdlib.h>

#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "fanout/operation.h"

/* protobuf-c's texts are not const, but packing only reads them. */
#define TEXT(text) ((char *)(uintptr_t)(text))

struct replay_work {
	enum ch_status status;
	char detail[200];
	struct subscribe_filter filter; /* looks into the request, which lives as long */
};

/* The wire has no floats: paces travel in thousandths. */
#define PACE_MILLI     1000
#define PACE_MAX_MILLI UINT64_C(1000000000000)

static void replay_message(const struct replay_info *info, Carehub__V1__ReplayInfo *out)
{
	carehub__v1__replay_info__init(out);
	out->job = TEXT(info->job);
	out->name = TEXT(info->name);
	out->first = info->first;
	out->last = info->last;
	out->position = info->position;
	out->delivered = info->delivered;
	out->acked = info->acked;
	out->state = TEXT(info->state);
	out->operator_ = TEXT(info->actor);
	out->started_time_us = info->started_us;
	out->ended_time_us = info->ended_us;
	out->rate_milli = (uint64_t)(info->rate * PACE_MILLI + 0.5);
	out->speed_milli = (uint64_t)(info->speed * PACE_MILLI + 0.5);
	out->total = info->total;
	out->matched = info->matched;
}

static void replay_keep(struct call *call, enum ch_status status, const char *detail)
{
	struct replay_work *work = call->work;
	work->status = status;
	(void)snprintf(work->detail, sizeof(work->detail), "%s",
		detail != NULL ? detail : ""); /* cut is fine */
	call_resume(call);
}

/* Of a job or a plan; ReplayReply and ReplayControlReply look alike. */
static void replay_answer(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info)
{
	struct call *call = context;
	Carehub__V1__ReplayReply reply;
	Carehub__V1__ReplayInfo job;
	carehub__v1__replay_reply__init(&reply);
	if (info != NULL) {
		replay_message(info, &job);
		reply.job = &job;
		call_put(call, &reply.base);
	}
	replay_keep(call, status, detail);
}

/* After the fan-out took the question: it answers, at the latest in fanout_stop. */
static enum call_turn replay_wait(struct call *call, enum ch_status status)
{
	if (status != CH_OK)
		return call_fail(call, status, "memory ran out");
	call->owed = true;
	return CALL_WAIT;
}

static enum call_turn replay_done_step(struct call *call)
{
	const struct replay_work *work = call->work;
	if (work->status == CH_OK)
		return call_finish(call);
	return call_fail(call, work->status, "%s",
		work->detail[0] != 0 ? work->detail : ch_status_text(work->status));
}

static bool replay_filter(const Carehub__V1__Filter *from, struct subscribe_filter *out)
{
	if (from->n_types > LIMIT_FILTER_PATTERNS || from->n_sources > LIMIT_FILTER_PATTERNS ||
		from->n_customers > LIMIT_FILTER_PATTERNS)
		return false;
	out->type_count = (uint32_t)from->n_types;
	out->source_count = (uint32_t)from->n_sources;
	out->customer_count = (uint32_t)from->n_customers;
	for (size_t i = 0; i < from->n_types; i++)
		out->types[i] = slice_text(from->types[i]);
	for (size_t i = 0; i < from->n_sources; i++)
		out->sources[i] = slice_text(from->sources[i]);
	for (size_t i = 0; i < from->n_customers; i++)
		out->customers[i] = from->customers[i];
	return true;
}

static bool replay_pace_valid(uint64_t milli)
{
	return milli < PACE_MAX_MILLI;
}

enum call_turn replay_step(struct call *call)
{
	const Carehub__V1__ReplayRequest *ask = (const Carehub__V1__ReplayRequest *)call->ask;
	const char *range = ask->range != NULL ? ask->range->text : "";
	struct replay_request request = {
		.name = slice_text(ask->name),
		.rate = (double)ask->rate_milli / PACE_MILLI,
		.speed = (double)ask->speed_milli / PACE_MILLI,
		.dry_run = ask->dry_run,
	};
	size_t at = 0;
	if (call->work != NULL)
		return replay_done_step(call);
	if (range_parse(slice_text(range), &request.range, &at) != CH_OK)
		return call_fail(call, CH_INVALID, "\"%.80s\" is no range", range);
	if (!replay_pace_valid(ask->rate_milli) || !replay_pace_valid(ask->speed_milli) ||
		(ask->rate_milli > 0 && ask->speed_milli > 0))
		return call_fail(call, CH_INVALID, "either a rate or a speed, above zero");
	struct replay_work *work = call_work(call, sizeof(*work), NULL);
	if (work == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	if (ask->filter != NULL) {
		if (!replay_filter(ask->filter, &work->filter))
			return call_fail(call, CH_TOO_LARGE, "too many patterns in the filter");
		request.filter = &work->filter;
	}
	enum ch_status status = operation_replay(
		call->hub->fanout, slice_text(call->peer->name), &request, replay_answer, call);
	return replay_wait(call, status);
}

/* ---- Replays ---- */

static void replays_answer(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info)
{
	struct call *call = context;
	Carehub__V1__ReplaysReply reply;
	Carehub__V1__ReplayInfo job;
	Carehub__V1__ReplayInfo *jobs[1] = {&job};
	if (info == NULL) {
		replay_keep(call, status, detail);
		return;
	}
	carehub__v1__replays_reply__init(&reply);
	replay_message(info, &job);
	reply.jobs = jobs;
	reply.n_jobs = 1;
	/* Messages of one kind behind each other are one with all their elements. */
	call_put(call, &reply.base);
}

enum call_turn replays_step(struct call *call)
{
	if (call->work != NULL)
		return replay_done_step(call);
	if (call_work(call, sizeof(struct replay_work), NULL) == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	enum ch_status status = operation_replays(call->hub->fanout, replays_answer, call);
	return replay_wait(call, status);
}

/* ---- ReplayControl ---- */

enum call_turn replay_control_step(struct call *call)
{
	static const char *const actions[] = {
		[REPLAY_PAUSE] = "pause", [REPLAY_RESUME] = "resume", [REPLAY_CANCEL] = "cancel"};
	const Carehub__V1__ReplayControlRequest *ask =
		(const Carehub__V1__ReplayControlRequest *)call->ask;
	int action = REPLAY_PAUSE;
	if (call->work != NULL)
		return replay_done_step(call);
	while (action <= REPLAY_CANCEL && strcmp(actions[action], ask->action) != 0)
		action++;
	if (action > REPLAY_CANCEL)
		return call_fail(call, CH_INVALID, "pause, resume or cancel");
	if (call_work(call, sizeof(struct replay_work), NULL) == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	enum ch_status status =
		operation_replay_control(call->hub->fanout, slice_text(call->peer->name),
			slice_text(ask->job), (enum replay_action)action, replay_answer, call);
	return replay_wait(call, status);
}
