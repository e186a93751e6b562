#include "channel/repair/repair_source.h"

#include "support/unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kit/cloudevent.h"
#include "source.h"

/* A station's log: one row an event, in Chinese, told apart by a column. */
static const char log_mapping[] = "[station]\n"
				  "source = /stations/sh12\n"
				  "id = SH12\n"
				  "zone = Asia/Shanghai\n"
				  "[all]\n"
				  "id = {工单号}/{序号}\n"
				  "time = {时间}\n"
				  "repair_order_id = {工单号}\n"
				  "customer.name.full = {姓名}\n"
				  "customer.phones = {电话}\n"
				  "customer.phones[mobile] = {?手机}\n"
				  "[event repair.order.received]\n"
				  "when = {动作} is 收机\n"
				  "unit.model = {型号}\n"
				  "problem_text = {备注}\n"
				  "required = customer.phones\n"
				  "[event repair.order.repaired]\n"
				  "when = {动作} is 修好\n"
				  "verdict = fixed\n"
				  "work_text = {备注}\n";

#define LOG_HEADER "工单号,序号,时间,动作,姓名,电话,型号,备注\n"

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(
		RUN(log_mapping, LOG_HEADER
			"W1,1,2026/3/2 8:30,收机,王芳,13800001111/021-64000001,MV-55X,无画面\n"
			"W1,2,2026/3/2 17:05,修好,王芳,,,换电源板\n"),
		"repair.order.received W1/1 {\"repairOrderId\":\"W1\",\"station\":{\"stationId\":\"SH12\"},"
		"\"unit\":{\"model\":\"MV-55X\"},\"customer\":{\"phones\":[{\"value\":\"13800001111\"},"
		"{\"value\":\"021-64000001\"}],\"name\":{\"full\":\"王芳\"}},\"problemText\":\"无画面\","
		"\"attributes\":[{\"name\":\"序号\",\"value\":\"1\"},{\"name\":\"动作\",\"value\":\"收机\"}]}\n"
		"repair.order.repaired W1/2 {\"repairOrderId\":\"W1\",\"station\":{\"stationId\":\"SH12\"},"
		"\"verdict\":\"REPAIR_VERDICT_FIXED\",\"customer\":{\"name\":{\"full\":\"王芳\"}},"
		"\"workText\":\"换电源板\",\"attributes\":[{\"name\":\"序号\",\"value\":\"2\"},"
		"{\"name\":\"动作\",\"value\":\"修好\"}]}\n");
}

static void test_envelope(void **state)
{
	static const char file[] =
		LOG_HEADER "W1,1,2026/3/2 8:30,收机,王芳,13800001111,MV-55X,无画面\r\n";
	struct mapping *mapping = source_mapping(log_mapping);
	struct repair_source *source;
	struct repair_item item;
	uint8_t digest[EVENT_DIGEST_BYTES];
	char time[CLOCK_TEXT_BYTES];
	(void)state;
	assert_int_equal(
		repair_source_open_bytes(mapping,
			SLICE_LITERAL(LOG_HEADER
				"W1,1,2026/3/2 8:30,收机,王芳,13800001111,MV-55X,无画面\r\n"),
			"x.csv", &source),
		CH_OK);
	assert_int_equal(repair_source_next(source, &item), CH_OK);
	const struct envelope *envelope = &item.event.envelope;
	assert_slice_text(envelope->id, "W1/1");
	assert_slice_text(envelope->source, "/stations/sh12");
	assert_slice_text(envelope->type, "repair.order.received");
	assert_slice_text(envelope->subject, "W1");
	assert_string_equal(clock_format(envelope->time_us, time), "2026-03-02T00:30:00.000000Z");
	/* The digest is of the record's bytes without its line end: another line end changes nothing. */
	event_digest(slice_of(file + sizeof(LOG_HEADER) - 1, sizeof(file) - sizeof(LOG_HEADER) - 2),
		digest);
	assert_int_equal(envelope->digest.len, EVENT_DIGEST_BYTES);
	assert_memory_equal(envelope->digest.data, digest, EVENT_DIGEST_BYTES);
	/* Who the customer is travels apart. */
	assert_true(envelope->data.len > 0 && envelope->personal.len > 0);
	assert_null(memmem(envelope->data.data, envelope->data.len, "13800001111", 11));
	assert_non_null(memmem(envelope->personal.data, envelope->personal.len, "13800001111", 11));
	repair_source_close(source);
	mapping_free(mapping);
}

static void test_bad_values(void **state)
{
	(void)state;
	assert_string_equal(
		RUN(log_mapping, LOG_HEADER "W1,1,2026/2/30 8:30,收机,王芳,13800001111,MV-55X,x\n"
					    "W2,1,2026/3/2 8:30,收机,王芳,,MV-55X,x\n"
					    "W3,,2026/3/2 8:30,收机,王芳,13800001111,MV-55X,x\n"
					    "W4,1,2026/3/2 8:30,吃饭,王芳,13800001111,MV-55X,x\n"
					    "W5,1,,收机,王芳,13800001111,MV-55X,x\n"
					    "W6,1,2026/3/2 8:30,收机,王芳,13800001111,,x\n"
					    "W7,1,2026/3/2 8:30,修好,,,,\n"),
		"! 2.3@64 时间: \"2026/2/30 8:30\": there is no such day or time\n"
		"! 3.6@147 电话: is empty, and customer.phones is required\n"
		"! 4.0@157 序号: is empty, and the event's id needs it\n"
		"! 5.0@210 no [event] section's conditions hold for it\n"
		"! 6.0@264 时间: is empty, and the event's time needs it\n"
		"! 7.0@305 unit.serial_number|unit.model|unit.category|unit.product_id: is mandatory, "
		"and nothing fills it\n"
		"repair.order.repaired W7/1 {\"repairOrderId\":\"W7\",\"station\":{\"stationId\":\"SH12\"},"
		"\"verdict\":\"REPAIR_VERDICT_FIXED\",\"attributes\":[{\"name\":\"序号\",\"value\":\"1\"},"
		"{\"name\":\"动作\",\"value\":\"修好\"}]}\n");
}

static void test_headers(void **state)
{
	static const char strict[] =
		"[file]\nextra_columns = reject\n[station]\nsource = /s\nid = S\n"
		"[event repair.order.repaired]\nrepair_order_id = {id}\n"
		"verdict = {v}\nlabour_ms = {?t} -> minutes\n";
	(void)state;
	assert_string_equal(strchr(RUN(strict, "id,v\nA,fixed\n"), '{'),
		"{\"repairOrderId\":\"A\",\"station\":{\"stationId\":\"S\"},\"verdict\":\"REPAIR_VERDICT_FIXED\"}\n");
	assert_string_equal(RUN(strict, "A,fixed\nB,fixed\n"),
		"!! 1.0@0 the first row is no header: it has none of the columns id, v\n");
	assert_string_equal(RUN(strict, "id,verdict\nA,fixed\n"), "!! 1.0@0 the header lacks v\n");
	assert_string_equal(RUN(strict, "id,v,v\nA,fixed,x\n"),
		"!! 1.3@0 v: stands twice in the header, and the mapping uses it\n");
	assert_string_equal(RUN(strict, "id,v,w\nA,fixed,x\n"),
		"!! 1.3@0 w: is not in the mapping, which rejects what it does not know\n");
	assert_string_equal(RUN(strict, "id,v,w"),
		"?! 1.0@0 the last record has no line end: it may still be written\n");
	assert_string_equal(RUN(strict, ""), "");
}

/* "is not empty" is "is filled", and the other way round. */
static void test_filled_or_empty(void **state)
{
	static const char *const filled[] = {"is filled", "is not empty"};
	static const char *const empty[] = {"is empty", "is not filled"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char mapping[512];
		(void)snprintf(mapping, sizeof(mapping),
			"[station]\nsource = /s\nid = S\n[all]\nid = {id}\nrepair_order_id = {id}\n"
			"[event repair.order.returned]\nwhen = {out} %s\n"
			"[event repair.order.closed]\nwhen = {out} %s\n",
			filled[i], empty[i]);
		assert_string_equal(RUN(mapping, "id,out\nA,x\nB,\n"),
			"repair.order.returned A {\"repairOrderId\":\"A\",\"station\":{\"stationId\":"
			"\"S\"},\"attributes\":[{\"name\":\"out\",\"value\":\"x\"}]}\n"
			"repair.order.closed B {\"repairOrderId\":\"B\",\"station\":{\"stationId\":"
			"\"S\"}}\n");
	}
}

/* A source of optional columns alone, and none for the whole station. */
static void test_no_source(void **state)
{
	static const char mapping[] =
		"[station]\nid = S\n[event repair.order.closed]\nsource = {?from}\nid = {id}\n"
		"repair_order_id = {id}\n";
	(void)state;
	assert_non_null(strstr(RUN(mapping, "id,from\nA,\n"), "the event would have no source"));
}

/* A table of orders gives an event for each date in a row; ids and digests stay when later ones fill. */
static void test_several_of_a_row(void **state)
{
	static const char mapping_text[] =
		"[station]\nsource = /s\nid = S\nzone = +08:00\n"
		"[file]\nextra_columns = ignore\n"
		"[all]\nrepair_order_id = {id}\ndigest = fields\n"
		"[event repair.order.received]\nwhen = {in} is filled\n"
		"id = {id}/in\ntime = {in}\nunit.model = {model}\n"
		"[event repair.order.returned]\nwhen = {out} is filled\n"
		"id = {id}/out\ntime = {out}\ntotal = {sum} -> money CNY\n";
	static const char *const days[] = {"id,model,in,out,sum\nA,M1,2026-03-01,,\n",
		"id,model,in,out,sum\nA,M1,2026-03-01,2026-03-02,\"1,280.50\"\n"};
	struct mapping *mapping = source_mapping(mapping_text);
	uint8_t digests[2][EVENT_DIGEST_BYTES];
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct repair_source *source;
		struct repair_item item;
		assert_int_equal(
			repair_source_open_bytes(mapping, slice_text(days[i]), "x.csv", &source),
			CH_OK);
		assert_int_equal(repair_source_next(source, &item), CH_OK);
		assert_slice_text(item.event.envelope.id, "A/in");
		memcpy(digests[i], item.event.envelope.digest.data, EVENT_DIGEST_BYTES);
		assert_int_equal(repair_source_next(source, &item), i == 0 ? CH_END : CH_OK);
		if (i == 1)
			assert_slice_text(item.event.envelope.id, "A/out");
		repair_source_close(source);
	}
	assert_memory_equal(digests[0], digests[1], EVENT_DIGEST_BYTES);
	mapping_free(mapping);
	assert_non_null(
		strstr(RUN(mapping_text, "id,model,in,out,sum\nA,M,,2026-03-02,\"¥1,280.50\"\n"),
			"\"total\":{\"minorUnits\":\"128050\",\"currency\":\"CNY\"}"));
}

static const char *only_rejects(const char *text)
{
	static char out[4096];
	out[0] = 0;
	for (const char *line = text; *line != 0; line = strchr(line, '\n') + 1) {
		if (*line == '!')
			strncat(out, line, (size_t)(strchr(line, '\n') - line) + 1);
	}
	return out;
}

static void test_values(void **state)
{
	static const char mapping_text[] =
		"[file]\nextra_columns = ignore\n[station]\nsource = /s\nid = S\nzone = +08:00\n"
		"[event repair.part.requested]\nrepair_order_id = {id}\nid = {id}\n"
		"parts[0].part_number = {p1}\nparts[0].quantity = {q1}\n"
		"parts[1].part_number = {p2}\nparts[1].quantity = 1\n"
		"urgent = {u}\nattributes[row] = {row:digest}\nattributes[file] = {file:name}\n"
		"[event repair.order.returned]\nwhen = {total} is filled\nid = {id}/r\n"
		"repair_order_id = {id}\ntotal = {total} -> money JPY\nway = {way}\n"
		"warranty_end_date = {until} -> date %d.%m.%Y\ntracking_numbers = {tracking} -> list\n"
		"[event repair.order.repaired]\nwhen = {minutes} is filled\nid = {id}/w\n"
		"repair_order_id = {id}\nlabour_ms = {minutes} -> minutes\nattempt = {n}\n"
		"customer.identifiers[wechat] = {wx}\ncustomer.emails = {mail}\n";
#define VALUES "id,p1,q1,p2,u,total,way,until,tracking,minutes,n,wx,mail\n"
	(void)state;
	assert_string_equal(RUN(mapping_text, VALUES
				    "A,X1,2.50,,是,1200,courier,31.12.2026,T1；T2、T3,1.5,2,wx1,"
				    "a@example.com;b@example.com\n"),
		"repair.part.requested A {\"repairOrderId\":\"A\",\"station\":{\"stationId\":\"S\"},"
		"\"parts\":[{\"partNumber\":\"X1\",\"quantity\":{\"unscaled\":\"250\",\"scale\":2}}],"
		"\"urgent\":\"ANSWER_YES\",\"attributes\":[{\"name\":\"row\",\"value\":"
		"\"f37ec0fc9a2294dd93867856661ff3ce\"},{\"name\":\"file\",\"value\":\"SH12-20260302.csv\"}]}\n"
		"repair.order.returned A/r {\"repairOrderId\":\"A\",\"station\":{\"stationId\":\"S\"},"
		"\"total\":{\"minorUnits\":\"1200\",\"currency\":\"JPY\"},\"warrantyEndDate\":\"2026-12-31\","
		"\"way\":\"INTAKE_WAY_COURIER\",\"trackingNumbers\":[\"T1\",\"T2\",\"T3\"]}\n"
		"repair.order.repaired A/w {\"repairOrderId\":\"A\",\"station\":{\"stationId\":\"S\"},"
		"\"labourMs\":\"90000\",\"attempt\":2,\"customer\":{\"emails\":[{\"value\":\"a@example.com\"},"
		"{\"value\":\"b@example.com\"}],\"identifiers\":[{\"scheme\":\"wechat\",\"value\":\"wx1\"}]}}\n");
	/* Each wrong value is told with its place. */
	assert_string_equal(
		only_rejects(RUN(mapping_text, VALUES
			"A,X1,two,,,,,,,,,,\nB,X1,1,,maybe,12.50,,,,,,,\n"
			"C,X1,1,,,99999999999999999999,,,,,,,\nD,X1,1,X2,no,5,air,,,9,4294967296,,\n"
			"E,X1,1,,,7,,30.02.2026,,-5,,,\n")),
		"! 2.3@62 q1: for parts[0].quantity: \"two\" is not a number\n"
		"! 3.5@84 u: for urgent: \"maybe\" is no value of Answer\n"
		"! 3.6@90 total: for total: \"12.50\" is not a whole number of JPY's smallest unit\n"
		"! 4.6@112 total: for total: \"99999999999999999999\" is not an amount\n"
		"! 5.7@155 way: for way: \"air\" is no value of IntakeWay\n"
		"! 5.11@163 n: for attempt: \"4294967296\" is a number out of range\n"
		"! 6.8@188 until: for warranty_end_date: \"30.02.2026\" is no day or time that exists\n"
		"! 6.10@200 minutes: for labour_ms: \"-5\" is not a length of time\n");
}

/* What `translate` writes can be read again, and gives the same. */
static void test_cloudevents(void **state)
{
	struct mapping *mapping = source_mapping(log_mapping);
	struct mapping *native =
		source_mapping("[file]\nformat = cloudevents\n[station]\nzone = UTC\n");
	struct repair_source *source;
	struct repair_item item;
	struct buffer first = {0};
	struct buffer second = {0};
	(void)state;
	assert_int_equal(
		repair_source_open_bytes(mapping,
			SLICE_LITERAL(LOG_HEADER
				"W1,1,2026/3/2 8:30,收机,王芳,13800001111,MV-55X,无画面\n"),
			"x.csv", &source),
		CH_OK);
	assert_int_equal(repair_source_next(source, &item), CH_OK);
	assert_int_equal(cloudevent_write(&item.event.envelope, item.event.message, &first), CH_OK);
	repair_source_close(source);
	assert_int_equal(
		repair_source_open_bytes(native, buffer_slice(&first), "x.jsonl", &source), CH_OK);
	assert_int_equal(repair_source_next(source, &item), CH_OK);
	assert_int_equal(item.what, REPAIR_EVENT);
	assert_int_equal(
		cloudevent_write(&item.event.envelope, item.event.message, &second), CH_OK);
	assert_string_equal(buffer_text(&second), buffer_text(&first));
	repair_source_close(source);
	buffer_fini(&first);
	buffer_fini(&second);
	mapping_free(mapping);
	mapping_free(native);
}

static void test_bad_cloudevents(void **state)
{
	static const char mapping[] = "[file]\nformat = cloudevents\n[station]\nsource = /s\n";
#define CE(more)                                                                                   \
	"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"repair.order.repaired\"" more "}\n"
#define DATA ",\"data\":{\"repairOrderId\":\"R\",\"station\":{\"stationId\":\"S\"}}"
	(void)state;
	assert_string_equal(
		RUN(mapping,
			CE(DATA) CE(DATA ",\"time\":\"2026-02-30T00:00:00Z\"") CE(DATA
				",\"time\":\"2026-03-02T08:00:00\"") CE("") CE(",\"data_base64\":\"AA==\"")
				CE(",\"data\":{\"repairOrderId\":7}") CE(",\"data\":{\"colour\":\"x\"}") CE(
					",\"data\":{\"repairOrderId\":\"R\"}") CE(DATA
					",\"datacontenttype\":\"text/xml\"") CE(DATA
					",\"digest\":\"xyz\"") CE(DATA
					",\"source\":\"\"") "{\"specversion\":\"0.3\",\"id\":\"1\",\"type\":\"repair.order.repaired\"}\n"
							    "{\"id\":\"1\",\"type\":\"repair.order.repaired\"}\n"
							    "{\"specversion\":\"1.0\",\"type\":\"repair.order.repaired\"}\n"
							    "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"repair.order.eaten\"}\n"
							    "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"customer.record.created\"}\n"),
		"repair.order.repaired 1 {\"repairOrderId\":\"R\",\"station\":{\"stationId\":\"S\"}}\n"
		"! 2.1@119 time: there is no such day or time\n"
		"repair.order.repaired 1 {\"repairOrderId\":\"R\",\"station\":{\"stationId\":\"S\"}}\n"
		"! 4.1@416 data: must be an object\n"
		"! 5.1@478 data: must stand as JSON, not in base64\n"
		"! 6.1@561 data.repair_order_id: expected a string\n"
		"! 7.1@650 data.colour: no such field\n"
		"! 8.1@734 station.station_id: is mandatory, and nothing fills it\n"
		"! 9.1@825 datacontenttype: only application/json is read\n"
		"! 10.1@973 digest: is not in hex\n"
		"! 11.1@1107 source: must be a text that is not empty\n"
		"! 12.1@1238 specversion: only CloudEvents 1.0 is read\n"
		"! 13.1@1300 specversion: is missing\n"
		"! 14.1@1342 id: is missing\n"
		"! 15.1@1395 type: is no event type\n"
		"! 16.1@1454 type: is written by the hub alone\n");
}

static void test_xes(void **state)
{
	struct slice text = mapping_builtin("xes");
	struct buffer mapping = {0};
	(void)state;
	buffer_append_slice(&mapping, text);
#define ATTR(key, value) "<string key=\"" key "\" value=\"" value "\"/>"
#define AT(time)         "<date key=\"time:timestamp\" value=\"" time "\"/>"
	static const char log[] = "<log><trace>" ATTR("concept:name", "7") "<event>" ATTR(
		"concept:name",
		"Register") AT("1970-01-02T12:23:00.000+01:00") ATTR("lifecycle:transition",
		"complete") "</event>\n"
			    "<event>" ATTR("concept:name", "Test Repair") AT(
				    "1970-01-02T13:00:00.000+01:00") ATTR("defectFixed",
				    "false") "</event>\n"
					     "<event>" ATTR("concept:name", "Lunch") AT(
						     "1970-01-02T13:00:00.000+01:00") "</event>\n"
										      "<event>" ATTR(
											      "concept:name",
											      "Inform User") "</event></trace>\n"
													     "<trace><event>" ATTR(
														     "concept:name",
														     "Register")
														     AT("1970-01-02T12:23:00.000+01:00") "</event></trace>\n"
																			 "</log>";
	assert_string_equal(source_run(buffer_text(&mapping), log, sizeof(log) - 1),
		"repair.order.received 7/1/complete {\"repairOrderId\":\"7\",\"station\":{\"stationId\":\"xes\"},"
		"\"unit\":{\"category\":\"telephone\"},\"attributes\":[{\"name\":\"concept:name\",\"value\":\"Register\"},"
		"{\"name\":\"lifecycle:transition\",\"value\":\"complete\"}]}\n"
		"repair.order.checked 7/2/ {\"repairOrderId\":\"7\",\"station\":{\"stationId\":\"xes\"},"
		"\"passed\":\"ANSWER_NO\",\"activity\":\"Test Repair\"}\n"
		"! 3.1@401 no [event] section's conditions hold for it\n"
		"! 4.1@525 time:timestamp: is empty, and the event's time needs it\n"
		"! 5.8@604 trace:concept:name: is empty, and the event's id needs it\n");
	buffer_fini(&mapping);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_filled_or_empty),
		cmocka_unit_test(test_no_source),
		cmocka_unit_test(test_several_of_a_row),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_cloudevents),
		cmocka_unit_test(test_bad_cloudevents),
		cmocka_unit_test(test_xes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
