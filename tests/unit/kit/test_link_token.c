#include "kit/link_token.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char first[] = "/tmp/carehub-link-XXXXXX";
static char second[] = "/tmp/carehub-link-XXXXXX";

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct link_key read_key(const char *path)
{
	struct problems problems = {0};
	struct link_key key;
	assert_int_equal(link_key_read(path, "links.key_file", &problems, &key), CH_OK);
	problems_fini(&problems);
	return key;
}

/* The token was reckoned by another program: Python's hmac and hashlib. */
static void test_usage(void **state)
{
	char token[LINK_TOKEN_BYTES];
	struct link_keys keys = {.count = 1};
	(void)state;
	put(first, "sixteen letters or more\n");
	keys.items[0] = read_key(first);
	link_token_make(&keys.items[0], SLICE_LITERAL("message 1"), token);
	assert_string_equal(token, "d97f2c123763e533e773cd268e4d7dd6"
				   "46c9a136fc39c772ad1a4b9c7048075d");
	assert_int_equal(link_keys_check(&keys, slice_text(token)), CH_OK);
	link_keys_wipe(&keys);
	assert_int_equal(keys.count, 0);
}

/* While one secret is exchanged for the next both are good. */
static void test_exchange(void **state)
{
	char old_token[LINK_TOKEN_BYTES];
	char token[LINK_TOKEN_BYTES];
	char *paths[] = {first, second};
	const struct option_list list = {paths, 2};
	struct problems problems = {0};
	struct link_keys keys;
	(void)state;
	put(first, "the secret of last year");
	put(second, "the secret of this year");
	const struct link_key old_key = read_key(first);
	const struct link_key key = read_key(second);
	link_token_make(&old_key, SLICE_LITERAL("m"), old_token);
	link_token_make(&key, SLICE_LITERAL("m"), token);
	assert_string_not_equal(token, old_token);
	assert_int_equal(link_keys_read(&list, "links.key_files", &problems, &keys), CH_OK);
	assert_int_equal(link_keys_check(&keys, slice_text(old_token)), CH_OK);
	assert_int_equal(link_keys_check(&keys, slice_text(token)), CH_OK);
	keys.count = 1;
	assert_int_equal(link_keys_check(&keys, slice_text(token)), CH_DENIED);
	link_keys_wipe(&keys);
	assert_int_equal(link_keys_check(&keys, slice_text(token)), CH_DENIED);
	problems_fini(&problems);
}

static void test_what_is_no_token(void **state)
{
	char token[LINK_TOKEN_BYTES];
	struct link_keys keys = {.count = 1};
	(void)state;
	put(first, "sixteen letters or more\n");
	keys.items[0] = read_key(first);
	link_token_make(&keys.items[0], SLICE_LITERAL("message 1"), token);
	/* Whatever single digit is another. */
	for (size_t i = 0; i < LINK_TOKEN_BYTES - 1; i++) {
		char digit = token[i];
		token[i] = digit == '0' ? '1' : '0';
		assert_int_equal(link_keys_check(&keys, slice_text(token)), CH_DENIED);
		token[i] = digit;
	}
	assert_int_equal(link_keys_check(&keys, slice_of(token, 63)), CH_FORMAT);
	assert_int_equal(link_keys_check(&keys, slice_of(token, 65)), CH_FORMAT);
	assert_int_equal(link_keys_check(&keys, slice_of(token, 0)), CH_FORMAT);
	token[40] = 'A';
	assert_int_equal(link_keys_check(&keys, slice_text(token)), CH_FORMAT);
}

static void test_what_is_no_secret(void **state)
{
	char missing[] = "/nowhere/at/all";
	char *paths[] = {first, missing, second, first, first, first, first, first, first};
	struct problems problems = {0};
	struct buffer text = {0};
	struct link_keys keys = {.count = 0};
	(void)state;
	put(first, "fifteen letters\n");
	put(second, "sixteen letters.\n");
	assert_int_equal(link_keys_read(&(struct option_list){paths, 3}, "links.key_files",
				 &problems, &keys),
		CH_INVALID);
	problems_print(&problems, &text);
	assert_non_null(strstr(buffer_text(&text), "fewer than 16 characters"));
	assert_non_null(strstr(buffer_text(&text), "/nowhere/at/all"));
	assert_null(strstr(buffer_text(&text), "fifteen letters"));
	assert_int_equal(link_keys_read(&(struct option_list){paths, 9}, "links.key_files",
				 &problems, &keys),
		CH_INVALID);
	assert_int_equal(keys.count, 0);
	buffer_fini(&text);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_what_is_no_token),
		cmocka_unit_test(test_what_is_no_secret),
	};
	(void)umask(077);
	int a = mkstemp(first);
	int b = mkstemp(second);
	int result = a >= 0 && b >= 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	(void)close(a);
	(void)close(b);
	(void)unlink(first);
	(void)unlink(second);
	return result;
}
