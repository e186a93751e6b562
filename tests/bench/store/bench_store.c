/* What the store costs.
 *
 *     bench_store micro           the writer's calls on warm layers, nanoseconds each
 *     bench_store inbox [ids]     lookups with so many known ids (10 000 000)
 *     bench_store checkpoint      what one costs by its size
 *     bench_store load [seconds] [readers]
 *                                 events against 1 000 000 customers, checkpoints behind them, and
 *                                 so many threads that read ten records in each view
 *     bench_store tail [paced] [yield]
 *                                 small syncs of another file beside checkpoints: their latency
 *
 * An event here: its id is looked up and put, the customer's record read and rewritten (400
 * bytes), one timeline entry added (80 bytes).  Batches of 512.  Works in a fresh folder under
 * $TMPDIR. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/pace.h"
#include "store/state.h"
#include "support/scratch.h"

#define BATCH        512u
#define CUSTOMERS    1000000u
#define RECORD_BYTES 400u
#define LINE_BYTES   80u

static char bench_dir[256];
static uint64_t random_state = 88172645463325252u;
static uint8_t filler[4096];

static uint64_t bench_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void bench_check(enum ch_status status, const char *what)
{
	if (status == CH_OK)
		return;
	fprintf(stderr, "bench_store: %s: %s\n", what, ch_status_name(status));
	exit(2);
}

/* Same number, same fingerprint. */
static void bench_fingerprint(uint64_t number, uint8_t out[16])
{
	uint64_t a = hash_mix(number ^ UINT64_C(0x2545f4914f6cdd1d), UINT64_C(0x9e3779b97f4a7c15));
	uint64_t b = hash_mix(a ^ number, UINT64_C(0xe7037ed1a0b428db));
	a = hash_mix(b ^ UINT64_C(0x8ebc6af09c88c6e3), number ^ UINT64_C(0x589965cc75374cc3));
	store_be64(out, a ^ b << 1);
	store_be64(out + 8, b);
}

static long bench_status_kb(const char *field)
{
	char line[256];
	long value = -1;
	FILE *file = fopen("/proc/self/status", "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field) + 1, NULL, 10);
	}
	if (file != NULL)
		(void)fclose(file);
	return value;
}

static struct state *bench_open(bool projector)
{
	struct state *state;
	const struct state_options options = {.dir = bench_dir, .no_projector = !projector};
	bench_check(state_open(&options, 1, &state), "state_open");
	return state;
}

static struct slice record_key(uint64_t customer, uint8_t key[17])
{
	/* Customer numbers are not dense: 10 digits and 2 check digits. */
	store_be64(key, customer * 97 + 100000000000u);
	key[8] = 'r';
	return slice_of(key, 9);
}

/* A new line next to the record, or behind all older ones? */
static bool oldest_first;

static struct slice line_key(uint64_t customer, uint64_t sequence, uint8_t key[17])
{
	(void)record_key(customer, key);
	key[8] = 't';
	store_be64(key + 9, oldest_first ? sequence : ~sequence);
	return slice_of(key, 17);
}

/* ---- One event ---- */

static uint64_t sequence_now;

static void bench_event(struct change *change, uint64_t customer)
{
	uint8_t fingerprint[16];
	uint8_t key[17];
	uint8_t record[RECORD_BYTES];
	struct slice value;
	struct inbox_item item;
	sequence_now++;
	bench_fingerprint(sequence_now, fingerprint);
	enum ch_status status = change_inbox_get(change, fingerprint, &item);
	if (status != CH_NOT_FOUND)
		bench_check(status == CH_OK ? CH_EXISTS : status, "change_inbox_get");
	status = change_get(change, TABLE_CUSTOMER, record_key(customer, key), &value);
	memcpy(record, filler, sizeof(record));
	if (status == CH_OK)
		memcpy(record, value.data, value.len);
	else if (status != CH_NOT_FOUND)
		bench_check(status, "change_get");
	store_le64(record, sequence_now);
	change_put(change, TABLE_CUSTOMER, record_key(customer, key),
		slice_of(record, sizeof(record)));
	change_put(change, TABLE_CUSTOMER, line_key(customer, sequence_now, key),
		slice_of(filler, LINE_BYTES));
	item = (struct inbox_item){.sequence = sequence_now};
	change_inbox_put(change, fingerprint, &item);
}

static void bench_batch(struct state *state, uint64_t customers)
{
	struct change *change = state_begin(state);
	for (uint32_t i = 0; i < BATCH; i++)
		bench_event(change, bench_random() % customers);
	bench_check(change_status(change), "batch");
	bench_check(change_publish(change, sequence_now), "publish");
}

/* The customers, by the normal path. */
static void bench_fill(struct state *state, uint32_t customers)
{
	uint8_t key[17];
	int64_t start = clock_steady_us();
	for (uint32_t at = 0; at < customers;) {
		struct change *change = state_begin(state);
		for (uint32_t i = 0; i < 4096 && at < customers; i++, at++)
			change_put(change, TABLE_CUSTOMER, record_key(at, key),
				slice_of(filler, RECORD_BYTES));
		bench_check(change_publish(change, ++sequence_now), "publish");
	}
	bench_check(state_checkpoint(state), "checkpoint");
	printf("filled %u customers in %.2f s, anonymous %ld MB\n", customers,
		(double)(clock_steady_us() - start) / 1e6, bench_status_kb("RssAnon") / 1024);
}

static void bench_report(struct state *state)
{
	struct state_stats stats;
	state_stats(state, &stats);
	printf("  checkpoints %" PRIu64 " (%" PRIu64 " paced), last %.0f ms, written %.0f MB, "
	       "lmdb %.0f MB, inbox %" PRIu64 " ids in %" PRIu64 " runs %.0f MB\n",
		stats.checkpoints, stats.checkpoints_paced, (double)stats.checkpoint_last_us / 1e3,
		(double)stats.bytes_written / 1e6, (double)stats.lmdb_bytes / 1e6,
		stats.inbox_items, stats.inbox_runs, (double)stats.inbox_bytes / 1e6);
	printf("  anonymous %ld MB, of it changes %.0f MB\n", bench_status_kb("RssAnon") / 1024,
		(double)stats.changes_bytes / 1e6);
}

/* ---- Latencies ---- */

#define LATENCIES_MAX 200000u

static struct latencies {
	uint32_t count;
	uint32_t us[LATENCIES_MAX];
} latencies;

static void latency_add(int64_t us)
{
	if (latencies.count < LATENCIES_MAX)
		latencies.us[latencies.count++] = (uint32_t)us;
}

static int latency_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void latency_print(const char *what)
{
	const uint32_t *us = latencies.us;
	uint64_t count = latencies.count;
	qsort(latencies.us, count, sizeof(*latencies.us), latency_compare);
	if (count > 0)
		printf("%-28s %6" PRIu64 ", us: p50 %u  p99 %u  p99.9 %u  max %u\n", what, count,
			us[count / 2], us[count * 99 / 100], us[count * 999 / 1000], us[count - 1]);
	latencies.count = 0;
}

/* ---- micro ---- */

static double nanoseconds(int64_t start_us, uint64_t operations)
{
	return (double)(clock_steady_us() - start_us) * 1e3 / (double)operations;
}

static void bench_micro(void)
{
	enum { CUSTOMERS_WARM = 100000, BATCHES = 400 };
	struct state *state;
	const struct state_options options = {.dir = bench_dir,
		.freeze_changes = 600000,
		.cap_changes = 600000,
		.cap_bytes = UINT64_C(2) << 30,
		.freeze_us = 600000000};
	bench_check(state_open(&options, 1, &state), "state_open");
	/* The third round of layers: their memory has been used before, as after a while it
	 * always has. */
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < CUSTOMERS_WARM * 3 / BATCH; i++)
			bench_batch(state, CUSTOMERS_WARM);
		bench_check(state_checkpoint(state), "checkpoint");
	}
	for (uint32_t i = 0; i < CUSTOMERS_WARM * 2 / BATCH; i++)
		bench_batch(state, CUSTOMERS_WARM);
	double get = 0;
	double put = 0;
	double inbox = 0;
	double publish = 0;
	double worst = 0;
	static uint64_t customers[BATCH];
	uint8_t key[17];
	uint8_t fingerprint[16];
	struct slice value;
	struct inbox_item item = {.sequence = 1};
	for (uint32_t round = 0; round < BATCHES; round++) {
		struct change *change = state_begin(state);
		for (uint32_t i = 0; i < BATCH; i++)
			customers[i] = bench_random() % CUSTOMERS_WARM;
		int64_t start = clock_steady_us();
		for (uint32_t i = 0; i < BATCH; i++)
			(void)change_get(
				change, TABLE_CUSTOMER, record_key(customers[i], key), &value);
		get += nanoseconds(start, BATCH);
		start = clock_steady_us();
		for (uint32_t i = 0; i < BATCH; i++) {
			sequence_now++;
			change_put(change, TABLE_CUSTOMER, record_key(customers[i], key),
				slice_of(filler, RECORD_BYTES));
			change_put(change, TABLE_CUSTOMER,
				line_key(customers[i], sequence_now, key),
				slice_of(filler, LINE_BYTES));
		}
		put += nanoseconds(start, BATCH);
		start = clock_steady_us();
		for (uint32_t i = 0; i < BATCH; i++) {
			bench_fingerprint(sequence_now + i, fingerprint);
			(void)change_inbox_get(change, fingerprint, &item);
			item.sequence = sequence_now;
			change_inbox_put(change, fingerprint, &item);
		}
		inbox += nanoseconds(start, BATCH);
		start = clock_steady_us();
		bench_check(change_publish(change, sequence_now), "publish");
		double took = nanoseconds(start, BATCH);
		publish += took;
		worst = took > worst ? took : worst;
	}
	printf("per event, ns: get %.0f, two puts %.0f, id get and put %.0f, publish %.0f "
	       "(a batch %.0f us, worst %.0f us); sum %.0f\n",
		get / BATCHES, put / BATCHES, inbox / BATCHES, publish / BATCHES,
		publish / BATCHES * BATCH / 1e3, worst * BATCH / 1e3,
		(get + put + inbox + publish) / BATCHES);
	bench_report(state);
	state_close(state);
}

/* ---- inbox ---- */

static void bench_inbox(uint64_t count)
{
	struct state *state = bench_open(true);
	struct inbox_item item = {.sequence = 1};
	uint8_t fingerprint[16];
	long before = bench_status_kb("RssAnon");
	int64_t start = clock_steady_us();
	for (uint64_t at = 0; at < count;) {
		struct change *change = state_begin(state);
		for (uint32_t i = 0; i < BATCH && at < count; i++) {
			item.sequence = ++at;
			bench_fingerprint(at, fingerprint);
			change_inbox_put(change, fingerprint, &item);
		}
		bench_check(change_publish(change, at), "publish");
	}
	bench_check(state_checkpoint(state), "checkpoint");
	printf("%" PRIu64 " ids put in %.2f s, anonymous %ld MB more\n", count,
		(double)(clock_steady_us() - start) / 1e6,
		(bench_status_kb("RssAnon") - before) / 1024);
	for (int quiet = 0; quiet < 2; quiet++) {
		bench_report(state);
		struct change *change = state_begin(state);
		const uint32_t looks = 500000;
		uint32_t wrong = 0;
		start = clock_steady_us();
		for (uint32_t i = 0; i < looks; i++) {
			bench_fingerprint(count + 1 + bench_random() % (count * 100), fingerprint);
			wrong += change_inbox_get(change, fingerprint, &item) != CH_NOT_FOUND;
		}
		double fresh = nanoseconds(start, looks);
		start = clock_steady_us();
		for (uint32_t i = 0; i < looks; i++) {
			bench_fingerprint(1 + bench_random() % count, fingerprint);
			wrong += change_inbox_get(change, fingerprint, &item) != CH_OK;
		}
		printf("look-up of a new id %.0f ns, of a known one %.0f ns, wrong answers %u\n",
			fresh, nanoseconds(start, looks), wrong);
		change_abort(change);
		if (quiet == 0)
			(void)sleep(2); /* merges what is left */
	}
	state_close(state);
}

/* ---- checkpoint ---- */

static double bench_cpu_us(int who)
{
	struct rusage usage;
	(void)getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* One checkpoint after so many events, with nothing else going on. */
static void bench_checkpoint(bool oldest)
{
	oldest_first = oldest;
	static const uint32_t sizes[] = {16384, 65536, 131072, 262144, 2000000, 131072, 262144,
		2000000, 131072, 262144, 4000000, 65536, 131072, 262144};
	struct state *state;
	const struct state_options options = {.dir = bench_dir,
		.freeze_changes = 2000000,
		.cap_changes = 2000000,
		.cap_bytes = UINT64_C(2) << 30,
		.freeze_us = 600000000};
	bench_check(state_open(&options, 1, &state), "state_open");
	bench_fill(state, CUSTOMERS);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct state_stats before;
		struct state_stats after;
		for (uint32_t at = 0; at < sizes[i]; at += BATCH) {
			bench_batch(state, CUSTOMERS);
			if (at % (512 * BATCH) == 511 * BATCH && sizes[i] > 1000000)
				bench_check(state_checkpoint(state), "checkpoint");
		}
		state_stats(state, &before);
		double cpu = bench_cpu_us(RUSAGE_SELF);
		bench_check(state_checkpoint(state), "checkpoint");
		cpu = bench_cpu_us(RUSAGE_SELF) - cpu;
		state_stats(state, &after);
		double took = (double)after.checkpoint_last_us;
		printf("%u events, %" PRIu64
		       " places, %.0f MB: %.0f ms, CPU %.0f ms, %.0f MB written: "
		       "%.2f us, %.2f us CPU, %.0f bytes an event\n",
			sizes[i], before.changes_active, (double)before.changes_bytes / 1e6,
			took / 1e3, cpu / 1e3,
			(double)(after.bytes_written - before.bytes_written) / 1e6, took / sizes[i],
			cpu / sizes[i],
			(double)(after.bytes_written - before.bytes_written) / sizes[i]);
	}
	bench_report(state);
	state_close(state);
}

/* ---- load ---- */

static struct readers {
	struct state *state;
	atomic_bool stop;
	atomic_uint_fast64_t views;
	uint64_t seeds[8];
} readers;

static void *bench_reader(void *context)
{
	uint64_t seed = *(const uint64_t *)context;
	uint8_t key[17];
	struct slice value;
	while (!atomic_load(&readers.stop)) {
		struct rtxn *rtxn;
		bench_check(rtxn_begin(readers.state, &rtxn), "rtxn_begin");
		for (int i = 0; i < 10; i++) {
			seed = hash_mix(seed, UINT64_C(0x9e3779b97f4a7c15)) | 1;
			bench_check(rtxn_get(rtxn, TABLE_CUSTOMER,
					    record_key((seed >> 8) % CUSTOMERS, key), &value),
				"rtxn_get");
		}
		rtxn_end(rtxn);
		atomic_fetch_add(&readers.views, 1);
		(void)usleep(100);
	}
	return NULL;
}

static void bench_load(double seconds, int reader_count)
{
	pthread_t threads[8];
	struct state *state = bench_open(true);
	bench_fill(state, CUSTOMERS);
	readers.state = state;
	reader_count = reader_count > 8 ? 8 : reader_count;
	for (int i = 0; i < reader_count; i++) {
		readers.seeds[i] = bench_random() | 1;
		if (pthread_create(&threads[i], NULL, bench_reader, &readers.seeds[i]) != 0)
			exit(2);
	}
	struct state_stats stats;
	uint64_t events = 0;
	uint64_t begun = 0;
	state_stats(state, &stats);
	begun = stats.bytes_written;
	double writer = bench_cpu_us(RUSAGE_THREAD);
	double all = bench_cpu_us(RUSAGE_SELF);
	int64_t start = clock_steady_us();
	while ((double)(clock_steady_us() - start) < seconds * 1e6) {
		/* Paced as the hub would: full credit below the bound, none above. */
		while (state_pressure(state) >= 100)
			(void)usleep(500);
		int64_t from = clock_steady_us();
		bench_batch(state, CUSTOMERS);
		latency_add(clock_steady_us() - from);
		events += BATCH;
	}
	atomic_store(&readers.stop, true);
	writer = bench_cpu_us(RUSAGE_THREAD) - writer;
	all = bench_cpu_us(RUSAGE_SELF) - all;
	double took = (double)(clock_steady_us() - start) / 1e6;
	state_stats(state, &stats);
	printf("%.0f thousand events/s for %.1f s; CPU us an event: writer %.2f, projector %.2f; "
	       "%.0f bytes written an event\n",
		(double)events / took / 1e3, took, writer / (double)events,
		(all - writer) / (double)events,
		(double)(stats.bytes_written - begun) / (double)events);
	latency_print("  batches");
	for (int i = 0; i < reader_count; i++)
		(void)pthread_join(threads[i], NULL);
	if (reader_count > 0)
		printf("  %.0f thousand views/s read beside it\n",
			(double)atomic_load(&readers.views) / took / 1e3);
	bench_report(state);
	bench_check(state_checkpoint(state), "checkpoint");
	bench_report(state);
	state_close(state);
}

/* ---- tail ---- */

static struct tail {
	atomic_bool stop;
	atomic_bool measuring;
	atomic_int waiting; /* a short sync is under way */
} tail;

/* The journal: a block written over a pre-written file and synced, every 200 us. */
static void *tail_journal(void *context)
{
	uint64_t offset = 0;
	int fd = *(int *)context;
	while (!atomic_load(&tail.stop)) {
		int64_t start = clock_steady_us();
		atomic_store(&tail.waiting, 1);
		bench_check(file_write_at(fd, filler, 2048, offset % (64u << 20)), "write");
		bench_check(file_sync(fd), "sync");
		atomic_store(&tail.waiting, 0);
		offset += 2048;
		int64_t took = clock_steady_us() - start;
		if (atomic_load(&tail.measuring))
			latency_add(took);
		if (took < 200)
			(void)usleep((unsigned)(200 - took));
	}
	return NULL;
}

static void tail_yield(void *context)
{
	(void)context;
	for (int i = 0; i < 20 && atomic_load(&tail.waiting) != 0; i++)
		(void)usleep(50);
}

static void bench_tail(bool paced, bool yielding)
{
	char path[300];
	pthread_t journal;
	struct state *state;
	const struct state_options options = {
		.dir = bench_dir, .unpaced = !paced, .yield = yielding ? tail_yield : NULL};
	bench_check(state_open(&options, 1, &state), "state_open");
	bench_fill(state, CUSTOMERS);
	(void)snprintf(path, sizeof(path), "%s/journal", bench_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		exit(2);
	for (uint64_t at = 0; at < (64u << 20); at += sizeof(filler))
		bench_check(file_write_at(fd, filler, sizeof(filler), at), "pre-write");
	bench_check(file_sync(fd), "sync");
	if (pthread_create(&journal, NULL, tail_journal, &fd) != 0)
		exit(2);
	atomic_store(&tail.measuring, true);
	(void)usleep(1500000);
	atomic_store(&tail.measuring, false);
	(void)usleep(10000);
	latency_print("no checkpoint");
	for (int round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < 140000 / BATCH; i++)
			bench_batch(state, CUSTOMERS);
		int64_t start = clock_steady_us();
		atomic_store(&tail.measuring, true);
		bench_check(state_checkpoint(state), "checkpoint");
		atomic_store(&tail.measuring, false);
		(void)usleep(10000);
		char what[64];
		(void)snprintf(what, sizeof(what), "beside a checkpoint %.0f ms",
			(double)(clock_steady_us() - start) / 1e3);
		latency_print(what);
	}
	bench_report(state);
	atomic_store(&tail.stop, true);
	(void)pthread_join(journal, NULL);
	(void)close(fd);
	state_close(state);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	scratch_make(bench_dir, "bench-store");
	for (size_t i = 0; i < sizeof(filler); i++)
		filler[i] = (uint8_t)bench_random();
	if (strcmp(mode, "micro") == 0)
		bench_micro();
	else if (strcmp(mode, "inbox") == 0)
		bench_inbox(argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000);
	else if (strcmp(mode, "checkpoint") == 0)
		bench_checkpoint(argc > 2);
	else if (strcmp(mode, "load") == 0)
		bench_load(argc > 2 ? strtod(argv[2], NULL) : 6,
			argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0);
	else if (strcmp(mode, "tail") == 0)
		bench_tail(argc > 2, argc > 3);
	else
		return 64;
	scratch_remove(bench_dir);
	return 0;
}
