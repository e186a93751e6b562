#include "channel/pos/xml_text.h"

#include "support/unit.h"

/* The bytes as UTF-8, fed `step` at a time. */
static enum ch_status decode(
	struct slice raw, size_t step, struct buffer *out, char reason[XML_TEXT_REASON_BYTES])
{
	struct xml_text *text = NULL;
	enum ch_status status = CH_OK;
	reason[0] = '\0';
	assert_int_equal(xml_text_create(&text), CH_OK);
	for (size_t at = 0; at < raw.len && status == CH_OK; at += step)
		status = xml_text_feed(text, slice_sub(raw, at, step), out, reason);
	if (status == CH_OK)
		status = xml_text_end(text, out, reason);
	xml_text_free(text);
	return status;
}

static void assert_decodes(struct slice raw, const char *utf8)
{
	char reason[XML_TEXT_REASON_BYTES];
	for (size_t step = 1; step <= raw.len; step++) {
		struct buffer out = {0};
		assert_int_equal(decode(raw, step, &out, reason), CH_OK);
		assert_slice_text(buffer_slice(&out), utf8);
		buffer_fini(&out);
	}
}

static void assert_refused(struct slice raw, const char *why)
{
	struct buffer out = {0};
	char reason[XML_TEXT_REASON_BYTES];
	assert_int_equal(decode(raw, raw.len, &out, reason), CH_FORMAT);
	assert_string_equal(reason, why);
	buffer_fini(&out);
}

static void test_usage(void **state)
{
	(void)state;
	assert_decodes(SLICE_LITERAL("<a>\xe7\x8e\x8b</a>"), "<a>王</a>");
	assert_decodes(SLICE_LITERAL("<?xml version='1.0' encoding='GB18030'?><a>\xcd\xf5</a>"),
		"<?xml version='1.0' encoding='GB18030'?><a>王</a>");
}

static void test_marks_decide(void **state)
{
	(void)state;
	assert_decodes(SLICE_LITERAL("\xef\xbb\xbf<a/>"), "<a/>");
	assert_decodes(SLICE_LITERAL("\xff\xfe<\0a\0/\0>\0"), "<a/>");
	assert_decodes(SLICE_LITERAL("\xfe\xff\0<\x73\x8b\0/\0>"), "<王/>");
	assert_decodes(SLICE_LITERAL("<\0a\0/\0>\0"), "<a/>");
	assert_decodes(SLICE_LITERAL("\0<\0a\0/\0>"), "<a/>");
}

static void test_declarations(void **state)
{
	(void)state;
	assert_decodes(SLICE_LITERAL("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>"),
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>é</a>");
	assert_decodes(SLICE_LITERAL("<?xml version='1.0' encoding = 'utf-8' ?><a>é</a>"),
		"<?xml version='1.0' encoding = 'utf-8' ?><a>é</a>");
	/* Not in a declaration: text. */
	assert_decodes(SLICE_LITERAL("<a>encoding='UTF-7'</a>"), "<a>encoding='UTF-7'</a>");
	assert_decodes(SLICE_LITERAL(""), "");
	assert_decodes(SLICE_LITERAL("<"), "<");
}

static void test_what_is_not_read_is_told(void **state)
{
	(void)state;
	assert_refused(SLICE_LITERAL("<?xml version='1.0' encoding='UTF-7'?><a/>"),
		"encoding UTF-7 is not read");
	assert_refused(SLICE_LITERAL("<?xml version='1.0' encoding='GBK'?><a>\xff\xff</a>"),
		"bytes that are not GBK");
	assert_refused(SLICE_LITERAL("<?xml version='1.0' encoding='GBK'?><a>\xcd"),
		"a GBK character is cut off");
	assert_refused(SLICE_LITERAL("\xff\xfe<"), "a UTF-16LE character is cut off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_marks_decide),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_what_is_not_read_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
