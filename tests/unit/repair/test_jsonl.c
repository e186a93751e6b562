#include "channel/repair/jsonl.h"

#include "support/unit.h"

#include "base/limits.h"
#include "rows.h"

static const char *read_all(const char *bytes, size_t len, bool accept_unterminated)
{
	static struct buffer out;
	struct input *input;
	struct jsonl_reader *reader;
	struct repair_reject reject;
	struct slice raw;
	struct place at;
	struct row row;
	json_t *object;
	enum ch_status status;
	buffer_clear(&out);
	assert_int_equal(input_open_bytes(slice_of(bytes, len), &input), CH_OK);
	assert_int_equal(jsonl_open(input, accept_unterminated, &reader), CH_OK);
	while ((status = jsonl_next(reader, &object, &raw, &at, &reject)) != CH_END) {
		if (status == CH_OK)
			status = jsonl_flatten(reader, &row, &reject);
		if (status == CH_OK)
			rows_print(&out, &row);
		else
			rows_print_reject(&out, &reject);
	}
	assert_int_equal(jsonl_next(reader, &object, &raw, &at, &reject), CH_END);
	jsonl_close(reader);
	input_close(input);
	return buffer_text(&out);
}

#define READ(text) read_all(text, sizeof(text) - 1, false)

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(
		READ("\xEF\xBB\xBF{\"id\":7,\"customer\":{\"name\":\" 王芳 \",\"phones\":"
		     "[\"1\",\"2\"]},\"ok\":true,\"none\":null,\"empty\":{}}\r\n\n"
		     "{\"price\":12.30,\"tiny\":0.1,\"far\":0.30000000000000004}\n"),
		"1: id=7 customer.name=王芳 customer.phones[0]=1 customer.phones[1]=2 ok=true\n"
		"3: price=12.3 tiny=0.1 far=0.30000000000000004\n");
	assert_string_equal(READ(""), "");
}

static void test_garbage_between(void **state)
{
	(void)state;
	assert_string_equal(READ("{\"a\":1}\n"
				 "2026-03-02 08:00 INFO starting\n"
				 "[1,2]\n"
				 "{\"a\":1,\"a\":2}\n"
				 "{\"a\":99999999999999999999}\n"
				 "{\"a\":\"\xCD\xF5\"}\n"
				 "{\"a\":\"x\0\"}\n"
				 "\xEF\xBB\xBF{\"a\":1}\n"
				 "{\"a\":2} {\"a\":3}\n"
				 "{\"a\":4}\n"),
		"1: a=1\n"
		"! 2.7@14 end of file expected\n"
		"! 3.1@39 must be one JSON object\n"
		"! 4.11@55 duplicate object key\n"
		"! 5.26@84 too big integer\n"
		"! 6.7@92 not UTF-8 text\n"
		"! 7.8@104 a NUL byte\n"
		"! 8.1@108 a byte order mark inside the file: were two files joined?\n"
		"! 9.10@128 end of file expected\n"
		"10: a=4\n");
}

static void test_unterminated(void **state)
{
	static const char text[] = "{\"a\":1}\n{\"a\":2}";
	(void)state;
	assert_string_equal(READ("{\"a\":1}\n{\"a\":2}"),
		"1: a=1\n"
		"? 2.1@8 the last line has no end: it may still be written\n");
	assert_string_equal(read_all(text, sizeof(text) - 1, true), "1: a=1\n"
								    "2: a=2\n");
}

static void test_bounds(void **state)
{
	struct buffer text = {0};
	size_t len = 2u * 1024u * 1024u;
	(void)state;
	buffer_append_text(&text, "{\"a\":\"");
	memset(buffer_reserve(&text, len), 'x', len);
	buffer_append_text(&text, "\"}\n{\"deep\":");
	for (int i = 0; i < 20; i++)
		buffer_append_byte(&text, '[');
	for (int i = 0; i < 20; i++)
		buffer_append_byte(&text, ']');
	buffer_append_text(&text, "}\n{\"wide\":[0");
	for (unsigned i = 0; i < LIMIT_ROW_COLUMNS; i++)
		buffer_append_text(&text, ",1");
	buffer_append_text(&text, "]}\n{\"a\":1}\n");
	for (int i = 0; i < 100000; i++)
		buffer_append_byte(&text, '[');
	buffer_append_text(&text, "\n");
	const char *got = read_all((const char *)text.data, text.len, false);
	assert_non_null(strstr(got, "! 1.1@0 the line is longer than 1048576 bytes\n! 2.1@"));
	assert_non_null(strstr(got, "is nested too deep\n! 3.1@"));
	assert_non_null(strstr(got, "too many members\n4: a=1\n! 5."));
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_garbage_between),
		cmocka_unit_test(test_unterminated),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
