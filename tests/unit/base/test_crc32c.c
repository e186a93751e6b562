#include "base/crc32c.h"
#include "unit/draw.h"

/* RFC 3720, appendix B.4, and the check value of the catalogues. */
static void gives_the_published_sums(void **state)
{
	(void)state;
	uint8_t bytes[32];
	assert_int_equal(crc32c(0, NULL, 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
}

/* The definition, a bit at a time. */
static uint32_t plain_sum(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	return ~crc;
}

/* Whatever the alignment and however it is cut: words, tails and goings-on all agree. */
static void cutting_changes_nothing(void **state)
{
	(void)state;
	uint64_t seed = 11;
	uint8_t bytes[300];
	draw_bytes(&seed, bytes, sizeof(bytes));
	for (int i = 0; i < 3000; i++) {
		size_t from = draw(&seed, 40);
		size_t len = draw(&seed, sizeof(bytes) - from + 1);
		size_t cut = draw(&seed, len + 1);
		uint32_t want = plain_sum(bytes + from, len);
		assert_int_equal(crc32c(0, bytes + from, len), want);
		uint32_t part = crc32c(0, bytes + from, cut);
		assert_int_equal(crc32c(part, bytes + from + cut, len - cut), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_sums),
		cmocka_unit_test(cutting_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
