#include "base/limits.h"
#include "unit/draw.h"
#include "wire/frame.h"
#include "wire/pb.h"

static void carries_events_in_order(void **state)
{
	(void)state;
	static struct publish publish;
	struct buffer out = {0};
	enum frame_kind kind;
	struct slice body;
	frame_begin(&out, FRAME_PUBLISH);
	pb_put_uint(&out, 1, 7);
	pb_put_element(&out, 2, SLICE_LITERAL("first"));
	pb_put_element(&out, 2, SLICE_LITERAL("second"));
	pb_put_uint(&out, 99, 1); /* of a later version */
	assert_int_equal(frame_parse(buffer_slice(&out), &kind, &body), CH_OK);
	assert_int_equal(kind, FRAME_PUBLISH);
	assert_int_equal(publish_parse(body, &publish), CH_OK);
	assert_int_equal(publish.frame, 7);
	assert_int_equal(publish.count, 2);
	assert_slice_text(publish.events[0], "first");
	assert_slice_text(publish.events[1], "second");
	buffer_fini(&out);
}

static void tells_a_stranger_from_a_later_version(void **state)
{
	(void)state;
	enum frame_kind kind = FRAME_BYE;
	struct slice body;
	assert_int_equal(frame_parse(slice_of(NULL, 0), &kind, &body), CH_FORMAT);
	assert_int_equal(frame_parse(SLICE_LITERAL("CH\x01"), &kind, &body), CH_FORMAT);
	assert_int_equal(frame_parse(SLICE_LITERAL("GET / HTTP"), &kind, &body), CH_FORMAT);
	assert_int_equal(frame_parse(SLICE_LITERAL("CH\x02\x02"), &kind, &body), CH_VERSION);
	assert_int_equal(kind, FRAME_BYE);
	assert_int_equal(frame_parse(SLICE_LITERAL("CH\x01\x02"), &kind, &body), CH_OK);
	assert_int_equal(body.len, 0);
	static uint8_t huge[LIMIT_FRAME_BYTES + 1] = {'C', 'H', 1, 2};
	assert_int_equal(frame_parse(slice_of(huge, sizeof(huge)), &kind, &body), CH_TOO_LARGE);
	assert_int_equal(frame_parse(slice_of(huge, sizeof(huge) - 1), &kind, &body), CH_OK);
}

static void bounds_the_events_of_a_frame(void **state)
{
	(void)state;
	static struct publish publish;
	struct buffer out = {0};
	assert_int_equal(publish_parse(slice_of(NULL, 0), &publish), CH_MISSING);
	for (unsigned i = 0; i < LIMIT_EVENTS_PER_FRAME; i++)
		pb_put_element(&out, 2, SLICE_LITERAL("e"));
	assert_int_equal(publish_parse(buffer_slice(&out), &publish), CH_OK);
	assert_int_equal(publish.count, LIMIT_EVENTS_PER_FRAME);
	pb_put_element(&out, 2, SLICE_LITERAL("e"));
	pb_put_uint(&out, 1, 7); /* still read, so that the answer can name the frame */
	assert_int_equal(publish_parse(buffer_slice(&out), &publish), CH_TOO_LARGE);
	assert_int_equal(publish.frame, 7);
	assert_int_equal(
		publish_parse(slice_sub(buffer_slice(&out), 0, out.len - 1), &publish), CH_FORMAT);
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_events_in_order),
		cmocka_unit_test(tells_a_stranger_from_a_later_version),
		cmocka_unit_test(bounds_the_events_of_a_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
