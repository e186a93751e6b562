#include "channel/website/chunked.h"

#include "support/unit.h"

/* Whole, and byte for byte: the same. */
static void check(const char *raw, size_t most, enum ch_status wanted, const char *body)
{
	for (size_t step = 1; step <= strlen(raw); step += step == 1 ? strlen(raw) : 1) {
		struct chunked chunked = {.state = CHUNKED_SIZE};
		struct buffer out = {0};
		enum ch_status status = CH_OK;
		for (size_t at = 0; at < strlen(raw) && status == CH_OK; at += step)
			status = chunked_take(
				&chunked, slice_sub(slice_text(raw), at, step), most, &out);
		assert_int_equal(status, wanted);
		if (wanted == CH_END)
			assert_string_equal(buffer_text(&out), body);
		buffer_fini(&out);
	}
}

static void test_bodies(void **state)
{
	(void)state;
	check("5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n", 100, CH_END, "{\"a\":1}");
	check("A;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\nMore: y\r\n\r\n", 100, CH_END,
		"0123456789");
	check("0\r\n\r\n", 100, CH_END, "");
	check("000a\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n", 100, CH_END, "0123456789");
	check("2\r\nab\r\n", 100, CH_OK, NULL);
}

static void test_broken(void **state)
{
	static const char *const cases[] = {"\r\n", "x\r\n", "5\n12345\r\n0\r\n\r\n",
		"5\r\n12345\n0\r\n\r\n", "5\r\n123456\r\n0\r\n\r\n", "-1\r\n", "123456789\r\n",
		"5 \n", "0\r\nTrailer: x\n\r\n", "0\r\n\rx", "5\rx"};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i], 100, CH_FORMAT, NULL);
}

static void test_bounds(void **state)
{
	struct chunked chunked = {.state = CHUNKED_SIZE};
	struct buffer out = {0};
	struct buffer raw = {0};
	(void)state;
	check("5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n", 9, CH_TOO_LARGE, NULL);
	check("5\r\n12345\r\n0\r\n\r\n", 5, CH_END, "12345");
	buffer_append_text(&raw, "1;");
	for (int i = 0; i < 10000; i++)
		buffer_append_byte(&raw, 'x');
	assert_int_equal(chunked_take(&chunked, buffer_slice(&raw), 100, &out), CH_FORMAT);
	buffer_fini(&raw);
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
