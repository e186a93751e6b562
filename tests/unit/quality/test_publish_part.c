#include "module/quality/manager/publish_part.h"

#include "weeks.h"

/* MONDAY_US is 2026-03-30: all of what is told here is of March and of before. */
#define APRIL_US (MONDAY_US + 2 * DAY_US)
#define AS_OF_US (APRIL_US + 20 * DAY_US) /* March's R14 has run out, its returns have not */
#define GRACE_MS (DAY_US / 1000)
#define MARCH    "2026-03-01"

/* A book that has the tables of what was said, too. */
static void begin(struct teller *teller)
{
	*teller = (struct teller){0};
	weeks_told = 0;
	for (int i = 0; i < FACT_TABLES; i++)
		teller_tables[i] = fact_table_names[i];
	teller_tables[CONTROL_VIOLATIONS] = CONTROL_TABLE_NAME;
	teller_tables[PUBLISHED_MEASURES] = PUBLISH_TABLE_NAME;
	shelf_make(&teller->shelf);
	teller->book = shelf_open(&teller->shelf, teller_tables, PUBLISH_TABLES_END, BOOK_WRITE);
	teller->txn = shelf_begin(teller->book, true);
	assert_int_equal(quality_settings_default(&teller->settings), CH_OK);
}

/* How many things were said at that time, `most` at once. */
static size_t said_by(struct teller *teller, int64_t now_us, size_t most)
{
	struct measures *measures = NULL;
	struct publishing *publishing = NULL;
	size_t said = 0;
	const int64_t offset_us = quality_offset_us(&teller->settings);
	const int64_t until_us = period_start(PERIOD_MONTH, offset_us, now_us - GRACE_MS * 1000);
	const struct measure_request request = {.settings = &teller->settings,
		.from_us = period_add_months(offset_us, until_us, -3),
		.until_us = until_us,
		.as_of_us = now_us,
		.unit = PERIOD_MONTH,
		.cuts = 1u << CUT_ALL | 1u << CUT_PERIOD | 1u << CUT_STATION_PERIOD};
	assert_int_equal(measures_make(teller->txn, &request, &measures), CH_OK);
	const struct publish_request wanted = {.measures = measures,
		.now_us = now_us,
		.grace_ms = GRACE_MS,
		.as_of_sequence = teller->sequence};
	assert_int_equal(publishing_create(&wanted, &publishing), CH_OK);
	enum ch_status status = CH_OK;
	for (int i = 0; status == CH_OK; i++) {
		assert_true(i < 1000);
		status = publishing_go_on(publishing, teller->txn, most, &said);
	}
	assert_int_equal(status, CH_END);
	publishing_free(publishing);
	measures_free(measures);
	return said;
}

static size_t said(struct teller *teller)
{
	return said_by(teller, AS_OF_US, 1000);
}

/* What was last said of it; the caller frees it.  NULL: nothing. */
static Carehub__V1__QualityMeasurePublished *heard(
	struct teller *teller, const char *measure, const char *scope, const char *month)
{
	struct key key;
	struct slice value;
	key_start(&key);
	key_text(&key, slice_text(measure));
	key_text(&key, slice_text(scope));
	key_text(&key, slice_text(month));
	if (book_get(teller->txn, PUBLISHED_MEASURES, key_slice(&key), &value) != CH_OK)
		return NULL;
	return carehub__v1__quality_measure_published__unpack(NULL, value.len, value.data);
}

static void forget(Carehub__V1__QualityMeasurePublished *message)
{
	carehub__v1__quality_measure_published__free_unpacked(message, NULL);
}

static void assert_heard(struct teller *teller, const char *measure, const char *scope,
	int64_t numerator, int64_t denominator, uint32_t revision)
{
	Carehub__V1__QualityMeasurePublished *message = heard(teller, measure, scope, MARCH);
	assert_non_null(message);
	assert_int_equal(message->numerator, numerator);
	assert_int_equal(message->denominator, denominator);
	assert_int_equal(message->revision, revision);
	forget(message);
}

/* Two of S1, one of S2 that took five days, all in March. */
static void tell_march(struct teller *teller)
{
	tell_repair(teller, "S1", NULL, MONDAY_US - 20 * DAY_US, 2 * DAY_US);
	tell_repair(teller, "S1", NULL, MONDAY_US - 19 * DAY_US, 2 * DAY_US);
	tell_repair(teller, "S2", NULL, MONDAY_US - 18 * DAY_US, 5 * DAY_US);
}

static void test_usage(void **state)
{
	struct teller teller;
	(void)state;
	begin(&teller);
	tell_march(&teller);
	assert_true(said(&teller) > 0);
	Carehub__V1__QualityMeasurePublished *message = heard(&teller, "four_day", "all", MARCH);
	assert_non_null(message);
	assert_string_equal(message->period_end_date, "2026-03-31");
	assert_int_equal(message->numerator, 2);
	assert_int_equal(message->denominator, 3);
	assert_int_equal(message->value->unscaled, 666667);
	assert_int_equal(message->value->scale, 6);
	assert_int_equal(message->target->unscaled, 950000);
	assert_int_equal(message->revision, 1);
	assert_int_equal(message->as_of_sequence, teller.sequence);
	forget(message);
	assert_heard(&teller, "four_day", "station:S1", 2, 2, 1);
	assert_heard(&teller, "four_day", "station:S2", 0, 1, 1);
	assert_heard(&teller, "r14", "all", 0, 3, 1);
	/* Nothing of what has no cases, nothing of what has not run out. */
	assert_null(heard(&teller, "csi", "all", MARCH));
	assert_null(heard(&teller, "rr90", "all", MARCH));
	assert_null(heard(&teller, "r140", "all", MARCH));
	/* Once. */
	assert_int_equal(said(&teller), 0);
	teller_remove(&teller);
}

/* Each measure when its own time has run out, and its grace. */
static void test_when_it_has_run_out(void **state)
{
	struct teller teller;
	const int64_t rr90_us = APRIL_US + 90 * DAY_US + GRACE_MS * 1000;
	(void)state;
	begin(&teller);
	tell_march(&teller);
	assert_int_equal(said_by(&teller, APRIL_US + GRACE_MS * 1000 - 1, 1000), 0);
	assert_true(said_by(&teller, APRIL_US + GRACE_MS * 1000, 1000) > 0);
	assert_heard(&teller, "four_day", "all", 2, 3, 1);
	assert_null(heard(&teller, "r14", "all", MARCH));
	assert_true(said_by(&teller, APRIL_US + 14 * DAY_US + GRACE_MS * 1000, 1000) > 0);
	assert_heard(&teller, "r14", "all", 0, 3, 1);
	(void)said_by(&teller, rr90_us - 1, 1000);
	assert_null(heard(&teller, "rr90", "all", MARCH));
	assert_true(said_by(&teller, rr90_us, 1000) > 0);
	assert_heard(&teller, "rr90", "all", 0, 3, 1);
	/* A longer grace takes nothing back that was said. */
	assert_int_equal(said_by(&teller, rr90_us - 2 * DAY_US, 1000), 0);
	teller_remove(&teller);
}

/* A repair of March is told months late: what it changes is told again, and nothing else. */
static void test_late_event_is_told_again(void **state)
{
	struct teller teller;
	(void)state;
	begin(&teller);
	tell_march(&teller);
	assert_true(said(&teller) > 0);
	tell_repair(&teller, "S2", NULL, MONDAY_US - 17 * DAY_US, 2 * DAY_US);
	assert_true(said(&teller) > 0);
	assert_heard(&teller, "four_day", "all", 3, 4, 2);
	assert_heard(&teller, "four_day", "station:S1", 2, 2, 1);
	assert_heard(&teller, "four_day", "station:S2", 1, 2, 2);
	assert_int_equal(said(&teller), 0);
	teller_remove(&teller);
}

/* The one repair of S2 was S3's, as comes out: S2's measure is of nothing now. */
static void test_what_is_gone(void **state)
{
	struct teller teller;
	Carehub__V1__RepairOrderReturned returned = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	(void)state;
	begin(&teller);
	tell_march(&teller);
	assert_true(said(&teller) > 0);
	where.station_id = TEXT("S3");
	returned.repair_order_id = TEXT("R00003");
	returned.station = &where;
	tell(&teller, "repair.order.returned", &returned.base, MONDAY_US - 12 * DAY_US, "late", 1);
	assert_true(said(&teller) > 0);
	assert_heard(&teller, "four_day", "station:S2", 0, 0, 2);
	assert_heard(&teller, "four_day", "station:S3", 0, 1, 1);
	assert_heard(&teller, "four_day", "all", 2, 3, 1);
	assert_int_equal(said(&teller), 0);
	teller_remove(&teller);
}

/* A book made anew hears what was said before it says anything. */
static void test_rebuilt_says_nothing(void **state)
{
	struct teller teller;
	struct teller again;
	struct slice none = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	Carehub__V1__QualityMeasurePublished *messages[64];
	size_t count = 0;
	(void)state;
	begin(&teller);
	tell_march(&teller);
	assert_true(said(&teller) > 0);
	assert_int_equal(book_walk_begin(teller.txn, PUBLISHED_MEASURES, none, none, &walk), CH_OK);
	while (count < 64 && book_walk_next(walk, &key, &value) == CH_OK)
		messages[count++] =
			carehub__v1__quality_measure_published__unpack(NULL, value.len, value.data);
	book_walk_end(walk);
	teller_remove(&teller);
	begin(&again);
	for (size_t i = 0; i < count; i++) {
		/* Heard twice, or an older word after a newer one: nothing changes. */
		assert_int_equal(publish_heard(again.txn, &messages[i]->base), CH_OK);
		messages[i]->revision = 0;
		assert_int_equal(publish_heard(again.txn, &messages[i]->base), CH_OK);
		forget(messages[i]);
	}
	tell_march(&again);
	assert_int_equal(said(&again), 0);
	teller_remove(&again);
}

/* In pieces of any size the same is said. */
static void test_pieces(void **state)
{
	(void)state;
	size_t whole = 0;
	for (size_t most = 1; most <= 1000; most *= 10) {
		struct teller teller;
		begin(&teller);
		tell_march(&teller);
		size_t count = said_by(&teller, AS_OF_US, most);
		assert_true(whole == 0 || whole == count);
		whole = count;
		teller_remove(&teller);
	}
}

/* A group of the hotline is a scope of its own; speed of answer is a mean in seconds. */
static void test_hotline(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCallCompleted done = CAREHUB__V1__CALLCENTER_CALL_COMPLETED__INIT;
	Carehub__V1__CallRef call = CAREHUB__V1__CALL_REF__INIT;
	(void)state;
	begin(&teller);
	done.call = &call;
	call.call_id = TEXT("c1");
	call.queue = TEXT("q1");
	call.group = TEXT("notebooks");
	done.wait_ms = 7500;
	done.talk_ms = 60000;
	tell(&teller, "callcenter.call.completed", &done.base, MONDAY_US, "e1", 0);
	call.call_id = TEXT("c2");
	call.group = TEXT("games");
	done.wait_ms = 10000;
	tell(&teller, "callcenter.call.completed", &done.base, MONDAY_US, "e2", 0);
	assert_true(said(&teller) > 0);
	assert_heard(&teller, "answered_rate", "all", 2, 2, 1);
	assert_heard(&teller, "answered_rate", "group:games", 1, 1, 1);
	Carehub__V1__QualityMeasurePublished *message =
		heard(&teller, "asa", "group:notebooks", MARCH);
	assert_non_null(message);
	assert_int_equal(message->value->unscaled, 7500000);
	assert_null(message->target);
	forget(message);
	teller_remove(&teller);
}

/* In the module it goes on in pieces, says once, and is asked again when something may have changed. */
static void test_part(void **state)
{
	struct teller teller;
	struct problems problems = {0};
	struct option_reader reader;
	struct metrics *metrics = metrics_create();
	struct buffer text = {0};
	void *self = NULL;
	(void)state;
	begin(&teller);
	tell_march(&teller);
	void *settings = calloc(1, publish_part.config_bytes);
	struct option_group group = {publish_part.options, publish_part.option_count, settings};
	assert_int_equal(option_begin(&reader, &group, 1, "test", &problems), CH_OK);
	void *configs[FACT_PARTS] = {[FACT_CONFIG] = &teller.settings};
	assert_int_equal(publish_part.open(settings, metrics, &problems, &self), CH_OK);
	assert_int_equal(publish_part.begin(self, teller.txn), CH_OK);
	assert_int_equal(book_commit(teller.txn), CH_OK);
	teller.txn = NULL;
	struct module_turn turn = {.book = teller.book, .now_us = AS_OF_US, .configs = configs};
	unsigned turns = 0;
	do {
		assert_int_equal(publish_part.tend(self, &turn), CH_OK);
		assert_true(turns++ < 40);
	} while (turn.again_ms == 0);
	teller.txn = shelf_begin(teller.book, true);
	assert_heard(&teller, "four_day", "all", 2, 3, 1);
	assert_int_equal(said(&teller), 0);
	metrics_write(metrics, &text);
	assert_non_null(
		strstr(buffer_text(&text), "carehub_module_measure_part{measure=\"four_day\"} 2"));
	assert_non_null(
		strstr(buffer_text(&text), "carehub_module_measure_whole{measure=\"four_day\"} 3"));
	assert_non_null(strstr(buffer_text(&text), "carehub_module_open_repairs{days=\"4\"} 0"));
	publish_part.close(self);
	metrics_free(metrics);
	buffer_fini(&text);
	option_free(&group);
	free(settings);
	problems_fini(&problems);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_when_it_has_run_out),
		cmocka_unit_test(test_late_event_is_told_again),
		cmocka_unit_test(test_what_is_gone),
		cmocka_unit_test(test_rebuilt_says_nothing),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hotline),
		cmocka_unit_test(test_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
