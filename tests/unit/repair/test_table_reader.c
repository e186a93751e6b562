#include "channel/repair/table_reader.h"

#include "support/unit.h"

#include <stdlib.h>

#include "base/limits.h"
#include "rows.h"

static const struct table_options plain = {
	.charset = CHARSET_UTF8, .delimiter = ',', .header = true};

/* All rows and rejects of `bytes`. */
static const char *read_all(const struct table_options *options, const char *bytes, size_t len)
{
	static struct buffer out;
	struct input *input;
	struct table_reader *reader;
	struct row row;
	struct repair_reject reject;
	enum ch_status status;
	buffer_clear(&out);
	assert_int_equal(input_open_bytes(slice_of(bytes, len), &input), CH_OK);
	assert_int_equal(table_reader_open(input, options, &reader), CH_OK);
	for (int i = 0; (status = table_reader_next(reader, &row, &reject)) != CH_END; i++) {
		assert_true(i < 1000);
		if (status == CH_OK)
			rows_print(&out, &row);
		else
			rows_print_reject(&out, &reject);
	}
	/* The end stays the end. */
	assert_int_equal(table_reader_next(reader, &row, &reject), CH_END);
	table_reader_close(reader);
	input_close(input);
	return buffer_text(&out);
}

#define READ(options, text) read_all(options, text, sizeof(text) - 1)

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(READ(&plain, "id,name\nA1,王芳\nA2,\"Li, \"\"Tom\"\"\"\n"),
		"2: id=A1 name=王芳\n"
		"3: id=A2 name=Li, \"Tom\"\n");
}

static void test_line_ends(void **state)
{
	(void)state;
	assert_string_equal(
		READ(&plain, "\xEF\xBB\xBFid,note\r\n\r\nA1,\"two\r\nlines\"\r\nA2, x \r\n"),
		"3: id=A1 note=two\r\nlines\n"
		"5: id=A2 note=x\n");
	assert_string_equal(READ(&plain, "id,note\rA1,x\rA2,y\r"), "2: id=A1 note=x\n"
								   "3: id=A2 note=y\n");
	assert_string_equal(READ(&plain, ""), "");
	assert_string_equal(READ(&plain, "\xEF\xBB\xBF\n\n"), "");
}

static void test_other_shapes(void **state)
{
	static const struct slice names[] = {
		{(const uint8_t *)"id", 2}, {NULL, 0}, {(const uint8_t *)"name", 4}};
	struct table_options options = plain;
	(void)state;
	options.delimiter = '\t';
	assert_string_equal(READ(&options, "id\tname\t\nA1\t\tx\n"), "2: id=A1 #3=x\n");
	options.delimiter = ';';
	options.header = false;
	assert_string_equal(READ(&options, "A1;x\nA2;y\n"), "1: #1=A1 #2=x\n"
							    "2: #1=A2 #2=y\n");
	options.names = names;
	options.name_count = 3;
	assert_string_equal(READ(&options, "A1;x;Li\nA2;y\n"),
		"1: id=A1 #2=x name=Li\n"
		"! 2.0@8 2 fields where there should be 3\n");
}

static void test_unterminated(void **state)
{
	struct table_options options = plain;
	(void)state;
	assert_string_equal(READ(&plain, "id,name\nA1,Li\nA2,Zh"),
		"2: id=A1 name=Li\n"
		"? 3.0@14 the last record has no line end: it may still be written\n");
	assert_string_equal(READ(&plain, "id,name\nA1,Li\nA2,\"Zh\n"),
		"2: id=A1 name=Li\n"
		"? 3.0@14 the file ends inside quotes: the record may still be written\n");
	options.accept_unterminated = true;
	assert_string_equal(READ(&options, "id,name\nA1,Li\nA2,Zh"), "2: id=A1 name=Li\n"
								     "3: id=A2 name=Zh\n");
	assert_string_equal(READ(&options, "id,name\nA1,Li\nA2,\"Zh\n"),
		"2: id=A1 name=Li\n"
		"! 3.0@17 the file ends inside quotes\n");
}

static void test_bad_rows(void **state)
{
	(void)state;
	/* One bad row costs one row. */
	assert_string_equal(READ(&plain, "id,name\n"
					 "A1,5\" disc\n"
					 "A2,Li,x\n"
					 "A3\n"
					 "A4,\"Li\" x\n"
					 "A5,Li\n"),
		"! 2.2@11 name: its quotes do not match, seen at line 2, byte 12\n"
		"! 3.0@19 3 fields where the header has 2\n"
		"! 4.0@27 1 fields where the header has 2\n"
		"! 5.2@33 name: its quotes do not match, seen at line 5, byte 38\n"
		"6: id=A5 name=Li\n");
	/* A quote that nobody closed swallows the next opening one: reading goes on behind line 2. */
	assert_string_equal(READ(&plain, "id,name\nA1,\"Li\nA2,Wu\nA3,\"He\"\n"),
		"! 2.2@11 name: its quotes do not match, seen at line 4, byte 25\n"
		"3: id=A2 name=Wu\n"
		"4: id=A3 name=He\n");
	struct table_options options = plain;
	options.lenient_quotes = true;
	assert_string_equal(READ(&options, "id,name\nA1,5\" disc\n"), "2: id=A1 name=5\" disc\n");
}

static void test_bad_bytes(void **state)
{
	struct table_options options = plain;
	(void)state;
	assert_string_equal(READ(&plain, "id,name\nA1,\"a\nb\xCD\xF5\"\nA2,\0x\n\xEF\xBB\xBF"
					 "A3,x\nA4,x\n"),
		"! 3.2@15 name: byte 0xcd is not UTF-8 text\n"
		"! 4.2@22 name: a NUL byte\n"
		"! 5.0@25 a byte order mark inside the file: were two files joined?\n"
		"6: id=A4 name=x\n");
	options.charset = CHARSET_GB18030;
	assert_string_equal(READ(&options, "id,name\nA1,\xCD\xF5\xB7\xBC\nA2,\xCD\nA3,\xFF\xFF\n"),
		"2: id=A1 name=王芳\n"
		"! 3.2@19 name: byte 0xcd is not GB18030 text\n"
		"! 4.2@24 name: byte 0xff is not GB18030 text\n");
	assert_string_equal(READ(&options, "id,name\nA1,王芳,上海\nA2,x\n"),
		"! 2.0@8 declared GB18030, but this is UTF-8\n"
		"3: id=A2 name=x\n");
	assert_string_equal(READ(&options, "\xEF\xBB\xBFid,name\nA1,x\n"),
		"!! 1.0@0 the file begins with the mark of UTF-8 but is declared GB18030\n");
	assert_string_equal(READ(&plain, "\xFF\xFEi\0d\0\n\0"),
		"!! 1.0@0 the file begins with the mark of UTF-16, which is not read\n");
	assert_string_equal(
		READ(&plain, "id,\xFF\nA1,x\n"), "!! 1.2@3 byte 0xff is not UTF-8 text\n");
}

/* A record over the bound is passed over in pieces, the next one is read. */
static void test_too_large(void **state)
{
	size_t len = 2u * 1024u * 1024u;
	struct buffer file = {0};
	char expected[400];
	(void)state;
	buffer_append_text(&file, "id,name\nA1,x\nA2,");
	memset(buffer_reserve(&file, len), 'x', len);
	buffer_append_text(&file, "\nA3,y\nA4,\"");
	memset(buffer_reserve(&file, len), '\n', len);
	buffer_append_text(&file, "\"\nA5,z\n");
	(void)snprintf(expected, sizeof(expected),
		"2: id=A1 name=x\n"
		"! 3.0@13 the record is longer than %u bytes\n"
		"4: id=A3 name=y\n"
		"! 5.0@%zu the record is longer than %u bytes\n"
		"? %zu.0@%zu the file ends inside quotes: the record may still be written\n",
		LIMIT_ROW_BYTES, 22 + len, LIMIT_ROW_BYTES, 5 + len, 26 + 2 * len);
	/* Of the second the first line is passed over; its closing quote then opens one. */
	assert_string_equal(read_all(&plain, (const char *)file.data, file.len), expected);
	buffer_fini(&file);

	buffer_append_text(&file, "id,name\n");
	for (size_t i = 0; i < LIMIT_ROW_COLUMNS; i++)
		buffer_append_text(&file, "x,");
	buffer_append_text(&file, "x\nA1,y\n");
	assert_string_equal(read_all(&plain, (const char *)file.data, file.len),
		"! 2.0@8 too many fields\n"
		"3: id=A1 name=y\n");
	buffer_fini(&file);
}

/* The places of fields, for a clerk with an editor. */
static void test_places(void **state)
{
	static const char text[] = "id,a,b\r\nA1,\"x\r\ny\",z\r\n";
	struct input *input;
	struct table_reader *reader;
	struct row row;
	struct repair_reject reject;
	(void)state;
	assert_int_equal(
		input_open_bytes(SLICE_LITERAL("id,a,b\r\nA1,\"x\r\ny\",z\r\n"), &input), CH_OK);
	assert_int_equal(table_reader_open(input, &plain, &reader), CH_OK);
	assert_int_equal(table_reader_next(reader, &row, &reject), CH_OK);
	assert_slice_text(row.raw, "A1,\"x\r\ny\",z");
	assert_int_equal(row.at.record, 2);
	assert_int_equal(row.cells[1].at.byte, strchr(text, '"') - text);
	assert_int_equal(row.cells[1].at.line, 2);
	assert_int_equal(row.cells[2].at.byte, strchr(text, 'z') - text);
	assert_int_equal(row.cells[2].at.line, 3);
	assert_int_equal(row.cells[2].at.column, 3);
	table_reader_close(reader);
	input_close(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_other_shapes),
		cmocka_unit_test(test_unterminated),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
