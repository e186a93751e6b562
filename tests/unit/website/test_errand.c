#include "channel/website/errand.h"

#include "support/unit.h"

struct told {
	unsigned calls;
	size_t count;
	uint64_t sequences[4];
};

static void tell(void *context, const struct outcome *outcomes, size_t count)
{
	struct told *told = context;
	told->calls++;
	told->count = count;
	for (size_t i = 0; i < count; i++)
		told->sequences[i] = outcomes[i].receipt.sequence;
}

static struct errand *make(size_t events)
{
	struct errand *errand = NULL;
	assert_int_equal(errand_create(events, &errand), CH_OK);
	for (size_t i = 0; i < events; i++) {
		char id[8] = {(char)('a' + i)};
		const struct envelope envelope = {
			.id = slice_text(id), .source = SLICE_LITERAL("/s")};
		assert_int_equal(errand_add(errand, &envelope), CH_OK);
	}
	return errand;
}

static void settle(struct postbox *postbox, uint64_t token, uint64_t sequence)
{
	struct kit_settled settled = {.token = token, .status = CH_OK};
	settled.receipt.outcome = CH_OUTCOME_ACCEPTED;
	settled.receipt.sequence = sequence;
	postbox_settle(postbox, &settled);
}

/* Receipts come in any order; the one who waits is told once, in the order of his events. */
static void test_errand(void **state)
{
	struct postbox *postbox = NULL;
	struct kit_item first;
	struct kit_item second;
	struct told told = {.calls = 0};
	(void)state;
	assert_int_equal(postbox_create(10, &postbox), CH_OK);
	struct errand *errand = make(2);
	assert_int_equal(errand_start(&errand, postbox, tell, &told), CH_OK);
	assert_null(errand);
	assert_int_equal(postbox_next(postbox, &first), CH_OK);
	assert_slice_text(first.envelope->id, "a");
	assert_int_equal(postbox_next(postbox, &second), CH_OK);
	assert_int_equal(postbox_next(postbox, &first), CH_END);
	settle(postbox, second.token, 8);
	assert_int_equal(told.calls, 0);
	settle(postbox, first.token, 7);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.sequences[0], 7);
	assert_int_equal(told.sequences[1], 8);
	assert_int_equal(postbox_count(postbox), 0);
	postbox_free(postbox);
}

/* Of one whom nobody waits for, what was not handed on never is; what was ends in peace. */
static void test_abandoned(void **state)
{
	struct postbox *postbox = NULL;
	struct kit_item item;
	struct told told = {.calls = 0};
	(void)state;
	assert_int_equal(postbox_create(10, &postbox), CH_OK);
	struct errand *errand = make(3);
	struct errand *started = errand;
	assert_int_equal(errand_start(&errand, postbox, tell, &told), CH_OK);
	assert_int_equal(postbox_next(postbox, &item), CH_OK);
	errand_abandon(started);
	struct kit_item none;
	assert_int_equal(postbox_next(postbox, &none), CH_END);
	assert_int_equal(postbox_count(postbox), 3);
	settle(postbox, item.token, 1);
	assert_int_equal(told.calls, 0);
	assert_int_equal(postbox_count(postbox), 0);
	postbox_free(postbox);
}

static void test_bounds(void **state)
{
	struct postbox *postbox = NULL;
	struct told told = {.calls = 0};
	const struct envelope envelope = {.id = SLICE_LITERAL("z")};
	(void)state;
	assert_int_equal(postbox_create(3, &postbox), CH_OK);
	struct errand *errand = make(2);
	assert_int_equal(errand_add(errand, &envelope), CH_FULL);
	assert_int_equal(errand_start(&errand, postbox, tell, &told), CH_OK);
	errand = make(2);
	assert_int_equal(errand_start(&errand, postbox, tell, &told), CH_FULL);
	assert_non_null(errand);
	errand_free(errand);
	postbox_free(postbox); /* with one still in it */
	assert_int_equal(told.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errand),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
