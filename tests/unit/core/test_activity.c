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

static void assert_line(const struct activity_line *got, uint64_t sequence)
{
	struct activity_line want = line_of(sequence);
	assert_true(got->sequence == want.sequence && got->type == want.type);
	assert_true(got->source_code == want.source_code);
	assert_true(got->occurred_us == want.occurred_us && got->arrival_us == want.arrival_us);
}

/* All lines of `lines`, which begin with that of `newest`; their count. */
static uint64_t assert_lines(struct slice lines, uint64_t newest)
{
	struct activity_walk walk = activity_walk(lines);
	struct activity_line line;
	uint64_t count = 0;
	while (activity_next(&walk, &line))
		assert_line(&line, newest - count++);
	assert_int_equal(walk.reader.status, CH_OK);
	return count;
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
		bool full = n > 1 && (n - 1) % ACTIVITY_PAGE == 0;
		assert_int_equal(assert_lines(page, 1000 + n - 1), full ? ACTIVITY_PAGE : 0);
		paged += full ? ACTIVITY_PAGE : 0;
		stored = slice_of(out, len);
		assert_int_equal(activity_read(stored, &activity), CH_OK);
		assert_int_equal(activity.events, n);
		assert_int_equal(activity.first_sequence, 1001);
		assert_int_equal(paged + assert_lines(activity.lines, 1000 + n), n);
	}
}

/* Every number at its ends: nothing is cut, and the value keeps to its bound. */
static void the_longest_lines_fit(void **state)
{
	static const struct activity_line ends[] = {
		{UINT64_MAX, UINT16_MAX, UINT16_MAX, INT64_MIN, INT64_MAX},
		{1, 0, 0, INT64_MAX, INT64_MIN},
		{UINT64_MAX / 2, 1, UINT16_MAX, 0, INT64_MIN},
	};
	enum { ENDS = sizeof(ends) / sizeof(ends[0]) };
	(void)state;
	uint8_t values[2][ACTIVITY_BYTES_MAX];
	struct slice stored = {NULL, 0};
	for (size_t n = 0; n < ACTIVITY_PAGE; n++) {
		struct slice page;
		stored = slice_of(values[n % 2],
			activity_append(stored, &ends[n % ENDS], values[n % 2], &page));
		assert_true(stored.len > 0 && stored.len <= ACTIVITY_BYTES_MAX && page.len == 0);
	}
	struct activity activity;
	assert_int_equal(activity_read(stored, &activity), CH_OK);
	struct activity_walk walk = activity_walk(activity.lines);
	struct activity_line line;
	for (size_t n = ACTIVITY_PAGE; n-- > 0;) {
		assert_true(activity_next(&walk, &line));
		assert_memory_equal(&line, &ends[n % ENDS], sizeof(line));
	}
	assert_false(activity_next(&walk, &line));
}

/* Random bytes are read or refused; what is appended to them stays within its bound. */
static void damage_is_seen(void **state)
{
	(void)state;
	uint64_t seed = 7;
	uint8_t value[ACTIVITY_BYTES_MAX + 1];
	uint8_t out[ACTIVITY_BYTES_MAX];
	struct activity_line line = line_of(1);
	struct activity activity;
	struct slice page;
	for (int round = 0; round < 20000; round++) {
		size_t len = 1 + draw(&seed, sizeof(value));
		for (size_t i = 0; i < len; i++)
			value[i] = (uint8_t)(draw(&seed, 256) & (round % 2 ? 0x7f : 0xff));
		struct slice stored = slice_of(value, len);
		bool read = activity_read(stored, &activity) == CH_OK;
		assert_false(read && len > ACTIVITY_BYTES_MAX);
		size_t wrote = activity_append(stored, &line, out, &page);
		assert_true(wrote <= sizeof(out) && (read || wrote == 0));
	}
	assert_int_equal(
		activity_read(slice_of((const uint8_t *)"\0\1", 2), &activity), CH_CORRUPT);
	assert_int_equal(activity_read(slice_of((const uint8_t *)"\1", 1), &activity), CH_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_pages_are_put_away),
		cmocka_unit_test(the_longest_lines_fit),
		cmocka_unit_test(damage_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
