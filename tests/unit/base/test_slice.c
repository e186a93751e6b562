#include "unit/draw.h"

static void a_slice_looks_and_a_buffer_owns(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	buffer_append_text(&buffer, "order ");
	buffer_printf(&buffer, "%d/%s", 42, "x");
	buffer_append_byte(&buffer, '!');
	assert_string_equal(buffer_text(&buffer), "order 42/x!");
	assert_int_equal(buffer.len, 11); /* the NUL is not part of it */
	struct slice s = buffer_slice(&buffer);
	assert_slice_text(slice_sub(s, 6, 2), "42");
	assert_true(slice_starts(s, SLICE_LITERAL("order")));
	assert_int_equal(buffer.status, CH_OK);
	buffer_fini(&buffer);
	assert_string_equal(buffer_text(&buffer), "");
	buffer_fini(&buffer);
}

static void empty_slices_are_all_alike(void **state)
{
	(void)state;
	struct slice none = slice_text(NULL);
	assert_true(slice_equal(none, SLICE_LITERAL("")));
	assert_true(slice_starts(none, SLICE_LITERAL("")));
	assert_false(slice_starts(none, SLICE_LITERAL("a")));
	assert_int_equal(slice_compare(none, SLICE_LITERAL("")), 0);
	assert_int_equal(slice_sub(none, 0, 9).len, 0);
	assert_int_equal(slice_sub(SLICE_LITERAL("abc"), 3, 1).len, 0);
	assert_int_equal(slice_sub(SLICE_LITERAL("abc"), SIZE_MAX, SIZE_MAX).len, 0);
	assert_slice_text(slice_sub(SLICE_LITERAL("abc"), 1, SIZE_MAX), "bc");
}

/* The order of stored keys: bytes are unsigned, a shorter prefix comes first. */
static void orders_as_keys_stand(void **state)
{
	(void)state;
	static const char *const rising[] = {
		"", "\x01", "a", "a\x01", "ab", "b", "\x7f", "\x80", "\xff", "\xff\x01"};
	for (size_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
		for (size_t j = 0; j < sizeof(rising) / sizeof(rising[0]); j++) {
			int order = slice_compare(slice_text(rising[i]), slice_text(rising[j]));
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void grows_without_losing_a_byte(void **state)
{
	enum { BYTES = 20000 };
	(void)state;
	static uint8_t model[BYTES];
	struct buffer buffer;
	uint64_t seed = 4;
	size_t len = 0;
	draw_bytes(&seed, model, BYTES);
	buffer_init(&buffer);
	while (len < BYTES) {
		size_t more = draw(&seed, 200);
		more = more < BYTES - len ? more : BYTES - len;
		if (draw(&seed, 2) == 0) {
			buffer_append(&buffer, model + len, more);
		} else {
			uint8_t *room = buffer_reserve(&buffer, more);
			if (more > 0)
				memcpy(room, model + len, more);
		}
		len += more;
	}
	assert_true(slice_equal(buffer_slice(&buffer), slice_of(model, BYTES)));
	buffer_fini(&buffer);
}

/* Out of memory once, nothing is appended any more until it is cleared. */
static void a_bad_status_sticks(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	buffer_append_text(&buffer, "kept");
	assert_null(buffer_reserve(&buffer, SIZE_MAX));
	assert_int_equal(buffer.status, CH_NOMEM);
	buffer_append_text(&buffer, "lost");
	buffer_printf(&buffer, "%s", "lost");
	assert_int_equal(buffer.len, 4);
	buffer_clear(&buffer);
	assert_int_equal(buffer.status, CH_OK);
	buffer_append_text(&buffer, "new");
	assert_string_equal(buffer_text(&buffer), "new");
	buffer_fini(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_looks_and_a_buffer_owns),
		cmocka_unit_test(empty_slices_are_all_alike),
		cmocka_unit_test(orders_as_keys_stand),
		cmocka_unit_test(grows_without_losing_a_byte),
		cmocka_unit_test(a_bad_status_sticks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
