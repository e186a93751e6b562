#include "fanout/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fanout/errand.h"
#include "fanout/keeping.h"
#include "fanout/letter.h"
#include "fanout/subscription.h"

/* ---- What its cursor says ---- */

static bool job_bury(void *context, const struct pending *pending)
{
	struct job *job = context;
	return letter_write(job->subscription, pending, slice_text(job->id));
}

static const struct cursor_events job_events = {NULL, NULL, job_bury};

/* ---- Life ---- */

static void job_ring(struct alarm *alarm)
{
	struct job *job = (struct job *)(void *)((char *)alarm - offsetof(struct job, alarm));
	if (job->subscription != NULL)
		fanout_schedule(job->subscription);
}

static void job_free(struct job *job)
{
	if (job == NULL)
		return;
	cursor_fini(&job->cursor);
	arena_fini(&job->arena);
	buffer_fini(&job->wish);
	free(job);
}

static struct job *job_new(struct fanout *fanout)
{
	struct job *job = calloc(1, sizeof(*job));
	if (job == NULL)
		return NULL;
	job->fanout = fanout;
	job->alarm.item.place = HEAP_OUT;
	job->alarm.ring = job_ring;
	arena_init(&job->arena);
	cursor_init(&job->cursor, &job_events, job);
	job->cursor.totals = &fanout->totals;
	return job;
}

static enum ch_status job_set_wish(struct job *job, const struct subscribe_filter *filter)
{
	struct buffer frame = {0};
	struct subscribe *wish = &job->fanout->stored; /* scratch */
	*wish = (struct subscribe){.filter = *filter};
	subscribe_encode(wish, &frame);
	enum ch_status status = frame.status;
	if (status == CH_OK) {
		buffer_append_slice(
			&job->wish, slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, SIZE_MAX));
		status = job->wish.status;
	}
	buffer_fini(&frame);
	return status;
}

/* The subscription's own filter and its peer's rights stand before this one. */
static enum ch_status job_compile(struct job *job)
{
	struct subscribe *wish = &job->fanout->stored;
	struct type_set all;
	const char *field;
	memset(&all, 0xff, sizeof(all));
	if (subscribe_parse(buffer_slice(&job->wish), wish, &field) != CH_OK)
		return CH_CORRUPT;
	return interest_compile(&wish->filter, &all, &job->arena, &job->interest);
}

static void job_link(struct job *job, struct subscription *subscription)
{
	struct job **at = &subscription->jobs;
	while (*at != NULL)
		at = &(*at)->next;
	*at = job;
	job->subscription = subscription;
	subscription->job_count++;
}

static void job_unlink(struct job *job)
{
	struct job **at = &job->subscription->jobs;
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->subscription->job_count--;
	job->subscription = NULL;
	job->next = NULL;
}

static struct job *job_oldest_ended(const struct fanout *fanout)
{
	struct job *oldest = NULL;
	struct job *job;
	size_t at = 0;
	while ((job = table_next(&fanout->jobs, &at)) != NULL) {
		if (job->subscription == NULL &&
			(oldest == NULL || job->started_us < oldest->started_us))
			oldest = job;
	}
	return oldest;
}

/* Those that have ended are remembered as long as there is room. */
static bool job_make_room(struct fanout *fanout)
{
	while (fanout->jobs.count >= LIMIT_REPLAYS) {
		struct job *oldest = job_oldest_ended(fanout);
		if (oldest == NULL)
			return false;
		(void)table_remove(&fanout->jobs, slice_text(oldest->id));
		clerk_delete(fanout->clerk, DESK_JOB, slice_text(oldest->id));
		job_free(oldest);
	}
	return true;
}

/* The time it was started, made unique. */
static enum ch_status job_enter(struct job *job)
{
	enum ch_status status = CH_EXISTS;
	for (int64_t us = job->started_us; status == CH_EXISTS; us++) {
		(void)snprintf(job->id, sizeof(job->id), "replay-%" PRIx64, (uint64_t)us);
		status = table_put(&job->fanout->jobs, slice_text(job->id), job);
	}
	return status;
}

enum ch_status job_create(
	struct subscription *subscription, const struct job_wish *wish, struct job **out_job)
{
	struct fanout *fanout = subscription->fanout;
	if (subscription->job_count >= LIMIT_REPLAYS_PER_SUB || !job_make_room(fanout))
		return CH_FULL;
	enum ch_status status = CH_NOMEM;
	struct job *job = job_new(fanout);
	if (job == NULL)
		goto out;
	job->state = JOB_RUNNING;
	job->first = wish->first;
	job->last = wish->last;
	job->started_us = fanout_wall_us(fanout);
	tempo_init(&job->tempo, wish->rate, wish->speed);
	(void)snprintf(job->name, sizeof(job->name), "%s", subscription->name);
	(void)snprintf(job->actor, sizeof(job->actor), "%s", wish->actor);
	cursor_place(&job->cursor, wish->first - 1, 0);
	job->kept_base = wish->first - 1;
	job->safe_base = wish->first - 1;
	status = job_set_wish(job, wish->filter);
	if (status == CH_OK)
		status = job_compile(job);
	if (status == CH_OK)
		status = job_enter(job);
	if (status != CH_OK)
		goto out;
	job_link(job, subscription);
	if (subscription->phase != PHASE_REST)
		job_attach(job);
	*out_job = job;
	job = NULL; /* the table's and the subscription's now */
out:
	job_free(job);
	return status;
}

void job_free_all(struct fanout *fanout)
{
	struct job *job;
	size_t at = 0;
	while ((job = table_next(&fanout->jobs, &at)) != NULL)
		job_free(job);
	table_clear(&fanout->jobs);
}

struct job *job_find(const struct subscription *subscription, struct slice id)
{
	struct job *job = subscription->jobs;
	while (job != NULL && !slice_equal(slice_text(job->id), id))
		job = job->next;
	return job;
}

/* ---- Coming and going ---- */

void job_attach(struct job *job)
{
	struct cursor_settings settings = subscription_settings(job->subscription);
	cursor_attach(&job->cursor, &settings, &job->fanout->timers, job->fanout->now_us);
	tempo_restart(&job->tempo);
	job->attached = true;
}

void job_rest(struct job *job)
{
	if (!job->attached)
		return;
	fanout_clear_alarm(job->fanout, &job->alarm);
	cursor_rest(&job->cursor);
	reader_close(job->reader);
	job->reader = NULL;
	job->attached = false;
	keeping_touch_job(job);
}

bool job_runs(const struct job *job)
{
	return job->attached && job->state == JOB_RUNNING;
}

/* Half of the window for all of them together, so that what is live goes on beside them. */
int64_t job_share(const struct job *job)
{
	int64_t share = job->subscription->window / 2 / (int64_t)job->subscription->job_count;
	return share > 0 ? share : 1;
}

void job_settle(struct job *job)
{
	const struct cursor *cursor = &job->cursor;
	if (job->state == JOB_RUNNING && cursor->next > job->last && cursor->out_parts == 0 &&
		cursor->pendings.count == 0)
		job_end(job, JOB_DONE);
}

void job_end(struct job *job, enum job_state state)
{
	job_rest(job);
	job->state = state;
	job->ended_us = fanout_wall_us(job->fanout);
	job_unlink(job);
	keeping_touch_job(job);
}

/* ---- Rows ---- */

static uint64_t job_bits(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double job_number(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

void job_write(struct job *job)
{
	struct buffer value = {0};
	const struct job_row row = {
		.name = slice_text(job->name),
		.first = job->first,
		.last = job->last,
		.position = cursor_floor(&job->cursor),
		.wish = buffer_slice(&job->wish),
		.rate = job_bits(job->tempo.rate),
		.speed = job_bits(job->tempo.speed),
		.state = job->state,
		.actor = slice_text(job->actor),
		.started_us = job->started_us,
		.ended_us = job->ended_us,
		.delivered = job->delivered + job->cursor.counters.delivered,
		.acked = job->acked + job->cursor.counters.acked,
	};
	form_encode(&job_form, &row, &value);
	clerk_put(job->fanout->clerk, DESK_JOB, slice_text(job->id), buffer_slice(&value));
	buffer_fini(&value);
	job->kept_base = row.position;
	job->dirty = false;
}

struct job_load {
	struct fanout *fanout;
	enum ch_status status;
};

static enum ch_status job_load_one(
	struct fanout *fanout, struct slice id, const struct job_row *row)
{
	struct job *job = job_new(fanout);
	struct subscription *subscription = subscription_find(fanout, row->name);
	enum ch_status status = CH_NOMEM;
	if (job == NULL)
		return status;
	errand_set_name(job->id, id);
	errand_set_name(job->name, row->name);
	errand_set_name(job->actor, row->actor);
	job->state = (enum job_state)row->state;
	job->first = row->first;
	job->last = row->last;
	job->started_us = row->started_us;
	job->ended_us = row->ended_us;
	job->delivered = row->delivered;
	job->acked = row->acked;
	job->kept_base = row->position;
	job->safe_base = row->position;
	tempo_init(&job->tempo, job_number(row->rate), job_number(row->speed));
	cursor_place(&job->cursor, row->position, 0);
	buffer_append_slice(&job->wish, row->wish);
	status = job->wish.status;
	if (status == CH_OK)
		status = job_compile(job);
	if (status == CH_OK)
		status = table_put(&fanout->jobs, slice_text(job->id), job);
	if (status != CH_OK) {
		job_free(job);
		return status == CH_NOMEM ? status : CH_CORRUPT;
	}
	if (job->state != JOB_RUNNING && job->state != JOB_PAUSED)
		return CH_OK;
	if (subscription == NULL)
		return CH_CORRUPT;
	job_link(job, subscription);
	if (subscription->reset)
		job_end(job, JOB_CANCELLED); /* its sequences are another journal's */
	return CH_OK;
}

static bool job_load(void *context, struct slice key, struct slice value)
{
	struct job_load *load = context;
	struct job_row row;
	load->status = row_read(&job_form, value, &row);
	if (load->status == CH_OK)
		load->status = job_load_one(load->fanout, key, &row);
	return load->status == CH_OK;
}

enum ch_status job_load_all(struct fanout *fanout)
{
	struct job_load load = {fanout, CH_OK};
	enum ch_status status =
		desk_scan(fanout->options.desk, DESK_JOB, (struct slice){NULL, 0}, job_load, &load);
	return status != CH_OK ? status : load.status;
}

void job_info(const struct job *job, struct replay_info *out_info)
{
	static const char *const states[] = {"planned", "running", "paused", "done", "cancelled"};
	*out_info = (struct replay_info){
		.job = job->id,
		.name = job->name,
		.first = job->first,
		.last = job->last,
		.position = cursor_floor(&job->cursor),
		.delivered = job->delivered + job->cursor.counters.delivered,
		.acked = job->acked + job->cursor.counters.acked,
		.state = states[job->state <= JOB_CANCELLED ? job->state : 0],
		.actor = job->actor,
		.started_us = job->started_us,
		.ended_us = job->ended_us,
		.rate = job->tempo.rate,
		.speed = job->tempo.speed,
		.total = job->last - job->first + 1,
	};
}
