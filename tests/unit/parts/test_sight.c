#include "../draw.h"

#include "base/text.h"
#include "channel/parts/sight.h"

static struct sight look(const char *text, const struct marks *marks, bool utf8)
{
	uint8_t bytes[SIGHT_BYTES];
	struct sight_marks spread;
	size_t len = strlen(text);
	assert_true(len <= sizeof(bytes));
	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes, text, len);
	sight_marks_spread(&spread, marks);
	return sight_look(bytes, &spread, utf8);
}

static uint64_t bit(unsigned at)
{
	return UINT64_C(1) << at;
}

static void test_usage(void **state)
{
	(void)state;
	struct sight sight = look("QTY+21:48?'\r\n'", &marks_edifact, false);
	assert_int_equal(sight.ends, bit(10) | bit(13));
	assert_int_equal(sight.opens, bit(3));
	assert_int_equal(sight.cuts, bit(3) | bit(6));
	assert_int_equal(sight.odd, bit(9) | bit(11) | bit(12));
	assert_int_equal(sight.beyond, 0);
	assert_int_equal(sight.doubtful, 0);
}

/* Each byte at each place, by the plain rule. */
static void test_every_byte_everywhere(void **state)
{
	static const struct marks marks = {.component = ':',
		.element = 0x1d,
		.release = '?',
		.repetition = '*',
		.terminator = '\n'};
	struct sight_marks spread;
	(void)state;
	sight_marks_spread(&spread, &marks);
	for (unsigned c = 0; c < 256; c++) {
		for (unsigned at = 0; at < SIGHT_BYTES; at++) {
			uint8_t bytes[SIGHT_BYTES];
			memset(bytes, 'x', sizeof(bytes));
			bytes[at] = (uint8_t)c;
			struct sight sight = sight_look(bytes, &spread, false);
			bool mark = c == ':' || c == 0x1d;
			bool odd = c < 0x20 || c == 0x7f || c == '?' || c == '*';
			assert_int_equal(sight.ends, c == '\n' ? bit(at) : 0);
			assert_int_equal(sight.opens, c == 0x1d ? bit(at) : 0);
			assert_int_equal(sight.cuts, mark ? bit(at) : 0);
			assert_int_equal(sight.odd, odd && !mark && c != '\n' ? bit(at) : 0);
			assert_int_equal(sight.beyond, c >= 0x80 ? bit(at) : 0);
			assert_int_equal(sight.doubtful, sight.beyond);
		}
	}
}

static void test_plain_characters_are_not_doubtful(void **state)
{
	(void)state;
	assert_int_equal(look("NAD+\xe6\x98\x8e\xe8\xbf\x9c+Gr\xc3\xb6\xc3\x9f"
			      "e+\xea\xb0\x80'",
				 &marks_edifact, true)
				 .doubtful,
		0);
	/* Of two and three bytes in which any may follow any; nothing else. */
	for (uint32_t point = 0x80; point < 0x10000; point++) {
		char text[8] = "+";
		bool two = point < 0x800;
		if (two) {
			text[1] = (char)(0xc0 | point >> 6);
			text[2] = (char)(0x80 | (point & 0x3f));
		} else {
			text[1] = (char)(0xe0 | point >> 12);
			text[2] = (char)(0x80 | (point >> 6 & 0x3f));
			text[3] = (char)(0x80 | (point & 0x3f));
		}
		bool plain = point >= 0xc0 && (two || point >= 0x1000) &&
			     !(point >= 0xd000 && point < 0xe000);
		assert_int_equal(look(text, &marks_edifact, true).doubtful == 0, plain);
	}
}

/* What is missing in front of a mark is not made up for behind it. */
static void test_no_character_reaches_beyond_a_mark(void **state)
{
	(void)state;
	assert_int_equal(
		look("a\xe4'\xb6\xb6'", &marks_edifact, true).doubtful, bit(2) | bit(3) | bit(4));
	assert_int_equal(look("\xc3+\xb6'", &marks_edifact, true).doubtful, bit(1) | bit(2));
	assert_int_equal(look("\xe4\xb6'\xb6'", &marks_edifact, true).doubtful, bit(2) | bit(3));
}

/* Whatever is not doubtful is UTF-8, up to the last mark. */
static void test_what_is_no_text_is_doubtful(void **state)
{
	static const uint8_t some[] = {'a', '+', '\'', 0x80, 0xbf, 0xc0, 0xc2, 0xc3, 0xdf, 0xe0,
		0xe1, 0xed, 0xef, 0xf0, 0xf4, 0xff};
	struct sight_marks spread;
	(void)state;
	sight_marks_spread(&spread, &marks_edifact);
	for (unsigned number = 0; number < 65536; number++) {
		uint8_t bytes[SIGHT_BYTES];
		unsigned at = number % 60;
		memset(bytes, 'x', sizeof(bytes));
		for (unsigned i = 0; i < 4; i++)
			bytes[at + i] = some[number >> (i * 4) & 15];
		/* A character that goes on behind the last byte is none of these. */
		bool text = text_is_utf8(slice_of(bytes, sizeof(bytes)));
		struct sight sight = sight_look(bytes, &spread, true);
		if (sight.doubtful == 0 && at + 4 < SIGHT_BYTES)
			assert_true(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_every_byte_everywhere),
		cmocka_unit_test(test_plain_characters_are_not_doubtful),
		cmocka_unit_test(test_no_character_reaches_beyond_a_mark),
		cmocka_unit_test(test_what_is_no_text_is_doubtful),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
