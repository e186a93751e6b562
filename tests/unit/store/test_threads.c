/* Writer, projector, readers, snapshots and a map that has to move, all at once.  Runs under
 * TSan too. */
#include "place.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "store/state.h"

#define UNITS   64u
#define LINES   50u
#define RUN_US  1500000
#define LATE_US INT64_C(60000000)

static struct state *state;
static atomic_bool stop;
static atomic_uint_fast64_t views;
static atomic_uint_fast64_t snapshots;

static struct slice unit_key(uint32_t unit, uint8_t key[4])
{
	store_be32(key, unit);
	return slice_of(key, 4);
}

static struct slice line_key(uint64_t sequence, uint8_t key[17])
{
	memcpy(key, "customer", 8);
	key[8] = 't';
	store_be64(key + 9, sequence % LINES);
	return slice_of(key, 17);
}

/* Batch n puts n under every unit, and under one line of fifty: so a view is of one batch
 * exactly if all units say the same. */
static void publish_one(uint64_t sequence)
{
	static uint8_t bytes[3000];
	uint8_t key[17];
	uint8_t fingerprint[16];
	struct inbox_item item = {.sequence = sequence};
	struct change *change = state_begin(state);
	store_le64(bytes, sequence);
	for (uint32_t i = 0; i < UNITS; i++)
		change_put(change, TABLE_UNIT, unit_key(i, key),
			slice_of(bytes, 8 + (sequence * 31 + i * 7) % (sizeof(bytes) - 8)));
	change_put(change, TABLE_CUSTOMER, line_key(sequence, key), slice_of(bytes, 8));
	change_put(change, TABLE_ORDER, slice_of(bytes, 8), slice_of(bytes, 500));
	fingerprint_of(sequence, fingerprint);
	change_inbox_put(change, fingerprint, &item);
	assert_int_equal(change_publish(change, sequence), CH_OK);
}

static bool all_had_turns(void)
{
	struct state_stats stats;
	state_stats(state, &stats);
	return atomic_load(&views) > 10 && atomic_load(&snapshots) > 2 && stats.checkpoints > 5;
}

static void *writer(void *unused)
{
	uint64_t sequence = 0;
	int64_t end = clock_steady_us() + RUN_US;
	/* For a while; longer where others have the processors, until all have had their turns. */
	while (clock_steady_us() < end || sequence < 300 ||
		(!all_had_turns() && clock_steady_us() < end + LATE_US))
		publish_one(++sequence);
	atomic_store(&stop, true);
	return unused;
}

struct lines {
	uint64_t sequence;
	uint64_t count;
};

static bool check_line(void *context, struct slice key, struct slice value)
{
	struct lines *lines = context;
	uint64_t line = load_be64(key.data + 9);
	/* The last batch up to the view that wrote this line. */
	uint64_t back = (lines->sequence + LINES - line) % LINES;
	assert_int_equal(load_le64(value.data), lines->sequence - back);
	lines->count++;
	return true;
}

static void check_view(struct rtxn *rtxn)
{
	uint8_t key[17];
	uint8_t fingerprint[16];
	struct slice value;
	struct inbox_item item;
	uint64_t sequence = rtxn_sequence(rtxn);
	for (uint32_t i = 0; i < UNITS; i++) {
		enum ch_status status = rtxn_get(rtxn, TABLE_UNIT, unit_key(i, key), &value);
		assert_int_equal(status, sequence > 0 ? CH_OK : CH_NOT_FOUND);
		if (status == CH_OK)
			assert_int_equal(load_le64(value.data), sequence);
	}
	struct lines lines = {.sequence = sequence};
	struct slice prefix = slice_of("customer", sequence % 3 == 0 ? 5 : 8);
	assert_int_equal(rtxn_scan(rtxn, TABLE_CUSTOMER, prefix, check_line, &lines), CH_OK);
	assert_int_equal(lines.count, sequence < LINES ? sequence : LINES);
	fingerprint_of(sequence, fingerprint);
	if (sequence > 0)
		assert_int_equal(rtxn_inbox_get(rtxn, fingerprint, &item), CH_OK);
	fingerprint_of(sequence + 1, fingerprint);
	assert_int_equal(rtxn_inbox_get(rtxn, fingerprint, &item), CH_NOT_FOUND);
}

static void *reader(void *unused)
{
	uint64_t last = 0;
	while (!atomic_load(&stop)) {
		struct rtxn *rtxn;
		assert_int_equal(rtxn_begin(state, &rtxn), CH_OK);
		assert_true(rtxn_sequence(rtxn) >= last);
		last = rtxn_sequence(rtxn);
		check_view(rtxn);
		check_view(rtxn);
		rtxn_end(rtxn);
		atomic_fetch_add(&views, 1);
	}
	return unused;
}

static bool count_id(void *context, const uint8_t fingerprint[16], const struct inbox_item *item)
{
	(void)fingerprint;
	(void)item;
	++*(uint64_t *)context;
	return true;
}

/* One snapshot read to its end, unless it was taken for the map's sake. */
static enum ch_status check_snapshot(struct snapshot *snapshot)
{
	uint8_t last[4];
	uint64_t ids = 0;
	uint32_t units = 0;
	struct slice key = {NULL, 0};
	struct slice value;
	uint64_t sequence = snapshot_sequence(snapshot);
	enum ch_status status;
	while ((status = snapshot_next(snapshot, TABLE_UNIT, key, &key, &value)) == CH_OK) {
		assert_int_equal(load_le64(value.data), sequence);
		memcpy(last, key.data, 4);
		units++;
	}
	if (status != CH_END)
		return status;
	assert_int_equal(units, sequence > 0 ? UNITS : 0);
	status = snapshot_inbox(snapshot, count_id, &ids);
	if (status == CH_OK)
		assert_int_equal(ids, sequence);
	return status;
}

static void *snapshooter(void *unused)
{
	while (!atomic_load(&stop)) {
		struct snapshot *snapshot;
		assert_int_equal(snapshot_begin(state, &snapshot), CH_OK);
		enum ch_status status = check_snapshot(snapshot);
		assert_true(status == CH_OK || status == CH_RETRY);
		atomic_fetch_add(&snapshots, status == CH_OK);
		snapshot_end(snapshot);
		(void)usleep(500);
	}
	return unused;
}

static void *checkpointer(void *unused)
{
	while (!atomic_load(&stop)) {
		struct state_stats stats;
		assert_int_equal(state_checkpoint(state), CH_OK);
		state_stats(state, &stats);
		(void)state_pressure(state);
		(void)usleep(20000);
	}
	return unused;
}

static void test_every_view_is_of_one_batch(void **unused)
{
	(void)unused;
	struct place place;
	pthread_t threads[5];
	void *(*const roles[5])(void *) = {writer, reader, reader, snapshooter, checkpointer};
	place_make(&place);
	const struct state_options options = {
		.dir = place.dir, .map_bytes = 1 << 20, .freeze_changes = 300, .cap_changes = 2000};
	assert_int_equal(state_open(&options, 1, &state), CH_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, roles[i], NULL), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(all_had_turns());
	assert_int_equal(state_status(state), CH_OK);
	state_close(state);
	assert_int_equal(state_open(&options, 1, &state), CH_OK);
	struct rtxn *rtxn;
	assert_int_equal(rtxn_begin(state, &rtxn), CH_OK);
	check_view(rtxn);
	rtxn_end(rtxn);
	state_close(state);
	place_remove(&place);
}

/* A producer that is faster than the disk is held at twice the cap, and no longer than a
 * checkpoint. */
static void test_a_publish_waits_only_at_twice_the_cap(void **unused)
{
	(void)unused;
	struct place place;
	uint32_t highest = 0;
	place_make(&place);
	const struct state_options options = {
		.dir = place.dir, .freeze_changes = 500, .cap_changes = 1000};
	assert_int_equal(state_open(&options, 1, &state), CH_OK);
	for (uint64_t sequence = 1; sequence <= 400; sequence++) {
		struct change *change = state_begin(state);
		for (uint32_t i = 0; i < 100; i++) {
			uint64_t key = sequence * 100 + i;
			change_put(change, TABLE_UNIT, slice_of(&key, 8), text("x"));
		}
		assert_int_equal(change_publish(change, sequence), CH_OK);
		highest = state_pressure(state) > highest ? state_pressure(state) : highest;
	}
	assert_true(highest < 200);
	state_close(state);
	place_remove(&place);
}

/* What is told to the projector while it is busy must not wait for its next look at the clock, a
 * second later. */
static void test_a_checkpoint_does_not_wait_for_the_clock(void **unused)
{
	(void)unused;
	struct place place;
	uint32_t late = 0;
	uint64_t seed = 5;
	place_make(&place);
	const struct state_options options = {.dir = place.dir};
	assert_int_equal(state_open(&options, 1, &state), CH_OK);
	for (uint64_t sequence = 1; sequence <= 300; sequence++) {
		publish_one(sequence);
		(void)usleep((unsigned)(draw(&seed) % 6000)); /* at each of its steps once */
		int64_t start = clock_steady_us();
		assert_int_equal(state_checkpoint(state), CH_OK);
		late += clock_steady_us() - start > 900000;
	}
	assert_in_range(late, 0, 2);
	state_close(state);
	place_remove(&place);
}

static void test_an_old_snapshot_is_taken(void **unused)
{
	(void)unused;
	struct place place;
	struct snapshot *snapshot;
	struct slice key;
	struct slice value;
	struct state_stats stats;
	uint64_t ids = 0;
	place_make(&place);
	const struct state_options options = {.dir = place.dir, .snapshot_us = 100000};
	assert_int_equal(state_open(&options, 1, &state), CH_OK);
	publish_one(1);
	assert_int_equal(state_checkpoint(state), CH_OK);
	assert_int_equal(snapshot_begin(state, &snapshot), CH_OK);
	assert_int_equal(snapshot_next(snapshot, TABLE_UNIT, text(""), &key, &value), CH_OK);
	do {
		(void)usleep(20000);
		state_stats(state, &stats);
	} while (stats.snapshots_taken == 0);
	assert_int_equal(snapshot_next(snapshot, TABLE_UNIT, text(""), &key, &value), CH_RETRY);
	assert_int_equal(snapshot_inbox(snapshot, count_id, &ids), CH_RETRY);
	snapshot_end(snapshot);
	state_close(state);
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_view_is_of_one_batch),
		cmocka_unit_test(test_a_publish_waits_only_at_twice_the_cap),
		cmocka_unit_test(test_a_checkpoint_does_not_wait_for_the_clock),
		cmocka_unit_test(test_an_old_snapshot_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
