#include "wire/deliver.h"

#include "carehub/v1/bus.pb-c.h"
#include "support/unit.h"
#include "wire/frame.h"

static const struct delivery full = {
	.sequence = UINT64_MAX,
	.part = UINT32_MAX,
	.attempt = UINT32_MAX,
	.mode = DELIVERY_SNAPSHOT,
	.last = true,
	.arrival_us = -1,
	.customer = UINT64_MAX,
	.customer_now = UINT64_MAX,
	.event = {(const uint8_t *)"event", 5},
	.personal = {(const uint8_t *)"person", 6},
	.job = {(const uint8_t *)"job", 3},
	.table = {(const uint8_t *)"units", 5},
	.record = {(const uint8_t *)"record", 6},
	.peer = {(const uint8_t *)"pos-1", 5},
};

static struct slice body_of(const struct buffer *frame)
{
	enum frame_kind kind;
	struct slice body;
	assert_int_equal(frame_parse(buffer_slice(frame), &kind, &body), CH_OK);
	assert_int_equal(kind, FRAME_DELIVER);
	return body;
}

static void test_deliveries_come_out_in_order(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct deliver deliver;
	struct delivery delivery;
	deliver_begin(&frame, 3);
	for (uint64_t sequence = 1; sequence <= 100; sequence++)
		deliver_add(&frame, &(struct delivery){.sequence = sequence});
	assert_int_equal(deliver_parse(body_of(&frame), &deliver), CH_OK);
	assert_int_equal(deliver.handle, 3);
	assert_int_equal(deliver.count, 100);
	for (uint64_t sequence = 1; sequence <= 100; sequence++) {
		assert_true(deliver_next(&deliver, &delivery));
		assert_int_equal(delivery.sequence, sequence);
	}
	assert_false(deliver_next(&deliver, &delivery));
	assert_int_equal(deliver.rest.status, CH_OK);
	buffer_fini(&frame);
}

static void test_protobuf_c_reads_the_same(void **state)
{
	(void)state;
	struct buffer frame = {0};
	deliver_begin(&frame, UINT32_MAX);
	size_t before = frame.len;
	deliver_add(&frame, &full);
	assert_true(frame.len - before <= deliver_bound(&full));
	struct slice body = body_of(&frame);
	Carehub__V1__Deliver *message = carehub__v1__deliver__unpack(NULL, body.len, body.data);
	assert_non_null(message);
	assert_int_equal(message->handle, UINT32_MAX);
	assert_int_equal(message->n_deliveries, 1);
	const Carehub__V1__Delivery *got = message->deliveries[0];
	assert_int_equal(got->sequence, UINT64_MAX);
	assert_int_equal(got->part, UINT32_MAX);
	assert_int_equal(got->attempt, UINT32_MAX);
	assert_int_equal(got->mode, CAREHUB__V1__MODE__SNAPSHOT_RECORD);
	assert_true(got->last);
	assert_int_equal(got->arrival_us, -1);
	assert_int_equal(got->customer, UINT64_MAX);
	assert_int_equal(got->customer_now, UINT64_MAX);
	assert_int_equal(got->event.len, 5);
	assert_memory_equal(got->personal.data, "person", 6);
	assert_string_equal(got->job, "job");
	assert_string_equal(got->table, "units");
	assert_memory_equal(got->record.data, "record", 6);
	assert_string_equal(got->peer, "pos-1");
	carehub__v1__deliver__free_unpacked(message, NULL);
	buffer_fini(&frame);
}

static void test_what_goes_in_comes_out(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct deliver deliver;
	struct delivery got;
	deliver_begin(&frame, 1);
	deliver_add(&frame, &full);
	assert_int_equal(deliver_parse(body_of(&frame), &deliver), CH_OK);
	assert_true(deliver_next(&deliver, &got));
	assert_int_equal(got.sequence, full.sequence);
	assert_int_equal(got.part, full.part);
	assert_int_equal(got.attempt, full.attempt);
	assert_int_equal(got.mode, full.mode);
	assert_true(got.last);
	assert_int_equal(got.arrival_us, full.arrival_us);
	assert_int_equal(got.customer, full.customer);
	assert_int_equal(got.customer_now, full.customer_now);
	assert_true(slice_equal(got.event, full.event));
	assert_true(slice_equal(got.personal, full.personal));
	assert_true(slice_equal(got.job, full.job));
	assert_true(slice_equal(got.table, full.table));
	assert_true(slice_equal(got.record, full.record));
	assert_true(slice_equal(got.peer, full.peer));
	buffer_fini(&frame);
}

static void test_one_encoding_serves_many(void **state)
{
	(void)state;
	struct buffer shared = {0};
	struct buffer frame = {0};
	struct deliver deliver;
	struct delivery got;
	delivery_encode(&full, &shared);
	deliver_begin(&frame, 1);
	deliver_add_encoded(&frame, buffer_slice(&shared),
		&(struct delivery_stamp){.attempt = 1, .mode = DELIVERY_LIVE, .last = true});
	deliver_add_encoded(&frame, buffer_slice(&shared),
		&(struct delivery_stamp){
			.attempt = 7, .mode = DELIVERY_REPLAY, .job = SLICE_LITERAL("j-1")});
	assert_int_equal(deliver_parse(body_of(&frame), &deliver), CH_OK);
	assert_true(deliver_next(&deliver, &got));
	assert_int_equal(got.attempt, 1);
	assert_int_equal(got.mode, DELIVERY_LIVE);
	assert_true(got.last);
	assert_int_equal(got.job.len, 0);
	assert_true(deliver_next(&deliver, &got));
	assert_int_equal(got.attempt, 7);
	assert_int_equal(got.mode, DELIVERY_REPLAY);
	assert_false(got.last);
	assert_slice_text(got.job, "j-1");
	assert_int_equal(got.sequence, full.sequence);
	assert_true(slice_equal(got.event, full.event));
	assert_true(slice_equal(got.peer, full.peer));
	assert_false(deliver_next(&deliver, &got));
	buffer_fini(&frame);
	buffer_fini(&shared);
}

static void test_a_stamp_may_hold_what_not_everybody_may_have(void **state)
{
	(void)state;
	struct buffer shared = {0};
	struct buffer frame = {0};
	struct deliver deliver;
	struct delivery got;
	struct delivery open = full;
	open.personal = (struct slice){NULL, 0};
	delivery_encode(&open, &shared);
	deliver_begin(&frame, 1);
	deliver_add_encoded(&frame, buffer_slice(&shared), &(struct delivery_stamp){.attempt = 1});
	deliver_add_encoded(&frame, buffer_slice(&shared),
		&(struct delivery_stamp){.attempt = 1, .personal = SLICE_LITERAL("zh")});
	assert_int_equal(deliver_parse(body_of(&frame), &deliver), CH_OK);
	assert_true(deliver_next(&deliver, &got));
	assert_int_equal(got.personal.len, 0);
	assert_true(deliver_next(&deliver, &got));
	assert_slice_text(got.personal, "zh");
	buffer_fini(&frame);
	buffer_fini(&shared);
}

static void test_a_bad_delivery_ends_the_walk(void **state)
{
	(void)state;
	struct deliver deliver;
	struct delivery delivery;
	/* The outline is fine; the second delivery claims more bytes than it has. */
	struct slice body = SLICE_LITERAL("\x08\x01\x12\x02\x08\x05\x12\x02\x42\x7f");
	assert_int_equal(deliver_parse(body, &deliver), CH_OK);
	assert_int_equal(deliver.count, 2);
	assert_true(deliver_next(&deliver, &delivery));
	assert_false(deliver_next(&deliver, &delivery));
	assert_int_equal(deliver.rest.status, CH_FORMAT);
	assert_false(deliver_next(&deliver, &delivery));
}

static void test_wrong_wire_types_are_refused(void **state)
{
	(void)state;
	struct deliver deliver;
	struct delivery delivery;
	assert_int_equal(deliver_parse(SLICE_LITERAL("\x0a\x00"), &deliver), CH_FORMAT);
	assert_int_equal(deliver_parse(SLICE_LITERAL("\x10\x01"), &deliver), CH_FORMAT);
	assert_int_equal(deliver_parse(SLICE_LITERAL("\x12\x02\x40\x01"), &deliver), CH_OK);
	assert_false(deliver_next(&deliver, &delivery));
	assert_int_equal(deliver.rest.status, CH_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deliveries_come_out_in_order),
		cmocka_unit_test(test_protobuf_c_reads_the_same),
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_one_encoding_serves_many),
		cmocka_unit_test(test_a_stamp_may_hold_what_not_everybody_may_have),
		cmocka_unit_test(test_a_bad_delivery_ends_the_walk),
		cmocka_unit_test(test_wrong_wire_types_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
