/* bench: how fast this hub takes events from here, one after the other and many at once.
 *
 * Real events: products of the reference data, which belong to no customer, under ids that are
 * used once. What it says of latency is of a closed loop, one event at a time; what it says of a
 * rate is of one connection with its window full. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "carehub/v1/reference.pb-c.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/words.h"

#define SINGLES 200u
#define MOST    10000000u
#define KINDS   100u /* product ids, so that the reference data does not grow */

struct bench {
	struct cli *cli;
	const char *source;
	uint64_t run; /* tells runs apart in their ids */
	struct ch_event *event;
	atomic_uint_fast64_t failed;
	atomic_int why; /* the first failure's status */
};

static void bench_event(struct bench *bench, uint64_t number)
{
	Carehub__V1__ReferenceProductPublished product;
	char id[64];
	char product_id[32];
	carehub__v1__reference_product_published__init(&product);
	(void)snprintf(id, sizeof(id), "bench-%llx-%llu", (unsigned long long)bench->run,
		(unsigned long long)number);
	(void)snprintf(product_id, sizeof(product_id), "bench-%u", (unsigned)(number % KINDS));
	product.product_id = product_id;
	product.model = product_id;
	ch_event_clear(bench->event);
	ch_event_set_text(bench->event, CH_ID, id);
	ch_event_set_text(bench->event, CH_SOURCE, bench->source);
	ch_event_set_text(bench->event, CH_TYPE, "reference.product.published");
	ch_event_set_time(bench->event, clock_wall_us(), 0);
	(void)ch_event_set_message(bench->event, &product.base); /* sticks in the event */
}

static int bench_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static enum ch_status bench_singles(struct bench *bench, int64_t took_us[SINGLES])
{
	for (uint32_t i = 0; i < SINGLES && !cli_stopped(); i++) {
		struct ch_receipt receipt = {0};
		bench_event(bench, i);
		int64_t began_us = clock_steady_us();
		enum ch_status status = ch_publish(
			bench->cli->connection, bench->event, bench->cli->timeout_ms, &receipt);
		took_us[i] = clock_steady_us() - began_us;
		if (status != CH_OK)
			return status;
	}
	qsort(took_us, SINGLES, sizeof(took_us[0]), bench_order);
	return CH_OK;
}

static void bench_receipt(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct bench *bench = context;
	int none = CH_OK;
	(void)receipt;
	if (status == CH_OK)
		return;
	atomic_fetch_add(&bench->failed, 1);
	(void)atomic_compare_exchange_strong(&bench->why, &none, (int)status);
}

static enum ch_status bench_many(struct bench *bench, uint64_t events, int64_t *out_took_us)
{
	struct progress progress;
	enum ch_status status = CH_OK;
	int64_t began_us = clock_steady_us();
	progress_begin(&progress, "bench", bench->cli->quiet, 0);
	for (uint64_t i = 0; i < events && status == CH_OK && !cli_stopped(); i++) {
		bench_event(bench, SINGLES + i);
		status = ch_publish_async(bench->cli->connection, bench->event,
			bench->cli->timeout_ms, bench_receipt, bench);
		if (i % 1024 == 0)
			progress_show(&progress, i, events);
	}
	enum ch_status flushed = ch_publish_flush(bench->cli->connection, bench->cli->timeout_ms);
	*out_took_us = clock_steady_us() - began_us;
	progress_end(&progress);
	if (status == CH_OK)
		status = flushed;
	return status == CH_OK ? (enum ch_status)atomic_load(&bench->why) : status;
}

static void bench_report(
	const struct cli *cli, const int64_t took_us[SINGLES], uint64_t events, int64_t many_us)
{
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	char c[WORDS_BYTES];
	uint64_t rate = many_us > 0 ? events * 1000000 / (uint64_t)many_us : 0;
	int64_t p50 = took_us[SINGLES / 2];
	int64_t p99 = took_us[SINGLES * 99 / 100];
	int64_t most = took_us[SINGLES - 1];
	if (cli->json)
		printf("{\"events\":\"%llu\",\"eventsPerSecond\":\"%llu\",\"ackP50Us\":\"%lld\","
		       "\"ackP99Us\":\"%lld\",\"ackMaxUs\":\"%lld\"}\n",
			(unsigned long long)events, (unsigned long long)rate, (long long)p50,
			(long long)p99, (long long)most);
	else
		printf("one at a time   p50 %s, p99 %s, longest %s, of %u\n"
		       "many at once    %s events/s, of %s, each synced before its receipt\n",
			words_duration(p50, a), words_duration(p99, b), words_duration(most, c),
			SINGLES, words_count(rate, (char[WORDS_BYTES]){0}),
			words_count(events, (char[WORDS_BYTES]){0}));
}

int bench_main(struct cli *cli, int argc, char **argv)
{
	struct bench bench = {.cli = cli};
	uint64_t events = 20000;
	const struct flag flags[] = {
		{"--source", FLAG_TEXT, &bench.source}, {"--events", FLAG_NUMBER, &events}, {0}};
	int64_t took_us[SINGLES] = {0};
	int64_t many_us = 0;
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	if (argc != 0 || bench.source == NULL)
		return cli_fail(EXIT_USAGE, "carehub bench --source urn:bench:1 --yes",
			"bench: of which --source?");
	if (events == 0 || events > MOST)
		return cli_fail(EXIT_USAGE, NULL, "bench: --events: 1 to %u", MOST);
	if (!cli->yes) {
		printf("%llu real events of reference.product.published would go out as %s\n",
			(unsigned long long)events + SINGLES, bench.source);
		(void)fprintf(stderr, "Nothing was done; with --yes it is.\n");
		return EXIT_FINE;
	}
	int result = cli_connect(cli);
	if (result != EXIT_FINE)
		return result;
	bench.run = (uint64_t)clock_wall_us();
	bench.event = ch_event_create();
	enum ch_status status = bench.event != NULL ? bench_singles(&bench, took_us) : CH_NOMEM;
	if (status == CH_OK)
		status = bench_many(&bench, events, &many_us);
	if (status == CH_OK && !cli_stopped())
		bench_report(cli, took_us, events, many_us);
	else if (status != CH_OK)
		result = cli_fail_status(cli, "bench", status);
	/* Its callbacks look at what ends with this function. */
	ch_close(cli->connection);
	cli->connection = NULL;
	ch_event_free(bench.event);
	return result;
}
