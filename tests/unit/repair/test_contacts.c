#include "channel/repair/contacts.h"

#include "support/unit.h"

struct contacts_case {
	const char *text;
	const char *parts; /* joined by '~' */
};

static void check(const struct contacts_case *cases, size_t count,
	size_t (*split)(struct slice, struct slice *))
{
	for (size_t i = 0; i < count; i++) {
		struct slice parts[CONTACTS_MAX];
		char joined[200] = "";
		size_t found = split(slice_text(cases[i].text), parts);
		for (size_t k = 0; k < found; k++) {
			strncat(joined, k > 0 ? "~" : "", 2);
			strncat(joined, (const char *)parts[k].data, parts[k].len);
		}
		assert_string_equal(joined, cases[i].parts);
	}
}

static void test_phones(void **state)
{
	static const struct contacts_case cases[] = {
		{"", ""},
		{"  ", ""},
		{"13800001111", "13800001111"},
		{"13800001111/021-64000001", "13800001111~021-64000001"},
		{"13800001111、13900002222；021-64000001", "13800001111~13900002222~021-64000001"},
		{"13800001111 13900002222", "13800001111~13900002222"},
		{"13800001111　13900002222", "13800001111~13900002222"},
		{"010-88886666转8001、13900002222", "010-88886666转8001~13900002222"},
		{"010-88886666 转 8001，13900002222", "010-88886666 转 8001~13900002222"},
		{"010-88886666分机8001/13900002222", "010-88886666分机8001~13900002222"},
		{"１３８００００１１１１；１３９００００２２２２",
			"１３８００００１１１１~１３９００００２２２２"},
		{"(021) 64000001, +86 138 0000 1111", "(021) 64000001~+86 138 0000 1111"},
	};
	(void)state;
	check(cases, sizeof(cases) / sizeof(*cases), contacts_split_phones);
}

/* A wrong cut makes a key that belongs to nobody, or to somebody else: then rather none. */
static void test_kept_whole(void **state)
{
	static const struct contacts_case cases[] = {
		{"+86 138 0000 1111", "+86 138 0000 1111"},
		{"021 64000001", "021 64000001"},
		{"+49 15123 4567890", "+49 15123 4567890"},
		{"021-64000001/02", "021-64000001/02"},
		{"010-88886666 转8001", "010-88886666 转8001"},
		{"1-800-FLOWERS", "1-800-FLOWERS"},
		{"13800001111/无", "13800001111/无"},
		{"13800001111(妻)/13900002222", "13800001111(妻)/13900002222"},
		{"/", "/"},
		{"转8001234", "转8001234"},
		{"1380000111,1380000112,1380000113,1380000114,1380000115,1380000116,1380000117,"
		 "1380000118,1380000119",
			"1380000111,1380000112,1380000113,1380000114,1380000115,1380000116,"
			"1380000117,1380000118,1380000119"},
	};
	(void)state;
	check(cases, sizeof(cases) / sizeof(*cases), contacts_split_phones);
}

static void test_emails(void **state)
{
	static const struct contacts_case cases[] = {
		{"a@example.com", "a@example.com"},
		{"a@example.com;b@example.net", "a@example.com~b@example.net"},
		{"a@example.com b@example.net", "a@example.com~b@example.net"},
		{"a@example.com; nobody", "a@example.com; nobody"},
		{"Anna <a@example.com>", "Anna <a@example.com>"},
	};
	(void)state;
	check(cases, sizeof(cases) / sizeof(*cases), contacts_split_emails);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phones),
		cmocka_unit_test(test_kept_whole),
		cmocka_unit_test(test_emails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
