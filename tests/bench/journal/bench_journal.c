/* How fast the journal is by itself: metric <TAB> value <TAB> unit, one a line.
 *
 *     bench_journal [folder [seconds]]
 *
 * `folder` (default /var/tmp) should be on the disk in question; what is called "unsynced" runs in
 * /dev/shm, where a sync costs nothing, and shows what the processor does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "journal/journal.h"
#include "journal/keeper.h"
#include "journal/reader.h"
#include "support/scratch.h"

#define BENCH_BODY_BYTES 460u
#define BENCH_BODIES     4096u
#define BENCH_SYNCS_MAX  200000u

static uint8_t bench_bodies[BENCH_BODIES][BENCH_BODY_BYTES];

/* Text with numbers in it, which compresses about as our events do (3:1). */
static void bench_make_bodies(void)
{
	uint32_t x = 1;
	for (size_t i = 0; i < BENCH_BODIES; i++) {
		char text[BENCH_BODY_BYTES + 1];
		x = x * 1103515245u + 12345u;
		uint32_t r = x >> 4;
		int len = snprintf(text, sizeof(text),
			"%08x%08x repair.received station-%u unit-%u%u +86139%08u customer-%u "
			"needs a call back in the afternoon, warranty %u, parts %u %u %u; ",
			r * 2654435761u, x, r % 400, r, r % 977, r * 7 % 100000000, r % 1000003,
			r % 3, r % 7, r % 17, r % 23);
		memset(bench_bodies[i], ' ', BENCH_BODY_BYTES);
		memcpy(bench_bodies[i], text, (size_t)len);
		for (size_t at = (size_t)len; at < BENCH_BODY_BYTES; at++) {
			x = x * 1103515245u + 12345u;
			bench_bodies[i][at] =
				(x >> 20) % 8 < 5 ? ' ' : (uint8_t)('a' + (x >> 16) % 26);
		}
	}
}

static void bench_print(const char *metric, double value, const char *unit)
{
	printf("%s\t%.0f\t%s\n", metric, value, unit);
	(void)fflush(stdout);
}

static struct journal *bench_open(const char *dir)
{
	struct journal *journal = NULL;
	struct journal_options options = {.dir = dir, .create = true};
	enum ch_status status = journal_open(&options, &journal, NULL);
	if (status != CH_OK) {
		(void)fprintf(stderr, "bench_journal: %s: %s\n", dir, ch_status_text(status));
		exit(2);
	}
	return journal;
}

/* What the keeper does between two measurements, so that no roll waits for a new file. */
static void bench_keep(struct journal *journal, int64_t archive_after_us)
{
	struct retention retention = {.archive_after_us = archive_after_us};
	enum ch_status status;
	do {
		status = keeper_step(journal, &retention, 1);
	} while (status == CH_OK);
	invariant(status == CH_END);
}

struct bench_keeper {
	struct journal *journal;
	atomic_bool stop;
};

/* The keeper as the daemon runs it: archives what is sealed, prepares what is missing. */
static void *bench_keep_along(void *context)
{
	struct bench_keeper *keeper = context;
	struct retention retention = {0};
	while (!atomic_load(&keeper->stop)) {
		enum ch_status status = keeper_step(keeper->journal, &retention, INT64_MAX / 2);
		invariant(status == CH_OK || status == CH_END);
		if (status == CH_END)
			(void)usleep(20000);
	}
	return NULL;
}

static int bench_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;
	return left < right ? -1 : left > right;
}

/* With `kept`, the keeper works along in a thread; without, between commits, and is not
 * measured. */
static void bench_append(
	const char *root, const char *kind, uint32_t batch_size, double seconds, bool kept)
{
	struct bench_keeper keeper = {0};
	pthread_t keeper_thread;
	static uint32_t syncs_us[BENCH_SYNCS_MAX];
	char dir[256];
	char metric[64];
	uint64_t entries = 0;
	uint32_t syncs = 0;
	(void)snprintf(dir, sizeof(dir), "%s/bench-journal-XXXXXX", root);
	invariant(mkdtemp(dir) != NULL);
	struct journal *journal = bench_open(dir);
	bench_keep(journal, INT64_MAX / 2);
	keeper.journal = journal;
	invariant(!kept || pthread_create(&keeper_thread, NULL, bench_keep_along, &keeper) == 0);
	int64_t start_us = clock_steady_us();
	int64_t end_us = start_us + (int64_t)(seconds * 1e6);
	int64_t now_us = start_us;
	int64_t kept_us = 0;
	while (now_us < end_us && syncs < BENCH_SYNCS_MAX) {
		struct batch *batch = journal_begin(journal);
		for (uint32_t i = 0; i < batch_size; i++) {
			struct slice body = slice_of(
				bench_bodies[(entries + i) % BENCH_BODIES], BENCH_BODY_BYTES);
			(void)journal_append(batch, now_us, &body, 1);
		}
		invariant(journal_commit(batch) == CH_OK);
		entries += batch_size;
		int64_t then_us = clock_steady_us();
		syncs_us[syncs++] = (uint32_t)(then_us - now_us);
		now_us = then_us;
		struct journal_stats stats;
		journal_stats(journal, &stats);
		if (!kept && stats.spare_segments ==
				     0) { /* the keeper's work, which is not measured here */
			bench_keep(journal, INT64_MAX / 2);
			kept_us += clock_steady_us() - now_us;
			end_us += clock_steady_us() - now_us;
			now_us = clock_steady_us();
		}
	}
	double elapsed_s = (double)(now_us - start_us - kept_us) / 1e6;
	atomic_store(&keeper.stop, true);
	invariant(!kept || pthread_join(keeper_thread, NULL) == 0);
	(void)snprintf(metric, sizeof(metric), "append_%s_%u", kind, batch_size);
	bench_print(metric, (double)entries / elapsed_s, "entries/s");
	qsort(syncs_us, syncs, sizeof(syncs_us[0]), bench_compare);
	(void)snprintf(metric, sizeof(metric), "commit_%s_%u_p50", kind, batch_size);
	bench_print(metric, syncs_us[syncs / 2], "us");
	(void)snprintf(metric, sizeof(metric), "commit_%s_%u_p999", kind, batch_size);
	bench_print(metric, syncs_us[(uint64_t)syncs * 999 / 1000], "us");
	journal_close(journal);
	scratch_remove(dir);
}

static void bench_read_all(struct journal *journal, const char *metric)
{
	struct reader *reader = NULL;
	struct journal_entry entry;
	uint64_t entries = 0;
	uint64_t bytes = 0;
	invariant(reader_open(journal, &reader) == CH_OK);
	int64_t start_us = clock_steady_us();
	while (reader_next(reader, &entry) == CH_OK) {
		entries++;
		bytes += entry.body.len;
	}
	double elapsed_s = (double)(clock_steady_us() - start_us) / 1e6;
	invariant(entries == journal_head(journal) && bytes == entries * BENCH_BODY_BYTES);
	bench_print(metric, (double)entries / elapsed_s, "entries/s");
	reader_close(reader);
}

static void bench_read(const char *root)
{
	char dir[256];
	struct journal_stats stats;
	(void)snprintf(dir, sizeof(dir), "%s/bench-journal-XXXXXX", root);
	invariant(mkdtemp(dir) != NULL);
	struct journal *journal = bench_open(dir);
	while (journal_head(journal) < 600000) {
		struct batch *batch = journal_begin(journal);
		for (uint32_t i = 0; i < 256; i++) {
			struct slice body =
				slice_of(bench_bodies[(journal_head(journal) + i) % BENCH_BODIES],
					BENCH_BODY_BYTES);
			(void)journal_append(batch, 0, &body, 1);
		}
		invariant(journal_commit(batch) == CH_OK);
	}
	bench_read_all(journal, "read_segments_cold_start");
	bench_read_all(journal, "read_segments");
	int64_t start_us = clock_steady_us();
	struct verify_result result;
	invariant(keeper_verify(journal, NULL, NULL, &result) == CH_OK);
	bench_print("verify_segments",
		(double)result.entries * 1e6 / (double)(clock_steady_us() - start_us), "entries/s");
	start_us = clock_steady_us();
	bench_keep(journal, 0);
	journal_stats(journal, &stats);
	bench_print("archive",
		(double)stats.archived_segments * 64 * 1.048576e6 /
			(double)(clock_steady_us() - start_us),
		"MB/s");
	bench_print("archive_bytes_per_entry",
		(double)stats.archive_bytes /
			(600000.0 * (double)stats.archived_segments /
				(double)(stats.archived_segments + stats.segments)),
		"bytes");
	bench_read_all(journal, "read_archive");
	bench_read_all(journal, "read_archive_again");
	struct reader *reader;
	struct journal_entry entry;
	invariant(reader_open(journal, &reader) == CH_OK);
	start_us = clock_steady_us();
	uint64_t x = 1;
	for (int i = 0; i < 200; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		invariant(reader_seek(reader, 1 + (x >> 33) % 600000) == CH_OK);
		invariant(reader_next(reader, &entry) == CH_OK);
	}
	bench_print("seek_archive", (double)(clock_steady_us() - start_us) / 200, "us");
	reader_close(reader);
	start_us = clock_steady_us();
	journal_close(journal);
	journal = bench_open(dir);
	bench_print("reopen", (double)(clock_steady_us() - start_us), "us");
	journal_close(journal);
	scratch_remove(dir);
}

int main(int argc, char **argv)
{
	const char *root = argc > 1 ? argv[1] : "/var/tmp";
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1.0;
	static const uint32_t sizes[] = {1, 64, 512};
	bench_make_bodies();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bench_append(root, "synced", sizes[i], seconds, false);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bench_append(root, "synced_kept", sizes[i], seconds, true);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bench_append("/dev/shm", "unsynced", sizes[i], seconds / 2, false);
	bench_read(root);
	return 0;
}
