#include "channel/website/page.h"

#include <sodium.h>
#include <stdio.h>

#include "support/unit.h"

static const struct page asking = {
	.kind = PAGE_ASK,
	.language = PAGE_CHINESE,
	.name = "R&D <客户服务>",
	.contact = "400-800-8000",
	.token = {(const uint8_t *)"0123abcd", 8},
};

static bool holds(const struct answer *answer, const char *text)
{
	return memmem(answer->body.data, answer->body.len, text, strlen(text)) != NULL;
}

static void test_ask(void **state)
{
	struct answer answer = {.status = 0};
	struct page page = asking;
	(void)state;
	page_tell(&page, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "text/html; charset=utf-8");
	assert_true(holds(&answer, "<html lang=\"zh-CN\">"));
	assert_true(holds(&answer, "<h1>不再接收此类消息？</h1>"));
	assert_true(holds(&answer, "<p class=\"from\">R&amp;D &lt;客户服务&gt;</p>"));
	assert_true(holds(&answer, "<form method=\"post\">")); /* to where it came from */
	assert_true(holds(&answer, "<a href=\"?t=0123abcd&amp;lang=en\" lang=\"en\""));
	assert_true(holds(&answer, "400-800-8000"));
	page.language = PAGE_ENGLISH;
	page.name = page.contact = "";
	page_tell(&page, &answer);
	assert_true(holds(&answer, "<title>No more messages like this?</title>"));
	assert_true(holds(&answer, "&amp;lang=zh\" lang=\"zh-CN\" hreflang=\"zh-CN\">中文</a>"));
	assert_false(holds(&answer, "class=\"from\""));
	assert_false(holds(&answer, "<script"));
	answer_fini(&answer);
}

/* Each says in both languages what has become of it, and only who may still answer is asked. */
static void test_kinds(void **state)
{
	static const int statuses[] = {200, 400, 200, 400, 410, 429, 503};
	struct answer answer = {.status = 0};
	struct page page = asking;
	(void)state;
	for (int kind = PAGE_ASK; kind <= PAGE_AWAY; kind++) {
		for (int language = 0; language < PAGE_LANGUAGES; language++) {
			page.kind = (enum page_kind)kind;
			page.language = (enum page_language)language;
			page_tell(&page, &answer);
			assert_int_equal(answer.status, statuses[kind]);
			assert_int_equal(holds(&answer, "<button"), kind <= PAGE_UNSAID);
			assert_int_equal(holds(&answer, "0123abcd"), kind <= PAGE_UNSAID);
			assert_int_equal(holds(&answer, "<svg"), kind == PAGE_DONE);
			assert_false(holds(&answer, "(null)"));
		}
	}
	answer_fini(&answer);
}

/* The browser takes the style only if this is its hash. */
static void test_policy(void **state)
{
	struct answer answer = {.status = 0};
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[64];
	char wanted[96];
	(void)state;
	page_tell(&asking, &answer);
	const char *html = buffer_text(&answer.body);
	const char *style = strstr(html, "<style>") + strlen("<style>");
	(void)crypto_hash_sha256(
		hash, (const uint8_t *)style, (size_t)(strstr(style, "</style>") - style));
	(void)sodium_bin2base64(
		text, sizeof(text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(wanted, sizeof(wanted), "style-src 'sha256-%s'", text);
	if (strstr(answer.policy, wanted) == NULL)
		fail_msg("the policy wants %s", wanted);
	answer_fini(&answer);
}

static void check_language(const char *accepted, enum page_language wanted)
{
	assert_int_equal(page_language(slice_text(accepted), PAGE_CHINESE), wanted);
	if (wanted == PAGE_CHINESE && strstr(accepted, "zh") == NULL)
		wanted = PAGE_ENGLISH;
	assert_int_equal(page_language(slice_text(accepted), PAGE_ENGLISH), wanted);
}

static void test_language(void **state)
{
	(void)state;
	check_language("", PAGE_CHINESE);
	check_language("de, fr;q=0.5, *;q=0.1", PAGE_CHINESE);
	check_language("en-GB,en;q=0.9,zh;q=0.8", PAGE_ENGLISH);
	check_language("de;q=0.9, EN ; q=0.3 , zh-Hans-CN;q=0.31", PAGE_CHINESE);
	check_language("zh;q=0, en;q=0.001", PAGE_ENGLISH);
	check_language("zh;q=2x, en;q=0.1", PAGE_ENGLISH);
	check_language("zh;q=0.1234,zhx,en;level=1,;,,zh", PAGE_CHINESE);
	assert_int_equal(page_language_named(SLICE_LITERAL("en"), PAGE_CHINESE), PAGE_ENGLISH);
	assert_int_equal(page_language_named(SLICE_LITERAL("x"), PAGE_ENGLISH), PAGE_ENGLISH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_language),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
