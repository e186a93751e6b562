#include "channel/repair/message.h"

#include "support/unit.h"

#include "base/limits.h"
#include "channel/repair/mqtt_message.h"
#include "channel/repair/outbox_row.h"
#include "source.h"

#define NATIVE "[file]\nformat = cloudevents\n[station]\nsource = /sh12\n"
#define OWN                                                                                         \
	"[file]\nformat = jsonl\n[station]\nsource = /sh12\n"                                       \
	"[event repair.order.received]\nwhen = {outbox:type} is Received\nid = {outbox:id}\n"       \
	"repair_order_id = {outbox:aggregateid}\nstation.station_id = SH12\nunit.model = {model}\n" \
	"[event repair.order.returned]\nwhen = {?model} is filled\nid = {outbox:id}/2\n"            \
	"repair_order_id = {outbox:aggregateid}\nstation.station_id = SH12\n"
#define DATA "{\"repairOrderId\":\"R7\",\"station\":{\"stationId\":\"SH12\"}}"

/* Everything that the message becomes; holds until the next call. */
static const char *read_message(const char *mapping_text, const struct message *message)
{
	static struct buffer out;
	struct mapping *mapping = source_mapping(mapping_text);
	struct message_reader *reader;
	struct repair_item item;
	enum ch_status status;
	buffer_clear(&out);
	assert_int_equal(message_reader_create(mapping, &reader), CH_OK);
	message_begin(reader, message);
	while ((status = message_next(reader, &item)) == CH_OK)
		source_print_item(&out, &item);
	assert_int_equal(status, CH_END);
	assert_int_equal(message_next(reader, &item), CH_END);
	message_reader_free(reader);
	mapping_free(mapping);
	return buffer_text(&out);
}

static const char *read_row(const char *mapping, const char *type, const char *payload)
{
	struct outbox_row row = {
		.columns = {[OUTBOX_ID] = SLICE_LITERAL("b2c9"),
			[OUTBOX_AGGREGATETYPE] = SLICE_LITERAL("repair"),
			[OUTBOX_AGGREGATEID] = SLICE_LITERAL("R7"),
			[OUTBOX_CREATED_AT] = SLICE_LITERAL("2026-03-02T08:00:00.000001Z")}};
	row.columns[OUTBOX_TYPE] = slice_text(type);
	row.columns[OUTBOX_PAYLOAD] = slice_text(payload);
	outbox_row_message(&row);
	return read_message(mapping, &row.message);
}

static void test_usage(void **state)
{
	(void)state;
	/* Binary: the row is the event, the payload its data. */
	assert_string_equal(read_row(NATIVE, "repair.order.repaired", DATA),
		"repair.order.repaired b2c9 " DATA "\n");
	/* Structured: the payload is the event. */
	assert_string_equal(read_row(NATIVE, "whatever",
				    "{\"specversion\":\"1.0\",\"id\":\"x1\",\"type\":"
				    "\"repair.order.closed\",\"data\":" DATA "}"),
		"repair.order.closed x1 " DATA "\n");
	/* The station's own object, which is two events. */
	assert_string_equal(read_row(OWN, "Received", "{\"model\":\"KDL\"}"),
		"repair.order.received b2c9 {\"repairOrderId\":\"R7\",\"station\":{\"stationId\":"
		"\"SH12\"},\"unit\":{\"model\":\"KDL\"}}\n"
		"repair.order.returned b2c9/2 {\"repairOrderId\":\"R7\",\"station\":"
		"{\"stationId\":\"SH12\"},\"attributes\":[{\"name\":\"model\",\"value\":"
		"\"KDL\"}]}\n");
}

static void test_bad_rows(void **state)
{
	(void)state;
	assert_string_equal(read_row(NATIVE, "no.such", DATA), "! 0.0@0 type: is no event type\n");
	assert_string_equal(
		read_row(NATIVE, "", DATA), "! 0.0@0 type: must be a text that is not empty\n");
	assert_string_equal(read_row(NATIVE, "repair.order.repaired", "[1]"),
		"! 0.1@0 must be one JSON object\n");
	assert_string_equal(read_row(NATIVE, "repair.order.repaired", ""),
		"! 0.0@0 there is nothing in it, or more than 1048576 bytes\n");
	assert_string_equal(read_row(NATIVE, "repair.order.repaired", "{\"a\":1}"),
		"! 0.0@0 data.a: no such field\n");
	/* Nothing in it is no lack of memory, but of what is mandatory. */
	assert_string_equal(read_row(NATIVE, "repair.order.closed", "{}"),
		"! 0.0@0 repair_order_id: is mandatory, and nothing fills it\n");
	assert_string_equal(read_row(OWN, "Other", "{\"colour\":\"red\"}"),
		"! 0.1@0 no [event] section's conditions hold for it\n");
}

/* The same message has the same digest; what says which event it is has a part in it. */
static void test_digest(void **state)
{
	struct mapping *mapping = source_mapping(NATIVE);
	struct message_reader *reader;
	struct repair_item item;
	struct message_attribute attributes[] = {
		{SLICE_LITERAL("specversion"), SLICE_LITERAL("1.0")},
		{SLICE_LITERAL("id"), SLICE_LITERAL("1")},
		{SLICE_LITERAL("type"), SLICE_LITERAL("repair.order.closed")},
		{SLICE_LITERAL("traceparent"), SLICE_LITERAL("00-1")},
	};
	struct message message = {SLICE_LITERAL(DATA), attributes, 4, false, NULL, 0};
	uint8_t digests[4][EVENT_DIGEST_BYTES];
	(void)state;
	assert_int_equal(message_reader_create(mapping, &reader), CH_OK);
	for (size_t i = 0; i < 4; i++) {
		if (i == 1)
			attributes[3].value = SLICE_LITERAL("00-2");
		else if (i == 2)
			attributes[1].value = SLICE_LITERAL("2");
		else if (i == 3)
			message.payload = SLICE_LITERAL(" " DATA);
		message_begin(reader, &message);
		assert_int_equal(message_next(reader, &item), CH_OK);
		assert_int_equal(item.what, REPAIR_EVENT);
		memcpy(digests[i], item.event.envelope.digest.data, EVENT_DIGEST_BYTES);
	}
	assert_memory_equal(digests[0], digests[1], EVENT_DIGEST_BYTES);
	assert_memory_not_equal(digests[1], digests[2], EVENT_DIGEST_BYTES);
	assert_memory_not_equal(digests[2], digests[3], EVENT_DIGEST_BYTES);
	message_reader_free(reader);
	mapping_free(mapping);
}

/* Whatever is wrong with a trace is no fault of the message. */
static void test_a_trace_is_no_reason_to_refuse(void **state)
{
	struct mapping *mapping = source_mapping(NATIVE);
	struct message_reader *reader;
	struct repair_item item;
	char longest[600];
	struct message_attribute attributes[] = {
		{SLICE_LITERAL("specversion"), SLICE_LITERAL("1.0")},
		{SLICE_LITERAL("id"), SLICE_LITERAL("1")},
		{SLICE_LITERAL("type"), SLICE_LITERAL("repair.order.closed")},
		{SLICE_LITERAL("traceparent"), {(const uint8_t *)longest, sizeof(longest)}},
		{SLICE_LITERAL("tracestate"), SLICE_LITERAL("")},
	};
	const struct message message = {SLICE_LITERAL(DATA), attributes, 5, false, NULL, 0};
	(void)state;
	memset(longest, '0', sizeof(longest));
	assert_int_equal(message_reader_create(mapping, &reader), CH_OK);
	message_begin(reader, &message);
	assert_int_equal(message_next(reader, &item), CH_OK);
	assert_int_equal(item.what, REPAIR_EVENT);
	assert_int_equal(item.event.envelope.traceparent.len, 0);
	assert_int_equal(item.event.envelope.tracestate.len, 0);
	message_reader_free(reader);
	mapping_free(mapping);
}

static void test_attributes(void **state)
{
	struct message_attribute attributes[] = {
		{SLICE_LITERAL("specversion"), SLICE_LITERAL("1.0")},
		{SLICE_LITERAL("type"), SLICE_LITERAL("repair.order.closed")},
		{SLICE_LITERAL("id"), SLICE_LITERAL("1")},
		{SLICE_LITERAL("id"), SLICE_LITERAL("2")},
	};
	struct message message = {SLICE_LITERAL(DATA), attributes, 4, true, NULL, 0};
	(void)state;
	assert_string_equal(read_message(NATIVE, &message), "! 0.0@0 id: stands there twice\n");
	attributes[3] = (struct message_attribute){SLICE_LITERAL("data"), SLICE_LITERAL("{}")};
	assert_string_equal(read_message(NATIVE, &message),
		"! 0.0@0 data: is no attribute: data is the payload\n");
	attributes[3] = (struct message_attribute){SLICE_LITERAL("Id"), SLICE_LITERAL("2")};
	assert_string_equal(
		read_message(NATIVE, &message), "! 0.0@0 Id: is no name of an attribute\n");
	attributes[3] = (struct message_attribute){SLICE_LITERAL("subject"), SLICE_LITERAL("\xff")};
	assert_string_equal(read_message(NATIVE, &message), "! 0.0@0 subject: is not UTF-8 text\n");
	attributes[3] = (struct message_attribute){SLICE_LITERAL("subject"), SLICE_LITERAL("R")};
	assert_string_equal(read_message(NATIVE, &message), "repair.order.closed 1 " DATA "\n");
}

/* ---- MQTT ---- */

static const char *read_mqtt(const char *mapping, const char *content_type,
	struct message_attribute *properties, size_t count, const char *payload)
{
	struct mqtt_message message = {.topic = SLICE_LITERAL("stations/SH12/repair"),
		.payload = slice_text(payload),
		.content_type = slice_text(content_type),
		.properties = properties,
		.property_count = count};
	struct repair_reject reject;
	enum mapping_format format =
		strstr(mapping, "jsonl") != NULL ? MAPPING_JSONL : MAPPING_CLOUDEVENTS;
	if (mqtt_message_fill(&message, format, &reject) == CH_OK)
		return read_message(mapping, &message.message);
	static struct buffer out;
	buffer_clear(&out);
	rows_print_reject(&out, &reject);
	return buffer_text(&out);
}

#define EVENT(id)                                                                                  \
	"{\"specversion\":\"1.0\",\"id\":\"" id                                                    \
	"\",\"type\":\"repair.order.closed\",\"data\":" DATA "}"

static void test_mqtt(void **state)
{
	struct message_attribute properties[] = {
		{SLICE_LITERAL("specversion"), SLICE_LITERAL("1.0")},
		{SLICE_LITERAL("type"), SLICE_LITERAL("repair.order.closed")},
		{SLICE_LITERAL("id"), SLICE_LITERAL("p1")},
		{SLICE_LITERAL("X-Shop"), SLICE_LITERAL("the station's own business")},
	};
	(void)state;
	assert_string_equal(
		read_mqtt(NATIVE, "application/json; charset=utf-8", properties, 4, DATA),
		"repair.order.closed p1 " DATA "\n");
	assert_string_equal(read_mqtt(NATIVE, "text/xml", properties, 4, DATA),
		"! 0.0@0 datacontenttype: only application/json is read\n");
	/* 3.1.1 has no properties; and what says that it is structured is. */
	assert_string_equal(
		read_mqtt(NATIVE, "", NULL, 0, EVENT("e1")), "repair.order.closed e1 " DATA "\n");
	assert_string_equal(read_mqtt(NATIVE, "Application/CloudEvents+JSON", properties, 4,
				    "\xEF\xBB\xBF" EVENT("e2")),
		"repair.order.closed e2 " DATA "\n");
	/* A payload that looks like an event is data, when the properties are one. */
	assert_string_equal(read_mqtt(NATIVE, "application/json", properties, 4, EVENT("e3")),
		"! 0.0@0 data.specversion: no such field\n");
	assert_string_equal(read_mqtt(NATIVE, "application/cloudevents-batch+json", NULL, 0, "[]"),
		"! 0.0@0 content type: the MQTT binding knows no batch: one message is one event\n");
	assert_string_equal(read_mqtt(NATIVE, "application/cloudevents+avro", NULL, 0, ""),
		"! 0.0@0 content type: of the structured forms only application/cloudevents+json is "
		"read\n");
	assert_string_equal(
		read_mqtt("[file]\nformat = jsonl\n[station]\nsource = /{mqtt:topic/2}\n"
			  "[event repair.order.closed]\nid = {no}\n"
			  "repair_order_id = {no}\nstation.station_id = {mqtt:topic/2}\n",
			"", NULL, 0, "{\"no\":\"R7\"}"),
		"repair.order.closed R7 " DATA "\n");
}

static void test_too_many_properties(void **state)
{
	struct mqtt_message message = {.topic = SLICE_LITERAL("t"), .properties_cut = true};
	struct repair_reject reject;
	(void)state;
	assert_int_equal(mqtt_message_fill(&message, MAPPING_CLOUDEVENTS, &reject), CH_TOO_LARGE);
	assert_string_equal(reject.reason, "are more than 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_a_trace_is_no_reason_to_refuse),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_mqtt),
		cmocka_unit_test(test_too_many_properties),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
