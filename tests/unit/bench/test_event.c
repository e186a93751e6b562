#include <stdlib.h>

#include "bench/load/event.h"
#include "support/unit.h"

#define DRAWS 100000u

static void test_events_have_the_asked_size(void **state)
{
	(void)state;
	struct event_source source;
	struct event event;
	char text[EVENT_ID_TEXT + 1];
	assert_int_equal(event_source_init(&source, 1, 1000, EVENT_8020, 300), CH_OK);
	event_source_next(&source, &event);
	assert_int_equal(EVENT_ID_TEXT + event.body.len, 300);
	assert_in_range(event.customer, 1, 1000);
	assert_int_equal(strlen(event_id_text(event.id, text)), EVENT_ID_TEXT);
	assert_int_equal(text[14], '4'); /* the version */
	assert_non_null(strchr("89ab", text[19]));
	event_source_fini(&source);
}

static void test_id_as_text(void **state)
{
	(void)state;
	const uint8_t id[EVENT_ID_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00,
		0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xff};
	char text[EVENT_ID_TEXT + 1];
	assert_string_equal(event_id_text(id, text), "01234567-89ab-cdef-0011-2233445566ff");
}

static void test_ordered_ids_rise(void **state)
{
	(void)state;
	struct event_source source;
	struct event event;
	char before[EVENT_ID_TEXT + 1] = "";
	char text[EVENT_ID_TEXT + 1];
	assert_int_equal(event_source_init(&source, 1, 0, EVENT_8020, 300), CH_OK);
	event_source_order(&source);
	for (unsigned i = 0; i < 10000; i++) { /* over more than one millisecond's */
		event_source_next(&source, &event);
		assert_true(strcmp(before, event_id_text(event.id, text)) < 0);
		assert_int_equal(text[14], '7');
		assert_non_null(strchr("89ab", text[19]));
		memcpy(before, text, sizeof(before));
	}
	event_source_fini(&source);
}

static void test_same_seed_same_events(void **state)
{
	(void)state;
	struct event_source one;
	struct event_source same;
	struct event_source other;
	struct event events[3];
	assert_int_equal(event_source_init(&one, 7, 50, EVENT_8020, 300), CH_OK);
	assert_int_equal(event_source_init(&same, 7, 50, EVENT_8020, 300), CH_OK);
	assert_int_equal(event_source_init(&other, 8, 50, EVENT_8020, 300), CH_OK);
	for (unsigned i = 0; i < 1000; i++) {
		event_source_next(&one, &events[0]);
		event_source_next(&same, &events[1]);
		event_source_next(&other, &events[2]);
		assert_memory_equal(events[0].id, events[1].id, EVENT_ID_BYTES);
		assert_int_equal(events[0].customer, events[1].customer);
		assert_true(slice_equal(events[0].body, events[1].body));
		assert_memory_not_equal(events[0].id, events[2].id, EVENT_ID_BYTES);
	}
	event_source_fini(&one);
	event_source_fini(&same);
	event_source_fini(&other);
}

static int larger_first(const void *a, const void *b)
{
	const unsigned left = *(const unsigned *)a;
	const unsigned right = *(const unsigned *)b;
	return (left < right) - (left > right);
}

/* How many of the draws went to the busiest fifth of a thousand customers. */
static unsigned busiest_fifth(enum event_draw draw)
{
	struct event_source source;
	struct event event;
	unsigned drawn[1001] = {0};
	unsigned sum = 0;
	assert_int_equal(event_source_init(&source, 3, 1000, draw, EVENT_ID_TEXT), CH_OK);
	for (unsigned i = 0; i < DRAWS; i++) {
		event_source_next(&source, &event);
		assert_in_range(event.customer, 1, 1000);
		drawn[event.customer]++;
	}
	event_source_fini(&source);
	qsort(drawn, 1001, sizeof(drawn[0]), larger_first);
	assert_true(drawn[999] > 0); /* everybody is somebody's customer */
	for (unsigned i = 0; i < 200; i++)
		sum += drawn[i];
	return sum;
}

static void test_draws(void **state)
{
	(void)state;
	assert_in_range(busiest_fifth(EVENT_8020), DRAWS * 79 / 100, DRAWS * 81 / 100);
	assert_in_range(busiest_fifth(EVENT_UNIFORM), DRAWS * 20 / 100, DRAWS * 25 / 100);
}

/* The busy ones do not sit next to each other: each tenth of the numbers has its share. */
static void test_busy_customers_are_strewn(void **state)
{
	(void)state;
	struct event_source source;
	struct event event;
	unsigned tenths[10] = {0};
	assert_int_equal(event_source_init(&source, 3, 1000000, EVENT_8020, 300), CH_OK);
	for (unsigned i = 0; i < DRAWS; i++) {
		event_source_next(&source, &event);
		tenths[(event.customer - 1) / 100000]++;
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(tenths[i], DRAWS / 10 * 9 / 10, DRAWS / 10 * 11 / 10);
	event_source_fini(&source);
}

static void test_few_or_no_customers(void **state)
{
	(void)state;
	struct event_source source;
	struct event event;
	for (uint64_t customers = 0; customers < 6; customers++) {
		assert_int_equal(event_source_init(&source, 3, customers, EVENT_8020, 300), CH_OK);
		for (unsigned i = 0; i < 100; i++) {
			event_source_next(&source, &event);
			assert_in_range(event.customer, customers > 0, customers);
		}
		event_source_fini(&source);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	struct event_source source;
	struct event event;
	assert_int_equal(
		event_source_init(&source, 3, 0, EVENT_8020, EVENT_ID_TEXT - 1), CH_INVALID);
	assert_int_equal(
		event_source_init(&source, 3, 0, EVENT_8020, EVENT_BODY_BYTES + 1), CH_INVALID);
	assert_int_equal(
		event_source_init(&source, 3, UINT64_C(2147483647), EVENT_8020, 300), CH_INVALID);
	assert_int_equal(event_source_init(&source, 3, 0, EVENT_8020, EVENT_BODY_BYTES), CH_OK);
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t sum = 0;
		event_source_next(&source, &event);
		for (size_t at = 0; at < event.body.len; at += 997) /* inside the pool, ASan says */
			sum |= event.body.data[at];
		assert_true(sum < 0x80 && event.body.data[event.body.len - 1] < 0x80);
	}
	event_source_fini(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_have_the_asked_size),
		cmocka_unit_test(test_id_as_text),
		cmocka_unit_test(test_ordered_ids_rise),
		cmocka_unit_test(test_same_seed_same_events),
		cmocka_unit_test(test_draws),
		cmocka_unit_test(test_busy_customers_are_strewn),
		cmocka_unit_test(test_few_or_no_customers),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
