#include "spool_place.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- How it is used ---- */

static void test_first_in_first_out(void **state)
{
	struct place place;
	struct spool_record record = {.since_us = 7,
		.origin = SLICE_LITERAL("S1.csv event 3"),
		.event = SLICE_LITERAL("bytes")};
	struct spool_damage damage;
	uint64_t number;
	(void)state;
	place_begin(&place);
	assert_int_equal(spool_append(place.spool, &record, &number), CH_OK);
	expect_end(&place); /* it is not on the disk yet */
	assert_int_equal(spool_sync(place.spool), CH_OK);
	assert_int_equal(look(&place).records, 1);
	assert_int_equal(look(&place).oldest_us, 7);

	assert_int_equal(spool_next(place.spool, &record, &damage), CH_OK);
	assert_int_equal(record.number, number);
	assert_slice_text(record.origin, "S1.csv event 3");
	assert_slice_text(record.event, "bytes");
	assert_int_equal(record.since_us, 7);
	expect_end(&place);
	assert_int_equal(spool_done(place.spool, number), CH_OK);
	assert_int_equal(look(&place).records, 0);
	assert_int_equal(look(&place).bytes, 0); /* and no file is left */
	assert_int_equal(look(&place).oldest_us, 0);
	place_end(&place);
}

static void test_receipts_in_any_order(void **state)
{
	struct place place;
	uint64_t numbers[4];
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 4);
	for (unsigned i = 0; i < 4; i++)
		expect(&place, i + 1, &numbers[i]);
	assert_int_equal(spool_done(place.spool, numbers[1]), CH_OK);
	assert_int_equal(spool_done(place.spool, numbers[2]), CH_OK);
	assert_int_equal(look(&place).records, 4);

	/* The first has no receipt: it and what stands behind it come again. */
	place_again(&place);
	take_many(&place, 1, 1);
	assert_int_equal(look(&place).records, 3);
	place_again(&place);
	take_many(&place, 2, 4);
	expect_end(&place);
	place_end(&place);
}

static void test_what_the_caller_has_is_skipped(void **state)
{
	struct place place;
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 3);
	spool_skip(place.spool);
	expect_end(&place);
	put_many(&place, 4, 4);
	expect(&place, 4, NULL);
	for (uint64_t number = 1; number <= 3; number++)
		assert_int_equal(spool_done(place.spool, number), CH_OK);
	assert_int_equal(look(&place).records, 1);
	place_again(&place);
	expect(&place, 4, NULL);
	place_end(&place);
}

static void test_many_segments_come_and_go(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 6000);
	assert_true(segments(&place, names) > 2);
	int64_t before = (int64_t)look(&place).bytes;
	take_many(&place, 1, 5000);
	assert_true((int64_t)look(&place).bytes < before / 2);
	place_again(&place);
	put_many(&place, 6001, 6010);
	take_many(&place, 5001, 6010);
	assert_int_equal(segments(&place, names), 0);

	/* Numbers go on, whatever was deleted. */
	uint64_t number;
	put_many(&place, 7000, 7000);
	expect(&place, 7000, &number);
	assert_int_equal(number, 6011);
	place_again(&place);
	expect(&place, 7000, &number);
	assert_int_equal(number, 6011);
	place_end(&place);
}

static void test_one_process_at_a_time(void **state)
{
	struct place place;
	struct spool *second = NULL;
	(void)state;
	place_begin(&place);
	const struct spool_options options = {place.path, place.max_bytes};
	assert_int_equal(spool_open(&options, &second), CH_BUSY);
	assert_null(second);
	place_end(&place);
}

/* ---- What breaks it: see test_spool_damage.c, too ---- */

static void test_a_full_spool_refuses_and_has_room_again(void **state)
{
	struct place place;
	static char big[100 * 1024];
	unsigned count = 0;
	enum ch_status status;
	(void)state;
	place_begin(&place);
	memset(big, 'x', sizeof(big) - 1);
	while ((status = put(&place, big)) == CH_OK)
		count++;
	assert_int_equal(status, CH_FULL);
	assert_int_equal(put(&place, big), CH_FULL);
	assert_true(look(&place).bytes <= SPOOL_LEAST_BYTES);
	assert_int_equal(count, SPOOL_LEAST_BYTES / sizeof(big));
	assert_int_equal(spool_sync(place.spool), CH_OK);
	for (unsigned i = 0; i < 2; i++) {
		struct spool_record record;
		struct spool_damage damage;
		assert_int_equal(spool_next(place.spool, &record, &damage), CH_OK);
		assert_int_equal(record.event.len, sizeof(big) - 1);
		assert_int_equal(spool_done(place.spool, record.number), CH_OK);
	}
	assert_int_equal(put(&place, big), CH_OK);
	static char huge[SPOOL_RECORD_MAX + 1];
	memset(huge, 'x', sizeof(huge) - 1);
	assert_int_equal(put(&place, huge), CH_TOO_LARGE); /* for ever */
	place_end(&place);
}

/* The disk is full in the middle of a record: it is refused, nothing else is harmed, and what is there can
 * be handed out and let go of, which is what makes room. */
static void test_a_full_disk_refuses_and_goes_on(void **state)
{
	struct place place;
	char names[64][NAME_BYTES];
	struct rlimit old;
	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	place_begin(&place);
	put_many(&place, 1, 10);
	assert_int_equal(segments(&place, names), 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	struct rlimit small = {
		.rlim_cur = (rlim_t)size_of(&place, names[0]) + 30, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(put(&place, "does not fit"), CH_FULL);
	assert_int_equal(put(&place, "does not fit"), CH_FULL);
	take_many(&place, 1, 5);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	put_many(&place, 11, 12);
	place_again(&place);
	take_many(&place, 6, 12);
	expect_end(&place);
	place_end(&place);
}

static bool sync_fails;

int __wrap_fdatasync(int fd);
int __real_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	if (!sync_fails)
		return __real_fdatasync(fd);
	errno = EIO;
	return -1;
}

/* Nobody knows what is on the disk: nothing more is promised, and nothing is handed out. */
static void test_a_failed_sync_ends_it(void **state)
{
	struct place place;
	struct spool_record record;
	struct spool_damage damage;
	(void)state;
	place_begin(&place);
	put_many(&place, 1, 2);
	assert_int_equal(put(&place, "3"), CH_OK);
	sync_fails = true;
	assert_int_equal(spool_sync(place.spool), CH_IO);
	sync_fails = false;
	assert_int_equal(spool_sync(place.spool), CH_IO); /* it is never tried again */
	assert_int_equal(put(&place, "4"), CH_IO);
	assert_int_equal(spool_next(place.spool, &record, &damage), CH_IO);
	place_again(&place);
	take_many(&place, 1, 3); /* the third was there after all */
	expect_end(&place);
	place_end(&place);
}

/* A process that is killed in the middle of its work, again and again: every record that was synced comes
 * out, in order, until it is done. */
static void test_killed_at_any_moment(void **state)
{
	struct place place;
	(void)state;
	place_begin(&place);
	spool_close(place.spool);
	place.spool = NULL;
	unsigned appended = 0;
	unsigned done = 0;
	for (unsigned round = 0; round < 10; round++) {
		int pipes[2];
		assert_int_equal(pipe(pipes), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) { /* no assertion may unwind into the parent's tests */
			const struct spool_options options = {place.path, place.max_bytes};
			if (spool_open(&options, &place.spool) != CH_OK)
				_exit(1);
			unsigned next = appended;
			unsigned out = done;
			for (unsigned step = 0; step < 100 + round * 37; step++) {
				char text[16];
				struct spool_record record;
				struct spool_damage damage;
				(void)snprintf(text, sizeof(text), "%u", ++next);
				if (put(&place, text) != CH_OK || spool_sync(place.spool) != CH_OK)
					_exit(2);
				if (write(pipes[1], "a", 1) != 1)
					_exit(3);
				if (step % 3 != 0)
					continue;
				if (spool_next(place.spool, &record, &damage) != CH_OK)
					_exit(4);
				(void)snprintf(text, sizeof(text), "%u", ++out);
				if (!slice_equal(record.event, slice_text(text)) ||
					write(pipes[1], "d", 1) != 1 ||
					spool_done(place.spool, record.number) != CH_OK)
					_exit(5);
			}
			(void)kill(getpid(), SIGKILL);
		}
		int ended;
		char what;
		(void)close(pipes[1]);
		while (read(pipes[0], &what, 1) == 1) {
			appended += what == 'a';
			done += what == 'd';
		}
		(void)close(pipes[0]);
		assert_int_equal(waitpid(child, &ended, 0), child);
		assert_true(WIFSIGNALED(ended));

		/* What was done and not written down comes again. */
		place_open(&place);
		struct spool_state now = look(&place);
		assert_true(now.records >= appended - done);
		assert_true(now.records <= appended);
		done = appended - (unsigned)now.records;
		spool_close(place.spool);
		place.spool = NULL;
	}
	place_open(&place);
	take_many(&place, done + 1, appended);
	expect_end(&place);
	place_end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_in_first_out),
		cmocka_unit_test(test_receipts_in_any_order),
		cmocka_unit_test(test_what_the_caller_has_is_skipped),
		cmocka_unit_test(test_many_segments_come_and_go),
		cmocka_unit_test(test_one_process_at_a_time),
		cmocka_unit_test(test_a_full_spool_refuses_and_has_room_again),
		cmocka_unit_test(test_a_full_disk_refuses_and_goes_on),
		cmocka_unit_test(test_a_failed_sync_ends_it),
		cmocka_unit_test(test_killed_at_any_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
