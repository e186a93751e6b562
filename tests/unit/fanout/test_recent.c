#include "fanout/recent.h"

#include <stdlib.h>

#include "stage.h"

static int setup(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	stage_open(stage);
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

static void take_all(struct recent *recent)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK)
		status = recent_advance(recent);
	assert_int_equal(status, CH_END);
}

static void test_the_newest_are_there_for_everybody(void **state)
{
	struct stage *stage = *state;
	struct recent *recent;
	struct group group;
	struct slice encoded;
	group_init(&group);
	assert_int_equal(recent_create(stage->journal, &recent), CH_OK);
	stage_append(stage, NULL, 3);
	recent_follow(recent, 3);
	stage_append(stage, &(struct event){.after = "customer.record.updated", .customer = 8}, 1);
	take_all(recent);
	assert_int_equal(recent_first(recent), 3);
	assert_int_equal(recent_next(recent), 5);
	assert_int_equal(recent_get(recent, 4, &group), CH_OK);
	assert_int_equal(group.sequence, 4);
	assert_int_equal(group.part_count, 2);
	assert_int_equal(group.parts[1].customer, 8);
	assert_slice_text(group_source(&group, 0), "/pos/shop-1");
	assert_slice_text(group_type(&group, 1), "customer.record.updated");
	assert_int_equal(group_encode(&group, 1, &encoded), CH_OK);
	assert_true(encoded.len > 0);
	group_fini(&group);
	recent_free(recent);
}

static void test_the_oldest_leave(void **state)
{
	struct stage *stage = *state;
	struct recent *recent;
	struct group group;
	group_init(&group);
	assert_int_equal(recent_create(stage->journal, &recent), CH_OK);
	recent_follow(recent, 1);
	for (int i = 0; i < 10; i++)
		stage_append(stage, NULL, 1000);
	take_all(recent);
	assert_int_equal(recent_next(recent), 10001);
	assert_true(recent_first(recent) > 1);
	for (uint64_t i = recent_first(recent); i < recent_next(recent); i++) {
		assert_int_equal(recent_get(recent, i, &group), CH_OK);
		assert_int_equal(group.sequence, i);
	}
	/* By bytes, too. */
	uint64_t before = recent_next(recent) - recent_first(recent);
	for (int i = 0; i < 20; i++)
		stage_append(stage, &(struct event){.bytes = 60000}, 10);
	take_all(recent);
	assert_true(recent_next(recent) - recent_first(recent) < before);
	group_fini(&group);
	recent_free(recent);
}

static void test_at_rest_it_holds_nothing(void **state)
{
	struct stage *stage = *state;
	struct recent *recent;
	assert_int_equal(recent_create(stage->journal, &recent), CH_OK);
	stage_append(stage, NULL, 10);
	assert_int_equal(recent_advance(recent), CH_END);
	recent_follow(recent, 5);
	take_all(recent);
	assert_int_equal(recent_next(recent), 11);
	recent_rest(recent);
	assert_int_equal(recent_next(recent), 0);
	assert_int_equal(recent_advance(recent), CH_END);
	recent_follow(recent, 8);
	take_all(recent);
	assert_int_equal(recent_first(recent), 8);
	recent_free(recent);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(test_the_newest_are_there_for_everybody),
		ON_STAGE(test_the_oldest_leave),
		ON_STAGE(test_at_rest_it_holds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
