#include "stage_operations.h"

#include <stdio.h>

struct waited {
	bool done;
	struct operation_result result;
};

static void stage_operation_done(void *context, const struct operation_result *result)
{
	struct waited *waited = context;
	waited->result = *result;
	waited->done = true;
}

struct operation_result stage_seek(struct stage *stage, const char *name, const char *to, bool dry)
{
	struct waited waited = {0};
	struct range_point point;
	size_t at;
	assert_int_equal(range_parse_point(slice_text(to), &point, &at), CH_OK);
	assert_int_equal(operation_seek(stage->fanout, SLICE_LITERAL("op"), slice_text(name),
				 &point, dry, stage_operation_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.result;
}

struct operation_result stage_delete(struct stage *stage, const char *name)
{
	struct waited waited = {0};
	assert_int_equal(operation_delete(stage->fanout, SLICE_LITERAL("op"), slice_text(name),
				 false, stage_operation_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.result;
}

struct operation_result stage_settle(
	struct stage *stage, const char *name, uint64_t sequence, bool discard)
{
	struct waited waited = {0};
	assert_int_equal(
		operation_settle(stage->fanout, SLICE_LITERAL("op"), slice_text(name), &sequence,
			sequence != 0, discard, false, stage_operation_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.result;
}

struct waited_consumer {
	bool done;
	struct seen_consumer seen;
};

static void stage_consumer_done(
	void *context, enum ch_status status, const struct consumer_info *info)
{
	struct waited_consumer *waited = context;
	(void)status;
	if (info == NULL) {
		waited->done = true;
		return;
	}
	waited->seen.info = *info;
	(void)snprintf(waited->seen.state, sizeof(waited->seen.state), "%s", info->state);
	waited->seen.found++;
}

struct seen_consumer stage_consumer(struct stage *stage, const char *name)
{
	struct waited_consumer waited = {0};
	assert_int_equal(operation_consumers(stage->fanout, slice_text(name),
				 (struct slice){NULL, 0}, stage_consumer_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

struct waited_letters {
	bool done;
	struct seen_letters seen;
};

static void stage_letters_done(
	void *context, enum ch_status status, const struct letter_info *info, uint64_t total)
{
	struct waited_letters *waited = context;
	struct seen_letters *seen = &waited->seen;
	if (info == NULL) {
		assert_int_equal(status, CH_OK);
		seen->total = total;
		waited->done = true;
		return;
	}
	if (seen->count < 64) {
		seen->sequences[seen->count] = info->sequence;
		seen->attempts[seen->count] = info->attempts;
	}
	seen->count++;
	(void)snprintf(seen->reason, sizeof(seen->reason), "%.*s", (int)info->reason.len,
		(const char *)info->reason.data);
	(void)snprintf(seen->type, sizeof(seen->type), "%.*s", (int)info->type.len,
		(const char *)info->type.data);
}

struct seen_letters stage_letters(struct stage *stage, const char *name)
{
	struct waited_letters waited = {0};
	assert_int_equal(
		operation_letters(stage->fanout, slice_text(name), 0, stage_letters_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

struct waited_replay {
	bool done;
	const char *wanted;
	struct seen_replay seen;
};

static void stage_note_replay(
	struct waited_replay *waited, enum ch_status status, const struct replay_info *info)
{
	struct seen_replay *seen = &waited->seen;
	seen->status = status;
	if (info == NULL)
		return;
	(void)snprintf(seen->job, sizeof(seen->job), "%s", info->job);
	(void)snprintf(seen->state, sizeof(seen->state), "%s", info->state);
	seen->total = info->total;
	seen->matched = info->matched;
	seen->position = info->position;
	seen->delivered = info->delivered;
}

static void stage_replay_done(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info)
{
	struct waited_replay *waited = context;
	(void)detail;
	stage_note_replay(waited, status, info);
	waited->done = true;
}

struct seen_replay stage_replay(
	struct stage *stage, const char *name, const char *range, double rate, bool dry)
{
	struct waited_replay waited = {0};
	struct replay_request request = {.name = slice_text(name), .rate = rate, .dry_run = dry};
	size_t at;
	assert_int_equal(range_parse(slice_text(range), &request.range, &at), CH_OK);
	assert_int_equal(operation_replay(stage->fanout, SLICE_LITERAL("op"), &request,
				 stage_replay_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

struct seen_replay stage_replay_control(
	struct stage *stage, const char *job, enum replay_action action)
{
	struct waited_replay waited = {0};
	assert_int_equal(operation_replay_control(stage->fanout, SLICE_LITERAL("op"),
				 slice_text(job), action, stage_replay_done, &waited),
		CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}

static void stage_replays_done(
	void *context, enum ch_status status, const char *detail, const struct replay_info *info)
{
	struct waited_replay *waited = context;
	(void)detail;
	if (info == NULL)
		waited->done = true;
	else if (strcmp(info->job, waited->wanted) == 0)
		stage_note_replay(waited, status, info);
}

struct seen_replay stage_replay_state(struct stage *stage, const char *job)
{
	struct waited_replay waited = {.wanted = job, .seen.status = CH_NOT_FOUND};
	assert_int_equal(operation_replays(stage->fanout, stage_replays_done, &waited), CH_OK);
	stage_until(stage, waited.done);
	return waited.seen;
}
