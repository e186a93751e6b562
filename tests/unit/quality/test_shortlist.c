#include "module/quality/measure/shortlist.h"

#include "support/unit.h"

#include "module/quality/measure/measure.h"

struct entry {
	int64_t age;
	const char *text; /* the caller's copy */
};

static int order(const void *a, const void *b)
{
	const struct entry *one = a;
	const struct entry *other = b;
	return (one->age < other->age) - (one->age > other->age); /* the oldest first */
}

static void test_usage(void **state)
{
	struct shortlist list;
	struct arena arena;
	struct entry *entries = NULL;
	size_t count = 0;
	int64_t total = 0;
	(void)state;
	arena_init(&arena);
	shortlist_init(&list, sizeof(struct entry), order);
	for (int64_t i = 0; i < 3; i++) {
		struct entry *place = shortlist_place(&list, &(struct entry){i, "theirs"});
		assert_non_null(place);
		place->text = "mine";
	}
	assert_int_equal(shortlist_finish(&list, &arena, &entries, &count, &total), CH_OK);
	assert_int_equal(count, 3);
	assert_int_equal(total, 3);
	assert_int_equal(entries[0].age, 2);
	assert_string_equal(entries[0].text, "mine");
	shortlist_fini(&list);
	arena_fini(&arena);
}

static void test_nothing(void **state)
{
	struct shortlist list;
	struct arena arena;
	struct entry *entries = (void *)&list;
	size_t count = 7;
	int64_t total = 7;
	(void)state;
	arena_init(&arena);
	shortlist_init(&list, sizeof(struct entry), order);
	assert_int_equal(shortlist_finish(&list, &arena, &entries, &count, &total), CH_OK);
	assert_null(entries);
	assert_int_equal(count, 0);
	assert_int_equal(total, 0);
	shortlist_fini(&list);
	arena_fini(&arena);
}

/* In whatever order they come, the same are kept. */
static void test_only_the_first(void **state)
{
	const int64_t many = 3 * MEASURE_LIST_MAX;
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct shortlist list;
		struct arena arena;
		struct entry *entries = NULL;
		size_t count = 0;
		int64_t total = 0;
		arena_init(&arena);
		shortlist_init(&list, sizeof(struct entry), order);
		for (int64_t i = 0; i < many; i++) {
			/* Up, down, and by strides that meet all. */
			int64_t age = way == 0 ? i : way == 1 ? many - 1 - i : i * 7 % many;
			struct entry entry = {.age = age};
			(void)shortlist_place(&list, &entry);
		}
		assert_int_equal(shortlist_finish(&list, &arena, &entries, &count, &total), CH_OK);
		assert_int_equal(count, MEASURE_LIST_MAX);
		assert_int_equal(total, many);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(entries[i].age, many - 1 - (int64_t)i);
		shortlist_fini(&list);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_only_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
