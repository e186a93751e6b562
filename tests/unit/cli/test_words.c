/* words: numbers as people read them. */
#include "support/unit.h"

#include "cli/words.h"

static void test_show(void **state)
{
	char text[WORDS_BYTES];
	(void)state;
	assert_string_equal(words_count(1234567, text), "1 234 567");
	assert_string_equal(words_many(1, "entry", "entries", text), "1 entry");
	assert_string_equal(words_many(1234, "entry", "entries", text), "1 234 entries");
	assert_string_equal(words_bytes(12595, text), "12.3 KiB");
	assert_string_equal(words_duration(200 * INT64_C(1000000), text), "3 min 20 s");
	assert_string_equal(words_time(INT64_C(1772352000000000), text), "2026-03-01T08:00:00Z");
	assert_string_equal(words_customer(UINT64_C(100000000190), text), "100000000190");
}

static void test_edges(void **state)
{
	char text[WORDS_BYTES];
	(void)state;
	assert_string_equal(words_count(0, text), "0");
	assert_string_equal(words_count(999, text), "999");
	assert_string_equal(words_count(1000, text), "1 000");
	assert_string_equal(words_count(UINT64_MAX, text), "18 446 744 073 709 551 615");
	assert_string_equal(words_many(0, "entry", "entries", text), "0 entries");
	assert_string_equal(words_bytes(1023, text), "1023 B");
	assert_string_equal(words_bytes(1024, text), "1.0 KiB");
	assert_string_equal(words_bytes(UINT64_MAX, text), "16.0 EiB");
	assert_string_equal(words_duration(-1, text), "-");
	assert_string_equal(words_duration(0, text), "0 us");
	assert_string_equal(words_duration(999, text), "999 us");
	assert_string_equal(words_duration(86400 * INT64_C(1000000), text), "1 d 0 h");
	assert_string_equal(words_time(0, text), "-");
	assert_string_equal(words_customer(0, text), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_edges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
