#include "module/data/datafile.h"

#include "support/unit.h"

#include <stdlib.h>

/* All rows as "[field|field]" and what ends them. */
static const char *read_as(enum data_layout layout, char delimiter, const char *bytes, size_t len)
{
	static struct buffer out;
	struct data_file *file;
	struct data_row row;
	struct refusal refusal;
	enum ch_status status;
	buffer_clear(&out);
	status = data_file_open_bytes(slice_of(bytes, len), layout, delimiter, &file, &refusal);
	if (status != CH_OK)
		goto refused;
	while ((status = data_file_next(file, &row, &refusal)) == CH_OK) {
		for (size_t i = 0; i < row.count; i++) {
			buffer_append_text(&out, i == 0 ? "[" : "|");
			buffer_append_slice(&out, row.fields[i].text);
		}
		buffer_append_text(&out, "]");
	}
	data_file_close(file);
	if (status == CH_END)
		return buffer_text(&out);
refused:
	buffer_printf(&out, "%s %d:%d %s", ch_status_name(status), (int)refusal.at.line,
		(int)refusal.at.column, refusal.reason);
	return buffer_text(&out);
}

#define TABLE(text) read_as(DATA_TABLE, DATA_DETECT, text, sizeof(text) - 1)
#define LINES(text) read_as(DATA_LINES, DATA_DETECT, text, sizeof(text) - 1)

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(TABLE("name,size\nradio,\"12\"\n"), "[name|size][radio|12]");
	assert_string_equal(TABLE("name\tsize\na, b\t12"), "[name|size][a, b|12]");
	assert_string_equal(TABLE("name;size\n1,5;2"), "[name|size][1,5|2]");
	assert_string_equal(
		TABLE("  diameter   trial \n74.030  1  \n"), "[diameter|trial][74.030|1]");
}

static void test_delimiter_is_found(void **state)
{
	(void)state;
	/* The first line alone speaks for a table, the first that has any for baskets. */
	assert_string_equal(TABLE("whole milk\na,b\n"), "[whole|milk][a,b]");
	assert_string_equal(LINES("\nwhole milk\na,b\n"), "[whole milk][a|b]");
	assert_string_equal(LINES("1 2 3\n4\n"), "[1|2|3][4]");
	assert_string_equal(LINES("\"a,b\" c\nd\n"), "[a,b|c][d]");
	/* A quote in the middle opens nothing. */
	assert_string_equal(LINES("5\" pipe,nut\n"), "[5\" pipe|nut]");
	assert_string_equal(read_as(DATA_TABLE, ';', "a,b;c", 5), "[a,b|c]");
}

static void test_quotes_and_line_ends(void **state)
{
	(void)state;
	assert_string_equal(TABLE("\xEF\xBB\xBF\"a \"\"b\"\"\",\" c\r\nd\" , e \r\n\r\n,\r"),
		"[a \"b\"| c\r\nd|e][|]");
	assert_string_equal(TABLE("a,\"\",\n"), "[a||]");
	assert_string_equal(TABLE("\"\""), "[]");
	assert_string_equal(TABLE(""), "");
	assert_string_equal(TABLE(" \n\t\n"), "");
}

static void test_refusals_name_the_place(void **state)
{
	(void)state;
	assert_string_equal(TABLE("a,b\nc,\"d\n\n"), "[a|b]format 2:3 a quote that is not closed");
	assert_string_equal(TABLE("a,b\r\nc,\"d\"e\n"),
		"[a|b]format 2:6 text behind the quote that closes a field");
	assert_string_equal(TABLE("a\n\nb\xff\n"), "format 3:2 no UTF-8");
	assert_string_equal(TABLE("a\r\nb\0\n"), "format 2:2 a NUL byte");
}

static void test_bounds(void **state)
{
	(void)state;
	static char wide[4000];
	struct data_file *file;
	struct data_row row;
	struct refusal refusal;
	memset(wide, ',', sizeof(wide));
	assert_int_equal(data_file_open_bytes(slice_of(wide, sizeof(wide)), DATA_TABLE, DATA_DETECT,
				 &file, &refusal),
		CH_OK);
	assert_int_equal(data_file_next(file, &row, &refusal), CH_TOO_LARGE);
	assert_string_equal(refusal.reason, "more than 1024 fields");
	data_file_close(file);
	assert_int_equal(
		data_file_open("/nowhere/at/all", DATA_TABLE, ',', &file, &refusal), CH_NOT_FOUND);
	assert_true(refusal.reason[0] != 0);
}

static void test_rewind_and_places(void **state)
{
	(void)state;
	struct data_file *file;
	struct data_row row;
	struct refusal refusal;
	char word[REFUSAL_WORD_BYTES];
	assert_int_equal(data_file_open_bytes(SLICE_LITERAL("\n a b\nc \"d\"\n"), DATA_TABLE,
				 DATA_DETECT, &file, &refusal),
		CH_OK);
	assert_int_equal(data_file_delimiter(file), DATA_BLANKS);
	for (int i = 0; i < 2; i++) {
		data_file_rewind(file);
		assert_int_equal(data_file_next(file, &row, &refusal), CH_OK);
		assert_int_equal(row.at.line, 2);
		assert_int_equal(row.fields[1].at.column, 4);
		assert_int_equal(data_file_next(file, &row, &refusal), CH_OK);
		assert_int_equal(row.fields[1].at.line, 3);
		assert_int_equal(row.fields[1].at.column, 3);
		assert_true(row.fields[1].quoted);
	}
	data_file_close(file);
	/* Messages cut at a character, and never pass a control byte on. */
	assert_string_equal(refusal_word(slice_text("a\033b"), word), "a?b");
	assert_string_equal(refusal_word(slice_text("0123456789012345678901234567890123456789012"
						    "\xe7\x8e\x8b"
						    "0123"),
				    word),
		"0123456789012345678901234567890123456789012...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_delimiter_is_found),
		cmocka_unit_test(test_quotes_and_line_ends),
		cmocka_unit_test(test_refusals_name_the_place),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_rewind_and_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
