#include "kit/charset.h"

#include "support/unit.h"

static void decode(enum charset charset, const char *bytes, size_t len, enum ch_status status,
	const char *text, size_t bad)
{
	struct charset_decoder *decoder;
	struct buffer out = {0};
	size_t at = 0;
	assert_int_equal(charset_open(charset, &decoder), CH_OK);
	buffer_append_text(&out, "kept ");
	assert_int_equal(charset_decode(decoder, slice_of(bytes, len), &out, &at), status);
	assert_int_equal(at, bad);
	assert_memory_equal(buffer_text(&out), "kept ", 5);
	assert_string_equal(buffer_text(&out) + 5, text);
	buffer_fini(&out);
	charset_close(decoder);
}

static void test_decode(void **state)
{
	(void)state;
	decode(CHARSET_UTF8, "王芳", 6, CH_OK, "王芳", 0);
	decode(CHARSET_GB18030, "\xCD\xF5\xB7\xBC", 4, CH_OK, "王芳", 0);
	decode(CHARSET_GB18030, "\x81\x30\x81\x30 x", 6, CH_OK, "\xC2\x80 x", 0);
	decode(CHARSET_GB18030, "\x94\x39\xDA\x33", 4, CH_OK, "\xF0\x9F\x92\xA9", 0);
	decode(CHARSET_GB18030, "", 0, CH_OK, "", 0);
}

static void test_where_it_breaks(void **state)
{
	(void)state;
	decode(CHARSET_UTF8, "ab\xCD\xF5", 4, CH_FORMAT, "", 2);
	decode(CHARSET_UTF8, "王\xE8\x8A", 5, CH_FORMAT, "", 3);
	decode(CHARSET_UTF8, "\xC0\xA0", 2, CH_FORMAT, "", 0);
	decode(CHARSET_GB18030, "\xCD\xF5\xB7", 3, CH_FORMAT, "", 2);
	decode(CHARSET_GB18030, "a\xCD,", 3, CH_FORMAT, "", 1);
	decode(CHARSET_GB18030, "abc\xFF", 4, CH_FORMAT, "", 3);
}

static void test_names(void **state)
{
	enum charset charset;
	(void)state;
	assert_int_equal(charset_parse(SLICE_LITERAL("gbk"), &charset), CH_OK);
	assert_int_equal(charset, CHARSET_GB18030);
	assert_int_equal(charset_parse(SLICE_LITERAL("utf-8"), &charset), CH_OK);
	assert_int_equal(charset, CHARSET_UTF8);
	assert_int_equal(charset_parse(SLICE_LITERAL("big5"), &charset), CH_OK);
	assert_string_equal(charset_name(charset), "Big5");
	assert_int_equal(charset_parse(SLICE_LITERAL("UTF-7"), &charset), CH_INVALID);
	assert_int_equal(charset_parse(SLICE_LITERAL("UTF-16"), &charset), CH_INVALID);
	assert_int_equal(charset_parse(SLICE_LITERAL(""), &charset), CH_INVALID);
}

static void test_marks(void **state)
{
	static const struct {
		const char *head;
		enum charset charset;
		size_t len; /* 0: none */
	} cases[] = {
		{"\xEF\xBB\xBFid", CHARSET_UTF8, 3},
		{"\xFF\xFEi", CHARSET_UTF16LE, 2},
		{"\xFE\xFFi", CHARSET_UTF16BE, 2},
		{"\x84\x31\x95\x33id", CHARSET_GB18030, 4},
		{"\x84\x31\x95", CHARSET_UTF8, 0},
		{"id", CHARSET_UTF8, 0},
		{"", CHARSET_UTF8, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum charset charset = CHARSET_UTF8;
		size_t len = 0;
		assert_int_equal(
			charset_mark(slice_text(cases[i].head), &charset, &len), cases[i].len > 0);
		assert_int_equal(len, cases[i].len);
		assert_int_equal(charset, cases[i].charset);
	}
}

/* Fed in pieces of every size. */
static void stream(enum charset charset, const char *bytes, size_t len, const char *text)
{
	for (size_t step = 1; step <= len; step++) {
		struct charset_decoder *decoder;
		struct buffer out = {0};
		assert_int_equal(charset_open(charset, &decoder), CH_OK);
		for (size_t at = 0; at < len; at += step)
			assert_int_equal(charset_decode_part(decoder,
						 slice_sub(slice_of(bytes, len), at, step), &out),
				CH_OK);
		assert_false(charset_is_cut(decoder));
		assert_slice_text(buffer_slice(&out), text);
		buffer_fini(&out);
		charset_close(decoder);
	}
}

static void test_streams(void **state)
{
	struct charset_decoder *decoder;
	struct buffer out = {0};
	(void)state;
	stream(CHARSET_UTF8, "王芳", 6, "王芳");
	stream(CHARSET_GB18030, "a\xCD\xF5\x94\x39\xDA\x33\xB7\xBC", 9, "a王💩芳");
	/* Second bytes that look like ASCII, between stretches that are. */
	static const char mixed[] = "<Name x=\"1234567\">\x81\x40\x8F\x5C"
				    "ab1234567890\x81\x30\x81\x30z\xCD\xF5</Name>";
	stream(CHARSET_GB18030, mixed, sizeof(mixed) - 1,
		"<Name x=\"1234567\">丂廫ab1234567890\xC2\x80z王</Name>");
	stream(CHARSET_BIG5, "\xA4\xFD", 2, "王");
	stream(CHARSET_SHIFT_JIS, "\x89\xA4\xB1", 3, "王ｱ");
	stream(CHARSET_LATIN1, "\xE9", 1, "é");
	stream(CHARSET_WINDOWS1252, "\x80\x80\x80", 3, "€€€");
	stream(CHARSET_UTF16LE, "\x8B\x73\x3D\xD8\xA9\xDC", 6, "王💩");

	assert_int_equal(charset_open(CHARSET_GB18030, &decoder), CH_OK);
	assert_int_equal(charset_decode_part(decoder, SLICE_LITERAL("a\xCD"), &out), CH_OK);
	assert_true(charset_is_cut(decoder));
	assert_int_equal(charset_decode_part(decoder, SLICE_LITERAL("\xFF\xFF"), &out), CH_FORMAT);
	assert_slice_text(buffer_slice(&out), "a");
	buffer_fini(&out);
	charset_close(decoder);
	decode(CHARSET_WINDOWS1252, "\x80\x80\x80\x80\x80\x80", 6, CH_OK, "€€€€€€", 0);
}

static void test_wrongly_declared(void **state)
{
	(void)state;
	assert_true(charset_is_utf8_after_all(SLICE_LITERAL("A1,王芳,上海市,13800001111")));
	/* Too little to be sure, or really GB18030. */
	assert_false(charset_is_utf8_after_all(SLICE_LITERAL("A1,王芳")));
	assert_false(charset_is_utf8_after_all(SLICE_LITERAL("plain")));
	assert_false(charset_is_utf8_after_all(SLICE_LITERAL("\xC1\xAA\xCD\xA8\xC1\xAA\xCD\xA8")));
	assert_false(charset_is_utf8_after_all(SLICE_LITERAL("\xE7\x8E")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_where_it_breaks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_wrongly_declared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
