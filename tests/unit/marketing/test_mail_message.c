#include "module/marketing/campaign/mail_message.h"

#include "module/marketing/campaign/mail_address.h"
#include "support/unit.h"

static void test_usage(void **state)
{
	(void)state;
	struct buffer out = {0};
	const struct mail_message message = {
		.date_us = INT64_C(1772438400000000),
		.from_name = SLICE_LITERAL("Carehub"),
		.from = SLICE_LITERAL("care@example.com"),
		.to_name = SLICE_LITERAL("李小龙"),
		.to = SLICE_LITERAL("li@example.org"),
		.subject = SLICE_LITERAL("您好"),
		.id = SLICE_LITERAL("0123"),
		.host = SLICE_LITERAL("example.com"),
		.list = SLICE_LITERAL("spring"),
		.unsubscribe = SLICE_LITERAL("https://www.example.com/no?t=1"),
		.text = SLICE_LITERAL("Hello\n"),
	};
	mail_message_write(&message, &out);
	assert_string_equal(buffer_text(&out),
		"Date: Mon, 02 Mar 2026 08:00:00 +0000\r\n"
		"From: \"Carehub\"\r\n <care@example.com>\r\n"
		"To: =?UTF-8?B?5p2O5bCP6b6Z?=\r\n <li@example.org>\r\n"
		"Subject: =?UTF-8?B?5oKo5aW9?=\r\n"
		"Message-ID: <0123@example.com>\r\n"
		"List-Id: <spring.example.com>\r\n"
		"List-Unsubscribe: <https://www.example.com/no?t=1>\r\n"
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"\r\n"
		"SGVsbG8K\r\n");
	buffer_fini(&out);
}

/* No line is over 76 characters or has anything but ASCII in it, no character is cut in two. */
static void check_header(struct slice text, size_t column)
{
	struct buffer out = {0};
	mail_text_encode(text, column, &out);
	size_t line = column;
	for (size_t i = 0; i < out.len; i++) {
		assert_true(out.data[i] < 0x7f);
		line = out.data[i] == '\n' ? 0 : line + 1;
		assert_true(line <= 77); /* with CR */
	}
	buffer_fini(&out);
}

static void test_long_texts(void **state)
{
	(void)state;
	struct buffer text = {0};
	for (int i = 0; i < 200; i++) {
		check_header(buffer_slice(&text), 9);
		check_header(buffer_slice(&text), 70);
		buffer_append_text(&text, i % 3 == 0 ? "字" : i % 3 == 1 ? "x" : "𠀀");
	}
	buffer_clear(&text);
	for (int i = 0; i < 200; i++)
		buffer_append_byte(&text, 'a');
	check_header(buffer_slice(&text), 9);
	buffer_fini(&text);
}

/* Nothing that a name holds can end its header line. */
static void test_hostile_names(void **state)
{
	(void)state;
	static const char *const names[] = {
		"a\r\nBcc: x@y.z", "\"", "\\", "=?UTF-8?B?AAAA?=", "a\tb", "\n.\n", "\x7f"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buffer out = {0};
		mail_mailbox_encode(slice_text(names[i]), SLICE_LITERAL("li@example.org"), 4, &out);
		const char *text = buffer_text(&out);
		assert_int_equal(strncmp(text, "=?UTF-8?B?", 10), 0);
		assert_null(strstr(text, "Bcc"));
		assert_non_null(strstr(text, "?=\r\n <li@example.org>"));
		buffer_fini(&out);
	}
}

static void test_addresses(void **state)
{
	(void)state;
	static const char *const good[] = {"li@example.org", "a.b+c@x-y.example.org", "1@2.cn"};
	static const char *const bad[] = {"", "li", "@example.org", "li@", "li@example",
		"a@b@example.org", "li@example.org\r\nRCPT TO:<x@y.z>", "li@exa mple.org",
		"<li@example.org>", ".li@example.org", "li.@example.org", "l..i@example.org",
		"\"l i\"@example.org", "li@-example.org", "li@example..org", "li@example.org.",
		"li@[127.0.0.1]", "a,b@example.org", "li\xff@example.org",
		"li\xe2\x80\xa8@example.org", /* a line separator */
		"li\xc2\xa0x@example.org",    /* a blank that does not look like one */
		"li\xe2\x80\xae@example.org", /* from here on right to left */
		"li@example\xef\xbc\x8c.org", "li@\xe2\x98\xba", "li@\xcc\x81x.org"};
	char longest[400];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(mail_address_fault(slice_text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(mail_address_fault(slice_text(bad[i])));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 64, "@b.cn", 6);
	assert_null(mail_address_fault(slice_text(longest)));
	memcpy(longest + 65, "@b.cn", 6);
	longest[64] = 'a';
	assert_non_null(mail_address_fault(slice_text(longest)));
	assert_non_null(mail_address_fault(slice_of("li@example.org\0x", 16)));
}

/* A name in any script; a domain in any script has one in ASCII. */
static void test_addresses_of_the_world(void **state)
{
	(void)state;
	static const struct {
		const char *written;
		const char *wire;
	} cases[] = {
		{"Li@Example.org", "Li@Example.org"},
		{"李@example.org", "李@example.org"},
		{"ñandú.x@example.org", "ñandú.x@example.org"},
		{"li@bücher.example", "li@xn--bcher-kva.example"},
		{"li@BÜCHER.example", "li@xn--bcher-kva.example"},
		{"li@straße.example", "li@xn--strae-oqa.example"},
		{"李@例子。中国", "李@xn--fsqu00a.xn--fiqs8s"},
		{"li@xn--bcher-kva.example", "li@xn--bcher-kva.example"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char wire[MAIL_ADDRESS_BYTES + 1] = "untouched";
		assert_null(mail_address_read(slice_text(cases[i].written), wire));
		assert_string_equal(wire, cases[i].wire);
	}
	char kept[MAIL_ADDRESS_BYTES + 1] = "untouched";
	assert_non_null(mail_address_read(SLICE_LITERAL("li@"), kept));
	assert_string_equal(kept, "untouched");
	assert_true(mail_address_is_ascii(SLICE_LITERAL("li@xn--bcher-kva.example")));
	assert_false(mail_address_is_ascii(SLICE_LITERAL("李@example.org")));
}

static void test_html(void **state)
{
	(void)state;
	struct buffer out = {0};
	const struct mail_message message = {.from = SLICE_LITERAL("a@b.cn"),
		.to = SLICE_LITERAL("c@d.cn"),
		.id = SLICE_LITERAL("77"),
		.host = SLICE_LITERAL("b.cn"),
		.text = SLICE_LITERAL("x"),
		.html = SLICE_LITERAL("<p>x")};
	mail_message_write(&message, &out);
	const char *text = buffer_text(&out);
	assert_non_null(strstr(text, "multipart/alternative; boundary=\"_part_77\"\r\n\r\n"
				     "--_part_77\r\nContent-Type: text/plain"));
	assert_non_null(strstr(text, "\r\n--_part_77\r\nContent-Type: text/html"));
	assert_non_null(strstr(text, "\r\n--_part_77--\r\n"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_of_the_world),
		cmocka_unit_test(test_html),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
