#include "channel/website/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/unit.h"

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static char folder[SCRATCH_BYTES];

static int enter(void **state)
{
	(void)state;
	scratch_make(folder, "senders");
	return chdir(folder) != 0 || mkdir("d", 0700) != 0;
}

static int leave(void **state)
{
	(void)state;
	scratch_remove(folder);
	return chdir("/");
}

static void test_senders(void **state)
{
	struct problems problems = {0};
	struct senders *senders = NULL;
	(void)state;
	put("hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0600);
	put("token", "0123456789abcdef\n", 0600);
	put("shop", "shop secret\n", 0600);
	put("d/web.conf",
		"[sender]\nsource = urn:web\nsources = urn:web:*\ntypes = website.feedback.*\n"
		"secret_files = hook\ntoken_files = token\n",
		0644);
	put("d/one.conf",
		"[sender]\nkind = shopify\nshop = one.myshopify.com\nsource = urn:one\n"
		"secret_files = shop\n",
		0644);
	put("d/two.conf",
		"[sender]\nkind = woocommerce\nshop = https://two.example/\nsource = urn:two\n"
		"secret_files = shop\n",
		0644);
	put("d/.hidden.conf", "nonsense", 0644);
	assert_int_equal(senders_read("d", &problems, &senders), CH_OK);
	const struct sender *web = senders_named(senders, SLICE_LITERAL("web"));
	assert_non_null(web);
	assert_ptr_equal(senders_only(senders, SENDER_SITE), web);
	assert_ptr_equal(senders_with_token(senders, SLICE_LITERAL("0123456789abcdef")), web);
	assert_null(senders_with_token(senders, SLICE_LITERAL("0123456789abcdeg")));
	assert_null(senders_with_token(senders, SLICE_LITERAL("")));
	assert_true(sender_may_source(web, SLICE_LITERAL("urn:web")));
	assert_true(sender_may_source(web, SLICE_LITERAL("urn:web:page")));
	assert_false(sender_may_source(web, SLICE_LITERAL("urn:other")));
	assert_true(sender_may_type(web, SLICE_LITERAL("website.feedback.given")));
	assert_false(sender_may_type(web, SLICE_LITERAL("website.order.placed")));
	assert_non_null(
		senders_of_shop(senders, SENDER_SHOPIFY, SLICE_LITERAL("One.MyShopify.com")));
	assert_non_null(
		senders_of_shop(senders, SENDER_WOOCOMMERCE, SLICE_LITERAL("https://two.example")));
	assert_null(
		senders_of_shop(senders, SENDER_SHOPIFY, SLICE_LITERAL("https://two.example/")));
	senders_free(senders);
	problems_fini(&problems);
}

/* All of them at once, each with its file and what it is about. */
static void test_mistakes(void **state)
{
	static const char *const wanted[] = {"others than its owner have a right",
		"holds no such secret", "absent: No such file", "sender.source", "sender.shop",
		"anybody could send", "another sender has this shop", "sender.kind"};
	struct problems problems = {0};
	struct senders *senders = NULL;
	struct buffer text = {0};
	(void)state;
	put("open", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0644);
	put("short", "whsec_c2hvcnQ=\n", 0600);
	put("d/web.conf", "[sender]\nsecret_files = open, short, absent\n", 0644);
	put("d/two.conf", "[sender]\nkind = shopify\nsource = urn:two\n", 0644);
	put("d/three.conf", "[sender]\nkind = phone\nsource = urn:three\n", 0644);
	put("d/four.conf",
		"[sender]\nkind = shopify\nshop = ONE.myshopify.com\nsource = urn:four\n"
		"secret_files = shop\n",
		0644);
	assert_int_equal(senders_read("d", &problems, &senders), CH_INVALID);
	problems_print(&problems, &text);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(strstr(buffer_text(&text), wanted[i]));
	assert_null(strstr(buffer_text(&text), "c2hvcnQ"));
	assert_int_equal(senders_read("nowhere", &problems, &senders), CH_INVALID);
	buffer_fini(&text);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
