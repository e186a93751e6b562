#include "wire/ack.h"

#include "support/unit.h"
#include "wire/frame.h"

static void test_ranges_and_nacks_come_out_in_order(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct slice body;
	enum frame_kind kind;
	struct ack ack;
	struct ack_range range;
	struct nack nack;
	ack_begin(&frame, 4, 100);
	ack_put_job(&frame, SLICE_LITERAL("replay-7"));
	ack_add_range(&frame, &(struct ack_range){102, 102});
	ack_add_nack(&frame,
		&(struct nack){
			.sequence = 103, .delay_ms = 500, .reason = SLICE_LITERAL("no stock")});
	ack_add_range(&frame, &(struct ack_range){105, UINT64_MAX});
	ack_add_nack(&frame, &(struct nack){.sequence = 104, .park = true});

	assert_int_equal(frame_parse(buffer_slice(&frame), &kind, &body), CH_OK);
	assert_int_equal(kind, FRAME_ACK);
	assert_int_equal(ack_parse(body, &ack), CH_OK);
	assert_int_equal(ack.handle, 4);
	assert_int_equal(ack.up_to, 100);
	assert_slice_text(ack.job, "replay-7");
	assert_true(ack_next_range(&ack, &range));
	assert_true(range.first == 102 && range.last == 102);
	assert_true(ack_next_range(&ack, &range));
	assert_true(range.first == 105 && range.last == UINT64_MAX);
	assert_false(ack_next_range(&ack, &range));
	assert_true(ack_next_nack(&ack, &nack));
	assert_int_equal(nack.sequence, 103);
	assert_int_equal(nack.delay_ms, 500);
	assert_slice_text(nack.reason, "no stock");
	assert_true(ack_next_nack(&ack, &nack));
	assert_true(nack.park);
	assert_false(ack_next_nack(&ack, &nack));
	buffer_fini(&frame);
}

static void test_a_range_that_runs_backwards_is_refused(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct ack ack;
	ack_begin(&frame, 1, 0);
	ack_add_range(&frame, &(struct ack_range){5, 4});
	assert_int_equal(
		ack_parse(slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, frame.len), &ack),
		CH_INVALID);
	buffer_fini(&frame);
}

static void test_bad_bytes_are_told_before_anything_is_walked(void **state)
{
	(void)state;
	struct ack ack;
	assert_int_equal(ack_parse(SLICE_LITERAL("\x1a\x02\x10\x01\x1a\x7f"), &ack), CH_FORMAT);
	assert_int_equal(ack_parse(SLICE_LITERAL("\x18\x01"), &ack), CH_FORMAT);
	assert_int_equal(ack_parse(SLICE_LITERAL("\x22\x03\x22\x01\xff"), &ack), CH_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_and_nacks_come_out_in_order),
		cmocka_unit_test(test_a_range_that_runs_backwards_is_refused),
		cmocka_unit_test(test_bad_bytes_are_told_before_anything_is_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
