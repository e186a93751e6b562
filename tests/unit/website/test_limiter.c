#include "channel/website/limiter.h"

#include <stdio.h>

#include "support/unit.h"

#define SECOND INT64_C(1000000)

static void test_rate(void **state)
{
	struct limiter *limiter = NULL;
	struct slice key = SLICE_LITERAL("sender web");
	int64_t retry_us = 0;
	(void)state;
	assert_int_equal(limiter_create(10, &limiter), CH_OK);
	/* Three at once, then one a second. */
	for (int i = 0; i < 3; i++)
		assert_true(limiter_take(limiter, key, 3, SECOND, 100, &retry_us));
	assert_false(limiter_take(limiter, key, 3, SECOND, 100, &retry_us));
	assert_int_equal(retry_us, SECOND);
	assert_false(limiter_take(limiter, key, 3, SECOND, 100 + SECOND / 2, &retry_us));
	assert_int_equal(retry_us, SECOND / 2);
	assert_true(limiter_take(limiter, key, 3, SECOND, 100 + SECOND, &retry_us));
	assert_false(limiter_take(limiter, key, 3, SECOND, 100 + SECOND, &retry_us));
	/* Others have their own. */
	assert_true(limiter_take(limiter, SLICE_LITERAL("sender shop"), 3, SECOND, 100, &retry_us));
	/* After a rest all three are there again, and no more. */
	for (int i = 0; i < 3; i++)
		assert_true(limiter_take(limiter, key, 3, SECOND, 100 * SECOND, &retry_us));
	assert_false(limiter_take(limiter, key, 3, SECOND, 100 * SECOND, &retry_us));
	limiter_free(limiter);
}

/* Where only mistakes count, what was none is given back. */
static void test_give_back(void **state)
{
	struct limiter *limiter = NULL;
	struct slice key = SLICE_LITERAL("repair R77");
	int64_t retry_us = 0;
	(void)state;
	assert_int_equal(limiter_create(10, &limiter), CH_OK);
	for (int i = 0; i < 5; i++) {
		assert_true(limiter_take(limiter, key, 2, SECOND, 0, &retry_us));
		limiter_give_back(limiter, key, SECOND);
	}
	assert_true(limiter_take(limiter, key, 2, SECOND, 0, &retry_us));
	assert_true(limiter_take(limiter, key, 2, SECOND, 0, &retry_us));
	assert_false(limiter_take(limiter, key, 2, SECOND, 0, &retry_us));
	limiter_give_back(limiter, key, SECOND);
	assert_true(limiter_take(limiter, key, 2, SECOND, 0, &retry_us));
	/* Given back late it is no more than a full bucket; of a stranger's nothing. */
	limiter_give_back(limiter, key, SECOND);
	assert_true(limiter_take(limiter, key, 2, SECOND, 60 * SECOND, &retry_us));
	assert_true(limiter_take(limiter, key, 2, SECOND, 60 * SECOND, &retry_us));
	assert_false(limiter_take(limiter, key, 2, SECOND, 60 * SECOND, &retry_us));
	limiter_give_back(limiter, SLICE_LITERAL("nobody"), SECOND);
	limiter_free(limiter);
}

/* Memory is bounded: who has not come for longest is forgotten first. */
static void test_bound(void **state)
{
	struct limiter *limiter = NULL;
	char key[300];
	int64_t retry_us = 0;
	(void)state;
	assert_int_equal(limiter_create(4, &limiter), CH_OK);
	for (int i = 0; i < 6; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		assert_true(limiter_take(limiter, slice_text(key), 1, SECOND, 0, &retry_us));
	}
	assert_true(limiter_take(limiter, SLICE_LITERAL("0"), 1, SECOND, 0, &retry_us));
	assert_false(limiter_take(limiter, SLICE_LITERAL("5"), 1, SECOND, 0, &retry_us));
	/* A long key is one, too, and not that of its beginning. */
	memset(key, 'x', sizeof(key));
	assert_true(limiter_take(limiter, slice_of(key, 299), 1, SECOND, 0, &retry_us));
	assert_false(limiter_take(limiter, slice_of(key, 299), 1, SECOND, 0, &retry_us));
	assert_true(limiter_take(limiter, slice_of(key, 298), 1, SECOND, 0, &retry_us));
	limiter_free(limiter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_give_back),
		cmocka_unit_test(test_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
