/* Sources that are read on from where the hub says they were. */
#include "station.h"

#include "base/text.h"

/* A book of numbered lines, which is read from a place on. */
struct book {
	unsigned lines; /* as many as there are */
	unsigned at;    /* the last that was given */
	unsigned began; /* where start put it */
	unsigned started;
	atomic_uint settled;
	char id[16];
	struct envelope envelope;
};

static const char *book_source(void *source, size_t i)
{
	(void)source;
	return i == 0 ? "urn:book" : NULL;
}

static enum ch_status book_start(void *source, struct kit_hub *hub)
{
	struct book *book = source;
	struct buffer place = {0};
	int64_t at = 0;
	assert_true(kit_hub_is_up(hub));
	assert_int_equal(kit_checkpoint(hub, "urn:other", &place), CH_NOT_FOUND);
	enum ch_status status = kit_checkpoint(hub, "urn:book", &place);
	if (status == CH_OK)
		assert_int_equal(text_parse_i64(buffer_slice(&place), &at), CH_OK);
	else
		assert_int_equal(status, CH_NOT_FOUND);
	buffer_fini(&place);
	book->at = (unsigned)at;
	book->began = book->at;
	book->started++;
	return CH_OK;
}

static enum ch_status book_next(void *source, struct kit_item *out_item)
{
	struct book *book = source;
	assert_int_equal(book->started, 1);
	if (book->at == book->lines)
		return CH_END;
	(void)snprintf(book->id, sizeof(book->id), "%u", ++book->at);
	book->envelope = (struct envelope){
		.id = slice_text(book->id),
		.source = SLICE_LITERAL("urn:book"),
		.type = SLICE_LITERAL("website.feedback.given"),
		.digest = slice_text(book->id),
		.checkpoint = slice_text(book->id),
		.time_us = 1,
	};
	*out_item = (struct kit_item){
		.what = KIT_EVENT, .token = book->at, .envelope = &book->envelope};
	return CH_OK;
}

static void book_settle(void *source, const struct kit_settled *settled)
{
	struct book *book = source;
	book->settled += settled->status == CH_OK;
}

static void book_open(struct book *book, struct station *station, unsigned lines)
{
	*book = (struct book){.lines = lines};
	station->source = book;
	station->adapter = (struct kit_adapter){.program = "carehub-book",
		.checkpoint_source = book_source,
		.start = book_start,
		.next = book_next,
		.settle = book_settle};
}

static void test_reading_goes_on_where_it_was(void **state)
{
	struct station station;
	struct book book;
	(void)state;
	station_begin(&station);
	book_open(&book, &station, 1);
	station_run_once(&station);
	assert_int_equal(book.began, 0);
	book_open(&book, &station, 2);
	station_run_once(&station);
	assert_int_equal(book.began, 1);

	/* In the stream of many the hub's word lags by what was under way, and never leads. */
	book_open(&book, &station, 500);
	station_run_once(&station);
	assert_int_equal(book.began, 2);
	book_open(&book, &station, 500);
	station_run_once(&station);
	assert_in_range(book.began, 500 - 16 - 1, 500);
	assert_int_equal(station.counts.accepted, 0);
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 500);
	station_end(&station);
}

/* The hub puts one off and takes those behind it; then the adapter dies. */
static void test_what_was_put_off_is_not_passed_over(void **state)
{
	struct station station;
	struct book book;
	(void)state;
	station_begin(&station);
	book_open(&book, &station, 12);
	const struct fake_answer put_off = {
		.receipt = {.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 3600000},
		.skip = 4,
		.events = 1};
	fake_hub_answer(station.bus, &put_off);
	station_start(&station);
	for (int i = 0; i < 100000 && book.settled < 4; i++)
		assert_int_equal(usleep(100), 0);
	assert_true(fake_hub_wait(station.bus, FAKE_EVENTS, 5, 10000));
	assert_int_equal(usleep(50000), 0);
	station_stop(&station);

	book_open(&book, &station, 20);
	station_run_once(&station);
	assert_in_range(book.began, 0, 4);
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 20);
	station_end(&station);
}

static void test_nothing_is_read_before_the_hub_has_said(void **state)
{
	struct station station;
	struct book book;
	(void)state;
	station_begin(&station);
	fake_hub_set_checkpoint(station.bus, "urn:book", "7", 3);
	fake_hub_go_away(station.bus);
	book_open(&book, &station, 10);
	station_start(&station);
	assert_int_equal(usleep(200000), 0);
	assert_int_equal(book.settled, 0);
	fake_hub_come_back(station.bus);
	for (int i = 0; i < 100000 && book.settled < 3; i++)
		assert_int_equal(usleep(100), 0);
	station_stop(&station);
	assert_int_equal(book.began, 7);
	assert_int_equal(book.settled, 3);
	station_end(&station);
}

/* What stands in the spool is sent in any case, so it brings its own. */
static void test_by_way_of_the_spool(void **state)
{
	struct station station;
	struct book book;
	(void)state;
	station_begin_with_spool(&station);
	book_open(&book, &station, 5);
	station_run_once(&station);
	book_open(&book, &station, 100);
	fake_hub_hold_receipts(station.bus, true);
	station_start(&station);
	for (int i = 0; i < 100000 && (book.settled == 0 || book.settled + book.began < 100); i++)
		assert_int_equal(usleep(100), 0);
	station_stop(&station);
	assert_int_equal(book.settled + book.began, 100); /* let go of, without a receipt */
	fake_hub_hold_receipts(station.bus, false);

	book_open(&book, &station, 100);
	station_run_once(&station);
	assert_in_range(book.began, 1, 100);
	assert_int_equal(fake_hub_count(station.bus, FAKE_STORED), 100);
	book_open(&book, &station, 100);
	station_run_once(&station);
	assert_int_equal(book.began, 100);
	station_end(&station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_goes_on_where_it_was),
		cmocka_unit_test(test_what_was_put_off_is_not_passed_over),
		cmocka_unit_test(test_nothing_is_read_before_the_hub_has_said),
		cmocka_unit_test(test_by_way_of_the_spool),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
