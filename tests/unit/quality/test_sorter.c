#include "module/quality/measure/sorter.h"

#include "support/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/scratch.h"
#include "unit/draw.h"

struct item {
	uint64_t key;
	uint64_t payload;
};

static int order(const void *a, const void *b)
{
	const struct item *one = a;
	const struct item *other = b;
	if (one->key != other->key)
		return one->key < other->key ? -1 : 1;
	return (one->payload > other->payload) - (one->payload < other->payload);
}

static void test_usage(void **state)
{
	struct sorter *sorter = NULL;
	struct item item;
	(void)state;
	assert_int_equal(sorter_create(sizeof(struct item), order, 1 << 20, &sorter), CH_OK);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(sorter_add(sorter, &(struct item){(i * 7) % 10, i}), CH_OK);
	assert_int_equal(sorter_sort(sorter), CH_OK);
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(sorter_next(sorter, &item), CH_OK);
		assert_int_equal(item.key, i);
	}
	assert_int_equal(sorter_next(sorter, &item), CH_END);
	assert_int_equal(sorter_next(sorter, &item), CH_END);
	sorter_free(sorter);
}

static void test_nothing(void **state)
{
	struct sorter *sorter = NULL;
	struct item item;
	(void)state;
	assert_int_equal(sorter_create(sizeof(struct item), order, 0, &sorter), CH_OK);
	assert_int_equal(sorter_sort(sorter), CH_OK);
	assert_int_equal(sorter_next(sorter, &item), CH_END);
	sorter_free(sorter);
	sorter_free(NULL);
}

/* Far more than fits: pieces of every length, the last one whole, short, or of one. */
static void test_what_does_not_fit(void **state)
{
	static const size_t counts[] = {1023, 1024, 1025, 2048, 2049, 50000, 131072};
	(void)state;
	for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++) {
		struct sorter *sorter = NULL;
		struct item *expected = calloc(counts[k], sizeof(*expected));
		uint64_t seed = k;
		assert_int_equal(sorter_create(sizeof(struct item), order,
					 1024 * sizeof(struct item), &sorter),
			CH_OK);
		for (size_t i = 0; i < counts[k]; i++) {
			expected[i] = (struct item){draw(&seed, counts[k] / 3), i};
			assert_int_equal(sorter_add(sorter, &expected[i]), CH_OK);
		}
		qsort(expected, counts[k], sizeof(*expected), order);
		assert_int_equal(sorter_sort(sorter), CH_OK);
		for (size_t i = 0; i < counts[k]; i++) {
			struct item item;
			assert_int_equal(sorter_next(sorter, &item), CH_OK);
			assert_memory_equal(&item, &expected[i], sizeof(item));
		}
		struct item more;
		assert_int_equal(sorter_next(sorter, &more), CH_END);
		sorter_free(sorter);
		free(expected);
	}
}

/* The file has no name; where there is no folder for it, it is told. */
static void test_the_file(void **state)
{
	struct sorter *sorter = NULL;
	enum ch_status status = CH_OK;
	char folder[SCRATCH_BYTES];
	(void)state;
	scratch_make(folder, "sorter");
	assert_int_equal(setenv("TMPDIR", folder, 1), 0);
	assert_int_equal(sorter_create(sizeof(struct item), order, 0, &sorter), CH_OK);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(sorter_add(sorter, &(struct item){i, i}), CH_OK);
	assert_int_equal(rmdir(folder), 0); /* it is empty */
	sorter_free(sorter);

	assert_int_equal(sorter_create(sizeof(struct item), order, 0, &sorter), CH_OK);
	for (uint64_t i = 0; i < 5000 && status == CH_OK; i++)
		status = sorter_add(sorter, &(struct item){i, i});
	assert_int_not_equal(status, CH_OK);
	sorter_free(sorter);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
