#include "bench/load/driver.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/invariant.h"
#include "bench/load/complaint.h"
#include "bench/load/histogram.h"

#define SECOND_NS INT64_C(1000000000)

/* A wait is cut in pieces so that a server gone silent is noticed. */
#define WAIT_MAX_NS  (SECOND_NS / 10)
#define SILENCE_NS   (15 * SECOND_NS)
#define EXIT_USAGE   64
#define EXIT_FAILING 1

struct request {
	int64_t sent_ns;
	uint64_t first; /* number of its first event; they follow each other */
	uint32_t count;
	uint32_t connection;
	bool in_flight;
};

/* What a connection may still have in flight. */
struct room {
	uint32_t events;
	uint32_t requests;
};

struct driver {
	const struct options *options;
	const struct driver_peer *peer;
	void *handle;
	struct event_source source;
	struct event *events; /* those of the request being made */

	struct request *requests; /* by slot */
	uint32_t *free_slots;
	uint32_t free_count;
	struct room *rooms; /* by connection */
	uint32_t turn;      /* the connection to try first */

	int64_t start_ns;
	int64_t measure_ns; /* end of the warm-up */
	int64_t stop_ns;
	int64_t heard_ns; /* the last acknowledgement, or the start */
	uint64_t issued;
	uint64_t acked;
	uint64_t counted;      /* acknowledged between measure and stop */
	enum ch_status status; /* of the answers */
	struct histogram latency;
};

int64_t driver_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* When event `number` is due in the open loop. */
static int64_t due_ns(const struct driver *driver, uint64_t number)
{
	uint64_t rate = driver->options->rate;
	uint64_t whole = number / rate;
	uint64_t rest = number % rate;
	return driver->start_ns +
	       (int64_t)(whole * (uint64_t)SECOND_NS + rest * (uint64_t)SECOND_NS / rate);
}

static bool closed_loop(const struct driver *driver)
{
	return driver->options->mode != MODE_OPENLOOP;
}

static void note_closed(struct driver *driver, const struct request *request, int64_t now)
{
	if (now < driver->measure_ns || now >= driver->stop_ns)
		return;
	driver->counted += request->count;
	if (request->sent_ns >= driver->measure_ns)
		histogram_record(
			&driver->latency, (uint64_t)(now - request->sent_ns), request->count);
}

/* What was due before the stop counts whenever its answer comes: leaving out the late ones would
 * leave out the stall. */
static void note_open(struct driver *driver, const struct request *request, int64_t now)
{
	for (uint32_t i = 0; i < request->count; i++) {
		int64_t due = due_ns(driver, request->first + i);
		if (due < driver->measure_ns)
			continue;
		histogram_record(&driver->latency, (uint64_t)(now - due), 1);
		if (now < driver->stop_ns)
			driver->counted++;
	}
}

void driver_acked(struct driver *driver, uint32_t slot)
{
	int64_t now = driver_now_ns();
	if (slot >= driver->options->window || !driver->requests[slot].in_flight) {
		complaint(driver->peer->name, "an answer to nothing in flight");
		driver->status = CH_FORMAT;
		return;
	}
	struct request *request = &driver->requests[slot];
	request->in_flight = false;
	driver->free_slots[driver->free_count++] = slot;
	driver->rooms[request->connection].events += request->count;
	driver->rooms[request->connection].requests++;
	driver->acked += request->count;
	driver->heard_ns = now;
	if (closed_loop(driver))
		note_closed(driver, request, now);
	else
		note_open(driver, request, now);
}

static enum ch_status send_request(struct driver *driver, uint32_t connection, uint32_t count)
{
	struct room *room = &driver->rooms[connection];
	invariant(driver->free_count > 0 && room->events >= count && room->requests > 0);
	uint32_t slot = driver->free_slots[--driver->free_count];
	for (uint32_t i = 0; i < count; i++)
		event_source_next(&driver->source, &driver->events[i]);
	driver->requests[slot] = (struct request){
		.sent_ns = driver_now_ns(),
		.first = driver->issued,
		.count = count,
		.connection = connection,
		.in_flight = true,
	};
	room->events -= count;
	room->requests--;
	driver->issued += count;
	return driver->peer->send(driver->handle, connection, slot, driver->events, count);
}

static uint32_t next_turn(struct driver *driver)
{
	uint32_t connection = driver->turn;
	driver->turn = (connection + 1) % driver->options->connections;
	return connection;
}

/* Send up to `due` events, whole requests only when `whole`, as far as the connections have room.
 * They take turns, so that all carry the same load. */
static enum ch_status send_due(struct driver *driver, uint64_t due, bool whole)
{
	enum ch_status status = CH_OK;
	uint32_t batch = driver->options->batch;
	uint32_t full = 0; /* connections in a row that had no room */
	while (status == CH_OK && due > 0 && full < driver->options->connections) {
		uint32_t connection = next_turn(driver);
		const struct room *room = &driver->rooms[connection];
		uint32_t count = room->events < batch ? room->events : batch;
		if (count > due)
			count = (uint32_t)due;
		if (count == 0 || room->requests == 0 || (whole && count < batch)) {
			full++;
			continue;
		}
		full = 0;
		due -= count;
		status = send_request(driver, connection, count);
	}
	return status;
}

static enum ch_status wait_until(struct driver *driver, int64_t until_ns)
{
	int64_t now = driver_now_ns();
	int64_t timeout = until_ns > now ? until_ns - now : 0;
	if (driver->issued > driver->acked && now - driver->heard_ns > SILENCE_NS) {
		complaint(driver->peer->name, "%" PRIu64 " events unanswered for %" PRId64 " s",
			driver->issued - driver->acked, SILENCE_NS / SECOND_NS);
		return CH_TIMEOUT;
	}
	if (driver->issued == driver->acked)
		driver->heard_ns = now;
	enum ch_status status =
		driver->peer->wait(driver->handle, timeout < WAIT_MAX_NS ? timeout : WAIT_MAX_NS);
	return status != CH_OK ? status : driver->status;
}

static enum ch_status run_closed(struct driver *driver)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && driver_now_ns() < driver->stop_ns) {
		status = send_due(driver, UINT64_MAX, true);
		if (status == CH_OK)
			status = wait_until(driver, driver->stop_ns);
	}
	return status;
}

/* Requests carry what is due by now, up to a batch: like a sender that takes all that has queued up,
 * and never waits for a batch to fill. */
static enum ch_status run_open(struct driver *driver)
{
	enum ch_status status = CH_OK;
	uint64_t rate = driver->options->rate;
	uint64_t total = (uint64_t)(driver->options->duration_ns / 1000) * rate / 1000000;
	while (status == CH_OK && driver->issued < total) {
		int64_t elapsed = driver_now_ns() - driver->start_ns;
		uint64_t due = (uint64_t)(elapsed / SECOND_NS) * rate +
			       (uint64_t)(elapsed % SECOND_NS) * rate / (uint64_t)SECOND_NS + 1;
		if (due > total)
			due = total;
		if (due > driver->issued)
			status = send_due(driver, due - driver->issued, false);
		if (status == CH_OK && driver->issued == due)
			status = wait_until(driver, due_ns(driver, due));
		else if (status == CH_OK) /* the window is full: only an answer helps */
			status = wait_until(driver, driver_now_ns() + WAIT_MAX_NS);
	}
	return status;
}

static enum ch_status drain(struct driver *driver)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && driver->acked < driver->issued)
		status = wait_until(driver, driver_now_ns() + WAIT_MAX_NS);
	return status;
}

static enum ch_status stored_now(struct driver *driver, uint64_t *out_events)
{
	if (driver->peer->stored == NULL) {
		*out_events = 0;
		return CH_OK;
	}
	return driver->peer->stored(driver->handle, out_events);
}

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print_latency(const struct histogram *latency)
{
	static const struct {
		const char *name;
		uint32_t parts;
	} rows[] = {
		{"ack.p50", 500000},
		{"ack.p90", 900000},
		{"ack.p99", 990000},
		{"ack.p99.9", 999000},
		{"ack.max", 1000000},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%s\t%.1f\tus\n", rows[i].name,
			(double)histogram_quantile(latency, rows[i].parts) / 1e3);
}

static void print_results(const struct driver *driver, double cpu, int64_t took_ns)
{
	double measured_s = (double)(driver->stop_ns - driver->measure_ns) / 1e9;
	if (driver->options->mode == MODE_OPENLOOP)
		printf("offered\t%" PRIu32 "\tevents/s\n", driver->options->rate);
	printf("throughput\t%.0f\tevents/s\n", (double)driver->counted / measured_s);
	print_latency(&driver->latency);
	printf("acknowledged\t%" PRIu64 "\tevents\n", driver->acked);
	printf("client.cpu\t%.0f\t%%\n", 100 * cpu / ((double)took_ns / 1e9));
}

static enum ch_status check_stored(struct driver *driver, uint64_t before)
{
	uint64_t after = 0;
	enum ch_status status = stored_now(driver, &after);
	if (status != CH_OK || driver->peer->stored == NULL)
		return status;
	printf("stored\t%" PRIu64 "\tevents\n", after - before);
	if (after - before >= driver->acked)
		return CH_OK;
	complaint(driver->peer->name,
		"%" PRIu64 " events acknowledged, but only %" PRIu64 " stored", driver->acked,
		after - before);
	return CH_GAP;
}

static void set_clock(struct driver *driver)
{
	int64_t duration = driver->options->duration_ns;
	int64_t warm_up = duration / 5 < SECOND_NS ? duration / 5 : SECOND_NS;
	driver->start_ns = driver_now_ns();
	driver->measure_ns = driver->start_ns + warm_up;
	driver->stop_ns = driver->start_ns + duration;
	driver->heard_ns = driver->start_ns;
}

static enum ch_status run(struct driver *driver)
{
	uint64_t before = 0;
	enum ch_status status = stored_now(driver, &before);
	if (status != CH_OK)
		goto out;
	double cpu = cpu_seconds();
	set_clock(driver);
	status = closed_loop(driver) ? run_closed(driver) : run_open(driver);
	if (status != CH_OK)
		goto out;
	status = drain(driver);
	if (status != CH_OK)
		goto out;
	print_results(driver, cpu_seconds() - cpu, driver_now_ns() - driver->start_ns);
	status = check_stored(driver, before);
	if (status == CH_OK && driver->peer->report != NULL)
		status = driver->peer->report(driver->handle, driver->acked);
out:
	return status;
}

static void driver_fini(struct driver *driver)
{
	if (driver->handle != NULL)
		driver->peer->close(driver->handle);
	event_source_fini(&driver->source);
	free(driver->events);
	free(driver->requests);
	free(driver->free_slots);
	free(driver->rooms);
}

static enum ch_status driver_init(
	struct driver *driver, const struct options *options, const struct driver_peer *peer)
{
	*driver = (struct driver){.options = options, .peer = peer};
	if (peer->batch_max != 0 && options->batch > peer->batch_max) {
		complaint(peer->name, "a request carries at most %u events", peer->batch_max);
		return CH_INVALID;
	}
	driver->events = calloc(options->batch, sizeof(*driver->events));
	driver->requests = calloc(options->window, sizeof(*driver->requests));
	driver->free_slots = calloc(options->window, sizeof(*driver->free_slots));
	driver->rooms = calloc(options->connections, sizeof(*driver->rooms));
	if (driver->events == NULL || driver->requests == NULL || driver->free_slots == NULL ||
		driver->rooms == NULL)
		return CH_NOMEM;
	for (uint32_t slot = options->window; slot > 0; slot--)
		driver->free_slots[driver->free_count++] = slot - 1;
	for (uint32_t i = 0; i < options->connections; i++)
		driver->rooms[i] = (struct room){
			.events = options->window / options->connections,
			.requests = peer->depth_max != 0 ? peer->depth_max : options->window,
		};
	enum ch_status status = event_source_init(&driver->source, options->seed,
		options->customers, options->draw, options->payload_bytes);
	if (status != CH_OK)
		return status;
	if (options->ids == EVENT_IDS_ORDERED)
		event_source_order(&driver->source);
	return peer->open(options, driver, &driver->handle);
}

int driver_main(int argc, char **argv, const struct driver_peer *peer)
{
	struct options options;
	struct driver driver = {0};
	enum ch_status status = options_parse(argc, argv, &options);
	if (status != CH_OK)
		return status == CH_END ? EXIT_SUCCESS : EXIT_USAGE;
	if (options.mode > MODE_OPENLOOP) {
		complaint(peer->name, "that mode is another program's");
		return EXIT_USAGE;
	}
	/* The timetable of an open loop is finer than the 50 us by which the kernel may oversleep. */
	(void)prctl(PR_SET_TIMERSLACK, 1000UL); /* refused: sleeps are a little coarser */
	status = driver_init(&driver, &options, peer);
	if (status == CH_OK && options.mode != MODE_PREPARE)
		status = run(&driver);
	driver_fini(&driver);
	if (status != CH_OK)
		complaint(peer->name, "%s", ch_status_text(status));
	return status == CH_OK ? EXIT_SUCCESS : EXIT_FAILING;
}
