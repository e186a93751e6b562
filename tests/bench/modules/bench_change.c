/* From a sale to the news that its customer is in a segment now, beside plain delivery of the same sale: one event at a
 * time, each for a new customer, on a hub and a carehub-marketing that run already.
 *
 *     bench_change ENDPOINT SERVER_KEY KEY_FILE SECONDS
 *
 * Both latencies count from before the sale is handed to the library.  Prints `plain.*` and `change.*`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/file.h"
#include "base/text.h"
#include "bench/hub/till.h"
#include "bench/hub/visit.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "bench/load/histogram.h"

#define SECOND_NS INT64_C(1000000000)
#define PATIENT   20000 /* ms */
#define CUSTOMERS 90000000u
#define WARM_UP   50u

struct change {
	struct ch_connection *till;
	struct ch_connection *desk;
	struct ch_subscription *sales;
	struct ch_subscription *segments;
	struct ch_event *out;
	struct event_source source;
	struct till receipts;
	struct histogram plain;
	struct histogram changed;
};

static enum ch_status subscribe(
	struct ch_connection *connection, const char *type, struct ch_subscription **out)
{
	const char *const types[] = {type};
	const struct ch_subscribe_options wish = {CH_SUBSCRIBE_SIZE, .types = types,
		.type_count = 1, .from = CH_FROM_NEW, .no_ack = true};
	enum ch_status status = ch_subscribe(connection, &wish, PATIENT, out);
	return status == CH_OK ? status : visit_failed("subscribe", status);
}

static enum ch_status take(struct ch_subscription *subscription, const char *what)
{
	const struct ch_delivery *got = NULL;
	enum ch_status status = CH_OK;
	while (status == CH_OK && got == NULL)
		status = ch_subscription_next(subscription, PATIENT, &got, NULL);
	return status == CH_OK ? status : visit_failed(what, status);
}

static enum ch_status ring(struct change *change)
{
	struct envelope envelope;
	struct event event;
	struct ch_event *out = change->out;
	event_source_next(&change->source, &event);
	till_ring(&change->receipts, &event, &envelope);
	ch_event_clear(out);
	ch_event_set(out, CH_ID, ch_bytes_of(envelope.id.data, envelope.id.len));
	ch_event_set(out, CH_SOURCE, ch_bytes_of(envelope.source.data, envelope.source.len));
	ch_event_set(out, CH_TYPE, ch_bytes_of(envelope.type.data, envelope.type.len));
	ch_event_set(out, CH_DATA, ch_bytes_of(envelope.data.data, envelope.data.len));
	ch_event_set(out, CH_PERSONAL, ch_bytes_of(envelope.personal.data, envelope.personal.len));
	ch_event_set_time(out, envelope.time_us, 0);
	return ch_publish_async(change->till, out, PATIENT, NULL, NULL);
}

static enum ch_status run(struct change *change, int64_t duration_ns)
{
	enum ch_status status = CH_OK;
	int64_t end_ns = driver_now_ns() + duration_ns;
	for (unsigned i = 0; status == CH_OK && driver_now_ns() < end_ns; i++) {
		int64_t began_ns = driver_now_ns();
		status = ring(change);
		if (status == CH_OK)
			status = take(change->sales, "sale");
		int64_t plain_ns = driver_now_ns() - began_ns;
		if (status == CH_OK)
			status = take(change->segments, "segment");
		int64_t changed_ns = driver_now_ns() - began_ns;
		if (status != CH_OK || i < WARM_UP)
			continue;
		histogram_record(&change->plain, (uint64_t)plain_ns, 1);
		histogram_record(&change->changed, (uint64_t)changed_ns, 1);
	}
	return status;
}

static void print_latency(const char *what, const struct histogram *histogram)
{
	static const struct {
		const char *name;
		uint32_t parts;
	} rows[] = {{"p50", 500000}, {"p90", 900000}, {"p99", 990000}, {"max", 1000000}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%s.%s\t%.1f\tus\n", what, rows[i].name,
			(double)histogram_quantile(histogram, rows[i].parts) / 1e3);
}

static enum ch_status open_all(struct change *change, const struct house *house)
{
	enum ch_status status = till_init(&change->receipts, 300);
	if (status == CH_OK)
		status = event_source_init(
			&change->source, (uint64_t)driver_now_ns(), CUSTOMERS, EVENT_UNIFORM, 300);
	if (status == CH_OK)
		status = visit_open(house, &change->till);
	if (status == CH_OK)
		status = visit_open(house, &change->desk);
	if (status == CH_OK)
		status = subscribe(change->desk, "pos.sale.completed", &change->sales);
	if (status == CH_OK)
		status = subscribe(change->desk, "marketing.segment.entered", &change->segments);
	change->out = ch_event_create();
	return status == CH_OK && change->out == NULL ? CH_NOMEM : status;
}

int main(int argc, char **argv)
{
	static struct change change; /* large */
	static struct house house;
	struct buffer key = {0};
	uint64_t milliseconds = 0;
	if (argc != 5 || strlen(argv[1]) >= sizeof(house.endpoint) ||
		text_parse_u64(slice_text(argv[4]), 600000, &milliseconds) != CH_OK) {
		complaint(
			"change", "usage: bench_change ENDPOINT SERVER_KEY KEY_FILE MILLISECONDS");
		return 64;
	}
	(void)prctl(PR_SET_TIMERSLACK, 1000UL); /* refused: sleeps are a little coarser */
	enum ch_status status = file_read_all(argv[3], 4096, &key);
	if (status == CH_OK) {
		struct slice secret = text_trim(buffer_slice(&key));
		(void)snprintf(house.endpoint, sizeof(house.endpoint), "%s", argv[1]);
		(void)snprintf(house.server_key, sizeof(house.server_key), "%s", argv[2]);
		(void)snprintf(house.secret_key, sizeof(house.secret_key), "%.*s", (int)secret.len,
			(const char *)secret.data);
		status = open_all(&change, &house);
	}
	if (status == CH_OK)
		status = run(&change, (int64_t)milliseconds * 1000000);
	if (status == CH_OK) {
		print_latency("plain", &change.plain);
		print_latency("change", &change.changed);
	}
	ch_event_free(change.out);
	ch_close(change.desk);
	ch_close(change.till);
	event_source_fini(&change.source);
	till_fini(&change.receipts);
	buffer_fini(&key);
	return status == CH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
