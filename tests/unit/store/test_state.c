#include "model.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"

static struct state *open_with(const struct state_options *options)
{
	struct state *state;
	assert_int_equal(state_open(options, 42, &state), CH_OK);
	return state;
}

static struct state *open_at(const struct place *place)
{
	const struct state_options options = {.dir = place->dir};
	return open_with(&options);
}

static void put_unit(struct state *state, const char *serial, const char *value, uint64_t sequence)
{
	struct change *change = state_begin(state);
	change_put(change, TABLE_UNIT, text(serial), text(value));
	assert_int_equal(change_publish(change, sequence), CH_OK);
}

static void expect_unit(struct state *state, const char *serial, const char *value)
{
	struct rtxn *rtxn;
	struct slice found;
	assert_int_equal(rtxn_begin(state, &rtxn), CH_OK);
	enum ch_status status = rtxn_get(rtxn, TABLE_UNIT, text(serial), &found);
	assert_int_equal(status, value != NULL ? CH_OK : CH_NOT_FOUND);
	if (value != NULL)
		assert_slice(found, value);
	rtxn_end(rtxn);
}

static void test_a_batch_is_published_checkpointed_and_found_again(void **unused)
{
	(void)unused;
	struct place place;
	struct slice value;
	place_make(&place);
	struct state *state = open_at(&place);

	struct change *change = state_begin(state);
	assert_int_equal(change_get(change, TABLE_UNIT, text("SN-1"), &value), CH_NOT_FOUND);
	change_put(change, TABLE_UNIT, text("SN-1"), text("sold"));
	assert_int_equal(change_get(change, TABLE_UNIT, text("SN-1"), &value), CH_OK);
	assert_slice(value, "sold");
	expect_unit(state, "SN-1", NULL); /* others see it once it is published */
	assert_int_equal(change_publish(change, 1), CH_OK);
	expect_unit(state, "SN-1", "sold");

	assert_int_equal(state_applied(state), 0);
	assert_int_equal(state_checkpoint(state), CH_OK);
	assert_int_equal(state_applied(state), 1);
	expect_unit(state, "SN-1", "sold");
	put_unit(state, "SN-2", "new", 2);
	state_close(state);

	state = open_at(&place);
	assert_int_equal(state_applied(state), 2);
	expect_unit(state, "SN-1", "sold");
	expect_unit(state, "SN-2", "new");
	state_close(state);
	place_remove(&place);
}

static void test_an_aborted_batch_never_was(void **unused)
{
	(void)unused;
	struct place place;
	uint8_t fingerprint[16] = {1};
	struct inbox_item item = {.sequence = 1};
	place_make(&place);
	struct state *state = open_at(&place);
	put_unit(state, "SN-1", "sold", 1);
	struct change *change = state_begin(state);
	change_put(change, TABLE_UNIT, text("SN-1"), text("lost"));
	change_inbox_put(change, fingerprint, &item);
	change_abort(change);
	change_abort(NULL);
	expect_unit(state, "SN-1", "sold");
	change = state_begin(state);
	assert_int_equal(change_inbox_get(change, fingerprint, &item), CH_NOT_FOUND);
	change_abort(change);
	state_close(state);
	place_remove(&place);
}

/* What the writer's cache took in while the batch was on its way goes with it. */
static void test_a_batch_foreshown_and_aborted_never_was(void **unused)
{
	(void)unused;
	struct place place;
	struct slice value;
	place_make(&place);
	struct state *state = open_at(&place);
	put_unit(state, "SN-1", "sold", 1);
	struct change *change = state_begin(state);
	change_put(change, TABLE_UNIT, text("SN-1"), text("repaired"));
	change_foreshow(change);
	expect_unit(state, "SN-1", "sold");
	assert_int_equal(change_publish(change, 2), CH_OK);
	expect_unit(state, "SN-1", "repaired");

	change = state_begin(state);
	assert_int_equal(change_get(change, TABLE_UNIT, text("SN-1"), &value), CH_OK);
	change_put(change, TABLE_UNIT, text("SN-1"), text("lost"));
	change_put(change, TABLE_UNIT, text("SN-2"), text("lost"));
	change_foreshow(change);
	change_abort(change);
	change = state_begin(state);
	assert_int_equal(change_get(change, TABLE_UNIT, text("SN-1"), &value), CH_OK);
	assert_slice(value, "repaired");
	assert_int_equal(change_get(change, TABLE_UNIT, text("SN-2"), &value), CH_NOT_FOUND);
	change_abort(change);
	state_close(state);
	place_remove(&place);
}

static void test_what_cannot_be_stored_makes_the_change_bad(void **unused)
{
	(void)unused;
	static uint8_t bytes[LIMIT_VALUE_BYTES + 1];
	struct place place;
	struct slice value;
	place_make(&place);
	struct state *state = open_at(&place);
	struct change *change = state_begin(state);
	change_put(change, TABLE_UNIT, slice_of(bytes, LIMIT_KEY_BYTES), slice_of(bytes, 1));
	change_put(change, TABLE_UNIT, text("big"), slice_of(bytes, LIMIT_VALUE_BYTES));
	assert_int_equal(change_status(change), CH_OK);
	assert_int_equal(change_publish(change, 1), CH_OK);
	assert_int_equal(state_checkpoint(state), CH_OK);
	change = state_begin(state);
	assert_int_equal(change_get(change, TABLE_UNIT, text("big"), &value), CH_OK);
	assert_int_equal(value.len, LIMIT_VALUE_BYTES);
	assert_int_equal(change_get(change, TABLE_UNIT, text(""), &value), CH_NOT_FOUND);
	change_put(change, TABLE_UNIT, slice_of(bytes, LIMIT_KEY_BYTES + 1), text("x"));
	assert_int_equal(change_status(change), CH_TOO_LARGE);
	change_put(change, TABLE_UNIT, text("fine"), text("x")); /* it sticks */
	assert_int_equal(change_publish(change, 2), CH_TOO_LARGE);
	expect_unit(state, "fine", NULL);
	change = state_begin(state);
	change_put(change, TABLE_CUSTOMER, text("short"), text("x"));
	assert_int_equal(change_status(change), CH_INVALID);
	change_abort(change);
	change = state_begin(state);
	change_put(change, TABLE_UNIT, text(""), text("x"));
	assert_int_equal(change_status(change), CH_INVALID);
	change_abort(change);
	change = state_begin(state);
	change_put(change, TABLE_UNIT, text("x"), slice_of(bytes, sizeof(bytes)));
	assert_int_equal(change_status(change), CH_TOO_LARGE);
	change_abort(change);
	state_close(state);
	place_remove(&place);
}

static void test_a_state_of_another_journal_is_refused(void **unused)
{
	(void)unused;
	struct place place;
	struct state *state;
	place_make(&place);
	state_close(open_at(&place));
	const struct state_options options = {.dir = place.dir};
	assert_int_equal(state_open(&options, 43, &state), CH_RESET);
	assert_int_equal(state_open(&options, 0, &state), CH_OK);
	struct state *second;
	assert_int_equal(state_open(&options, 42, &second), CH_BUSY);
	state_close(state);
	place_remove(&place);
}

static void remove_in(const struct place *place, const char *what)
{
	char command[300];
	(void)snprintf(command, sizeof(command), "rm -rf '%s'/%s", place->dir, what);
	assert_int_equal(system(command), 0);
}

static void fill(const struct place *place)
{
	uint8_t fingerprint[16];
	struct state *state = open_at(place);
	struct change *change = state_begin(state);
	for (uint64_t i = 1; i <= 500; i++) {
		struct inbox_item item = {.sequence = i};
		fingerprint_of(i, fingerprint);
		change_inbox_put(change, fingerprint, &item);
	}
	change_put(change, TABLE_UNIT, text("SN-1"), text("a value to be damaged"));
	assert_int_equal(change_publish(change, 500), CH_OK);
	state_close(state);
}

static void test_a_folder_that_is_not_whole_begins_anew(void **unused)
{
	(void)unused;
	static const char *const removed[] = {"data.mdb", "inbox", "inbox/run-*", "*"};
	struct place place;
	for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++) {
		place_make(&place);
		fill(&place);
		remove_in(&place, removed[i]);
		struct state *state = open_at(&place);
		assert_int_equal(state_applied(state), 0);
		expect_unit(state, "SN-1", NULL);
		put_unit(state, "SN-1", "again", 1);
		state_close(state);
		state = open_at(&place);
		assert_int_equal(state_applied(state), 1);
		expect_unit(state, "SN-1", "again");
		state_close(state);
		place_remove(&place);
	}
}

/* Flips a bit at every occurrence of `needle`, or at `offset` without one. */
static void damage(const char *path, const char *needle, long offset)
{
	static uint8_t bytes[1 << 20];
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = pread(fd, bytes, sizeof(bytes), 0);
	assert_true(len > 0);
	for (ssize_t i = 0; i < len; i++) {
		bool here = needle != NULL ? i + (ssize_t)strlen(needle) <= len &&
						     memcmp(bytes + i, needle, strlen(needle)) == 0
					   : i == offset;
		if (!here)
			continue;
		bytes[i] ^= 4;
		assert_int_equal(pwrite(fd, bytes + i, 1, i), 1);
	}
	(void)close(fd);
}

static void test_damage_is_named_where_it_is_met(void **unused)
{
	(void)unused;
	struct place place;
	char path[400];
	struct slice value;
	struct inbox_item item;
	uint8_t fingerprint[16];
	uint32_t corrupt = 0;
	place_make(&place);
	fill(&place);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", place.dir);
	damage(path, "a value to be damaged", 0);
	(void)snprintf(path, sizeof(path), "%s/inbox/run-00000000000000000001", place.dir);
	damage(path, NULL, 4096 * 2 + 5000); /* a block of records */
	struct state *state = open_at(&place);
	struct change *change = state_begin(state);
	assert_int_equal(change_get(change, TABLE_UNIT, text("SN-1"), &value), CH_CORRUPT);
	for (uint64_t i = 1; i <= 500; i++) {
		fingerprint_of(i, fingerprint);
		enum ch_status status = change_inbox_get(change, fingerprint, &item);
		assert_true(status == CH_CORRUPT || (status == CH_OK && item.sequence == i));
		corrupt += status == CH_CORRUPT;
	}
	assert_in_range(corrupt, 100, 128);
	change_abort(change);
	state_close(state);
	/* The header: already opening says so, and touches nothing. */
	damage(path, NULL, 24);
	const struct state_options options = {.dir = place.dir};
	assert_int_equal(state_open(&options, 42, &state), CH_CORRUPT);
	struct stat stat_now;
	assert_int_equal(stat(path, &stat_now), 0);
	place_remove(&place);
}

static void test_read_only_changes_nothing(void **unused)
{
	(void)unused;
	struct place place;
	struct state *state;
	place_make(&place);
	const struct state_options options = {.dir = place.dir, .read_only = true};
	assert_int_equal(state_open(&options, 42, &state), CH_NOT_FOUND);
	fill(&place);
	state = open_with(&options);
	assert_int_equal(state_applied(state), 500);
	expect_unit(state, "SN-1", "a value to be damaged");
	assert_int_equal(state_checkpoint(state), CH_OK);
	state_close(state);
	place_remove(&place);
}

static void test_without_a_projector_all_stays_in_memory(void **unused)
{
	(void)unused;
	struct place place;
	place_make(&place);
	const struct state_options options = {
		.dir = place.dir, .no_projector = true, .cap_bytes = 1000};
	struct state *state = open_with(&options);
	for (uint64_t i = 1; i < 1000; i++)
		put_unit(state, "SN-1", "sold", i);
	expect_unit(state, "SN-1", "sold");
	assert_int_equal(state_pressure(state), 0); /* it would never fall again */
	assert_int_equal(state_checkpoint(state), CH_UNSUPPORTED);
	assert_int_equal(state_applied(state), 0);
	state_close(state);
	place_remove(&place);
}

/* The map begins far too small, and moves under readers, a snapshot and the writer. */
static void test_the_map_grows_without_losing_anything(void **unused)
{
	(void)unused;
	static uint8_t bytes[20000];
	struct place place;
	struct snapshot *snapshot;
	struct slice key;
	struct slice value;
	place_make(&place);
	const struct state_options options = {.dir = place.dir, .map_bytes = 1 << 20};
	struct state *state = open_with(&options);
	put_unit(state, "first", "1", 1);
	assert_int_equal(state_checkpoint(state), CH_OK);
	assert_int_equal(snapshot_begin(state, &snapshot), CH_OK);
	for (uint32_t i = 0; i < 2000; i++) {
		struct change *change = state_begin(state);
		memset(bytes, (int)i, sizeof(bytes));
		change_put(change, TABLE_ORDER, slice_of(&i, sizeof(i)),
			slice_of(bytes, 1 + i * 7919 % sizeof(bytes)));
		assert_int_equal(change_publish(change, 2 + i), CH_OK);
		if (i % 100 == 0)
			assert_int_equal(state_checkpoint(state), CH_OK);
		expect_unit(state, "first", "1");
	}
	assert_int_equal(state_checkpoint(state), CH_OK);
	/* It was in the way, so it was taken; a new one reads all. */
	assert_int_equal(snapshot_next(snapshot, TABLE_UNIT, text(""), &key, &value), CH_RETRY);
	snapshot_end(snapshot);
	assert_int_equal(snapshot_begin(state, &snapshot), CH_OK);
	assert_int_equal(snapshot_next(snapshot, TABLE_UNIT, text(""), &key, &value), CH_OK);
	snapshot_end(snapshot);
	struct change *change = state_begin(state);
	for (uint32_t i = 0; i < 2000; i++) {
		assert_int_equal(
			change_get(change, TABLE_ORDER, slice_of(&i, sizeof(i)), &value), CH_OK);
		assert_int_equal(value.len, 1 + i * 7919 % sizeof(bytes));
		assert_int_equal(value.data[value.len - 1], (uint8_t)i);
	}
	change_abort(change);
	state_close(state);
	place_remove(&place);
}

static void test_pressure_rises_and_a_checkpoint_relieves_it(void **unused)
{
	(void)unused;
	struct place place;
	struct state_stats stats;
	place_make(&place);
	const struct state_options options = {
		.dir = place.dir, .freeze_changes = 1000, .cap_changes = 100};
	struct state *state = open_with(&options);
	for (uint32_t i = 0; i < 99; i++) {
		char serial[16];
		(void)snprintf(serial, sizeof(serial), "SN-%u", i);
		put_unit(state, serial, "x", i + 1);
		assert_int_equal(state_pressure(state), i + 1);
	}
	state_stats(state, &stats);
	assert_int_equal(stats.changes_active, 99);
	assert_int_equal(state_checkpoint(state), CH_OK);
	assert_int_equal(state_pressure(state), 0);
	state_stats(state, &stats);
	assert_int_equal(stats.checkpoints, 1);
	assert_int_equal(stats.changes_active, 0);
	state_close(state);
	place_remove(&place);
}

/* Random batches against the reference, with checkpoints of the projector's own going on all the
 * time, readers that stay over many batches, snapshots, aborts and restarts. */
static void run_model(uint64_t seed, uint32_t freeze_changes)
{
	enum { READERS = 5 };
	struct place place;
	static struct model model;
	static struct model seen[READERS];
	static struct model before;
	struct rtxn *readers[READERS] = {NULL};
	memset(&model, 0, sizeof(model));
	place_make(&place);
	/* The one thread here both reads for long and writes: it must not have to wait for
	 * itself, neither at the cap nor for a bigger map. */
	const struct state_options options = {
		.dir = place.dir, .freeze_changes = freeze_changes, .cap_changes = 20000};
	struct state *state = open_with(&options);
	for (uint32_t round = 0; round < 600; round++) {
		struct change *change = state_begin(state);
		before = model;
		model_change(&model, change, &seed);
		if (draw(&seed) % 2 == 0)
			change_foreshow(change);
		if (draw(&seed) % 8 == 0) {
			change_abort(change);
			model = before;
		} else {
			assert_int_equal(change_publish(change, model.ids), CH_OK);
		}
		uint32_t i = (uint32_t)(draw(&seed) % READERS);
		if (readers[i] != NULL) {
			assert_int_equal(rtxn_sequence(readers[i]), seen[i].ids);
			model_check_rtxn(&seen[i], readers[i]);
			rtxn_end(readers[i]);
			readers[i] = NULL;
		} else {
			assert_int_equal(rtxn_begin(state, &readers[i]), CH_OK);
			seen[i] = model;
		}
		if (round % 97 != 96)
			continue;
		for (i = 0; i < READERS; i++) {
			rtxn_end(readers[i]);
			readers[i] = NULL;
		}
		struct snapshot *snapshot;
		assert_int_equal(state_checkpoint(state), CH_OK);
		assert_int_equal(snapshot_begin(state, &snapshot), CH_OK);
		assert_int_equal(snapshot_sequence(snapshot), model.ids);
		model_check_snapshot(&model, snapshot);
		snapshot_end(snapshot);
		if (draw(&seed) % 2 == 0) {
			state_close(state);
			state = open_with(&options);
			assert_int_equal(state_applied(state), model.ids);
		}
		struct rtxn *rtxn;
		assert_int_equal(rtxn_begin(state, &rtxn), CH_OK);
		model_check_rtxn(&model, rtxn);
		rtxn_end(rtxn);
	}
	for (uint32_t i = 0; i < READERS; i++)
		rtxn_end(readers[i]);
	state_close(state);
	place_remove(&place);
}

static void test_it_does_what_a_plain_array_would(void **unused)
{
	(void)unused;
	run_model(1, 60);
	run_model(2, 1000000);
}

static void test_it_does_so_with_a_checkpoint_after_each_batch(void **unused)
{
	(void)unused;
	run_model(3, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_is_published_checkpointed_and_found_again),
		cmocka_unit_test(test_an_aborted_batch_never_was),
		cmocka_unit_test(test_a_batch_foreshown_and_aborted_never_was),
		cmocka_unit_test(test_what_cannot_be_stored_makes_the_change_bad),
		cmocka_unit_test(test_a_state_of_another_journal_is_refused),
		cmocka_unit_test(test_a_folder_that_is_not_whole_begins_anew),
		cmocka_unit_test(test_damage_is_named_where_it_is_met),
		cmocka_unit_test(test_read_only_changes_nothing),
		cmocka_unit_test(test_without_a_projector_all_stays_in_memory),
		cmocka_unit_test(test_the_map_grows_without_losing_anything),
		cmocka_unit_test(test_pressure_rises_and_a_checkpoint_relieves_it),
		cmocka_unit_test(test_it_does_what_a_plain_array_would),
		cmocka_unit_test(test_it_does_so_with_a_checkpoint_after_each_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
