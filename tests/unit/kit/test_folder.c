#include "drop.h"

#include <utime.h>

static void settle(struct drop *drop, uint64_t token, enum ch_outcome outcome)
{
	struct kit_settled settled = {.token = token, .receipt = {.outcome = outcome}};
	if (outcome == CH_OUTCOME_REFUSED) {
		settled.receipt.reason = CH_MISSING;
		(void)strcpy(settled.receipt.field, "customer.phones");
		(void)strcpy(settled.receipt.detail, "is mandatory");
	}
	folder_settle(drop->folder, &settled);
}

/* Takes all that is there and settles it alike; how many events there were. */
static unsigned carry(struct drop *drop, enum ch_outcome outcome)
{
	struct kit_item item;
	unsigned events = 0;
	enum ch_status status;
	while ((status = folder_next(drop->folder, &item)) == CH_OK) {
		if (item.what != KIT_EVENT)
			continue;
		events++;
		settle(drop, item.token, outcome);
	}
	assert_int_equal(status, CH_END);
	return events;
}

static void test_a_file_goes_to_done_with_its_result(void **state)
{
	struct drop drop;
	struct kit_item item;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "b.csv", "b1\n");
	drop_put(&drop, "a.csv", "a1\n~\n!line 3: no such day\na2\n");
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(item.what, KIT_EVENT);
	assert_slice_text(item.envelope->id, "a1"); /* in the order of names */
	uint64_t first = item.token;
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(item.what, KIT_SKIPPED);
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(item.what, KIT_REJECT);
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	uint64_t second = item.token;
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_slice_text(item.envelope->id, "b1");
	assert_int_equal(folder_next(drop.folder, &item), CH_END);

	/* Nothing moves before all of it is settled, in whatever order. */
	settle(&drop, second, CH_OUTCOME_ACCEPTED);
	assert_true(drop_has(&drop, "a.csv"));
	assert_false(drop_has(&drop, "done/a.csv"));
	settle(&drop, first, CH_OUTCOME_DUPLICATE);
	assert_false(drop_has(&drop, "a.csv"));
	assert_true(drop_has(&drop, "done/a.csv"));
	assert_true(drop_says(&drop, "done/a.csv.result.json",
		"\"events\": 2, \"accepted\": 1, \"duplicates\": 1, \"conflicts\": 0, "
		"\"refused\": 0, \"rejected\": 1, \"complete\": true}"));
	assert_true(drop_says(&drop, "done/a.csv.rejects", "line 3: no such day\n"));
	assert_true(drop_says(&drop, "done/a.csv.receipts", "2\taccepted\t0\n1\tduplicate\t0\n"));
	settle(&drop, item.token, CH_OUTCOME_ACCEPTED);
	assert_true(drop_has(&drop, "done/b.csv"));
	assert_false(drop_has(&drop, "done/b.csv.rejects"));
	drop_end(&drop);
}

static void test_what_is_being_written_waits(void **state)
{
	struct drop drop;
	char path[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv.tmp", "a\n");
	drop_put(&drop, "b.csv.part", "b\n");
	drop_put(&drop, "c.csv.filepart", "c\n");
	drop_put(&drop, ".d.csv", "d\n");
	(void)snprintf(path, sizeof(path), "%s/e.csv", drop.path);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/f.csv", drop.path);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 0);

	/* A file is at rest when it has not changed for a while; one from the future is. */
	folder_close(drop.folder);
	drop_open_folder(&drop, 3600000);
	drop_put(&drop, "g.csv", "g\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 0);
	(void)snprintf(path, sizeof(path), "%s/g.csv", drop.path);
	struct utimbuf long_ago = {1000000000, 1000000000};
	assert_int_equal(utime(path, &long_ago), 0);
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	drop_put(&drop, "h.csv", "h\n");
	(void)snprintf(path, sizeof(path), "%s/h.csv", drop.path);
	struct utimbuf in_the_future = {4000000000, 4000000000};
	assert_int_equal(utime(path, &in_the_future), 0);
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	drop_end(&drop);
}

static void test_an_incomplete_record_waits_until_it_has_grown(void **state)
{
	struct drop drop;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "a1\na2\na3 is cut");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 2);
	assert_true(drop_has(&drop, "a.csv"));
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 0); /* not again and again */
	drop_put(&drop, "a.csv", "a1\na2\na3 is cut no more\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_DUPLICATE), 3);
	assert_true(drop_has(&drop, "done/a.csv"));
	drop_end(&drop);
}

static void test_a_half_done_file_is_read_again(void **state)
{
	struct drop drop;
	struct kit_item item;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "a1\na2\na3\n");
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	settle(&drop, item.token, CH_OUTCOME_ACCEPTED);
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	drop_again(&drop);
	assert_int_equal(carry(&drop, CH_OUTCOME_DUPLICATE), 3);
	assert_true(drop_says(&drop, "done/a.csv.result.json", "\"duplicates\": 3"));
	drop_end(&drop);
}

static void test_an_event_without_an_answer_keeps_its_file(void **state)
{
	struct drop drop;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "a1\n");
	struct kit_item item;
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(folder_next(drop.folder, &item), CH_END);
	settle(&drop, item.token, CH_OUTCOME_NONE);
	assert_true(drop_has(&drop, "a.csv"));
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	assert_true(drop_has(&drop, "done/a.csv"));
	drop_end(&drop);
}

static void test_what_the_hub_refuses_stands_in_the_rejects(void **state)
{
	struct drop drop;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "a1\na2\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_REFUSED), 2);
	assert_true(drop_has(&drop, "failed/a.csv")); /* nothing of it was of use */
	assert_true(drop_says(
		&drop, "failed/a.csv.rejects", "event 1: missing: customer.phones is mandatory\n"));
	assert_true(drop_says(&drop, "failed/a.csv.result.json", "\"refused\": 2"));
	drop_put(&drop, "b.csv", "b1\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_CONFLICT), 1);
	assert_true(drop_says(&drop, "failed/b.csv.result.json", "\"conflicts\": 1"));

	/* Mended, it comes under its name again, and nothing of the old result is left. */
	drop_put(&drop, "c.csv", "c1\n!bad\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	assert_true(drop_has(&drop, "done/c.csv.rejects"));
	drop_put(&drop, "c.csv", "c1\nc2\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 2);
	assert_false(drop_has(&drop, "done/c.csv.rejects"));
	drop_end(&drop);
}

static void test_an_unreadable_file_fails(void **state)
{
	struct drop drop;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "?\n");
	drop_put(&drop, "b.csv", "b1\n?\nb2\n");
	drop_put(&drop, "c.csv", "");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	assert_true(drop_has(&drop, "failed/a.csv"));
	assert_true(drop_says(&drop, "failed/a.csv.result.json", "\"complete\": false"));
	assert_true(drop_has(&drop, "done/b.csv")); /* what stood before was of use */
	assert_true(drop_says(&drop, "done/b.csv.result.json", "\"complete\": false"));
	assert_true(drop_has(&drop, "done/c.csv")); /* nothing in it, nothing wrong */
	drop_end(&drop);
}

static void test_a_file_of_garbage_does_not_fill_the_memory(void **state)
{
	struct drop drop;
	struct buffer text = {0};
	(void)state;
	drop_begin(&drop);
	for (unsigned i = 0; i < 20000; i++)
		buffer_printf(
			&text, "!line %u: a reason that is as long as reasons usually are\n", i);
	drop_put(&drop, "a.csv", buffer_text(&text));
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 0);
	assert_true(drop_says(&drop, "failed/a.csv.result.json", "\"rejected\": 20000"));
	assert_true(drop_says(&drop, "failed/a.csv.rejects", "and more, which are only counted\n"));
	assert_false(drop_says(&drop, "failed/a.csv.rejects", "line 19999"));
	buffer_fini(&text);
	drop_end(&drop);
}

static void test_a_result_that_cannot_be_written_stops_the_adapter(void **state)
{
	struct drop drop;
	struct kit_item item;
	char path[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "a1\n");
	(void)snprintf(path, sizeof(path), "%s/done", drop.path);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	settle(&drop, item.token, CH_OUTCOME_ACCEPTED);
	assert_int_not_equal(folder_next(drop.folder, &item), CH_END);
	assert_int_not_equal(folder_next(drop.folder, &item), CH_OK); /* for good */
	assert_true(drop_has(&drop, "a.csv"));
	drop_again(&drop);
	assert_int_equal(carry(&drop, CH_OUTCOME_DUPLICATE), 1);
	drop_end(&drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_goes_to_done_with_its_result),
		cmocka_unit_test(test_what_is_being_written_waits),
		cmocka_unit_test(test_an_incomplete_record_waits_until_it_has_grown),
		cmocka_unit_test(test_a_half_done_file_is_read_again),
		cmocka_unit_test(test_an_event_without_an_answer_keeps_its_file),
		cmocka_unit_test(test_what_the_hub_refuses_stands_in_the_rejects),
		cmocka_unit_test(test_an_unreadable_file_fails),
		cmocka_unit_test(test_a_file_of_garbage_does_not_fill_the_memory),
		cmocka_unit_test(test_a_result_that_cannot_be_written_stops_the_adapter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
