#include "channel/callcenter/esl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "channel/callcenter/esl_list.h"
#include "support/unit.h"

static struct esl_reader *reader_of(const char *text)
{
	struct esl_reader *reader = NULL;
	assert_int_equal(esl_reader_create(&reader), CH_OK);
	assert_int_equal(esl_reader_feed(reader, slice_text(text)), CH_OK);
	return reader;
}

/* `body` behind headers that say how long it is. */
static const char *framed(const char *type, const char *body)
{
	static char text[4096];
	(void)snprintf(text, sizeof(text), "Content-Length: %zu\nContent-Type: %s\n\n%s",
		strlen(body), type, body);
	return text;
}

static void test_a_login_and_an_event(void **state)
{
	struct esl_message message;
	struct esl_reader *reader =
		reader_of("Content-Type: auth/request\n\n"
			  "Content-Type: command/reply\nReply-Text: +OK accepted\n\n");
	(void)state;
	assert_int_equal(esl_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, ESL_AUTH);
	assert_int_equal(esl_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, ESL_REPLY);
	assert_slice_text(message.name, "+OK accepted");
	assert_int_equal(esl_reader_next(reader, &message), CH_END);
	assert_false(esl_reader_is_within(reader));
	assert_int_equal(
		esl_reader_feed(reader, slice_text(framed("text/event-plain",
						"Event-Name: CUSTOM\n"
						"Event-Subclass: callcenter%3A%3Ainfo\n"
						"CC-Member-CID-Name: %E7%8E%8B%e8%8a%b3\n\n"))),
		CH_OK);
	assert_int_equal(esl_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, ESL_EVENT);
	assert_slice_text(message.name, "CUSTOM");
	assert_int_equal(message.count, 3); /* of the event itself */
	assert_slice_text(esl_get(&message, "event-subclass"), "callcenter::info");
	assert_slice_text(esl_get(&message, "CC-Member-CID-Name"), "王芳");
	assert_int_equal(message.offset, 82);
	esl_reader_free(reader);
}

/* Decoded once, and what is no code stands for itself. */
static void test_percent_signs(void **state)
{
	static const struct {
		const char *coded;
		const char *want;
	} rows[] = {
		{"a%20b", "a b"}, {"100%25", "100%"}, {"%2541", "%41"}, {"a+b", "a+b"},
		{"%zz%4", "%zz%4"}, {"%", "%"}, {"x%0AEvent-Name%3A Y", "x\nEvent-Name: Y"},
		{"%C3%28", "\xC3("}, /* no UTF-8: the event says U+FFFD */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[128];
		struct esl_message message;
		(void)snprintf(body, sizeof(body), "Event-Name: X\nV: %s\n\n", rows[i].coded);
		struct esl_reader *reader = reader_of(framed("text/event-plain", body));
		assert_int_equal(esl_reader_next(reader, &message), CH_OK);
		assert_slice_text(message.name, "X");
		assert_slice_text(esl_get(&message, "V"), rows[i].want);
		esl_reader_free(reader);
	}
}

static void test_bytes_cut_anywhere(void **state)
{
	char stream[5000];
	struct esl_reader *reader = NULL;
	struct esl_message message;
	size_t seen = 0;
	(void)state;
	(void)snprintf(stream, sizeof(stream),
		"\n%s\r\nContent-Type: api/response\r\nContent-Length: 5\r\n\r\n+OK\n\n",
		framed("text/event-plain",
			"Event-Name: BACKGROUND_JOB\nContent-Length: 4\n\n+OK\nrest"));
	assert_int_equal(esl_reader_create(&reader), CH_OK);
	for (size_t i = 0; stream[i] != 0; i++) {
		assert_int_equal(esl_reader_feed(reader, slice_of(stream + i, 1)), CH_OK);
		while (esl_reader_next(reader, &message) == CH_OK) {
			seen++;
			if (seen == 1)
				assert_slice_text(message.body, "+OK\n");
			else
				assert_slice_text(message.body, "+OK\n\n");
		}
	}
	assert_int_equal(seen, 2);
	assert_false(esl_reader_is_within(reader));
	esl_reader_free(reader);
}

static void test_events_as_json(void **state)
{
	struct esl_message message;
	struct esl_reader *reader = reader_of(framed("text/event-json",
		"{\"Event-Name\":\"CHANNEL_CREATE\",\"Caller-Caller-ID-Name\":\"\\u738b\\u82b3 100%25\","
		"\"variable_codecs\":[\"PCMA\",\"PCMU\"],\"n\":4,\"_body\":\"+OK\"}"));
	(void)state;
	assert_int_equal(esl_reader_next(reader, &message), CH_OK);
	assert_slice_text(message.name, "CHANNEL_CREATE");
	assert_slice_text(esl_get(&message, "Caller-Caller-ID-Name"), "王芳 100%25");
	assert_slice_text(esl_get(&message, "variable_codecs"), "ARRAY::PCMA|:PCMU");
	assert_int_equal(esl_get(&message, "n").len, 0);
	assert_slice_text(message.body, "+OK");
	esl_reader_free(reader);
	reader = reader_of(framed("text/event-json", "[torn"));
	assert_int_equal(esl_reader_next(reader, &message), CH_OK); /* framed well */
	assert_int_equal(message.count, 0);
	esl_reader_free(reader);
}

/* Passed over by its length, whatever it holds, and what follows is read. */
static void test_a_body_over_the_bound(void **state)
{
	static char much[65536];
	struct esl_message message;
	char head[128];
	(void)state;
	memset(much, '\n', sizeof(much));
	(void)snprintf(head, sizeof(head), "Content-Type: api/response\nContent-Length: %u\n\n",
		LIMIT_ESL_BODY_BYTES + 1);
	struct esl_reader *reader = reader_of(head);
	assert_int_equal(esl_reader_next(reader, &message), CH_TOO_LARGE);
	for (size_t left = LIMIT_ESL_BODY_BYTES + 1; left > 0;) {
		size_t len = left < sizeof(much) ? left : sizeof(much);
		assert_true(esl_reader_is_within(reader));
		assert_int_equal(esl_reader_feed(reader, slice_of(much, len)), CH_OK);
		assert_int_equal(esl_reader_next(reader, &message), CH_END);
		left -= len;
	}
	assert_false(esl_reader_is_within(reader));
	assert_int_equal(
		esl_reader_feed(reader, SLICE_LITERAL("Content-Type: auth/request\n\n")), CH_OK);
	assert_int_equal(esl_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, ESL_AUTH);
	assert_int_equal(message.offset, strlen(head) + LIMIT_ESL_BODY_BYTES + 1);
	esl_reader_free(reader);
}

static void test_what_is_no_such_stream(void **state)
{
	static const char *const texts[] = {
		"Asterisk Call Manager/13.0.0\r\n\r\n",
		"Content-Type: api/response\nContent-Length: -1\n\n",
		"Content-Type: api/response\nContent-Length: 5 bytes\n\n",
		"Content-Type: api/response\nContent-Length: 99999999999\n\n",
	};
	struct esl_message message;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct esl_reader *reader = reader_of(texts[i]);
		assert_int_equal(esl_reader_next(reader, &message), CH_FORMAT);
		assert_int_equal(
			esl_reader_feed(reader, SLICE_LITERAL("Content-Type: auth/request\n\n")),
			CH_OK);
		assert_int_equal(esl_reader_next(reader, &message), CH_FORMAT); /* for ever */
		esl_reader_free(reader);
	}
	/* Headers without an end, and too many of them. */
	static char much[LIMIT_ESL_HEAD_BYTES + 2];
	memset(much, 'x', sizeof(much) - 1);
	struct esl_reader *reader = reader_of(much);
	assert_int_equal(esl_reader_next(reader, &message), CH_FORMAT);
	esl_reader_free(reader);
	for (size_t i = 0; i + 4 < sizeof(much); i += 4)
		memcpy(much + i, "a:b\n", 4);
	memcpy(much + LIMIT_ESL_HEAD_BYTES - 8, "\n\n", 3);
	reader = reader_of(much);
	assert_int_equal(esl_reader_next(reader, &message), CH_FORMAT);
	esl_reader_free(reader);
}

static void test_tables(void **state)
{
	struct esl_table table;
	(void)state;
	esl_table_open(SLICE_LITERAL("name|contact|state\n"
				     "1@d|[leg_timeout=10]{a=b}user/1@d|Waiting\n"
				     "a|b|c|d\n"
				     "2@d|sofia/gateway/x/2|Idle\n"
				     "+OK\n"),
		&table);
	assert_true(esl_table_next(&table));
	assert_slice_text(esl_table_cell(&table, "name"), "1@d");
	assert_slice_text(esl_contact_user(esl_table_cell(&table, "contact")), "user/1@d");
	assert_int_equal(esl_table_cell(&table, "uuid").len, 0);
	assert_true(esl_table_next(&table)); /* a row with one cell too many is none */
	assert_slice_text(esl_table_cell(&table, "name"), "2@d");
	assert_int_equal(esl_contact_user(esl_table_cell(&table, "contact")).len, 0);
	assert_false(esl_table_next(&table));
	esl_table_open(SLICE_LITERAL("+OK\n"), &table);
	assert_false(esl_table_next(&table));
	esl_table_open(SLICE_LITERAL(""), &table);
	assert_false(esl_table_next(&table));
}

static void count_channel(void *context, struct slice uuid)
{
	size_t *count = context;
	*count += uuid.len > 0;
}

static void test_lists_of_channels(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		bool whole;
	} rows[] = {
		{"{\"row_count\":2,\"rows\":[{\"uuid\":\"a\"},{\"uuid\":\"b\"}]}", 2, true},
		{"{\"row_count\":0}", 0, true},
		{"{\"row_count\":3,\"rows\":[{\"uuid\":\"a\"},{\"uuid\":\"b\"}]}", 2, false},
		{"{\"row_count\":1,\"rows\":[{\"name\":\"a\"}]}", 0, false},
		{"{\"rows\":[]}", 0, false},
		{"-ERR no\n", 0, false},
		{"", 0, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t count = 0;
		assert_int_equal(esl_channels(slice_text(rows[i].text), count_channel, &count),
			rows[i].whole);
		assert_int_equal(count, rows[i].count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_login_and_an_event),
		cmocka_unit_test(test_percent_signs),
		cmocka_unit_test(test_bytes_cut_anywhere),
		cmocka_unit_test(test_events_as_json),
		cmocka_unit_test(test_a_body_over_the_bound),
		cmocka_unit_test(test_what_is_no_such_stream),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_lists_of_channels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
