/* From publishing to a subscriber: events at a fixed rate over one connection of libcarehub, a durable
 * subscription that acknowledges each on another.  Both ends are in this process and read one clock;
 * an event's latency counts from when it was due, up to when ch_subscription_next gave it out.
 *
 * Prints `delivery.*` and, of the publisher's receipts, `ack.*`.  Every event must arrive once, in order. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "bench/hub/till.h"
#include "bench/hub/visit.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "bench/load/histogram.h"

#define SECOND_NS INT64_C(1000000000)
#define PATIENT   15000 /* ms */
#define CREDIT    8192u
#define NAME      "bench"

struct delivery {
	const struct options *options;
	uint64_t total; /* events of the run */
	int64_t base_us;
	int64_t start_ns;
	int64_t measure_ns;
	struct ch_subscription *subscription;
	struct histogram delivered; /* the subscriber's thread */
	int64_t last_ns;
	enum ch_status delivered_status;
	struct histogram acked; /* the library's thread */
	uint64_t receipts;
	enum ch_status acked_status;
};

/* Event 1 is due at the start. */
static int64_t due_ns(const struct delivery *delivery, uint64_t number)
{
	uint64_t rate = delivery->options->rate;
	uint64_t whole = (number - 1) / rate;
	uint64_t rest = (number - 1) % rate;
	return delivery->start_ns +
	       (int64_t)(whole * (uint64_t)SECOND_NS + rest * (uint64_t)SECOND_NS / rate);
}

static void note(
	const struct delivery *delivery, struct histogram *histogram, uint64_t number, int64_t now)
{
	int64_t due = due_ns(delivery, number);
	if (due >= delivery->measure_ns)
		histogram_record(histogram, (uint64_t)(now - due), 1);
}

/* ---- The subscriber ---- */

static enum ch_status take(struct delivery *delivery, struct ch_event *event, uint64_t *number)
{
	const struct ch_delivery *got;
	enum ch_status status;
	do { /* marks and what the hub derived are passed over */
		status = ch_subscription_next(delivery->subscription, PATIENT, &got, NULL);
		if (status == CH_OK && got != NULL && !got->last)
			status = ch_ack(delivery->subscription, got);
	} while (status == CH_OK && (got == NULL || !got->last));
	int64_t now = driver_now_ns();
	if (status == CH_OK)
		status = ch_event_read(event, got->event, got->personal);
	if (status == CH_OK)
		status = ch_ack(delivery->subscription, got);
	if (status != CH_OK)
		return visit_failed("delivery", status);
	int64_t arrived = ch_event_time(event) - delivery->base_us;
	if (arrived != (int64_t)*number + 1) {
		complaint("delivery", "event %" PRId64 " came after %" PRIu64, arrived, *number);
		return CH_GAP;
	}
	note(delivery, &delivery->delivered, ++*number, now);
	delivery->last_ns = now;
	return CH_OK;
}

static void *subscribe_main(void *context)
{
	struct delivery *delivery = context;
	struct ch_event *event = ch_event_create();
	enum ch_status status = event != NULL ? CH_OK : CH_NOMEM;
	for (uint64_t number = 0; status == CH_OK && number < delivery->total;)
		status = take(delivery, event, &number);
	delivery->delivered_status = status;
	ch_event_free(event);
	return NULL;
}

/* ---- The publisher ---- */

static void on_receipt(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct delivery *delivery = context;
	/* In order of publishing, so the count is the number. */
	note(delivery, &delivery->acked, ++delivery->receipts, driver_now_ns());
	if (status == CH_OK && receipt->outcome != CH_OUTCOME_ACCEPTED)
		status = CH_CONFLICT;
	if (status != CH_OK && delivery->acked_status == CH_OK)
		delivery->acked_status = status;
}

static void sleep_until(int64_t at_ns)
{
	struct timespec at = {at_ns / SECOND_NS, at_ns % SECOND_NS};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static enum ch_status publish_all(struct delivery *delivery, struct ch_connection *connection,
	struct till *till, struct event_source *source)
{
	struct envelope envelope;
	struct event event;
	struct ch_event *out = ch_event_create();
	enum ch_status status = out != NULL ? CH_OK : CH_NOMEM;
	for (uint64_t number = 1; status == CH_OK && number <= delivery->total; number++) {
		event_source_next(source, &event);
		till_ring(till, &event, &envelope);
		ch_event_clear(out);
		ch_event_set(out, CH_ID, ch_bytes_of(envelope.id.data, envelope.id.len));
		ch_event_set(
			out, CH_SOURCE, ch_bytes_of(envelope.source.data, envelope.source.len));
		ch_event_set(out, CH_TYPE, ch_bytes_of(envelope.type.data, envelope.type.len));
		ch_event_set(out, CH_DATA, ch_bytes_of(envelope.data.data, envelope.data.len));
		ch_event_set(out, CH_PERSONAL,
			ch_bytes_of(envelope.personal.data, envelope.personal.len));
		ch_event_set_time(out, envelope.time_us, 0);
		sleep_until(due_ns(delivery, number));
		status = ch_publish_async(connection, out, PATIENT, on_receipt, delivery);
	}
	if (status == CH_OK)
		status = ch_publish_flush(connection, PATIENT);
	ch_event_free(out);
	return status == CH_OK ? status : visit_failed("publish", status);
}

/* ---- The run ---- */

static void print_latency(const char *what, const struct histogram *histogram)
{
	static const struct {
		const char *name;
		uint32_t parts;
	} rows[] = {{"p50", 500000}, {"p90", 900000}, {"p99", 990000}, {"p99.9", 999000},
		{"max", 1000000}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%s.%s\t%.1f\tus\n", what, rows[i].name,
			(double)histogram_quantile(histogram, rows[i].parts) / 1e3);
}

static void print_results(const struct delivery *delivery)
{
	double seconds = (double)(delivery->last_ns - delivery->start_ns) / 1e9;
	printf("offered\t%" PRIu32 "\tevents/s\n", delivery->options->rate);
	printf("throughput\t%.0f\tevents/s\n", (double)delivery->total / seconds);
	print_latency("delivery", &delivery->delivered);
	print_latency("ack", &delivery->acked);
}

static enum ch_status run_both(struct delivery *delivery, struct ch_connection *connection,
	struct till *till, struct event_source *source)
{
	pthread_t subscriber;
	int64_t duration = delivery->options->duration_ns;
	delivery->base_us = (int64_t)till->time_us;
	delivery->start_ns = driver_now_ns() + SECOND_NS / 100;
	delivery->measure_ns =
		delivery->start_ns + (duration / 5 < SECOND_NS ? duration / 5 : SECOND_NS);
	if (pthread_create(&subscriber, NULL, subscribe_main, delivery) != 0)
		return CH_NOMEM;
	enum ch_status status = publish_all(delivery, connection, till, source);
	(void)pthread_join(subscriber, NULL); /* ends by itself: its waits are bounded */
	if (status == CH_OK)
		status = delivery->acked_status;
	if (status == CH_OK)
		status = delivery->delivered_status;
	if (status == CH_OK)
		print_results(delivery);
	return status;
}

static enum ch_status run(struct delivery *delivery, const struct house *house)
{
	const struct options *options = delivery->options;
	const struct ch_subscribe_options wish = {
		CH_SUBSCRIBE_SIZE, .name = NAME, .from = CH_FROM_NEW, .credit = CREDIT};
	struct event_source source = {0};
	struct till till;
	struct ch_connection *publisher = NULL;
	struct ch_connection *subscriber = NULL;
	enum ch_status status = till_init(&till, options->payload_bytes);
	if (status == CH_OK)
		status = event_source_init(&source, options->seed, options->customers,
			options->draw, options->payload_bytes);
	if (status == CH_OK)
		status = visit_open(house, &publisher);
	if (status == CH_OK)
		status = visit_open(house, &subscriber);
	if (status == CH_OK) {
		status = ch_subscribe(subscriber, &wish, PATIENT, &delivery->subscription);
		if (status != CH_OK)
			(void)visit_failed("subscribe", status);
	}
	if (status == CH_OK)
		status = run_both(delivery, publisher, &till, &source);
	if (delivery->subscription != NULL)
		(void)ch_subscription_delete(delivery->subscription, PATIENT); /* or close says */
	ch_close(subscriber);
	ch_close(publisher);
	event_source_fini(&source);
	till_fini(&till);
	return status;
}

int main(int argc, char **argv)
{
	static struct delivery delivery; /* large */
	struct options options;
	struct house house;
	enum ch_status status = options_parse(argc, argv, &options);
	if (status != CH_OK)
		return status == CH_END ? EXIT_SUCCESS : 64;
	(void)prctl(PR_SET_TIMERSLACK, 1000UL); /* refused: sleeps are a little coarser */
	status = house_open(&options, &house);
	if (status == CH_OK) {
		delivery.options = &options;
		delivery.total = (uint64_t)(options.duration_ns / 1000) * options.rate / 1000000;
		status = run(&delivery, &house);
		enum ch_status closed = house_close(&house);
		status = status == CH_OK ? closed : status;
	}
	return status == CH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
