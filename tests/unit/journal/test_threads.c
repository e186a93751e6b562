/* Writer, keeper and readers at once: for the thread sanitizer, and for what readers may see. */
#include "history.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"

#define ENTRIES 30000u

static struct journal *journal;
static atomic_bool written;

/* cmocka's assertions belong to the main thread: here, a thing that is not so ends the process. */
#define must(expression)                                                                           \
	((expression) ? (void)0                                                                    \
		      : (print_error("%s:%d: %s\n", __FILE__, __LINE__, #expression), abort()))

static void check_entry(const struct journal_entry *entry)
{
	uint8_t body[HISTORY_BODY_MAX];
	size_t len = history_length(entry->sequence);
	history_fill(entry->sequence, body, len);
	must(entry->body.len == len && memcmp(entry->body.data, body, len) == 0);
	must(entry->arrival_us == history_arrival_us(entry->sequence));
}

static void *write_all(void *context)
{
	(void)context;
	while (journal_head(journal) < ENTRIES)
		must(history_try_commit(journal, 1 + (uint32_t)(journal_head(journal) % 23)) ==
			CH_OK);
	atomic_store(&written, true);
	return NULL;
}

static void *keep(void *context)
{
	struct retention retention = {.archive_after_us = 200000};
	(void)context;
	while (!atomic_load(&written)) {
		enum ch_status status =
			keeper_step(journal, &retention, journal_head_arrival_us(journal));
		must(status == CH_OK || status == CH_END);
	}
	return NULL;
}

/* Live: everything, in order, as it comes. */
static void *follow(void *context)
{
	struct reader *reader;
	struct journal_entry entry;
	uint64_t sequence = 1;
	(void)context;
	must(reader_open(journal, &reader) == CH_OK);
	while (sequence <= ENTRIES) {
		enum ch_status status = reader_next(reader, &entry);
		must(status == CH_OK || status == CH_END);
		if (status == CH_END)
			continue;
		must(entry.sequence == sequence++);
		check_entry(&entry);
	}
	reader_close(reader);
	return NULL;
}

/* Replays here and there, so that it stands in old segments while they go to the archive. */
static void *wander(void *context)
{
	struct reader *reader;
	struct journal_entry entry;
	uint64_t x = *(uint64_t *)context;
	must(reader_open(journal, &reader) == CH_OK);
	while (!atomic_load(&written)) {
		uint64_t head = journal_head(journal);
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		if (head == 0)
			continue;
		uint64_t sequence = 1 + (x >> 33) % head;
		if (x >> 63 != 0) {
			must(reader_seek_time(reader, history_arrival_us(sequence)) == CH_OK);
			sequence = reader_position(reader);
		} else {
			must(reader_seek(reader, sequence) == CH_OK);
		}
		for (int i = 0; i < 100 && sequence <= head; i++) {
			must(reader_next(reader, &entry) == CH_OK);
			must(entry.sequence == sequence++);
			check_entry(&entry);
		}
		if (x % 16 == 0)
			reader_rest(reader);
	}
	reader_close(reader);
	return NULL;
}

static void *verify_again_and_again(void *context)
{
	struct verify_result result;
	struct journal_stats stats;
	uint8_t hash[JOURNAL_HASH_BYTES];
	(void)context;
	while (!atomic_load(&written)) {
		must(keeper_verify(journal, NULL, NULL, &result) == CH_OK);
		must(journal_chain(journal, hash) >= result.entries);
		journal_stats(journal, &stats);
	}
	return NULL;
}

static void all_at_once(void **state)
{
	struct history *history = *state;
	static void *(*const roles[])(void *context) = {
		write_all, keep, follow, wander, wander, verify_again_and_again};
	pthread_t threads[6];
	uint64_t seeds[6] = {1, 2, 3, 4, 5, 6};
	history->segment_bytes = 512 * 1024; /* more than a reader holds in its buffer */
	history_open(history);
	journal = history->journal;
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, roles[i], &seeds[i]), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	history_check(history);
	history_verify(history);
	history_reopen(history);
	history_check(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_at_once, history_setup, history_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
