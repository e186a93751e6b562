/* How fast the fan-out turns the journal into frames, without sockets.
 *
 *     bench_fanout FOLDER [EVENTS] [SECONDS]
 *
 * In an empty folder: writes EVENTS events of about 300 bytes (default 500 000), then measures
 *
 *     warm    one subscriber reads all of it from the page cache, granting as it goes
 *     acked   the same with an ack for each frame
 *     cold    as acked, from segments whose pages were dropped from the cache
 *     live    100 live subscribers while 50 000 events/s are written for SECONDS (default 2) */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "fanout/consumer.h"
#include "wire/ack.h"
#include "wire/deliver.h"
#include "wire/entry.h"
#include "wire/envelope.h"
#include "wire/subscribe.h"
#include "wire/types.h"

#define LIVE_SUBSCRIBERS 100
#define LIVE_RATE        50000
#define BATCH_EVENTS     64
#define CREDIT           8192u

struct bench {
	char journal_dir[300];
	struct journal *journal;
	struct desk *desk;
	struct fanout *fanout;
	pthread_mutex_t lock;
	pthread_cond_t rung;
	bool ready;
	int64_t last_arrival_us;
};

struct reader_side {
	struct consumer *consumer;
	bool acks;
	uint64_t deliveries;
	uint64_t frames;
	uint64_t bytes;
	uint64_t head;   /* the last sequence seen */
	int64_t late_us; /* the worst between arrival and here */
	bool ended;
};

static void bench_must(enum ch_status status, const char *what)
{
	if (status == CH_OK)
		return;
	fprintf(stderr, "bench_fanout: %s: %s\n", what, ch_status_text(status));
	exit(2);
}

static void bench_ring(void *context)
{
	struct bench *bench = context;
	(void)pthread_mutex_lock(&bench->lock);
	bench->ready = true;
	(void)pthread_cond_signal(&bench->rung);
	(void)pthread_mutex_unlock(&bench->lock);
}

/* Until something is there to be fetched, or a moment has passed. */
static void bench_wait(struct bench *bench)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	(void)pthread_mutex_lock(&bench->lock);
	if (!bench->ready)
		(void)pthread_cond_timedwait(&bench->rung, &bench->lock, &until);
	bench->ready = false;
	(void)pthread_mutex_unlock(&bench->lock);
}

/* ---- Writing ---- */

static void bench_entry(struct buffer *out)
{
	static uint8_t text[160];
	struct buffer input = {0};
	struct buffer data = {0};
	memset(text, 'x', sizeof(text));
	pb_put_bytes(&data, 1, slice_of(text, sizeof(text)));
	const struct envelope envelope = {
		.id = SLICE_LITERAL("receipt-20260301-000123"),
		.source = SLICE_LITERAL("urn:store:bj:0017"),
		.type = SLICE_LITERAL("pos.sale.completed"),
		.subject = SLICE_LITERAL("0017/3/2026-03-01/123"),
		.time_us = INT64_C(1772323200000000),
		.data = buffer_slice(&data),
	};
	envelope_encode(&envelope, &input);
	const struct entry entry = {
		.kind = ENTRY_INPUT,
		.outcome = ENTRY_ACCEPTED,
		.type = types_find(envelope.type)->id,
		.customer = 42,
		.peer = SLICE_LITERAL("till-17"),
		.input = buffer_slice(&input),
		.input_personal = slice_of(text, 40),
	};
	entry_encode(&entry, out);
	buffer_fini(&input);
	buffer_fini(&data);
}

static void bench_write(struct bench *bench, const struct buffer *body, uint64_t count)
{
	const struct slice part = {body->data, body->len};
	struct batch *batch = journal_begin(bench->journal);
	for (uint64_t i = 0; i < count; i++) {
		int64_t now_us = clock_wall_us();
		if (now_us <= bench->last_arrival_us)
			now_us = bench->last_arrival_us + 1;
		bench->last_arrival_us = now_us;
		(void)journal_append(batch, now_us, &part, 1);
	}
	bench_must(journal_commit(batch), "commit");
}

static void bench_drop_cache(const struct bench *bench)
{
	DIR *dir = opendir(bench->journal_dir);
	struct dirent *item;
	while (dir != NULL && (item = readdir(dir)) != NULL) {
		int fd = openat(dirfd(dir), item->d_name, O_RDONLY);
		if (fd < 0)
			continue;
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		(void)close(fd);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* ---- Reading ---- */

static void bench_say(struct reader_side *side, struct buffer *frame)
{
	enum frame_kind kind;
	struct slice body;
	const char *field;
	bench_must(frame_parse(buffer_slice(frame), &kind, &body), "frame");
	bench_must(consumer_message(side->consumer, kind, body, &field), field);
	buffer_fini(frame);
}

static void bench_answer(struct reader_side *side, uint32_t handle, uint32_t count)
{
	struct buffer frame = {0};
	if (side->acks)
		ack_begin(&frame, handle, side->head);
	else
		grant_encode(&(struct grant){handle, count}, &frame);
	bench_say(side, &frame);
}

static void bench_look(struct reader_side *side, struct slice delivery)
{
	struct pb_reader reader = pb_read(delivery);
	struct pb_field field;
	while (pb_next(&reader, &field) && field.number <= 5) {
		int64_t late_us = clock_wall_us() - (int64_t)field.integer;
		if (field.number == 1)
			side->head = field.integer;
		else if (field.number == 5 && late_us > side->late_us)
			side->late_us = late_us;
	}
}

/* The first and the last delivery of the frame are looked into: to read all of them is a subscriber's
 * work, and would be measured here with it. */
static void bench_take(struct reader_side *side, struct slice body)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	struct slice last = {NULL, 0};
	uint32_t handle = 0;
	uint32_t count = 0;
	while (pb_next(&reader, &field)) {
		if (field.number == 1)
			handle = (uint32_t)field.integer;
		else if (field.number == 2 && count++ == 0)
			bench_look(side, field.bytes);
		last = field.bytes;
	}
	bench_look(side, last);
	side->deliveries += count;
	bench_answer(side, handle, count);
}

static bool bench_send(void *context, struct buffer *frame)
{
	struct reader_side *side = context;
	enum frame_kind kind;
	struct slice body;
	struct mark mark;
	side->frames++;
	side->bytes += frame->len;
	bench_must(frame_parse(buffer_slice(frame), &kind, &body), "frame");
	if (kind == FRAME_DELIVER)
		bench_take(side, body);
	else if (kind == FRAME_MARK && mark_parse(body, &mark) == CH_OK)
		side->ended |= mark.what == MARK_END;
	buffer_fini(frame);
	return true;
}

static bool bench_may(void *context, struct slice pattern)
{
	(void)context;
	(void)pattern;
	return true;
}

static void bench_attach(
	struct bench *bench, struct reader_side *side, const struct subscribe *wish)
{
	struct buffer frame = {0};
	const struct consumer_options options = {
		.peer = SLICE_LITERAL("bench"),
		.may_subscribe = bench_may,
		.send = bench_send,
		.context = side,
	};
	side->acks = !wish->no_ack;
	bench_must(consumer_open(bench->fanout, &options, &side->consumer), "consumer");
	subscribe_encode(wish, &frame);
	bench_say(side, &frame);
}

static int64_t bench_cpu_us(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void bench_history(struct bench *bench, const char *name, bool acks)
{
	struct reader_side side = {0};
	struct subscribe wish = {
		.handle = 1,
		.name = slice_text(acks ? name : NULL),
		.start.from = FROM_EARLIEST,
		.credit = CREDIT,
		.no_ack = !acks,
		.stop_at_head = true,
	};
	int64_t began_us = clock_steady_us();
	int64_t cpu_us = bench_cpu_us();
	bench_attach(bench, &side, &wish);
	while (!side.ended) {
		bench_wait(bench);
		fanout_deliver(bench->fanout);
	}
	int64_t took_us = clock_steady_us() - began_us;
	cpu_us = bench_cpu_us() - cpu_us;
	printf("%-6s %9" PRIu64 " deliveries in %6.3f s: %8.0f /s, %4.0f bytes each, %5" PRIu64
	       " frames, %3.0f %% of a core\n",
		name, side.deliveries, (double)took_us / 1e6,
		(double)side.deliveries * 1e6 / (double)took_us,
		(double)side.bytes / (double)side.deliveries, side.frames,
		100.0 * (double)cpu_us / (double)took_us);
	consumer_close(side.consumer);
}

/* ---- Live ---- */

struct writer_side {
	struct bench *bench;
	const struct buffer *body;
	int64_t us;
	uint64_t written;
};

static void *bench_write_live(void *context)
{
	struct writer_side *side = context;
	int64_t began_us = clock_steady_us();
	for (;;) {
		int64_t gone_us = clock_steady_us() - began_us;
		uint64_t wanted = (uint64_t)(gone_us * LIVE_RATE / 1000000);
		if (gone_us >= side->us)
			return NULL;
		if (wanted < side->written + BATCH_EVENTS) {
			(void)usleep(200);
			continue;
		}
		bench_write(side->bench, side->body, BATCH_EVENTS);
		side->written += BATCH_EVENTS;
		fanout_wake(side->bench->fanout);
	}
}

static void bench_live(struct bench *bench, const struct buffer *body, int64_t us)
{
	static struct reader_side sides[LIVE_SUBSCRIBERS];
	struct writer_side writer = {.bench = bench, .body = body, .us = us};
	struct subscribe wish = {.handle = 1, .start.from = FROM_NEW, .credit = CREDIT};
	uint64_t head = journal_head(bench->journal);
	pthread_t thread;
	uint64_t deliveries = 0;
	int64_t late_us = 0;
	for (int i = 0; i < LIVE_SUBSCRIBERS; i++)
		bench_attach(bench, &sides[i], &wish);
	int64_t began_us = clock_steady_us();
	int64_t cpu_us = bench_cpu_us();
	if (pthread_create(&thread, NULL, bench_write_live, &writer) != 0)
		exit(2);
	uint64_t slowest = 0;
	while (clock_steady_us() - began_us < us || slowest < head + writer.written) {
		bench_wait(bench);
		fanout_deliver(bench->fanout);
		slowest = UINT64_MAX;
		for (int i = 0; i < LIVE_SUBSCRIBERS; i++)
			slowest = sides[i].head < slowest ? sides[i].head : slowest;
	}
	int64_t took_us = clock_steady_us() - began_us;
	cpu_us = bench_cpu_us() - cpu_us;
	(void)pthread_join(thread, NULL);
	for (int i = 0; i < LIVE_SUBSCRIBERS; i++) {
		deliveries += sides[i].deliveries;
		late_us = sides[i].late_us > late_us ? sides[i].late_us : late_us;
		consumer_close(sides[i].consumer);
	}
	printf("live   %9" PRIu64 " deliveries of %" PRIu64
	       " events to %d in %.3f s: %8.0f /s, latest %.1f "
	       "ms, %3.0f %% of a core with the writer\n",
		deliveries, writer.written, LIVE_SUBSCRIBERS, (double)took_us / 1e6,
		(double)deliveries * 1e6 / (double)took_us, (double)late_us / 1e3,
		100.0 * (double)cpu_us / (double)took_us);
}

int main(int argc, char **argv)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	struct bench bench = {0};
	struct buffer body = {0};
	char desk_dir[300];
	if (argc < 2) {
		fprintf(stderr, "usage: bench_fanout FOLDER [EVENTS] [SECONDS]\n");
		return 64;
	}
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 10) : 500000;
	int64_t live_us = (argc > 3 ? strtoll(argv[3], NULL, 10) : 2) * 1000000;
	(void)snprintf(bench.journal_dir, sizeof(bench.journal_dir), "%s/journal", argv[1]);
	(void)snprintf(desk_dir, sizeof(desk_dir), "%s/desk", argv[1]);
	(void)pthread_mutex_init(&bench.lock, NULL);
	(void)pthread_cond_init(&bench.rung, NULL);
	const struct journal_options journal = {.dir = bench.journal_dir, .create = true};
	bench_must(journal_open(&journal, &bench.journal, NULL), "journal");
	bench_must(desk_open(desk_dir, &bench.desk), "desk");
	bench_entry(&body);
	for (uint64_t i = 0; i < events; i += 512)
		bench_write(&bench, &body, 512);
	printf("entry  %zu bytes\n", body.len);
	const struct fanout_options options = {
		.journal = bench.journal,
		.desk = bench.desk,
		.ready = bench_ring,
		.context = &bench,
	};
	bench_must(fanout_start(&options, &bench.fanout), "fanout");
	bench_history(&bench, "warm", false);
	bench_history(&bench, "acked", true);
	bench_drop_cache(&bench);
	bench_history(&bench, "cold", true);
	bench_live(&bench, &body, live_us);
	fanout_stop(bench.fanout);
	desk_close(bench.desk);
	journal_close(bench.journal);
	buffer_fini(&body);
	return 0;
}
