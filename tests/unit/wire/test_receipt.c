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

static void encode(const struct receipt *receipts, size_t count, struct buffer *out)
{
	struct receipts_writer writer;
	receipts_begin(&writer, out);
	for (size_t i = 0; i < count; i++)
		receipts_add(&writer, &receipts[i]);
	receipts_end(&writer, DURABILITY_UNSYNCED);
}

static void test_what_goes_in_comes_out(void **state)
{
	(void)state;
	static struct receipts out;
	struct buffer frame = {0};
	const struct receipt in[] = {
		{.frame = 7,
			.index = 3,
			.outcome = OUTCOME_ACCEPTED,
			.sequence = 41,
			.customer = UINT64_C(123456789097)},
		{.frame = 7,
			.index = 4,
			.outcome = OUTCOME_REFUSED,
			.reason = CH_MISSING,
			.field = SLICE_LITERAL("customer.phones[0].value"),
			.detail = SLICE_LITERAL("a phone number is mandatory")},
		{.frame = 7, .index = 5, .outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 250},
	};
	encode(in, 3, &frame);
	assert_int_equal(receipts_parse(body_of(&frame, FRAME_RECEIPTS), &out), CH_OK);
	assert_int_equal(out.durability, DURABILITY_UNSYNCED);
	assert_int_equal(out.count, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(out.receipts[i].frame, 7);
		assert_int_equal(out.receipts[i].index, 3 + i);
	}
	assert_int_equal(out.receipts[0].sequence, 41);
	assert_int_equal(out.receipts[0].customer, UINT64_C(123456789097));
	assert_int_equal(out.receipts[1].reason, CH_MISSING);
	assert_true(slice_equal(out.receipts[1].field, in[1].field));
	assert_true(slice_equal(out.receipts[1].detail, in[1].detail));
	assert_int_equal(out.receipts[2].retry_after_ms, 250);
	buffer_fini(&frame);
}

static void test_one_message_answers_many_frames(void **state)
{
	(void)state;
	static struct receipts out;
	struct buffer frame = {0};
	const struct receipt in[] = {
		{.frame = 300, .index = 1, .outcome = OUTCOME_ACCEPTED, .sequence = 1},
		{.frame = 301, .outcome = OUTCOME_ACCEPTED, .sequence = 2},
		{.frame = 302, .outcome = OUTCOME_CONFLICT, .reason = CH_CONFLICT, .sequence = 1},
		{.frame = 302, .index = 1, .outcome = OUTCOME_ACCEPTED, .sequence = 4},
		{.frame = UINT64_MAX, .outcome = OUTCOME_ACCEPTED, .sequence = 5},
	};
	encode(in, 5, &frame);
	assert_int_equal(receipts_parse(body_of(&frame, FRAME_RECEIPTS), &out), CH_OK);
	assert_int_equal(out.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(out.receipts[i].frame, in[i].frame);
		assert_int_equal(out.receipts[i].index, in[i].index);
		assert_int_equal(out.receipts[i].sequence, in[i].sequence);
		assert_int_equal(out.receipts[i].reason, in[i].reason);
	}
	buffer_fini(&frame);
}

static void test_fields_in_another_order(void **state)
{
	(void)state;
	static struct receipts out;
	/* receipts { outcome: ACCEPTED } receipts { outcome: ACCEPTED frame: 9 } first: 2 frame: 8 */
	struct slice body =
		SLICE_LITERAL("\x1a\x02\x08\x01\x1a\x04\x08\x01\x40\x09\x10\x02\x08\x08");
	assert_int_equal(receipts_parse(body, &out), CH_OK);
	assert_int_equal(out.receipts[0].frame, 8);
	assert_int_equal(out.receipts[0].index, 2);
	assert_int_equal(out.receipts[1].frame, 9);
	assert_int_equal(out.receipts[1].index, 0);
}

static void test_frames_that_do_not_rise_are_refused(void **state)
{
	(void)state;
	static struct receipts out;
	assert_int_equal(
		receipts_parse(
			SLICE_LITERAL("\x08\x09\x1a\x02\x08\x01\x1a\x04\x08\x01\x40\x09"), &out),
		CH_FORMAT);
	assert_int_equal(
		receipts_parse(
			SLICE_LITERAL("\x08\x09\x1a\x02\x08\x01\x1a\x04\x08\x01\x40\x08"), &out),
		CH_FORMAT);
}

static void test_protobuf_c_reads_the_same(void **state)
{
	(void)state;
	struct buffer frame = {0};
	const struct receipt in[] = {
		{.frame = UINT64_MAX - 1,
			.index = 255,
			.outcome = OUTCOME_DUPLICATE,
			.sequence = UINT64_MAX,
			.customer = UINT64_MAX},
		{.frame = UINT64_MAX,
			.outcome = OUTCOME_DUPLICATE,
			.sequence = UINT64_MAX,
			.customer = UINT64_MAX},
	};
	encode(in, 2, &frame);
	struct slice body = body_of(&frame, FRAME_RECEIPTS);
	Carehub__V1__Receipts *message = carehub__v1__receipts__unpack(NULL, body.len, body.data);
	assert_non_null(message);
	assert_int_equal(message->frame, UINT64_MAX - 1);
	assert_int_equal(message->first, 255);
	assert_int_equal(message->durability, CAREHUB__V1__DURABILITY__UNSYNCED);
	assert_int_equal(message->n_receipts, 2);
	assert_int_equal(message->receipts[0]->outcome, CAREHUB__V1__OUTCOME__DUPLICATE);
	assert_int_equal(message->receipts[0]->sequence, UINT64_MAX);
	assert_int_equal(message->receipts[0]->customer, UINT64_MAX);
	assert_int_equal(message->receipts[0]->frame, 0);
	assert_int_equal(message->receipts[1]->frame, UINT64_MAX);
	assert_int_equal(message->receipts[1]->customer, UINT64_MAX);
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
	assert_int_equal(receipts_parse(SLICE_LITERAL("\x1a\x02\x42\x00"), &out), CH_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_one_message_answers_many_frames),
		cmocka_unit_test(test_fields_in_another_order),
		cmocka_unit_test(test_frames_that_do_not_rise_are_refused),
		cmocka_unit_test(test_protobuf_c_reads_the_same),
		cmocka_unit_test(test_more_than_a_frame_can_hold_is_refused),
		cmocka_unit_test(test_wrong_wire_types_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
