#include "wire/subscribe.h"

#include "carehub/v1/bus.pb-c.h"
#include "support/unit.h"
#include "wire/frame.h"
#include "wire/request.h"

static struct slice body_of(const struct buffer *frame, enum frame_kind want)
{
	enum frame_kind kind;
	struct slice body;
	assert_int_equal(frame_parse(buffer_slice(frame), &kind, &body), CH_OK);
	assert_int_equal(kind, want);
	return body;
}

static const struct subscribe full = {
	.handle = 1,
	.name = {(const uint8_t *)"marketing", 9},
	.filter = {.type_count = 2,
		.customer_count = 3,
		.types = {{(const uint8_t *)"pos.>", 5}, {(const uint8_t *)"*.order.placed", 14}},
		.customers = {0, 123456789097, UINT64_MAX}},
	.start = {.from = FROM_SNAPSHOT,
		.time_us = -1,
		.incarnation = 9,
		.snapshot_count = 1,
		.snapshot = {{(const uint8_t *)"units", 5}}},
	.update = true,
	.credit = 100,
	.ack_wait_ms = 30000,
	.max_attempts = 5,
	.must_exist = true,
	.position = 77,
	.position_incarnation = UINT64_MAX,
	.no_ack = true,
	.max_lag_events = 1000000,
	.stop_sequence = 99,
	.stop_at_head = true,
};

static void test_protobuf_c_reads_the_same(void **state)
{
	(void)state;
	struct buffer frame = {0};
	subscribe_encode(&full, &frame);
	struct slice body = body_of(&frame, FRAME_SUBSCRIBE);
	Carehub__V1__Subscribe *got = carehub__v1__subscribe__unpack(NULL, body.len, body.data);
	assert_non_null(got);
	assert_string_equal(got->name, "marketing");
	assert_int_equal(got->filter->n_types, 2);
	assert_int_equal(got->filter->n_customers, 3);
	assert_true(got->filter->customers[2] == UINT64_MAX);
	assert_int_equal(got->start->from, CAREHUB__V1__START__FROM__SNAPSHOT);
	assert_string_equal(got->start->snapshot[0], "units");
	assert_true(got->position_incarnation == UINT64_MAX);
	assert_int_equal(got->stop_sequence, 99);
	assert_true(got->stop_at_head);

	/* And back: what protobuf-c packs is what we read. */
	uint8_t packed[256];
	size_t len = carehub__v1__subscribe__pack(got, packed);
	struct subscribe out;
	const char *field;
	assert_int_equal(subscribe_parse(slice_of(packed, len), &out, &field), CH_OK);
	assert_int_equal(out.handle, 1);
	assert_slice_text(out.filter.types[1], "*.order.placed");
	assert_int_equal(out.filter.customer_count, 3);
	assert_true(out.filter.customers[0] == 0 && out.filter.customers[2] == UINT64_MAX);
	assert_int_equal(out.start.from, FROM_SNAPSHOT);
	assert_int_equal(out.start.time_us, -1);
	assert_int_equal(out.start.incarnation, 9);
	assert_slice_text(out.start.snapshot[0], "units");
	assert_true(out.update && out.must_exist && out.no_ack && out.stop_at_head);
	assert_int_equal(out.ack_wait_ms, 30000);
	assert_int_equal(out.max_lag_events, 1000000);
	carehub__v1__subscribe__free_unpacked(got, NULL);
	buffer_fini(&frame);
}

static void test_an_empty_subscription_is_short(void **state)
{
	(void)state;
	struct buffer frame = {0};
	subscribe_encode(&(struct subscribe){.handle = 2}, &frame);
	assert_int_equal(frame.len, FRAME_HEADER_BYTES + 2);
	buffer_fini(&frame);
}

static void test_numbers_may_come_one_by_one(void **state)
{
	(void)state;
	struct subscribe out;
	const char *field;
	assert_int_equal(
		subscribe_parse(SLICE_LITERAL("\x1a\x06\x18\x05\x1a\x02\x06\x07"), &out, &field),
		CH_OK);
	assert_int_equal(out.filter.customer_count, 3);
	assert_int_equal(out.filter.customers[2], 7);
}

static void test_small_messages(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct subscribed subscribed;
	struct grant grant;
	struct detach detach;
	struct mark mark;
	subscribed_encode(&(struct subscribed){1, 2, 3, 4, 5}, &frame);
	assert_int_equal(subscribed_parse(body_of(&frame, FRAME_SUBSCRIBED), &subscribed), CH_OK);
	assert_true(subscribed.handle == 1 && subscribed.generation == 2);
	assert_true(subscribed.cursor == 3 && subscribed.head == 4);
	assert_int_equal(subscribed.moves, 5);
	buffer_clear(&frame);
	grant_encode(&(struct grant){5, 6}, &frame);
	assert_int_equal(grant_parse(body_of(&frame, FRAME_GRANT), &grant), CH_OK);
	assert_true(grant.handle == 5 && grant.deliveries == 6);
	buffer_clear(&frame);
	detach_encode(&(struct detach){7, true, false}, &frame);
	assert_int_equal(detach_parse(body_of(&frame, FRAME_DETACH), &detach), CH_OK);
	assert_true(detach.handle == 7 && detach.delete &&!detach.drain);
	buffer_clear(&frame);
	mark_encode(&(struct mark){8, MARK_GAP, 9, 10, SLICE_LITERAL("archived"),
			    SLICE_LITERAL("job-1")},
		&frame);
	assert_int_equal(mark_parse(body_of(&frame, FRAME_MARK), &mark), CH_OK);
	assert_true(mark.handle == 8 && mark.what == MARK_GAP);
	assert_true(mark.first == 9 && mark.last == 10);
	assert_slice_text(mark.detail, "archived");
	assert_slice_text(mark.job, "job-1");
	buffer_fini(&frame);
}

static void test_requests_and_replies(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct request request;
	struct reply reply;
	request_encode(
		&(struct request){1, SLICE_LITERAL("status"), SLICE_LITERAL("body")}, &frame);
	assert_int_equal(request_parse(body_of(&frame, FRAME_REQUEST), &request), CH_OK);
	assert_int_equal(request.request, 1);
	assert_slice_text(request.operation, "status");
	assert_slice_text(request.body, "body");
	buffer_clear(&frame);
	reply_encode(&(struct reply){2, CH_NOT_FOUND, SLICE_LITERAL("no such customer"),
			     SLICE_LITERAL("x"), true},
		&frame);
	assert_int_equal(reply_parse(body_of(&frame, FRAME_REPLY), &reply), CH_OK);
	assert_int_equal(reply.request, 2);
	assert_int_equal(reply.status, CH_NOT_FOUND);
	assert_slice_text(reply.detail, "no such customer");
	assert_true(reply.more);
	buffer_fini(&frame);
}

static void test_a_name_over_its_bound_is_refused(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct subscribe out;
	const char *field;
	char name[LIMIT_NAME_BYTES + 2];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	subscribe_encode(&(struct subscribe){.name = slice_text(name)}, &frame);
	assert_int_equal(
		subscribe_parse(body_of(&frame, FRAME_SUBSCRIBE), &out, &field), CH_TOO_LARGE);
	assert_string_equal(field, "name");
	buffer_fini(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protobuf_c_reads_the_same),
		cmocka_unit_test(test_an_empty_subscription_is_short),
		cmocka_unit_test(test_numbers_may_come_one_by_one),
		cmocka_unit_test(test_small_messages),
		cmocka_unit_test(test_requests_and_replies),
		cmocka_unit_test(test_a_name_over_its_bound_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
