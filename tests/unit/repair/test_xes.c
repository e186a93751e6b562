#include "channel/repair/xes.h"

#include "support/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "rows.h"

static const char *read_all(struct slice bytes)
{
	static struct buffer out;
	struct input *input;
	struct xes_reader *reader;
	struct repair_reject reject;
	struct row row;
	enum ch_status status;
	buffer_clear(&out);
	assert_int_equal(input_open_bytes(bytes, &input), CH_OK);
	assert_int_equal(xes_open(input, &reader), CH_OK);
	while ((status = xes_next(reader, &row, &reject)) != CH_END) {
		if (status == CH_OK)
			rows_print(&out, &row);
		else
			rows_print_reject(&out, &reject);
	}
	assert_int_equal(xes_next(reader, &row, &reject), CH_END);
	xes_close(reader);
	input_close(input);
	return buffer_text(&out);
}

#define LOG(inside)        "<log xmlns=\"http://www.xes-standard.org/\">" inside "</log>"
#define STRING(key, value) "<string key=\"" key "\" value=\"" value "\"/>"
#define READ(text)         read_all(SLICE_LITERAL(text))

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(
		READ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" LOG("<global scope=\"event\">" STRING(
			"a", "default") "</global>" STRING("concept:name",
			"log") "\n"
			       "<trace>" STRING("concept:name", "T&amp;1") STRING("b",
				       "x") "\n"
					    "<event>" STRING("a",
						    "1 &lt; 2 &#38; 3") "<int key=\"n\" value=\"-7\"/></event>\n"
									"<event><date key=\"d\" value=\"2026-03-02T08:00:00.000+08:00\"/></event></trace>\n"
									"<trace>" STRING(
										"concept:name",
										"T2") "<event>" STRING("a",
										"2") "</event></trace>\n")),
		"4: a=1 < 2 & 3 n=-7 trace:concept:name=T&1 trace:b=x log:concept:name=log event:index=1\n"
		"5: d=2026-03-02T08:00:00.000+08:00 trace:concept:name=T&1 trace:b=x "
		"log:concept:name=log event:index=2\n"
		"6: a=2 trace:concept:name=T2 log:concept:name=log event:index=1\n");
}

static void test_nested(void **state)
{
	(void)state;
	assert_string_equal(
		READ(LOG("<trace><event><string key=\"a\" value=\"1\">" STRING(
			"b", "2") "<container key=\"c\">" STRING("d",
			"3") "</container></string>"
			     "<list key=\"l\"><values>" STRING("x", "4")
				     STRING("x", "5") "</values></list><other key=\"z\">" STRING(
					     "y", "6") "</other></event></trace>")),
		"1: a=1 a/b=2 a/c/d=3 l/x=4 l/x=5 event:index=1\n");
}

static void test_values(void **state)
{
	static const struct {
		const char *type;
		const char *value;
		const char *reason; /* "": good */
	} cases[] = {
		{"int", "9223372036854775807", ""},
		{"int", "+5", ""},
		{"int", "9223372036854775808", "is no integer, or out of its range"},
		{"int", "1.5", "is no integer, or out of its range"},
		{"float", "-1.5E-3", ""},
		{"float", "NaN", ""},
		{"float", ".5", ""},
		{"float", "1,5", "is no number"},
		{"float", "1e", "is no number"},
		{"boolean", "true", ""},
		{"boolean", "yes", "is neither true nor false"},
		{"date", "2026-02-29T00:00:00Z", "there is no such day or time"},
		{"date", "soon", "is no date and time"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[300];
		char expected[200];
		(void)snprintf(text, sizeof(text),
			LOG("<trace><event><%s key=\"k\" value=\"%s\"/></event></trace>"),
			cases[i].type, cases[i].value);
		if (cases[i].reason[0] == 0)
			(void)snprintf(expected, sizeof(expected), "1: k=%s event:index=1\n",
				cases[i].value);
		else
			(void)snprintf(
				expected, sizeof(expected), "! 1.57@56 k: %s\n", cases[i].reason);
		assert_string_equal(read_all(slice_text(text)), expected);
	}
}

/* One bad event costs one event, a bad attribute of a trace its events. */
static void test_bad_events(void **state)
{
	(void)state;
	assert_string_equal(
		READ(LOG("\n<trace><event><string value=\"1\"/></event>\n"
			 "<event><string key=\"a\"/></event>\n"
			 "<event>" STRING(
				 "a", "1") "</event></trace>\n"
					   "<trace><int key=\"n\" value=\"x\"/>\n"
					   "<event>" STRING("a",
						   "2") "</event></trace>\n"
							"<trace><event>" STRING("a",
								"3") "</event></trace>\n"
								     "<event>" STRING("a",
									     "4") "</event>\n")),
		"! 2.15@57 string: an attribute without a key\n"
		"! 3.8@92 string: an attribute without a value\n"
		"4: a=1 event:index=3\n"
		"! 5.8@176 n: is no integer, or out of its range\n"
		"7: a=3 event:index=1\n"
		"8: a=4 event:index=2\n");
}

static void test_hostile(void **state)
{
	(void)state;
	assert_string_equal(
		READ("<!DOCTYPE log [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>" LOG(
			"<trace><event>" STRING("x", "&b;") "</event></trace>")),
		"!! 1.1@0 a document type declaration is not allowed\n");
	assert_string_equal(READ("<!DOCTYPE log SYSTEM \"file:///etc/passwd\">" LOG("")),
		"!! 1.1@0 a document type declaration is not allowed\n");
	assert_string_equal(
		READ("<html/>"), "!! 1.1@0 the document is a <html>, not an XES <log>\n");
	assert_non_null(strstr(READ(LOG("<trace><event>" STRING("x", "1") "</event><event>" STRING(
				       "x", "&undeclared;") "</event></trace>")),
		"1: x=1 event:index=1\n!! 1."));
	struct buffer deep = {0};
	buffer_append_text(&deep, "<log><trace><event>");
	for (int i = 0; i < 5000; i++)
		buffer_append_text(&deep, "<list key=\"l\">");
	assert_non_null(strstr(read_all(buffer_slice(&deep)), "<list> is nested too deep\n"));
	buffer_fini(&deep);
	buffer_append_text(&deep, "<log ");
	for (unsigned i = 0; i < LIMIT_XML_ATTRIBUTES + 3000; i++)
		buffer_append_text(&deep, "a='1' ");
	assert_non_null(strstr(read_all(buffer_slice(&deep)), "a tag of too many attributes\n"));
	buffer_fini(&deep);
	buffer_append_text(&deep, "<log><trace><event>");
	for (unsigned i = 0; i <= LIMIT_ROW_COLUMNS; i++)
		buffer_append_text(&deep, STRING("k", "v"));
	buffer_append_text(&deep, "</event><event>" STRING("x", "1") "</event></trace></log>");
	assert_non_null(strstr(read_all(buffer_slice(&deep)),
		"k: has too many or too long attributes\n1: x=1 event:index=2\n"));
	buffer_fini(&deep);
}

static void test_cut_off(void **state)
{
	static const char text[] = LOG("<trace>" STRING("concept:name", "T1") "<event>" STRING(
		"a", "1") "</event>"
			  "<event>" STRING("a", "2") "</event></trace>");
	const char *end = strstr(text, "</event>") + 8;
	const char *second_end = strstr(end, "</event>") + 8;
	(void)state;
	/* Cut anywhere it is incomplete, and what came before is given. */
	for (size_t len = 1; len < sizeof(text) - 1; len++) {
		const char *got = read_all(slice_of(text, len));
		assert_non_null(strstr(got, "the document is not finished"));
		assert_non_null(strchr(got, '?'));
		assert_int_equal(strstr(got, "a=1") != NULL, text + len >= end);
		assert_int_equal(strstr(got, "a=2") != NULL, text + len >= second_end);
	}
	assert_string_equal(
		READ(""), "?! 1.1@0 the document is not finished: it may still be written\n");
	/* Rubbish behind it is no longer XES. */
	assert_string_equal(READ(LOG("") "<log/>"),
		"!! 1.49@48 not well-formed XML: Extra content at the end of the document\n");
}

/* Writers order attributes as they like: the digest is of the same bytes. */
static void test_digest_basis(void **state)
{
	static const char *const logs[] = {
		LOG("<trace>" STRING("t", "1") "<event>" STRING("a", "1")
				STRING("b", "2") "</event></trace>"),
		LOG("\n <trace>" STRING("t", "1") "\n<event>" STRING("b", "2")
				STRING("a", "1") "</event></trace>"),
	};
	struct buffer first = {0};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct input *input;
		struct xes_reader *reader;
		struct repair_reject reject;
		struct row row;
		assert_int_equal(input_open_bytes(slice_text(logs[i]), &input), CH_OK);
		assert_int_equal(xes_open(input, &reader), CH_OK);
		assert_int_equal(xes_next(reader, &row, &reject), CH_OK);
		if (i == 0)
			buffer_append_slice(&first, row.raw);
		else
			assert_true(slice_equal(row.raw, buffer_slice(&first)));
		xes_close(reader);
		input_close(input);
	}
	buffer_fini(&first);
}

/* What is no text in the file's charset is a reject, not the end; and its bytes do not stand on standard error. */
static void test_charset(void **state)
{
	int kept = dup(STDERR_FILENO);
	FILE *told = tmpfile();
	(void)state;
	assert_true(kept >= 0 && told != NULL);
	assert_int_equal(dup2(fileno(told), STDERR_FILENO), STDERR_FILENO);
	const char *text = READ(
		"<?xml version=\"1.0\" encoding=\"GB18030\"?><log><trace>\xff\xff\xff\xff</trace></log>");
	(void)fflush(stderr);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(lseek(fileno(told), 0, SEEK_END), 0);
	assert_non_null(strstr(text, "bytes that are not text in the charset it declares"));
	(void)fclose(told); /* gone with its bytes */
	(void)close(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad_events),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_digest_basis),
		cmocka_unit_test(test_charset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
