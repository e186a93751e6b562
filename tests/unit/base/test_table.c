#include "base/table.h"
#include "unit/draw.h"

static void finds_things_by_name(void **state)
{
	(void)state;
	struct table table;
	int one = 1;
	table_init(&table);
	assert_null(table_get(&table, SLICE_LITERAL("one")));
	assert_null(table_remove(&table, SLICE_LITERAL("one")));
	assert_int_equal(table_put(&table, SLICE_LITERAL("one"), &one), CH_OK);
	assert_int_equal(table_put(&table, SLICE_LITERAL("one"), &one), CH_EXISTS);
	assert_int_equal(table_put(&table, slice_of(NULL, 0), &one), CH_OK);
	assert_ptr_equal(table_get(&table, SLICE_LITERAL("one")), &one);
	assert_ptr_equal(table_get(&table, slice_of("", 0)), &one);
	assert_ptr_equal(table_remove(&table, SLICE_LITERAL("one")), &one);
	assert_null(table_get(&table, SLICE_LITERAL("one")));
	table_clear(&table);
	assert_int_equal(table.count, 0);
	table_fini(&table);
}

struct thing {
	char name[16];
	bool in;
	bool seen;
};

static void check_walk(const struct table *table, struct thing *things, size_t count)
{
	size_t at = 0;
	size_t walked = 0;
	struct thing *thing;
	for (size_t i = 0; i < count; i++)
		things[i].seen = false;
	while ((thing = table_next(table, &at)) != NULL) {
		assert_true(thing->in && !thing->seen);
		thing->seen = true;
		walked++;
	}
	assert_int_equal(walked, table->count);
}

static void agrees_with_a_model(void **state)
{
	enum { THINGS = 400 };
	(void)state;
	static struct thing things[THINGS];
	struct table table;
	uint64_t seed = 2;
	size_t count = 0;
	table_init(&table);
	for (size_t i = 0; i < THINGS; i++)
		(void)snprintf(things[i].name, sizeof(things[i].name), "thing-%zu", i);
	for (int step = 0; step < 40000; step++) {
		struct thing *thing = &things[draw(&seed, THINGS)];
		struct slice name = slice_text(thing->name);
		assert_ptr_equal(table_get(&table, name), thing->in ? thing : NULL);
		if (draw(&seed, 2) == 0) {
			assert_int_equal(
				table_put(&table, name, thing), thing->in ? CH_EXISTS : CH_OK);
			count += !thing->in;
			thing->in = true;
		} else {
			assert_ptr_equal(table_remove(&table, name), thing->in ? thing : NULL);
			count -= thing->in;
			thing->in = false;
		}
		assert_int_equal(table.count, count);
		if (step % 1000 == 0)
			check_walk(&table, things, THINGS);
	}
	table_fini(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_things_by_name),
		cmocka_unit_test(agrees_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
