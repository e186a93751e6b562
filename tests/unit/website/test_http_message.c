#include "request.h"

static void test_request(void **state)
{
	struct http_message message =
		request_parse("POST /events?a=1&b=%E7%8E%8B+x HTTP/1.1\r\n"
			      "Host: shop.example\r\n"
			      "content-TYPE:  application/json ; charset=utf-8 \r\n"
			      "Content-Length: 2\r\n"
			      "\r\n"
			      "{}more");
	struct slice value;
	struct buffer text = {0};
	(void)state;
	assert_slice_text(message.method, "POST");
	assert_slice_text(message.path, "/events");
	assert_slice_text(message.body, "{}");
	assert_int_equal(http_message_header(&message, "HOST", &value), CH_OK);
	assert_slice_text(value, "shop.example");
	assert_slice_text(http_message_media_type(&message), "application/json");
	assert_int_equal(http_message_header(&message, "accept", &value), CH_NOT_FOUND);
	assert_int_equal(http_query_value(message.query, "b", &text), CH_OK);
	assert_string_equal(buffer_text(&text), "王 x");
	assert_int_equal(http_query_value(message.query, "c", &text), CH_NOT_FOUND);
	buffer_fini(&text);
}

/* Lines that end in LF alone, as somebody types them, and a body without a length. */
static void test_loose(void **state)
{
	struct http_message message = request_parse("POST / HTTP/1.0\nA: b\n\nbody");
	(void)state;
	assert_slice_text(message.body, "body");
	assert_slice_text(http_message_value(&message, "a"), "b");
}

static void test_broken(void **state)
{
	static const struct {
		const char *raw;
		enum ch_status status;
	} cases[] = {
		{"", CH_FORMAT},
		{"GET", CH_FORMAT},
		{"GET / HTTP/2\r\n\r\n", CH_FORMAT},
		{"GET noslash HTTP/1.1\r\n\r\n", CH_FORMAT},
		{"G T / HTTP/1.1\r\n\r\n", CH_FORMAT},
		{"GET / HTTP/1.1\r\nno colon\r\n\r\n", CH_FORMAT},
		{"GET / HTTP/1.1\r\nSpaced : x\r\n\r\n", CH_FORMAT},
		{"GET / HTTP/1.1\r\nA: x\r\n folded\r\n\r\n", CH_FORMAT},
		{"GET / HTTP/1.1\r\nA: x\r\n", CH_FORMAT},
		{"GET / HTTP/1.1\r\nA: x\ry\r\n\r\n", CH_FORMAT},
		{"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", CH_END},
		{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", CH_FORMAT},
		{"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", CH_FORMAT},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", CH_UNSUPPORTED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_message message;
		assert_int_equal(
			http_message_parse(slice_text(cases[i].raw), &message), cases[i].status);
	}
}

static void test_bounds(void **state)
{
	struct buffer raw = {0};
	struct http_message message;
	struct slice value;
	(void)state;
	buffer_append_text(&raw, "GET / HTTP/1.1\r\n");
	for (unsigned i = 0; i < HTTP_MESSAGE_HEADERS; i++)
		buffer_printf(&raw, "h%u: x\r\n", i);
	buffer_append_text(&raw, "again: x\r\n\r\n");
	assert_int_equal(http_message_parse(buffer_slice(&raw), &message), CH_TOO_LARGE);
	buffer_fini(&raw);
	message = request_parse("GET / HTTP/1.1\r\nid: 1\r\nID: 2\r\n\r\n");
	assert_int_equal(http_message_header(&message, "id", &value), CH_EXISTS);
	assert_int_equal(http_query_value(SLICE_LITERAL("a=1&a=2"), "a", &raw), CH_EXISTS);
	assert_int_equal(http_query_value(SLICE_LITERAL("a=%C0%A0"), "a", &raw), CH_FORMAT);
	buffer_fini(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
