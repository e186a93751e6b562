/* A whole module against the fake hub. */
#include "rig.h"

/* ---- How it is used ---- */

static void test_facts_are_folded_and_answered_once(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 300);
	rig_start(&rig);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 600, 10000)); /* each has its answer */
	rig_put(&rig, "g", 1, 10);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 620, 10000));
	assert_true(fake_hub_wait(rig.bus, FAKE_ACKED, 620, 10000));
	rig_stop(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feedback, 310);
	assert_int_equal(sight.heard, 310);
	assert_int_equal(sight.feed.position, 620);
	assert_int_equal(sight.feed.events, 620);
	assert_int_equal(sight.feed.waiting, 0);
	assert_true(sight.feed.caught_up);
	assert_int_equal(fake_hub_cursor(rig.bus, "echo"), 620);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_DUPLICATES), 0);
	assert_true(echo_now.tended > 0 && echo_now.settled_live > 0);
	char id[64];
	assert_true(fake_hub_source_at(rig.bus, 301, id, sizeof(id)));
	assert_string_equal(id, "/carehub/echo");
	rig_end(&rig);
}

static void test_a_rebuilt_book_is_the_same_and_says_nothing(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 200);
	rig_run_once(&rig);
	rig_run_once(&rig); /* it hears what it said */
	struct rig_sight before = rig_look(&rig);
	assert_int_equal(before.heard, 200);
	uint64_t events = fake_hub_count(rig.bus, FAKE_EVENTS);

	assert_int_equal(book_discard(rig.shelf.directory, false), CH_OK);
	rig_run_once(&rig);
	struct rig_sight after = rig_look(&rig);
	assert_int_equal(after.feedback, before.feedback);
	assert_int_equal(after.heard, before.heard);
	assert_int_equal(after.feed.position, before.feed.position);
	assert_int_equal(after.feed.waiting, 0);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_EVENTS), events); /* nothing was published */
	rig_end(&rig);
}

/* ---- What breaks it ---- */

static void test_lives_end_anywhere_and_nothing_is_twice(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	for (unsigned life = 0; life < 6; life++) {
		rig_put(&rig, "f", 100 * life + 1, 100 * life + 100);
		rig_start(&rig);
		(void)fake_hub_wait(rig.bus, FAKE_ACKED, 120 * life + 30, 2000);
		rig_stop(&rig);
	}
	rig_run_once(&rig);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feedback, 600);
	assert_int_equal(sight.heard, 600);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_STORED), 1200);
	rig_end(&rig);
}

static void test_the_line_is_lost_again_and_again(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 50);
	rig_start(&rig);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 100 + 40 * i, 10000));
		if (i % 2 == 0)
			fake_hub_drop_after(rig.bus, 30); /* before the receipts */
		else
			fake_hub_restart(rig.bus);
		rig_put(&rig, "g", 20 * i + 1, 20 * i + 20);
	}
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 300, 20000));
	rig_stop(&rig);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feedback, 150);
	assert_int_equal(sight.heard, 150);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_STORED), 300);
	rig_end(&rig);
}

static void test_a_restored_hub_is_another_journal(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 80);
	rig_start(&rig);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 160, 10000));
	fake_hub_restore(rig.bus, 77); /* it has forgotten everything */
	rig_put(&rig, "g", 1, 30);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 190 - 160 + 30, 20000));
	rig_stop(&rig);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feed.incarnation, 77);
	assert_int_equal(sight.feedback, 30);
	assert_int_equal(sight.heard, 30);

	/* The same while nobody runs. */
	fake_hub_restore(rig.bus, 78);
	rig_put(&rig, "h", 1, 5);
	rig_run_once(&rig);
	rig_run_once(&rig);
	sight = rig_look(&rig);
	assert_int_equal(sight.feed.incarnation, 78);
	assert_int_equal(sight.feedback, 5);
	assert_int_equal(sight.heard, 5);
	rig_end(&rig);
}

static void test_the_books_position_wins(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 40);
	rig_run_once(&rig);
	rig_run_once(&rig);
	uint64_t events = fake_hub_count(rig.bus, FAKE_EVENTS);
	/* An operator moves the cursor back, while it runs and while it does not. */
	fake_hub_seek(rig.bus, "echo", 10);
	rig_start(&rig);
	rig_put(&rig, "g", 1, 10);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 100, 10000));
	fake_hub_seek(rig.bus, "echo", 5);
	rig_put(&rig, "h", 1, 10);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 120, 10000));
	rig_stop(&rig);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feed.events, 120); /* none of them twice */
	assert_int_equal(sight.feedback, 60);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_EVENTS), events + 40);
	rig_end(&rig);
}

static void test_what_no_fold_takes_is_noted(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 3);
	rig_put(&rig, "bad", 1, 2);
	fake_hub_fill(rig.bus, "nonsense", 2); /* of no type that we know */
	rig_put(&rig, "f", 4, 6);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feedback, 6);
	assert_int_equal(sight.feed.rejects, 2);
	rig_end(&rig);
}

static void test_a_gap_is_noted(void **state)
{
	(void)state;
	struct rig rig;
	const struct mark gap = {.what = MARK_GAP, .first = 21, .last = 25};
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 10);
	rig_start(&rig);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 20, 10000));
	assert_true(fake_hub_wait(rig.bus, FAKE_ACKED, 20, 10000));
	fake_hub_mark(rig.bus, &gap);
	rig_put(&rig, "g", 1, 10); /* the first five of them are said to be gone */
	assert_true(fake_hub_wait(rig.bus, FAKE_ACKED, 30, 10000));
	rig_stop(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feed.gaps, 1);
	assert_int_equal(sight.feed.missing, 5);
	assert_int_equal(sight.feedback, 15);
	rig_end(&rig);
}

static void test_a_refused_saying_waits_for_its_right(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 4);
	const struct receipt denied = {.outcome = OUTCOME_REFUSED, .reason = CH_DENIED};
	const struct receipt quarantined = {
		.outcome = OUTCOME_REFUSED, .reason = CH_MISSING, .sequence = 4711};
	fake_hub_answer_next(rig.bus, 1, &denied);
	fake_hub_answer_next(rig.bus, 1, &quarantined);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_STORED), 6);
	assert_int_equal(sight.feed.refused, 2);
	assert_int_equal(sight.feed.waiting, 1); /* the denied one is tried again, in a minute */
	rig_end(&rig);
}

static void test_a_hub_that_is_away_is_waited_for(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 4);
	fake_hub_go_away(rig.bus);
	rig_start(&rig);
	struct timespec short_time = {0, 100000000};
	(void)nanosleep(&short_time, NULL);
	fake_hub_come_back(rig.bus);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 8, 20000));
	rig_stop(&rig);
	rig_end(&rig);
}

static void test_a_damaged_book_is_made_anew(void **state)
{
	(void)state;
	struct rig rig;
	char path[128];
	char file[1 << 16];
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 40);
	rig_run_once(&rig);
	rig_run_once(&rig);
	uint64_t events = fake_hub_count(rig.bus, FAKE_EVENTS);

	/* One byte of what it has learnt; it is found when that is read. */
	shelf_path(&rig.shelf, "data.mdb", path, sizeof(path));
	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (off_t from = 0;; from += (off_t)sizeof(file)) {
		ssize_t len = pread(fd, file, sizeof(file), from);
		if (len <= 0)
			break;
		for (ssize_t at = 0; at + 4 < len; at++) {
			if (memcmp(file + at, "feed", 4) == 0)
				assert_int_equal(pwrite(fd, "F", 1, from + at + 30), 1);
		}
	}
	assert_int_equal(close(fd), 0);
	rig_run_once(&rig);
	struct rig_sight sight = rig_look(&rig);
	assert_int_equal(sight.feedback, 40);
	assert_int_equal(sight.heard, 40);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_EVENTS), events);
	shelf_path(&rig.shelf, "data.mdb.damaged", path, sizeof(path));
	assert_int_equal(access(path, F_OK), 0);

	/* And that of another release. */
	rig.module.version = 2;
	rig_run_once(&rig);
	assert_int_equal(rig_look(&rig).feedback, 40);
	assert_int_equal(fake_hub_count(rig.bus, FAKE_EVENTS), events);
	rig_end(&rig);
}

static void test_another_instance_ends_it(void **state)
{
	(void)state;
	struct rig rig;
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 4);
	rig_start(&rig);
	assert_true(fake_hub_wait(rig.bus, FAKE_STORED, 8, 10000));
	fake_hub_fence(rig.bus);
	assert_int_equal(rig_join(&rig), CH_FENCED);
	rig_end(&rig);
}

static void test_what_is_counted(void **state)
{
	(void)state;
	struct rig rig;
	struct buffer text = {0};
	rig_begin_all(&rig);
	rig_put(&rig, "f", 1, 7);
	rig_put(&rig, "bad", 1, 1);
	rig_run_once(&rig);
	assert_int_equal(file_read_all(rig.metrics_file, 1 << 20, &text), CH_OK);
	const char *seen = buffer_text(&text);
	assert_non_null(strstr(seen, "carehub_module_live{module=\"carehub-echo\"} 1"));
	assert_non_null(strstr(seen, "carehub_module_rejects{module=\"carehub-echo\"} 1"));
	assert_non_null(strstr(seen, "carehub_module_sayings_total{module=\"carehub-echo\"} 7"));
	buffer_fini(&text);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_are_folded_and_answered_once),
		cmocka_unit_test(test_a_rebuilt_book_is_the_same_and_says_nothing),
		cmocka_unit_test(test_lives_end_anywhere_and_nothing_is_twice),
		cmocka_unit_test(test_the_line_is_lost_again_and_again),
		cmocka_unit_test(test_a_restored_hub_is_another_journal),
		cmocka_unit_test(test_the_books_position_wins),
		cmocka_unit_test(test_what_no_fold_takes_is_noted),
		cmocka_unit_test(test_a_gap_is_noted),
		cmocka_unit_test(test_a_refused_saying_waits_for_its_right),
		cmocka_unit_test(test_a_hub_that_is_away_is_waited_for),
		cmocka_unit_test(test_a_damaged_book_is_made_anew),
		cmocka_unit_test(test_another_instance_ends_it),
		cmocka_unit_test(test_what_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
