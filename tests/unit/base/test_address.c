#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, const char *host, int port)
{
	char found[ADDRESS_HOST_MAX];
	int found_port = -1;
	assert_int_equal(address_parse(slice_text(text), found, &found_port), CH_OK);
	assert_string_equal(found, host);
	assert_int_equal(found_port, port);
}

static void test_addresses(void **state)
{
	(void)state;
	check("127.0.0.1:7712", "127.0.0.1", 7712);
	check("[::1]:80", "::1", 80);
	check("[fe80::1%eth0]:80", "fe80::1%eth0", 80);
	check("localhost:65535", "localhost", 65535);
	check("*:0", "", 0);
}

static void test_what_is_none_is_refused(void **state)
{
	const char *const none[] = {"", ":", "7712", ":7712", "::1:7712", "[]:1", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:77123", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1: 1",
		"a-name-that-is-one-byte-too-long-for-the-room-that-a-host-has-xx:1"};
	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char host[ADDRESS_HOST_MAX] = "as before";
		int port = 17;
		assert_int_equal(address_parse(slice_text(none[i]), host, &port), CH_INVALID);
		assert_string_equal(host, "as before");
		assert_int_equal(port, 17);
	}
	char host[ADDRESS_HOST_MAX];
	int port;
	assert_int_equal(address_parse(slice_of("a\0b:1", 5), host, &port), CH_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_what_is_none_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
