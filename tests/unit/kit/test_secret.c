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
	memset(large, 'x', sizeof(large));
	put(large, sizeof(large));
	expect_bad(path, "too long");
	expect_bad("/no/such/file", "No such file");
	expect_bad("/tmp", "no regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_is_no_secret),
	};
	int fd = mkstemp(path);
	if (fd < 0 || close(fd) != 0)
		return 1;
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path); /* a folder for temporary files forgets it too */
	return result;
}
