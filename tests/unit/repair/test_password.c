#include "channel/repair/password.h"

#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* A new file each time, in a folder that goes with the last one. */
static const char *write_password(const char *text, size_t len, unsigned mode)
{
	static char folder[32];
	static char path[64];
	if (folder[0] != 0) {
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rmdir(folder), 0);
	}
	(void)snprintf(folder, sizeof(folder), "/tmp/password-XXXXXX"); /* fits */
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/password", folder); /* fits */
	assert_int_equal(file_replace(path, slice_of(text, len), mode), CH_OK);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

#define WRITE(text, mode) write_password(text, sizeof(text) - 1, mode)

static void test_usage(void **state)
{
	char *password;
	(void)state;
	assert_int_equal(password_read(WRITE("s3 cret\r\nnot this\n", 0600), &password), CH_OK);
	assert_string_equal(password, "s3 cret");
	password_free(password);
	password_free(NULL);
	assert_null(password_fault(WRITE("x", 0400)));
}

static void test_faults(void **state)
{
	char *password = NULL;
	(void)state;
	assert_int_equal(password_read(WRITE("x\n", 0640), &password), CH_DENIED);
	assert_int_equal(password_read(WRITE("\nx\n", 0600), &password), CH_FORMAT);
	assert_int_equal(password_read(WRITE("", 0600), &password), CH_FORMAT);
	assert_int_equal(password_read("/no/such/file", &password), CH_NOT_FOUND);
	assert_null(password);
	assert_string_equal(password_fault("/no/such/file"), "is not there");
	assert_non_null(strstr(password_fault(WRITE("x", 0604)), "nobody else"));
	assert_non_null(strstr(password_fault(WRITE("", 0600)), "first line"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage), cmocka_unit_test(test_faults)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
