#include "channel/website/form.h"

#include <stdio.h>

#include "request.h"

#define URLENCODED "POST /x HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
#define MULTIPART  "POST /x HTTP/1.1\r\nContent-Type: multipart/form-data; charset=utf-8; boundary="

static void check_value(const char *raw, const char *name, const char *wanted)
{
	const struct http_message message = request_parse(raw);
	struct buffer value = {0};
	assert_int_equal(form_value(&message, name, &value), CH_OK);
	assert_string_equal(buffer_text(&value), wanted);
	buffer_fini(&value);
}

static void check_refused(const char *raw, enum ch_status wanted)
{
	const struct http_message message = request_parse(raw);
	struct buffer value = {0};
	assert_int_equal(form_value(&message, "a", &value), wanted);
	buffer_fini(&value);
}

static void test_urlencoded(void **state)
{
	(void)state;
	check_value(URLENCODED "List-Unsubscribe=One-Click", "List-Unsubscribe", "One-Click");
	check_value(URLENCODED "lang=zh&confirm=yes", "confirm", "yes");
	check_value(URLENCODED "a=%E4%B8%AD+%26", "a", "中 &");
	check_refused(URLENCODED "", CH_NOT_FOUND);
	check_refused(URLENCODED "b=1", CH_NOT_FOUND);
	check_refused(URLENCODED "a=1&a=2", CH_EXISTS);
	check_refused(URLENCODED "a=%C0%A0", CH_FORMAT);
}

/* As RFC 8058 shows it, and as programs write it. */
static void test_multipart(void **state)
{
	(void)state;
	check_value(MULTIPART "---FormBoundaryjWmhtjORrn\r\n\r\n"
			      "-----FormBoundaryjWmhtjORrn\r\n"
			      "Content-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n"
			      "One-Click\r\n-----FormBoundaryjWmhtjORrn--\r\n",
		"List-Unsubscribe", "One-Click");
	check_value(MULTIPART
		"\"a b\"\r\n\r\npreamble\r\n--a b \t\r\n"
		"Content-Type: text/plain\r\nCONTENT-disposition : form-data ;NAME=a\r\n"
		"\r\nthe\r\n--value\r\n--a b--",
		"a", "the\r\n--value");
	check_value(MULTIPART "x\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n1"
			      "\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
			      "\r\n--x--\r\n",
		"a", "");
}

#define PART "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"

static void test_multipart_that_is_none(void **state)
{
	char longest[512];
	(void)state;
	check_refused(MULTIPART "x\r\n\r\n--x--", CH_NOT_FOUND);
	check_refused(MULTIPART "x\r\n\r\n" PART PART "--x--", CH_EXISTS);
	check_refused(MULTIPART "x\r\n\r\n--x\r\nX: y\r\n\r\n1\r\n--x--", CH_NOT_FOUND);
	check_refused(MULTIPART "x\r\n\r\n--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
		CH_NOT_FOUND);
	check_refused(MULTIPART "x\r\n\r\n" PART, CH_FORMAT);            /* without an end */
	check_refused(MULTIPART "x\r\n\r\n--x\r\n\r\n--x--", CH_FORMAT); /* without a head */
	check_refused(MULTIPART "x\r\n\r\n--x, more\r\n\r\n\r\n--x--", CH_FORMAT);
	check_refused(MULTIPART "x\r\n\r\n--y--", CH_FORMAT);
	check_refused(MULTIPART "x\r\n\r\n", CH_FORMAT);
	check_refused(MULTIPART "\r\n\r\n" PART, CH_FORMAT);
	check_refused(
		"POST /x HTTP/1.1\r\nContent-Type: multipart/form-data\r\n\r\n" PART, CH_FORMAT);
	check_refused(MULTIPART "x\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
				"\xff\r\n--x--",
		CH_FORMAT);
	(void)snprintf(longest, sizeof(longest), MULTIPART "%080d\r\n\r\n--%080d--", 0, 0);
	check_refused(longest, CH_FORMAT);
	check_refused(
		"POST /x HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}", CH_UNSUPPORTED);
	check_refused("POST /x HTTP/1.1\r\n\r\na=1", CH_UNSUPPORTED);
}

/* Who sends parts without end is not read to the end. */
static void test_many_parts(void **state)
{
	struct buffer raw = {0};
	(void)state;
	buffer_append_text(&raw, MULTIPART "x\r\n\r\n");
	for (int i = 0; i < 65; i++)
		buffer_append_text(&raw, "--x\r\nX: y\r\n\r\n\r\n");
	buffer_append_text(&raw, "--x--");
	check_refused(buffer_text(&raw), CH_FORMAT);
	buffer_fini(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urlencoded),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_multipart_that_is_none),
		cmocka_unit_test(test_many_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
