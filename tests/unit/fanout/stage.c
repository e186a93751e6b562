#include "stage.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "fanout/inside.h"
#include "support/scratch.h"
#include "wire/effect.h"
#include "wire/envelope.h"
#include "wire/types.h"

#define PUMP_US 2000

/* ---- The stage ---- */

static void stage_ring(void *context)
{
	struct stage *stage = context;
	(void)pthread_mutex_lock(&stage->lock);
	stage->ready = true;
	(void)pthread_cond_signal(&stage->rung);
	(void)pthread_mutex_unlock(&stage->lock);
}

static void stage_failed(void *context, enum ch_status status, const char *what)
{
	struct stage *stage = context;
	(void)status;
	(void)what;
	stage->failures++;
}

static const char *stage_path(const struct stage *stage, const char *name, char path[300])
{
	(void)snprintf(path, 300, "%s/%s", stage->dir, name);
	return path;
}

static void stage_start(struct stage *stage)
{
	char path[300];
	struct journal_options journal = {
		.dir = stage_path(stage, "journal", path),
		.segment_bytes = stage->segment_bytes != 0 ? stage->segment_bytes : 1 << 20,
		.create = true,
	};
	assert_int_equal(journal_open(&journal, &stage->journal, NULL), CH_OK);
	stage->head = journal_head(stage->journal);
	stage->last_arrival_us = journal_head_arrival_us(stage->journal);
	struct state_options state = {
		.dir = stage_path(stage, "store", path),
		.map_bytes = 64 << 20,
		.freeze_us = stage->freeze_us != 0 ? stage->freeze_us : 20000,
	};
	assert_int_equal(
		state_open(&state, journal_incarnation(stage->journal), &stage->state), CH_OK);
	assert_int_equal(desk_open(stage_path(stage, "desk", path), &stage->desk), CH_OK);
	stage->options.journal = stage->journal;
	stage->options.state = stage->state;
	stage->options.desk = stage->desk;
	stage->options.ready = stage_ring;
	stage->options.failed = stage_failed;
	stage->options.context = stage;
	assert_int_equal(fanout_start(&stage->options, &stage->fanout), CH_OK);
}

static void stage_end(struct stage *stage)
{
	/* Who is left is a failed test's: its sessions are gone with it, so they are not looked at. */
	for (size_t i = 0; i < STAGE_SESSIONS; i++) {
		consumer_close(stage->open[i]);
		stage->open[i] = NULL;
	}
	fanout_stop(stage->fanout);
	desk_close(stage->desk);
	state_close(stage->state);
	journal_close(stage->journal);
}

void stage_open(struct stage *stage)
{
	scratch_make(stage->dir, "fanout");
	(void)pthread_mutex_init(&stage->lock, NULL);
	(void)pthread_cond_init(&stage->rung, NULL);
	stage_start(stage);
}

void stage_close(struct stage *stage)
{
	stage_end(stage);
	scratch_remove(stage->dir);
	assert_int_equal(stage->failures, 0);
	(void)pthread_cond_destroy(&stage->rung);
	(void)pthread_mutex_destroy(&stage->lock);
}

int stage_set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	assert_non_null(stage);
	stage_open(stage);
	*state = stage;
	return 0;
}

int stage_tear_down(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

void stage_restart(struct stage *stage)
{
	stage_end(stage);
	stage_start(stage);
}

/* From here on the fan-out takes the desk for broken, and writes nothing any more. */
struct crash {
	struct task task;
	struct fanout *fanout;
};

static void stage_run_crash(struct task *task)
{
	struct crash *crash = (struct crash *)(void *)task;
	crash->fanout->broken = true;
}

void stage_crash(struct stage *stage)
{
	struct crash crash = {.task.run = stage_run_crash, .fanout = stage->fanout};
	(void)mailbox_post(&stage->fanout->inbox, &crash.task.node);
	stage_restart(stage);
}

void stage_replace_journal(struct stage *stage, uint64_t count)
{
	char path[300];
	int64_t last_us = stage->last_arrival_us;
	stage_end(stage);
	scratch_remove(stage_path(stage, "journal", path));
	scratch_remove(stage_path(stage, "store", path));
	struct journal_options journal = {.dir = stage_path(stage, "journal", path),
		.create = true,
		.segment_bytes = 1 << 20};
	assert_int_equal(journal_open(&journal, &stage->journal, NULL), CH_OK);
	stage->last_arrival_us = last_us;
	struct fanout *fanout = stage->fanout;
	stage->fanout = NULL;
	(void)stage_append(stage, NULL, count);
	stage->fanout = fanout;
	journal_close(stage->journal);
	stage_start(stage);
}

/* ---- Entries ---- */

static uint16_t stage_type(const char *name)
{
	const struct event_type *type = types_find(slice_text(name));
	assert_non_null(type);
	return type->id;
}

static void stage_derive(
	struct buffer *open, struct buffer *personal, const char *type, bool before)
{
	if (type == NULL)
		return;
	const struct derived derived = {
		.type = stage_type(type),
		.before = before,
		.subject = SLICE_LITERAL("subject"),
		.data = SLICE_LITERAL("\x08\x07"),
	};
	derived_add(open, personal, &derived);
}

static void stage_append_one(
	struct batch *batch, const struct event *event, uint64_t sequence, int64_t arrival_us)
{
	struct buffer data = {0};
	char id[32];
	struct buffer input = {0};
	struct buffer derived = {0};
	struct buffer personal = {0};
	struct effects effects;
	uint8_t head[ENTRY_HEAD_MAX];
	struct slice parts[8];
	(void)snprintf(id, sizeof(id), "e-%llu", (unsigned long long)sequence);
	if (event->bytes > 0) {
		size_t mark = pb_begin(&data, 1);
		memset(buffer_reserve(&data, event->bytes), 'x', event->bytes);
		pb_end(&data, mark);
	}
	const char *type = event->type != NULL ? event->type : "pos.sale.completed";
	const char *source = event->source != NULL ? event->source : "/pos/shop-1";
	const struct envelope envelope = {
		.id = slice_text(id),
		.source = slice_text(source),
		.type = slice_text(type),
		.data = buffer_slice(&data),
	};
	envelope_encode(&envelope, &input);
	stage_derive(&derived, &personal, event->before, true);
	stage_derive(&derived, &personal, event->after, false);
	effects_init(&effects);
	if (event->language != NULL)
		effects_add(&effects, &(struct effect){.op = EFFECT_VALUE,
					      .number = 7,
					      .field = 6,
					      .flags = EFFECT_PERSONAL,
					      .value = slice_text(event->language)});
	const struct entry entry = {
		.kind = ENTRY_INPUT,
		.outcome = event->quarantined ? ENTRY_QUARANTINED : ENTRY_ACCEPTED,
		.type = stage_type(type),
		.customer = event->customer,
		.peer = SLICE_LITERAL("pos-1"),
		.input = buffer_slice(&input),
		.effects = buffer_slice(&effects.open),
		.effects_personal = buffer_slice(&effects.personal),
		.derived = buffer_slice(&derived),
		.derived_personal = buffer_slice(&personal),
	};
	size_t count = entry_parts(&entry, head, parts);
	assert_int_equal(journal_append(batch, arrival_us, parts, count), sequence);
	buffer_fini(&data);
	buffer_fini(&input);
	buffer_fini(&derived);
	buffer_fini(&personal);
	effects_fini(&effects);
}

uint64_t stage_append(struct stage *stage, const struct event *event, uint64_t count)
{
	static const struct event plain = {0};
	uint64_t head = journal_head(stage->journal);
	struct batch *batch = journal_begin(stage->journal);
	for (uint64_t i = 1; i <= count; i++) {
		int64_t now_us = clock_wall_us();
		if (now_us <= stage->last_arrival_us)
			now_us = stage->last_arrival_us + 1;
		stage->last_arrival_us = now_us;
		stage_append_one(batch, event != NULL ? event : &plain, head + i, now_us);
	}
	assert_int_equal(journal_commit(batch), CH_OK);
	stage->head = head + count;
	if (stage->fanout != NULL)
		fanout_wake(stage->fanout);
	return stage->head;
}

/* A round that stands still where alarms ring: behind the look at the head. */
struct halt {
	struct task task; /* first */
	struct alarm alarm;
	struct fanout *fanout;
	sem_t reached;
	sem_t released;
};

static void stage_ring_halt(struct alarm *alarm)
{
	struct halt *halt = (struct halt *)(void *)((char *)alarm - offsetof(struct halt, alarm));
	(void)sem_post(&halt->reached);
	(void)sem_wait(&halt->released);
	(void)sem_post(&halt->reached);
}

static void stage_run_halt(struct task *task)
{
	struct halt *halt = (struct halt *)(void *)task;
	fanout_set_alarm(halt->fanout, &halt->alarm, halt->fanout->now_us);
}

void stage_append_within_a_round(struct stage *stage, const struct event *event, uint64_t count)
{
	struct halt halt = {
		.task.run = stage_run_halt,
		.alarm = {.item.place = HEAP_OUT, .ring = stage_ring_halt},
		.fanout = stage->fanout,
	};
	(void)sem_init(&halt.reached, 0, 0);
	(void)sem_init(&halt.released, 0, 0);
	(void)mailbox_post(&stage->fanout->inbox, &halt.task.node);
	(void)sem_wait(&halt.reached);
	(void)stage_append(stage, event, count);
	(void)sem_post(&halt.released);
	(void)sem_wait(&halt.reached); /* it has gone on: what it looks at may leave */
	(void)sem_destroy(&halt.reached);
	(void)sem_destroy(&halt.released);
}

/* ---- Waiting ---- */

void stage_pump(struct stage *stage)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PUMP_US * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&stage->lock);
	if (!stage->ready)
		(void)pthread_cond_timedwait(&stage->rung, &stage->lock, &until);
	stage->ready = false;
	(void)pthread_mutex_unlock(&stage->lock);
	fanout_deliver(stage->fanout);
}
