#include "channel/website/network.h"

#include "support/unit.h"

static void check(const char *address, const char *wanted)
{
	char network[NETWORK_BYTES];
	network_of(slice_text(address), network);
	assert_string_equal(network, wanted);
}

/* Who has an IPv6 line can choose among 2^64 addresses. */
static void test_one_client(void **state)
{
	(void)state;
	check("2001:db8:1:2::1", "2001:db8:1:2::/64");
	check("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64");
	check("2001:0DB8:0001:0002::7", "2001:db8:1:2::/64");
	check("2001:db8:1:3::1", "2001:db8:1:3::/64");
	check("203.0.113.9", "203.0.113.9");
	check("203.0.113.10", "203.0.113.10");
}

/* As sockets and proxies write it. */
static void test_spellings(void **state)
{
	(void)state;
	check("203.0.113.9:4711", "203.0.113.9");
	check("::ffff:203.0.113.9", "203.0.113.9");
	check("64:ff9b::cb00:7109", "203.0.113.9");
	check("[2001:db8:1:2::1]", "2001:db8:1:2::/64");
	check("[2001:db8:1:2::1]:4711", "2001:db8:1:2::/64");
	check("fe80::1%eth0", "fe80::/64");
	check("::1", "::/64");
}

/* What is no address is kept as it is, as far as there is room. */
static void test_no_address(void **state)
{
	char longest[200];
	char wanted[NETWORK_BYTES];
	(void)state;
	check("", "");
	check("[", "[");
	check("unknown", "unknown");
	check("_hidden:x", "_hidden:x");
	check("203.0.113.900", "203.0.113.900");
	memset(longest, 'f', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	memset(wanted, 'f', sizeof(wanted));
	wanted[sizeof(wanted) - 1] = 0;
	check(longest, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_client),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_no_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
