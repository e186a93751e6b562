#include "module/quality/manager/control_part.h"

#include "weeks.h"

#define AS_OF_US (MONDAY_US + 2 * DAY_US) /* a day of grace has passed */

/* A book that has the table of what was said, too. */
static void begin(struct teller *teller)
{
	*teller = (struct teller){0};
	weeks_told = 0;
	for (int i = 0; i < FACT_TABLES; i++)
		teller_tables[i] = fact_table_names[i];
	teller_tables[CONTROL_VIOLATIONS] = CONTROL_TABLE_NAME;
	shelf_make(&teller->shelf);
	teller->book = shelf_open(&teller->shelf, teller_tables, CONTROL_TABLES_END, BOOK_WRITE);
	teller->txn = shelf_begin(teller->book, true);
	assert_int_equal(quality_settings_default(&teller->settings), CH_OK);
}

/* 39 weeks as usual; in the last, five repairs took twice as long. */
static void tell_slow_week(struct teller *teller)
{
	tell_weeks(teller, 39);
	for (int i = 0; i < 5; i++)
		tell_repair(teller, "S1", NULL, MONDAY_US - WEEK_US, 4 * DAY_US + i * HOUR_US);
}

/* How many things were said. */
static size_t said(struct teller *teller)
{
	struct control *control = NULL;
	size_t count = 0;
	const struct control_request request = {.settings = &teller->settings,
		.until_us = AS_OF_US - DAY_US,
		.as_of_us = AS_OF_US,
		.blocks = 2};
	assert_int_equal(control_create(&request, &control), CH_OK);
	assert_int_equal(repair_walk(teller->txn, AS_OF_US, control_take_repair, control), CH_OK);
	assert_int_equal(control_finish(control), CH_OK);
	assert_int_equal(
		control_say(teller->txn, control, &teller->settings, DAY_US, &count), CH_OK);
	control_free(control);
	return count;
}

/* What was last said of a point of S1's repairs; the caller frees it.  NULL: nothing. */
static Carehub__V1__QualityRuleViolated *heard(
	struct teller *teller, const char *kind, const char *group)
{
	struct key key;
	struct slice value;
	key_start(&key);
	key_text(&key, slice_text("repair.days/station:S1"));
	key_text(&key, slice_text(kind));
	key_text(&key, slice_text(group));
	if (book_get(teller->txn, CONTROL_VIOLATIONS, key_slice(&key), &value) != CH_OK)
		return NULL;
	return carehub__v1__quality_rule_violated__unpack(NULL, value.len, value.data);
}

static void forget(Carehub__V1__QualityRuleViolated *message)
{
	carehub__v1__quality_rule_violated__free_unpacked(message, NULL);
}

static void test_usage(void **state)
{
	(void)state;
	struct teller teller;
	begin(&teller);
	tell_slow_week(&teller);
	assert_true(said(&teller) > 0);
	Carehub__V1__QualityRuleViolated *message = heard(&teller, "xbar", "2026-W13");
	assert_non_null(message);
	assert_int_equal(message->revision, 1);
	assert_int_equal(message->rules[0], 1);
	assert_string_equal(message->station_id, "S1");
	assert_true(message->event_count >= 10);
	assert_true(message->n_events >= 10);
	assert_string_equal(message->events[0]->source, "/s1");
	/* Days, with six digits: beyond the upper limit. */
	assert_int_equal(message->value->scale, 6);
	assert_true(message->value->unscaled > message->upper_limit->unscaled);
	assert_true(message->upper_limit->unscaled > message->center->unscaled);
	assert_true(message->value->unscaled > 2000000 && message->value->unscaled < 5000000);
	forget(message);
	/* Once. */
	assert_int_equal(said(&teller), 0);
	teller_remove(&teller);
}

/* One more repair of that week arrives late: the same point, by other events. */
static void test_late_event_is_said_again(void **state)
{
	(void)state;
	struct teller teller;
	begin(&teller);
	tell_slow_week(&teller);
	assert_true(said(&teller) > 0);
	tell_repair(&teller, "S1", NULL, MONDAY_US - WEEK_US + HOUR_US, 4 * DAY_US);
	assert_true(said(&teller) > 0);
	Carehub__V1__QualityRuleViolated *message = heard(&teller, "xbar", "2026-W13");
	assert_int_equal(message->revision, 2);
	assert_int_equal(message->withdrawn, CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED);
	forget(message);
	assert_int_equal(said(&teller), 0);
	teller_remove(&teller);
}

/* The slow repairs had waited for their customers, as comes out later. */
static void test_what_is_mended_is_withdrawn(void **state)
{
	(void)state;
	struct teller teller;
	begin(&teller);
	tell_slow_week(&teller);
	assert_true(said(&teller) > 0);
	for (uint64_t i = weeks_told - 4; i <= weeks_told; i++) {
		Carehub__V1__RepairWaitStarted start = CAREHUB__V1__REPAIR_WAIT_STARTED__INIT;
		Carehub__V1__RepairWaitEnded end = CAREHUB__V1__REPAIR_WAIT_ENDED__INIT;
		char order[32];
		char ids[2][48];
		(void)snprintf(order, sizeof(order), "R%05" PRIu64, i);
		(void)snprintf(ids[0], sizeof(ids[0]), "%s-w", order);
		(void)snprintf(ids[1], sizeof(ids[1]), "%s-e", order);
		start.repair_order_id = end.repair_order_id = order;
		start.reason = end.reason = CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER;
		tell(&teller, "repair.wait.started", &start.base, MONDAY_US - WEEK_US + 6 * HOUR_US,
			ids[0], 1);
		tell(&teller, "repair.wait.ended", &end.base, MONDAY_US - WEEK_US + 54 * HOUR_US,
			ids[1], 1);
	}
	assert_true(said(&teller) > 0);
	Carehub__V1__QualityRuleViolated *message = heard(&teller, "xbar", "2026-W13");
	assert_int_equal(message->revision, 2);
	assert_int_equal(message->withdrawn, CAREHUB__V1__ANSWER__ANSWER_YES);
	assert_int_equal(message->n_rules > 0, 1); /* those it was told to break */
	forget(message);
	assert_int_equal(said(&teller), 0);
	teller_remove(&teller);
}

/* A book made anew hears what was said before it says anything. */
static void test_rebuilt_says_nothing(void **state)
{
	(void)state;
	struct teller teller;
	struct teller again;
	begin(&teller);
	tell_slow_week(&teller);
	assert_true(said(&teller) > 0);
	struct slice none = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	Carehub__V1__QualityRuleViolated *messages[64];
	size_t count = 0;
	assert_int_equal(book_walk_begin(teller.txn, CONTROL_VIOLATIONS, none, none, &walk), CH_OK);
	while (count < 64 && book_walk_next(walk, &key, &value) == CH_OK)
		messages[count++] =
			carehub__v1__quality_rule_violated__unpack(NULL, value.len, value.data);
	book_walk_end(walk);
	assert_true(count > 0);
	teller_remove(&teller);
	begin(&again);
	for (size_t i = 0; i < count; i++) {
		/* Heard twice, or an older word after a newer one: nothing changes. */
		assert_int_equal(control_heard(again.txn, &messages[i]->base), CH_OK);
		messages[i]->revision = 0;
		assert_int_equal(control_heard(again.txn, &messages[i]->base), CH_OK);
		forget(messages[i]);
	}
	tell_slow_week(&again);
	assert_int_equal(said(&again), 0);
	teller_remove(&again);
}

/* In the module it goes on in pieces, says once, and is asked again when something may have changed. */
static void test_part(void **state)
{
	(void)state;
	struct teller teller;
	struct problems problems = {0};
	struct option_reader reader;
	void *self = NULL;
	begin(&teller);
	tell_slow_week(&teller);
	void *settings = calloc(1, control_part.config_bytes);
	struct option_group group = {control_part.options, control_part.option_count, settings};
	assert_int_equal(option_begin(&reader, &group, 1, "test", &problems), CH_OK);
	void *configs[FACT_PARTS] = {[FACT_CONFIG] = &teller.settings};
	assert_int_equal(control_part.open(settings, NULL, &problems, &self), CH_OK);
	assert_int_equal(control_part.begin(self, teller.txn), CH_OK);
	assert_int_equal(book_commit(teller.txn), CH_OK);
	teller.txn = NULL;
	struct module_turn turn = {.book = teller.book, .now_us = AS_OF_US, .configs = configs};
	unsigned turns = 0;
	do {
		assert_int_equal(control_part.tend(self, &turn), CH_OK);
		assert_true(turns++ < 10);
	} while (turn.again_ms == 0);
	assert_true(turn.again_ms > 0);
	teller.txn = shelf_begin(teller.book, true);
	Carehub__V1__QualityRuleViolated *message = heard(&teller, "xbar", "2026-W13");
	assert_non_null(message);
	forget(message);
	assert_int_equal(said(&teller), 0);
	control_part.close(self);
	option_free(&group);
	free(settings);
	problems_fini(&problems);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_late_event_is_said_again),
		cmocka_unit_test(test_what_is_mended_is_withdrawn),
		cmocka_unit_test(test_rebuilt_says_nothing),
		cmocka_unit_test(test_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
