#include "module/quality/fact/mark.h"

#include "unit/draw.h"

static struct mark mark_of(int64_t moment_us, unsigned kind, const char *id)
{
	return (struct mark){.kind = (uint8_t)kind,
		.moment_us = moment_us,
		.source = slice_text("/s1"),
		.id = slice_text(id)};
}

static struct buffer record_of(const struct mark *marks, size_t count)
{
	static struct marks set;
	struct buffer record = {0};
	set.count = 0;
	for (size_t i = 0; i < count; i++)
		(void)marks_add(&set, &marks[i]);
	marks_write(&set, &record);
	assert_int_equal(record.status, CH_OK);
	return record;
}

/* Marks go in as they come, and stand in the order in which things happened. */
static void test_usage(void **state)
{
	static struct marks set;
	static struct marks read;
	struct buffer record = {0};
	struct mark returned = mark_of(500, 17, "b");
	struct mark received = mark_of(100, 1, "a");
	(void)state;
	received.customer = 10000000;
	received.numbers[1] = -7;
	received.texts[2] = slice_text("SN-1");
	set.count = 0;
	assert_true(marks_add(&set, &returned));
	assert_true(marks_add(&set, &received));
	assert_false(marks_add(&set, &received));
	marks_write(&set, &record);
	assert_int_equal(marks_read(buffer_slice(&record), &read), CH_OK);
	assert_int_equal(read.count, 2);
	assert_int_equal(mark_compare(&read.items[0], &received), 0);
	assert_int_equal(read.items[0].customer, 10000000);
	assert_int_equal(read.items[0].numbers[1], -7);
	assert_slice_text(read.items[0].texts[2], "SN-1");
	assert_int_equal(read.items[1].texts[2].len, 0);
	assert_slice_text(read.items[1].source, "/s1");
	assert_slice_text(read.items[1].id, "b");
	buffer_fini(&record);
}

static void test_any_order_gives_the_same_bytes(void **state)
{
	struct mark marks[200];
	char ids[200][8];
	uint64_t seed = 7;
	(void)state;
	for (size_t i = 0; i < 200; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "e%zu", i / 2);
		marks[i] = mark_of((int64_t)draw(&seed, 20), 1 + (unsigned)draw(&seed, 3), ids[i]);
		marks[i].item = (uint32_t)i;
		if (i % 5 == 0)
			marks[i].source = slice_text("/s0");
	}
	struct buffer first = record_of(marks, 200);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 199; i > 0; i--) {
			size_t k = draw(&seed, i + 1);
			struct mark other = marks[i];
			marks[i] = marks[k];
			marks[k] = other;
		}
		struct buffer again = record_of(marks, 200);
		assert_true(slice_equal(buffer_slice(&first), buffer_slice(&again)));
		buffer_fini(&again);
	}
	buffer_fini(&first);
}

/* Of more than a record may hold the earliest stay, in whatever order they came. */
static void test_the_earliest_stay(void **state)
{
	static struct marks up;
	static struct marks down;
	char id[16];
	(void)state;
	up.count = 0;
	down.count = 0;
	for (unsigned i = 0; i < 2 * LIMIT_FACT_MARKS; i++) {
		struct mark mark = mark_of((int64_t)i, 1, "x");
		(void)marks_add(&up, &(struct mark){.kind = 1,
					     .moment_us = (int64_t)i,
					     .source = mark.source,
					     .id = mark.id,
					     .item = i});
		unsigned k = 2 * LIMIT_FACT_MARKS - 1 - i;
		(void)marks_add(&down, &(struct mark){.kind = 1,
					       .moment_us = (int64_t)k,
					       .source = mark.source,
					       .id = mark.id,
					       .item = k});
	}
	(void)id;
	assert_int_equal(up.count, LIMIT_FACT_MARKS);
	assert_int_equal(down.count, LIMIT_FACT_MARKS);
	for (unsigned i = 0; i < LIMIT_FACT_MARKS; i++) {
		assert_int_equal(up.items[i].moment_us, i);
		assert_int_equal(down.items[i].moment_us, i);
	}
}

/* Of a price list that comes every night the newest stay, in whatever order they came. */
static void test_the_newest_stay(void **state)
{
	static struct marks up;
	static struct marks down;
	struct mark mark = mark_of(0, 1, "x");
	(void)state;
	up.count = 0;
	down.count = 0;
	for (unsigned i = 0; i < 2 * LIMIT_FACT_MARKS; i++) {
		mark.moment_us = mark.item = i;
		assert_true(marks_add_newest(&up, &mark));
		mark.moment_us = mark.item = 2 * LIMIT_FACT_MARKS - 1 - i;
		assert_int_equal(marks_add_newest(&down, &mark), i < LIMIT_FACT_MARKS);
	}
	assert_int_equal(up.count, LIMIT_FACT_MARKS);
	assert_int_equal(down.count, LIMIT_FACT_MARKS);
	for (unsigned i = 0; i < LIMIT_FACT_MARKS; i++) {
		assert_int_equal(up.items[i].moment_us, LIMIT_FACT_MARKS + i);
		assert_int_equal(down.items[i].moment_us, LIMIT_FACT_MARKS + i);
	}
	mark = up.items[7];
	assert_false(marks_add_newest(&up, &mark));
	/* One that comes late stands where it belongs. */
	mark.item = 0;
	assert_true(marks_add_newest(&up, &mark));
	assert_int_equal(up.items[0].moment_us, LIMIT_FACT_MARKS + 1);
	assert_int_equal(up.items[6].moment_us, LIMIT_FACT_MARKS + 7);
	assert_int_equal(up.items[7].moment_us, LIMIT_FACT_MARKS + 7);
}

static void test_damage_is_no_record(void **state)
{
	static struct marks read;
	struct mark marks[] = {mark_of(5, 1, "a"), mark_of(6, 2, "bcd")};
	uint64_t seed = 3;
	(void)state;
	struct buffer record = record_of(marks, 2);
	assert_int_equal(marks_read((struct slice){NULL, 0}, &read), CH_OK);
	assert_int_equal(read.count, 0);
	size_t refused = 0;
	for (size_t len = 1; len < record.len; len++)
		refused += marks_read(slice_of(record.data, len), &read) == CH_CORRUPT;
	assert_int_equal(refused, record.len - 2); /* but the cut between the two */
	for (int i = 0; i < 20000; i++) {
		uint8_t noise[40];
		size_t len = draw(&seed, sizeof(noise));
		draw_bytes(&seed, noise, len);
		enum ch_status status = marks_read(slice_of(noise, len), &read);
		assert_true(status == CH_OK || status == CH_CORRUPT);
	}
	buffer_fini(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_any_order_gives_the_same_bytes),
		cmocka_unit_test(test_the_earliest_stay),
		cmocka_unit_test(test_the_newest_stay),
		cmocka_unit_test(test_damage_is_no_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
