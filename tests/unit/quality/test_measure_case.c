#include "module/quality/measure/measure.h"

#include "orders.h"

/* ---- Complaints ---- */

static void deadline(struct teller *teller, const char *type, const char *promise,
	const char *case_id, int64_t due_us, Carehub__V1__DeadlineState how, int64_t time_us)
{
	Carehub__V1__DeadlinePromiseSet set = CAREHUB__V1__DEADLINE_PROMISE_SET__INIT;
	Carehub__V1__DeadlinePromiseMissed missed = CAREHUB__V1__DEADLINE_PROMISE_MISSED__INIT;
	Carehub__V1__DeadlinePromiseCorrected corrected =
		CAREHUB__V1__DEADLINE_PROMISE_CORRECTED__INIT;
	Carehub__V1__DeadlineInfo info = CAREHUB__V1__DEADLINE_INFO__INIT;
	char id[64];
	(void)snprintf(id, sizeof(id), "%s/%s", promise, case_id);
	info.deadline_id = id;
	info.promise = TEXT(promise);
	info.subject_id = TEXT(case_id);
	info.due_time_us = due_us;
	info.state = how;
	set.deadline = missed.deadline = corrected.deadline = &info;
	missed.rung = 2;
	const ProtobufCMessage *message = &set.base;
	if (strcmp(type, "deadline.promise.missed") == 0)
		message = &missed.base;
	if (strcmp(type, "deadline.promise.corrected") == 0)
		message = &corrected.base;
	tell(teller, type, message, time_us, event_id(), 0);
}

static void test_complaints(void **state)
{
	struct teller teller;
	Carehub__V1__ComplaintFiled filed = CAREHUB__V1__COMPLAINT_FILED__INIT;
	Carehub__V1__AgentRef owner = CAREHUB__V1__AGENT_REF__INIT;
	Carehub__V1__AgentRef next = CAREHUB__V1__AGENT_REF__INIT;
	Carehub__V1__CallcenterCaseHanded handed = CAREHUB__V1__CALLCENTER_CASE_HANDED__INIT;
	Carehub__V1__CallcenterCaseAnswered said = CAREHUB__V1__CALLCENTER_CASE_ANSWERED__INIT;
	(void)state;
	teller_make(&teller);
	owner.agent_id = TEXT("wang");
	next.agent_id = TEXT("li");
	filed.complaint_id = TEXT("K1");
	filed.owner = &owner;
	tell(&teller, "website.complaint.filed", &filed.base, day(1), event_id(), 1);
	filed.complaint_id = TEXT("K2");
	tell(&teller, "callcenter.complaint.filed", &filed.base, day(2), event_id(), 2);
	handed.case_id = TEXT("K1");
	handed.to_owner = &next;
	handed.accepted = CAREHUB__V1__ANSWER__ANSWER_NO;
	tell(&teller, "callcenter.case.handed", &handed.base, day(1) + 1, event_id(), 0);
	/* K2 as the hub's clock has it: missed, and then a late event shows that it was kept. */
	deadline(&teller, "deadline.promise.corrected", "complaint.answer", "K2", day(4),
		CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MET, day(6));
	deadline(&teller, "deadline.promise.set", "complaint.answer", "K2", day(4),
		CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_RUNNING, day(2));
	deadline(&teller, "deadline.promise.missed", "complaint.answer", "K2", day(4),
		CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MISSED, day(4));
	said.case_id = TEXT("K2");
	tell(&teller, "callcenter.case.answered", &said.base, day(3), event_id(), 0);

	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct case_row *row = &m->complaint[CUT_ALL].rows[0];
	assert_int_equal(row->filed, 2);
	assert_ratio(row->answered_in_time, 1, 2);
	assert_ratio(row->acknowledged_in_time, 1, 2);
	assert_int_equal(row->said_missed, 1);
	assert_int_equal(row->said_corrected, 1);
	assert_int_equal(row->hand_overs, 0);
	assert_int_equal(row->to_answer.sum_us, DAY_US);
	assert_int_equal(m->open_case_total, 2);
	assert_slice_text(m->open_cases[0].case_id, "K1");
	assert_slice_text(m->open_cases[0].owner, "wang"); /* li has not taken it */
	assert_true(m->open_cases[0].answer_missed);
	assert_false(m->open_cases[1].answer_missed);
	assert_int_equal(m->promises.count, 1);
	assert_int_equal(m->promises.rows[0].met, 1);
	assert_int_equal(m->promises.rows[0].missed, 0);
	assert_int_equal(m->promises.rows[0].corrected, 1);
	assert_int_equal(m->promises.rows[0].rungs, 2);
	measures_free(m);

	handed.accepted = CAREHUB__V1__ANSWER__ANSWER_YES;
	tell(&teller, "callcenter.case.handed", &handed.base, day(1) + 2, event_id(), 0);
	m = report(&teller, day(0), day(31), day(31));
	assert_int_equal(m->complaint[CUT_ALL].rows[0].handed_over, 1);
	assert_slice_text(m->open_cases[0].owner, "li");
	assert_slice_text(m->open_cases[0].first_owner, "wang");
	assert_int_equal(m->open_cases[0].hand_overs, 1);
	measures_free(m);
	teller_remove(&teller);
}

/* A complaint about a repair is of its station, model and parts, unless it names its own. */
static void test_complaint_about_a_repair(void **state)
{
	struct teller teller;
	struct measures *m = NULL;
	Carehub__V1__ComplaintFiled filed = CAREHUB__V1__COMPLAINT_FILED__INIT;
	Carehub__V1__Regarding about = regarding("R1");
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", day(0), 1);
	ask_part(&teller, "R1", "P1", day(0));
	filed.complaint_id = TEXT("K1");
	filed.regarding = &about;
	tell(&teller, "website.complaint.filed", &filed.base, day(1), event_id(), 1);
	filed.complaint_id = TEXT("K2");
	about.repair_order_id = TEXT("nowhere");
	unit.model = TEXT("CAM");
	about.unit = &unit;
	tell(&teller, "website.complaint.filed", &filed.base, day(2), event_id(), 1);
	m = report(&teller, day(0), day(31), day(31));
	assert_int_equal(m->complaint[CUT_STATION].count, 2);
	assert_slice_text(m->complaint[CUT_STATION].rows[1].key.name, "S1");
	assert_slice_text(m->complaint[CUT_MODEL].rows[0].key.name, "CAM");
	assert_slice_text(m->complaint[CUT_MODEL].rows[1].key.name, "KDL");
	assert_int_equal(m->complaint[CUT_PART].count, 1);
	assert_slice_text(m->complaint[CUT_PART].rows[0].key.name, "P1");
	measures_free(m);
	const struct measure_request request = {.settings = &teller.settings,
		.from_us = day(0),
		.until_us = day(31),
		.as_of_us = day(31),
		.unit = PERIOD_MONTH,
		.part = slice_text("P1")};
	assert_int_equal(measures_make(teller.txn, &request, &m), CH_OK);
	assert_int_equal(m->complaint[CUT_ALL].rows[0].filed, 1);
	assert_int_equal(m->open_case_total, 1);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_complaint_about_a_repair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
