#include "drop.h"

#include <utime.h>

#include "kit/rejects.h"

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
	assert_true(status == CH_END || status == CH_BUSY);
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
		"\"refused\": 0, \"rejected\": 1, \"spooled\": 0, \"complete\": true}"));
	assert_true(drop_says(&drop, "done/a.csv.rejects", "line 3: no such day\n"));
	assert_true(drop_says(&drop, "done/a.csv.receipts", "2\taccepted\t0\n1\tduplicate\t0\n"));
	settle(&drop, item.token, CH_OUTCOME_ACCEPTED);
	assert_true(drop_has(&drop, "done/b.csv"));
	assert_false(drop_has(&drop, "done/b.csv.rejects"));
	drop_end(&drop);
}

static void test_a_look_changes_nothing(void **state)
{
	struct drop drop;
	struct problems problems = {0};
	struct buffer text = {0};
	char path[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	(void)snprintf(path, sizeof(path), "%s/day/inbox", drop.path);
	const struct folder_options options = {.path = path, .format = &lines_format};
	struct folder *folder;
	assert_int_equal(folder_check(path, "folder.path", &problems), CH_OK);
	assert_int_equal(folder_open(&options, &folder), CH_OK);
	folder_close(folder);
	assert_false(drop_has(&drop, "day"));
	assert_true(problems_none(&problems));

	drop_put(&drop, "day", "a file");
	assert_int_equal(folder_check(path, "folder.path", &problems), CH_INVALID);
	(void)snprintf(path, sizeof(path), "%s/done", drop.path);
	assert_int_equal(rmdir(path), 0);
	drop_put(&drop, "done", "a file");
	assert_int_equal(folder_check(drop.path, "folder.path", &problems), CH_INVALID);
	problems_print(&problems, &text);
	assert_non_null(strstr(buffer_text(&text), "/day/inbox: Not a directory"));
	assert_non_null(strstr(buffer_text(&text), "/done: is no folder"));
	buffer_fini(&text);
	problems_fini(&problems);
	drop_end(&drop);
}

/* Whoever may drop files may also make links: nothing is moved or written through one. */
static void test_links_lead_nowhere(void **state)
{
	static const char *const bait[] = {"done/day.csv.result.json.new",
		"done/day.csv.rejects.new", "done/day.csv.receipts.new", "done/day.csv.result.json",
		"done/day.csv"};
	struct drop drop;
	struct kit_item item;
	struct problems problems = {0};
	char path[DROP_PATH];
	char target[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	(void)snprintf(target, sizeof(target), "%s/.target", drop.path);
	drop_put(&drop, ".target", "somebody's");
	for (unsigned i = 0; i < sizeof(bait) / sizeof(bait[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", drop.path, bait[i]);
		assert_int_equal(symlink(target, path), 0);
	}
	drop_put(&drop, "day.csv", "a1\n!bad\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	assert_true(drop_says(&drop, ".target", "somebody's"));
	assert_true(drop_says(&drop, "done/day.csv", "a1"));
	assert_true(drop_says(&drop, "done/day.csv.rejects", "bad"));
	assert_true(drop_says(&drop, "done/day.csv.result.json", "\"accepted\": 1"));
	drop_end(&drop);

	/* In place of done/ itself: the file stays, and the next start says why. */
	drop_begin(&drop);
	(void)snprintf(path, sizeof(path), "%s/done", drop.path);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", drop.path);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	drop_put(&drop, "day.csv", "a1\n");
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(folder_next(drop.folder, &item), CH_END);
	settle(&drop, item.token, CH_OUTCOME_ACCEPTED);
	assert_int_equal(folder_next(drop.folder, &item), CH_DENIED);
	assert_true(drop_has(&drop, "day.csv"));
	assert_false(drop_has(&drop, "elsewhere/day.csv"));
	assert_int_equal(folder_start(drop.folder), CH_DENIED);
	assert_int_equal(folder_check(drop.path, "folder.path", &problems), CH_INVALID);
	problems_fini(&problems);
	drop_end(&drop);
}

static void test_what_is_being_written_waits(void **state)
{
	struct drop drop;
	char path[DROP_PATH];
	struct kit_item item;
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
	assert_int_equal(folder_next(drop.folder, &item), CH_BUSY);
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
	/* A format may set a time for it. */
	struct kit_item item;
	drop_put(&drop, "b.csv", "b1 is cut...");
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(item.what, KIT_INCOMPLETE);
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(item.what, KIT_INCOMPLETE);
	drop_end(&drop);
}

/* ---- Files that change between their reading and the last receipt ---- */

/* "a1" has been read and waits for its receipt. */
static uint64_t read_day(struct drop *drop)
{
	struct kit_item item;
	drop_put(drop, "day.csv", "a1\n");
	assert_int_equal(folder_next(drop->folder, &item), CH_OK);
	assert_int_equal(folder_next(drop->folder, &item), CH_END);
	return item.token;
}

/* It comes, and what nobody has read is not in done/ but read now. */
static void finish_day(struct drop *drop, uint64_t token, const char *text, unsigned lines)
{
	settle(drop, token, CH_OUTCOME_ACCEPTED);
	assert_true(drop_has(drop, "day.csv"));
	assert_false(drop_has(drop, "done/day.csv"));
	assert_false(drop_has(drop, "done/day.csv.result.json"));
	assert_int_equal(carry(drop, CH_OUTCOME_DUPLICATE), lines);
	assert_false(drop_has(drop, "day.csv"));
	assert_true(drop_says(drop, "done/day.csv", text));
}

static void test_a_file_that_was_replaced_is_read(void **state)
{
	struct drop drop;
	struct stat was;
	char path[DROP_PATH];
	char fresh[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	(void)snprintf(path, sizeof(path), "%s/day.csv", drop.path);
	(void)snprintf(fresh, sizeof(fresh), "%s/.fresh", drop.path);
	uint64_t token = read_day(&drop);
	/* As long, and a copy that brought the time of its last change along. */
	drop_put(&drop, ".fresh", "b1\n");
	assert_int_equal(stat(path, &was), 0);
	const struct timespec times[] = {was.st_atim, was.st_mtim};
	assert_int_equal(utimensat(AT_FDCWD, fresh, times, 0), 0);
	assert_int_equal(rename(fresh, path), 0);
	finish_day(&drop, token, "b1\n", 1);
	drop_end(&drop);
}

static void test_a_file_that_was_written_to_is_read_again(void **state)
{
	static const struct {
		const char *text;
		unsigned lines;
	} cases[] = {{"a1\na2\n", 2}, {"b\n", 1}, {"", 0}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct drop drop;
		drop_begin(&drop);
		uint64_t token = read_day(&drop);
		drop_put(&drop, "day.csv", cases[i].text);
		finish_day(&drop, token, cases[i].text, cases[i].lines);
		drop_end(&drop);
	}
}

static void test_a_file_that_was_taken_away_stops_nobody(void **state)
{
	struct drop drop;
	char path[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	uint64_t token = read_day(&drop);
	(void)snprintf(path, sizeof(path), "%s/day.csv", drop.path);
	assert_int_equal(unlink(path), 0);
	settle(&drop, token, CH_OUTCOME_ACCEPTED);
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 0);
	assert_false(drop_has(&drop, "done/day.csv.result.json"));
	drop_end(&drop);
}

/* It must not be taken for one that was incomplete at its new size. */
static void test_an_incomplete_file_that_has_grown_is_read_again(void **state)
{
	struct drop drop;
	struct kit_item item;
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a.csv", "a1\na2 is cut");
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	uint64_t token = item.token;
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	assert_int_equal(item.what, KIT_INCOMPLETE);
	drop_put(&drop, "a.csv", "a1\na2 is cut no more\n");
	assert_int_equal(folder_next(drop.folder, &item), CH_END);
	settle(&drop, token, CH_OUTCOME_ACCEPTED);
	assert_int_equal(carry(&drop, CH_OUTCOME_DUPLICATE), 2);
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

/* A share that is unmounted and mounted again, or another in its place. */
static void test_a_folder_that_goes_is_waited_for(void **state)
{
	struct drop drop;
	struct kit_item item;
	char away[DROP_PATH];
	(void)state;
	drop_begin(&drop);
	(void)snprintf(away, sizeof(away), "%s.away", drop.path);
	assert_int_equal(rename(drop.path, away), 0);
	assert_int_equal(folder_next(drop.folder, &item), CH_BUSY);
	assert_int_equal(folder_next(drop.folder, &item), CH_BUSY);
	assert_int_equal(rename(away, drop.path), 0);
	drop_put(&drop, "a", "1\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	assert_true(drop_has(&drop, "done/a"));

	assert_int_equal(rename(drop.path, away), 0);
	assert_int_equal(folder_next(drop.folder, &item), CH_BUSY);
	assert_int_equal(mkdir(drop.path, 0755), 0);
	drop_put(&drop, "b", "2\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 1);
	assert_true(drop_has(&drop, "done/b"));
	drop_end(&drop);
	assert_int_equal(rename(away, drop.path), 0);
	drop.folder = NULL;
	drop_end(&drop);
}

/* Nobody can write a result beside the longest of names: that stopped the adapter at every start. */
static void test_odd_names_stop_nobody(void **state)
{
	struct drop drop;
	char name[241]; /* one more than there is room for */
	char moved[sizeof(name) + 7];
	(void)state;
	drop_begin(&drop);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	drop_put(&drop, name, "n1\n");
	drop_put(&drop, "a\nb\xff.csv", "a1\n");
	drop_put(&drop, "z.csv", "z1\n");
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 2);
	(void)snprintf(moved, sizeof(moved), "failed/%s", name);
	assert_true(drop_has(&drop, moved));
	assert_true(drop_has(&drop, "done/z.csv"));
	assert_true(drop_says(&drop, "done/a\nb\xff.csv.result.json", "{\"file\": \"?\", "));
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

static void settle_spooled(struct drop *drop, uint64_t token)
{
	const struct kit_settled settled = {.token = token, .status = CH_OK, .spooled = true};
	folder_settle(drop->folder, &settled);
}

static enum ch_status late(struct drop *drop, const char *origin, enum ch_outcome outcome)
{
	struct ch_receipt receipt = {.outcome = outcome, .reason = CH_MISSING, .sequence = 9};
	(void)strcpy(receipt.field, "customer.phones");
	return folder_late(drop->folder, slice_text(origin), &receipt);
}

static void test_receipts_that_come_late(void **state)
{
	struct drop drop;
	struct kit_item item;
	char first[300] = "";
	char second[300] = "";
	(void)state;
	drop_begin(&drop);
	drop_put(&drop, "a b.csv", "1\n2\n");
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	memcpy(first, item.origin.data, item.origin.len);
	settle_spooled(&drop, item.token);
	assert_true(item.since_us > 0);
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	memcpy(second, item.origin.data, item.origin.len);

	/* The file is still being read: it becomes part of its result. */
	assert_int_equal(late(&drop, first, CH_OUTCOME_CONFLICT), CH_OK);
	settle_spooled(&drop, item.token);
	assert_int_equal(folder_next(drop.folder, &item), CH_END);
	assert_true(drop_says(&drop, "done/a b.csv.result.json",
		"\"conflicts\": 1, \"refused\": 0, \"rejected\": 0, \"spooled\": 1,"));

	/* It has its result: refusals are added to the rejects, all to the receipts. */
	drop_again(&drop);
	assert_int_equal(late(&drop, second, CH_OUTCOME_REFUSED), CH_OK);
	assert_true(drop_says(&drop, "done/a b.csv.rejects",
		"event 1: conflict: customer.phones \nevent 2: missing: customer.phones \n"));
	assert_int_equal(late(&drop, second, CH_OUTCOME_ACCEPTED), CH_OK);
	assert_true(drop_says(&drop, "done/a b.csv.receipts", "2\trefused\t9\n2\taccepted\t9\n"));

	/* Another file has taken its name: its own result must stay its own. */
	drop_put(&drop, "done/a b.csv", "another\n");
	assert_int_equal(late(&drop, second, CH_OUTCOME_REFUSED), CH_NOT_FOUND);
	drop_end(&drop);
}

static void test_places_that_are_none(void **state)
{
	static const char *const none[] = {"", "1", "1 2 3", "1 2 3 ", "0 2 3 a", "-1 2 3 a",
		"x 2 3 a", "1 2 3 ../a", "1 2 99999999999999999999 a"};
	struct drop drop;
	(void)state;
	drop_begin(&drop);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(late(&drop, none[i], CH_OUTCOME_REFUSED), CH_NOT_FOUND);
	drop_end(&drop);
}

static void test_rejects_beside_a_file_have_a_bound(void **state)
{
	struct drop drop;
	struct stat info;
	static char line[100000];
	(void)state;
	drop_begin(&drop);
	memset(line, 'x', sizeof(line) - 1);
	int dir = open(drop.path, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(rejects_append_at(dir, "rejects", slice_text(line)), CH_OK);
	assert_int_equal(fstatat(dir, "rejects", &info, 0), 0);
	assert_in_range(info.st_size, 1u << 20, (1u << 20) + 100100);
	assert_true(drop_says(&drop, "rejects", "x\n" REJECTS_MORE "\n"));
	assert_int_equal(close(dir), 0);
	drop_end(&drop);
}

/* What is put aside is nine files; then there is room for what is under way, and no more. */
static void test_rejects_that_go_on(void **state)
{
	struct drop drop;
	char path[DROP_PATH];
	static char line[(512u << 10)];
	unsigned lines = 0;
	(void)state;
	drop_begin(&drop);
	(void)snprintf(path, sizeof(path), "%s/rejects", drop.path);
	memset(line, 'x', sizeof(line) - 1);
	assert_true(rejects_have_room(path));
	while (rejects_have_room(path)) {
		assert_int_equal(rejects_append(path, slice_text(line)), CH_OK);
		lines++;
	}
	assert_int_equal(lines, 20); /* two in each */
	assert_true(drop_has(&drop, "rejects.9"));
	assert_false(drop_has(&drop, "rejects.10"));
	assert_int_equal(rejects_append(path, slice_text(line)), CH_OK);
	assert_int_equal(rejects_append(path, slice_text(line)), CH_OK);
	assert_int_equal(rejects_append(path, slice_text(line)), CH_TOO_LARGE);
	/* Moved away, it begins anew. */
	(void)snprintf(path, sizeof(path), "%s/rejects.4", drop.path);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/rejects", drop.path);
	assert_true(rejects_have_room(path));
	assert_int_equal(rejects_append(path, SLICE_LITERAL("the next")), CH_OK);
	assert_true(drop_says(&drop, "rejects", "the next\n"));
	assert_true(drop_has(&drop, "rejects.4"));
	(void)snprintf(path, sizeof(path), "%s/no/rejects", drop.path);
	assert_int_equal(rejects_append(path, slice_text(line)), CH_NOT_FOUND);
	drop_end(&drop);
}

/* ---- An answer to whoever sent the file ---- */

static struct {
	unsigned calls;
	enum ch_status say;
	struct kit_tally tally;
} finished;

static enum ch_status lines_finish(void *reader, const struct kit_tally *tally)
{
	const struct lines *lines = reader;
	assert_true(lines->at > 0); /* the reader is still there */
	finished.calls++;
	finished.tally = *tally;
	return finished.say;
}

static void test_the_format_hears_what_became_of_the_file(void **state)
{
	const struct kit_format format = {.open = lines_open,
		.next = lines_next,
		.finish = lines_finish,
		.close = lines_close};
	struct drop drop;
	struct kit_item item;
	(void)state;
	drop_begin(&drop);
	folder_close(drop.folder);
	const struct folder_options options = {.path = drop.path, .format = &format};
	assert_int_equal(folder_open(&options, &drop.folder), CH_OK);
	assert_int_equal(folder_start(drop.folder), CH_OK);
	drop_put(&drop, "a", "1\n!torn\n2\n");
	finished.say = CH_OK;
	assert_int_equal(carry(&drop, CH_OUTCOME_ACCEPTED), 2);
	assert_int_equal(finished.calls, 1);
	assert_int_equal(finished.tally.events, 2);
	assert_int_equal(finished.tally.accepted, 2);
	assert_int_equal(finished.tally.rejected, 1);
	assert_true(finished.tally.complete);
	assert_true(drop_has(&drop, "done/a"));

	/* No answer, no end: the file stays. */
	drop_put(&drop, "b", "1\n");
	finished.say = CH_IO;
	assert_int_equal(folder_next(drop.folder, &item), CH_OK);
	uint64_t token = item.token;
	assert_int_equal(folder_next(drop.folder, &item), CH_END);
	settle(&drop, token, CH_OUTCOME_ACCEPTED);
	assert_int_equal(folder_next(drop.folder, &item), CH_IO);
	assert_true(drop_has(&drop, "b"));
	drop_end(&drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_goes_to_done_with_its_result),
		cmocka_unit_test(test_a_look_changes_nothing),
		cmocka_unit_test(test_links_lead_nowhere),
		cmocka_unit_test(test_what_is_being_written_waits),
		cmocka_unit_test(test_an_incomplete_record_waits_until_it_has_grown),
		cmocka_unit_test(test_a_file_that_was_replaced_is_read),
		cmocka_unit_test(test_a_file_that_was_written_to_is_read_again),
		cmocka_unit_test(test_a_file_that_was_taken_away_stops_nobody),
		cmocka_unit_test(test_an_incomplete_file_that_has_grown_is_read_again),
		cmocka_unit_test(test_a_half_done_file_is_read_again),
		cmocka_unit_test(test_an_event_without_an_answer_keeps_its_file),
		cmocka_unit_test(test_what_the_hub_refuses_stands_in_the_rejects),
		cmocka_unit_test(test_an_unreadable_file_fails),
		cmocka_unit_test(test_a_folder_that_goes_is_waited_for),
		cmocka_unit_test(test_odd_names_stop_nobody),
		cmocka_unit_test(test_a_file_of_garbage_does_not_fill_the_memory),
		cmocka_unit_test(test_a_result_that_cannot_be_written_stops_the_adapter),
		cmocka_unit_test(test_receipts_that_come_late),
		cmocka_unit_test(test_places_that_are_none),
		cmocka_unit_test(test_rejects_beside_a_file_have_a_bound),
		cmocka_unit_test(test_rejects_that_go_on),
		cmocka_unit_test(test_the_format_hears_what_became_of_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
