#include "module/quality/measure/measure.h"

#include "orders.h"

/* ---- Hotline ---- */

static Carehub__V1__CallRef call_ref(const char *call, const char *queue, const char *group)
{
	Carehub__V1__CallRef ref = CAREHUB__V1__CALL_REF__INIT;
	ref.call_id = TEXT(call);
	ref.queue = TEXT(queue);
	ref.group = TEXT(group);
	ref.queue_call_id = TEXT(call);
	return ref;
}

static void answered(struct teller *teller, const char *call, int64_t end_us, int64_t wait_ms,
	int64_t talk_ms, uint64_t customer, Carehub__V1__Answer resolved)
{
	Carehub__V1__CallcenterCallCompleted message = CAREHUB__V1__CALLCENTER_CALL_COMPLETED__INIT;
	Carehub__V1__CallRef ref = call_ref(call, "q1", "notebooks");
	message.call = &ref;
	message.wait_ms = wait_ms;
	message.talk_ms = talk_ms;
	message.hold_ms = 1000;
	message.wrap_up_ms = 2000;
	message.resolved = resolved;
	tell(teller, "callcenter.call.completed", &message.base, end_us, event_id(), customer);
}

static void test_hotline(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCallQueued queued = CAREHUB__V1__CALLCENTER_CALL_QUEUED__INIT;
	Carehub__V1__CallcenterCallConnected connected =
		CAREHUB__V1__CALLCENTER_CALL_CONNECTED__INIT;
	Carehub__V1__CallcenterCallAbandoned abandoned =
		CAREHUB__V1__CALLCENTER_CALL_ABANDONED__INIT;
	Carehub__V1__CallcenterCallTimedout timedout = CAREHUB__V1__CALLCENTER_CALL_TIMEDOUT__INIT;
	Carehub__V1__CallRef first = call_ref("c1", "q1", "notebooks");
	Carehub__V1__CallRef second = call_ref("c2", "q1", "notebooks");
	Carehub__V1__CallRef third = call_ref("c3", "q1", "notebooks");
	Carehub__V1__CallRef third_next = call_ref("c3", "q2", "games");
	(void)state;
	teller_make(&teller);
	/* One call told live and at its end is one call; 10:00:10 +08:00. */
	queued.call = &first;
	connected.call = &first;
	connected.wait_ms = 8000;
	tell(&teller, "callcenter.call.queued", &queued.base, day(1) + 10 * HOUR_US + 2000000,
		event_id(), 0);
	tell(&teller, "callcenter.call.connected", &connected.base,
		day(1) + 10 * HOUR_US + 10000000, event_id(), 0);
	answered(&teller, "c1", day(1) + 10 * HOUR_US + 70000000, 8000, 60000, 10000001, 0);
	abandoned.call = &second;
	abandoned.wait_ms = 20000;
	tell(&teller, "callcenter.call.abandoned", &abandoned.base,
		day(1) + 11 * HOUR_US + 10000000, event_id(), 0); /* joined before eleven */
	/* Timed out in one queue, abandoned in the next: two offered calls. */
	timedout.call = &third;
	timedout.wait_ms = 30000;
	abandoned.call = &third_next;
	tell(&teller, "callcenter.call.timedout", &timedout.base, day(1), event_id(), 0);
	tell(&teller, "callcenter.call.abandoned", &abandoned.base, day(1) + 20000000, event_id(),
		0);

	struct measures *m = report(&teller, day(0), day(31), day(31));
	assert_int_equal(m->hotline[CUT_ALL].count, 2);
	const struct hotline_row *games = &m->hotline[CUT_ALL].rows[0];
	const struct hotline_row *row = &m->hotline[CUT_ALL].rows[1];
	assert_slice_text(games->key.name, "games");
	assert_int_equal(games->abandoned, 1);
	assert_slice_text(row->key.name, "notebooks");
	assert_int_equal(row->offered, 3);
	assert_int_equal(row->answered, 1);
	assert_int_equal(row->abandoned, 1);
	assert_int_equal(row->timed_out, 1);
	assert_int_equal(row->unfinished, 0);
	assert_int_equal(row->wait.sum_us, 8000000);
	assert_int_equal(row->handle.sum_us, 63000000);
	assert_ratio(row->first_contact, 1, 1);
	assert_int_equal(m->hotline_hours.count, 3);             /* one joined before midnight */
	assert_int_equal(m->hotline_hours.rows[1].key.hour, 10); /* notebooks at ten */
	assert_int_equal(m->hotline_hours.rows[1].offered, 2);
	measures_free(m);
	teller_remove(&teller);
}

static void test_first_contact(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCaseLogged logged = CAREHUB__V1__CALLCENTER_CASE_LOGGED__INIT;
	Carehub__V1__CallcenterCaseReopened reopened = CAREHUB__V1__CALLCENTER_CASE_REOPENED__INIT;
	(void)state;
	teller_make(&teller);
	answered(&teller, "a", day(1), 0, 1000, 1, 0); /* calls again: not resolved */
	answered(&teller, "b", day(5), 0, 1000, 1, 0); /* the repetition is no first contact */
	answered(&teller, "c", day(1), 0, 1000, 2, 0); /* once: resolved */
	answered(&teller, "d", day(1), 0, 1000, 3, CAREHUB__V1__ANSWER__ANSWER_NO);
	answered(&teller, "e", day(1), 0, 1000, 0, CAREHUB__V1__ANSWER__ANSWER_YES);
	answered(&teller, "f", day(1), 0, 1000, 0, 0);  /* nobody knows */
	answered(&teller, "g", day(1), 0, 1000, 4, 0);  /* its case comes back */
	answered(&teller, "h", day(27), 0, 1000, 5, 0); /* too early to say */
	logged.case_id = TEXT("K1");
	logged.call_id = TEXT("g");
	reopened.case_id = TEXT("K1");
	tell(&teller, "callcenter.case.reopened", &reopened.base, day(3), event_id(), 4);
	tell(&teller, "callcenter.case.logged", &logged.base, day(1), event_id(), 4);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct hotline_row *row = &m->hotline[CUT_ALL].rows[0];
	assert_int_equal(row->answered, 8);
	assert_ratio(row->first_contact, 2, 5);
	assert_int_equal(row->first_contact_unknown, 2);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hotline),
		cmocka_unit_test(test_first_contact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
