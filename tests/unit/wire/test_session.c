#include "wire/session.h"

#include "carehub/v1/bus.pb-c.h"
#include "support/unit.h"
#include "wire/form.h"
#include "wire/pb.h"

static struct slice body_of(const struct buffer *frame, enum frame_kind want)
{
	enum frame_kind kind;
	struct slice body;
	assert_int_equal(frame_parse(buffer_slice(frame), &kind, &body), CH_OK);
	assert_int_equal(kind, want);
	return body;
}

static void test_hello_comes_out_as_it_went_in(void **state)
{
	(void)state;
	struct buffer frame = {0};
	const char *field;
	struct hello in = {.version = 1,
		.agent = SLICE_LITERAL("carehub-pos 0.1.0"),
		.session = SLICE_LITERAL("0123456789abcdef"),
		.source_count = 2,
		.sources = {SLICE_LITERAL("/pos/shop-1"), SLICE_LITERAL("/pos/shop-2")}};
	struct hello out;
	hello_encode(&in, &frame);
	assert_int_equal(hello_parse(body_of(&frame, FRAME_HELLO), &out, &field), CH_OK);
	assert_int_equal(out.version, 1);
	assert_slice_text(out.agent, "carehub-pos 0.1.0");
	assert_slice_text(out.session, "0123456789abcdef");
	assert_int_equal(out.source_count, 2);
	assert_slice_text(out.sources[1], "/pos/shop-2");
	buffer_fini(&frame);
}

static const struct welcome welcome = {
	.version = 1,
	.session = {(const uint8_t *)"0123456789abcdef", 16},
	.resumed = true,
	.incarnation = UINT64_C(0xfedcba9876543210),
	.head = 17,
	.credit = 1024,
	.heartbeat_ms = 10000,
	.limits = {1, 2, 3, 4},
	.peer = {(const uint8_t *)"pos-1", 5},
	.time_us = -5,
	.checkpoint_count = 2,
	.checkpoints = {{{(const uint8_t *)"/a", 2}, {NULL, 0}, 0},
		{{(const uint8_t *)"/b", 2}, {(const uint8_t *)"line 7", 6}, 16}},
};

static void test_protobuf_c_reads_the_same_welcome(void **state)
{
	(void)state;
	struct buffer frame = {0};
	welcome_encode(&welcome, &frame);
	struct slice body = body_of(&frame, FRAME_WELCOME);
	Carehub__V1__Welcome *message = carehub__v1__welcome__unpack(NULL, body.len, body.data);
	assert_non_null(message);
	assert_true(message->resumed);
	assert_int_equal(message->incarnation, UINT64_C(0xfedcba9876543210));
	assert_int_equal(message->head, 17);
	assert_int_equal(message->limits->events_per_frame, 3);
	assert_int_equal(message->n_checkpoints, 2);
	assert_int_equal(message->checkpoints[1]->sequence, 16);
	assert_string_equal(message->peer, "pos-1");
	assert_int_equal(message->time_us, -5);
	carehub__v1__welcome__free_unpacked(message, NULL);
	buffer_fini(&frame);
}

static void test_a_welcome_of_protobuf_c_is_read(void **state)
{
	(void)state;
	Carehub__V1__Limits limits = CAREHUB__V1__LIMITS__INIT;
	Carehub__V1__Welcome message = CAREHUB__V1__WELCOME__INIT;
	limits.frame_bytes = 99;
	message.limits = &limits;
	message.heartbeat_ms = 500;
	char name[] = "hub";
	message.peer = name;
	uint8_t bytes[64];
	size_t len = carehub__v1__welcome__pack(&message, bytes);
	struct welcome out;
	const char *field;
	assert_int_equal(welcome_parse(slice_of(bytes, len), &out, &field), CH_OK);
	assert_int_equal(out.limits.frame_bytes, 99);
	assert_int_equal(out.heartbeat_ms, 500);
	assert_slice_text(out.peer, "hub");
}

static void test_small_messages(void **state)
{
	(void)state;
	struct buffer frame = {0};
	uint32_t events = 0;
	uint64_t token = 0;
	struct slice reason;
	struct pong pong;
	credit_encode(77, &frame);
	assert_int_equal(credit_parse(body_of(&frame, FRAME_CREDIT), &events), CH_OK);
	assert_int_equal(events, 77);
	buffer_clear(&frame);
	ping_encode(UINT64_MAX, &frame);
	assert_int_equal(ping_parse(body_of(&frame, FRAME_PING), &token), CH_OK);
	assert_true(token == UINT64_MAX);
	buffer_clear(&frame);
	pong_encode(&(struct pong){3, 4}, &frame);
	assert_int_equal(pong_parse(body_of(&frame, FRAME_PONG), &pong), CH_OK);
	assert_true(pong.token == 3 && pong.head == 4);
	buffer_clear(&frame);
	bye_encode(SLICE_LITERAL("done"), &frame);
	assert_int_equal(bye_parse(body_of(&frame, FRAME_BYE), &reason), CH_OK);
	assert_slice_text(reason, "done");
	buffer_fini(&frame);
}

static void test_refused_names_what_it_is_about(void **state)
{
	(void)state;
	struct buffer frame = {0};
	struct refused out;
	refused_encode(&(struct refused){.reason = CH_DENIED,
			       .detail = SLICE_LITERAL("no right to /pos/shop-3"),
			       .kind = FRAME_SUBSCRIBE,
			       .fatal = true,
			       .about = 9},
		&frame);
	assert_int_equal(refused_parse(body_of(&frame, FRAME_REFUSED), &out), CH_OK);
	assert_int_equal(out.reason, CH_DENIED);
	assert_int_equal(out.kind, FRAME_SUBSCRIBE);
	assert_true(out.fatal);
	assert_int_equal(out.about, 9);
	buffer_fini(&frame);
}

static void test_bounds_are_told_with_the_field(void **state)
{
	(void)state;
	struct buffer body = {0};
	struct hello hello;
	const char *field = NULL;
	for (unsigned i = 0; i <= LIMIT_CHECKPOINTS_PER_HELLO; i++)
		pb_put_text(&body, 4, "/source");
	assert_int_equal(hello_parse(buffer_slice(&body), &hello, &field), CH_TOO_LARGE);
	assert_string_equal(field, "sources");
	buffer_clear(&body);
	pb_put_text(&body, 3, "a token of more than sixteen bytes");
	assert_int_equal(hello_parse(buffer_slice(&body), &hello, &field), CH_TOO_LARGE);
	assert_string_equal(field, "session");
	buffer_clear(&body);
	pb_put_text(&body, 2, "\xff");
	assert_int_equal(hello_parse(buffer_slice(&body), &hello, &field), CH_FORMAT);
	assert_string_equal(field, "agent");
	assert_int_equal(hello_parse(SLICE_LITERAL("\x0a\x01x"), &hello, &field), CH_FORMAT);
	assert_string_equal(field, "version");
	assert_int_equal(hello_parse(SLICE_LITERAL("\x0a"), &hello, &field), CH_FORMAT);
	assert_string_equal(field, "");
	buffer_fini(&body);
}

static void test_fields_of_a_later_version_are_passed_over(void **state)
{
	(void)state;
	struct buffer body = {0};
	struct hello hello;
	const char *field;
	pb_put_text(&body, 200, "new");
	pb_put_uint(&body, 1, 2);
	assert_int_equal(hello_parse(buffer_slice(&body), &hello, &field), CH_OK);
	assert_int_equal(hello.version, 2);
	buffer_fini(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_comes_out_as_it_went_in),
		cmocka_unit_test(test_protobuf_c_reads_the_same_welcome),
		cmocka_unit_test(test_a_welcome_of_protobuf_c_is_read),
		cmocka_unit_test(test_small_messages),
		cmocka_unit_test(test_refused_names_what_it_is_about),
		cmocka_unit_test(test_bounds_are_told_with_the_field),
		cmocka_unit_test(test_fields_of_a_later_version_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
