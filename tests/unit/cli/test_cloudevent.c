/* cloudevent: lines of JSON as events, and back. */
#include "support/unit.h"

#include <carehub/carehub.h>

#include "cli/cloudevent.h"

#define EVENT                                                                                      \
	"{\"specversion\":\"1.0\",\"id\":\"c-1\",\"source\":\"urn:shop:1\","                       \
	"\"type\":\"website.complaint.filed\",\"time\":\"2026-03-01T08:00:00+08:00\","             \
	"\"senttime\":\"2026-03-01T08:00:01+08:00\",\"checkpoint\":\"00ff\",\"digest\":\"9f00\","  \
	"\"data\":{\"complaintId\":\"C1\",\"complaintText\":\"loud\","                             \
	"\"customer\":{\"phones\":[{\"value\":\"13800138000\"}]}}}"

static struct ch_event *event;

static int make(void **state)
{
	(void)state;
	event = ch_event_create();
	return event != NULL ? 0 : -1;
}

static int unmake(void **state)
{
	(void)state;
	ch_event_free(event);
	return 0;
}

static void test_there_and_back(void **state)
{
	char why[CLOUDEVENT_WHY];
	struct buffer out = {0};
	struct buffer again = {0};
	(void)state;
	assert_int_equal(cloudevent_read(slice_text(EVENT), event, why), CH_OK);
	assert_int_equal(cloudevent_check(event, why), CH_OK);
	assert_int_equal(ch_event_time(event), INT64_C(1772323200000000));
	/* Who he is travels apart from the rest. */
	assert_true(ch_event_get(event, CH_PERSONAL).len > 0);
	assert_int_equal(cloudevent_write(event, &out), CH_OK);
	assert_non_null(strstr(buffer_text(&out), "\"complaintText\":\"loud\""));
	assert_int_equal(cloudevent_read(buffer_slice(&out), event, why), CH_OK);
	assert_int_equal(cloudevent_write(event, &again), CH_OK);
	assert_string_equal(buffer_text(&out), buffer_text(&again));
	assert_non_null(strstr(buffer_text(&out), "\"senttime\":\"2026-03-01T00:00:01.000000Z\""));
	assert_non_null(strstr(buffer_text(&out), "\"checkpoint\":\"00ff\",\"digest\":\"9f00\""));
	buffer_fini(&out);
	buffer_fini(&again);
}

static void expect_bad(const char *line, enum ch_status expected, const char *where)
{
	char why[CLOUDEVENT_WHY];
	enum ch_status status = cloudevent_read(slice_text(line), event, why);
	if (status == CH_OK)
		status = cloudevent_check(event, why);
	assert_int_equal(status, expected);
	assert_non_null(strstr(why, where));
}

#define HEAD "{\"id\":\"1\",\"source\":\"urn:a\",\"type\":\"website.complaint.filed\""

/* A digest of 33 bytes. */
#define TOO_LONG "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

static void test_refuses(void **state)
{
	(void)state;
	expect_bad("nonsense", CH_FORMAT, "column");
	expect_bad("[1]", CH_FORMAT, "no JSON object");
	expect_bad("{\"id\":\"1\",\"id\":\"2\"}", CH_FORMAT, "duplicate");
	expect_bad("{}", CH_MISSING, "id");
	expect_bad(HEAD "}", CH_MISSING, "data");
	expect_bad(HEAD ",\"data\":{}}", CH_MISSING, "complaint_id");
	expect_bad(HEAD ",\"data\":{\"complaintText\":\"x\"}}", CH_MISSING, "complaint_id");
	expect_bad(HEAD ",\"data\":{\"nothing\":1}}", CH_INVALID, "nothing");
	expect_bad(HEAD ",\"data\":{\"complaintId\":[]}}", CH_INVALID, "complaint_id");
	expect_bad(HEAD ",\"time\":\"yesterday\",\"data\":{}}", CH_INVALID, "time");
	expect_bad(HEAD ",\"time\":5,\"data\":{}}", CH_INVALID, "time");
	expect_bad(HEAD ",\"digest\":\"?\",\"data\":{}}", CH_INVALID, "digest");
	expect_bad(HEAD ",\"digest\":\"" TOO_LONG "\",\"data\":{}}", CH_TOO_LARGE, "digest");
	expect_bad(HEAD ",\"senttime\":\"2026-03-01\",\"data\":{}}", CH_INVALID, "senttime");
	expect_bad(HEAD ",\"colour\":\"red\",\"data\":{}}", CH_INVALID, "colour");
	expect_bad("{\"id\":\"1\",\"source\":\"urn:a\",\"type\":\"no.such.type\",\"data\":{}}",
		CH_UNKNOWN_TYPE, "type");
	expect_bad("{\"id\":\"1\",\"source\":\"urn:a\",\"type\":\"hub.clock.advanced\","
		   "\"data\":{\"nowTimeUs\":\"1\"}}",
		CH_DENIED, "type");
}

/* Bytes that are no event are shown all the same. */
static void test_write_garbage(void **state)
{
	struct buffer out = {0};
	(void)state;
	assert_int_equal(
		cloudevent_write_bytes(ch_bytes_of("\xff\xff", 2), ch_bytes_of(NULL, 0), &out),
		CH_OK);
	assert_string_equal(
		buffer_text(&out), "{\"specversion\":\"1.0\",\"event_base64\":\"//8=\"}");
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_and_back, make, unmake),
		cmocka_unit_test_setup_teardown(test_refuses, make, unmake),
		cmocka_unit_test(test_write_garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
