#include "base/text.h"
#include "unit/draw.h"

static void splits_and_trims(void **state)
{
	(void)state;
	struct slice rest = SLICE_LITERAL(" a ,,b");
	struct slice part;
	assert_true(text_split(&rest, ',', &part));
	assert_slice_text(text_trim(part), "a");
	assert_true(text_split(&rest, ',', &part));
	assert_int_equal(part.len, 0);
	assert_true(text_split(&rest, ',', &part));
	assert_slice_text(part, "b");
	assert_false(text_split(&rest, ',', &part));
	rest = SLICE_LITERAL("a,");
	assert_true(text_split(&rest, ',', &part));
	assert_true(text_split(&rest, ',', &part)); /* what follows the last separator is a part */
	assert_int_equal(part.len, 0);
	assert_false(text_split(&rest, ',', &part));
	assert_int_equal(text_trim(SLICE_LITERAL(" \t\r\n")).len, 0);
	assert_int_equal(text_trim(slice_of(NULL, 0)).len, 0);
}

static void reads_numbers_to_the_last_one(void **state)
{
	(void)state;
	uint64_t number = 7;
	int64_t whole = 7;
	assert_int_equal(
		text_parse_u64(SLICE_LITERAL("18446744073709551615"), UINT64_MAX, &number), CH_OK);
	assert_true(number == UINT64_MAX);
	assert_int_equal(text_parse_u64(SLICE_LITERAL("18446744073709551616"), UINT64_MAX, &number),
		CH_INVALID);
	assert_int_equal(text_parse_u64(SLICE_LITERAL("11"), 10, &number), CH_INVALID);
	assert_int_equal(text_parse_u64(SLICE_LITERAL("0010"), 10, &number), CH_OK);
	assert_int_equal(number, 10);
	assert_int_equal(text_parse_i64(SLICE_LITERAL("-9223372036854775808"), &whole), CH_OK);
	assert_true(whole == INT64_MIN);
	assert_int_equal(text_parse_i64(SLICE_LITERAL("9223372036854775808"), &whole), CH_INVALID);
	assert_int_equal(text_parse_i64(SLICE_LITERAL("-9223372036854775809"), &whole), CH_INVALID);
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "--1", "1a", "0x1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_parse_i64(slice_text(bad[i]), &whole), CH_FORMAT);
	assert_true(whole == INT64_MIN);
}

static void hex_goes_there_and_back(void **state)
{
	(void)state;
	uint8_t bytes[] = {0x00, 0x9a, 0xff};
	uint8_t back[3] = {0};
	struct buffer hex = {0};
	text_append_hex(&hex, slice_of(bytes, sizeof(bytes)));
	assert_string_equal(buffer_text(&hex), "009aff");
	assert_int_equal(text_parse_hex(SLICE_LITERAL("009AfF"), back), CH_OK);
	assert_memory_equal(back, bytes, sizeof(bytes));
	assert_int_equal(text_parse_hex(SLICE_LITERAL("abc"), back), CH_FORMAT);
	assert_int_equal(text_parse_hex(SLICE_LITERAL("11 g"), back), CH_FORMAT);
	assert_memory_equal(back, bytes, sizeof(bytes));
	buffer_fini(&hex);
}

/* Every code point as its shortest form is well formed, but surrogates; and no cut of it is. */
static void takes_exactly_the_code_points(void **state)
{
	(void)state;
	for (uint32_t point = 0x80; point < 0x110800; point += point < 0x1000 ? 1 : 61) {
		uint8_t b[4];
		size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
		static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
		for (size_t i = len; i-- > 0;)
			b[i] = (uint8_t)((point >> (6 * (len - 1 - i)) & 0x3f) | 0x80);
		b[0] = (uint8_t)(point >> (6 * (len - 1)) | lead[len]);
		bool good = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
		assert_int_equal(text_is_utf8(slice_of(b, len)), good);
		for (size_t cut = 1; cut < len; cut++)
			assert_false(text_is_utf8(slice_of(b, cut)));
	}
}

static void finds_the_first_bad_byte(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t prefix;
	} known[] = {
		{"", 0},
		{"plain text, long enough", 23},
		{"\x80", 0},
		{"ab\xc0\xaf", 2},            /* overlong */
		{"\xe0\x80\xaf", 0},          /* overlong */
		{"\xf0\x80\x80\xaf", 0},      /* overlong */
		{"\xed\xa0\x80", 0},          /* a surrogate */
		{"\xf4\x90\x80\x80", 0},      /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 0},      /* no such first byte */
		{"\xe7\x8e\x8b\xe8\x8a", 3},  /* cut */
		{"12345678\xe7\x8e\x8b", 11}, /* behind a word of ASCII */
		{"12345678\xe7\x8e"
		 "a",
			8},
		{"\xe7\x8e\x8b"
		 "12345678\xff",
			11},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(text_utf8_prefix(slice_text(known[i].text)), known[i].prefix);
	assert_true(text_is_utf8(slice_of("a\0b", 3)));
}

static void html_has_no_signs_of_its_own(void **state)
{
	(void)state;
	struct buffer out = {0};
	text_append_html(&out, slice_text("a <b> & \"c\" 'd' \xe7\x8e\x8b"));
	text_append_html(&out, (struct slice){NULL, 0});
	assert_string_equal(
		buffer_text(&out), "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; \xe7\x8e\x8b");
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_and_trims),
		cmocka_unit_test(reads_numbers_to_the_last_one),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(html_has_no_signs_of_its_own),
		cmocka_unit_test(takes_exactly_the_code_points),
		cmocka_unit_test(finds_the_first_bad_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
