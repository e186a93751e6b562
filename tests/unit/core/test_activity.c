#include "core/activity.h"
#include "unit/draw.h"

static struct activity_line line_of(uint64_t sequence)
{
	return (struct activity_line){.sequence = sequence,
		.type = (uint16_t)(sequence * 3),
		.source_code = 65535,
		.occurred_us = -(int64_t)sequence,
		.arrival_us = INT64_MAX - (int64_t)sequence};
}

static void assert_line(struct slice lines, size_t i, uint64_t sequence)
{
	struct activity_line want = line_of(sequence);
	struct activity_line got = activity_line_at(lines, i);
	assert_true(got.sequence == want.sequence && got.type == want.type);
	assert_true(got.source_code == want.source_code);
	assert_true(got.occurred_us == want.occurred_us && got.arrival_us == want.arrival_us);
}

/* The lines of full pages, put behind each other, and of the value are all that was appended. */
static void full_pages_are_put_away(void **state)
{
	enum { EVENTS = 100 };
	(void)state;
	uint8_t values[2][ACTIVITY_BYTES_MAX];
	struct slice stored = {NULL, 0};
	uint64_t paged = 0;
	for (uint64_t n = 1; n <= EVENTS; n++) {
		struct activity_line line = line_of(1000 + n);
		struct activity activity;
		struct slice page;
		uint8_t *out = values[n % 2];
		size_t len = activity_append(stored, &line, out, &page);
		assert_int_equal(page.len, n > 1 && (n - 1) % ACTIVITY_PAGE == 0
						   ? ACTIVITY_PAGE * ACTIVITY_LINE_BYTES
						   : 0);
		for (size_t i = 0; i < activity_line_count(page); i++)
			assert_line(page, i, 1000 + ++paged);
		stored = slice_of(out, len);
		assert_int_equal(activity_read(stored, &activity), CH_OK);
		assert_int_equal(activity.events, n);
		assert_int_equal(activity.first_sequence, 1001);
		assert_int_equal(paged + activity_line_count(activity.lines), n);
		for (size_t i = 0; i < activity_line_count(activity.lines); i++)
			assert_line(activity.lines, i, 1001 + paged + i);
	}
}

static void damage_is_seen(void **state)
{
	(void)state;
	uint8_t value[ACTIVITY_BYTES_MAX + ACTIVITY_LINE_BYTES] = {0};
	uint8_t out[ACTIVITY_BYTES_MAX];
	struct activity_line line = line_of(1);
	struct activity activity;
	struct slice page;
	for (size_t len = 1; len <= sizeof(value); len++) {
		bool good = len >= ACTIVITY_HEAD_BYTES && len <= ACTIVITY_BYTES_MAX &&
			    (len - ACTIVITY_HEAD_BYTES) % ACTIVITY_LINE_BYTES == 0;
		struct slice stored = slice_of(value, len);
		assert_int_equal(activity_read(stored, &activity), good ? CH_OK : CH_CORRUPT);
		assert_int_equal(activity_append(stored, &line, out, &page) > 0, good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_pages_are_put_away),
		cmocka_unit_test(damage_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
