#include "fanout/interest.h"

#include "support/unit.h"
#include "wire/types.h"

static bool may_pos(void *peer, struct slice pattern)
{
	(void)peer;
	return pattern_covers(SLICE_LITERAL("pos.>"), pattern);
}

static bool may_all(void *peer, struct slice pattern)
{
	(void)peer;
	(void)pattern;
	return true;
}

static uint16_t type_of(const char *name)
{
	const struct event_type *type = types_find(slice_text(name));
	assert_non_null(type);
	return type->id;
}

static void test_a_filter_becomes_bits(void **state)
{
	(void)state;
	struct type_set allowed;
	struct arena arena;
	struct interest interest;
	struct subscribe_filter filter = {
		.type_count = 2,
		.types = {SLICE_LITERAL("repair.order.*"), SLICE_LITERAL("pos.sale.completed")},
		.source_count = 2,
		.sources = {SLICE_LITERAL("/pos/7"), SLICE_LITERAL("urn:carehub:*")},
		.customer_count = 3,
		.customers = {9, 3, 5},
	};
	arena_init(&arena);
	type_set_allowed(&allowed, may_all, NULL);
	assert_int_equal(interest_compile(&filter, &allowed, &arena, &interest), CH_OK);
	assert_true(type_set_has(&interest.types, type_of("repair.order.received")));
	assert_true(type_set_has(&interest.types, type_of("pos.sale.completed")));
	assert_false(type_set_has(&interest.types, type_of("pos.return.completed")));
	assert_false(type_set_has(&interest.types, UINT16_MAX));
	assert_true(interest_source(&interest, SLICE_LITERAL("/pos/7")));
	assert_false(interest_source(&interest, SLICE_LITERAL("/pos/77")));
	assert_true(interest.derived);
	assert_true(interest_customer(&interest, 3));
	assert_false(interest_customer(&interest, 4));
	assert_false(interest_customer(&interest, 0));
	arena_fini(&arena);
}

static void test_nothing_said_is_all_that_may_be_seen(void **state)
{
	(void)state;
	struct type_set allowed;
	struct arena arena;
	struct interest interest;
	struct subscribe_filter filter = {0};
	arena_init(&arena);
	type_set_allowed(&allowed, may_pos, NULL);
	assert_int_equal(interest_compile(&filter, &allowed, &arena, &interest), CH_OK);
	for (size_t i = 0; i < event_type_count; i++)
		assert_int_equal(type_set_has(&interest.types, event_types[i].id),
			strncmp(event_types[i].name, "pos.", 4) == 0);
	assert_true(interest_source(&interest, SLICE_LITERAL("anybody")));
	assert_true(interest_customer(&interest, 0));
	filter.types[filter.type_count++] = SLICE_LITERAL("repair.>");
	assert_int_equal(interest_compile(&filter, &allowed, &arena, &interest), CH_DENIED);
	arena_fini(&arena);
}

static void test_what_is_wrong_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		const char *source;
		enum ch_status status;
	} cases[] = {
		{"pos.>", "/a", CH_OK},
		{"pos..x", "/a", CH_INVALID},
		{"", "/a", CH_INVALID},
		{"pos.>.x", "/a", CH_INVALID},
		{"no.such.type", "/a", CH_UNKNOWN_TYPE},
		{"pos.>", "a b", CH_INVALID},
		{"pos.>", "", CH_INVALID},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer detail = {0};
		const struct subscribe_filter filter = {
			.type_count = 1,
			.types = {slice_text(cases[i].type)},
			.source_count = 1,
			.sources = {slice_text(cases[i].source)},
		};
		assert_int_equal(interest_check(&filter, &detail), cases[i].status);
		assert_int_equal(detail.len > 0, cases[i].status != CH_OK);
		buffer_fini(&detail);
	}
}

static void test_the_same_in_another_order(void **state)
{
	(void)state;
	struct subscribe_filter a = {
		.type_count = 2,
		.types = {SLICE_LITERAL("pos.>"), SLICE_LITERAL("repair.>")},
		.customer_count = 2,
		.customers = {1, 2},
	};
	struct subscribe_filter b = {
		.type_count = 2,
		.types = {SLICE_LITERAL("repair.>"), SLICE_LITERAL("pos.>")},
		.customer_count = 2,
		.customers = {2, 1},
	};
	assert_true(interest_same(&a, &b));
	b.customers[1] = 3;
	assert_false(interest_same(&a, &b));
	b.customers[1] = 1;
	b.type_count = 1;
	assert_false(interest_same(&a, &b));
	b = a;
	b.sources[b.source_count++] = SLICE_LITERAL("/x");
	assert_false(interest_same(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_filter_becomes_bits),
		cmocka_unit_test(test_nothing_said_is_all_that_may_be_seen),
		cmocka_unit_test(test_what_is_wrong_is_told),
		cmocka_unit_test(test_the_same_in_another_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
