#include "kit/secret.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/carehub-secret-XXXXXX";

static void put(const void *bytes, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void expect(const char *wanted)
{
	struct problems problems = {0};
	struct secret secret = {0};
	assert_int_equal(secret_read(path, "source.password_file", &problems, &secret), CH_OK);
	assert_string_equal(secret.bytes, wanted);
	assert_int_equal(secret.len, strlen(wanted));
	assert_true(problems_none(&problems));
	secret_wipe(&secret);
	assert_null(secret.bytes);
	secret_wipe(&secret);
	problems_fini(&problems);
}

static void expect_bad(const char *file, const char *fault)
{
	struct problems problems = {0};
	struct secret secret = {0};
	struct buffer text = {0};
	assert_int_equal(secret_read(file, "source.password_file", &problems, &secret), CH_INVALID);
	assert_null(secret.bytes);
	problems_print(&problems, &text);
	assert_non_null(strstr(buffer_text(&text), fault));
	assert_non_null(strstr(buffer_text(&text), "source.password_file"));
	assert_null(strstr(buffer_text(&text), "hunter2")); /* not the secret itself */
	buffer_fini(&text);
	problems_fini(&problems);
}

static void test_usage(void **state)
{
	(void)state;
	put("hunter2\n", 8);
	expect("hunter2");
	put("hunter2\r\n", 9);
	expect("hunter2");
	put(" two words", 10);
	expect(" two words");
}

static void test_what_is_no_secret(void **state)
{
	char large[SECRET_BYTES + 1];
	(void)state;
	put("hunter2\n", 8);
	assert_int_equal(chmod(path, 0640), 0);
	expect_bad(path, "others than its owner");
	assert_int_equal(chmod(path, 0604), 0);
	expect_bad(path, "others than its owner");
	assert_int_equal(chmod(path, 0600), 0);
	put("", 0);
	expect_bad(path, "is empty");
	put("\n", 1);
	expect_bad(path, "is empty");
	put("a\0b", 3);
	expect_bad(path, "NUL");
	put("hunter2\nhunter2\n", 16);
	expect_bad(path, "more than one line");
	put("# a comment\nhunter2\n", 20);
	expect_bad(path, "more than one line");
	memset(large, 'x', sizeof(large));
	put(large, sizeof(large));
	expect_bad(path, "too long");
	expect_bad("/no/such/file", "No such file");
	expect_bad("/tmp", "no regular file");
}

static void test_it_may_only_be_looked_at(void **state)
{
	(void)state;
	put("hunter2\n", 8);
	assert_int_equal(secret_read(path, "source.password_file", NULL, NULL), CH_OK);
	assert_int_equal(secret_read("/no/such/file", NULL, NULL, NULL), CH_INVALID);
}

/* In the words of the file that names it. */
static void test_where_the_setting_stands(void **state)
{
	struct problems problems = {0};
	(void)state;
	assert_int_equal(secret_read_for("senders/site.conf", "/no/such/file", "sender.token_files",
				 &problems, NULL),
		CH_INVALID);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].file, "senders/site.conf");
	problems_fini(&problems);
}

static void test_a_key_for_a_library(void **state)
{
	static char pem[SECRET_KEY_BYTES + 1];
	struct problems problems = {0};
	int fd = -1;
	(void)state;
	memset(pem, '\n', sizeof(pem));
	put(pem, SECRET_KEY_BYTES);
	assert_int_equal(secret_open(path, "website.certificate_key", &problems, &fd), CH_OK);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(secret_open(path, "website.certificate_key", &problems, NULL), CH_OK);
	put(pem, sizeof(pem));
	assert_int_equal(secret_open(path, "website.certificate_key", &problems, &fd), CH_INVALID);
	put(pem, 1);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(secret_open(path, "website.certificate_key", &problems, &fd), CH_INVALID);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(problems.count, 2);
	problems_fini(&problems);
}

/* It belongs to us or to root; only root can try that. */
static void test_whose_it_is(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	put("hunter2\n", 8);
	assert_int_equal(chown(path, 1, 1), 0);
	expect_bad(path, "belongs to somebody else");
	assert_int_equal(chown(path, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_is_no_secret),
		cmocka_unit_test(test_it_may_only_be_looked_at),
		cmocka_unit_test(test_where_the_setting_stands),
		cmocka_unit_test(test_a_key_for_a_library),
		cmocka_unit_test(test_whose_it_is),
	};
	int fd = mkstemp(path);
	if (fd < 0 || close(fd) != 0)
		return 1;
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path); /* a folder for temporary files forgets it too */
	return result;
}
