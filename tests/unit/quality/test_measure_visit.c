#include "module/quality/measure/measure.h"

#include "orders.h"

/* ---- Appointments and call-backs ---- */

static void appointment(struct teller *teller, const char *id, int64_t start_us, const char *became)
{
	Carehub__V1__AppointmentMade made = CAREHUB__V1__APPOINTMENT_MADE__INIT;
	Carehub__V1__AppointmentKept kept = CAREHUB__V1__APPOINTMENT_KEPT__INIT;
	Carehub__V1__AppointmentMissed missed = CAREHUB__V1__APPOINTMENT_MISSED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	where.station_id = TEXT("S1");
	made.appointment_id = kept.appointment_id = missed.appointment_id = TEXT(id);
	made.start_time_us = start_us;
	made.end_time_us = start_us + 2 * HOUR_US;
	made.station = &where;
	kept.arrived_time_us = start_us + 3 * HOUR_US;
	missed.absent = strcmp(became, "customer") == 0
				? CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_CUSTOMER
				: CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_STATION;
	tell(teller, "website.appointment.made", &made.base, start_us - DAY_US, event_id(), 1);
	if (strcmp(became, "kept") == 0)
		tell(teller, "repair.appointment.kept", &kept.base, start_us + 3 * HOUR_US,
			event_id(), 0);
	else if (became[0] != 0)
		tell(teller, "repair.appointment.missed", &missed.base, start_us + DAY_US,
			event_id(), 0);
}

static void test_appointments(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	appointment(&teller, "A1", day(2), "kept"); /* an hour behind its window */
	appointment(&teller, "A2", day(3), "station");
	appointment(&teller, "A3", day(4), "customer");
	appointment(&teller, "A4", day(5), "");
	appointment(&teller, "A5", day(30), ""); /* yesterday evening: news may come */
	appointment(&teller, "A6", day(32), "");
	struct measures *m = report(&teller, day(0), day(61), day(31));
	const struct appointment_row *row = &m->appointment[CUT_ALL].rows[0];
	assert_int_equal(row->due, 5);
	assert_int_equal(row->kept, 1);
	assert_int_equal(row->late, 1);
	assert_ratio(row->missed, 1, 5);
	assert_int_equal(row->missed_by_customer, 1);
	assert_int_equal(row->untold, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void test_callbacks(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(-1), 10000001);
	give_back(&teller, "R1", day(0)); /* 1 March */
	receive(&teller, "R2", "S1", "A2", day(-1), 0);
	give_back(&teller, "R2", day(0));                          /* nobody to be called */
	callback_done(&teller, "C1", day(31) + HOUR_US, 10000001); /* April's */
	/* Two years and a half on: 12 monthly, 4 quarterly ones. */
	struct measures *m = report(&teller, day(0), day(900), day(900));
	const struct callback_row *row = &m->callback[CUT_ALL].rows[0];
	assert_int_equal(row->due, 16);
	assert_int_equal(row->done, 1);
	assert_int_equal(row->missed, 15);
	assert_int_equal(row->open, 0);
	assert_int_equal(m->callback_due_total, 0);
	measures_free(m);
	/* 15 May: April's is done, May's is open. */
	m = report(&teller, day(0), day(75), day(75));
	assert_int_equal(m->callback[CUT_ALL].rows[0].due, 2);
	assert_int_equal(m->callback[CUT_ALL].rows[0].open, 1);
	assert_int_equal(m->callback_due_total, 1);
	assert_int_equal(m->callbacks_due[0].number, 2);
	assert_int_equal(m->callbacks_due[0].due_us, day(61));
	assert_slice_text(m->callbacks_due[0].repair_order_id, "R1");
	measures_free(m);
	/* Another service begins the round anew. */
	receive(&teller, "R3", "S1", "A1", day(40), 10000001);
	give_back(&teller, "R3", day(45));
	m = report(&teller, day(0), day(75), day(74));
	assert_int_equal(m->callback[CUT_ALL].rows[0].due, 1);
	assert_int_equal(m->callback_due_total, 0);
	measures_free(m);
	teller_remove(&teller);
}

static void test_planned_callbacks(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCallbackScheduled planned =
		CAREHUB__V1__CALLCENTER_CALLBACK_SCHEDULED__INIT;
	Carehub__V1__CallcenterCallbackFailed failed =
		CAREHUB__V1__CALLCENTER_CALLBACK_FAILED__INIT;
	(void)state;
	teller_make(&teller);
	planned.due_time_us = day(3) + 10 * HOUR_US;
	for (const char *const *id = (const char *const[]){"C1", "C2", "C3", "C4", NULL};
		*id != NULL; id++) {
		planned.callback_id = TEXT(*id);
		tell(&teller, "callcenter.callback.scheduled", &planned.base, day(1), event_id(),
			7);
	}
	callback_done(&teller, "C1", day(4) - 1, 7);
	callback_done(&teller, "C2", day(4), 7);
	failed.callback_id = TEXT("C3");
	failed.given_up = CAREHUB__V1__ANSWER__ANSWER_YES;
	tell(&teller, "callcenter.callback.failed", &failed.base, day(3), event_id(), 7);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct callback_row *row = &m->callback[CUT_ALL].rows[0];
	assert_int_equal(row->planned, 4);
	assert_int_equal(row->planned_done, 1);
	assert_int_equal(row->planned_late, 1);
	assert_int_equal(row->planned_given_up, 1);
	assert_int_equal(row->planned_overdue, 1);
	measures_free(m);
	teller_remove(&teller);
}

/* A visit for a repair, and the call-backs after it, are of its model and parts. */
static void test_about_a_repair(void **state)
{
	struct teller teller;
	Carehub__V1__AppointmentMade made = CAREHUB__V1__APPOINTMENT_MADE__INIT;
	Carehub__V1__CallcenterCallbackScheduled planned =
		CAREHUB__V1__CALLCENTER_CALLBACK_SCHEDULED__INIT;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", day(-40), 10000001);
	ask_part(&teller, "R1", "P1", day(-40));
	give_back(&teller, "R1", day(-20));
	made.appointment_id = TEXT("A1");
	made.start_time_us = day(2);
	made.repair_order_id = TEXT("R1");
	tell(&teller, "website.appointment.made", &made.base, day(0), event_id(), 10000001);
	planned.callback_id = TEXT("C1");
	planned.due_time_us = day(3);
	planned.repair_order_id = TEXT("R1");
	tell(&teller, "callcenter.callback.scheduled", &planned.base, day(0), event_id(), 10000001);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	assert_slice_text(m->appointment[CUT_PART].rows[0].key.name, "P1");
	assert_slice_text(m->appointment[CUT_MODEL].rows[0].key.name, "KDL");
	assert_slice_text(m->appointment[CUT_STATION].rows[0].key.name, "S1");
	assert_int_equal(m->callback[CUT_PART].count, 1);
	assert_int_equal(m->callback[CUT_PART].rows[0].due, 1);
	assert_int_equal(m->callback[CUT_PART].rows[0].planned, 1);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appointments),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_planned_callbacks),
		cmocka_unit_test(test_about_a_repair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
