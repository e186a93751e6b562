#include "channel/website/cloud.h"

#include "kit/trace.h"
#include "request.h"

#define BINARY                                                                                     \
	"POST /events HTTP/1.1\r\ncontent-type: application/json\r\nce-specversion: 1.0\r\n"       \
	"ce-id: A-1\r\nce-source: https://shop.example.com/orders\r\n"                             \
	"ce-type: website.order.placed\r\n"
#define STRUCTURED                                                                                 \
	"POST /events HTTP/1.1\r\ncontent-type: application/cloudevents+json; charset=utf-8\r\n\r\n"
#define REQUIRED "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""

/* All is told twice: as jansson reads it, and as the tape does. */
static struct json_tape *tape;

struct reading {
	struct http_message message;
	struct cloud_reader *reader;
	struct cloud_event event;
	struct refusal refusal;
};

/* Opens and takes the first event. */
static enum ch_status take(struct reading *r, const char *raw)
{
	memset(r, 0, sizeof(*r));
	r->message = request_parse(raw);
	enum ch_status status = cloud_open(&r->message, tape, &r->reader, &r->refusal);
	return status == CH_OK ? cloud_next(r->reader, &r->event, &r->refusal) : status;
}

/* A member of the event's data. */
static struct json_value member(const struct json_ref *object, const char *name)
{
	struct json_value value = {.kind = JSON_KIND_NULL};
	struct json_walk walk;
	struct json_node node;
	struct slice key;
	object->view->walk(object->node, &walk);
	while (object->view->next(&walk, &key, &node)) {
		if (slice_equal(key, slice_text(name)))
			object->view->look(node, &value);
	}
	return value;
}

static void refused(const char *raw, enum ch_status status, const char *field)
{
	struct reading r;
	assert_int_equal(take(&r, raw), status);
	assert_string_equal(r.refusal.field, field);
	assert_true(r.refusal.reason[0] != 0);
	cloud_close(r.reader);
}

static void test_binary(void **state)
{
	struct reading r;
	(void)state;
	assert_int_equal(take(&r, BINARY "CE-Subject: Euro%20%E2%82%AC\r\n"
					 "ce-time: 2026-11-21T17:30:00.123+08:00\r\n"
					 "ce-traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-"
					 "00f067aa0ba902b7-01\r\nce-unknownext: x\r\n\r\n"
					 "{\"orderId\":\"7\"}"),
		CH_OK);
	assert_slice_text(r.event.id, "A-1");
	assert_slice_text(r.event.subject, "Euro €");
	assert_slice_text(r.event.datacontenttype, "application/json");
	assert_int_equal(r.event.time_us, INT64_C(1795253400123000));
	assert_int_equal(r.event.traceparent.len, 55);
	assert_slice_text(member(&r.event.json, "orderId").text, "7");
	assert_int_equal(cloud_next(r.reader, &r.event, &r.refusal), CH_END);
	cloud_close(r.reader);
	/* Without data; and with data that is not JSON. */
	assert_int_equal(take(&r, BINARY "\r\n"), CH_OK);
	assert_null(r.event.json.view);
	cloud_close(r.reader);
	assert_int_equal(
		take(&r,
			"POST / HTTP/1.1\r\ncontent-type: text/plain\r\n"
			"ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: t\r\n\r\nhi"),
		CH_OK);
	assert_null(r.event.json.view);
	assert_slice_text(r.event.bytes, "hi");
	cloud_close(r.reader);
}

static void test_structured(void **state)
{
	struct reading r;
	(void)state;
	assert_int_equal(
		take(&r, STRUCTURED "{" REQUIRED ",\"subject\":null,\"num\":42,\"flag\":true,"
				    "\"digest\":\"00ff\",\"data\":{\"a\":1}}"),
		CH_OK);
	assert_slice_text(r.event.source, "/s");
	assert_int_equal(r.event.subject.len, 0);
	assert_int_equal(r.event.digest_len, 2);
	assert_int_equal(r.event.digest[1], 0xff);
	assert_int_equal(member(&r.event.json, "a").integer, 1);
	cloud_close(r.reader);
	assert_int_equal(take(&r, STRUCTURED "{" REQUIRED ",\"datacontenttype\":\"text/plain\","
					     "\"data\":\"第二行\"}"),
		CH_OK);
	assert_slice_text(r.event.bytes, "第二行");
	cloud_close(r.reader);
	/* In base64: bytes of whatever they are, JSON among it. */
	assert_int_equal(take(&r, STRUCTURED "{" REQUIRED ",\"datacontenttype\":\"image/png\","
					     "\"data_base64\":\"iVBORwD//g==\"}"),
		CH_OK);
	assert_int_equal(r.event.bytes.len, 7);
	cloud_close(r.reader);
	assert_int_equal(take(&r, STRUCTURED "{" REQUIRED ",\"data_base64\":\"e30=\"}"), CH_OK);
	assert_true(json_ref_is(&r.event.json, JSON_KIND_OBJECT));
	cloud_close(r.reader);
}

static void test_batch(void **state)
{
	struct reading r;
	(void)state;
	assert_int_equal(
		take(&r,
			"POST / HTTP/1.1\r\ncontent-type: application/cloudevents-batch+json\r\n\r\n"
			"[{" REQUIRED "},7,{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"/t\","
			"\"type\":\"u\"}]"),
		CH_OK);
	assert_int_equal(cloud_count(r.reader), 3);
	assert_int_equal(cloud_next(r.reader, &r.event, &r.refusal), CH_INVALID);
	assert_int_equal(cloud_next(r.reader, &r.event, &r.refusal), CH_OK);
	assert_slice_text(r.event.source, "/t");
	assert_int_equal(cloud_next(r.reader, &r.event, &r.refusal), CH_END);
	cloud_close(r.reader);
	assert_int_equal(
		take(&r,
			"POST / HTTP/1.1\r\ncontent-type: application/cloudevents-batch+json\r\n\r\n[]"),
		CH_END);
	cloud_close(r.reader);
}

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* It is taken as an event, and what it says of a trace is none: the kit drops it, and counts. */
static void untraced(const char *raw)
{
	struct reading r;
	assert_int_equal(take(&r, raw), CH_OK);
	struct envelope envelope = {
		.traceparent = r.event.traceparent, .tracestate = r.event.tracestate};
	assert_true(envelope.traceparent.len <= TRACE_BYTES + 1);
	assert_true(trace_settle(&envelope));
	assert_int_equal(envelope.traceparent.len + envelope.tracestate.len, 0);
	cloud_close(r.reader);
}

/* No event is refused for its trace, whatever stands there. */
static void test_a_trace_that_is_none(void **state)
{
	struct reading r;
	char raw[8192];
	char filler[2000];
	(void)state;
	memset(filler, 'a', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = 0;
	(void)snprintf(raw, sizeof(raw),
		STRUCTURED "{" REQUIRED ",\"traceparent\":\"" PARENT "%s\",\"tracestate\":\"a=1\"}",
		filler);
	untraced(raw);
	(void)snprintf(
		raw, sizeof(raw), STRUCTURED "{" REQUIRED ",\"traceparent\":\"%s\"}", filler);
	untraced(raw);
	untraced(STRUCTURED "{" REQUIRED ",\"traceparent\":\"\\u0001\"}");
	untraced(STRUCTURED "{" REQUIRED ",\"traceparent\":7,\"tracestate\":\"a=1\"}");
	untraced(STRUCTURED "{" REQUIRED ",\"traceparent\":true}");
	(void)snprintf(raw, sizeof(raw), BINARY "ce-traceparent: " PARENT "%s\r\n\r\n", filler);
	untraced(raw);
	untraced(BINARY "ce-traceparent: %C3%28\r\n\r\n"); /* no UTF-8 */
	untraced(BINARY "ce-traceparent: " PARENT "\r\nce-traceparent: " PARENT "\r\n\r\n");
	/* A state alone is dropped alone. */
	(void)snprintf(raw, sizeof(raw),
		BINARY "ce-traceparent: " PARENT "\r\nce-tracestate: a=%s\r\n\r\n", filler);
	assert_int_equal(take(&r, raw), CH_OK);
	struct envelope envelope = {
		.traceparent = r.event.traceparent, .tracestate = r.event.tracestate};
	assert_true(trace_settle(&envelope));
	assert_slice_text(envelope.traceparent, PARENT);
	assert_int_equal(envelope.tracestate.len, 0);
	cloud_close(r.reader);
}

static void test_trace(void **state)
{
	struct reading r;
	(void)state;
	/* That of the request, when the event has none of its own. */
	assert_int_equal(
		take(&r, BINARY
			"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
			"\r\ntracestate: a=1\r\n\r\n"),
		CH_OK);
	assert_int_equal(r.event.traceparent.len, 55);
	assert_slice_text(r.event.tracestate, "a=1");
	cloud_close(r.reader);
	/* One that is none, or stands there twice, begins anew, without its state. */
	untraced(BINARY "traceparent: x\r\ntracestate: a=1\r\n\r\n");
	untraced(BINARY "traceparent: " PARENT "\r\ntraceparent: " PARENT "\r\n\r\n");
}

static void test_refused_attributes(void **state)
{
	(void)state;
	refused(STRUCTURED "{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"/s\"}", CH_MISSING,
		"id");
	refused(STRUCTURED "{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":\"1\"}", CH_MISSING,
		"source");
	refused(STRUCTURED
		"{\"specversion\":\"2.0\",\"type\":\"t\",\"id\":\"1\",\"source\":\"/s\"}",
		CH_INVALID, "specversion");
	refused(STRUCTURED "{\"specversion\":\"1.0\",\"type\":\"\",\"id\":\"1\",\"source\":\"/s\"}",
		CH_INVALID, "type");
	refused(STRUCTURED "{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":7,\"source\":\"/s\"}",
		CH_INVALID, "id");
	refused(STRUCTURED
		"{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":\"7\",\"source\":\"a b\"}",
		CH_INVALID, "source");
	refused(STRUCTURED "{" REQUIRED ",\"time\":\"yesterday\"}", CH_INVALID, "time");
	refused(STRUCTURED "{" REQUIRED ",\"dataschema\":\"no/scheme\"}", CH_INVALID, "dataschema");
	refused(STRUCTURED "{" REQUIRED ",\"dataschema\":\"1x:y\"}", CH_INVALID, "dataschema");
	refused(STRUCTURED "{" REQUIRED ",\"subject\":\"a\\u0007\"}", CH_INVALID, "subject");
	refused(STRUCTURED "{" REQUIRED ",\"digest\":\"0\"}", CH_INVALID, "digest");
	refused(STRUCTURED "{" REQUIRED ",\"BadName\":\"x\"}", CH_INVALID, "BadName");
	refused(STRUCTURED "{" REQUIRED ",\"ext\":{}}", CH_INVALID, "ext");
	refused(BINARY "ce-id: 2\r\n\r\n", CH_INVALID, "ce-id");
	refused(BINARY "ce-subject: %C0%A0\r\n\r\n", CH_FORMAT, "ce-subject");
	refused("POST / HTTP/1.1\r\nce-specversion: 1.0\r\nce-source: /s\r\nce-type: t\r\n\r\n",
		CH_MISSING, "ce-id");
}

static void test_refused_bodies(void **state)
{
	(void)state;
	refused(STRUCTURED "{\"specversion\":", CH_FORMAT, "");
	refused(STRUCTURED "{" REQUIRED ",\"id\":\"2\"}", CH_FORMAT, ""); /* a member twice */
	refused(STRUCTURED "[]", CH_INVALID, "");
	refused(STRUCTURED "{" REQUIRED ",\"data\":1,\"data_base64\":\"AA==\"}", CH_INVALID,
		"data");
	refused(STRUCTURED "{" REQUIRED ",\"data_base64\":\"?\"}", CH_FORMAT, "data_base64");
	refused(STRUCTURED "{" REQUIRED ",\"data_base64\":7}", CH_FORMAT, "data_base64");
	refused(BINARY "\r\n{", CH_FORMAT, "data");
	refused("POST / HTTP/1.1\r\ncontent-type: application/cloudevents+avro\r\n\r\n",
		CH_UNSUPPORTED, "content-type");
	refused("POST / HTTP/1.1\r\ncontent-type: application/cloudevents+json; charset=latin1\r\n\r\n",
		CH_UNSUPPORTED, "content-type");
	refused("POST / HTTP/1.1\r\ncontent-type: application/json\r\n\r\n{}", CH_UNSUPPORTED,
		"content-type");
	refused("POST / HTTP/1.1\r\ncontent-type: application/cloudevents-batch+json\r\n\r\n{}",
		CH_INVALID, "");
}

static void test_batch_bound(void **state)
{
	struct buffer raw = {0};
	(void)state;
	buffer_append_text(&raw,
		"POST / HTTP/1.1\r\ncontent-type: application/cloudevents-batch+json\r\n\r\n[1");
	for (unsigned i = 0; i < LIMIT_EVENTS_PER_FRAME; i++)
		buffer_append_text(&raw, ",1");
	buffer_append_text(&raw, "]");
	refused(buffer_text(&raw), CH_TOO_LARGE, "");
	buffer_fini(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_structured),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_a_trace_that_is_none),
		cmocka_unit_test(test_refused_attributes),
		cmocka_unit_test(test_refused_bodies),
		cmocka_unit_test(test_batch_bound),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (json_tape_create(&tape) != CH_OK)
		return 1;
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	json_tape_free(tape);
	return failed;
}
