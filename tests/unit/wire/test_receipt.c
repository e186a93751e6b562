#include "wire/receipt.h"

#include "carehub/v1/bus.pb-c.h"
#include "support/unit.h"
#include "wire/frame.h"

static struct slice body_of(const struct buffer *frame, enum frame_kind want)
{
	enum frame_kind kind;
	struct slice body;
	assert_int_equal(frame_parse(buffer_slice(frame), &kind, &body), CH_OK);
	assert_int_equal(kind, want);
	return body;
}

static void test_what_goes_in_comes_out(void **state)
{
	(void)state;
	static struct receipts in = {
		.frame = 7, .first = 3, .count = 3, .durability = DURABILITY_UNSYNCED};
	static struct receipts out;
	struct buffer frame = {0};
	in.receipts[0] = (struct receipt){
		.outcome = OUTCOME_ACCEPTED, .sequence = 41, .customer = UINT64_C(123456789097)};
	in.receipts[1] = (struct receipt){.outcome = OUTCOME_REFUSED,
		.reason = CH_MISSING,
		.field = SLICE_LITERAL("customer.phones[0].value"),
		.detail = SLICE_LITERAL("a phone number is mandatory")};
	in.receipts[2] = (struct receipt){.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 250};
	receipts_encode(&in, &frame);
	assert_int_equal(receipts_parse(body_of(&frame, FRAME_RECEIPTS), &out), CH_OK);
	assert_int_equal(out.frame, 7);
	assert_int_equal(out.first, 3);
	assert_int_equal(out.durability, DURABILITY_UNSYNCED);
	assert_int_equal(out.count, 3);
	assert_int_equal(out.receipts[0].sequence, 41);
	assert_int_equal(out.receipts[0].customer, UINT64_C(123456789097));
	assert_int_equal(out.receipts[1].reason, CH_MISSING);
	assert_true(slice_equal(out.receipts[1].field, in.receipts[1].field));
	assert_true(slice_equal(out.receipts[1].detail, in.receipts[1].detail));
	assert_int_equal(out.receipts[2].retry_after_ms, 250);
	buffer_fini(&frame);
}

static void test_protobuf_c_reads_the_same(void **state)
{
	(void)state;
	static struct receipts in = {.frame = UINT64_MAX, .first = 255, .count = 1};
	struct buffer frame = {0};
	in.receipts[0] = (struct receipt){
		.outcome = OUTCOME_DUPLICATE, .sequence = UINT64_MAX, .customer = UINT64_MAX};
	receipts_encode(&in, &frame);
	struct slice body = body_of(&frame, FRAME_RECEIPTS);
	Carehub__V1__Receipts *message = carehub__v1__receipts__unpack(NULL, body.len, body.data);
	assert_non_null(message);
	assert_int_equal(message->frame, UINT64_MAX);
	assert_int_equal(message->first, 255);
	assert_int_equal(message->n_receipts, 1);
	assert_int_equal(message->receipts[0]->outcome, CAREHUB__V1__OUTCOME__DUPLICATE);
	assert_int_equal(message->receipts[0]->sequence, UINT64_MAX);
	assert_int_equal(message->receipts[0]->customer, UINT64_MAX);
	carehub__v1__receipts__free_unpacked(message, NULL);
	buffer_fini(&frame);
}

static void test_more_than_a_frame_can_hold_is_refused(void **state)
{
	(void)state;
	static struct receipts out;
	struct buffer body = {0};
	for (unsigned i = 0; i <= LIMIT_EVENTS_PER_FRAME; i++)
		buffer_append(&body, "\x1a\x00", 2);
	assert_int_equal(receipts_parse(buffer_slice(&body), &out), CH_TOO_LARGE);
	buffer_fini(&body);
}

static void test_wrong_wire_types_are_refused(void **state)
{
	(void)state;
	static struct receipts out;
	assert_int_equal(receipts_parse(SLICE_LITERAL("\x0a\x00"), &out), CH_FORMAT);
	assert_int_equal(receipts_parse(SLICE_LITERAL("\x18\x01"), &out), CH_FORMAT);
	assert_int_equal(receipts_parse(SLICE_LITERAL("\x1a\x02\x28\x01"), &out), CH_FORMAT);
	assert_int_equal(receipts_parse(SLICE_LITERAL("\x1a\x7f"), &out), CH_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_protobuf_c_reads_the_same),
		cmocka_unit_test(test_more_than_a_frame_can_hold_is_refused),
		cmocka_unit_test(test_wrong_wire_types_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
