#include "channel/callcenter/desk.h"

#include <stdio.h>

#include "support/unit.h"

#define GOOD                                                                                       \
	"{\"type\":\"case.logged\",\"id\":\"K1\",\"time\":\"2026-11-21T19:44:02+08:00\","          \
	"\"data\":{\"caseId\":\"K1\",\"kind\":\"CASE_KIND_CONSULT\",\"owner\":{\"agentId\":\"201\"}}}"

static void test_a_line_is_an_event(void **state)
{
	struct desk *desk = NULL;
	struct desk_event event;
	char reason[DESK_REASON_BYTES];
	(void)state;
	assert_int_equal(desk_create(slice_text("/desks"), &desk), CH_OK);
	assert_int_equal(desk_read(desk, slice_text(GOOD), &event, reason), CH_OK);
	assert_slice_text(event.envelope.type, "callcenter.case.logged");
	assert_slice_text(event.envelope.id, "K1");
	assert_slice_text(event.envelope.source, "/desks");
	assert_slice_text(event.envelope.subject, "K1");
	assert_int_equal(event.envelope.time_us, INT64_C(1795261442000000));
	assert_int_equal(event.envelope.digest.len, 32);
	desk_free(desk);
}

/* Whatever becomes of a case is said at a desk, and what a customer says there about a quote. */
static void test_a_case_lives_at_the_desk(void **state)
{
	static const struct {
		const char *line;
		const char *type;
	} rows[] = {
		{"{\"type\":\"case.acknowledged\",\"id\":\"1\",\"data\":{\"caseId\":\"K1\"}}",
			"callcenter.case.acknowledged"},
		{"{\"type\":\"case.answered\",\"id\":\"2\",\"data\":{\"caseId\":\"K1\"}}",
			"callcenter.case.answered"},
		{"{\"type\":\"case.handed\",\"id\":\"3\",\"data\":{\"caseId\":\"K1\","
		 "\"toOwner\":{\"agentId\":\"9\"},\"accepted\":\"ANSWER_NO\"}}",
			"callcenter.case.handed"},
		{"{\"type\":\"case.escalated\",\"id\":\"4\",\"data\":{\"caseId\":\"K1\",\"level\":2}}",
			"callcenter.case.escalated"},
		{"{\"type\":\"case.closed\",\"id\":\"5\",\"data\":{\"caseId\":\"K1\"}}",
			"callcenter.case.closed"},
		{"{\"type\":\"case.reopened\",\"id\":\"6\",\"data\":{\"caseId\":\"K1\"}}",
			"callcenter.case.reopened"},
		{"{\"type\":\"complaint.filed\",\"id\":\"7\",\"data\":{\"complaintId\":\"K2\","
		 "\"reasonCode\":\"rude\"}}",
			"callcenter.complaint.filed"},
		{"{\"type\":\"repair.quote.approved\",\"id\":\"8\",\"data\":{\"quoteId\":\"Q1\","
		 "\"repairOrderId\":\"R7\",\"station\":{\"stationId\":\"S1\"}}}",
			"repair.quote.approved"},
		{"{\"type\":\"repair.quote.declined\",\"id\":\"9\",\"data\":{\"quoteId\":\"Q1\","
		 "\"repairOrderId\":\"R7\",\"station\":{\"stationId\":\"S1\"}}}",
			"repair.quote.declined"},
	};
	struct desk *desk = NULL;
	struct desk_event event;
	char reason[DESK_REASON_BYTES];
	(void)state;
	assert_int_equal(desk_create(slice_text("/desks"), &desk), CH_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(desk_read(desk, slice_text(rows[i].line), &event, reason), CH_OK);
		assert_slice_text(event.envelope.type, rows[i].type);
	}
	/* Another channel's other business is not the desk's. */
	assert_int_equal(
		desk_read(desk,
			slice_text("{\"type\":\"repair.order.returned\",\"id\":\"1\",\"data\":{}}"),
			&event, reason),
		CH_UNKNOWN_TYPE);
	desk_free(desk);
}

/* Whatever is wrong with a trace is no fault of the line. */
static void test_a_trace_is_no_reason_to_refuse(void **state)
{
	static const char good[] = "\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"";
	char longest[700];
	const char *const traces[] = {good, "\"\"", "7", "null", longest};
	struct desk *desk = NULL;
	struct desk_event event;
	char reason[DESK_REASON_BYTES];
	(void)state;
	(void)snprintf(longest, sizeof(longest), "\"%0600d\"", 0);
	assert_int_equal(desk_create(slice_text("/desks"), &desk), CH_OK);
	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		char line[2048];
		(void)snprintf(line, sizeof(line),
			"{\"type\":\"case.closed\",\"id\":\"5\",\"data\":{\"caseId\":\"K1\"},"
			"\"tracestate\":\"a=1\",\"traceparent\":%s}",
			traces[i]);
		assert_int_equal(desk_read(desk, slice_text(line), &event, reason), CH_OK);
		assert_int_equal(event.envelope.traceparent.len, i == 0 ? 55 : 0);
		assert_int_equal(event.envelope.tracestate.len, 3);
	}
	desk_free(desk);
}

/* What is wrong, and where; never with a value of somebody's. */
static void test_what_is_refused(void **state)
{
	static const struct {
		const char *line;
		enum ch_status status;
		const char *reason;
	} rows[] = {
		{"", CH_FORMAT, ""},
		{"[1]", CH_FORMAT, "no JSON object"},
		{"{\"a\":1,\"a\":2}", CH_FORMAT, "duplicate"},
		{"{\"id\":\"\xff\"}", CH_FORMAT, "byte 8: is no UTF-8"},
		{"{\"type\":\"case.logged\"}", CH_MISSING, "id: is missing"},
		{"{\"id\":7}", CH_INVALID, "id: must be a text"},
		{"{\"id\":\"1\",\"type\":\"no.such.thing\"}", CH_UNKNOWN_TYPE, "type: "},
		{"{\"id\":\"1\",\"type\":\"call.completed\",\"data\":{}}", CH_DENIED,
			"told by the exchange"},
		{"{\"id\":\"1\",\"type\":\"callcenter.agent.changed\",\"data\":{}}", CH_DENIED,
			"told by the exchange"},
		{"{\"id\":\"1\",\"type\":\"case.logged\",\"time\":\"today\"}", CH_FORMAT,
			"time: is no time"},
		{"{\"id\":\"1\",\"type\":\"case.logged\",\"specversion\":\"0.3\"}", CH_VERSION,
			"specversion"},
		{"{\"id\":\"1\",\"type\":\"case.logged\"}", CH_MISSING, "data: must be"},
		{"{\"id\":\"1\",\"type\":\"case.logged\",\"data\":{\"caseId\":7,\"x\":1}}",
			CH_INVALID, "data"},
		{"{\"id\":\"1\",\"type\":\"case.logged\",\"data\":{\"kind\":\"CASE_KIND_SALES\"}}",
			CH_MISSING, "data.case_id: is mandatory"},
	};
	struct desk *desk = NULL;
	struct desk_event event;
	char reason[DESK_REASON_BYTES];
	(void)state;
	assert_int_equal(desk_create(slice_text("/desks"), &desk), CH_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			desk_read(desk, slice_text(rows[i].line), &event, reason), rows[i].status);
		assert_non_null(strstr(reason, rows[i].reason));
	}
	assert_int_equal(desk_read(desk, slice_text(GOOD), &event, reason), CH_OK);
	desk_free(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_is_an_event),
		cmocka_unit_test(test_a_case_lives_at_the_desk),
		cmocka_unit_test(test_a_trace_is_no_reason_to_refuse),
		cmocka_unit_test(test_what_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
