/* Breaches of what was promised, and the events behind them: as a reader of the book finds them, and as the bus is told. */
#include "module/quality/manager/control_part.h"

#include "weeks.h"

#define AS_OF_US                                                                                   \
	(MONDAY_US +                                                                               \
		10 * DAY_US) /* 9 April 2026: the month that is promised within 7 days is March */
#define BEGIN_US (MONDAY_US - 40 * DAY_US) /* 18 February */

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
	teller->settings.ranking_cases = 2;
}

/* How many things were said. */
static size_t said_at(struct teller *teller, int64_t as_of_us)
{
	struct control *control = NULL;
	size_t count = 0;
	const struct control_request request = {.settings = &teller->settings,
		.until_us = as_of_us - DAY_US,
		.as_of_us = as_of_us,
		.blocks = 2,
		.filter = {.as_of_us = as_of_us}};
	assert_int_equal(control_create(&request, &control), CH_OK);
	control_look(control, teller->txn);
	assert_int_equal(repair_walk(teller->txn, as_of_us, control_take_repair, control), CH_OK);
	for (size_t i = 0; i < CONTROL_WALKS; i++)
		assert_int_equal(fact_walk(teller->txn, control_walks[i].table, as_of_us,
					 control_walks[i].take, control),
			CH_OK);
	assert_int_equal(control_finish(control), CH_OK);
	assert_int_equal(
		control_say(teller->txn, control, &teller->settings, DAY_US, &count), CH_OK);
	control_free(control);
	return count;
}

static size_t said(struct teller *teller)
{
	return said_at(teller, AS_OF_US);
}

/* What was last said of the month; the caller frees it.  NULL: nothing. */
static Carehub__V1__QualityRuleViolated *heard(
	struct teller *teller, const char *chart, const char *kind, const char *group)
{
	struct key key;
	struct slice value;
	key_start(&key);
	key_text(&key, slice_text(chart));
	key_text(&key, slice_text(kind));
	key_text(&key, slice_text(group));
	if (book_get(teller->txn, CONTROL_VIOLATIONS, key_slice(&key), &value) != CH_OK)
		return NULL;
	return carehub__v1__quality_rule_violated__unpack(NULL, value.len, value.data);
}

/* One breach of the promise, with one event behind it. */
static void assert_breach(
	struct teller *teller, const char *chart, const char *group, const char *event_id)
{
	Carehub__V1__QualityRuleViolated *message = heard(teller, chart, "p", group);
	assert_non_null(message);
	assert_int_equal(message->n_rules, 1);
	assert_int_equal(message->rules[0], 5);
	assert_int_equal(message->event_count, 1);
	assert_string_equal(message->events[0]->id, event_id);
	carehub__v1__quality_rule_violated__free_unpacked(message, NULL);
}

/* A unit that is still there. */
static void receive_only(struct teller *teller, const char *order, int64_t at_us)
{
	char id[48];
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__RepairOrderReceived received = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	(void)snprintf(id, sizeof(id), "%s-0", order);
	where.station_id = TEXT("S1");
	received.repair_order_id = TEXT(order);
	received.station = &where;
	tell(teller, "repair.order.received", &received.base, at_us, id, 1);
}

/* Somebody's unit has been at the station for more than fourteen days: the month of its receipt broke the promise,
 * as soon as all of it has had its fourteen days, and until it turns out that the customer was waited for. */
static void test_usage(void **state)
{
	(void)state;
	struct teller teller;
	Carehub__V1__RepairWaitStarted start = CAREHUB__V1__REPAIR_WAIT_STARTED__INIT;
	begin(&teller);
	for (int i = 0; i < 5; i++)
		tell_repair(&teller, "S2", NULL, BEGIN_US + i * HOUR_US, DAY_US);
	receive_only(&teller, "lost", BEGIN_US); /* the first that S1 ever had */
	assert_int_equal(
		said_at(&teller, BEGIN_US + 20 * DAY_US), 0); /* February's last have not */
	assert_int_equal(said(&teller), 1);
	assert_breach(&teller, "repair.open/station:S1", "2026-02", "lost-0");
	assert_int_equal(said(&teller), 0);
	start.repair_order_id = TEXT("lost");
	start.reason = CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER;
	tell(&teller, "repair.wait.started", &start.base, BEGIN_US + DAY_US, "lost-w", 1);
	assert_int_equal(said(&teller), 1);
	Carehub__V1__QualityRuleViolated *message =
		heard(&teller, "repair.open/station:S1", "p", "2026-02");
	assert_int_equal(message->withdrawn, CAREHUB__V1__ANSWER__ANSWER_YES);
	assert_int_equal(message->revision, 2);
	carehub__v1__quality_rule_violated__free_unpacked(message, NULL);
	teller_remove(&teller);
}

static void tell_part(
	struct teller *teller, const char *order, const char *line, int64_t at_us, int64_t took_us)
{
	char ids[2][48];
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__RepairPart part = CAREHUB__V1__REPAIR_PART__INIT;
	Carehub__V1__RepairPart *parts[] = {&part};
	Carehub__V1__RepairPartRequested requested = CAREHUB__V1__REPAIR_PART_REQUESTED__INIT;
	Carehub__V1__RepairPartArrived arrived = CAREHUB__V1__REPAIR_PART_ARRIVED__INIT;
	(void)snprintf(ids[0], sizeof(ids[0]), "%s-%s-asked", order, line);
	(void)snprintf(ids[1], sizeof(ids[1]), "%s-%s-came", order, line);
	where.station_id = TEXT("S1");
	part.line_id = TEXT(line);
	part.part_number = TEXT("P-7");
	requested.repair_order_id = arrived.repair_order_id = TEXT(order);
	requested.station = arrived.station = &where;
	requested.parts = arrived.parts = parts;
	requested.n_parts = arrived.n_parts = 1;
	tell(teller, "repair.part.requested", &requested.base, at_us, ids[0], 0);
	if (took_us > 0)
		tell(teller, "repair.part.arrived", &arrived.base, at_us + took_us, ids[1], 0);
}

/* Lines of a repair and of an order for the shelf; one was late, of one nobody can say yet. */
static void test_parts(void **state)
{
	(void)state;
	struct teller teller;
	Carehub__V1__PartItem item = CAREHUB__V1__PART_ITEM__INIT;
	Carehub__V1__PartsOrderLine line = CAREHUB__V1__PARTS_ORDER_LINE__INIT;
	Carehub__V1__PartsOrderLine *lines[] = {&line};
	Carehub__V1__PartsOrderPlaced placed = CAREHUB__V1__PARTS_ORDER_PLACED__INIT;
	begin(&teller);
	for (int i = 0; i < 2; i++) {
		char order[16];
		int64_t at_us = BEGIN_US - i * 28 * DAY_US;
		(void)snprintf(order, sizeof(order), "R%d", i);
		receive_only(&teller, order, at_us);
		tell_part(&teller, order, "1", at_us, DAY_US);
		tell_part(&teller, order, "2", at_us, i == 0 ? 4 * DAY_US : DAY_US);
	}
	tell_part(&teller, "R0", "3", AS_OF_US - DAY_US, 0);
	item.part_number = TEXT("P-8");
	line.line_id = TEXT("1");
	line.item = &item;
	placed.parts_order_id = TEXT("B1");
	placed.buyer_id = placed.station_id = TEXT("S1");
	placed.lines = lines;
	placed.n_lines = 1;
	tell(&teller, "parts.order.placed", &placed.base, BEGIN_US - 28 * DAY_US, "B1-0", 0);
	(void)said(&teller); /* of repairs that are open, too */
	assert_breach(&teller, "part.late/station:S1", "2026-02", "R0-2-asked");
	assert_breach(&teller, "part.late/station:S1", "2026-01", "B1-0");
	assert_null(heard(&teller, "part.late/station:S1", "p", "2026-04"));
	teller_remove(&teller);
}

static void tell_appointment(
	struct teller *teller, const char *id, int64_t start_us, bool by_us, const char *repair)
{
	char event_id[48];
	Carehub__V1__AppointmentMade made = CAREHUB__V1__APPOINTMENT_MADE__INIT;
	Carehub__V1__AppointmentMissed missed = CAREHUB__V1__APPOINTMENT_MISSED__INIT;
	made.appointment_id = missed.appointment_id = TEXT(id);
	made.repair_order_id = TEXT(repair);
	made.start_time_us = start_us;
	missed.absent = by_us ? CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_STATION
			      : CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_CUSTOMER;
	(void)snprintf(event_id, sizeof(event_id), "%s-made", id);
	tell(teller, "website.appointment.made", &made.base, start_us - DAY_US, event_id, 1);
	(void)snprintf(event_id, sizeof(event_id), "%s-missed", id);
	tell(teller, "repair.appointment.missed", &missed.base, start_us + HOUR_US, event_id, 0);
}

/* Which station it was is known from the repair that it is about. */
static void test_appointments(void **state)
{
	(void)state;
	struct teller teller;
	begin(&teller);
	receive_only(&teller, "R1", BEGIN_US - 30 * DAY_US);
	tell_appointment(&teller, "A1", BEGIN_US - 28 * DAY_US, false, "R1");
	tell_appointment(&teller, "A2", BEGIN_US, true, "R1");
	tell_appointment(&teller, "A3", BEGIN_US + DAY_US, false, "R1");
	(void)said(&teller);
	assert_breach(&teller, "appointment.missed/station:S1", "2026-02", "A2-missed");
	assert_null(heard(&teller, "appointment.missed/station:S1", "p", "2026-01"));
	teller_remove(&teller);
}

static void tell_complaint(struct teller *teller, const char *id, int64_t at_us)
{
	Carehub__V1__ComplaintFiled filed = CAREHUB__V1__COMPLAINT_FILED__INIT;
	filed.complaint_id = TEXT(id);
	tell(teller, "website.complaint.filed", &filed.base, at_us, id, 1);
}

/* The hub's word counts before ours: of one it said that it was kept. */
static void test_answers(void **state)
{
	(void)state;
	struct teller teller;
	Carehub__V1__CallcenterCaseAnswered answered = CAREHUB__V1__CALLCENTER_CASE_ANSWERED__INIT;
	Carehub__V1__DeadlineInfo deadline = CAREHUB__V1__DEADLINE_INFO__INIT;
	Carehub__V1__DeadlinePromiseSet set = CAREHUB__V1__DEADLINE_PROMISE_SET__INIT;
	Carehub__V1__DeadlinePromiseMet met = CAREHUB__V1__DEADLINE_PROMISE_MET__INIT;
	begin(&teller);
	for (int i = 0; i < 4; i++) {
		char ids[2][16];
		(void)snprintf(ids[0], sizeof(ids[0]), "K%d", i);
		(void)snprintf(ids[1], sizeof(ids[1]), "K%d-a", i);
		tell_complaint(&teller, ids[0], BEGIN_US - (i < 2) * 28 * DAY_US);
		answered.case_id = ids[0];
		if (i < 3)
			tell(&teller, "callcenter.case.answered", &answered.base,
				BEGIN_US - (i < 2) * 28 * DAY_US + (i < 2 ? DAY_US : 5 * DAY_US),
				ids[1], 0);
	}
	deadline.deadline_id = TEXT("complaint.answer/K2");
	deadline.promise = TEXT("complaint.answer");
	deadline.subject_id = TEXT("K2");
	deadline.set_time_us = BEGIN_US;
	deadline.due_time_us = BEGIN_US + 9 * DAY_US;
	deadline.state = CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_RUNNING;
	set.deadline = met.deadline = &deadline;
	tell(&teller, "deadline.promise.set", &set.base, BEGIN_US, "D1", 0);
	deadline.state = CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MET;
	tell(&teller, "deadline.promise.met", &met.base, BEGIN_US + 5 * DAY_US, "D2", 0);
	assert_int_equal(said(&teller), 1);
	assert_breach(&teller, "complaint.late/all", "2026-02", "K3");
	teller_remove(&teller);
}

/* Nobody complains any more: a run on one side, with nothing in it.  What it is held against has events. */
static void test_a_run_of_nothing(void **state)
{
	(void)state;
	struct teller teller;
	begin(&teller);
	for (int i = 0; i < 120; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "K%03d", i);
		tell_complaint(&teller, id, MONDAY_US - 40 * WEEK_US + i * DAY_US);
	}
	assert_true(said(&teller) > 0);
	Carehub__V1__QualityRuleViolated *message =
		heard(&teller, "complaint.count/all", "c", "2026-W13");
	assert_non_null(message);
	assert_int_equal(message->value->unscaled, 0);
	assert_true(message->event_count > 32);
	assert_int_equal(message->n_events, 32);
	carehub__v1__quality_rule_violated__free_unpacked(message, NULL);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_appointments),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_a_run_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
