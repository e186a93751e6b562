#include "kit/cloudevent.h"

#include "support/unit.h"

#include <carehub/v1/website.pb-c.h>

static const struct envelope full = {
	.id = {(const uint8_t *)"1/3", 3},
	.source = {(const uint8_t *)"/stations/sh12", 14},
	.type = {(const uint8_t *)"website.order.cancelled", 23},
	.subject = {(const uint8_t *)"A\"1", 3},
	.time_us = 1772438400000000,
	.sent_us = 1772438400000001,
	.traceparent = {(const uint8_t *)"00-a", 4},
	.correlation_id = {(const uint8_t *)"c", 1},
	.causation_id = {(const uint8_t *)"b", 1},
	.digest = {(const uint8_t *)"\x9f\x00", 2},
};

static void test_usage(void **state)
{
	Carehub__V1__WebsiteOrderCancelled message = CAREHUB__V1__WEBSITE_ORDER_CANCELLED__INIT;
	char order_id[] = "A1";
	struct buffer line = {0};
	(void)state;
	message.order_id = order_id;
	assert_int_equal(cloudevent_write(&full, &message.base, &line), CH_OK);
	assert_slice_text(buffer_slice(&line),
		"{\"specversion\":\"1.0\",\"id\":\"1/3\",\"source\":\"/stations/sh12\","
		"\"type\":\"website.order.cancelled\",\"subject\":\"A\\\"1\","
		"\"time\":\"2026-03-02T08:00:00.000000Z\","
		"\"senttime\":\"2026-03-02T08:00:00.000001Z\",\"traceparent\":\"00-a\","
		"\"correlationid\":\"c\",\"causationid\":\"b\",\"digest\":\"9f00\","
		"\"datacontenttype\":\"application/json\",\"data\":{\"orderId\":\"A1\"}}\n");
	buffer_fini(&line);
}

static void test_what_is_no_text_leaves_no_half_line(void **state)
{
	Carehub__V1__WebsiteOrderCancelled message = CAREHUB__V1__WEBSITE_ORDER_CANCELLED__INIT;
	char order_id[] = "\xff";
	struct envelope bad = full;
	struct buffer line = {0};
	(void)state;
	buffer_append_text(&line, "before\n");
	bad.subject = SLICE_LITERAL("\xff");
	assert_int_equal(cloudevent_write(&bad, &message.base, &line), CH_FORMAT);
	message.order_id = order_id;
	assert_int_equal(cloudevent_write(&full, &message.base, &line), CH_FORMAT);
	assert_slice_text(buffer_slice(&line), "before\n");
	buffer_fini(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_is_no_text_leaves_no_half_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
