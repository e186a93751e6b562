#include "unit/draw.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

static void replaces_and_appends_fields(void **state)
{
	(void)state;
	struct buffer record = {0};
	struct buffer partial = {0};
	struct buffer merged = {0};
	struct buffer dropped = {0};
	struct buffer more = {0};
	uint64_t number = 0;
	struct slice text;
	pb_put_uint(&record, 1, 5);
	pb_put_text(&record, 3, "old");
	pb_put_text(&record, 3, "older");
	pb_put_uint(&record, 400, 1);
	pb_put_text(&partial, 2, "two");
	pb_put_text(&partial, 3, "new");
	assert_int_equal(
		pbedit_merge(buffer_slice(&record), buffer_slice(&partial), &merged), CH_OK);
	assert_true(pbedit_same(buffer_slice(&merged), 3, SLICE_LITERAL("\x1a\x03new")));
	assert_false(pbedit_same(buffer_slice(&merged), 3, SLICE_LITERAL("\x1a\x03neW")));
	assert_false(pbedit_same(buffer_slice(&merged), 3, SLICE_LITERAL("\x1a\x03newer")));
	assert_true(pbedit_same(buffer_slice(&merged), 9, slice_of(NULL, 0)));
	assert_true(pbedit_get_uint(buffer_slice(&merged), 1, &number) && number == 5);
	assert_true(pbedit_get_uint(buffer_slice(&merged), 400, &number) && number == 1);
	assert_true(pbedit_get_bytes(buffer_slice(&merged), 2, &text));
	assert_slice_text(text, "two");
	assert_false(pbedit_get_bytes(buffer_slice(&merged), 1, &text)); /* not of that form */
	assert_false(pbedit_get_uint(buffer_slice(&merged), 2, &number));
	assert_int_equal(
		pbedit_add(buffer_slice(&merged), 3, SLICE_LITERAL("\x1a\x01x"), &more), CH_OK);
	assert_true(pbedit_same(buffer_slice(&more), 3, SLICE_LITERAL("\x1a\x03new\x1a\x01x")));
	assert_int_equal(pbedit_drop(buffer_slice(&more), 3, &dropped), CH_OK);
	assert_false(pbedit_get_bytes(buffer_slice(&dropped), 3, &text));
	assert_int_equal(dropped.len, more.len - 5 - 3);
	buffer_fini(&dropped);
	buffer_fini(&record);
	buffer_fini(&partial);
	buffer_fini(&merged);
	buffer_fini(&more);
}

static void random_message(uint64_t *seed, struct buffer *out)
{
	buffer_clear(out);
	for (uint32_t number = 1; number < 12; number++) {
		for (uint64_t i = draw(seed, 3); i > 0; i--)
			pb_put_uint(out, number, 1 + draw(seed, 1000));
	}
}

/* A merged field is the partial's whole, every other the message's; and the order is kept. */
static void merging_follows_the_rule(void **state)
{
	(void)state;
	struct buffer message = {0};
	struct buffer partial = {0};
	struct buffer merged = {0};
	uint64_t seed = 8;
	for (int i = 0; i < 2000; i++) {
		random_message(&seed, &message);
		random_message(&seed, &partial);
		buffer_clear(&merged);
		assert_int_equal(
			pbedit_merge(buffer_slice(&message), buffer_slice(&partial), &merged),
			CH_OK);
		struct pb_reader reader = pb_read(buffer_slice(&merged));
		struct pb_field field;
		uint32_t last = 0;
		while (pb_next(&reader, &field)) {
			assert_true(field.number >= last);
			last = field.number;
		}
		for (uint32_t number = 1; number < 12; number++) {
			uint64_t want = 0;
			uint64_t got = 0;
			if (!pbedit_get_uint(buffer_slice(&partial), number, &want))
				(void)pbedit_get_uint(buffer_slice(&message), number, &want);
			(void)pbedit_get_uint(buffer_slice(&merged), number, &got); /* or 0 */
			assert_int_equal(got, want);
		}
	}
	buffer_fini(&message);
	buffer_fini(&partial);
	buffer_fini(&merged);
}

static void refuses_torn_bytes(void **state)
{
	(void)state;
	struct buffer out = {0};
	struct slice good = SLICE_LITERAL("\x08\x01");
	struct slice torn = SLICE_LITERAL("\x0a\x05"
					  "a");
	struct buffer far = {0};
	pb_put_uint(&far, 256, 1);
	assert_int_equal(pbedit_merge(torn, good, &out), CH_FORMAT);
	assert_int_equal(pbedit_merge(good, torn, &out), CH_FORMAT);
	assert_int_equal(pbedit_merge(good, buffer_slice(&far), &out), CH_FORMAT);
	assert_int_equal(pbedit_add(torn, 1, good, &out), CH_FORMAT);
	assert_int_equal(pbedit_drop(torn, 1, &out), CH_FORMAT);
	buffer_fini(&far);
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_and_appends_fields),
		cmocka_unit_test(merging_follows_the_rule),
		cmocka_unit_test(refuses_torn_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
