#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/curve.h"
#include "support/scratch.h"

static char folder[SCRATCH_BYTES];
static char public_path[SCRATCH_BYTES + 16];
static char secret_path[SCRATCH_BYTES + 16];

static int make_folder(void **state)
{
	(void)state;
	scratch_make(folder, "curve");
	(void)snprintf(public_path, sizeof(public_path), "%s/hub.public", folder);
	(void)snprintf(secret_path, sizeof(secret_path), "%s/hub.secret", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static void test_keys_go_to_files_and_back(void **state)
{
	struct curve_pair pair;
	struct curve_pair read;
	struct curve_key public_key;
	(void)state;
	curve_generate(&pair);
	assert_int_equal(curve_write(public_path, secret_path, "made by a test", &pair), CH_OK);
	assert_int_equal(curve_read_secret(secret_path, &read), CH_OK);
	assert_true(curve_equal(&read.public_key, &pair.public_key)); /* computed from the secret */
	assert_true(curve_equal(&read.secret_key, &pair.secret_key));
	assert_int_equal(curve_read_public(public_path, &public_key), CH_OK);
	assert_true(curve_equal(&public_key, &pair.public_key));
	/* A key is never overwritten. */
	assert_int_equal(curve_write(public_path, secret_path, "again", &pair), CH_EXISTS);
	curve_wipe(&pair);
	curve_wipe(&read);
}

static void test_secret_must_be_secret(void **state)
{
	struct curve_pair read;
	(void)state;
	assert_int_equal(chmod(secret_path, 0640), 0);
	assert_int_equal(curve_read_secret(secret_path, &read), CH_DENIED);
	assert_int_equal(chmod(secret_path, 0604), 0);
	assert_int_equal(curve_read_secret(secret_path, &read), CH_DENIED);
	assert_int_equal(chmod(secret_path, 0400), 0);
	assert_int_equal(curve_read_secret(secret_path, &read), CH_OK);
	assert_int_equal(curve_read_secret(folder, &read), CH_DENIED); /* no file at all */
	assert_int_equal(curve_read_secret("/nonexistent", &read), CH_NOT_FOUND);
	curve_wipe(&read);
}

static enum ch_status read_file(const char *text)
{
	struct curve_key key;
	assert_int_equal(file_replace(public_path, slice_text(text), 0644), CH_OK);
	return curve_read_public(public_path, &key);
}

static void test_key_files_hold_one_key(void **state)
{
	static const char key[] = "HelloWorldHelloWorldHelloWorldHelloWorld";
	char text[6000];
	(void)state;
	(void)snprintf(text, sizeof(text), "# a comment\n\n  %s \r\n#the end\n", key);
	assert_int_equal(read_file(text), CH_OK);
	(void)snprintf(text, sizeof(text), "%s\n%s\n", key, key);
	assert_int_equal(read_file(text), CH_FORMAT);
	assert_int_equal(read_file(""), CH_FORMAT);
	assert_int_equal(read_file("# only a comment\n"), CH_FORMAT);
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = 0;
	assert_int_equal(read_file(text), CH_FORMAT);
}

static enum ch_status parse(const char *text)
{
	struct curve_key key;
	return curve_parse(slice_text(text), &key);
}

static void test_keys_are_z85_or_hex(void **state)
{
	struct curve_key a;
	struct curve_key b;
	char z85[CURVE_TEXT_BYTES];
	(void)state;
	/* RFC 32's own test vector, twice and a half. */
	assert_int_equal(
		curve_parse(
			slice_text(
				"864fd26fb559f75b864fd26fb559f75b864fd26fb559f75b864fd26fb559f75b"),
			&a),
		CH_OK);
	assert_string_equal(curve_format(&a, z85), "HelloWorldHelloWorldHelloWorldHelloWorld");
	assert_int_equal(curve_parse(slice_text(z85), &b), CH_OK);
	assert_true(curve_equal(&a, &b));
	assert_int_equal(parse(""), CH_FORMAT);
	assert_int_equal(parse("HelloWorldHelloWorldHelloWorldHelloWorl"), CH_FORMAT);
	assert_int_equal(parse("HelloWorldHelloWorldHelloWorldHelloWorl;"), CH_FORMAT);
	assert_int_equal(parse("HelloWorldHelloWorldHelloWorldHelloWorl\xff"), CH_FORMAT);
	assert_int_equal(parse("#0000HelloWorldHelloWorldHelloWorldHello"), CH_FORMAT);
	assert_int_equal(parse("864fd26fb559f75b864fd26fb559f75b864fd26fb559f75b864fd26fb559f75g"),
		CH_FORMAT);
	assert_int_equal(parse("0000000000000000000000000000000000000000000000000000000000000000"),
		CH_INVALID);
	assert_int_equal(parse("0000000000000000000000000000000000000000"), CH_INVALID);
}

static void test_fingerprints_tell_keys_apart(void **state)
{
	struct curve_pair a;
	struct curve_pair b;
	char one[CURVE_FINGERPRINT_BYTES];
	char two[CURVE_FINGERPRINT_BYTES];
	(void)state;
	curve_generate(&a);
	curve_generate(&b);
	assert_int_equal(strlen(curve_fingerprint(&a.public_key, one)), 16);
	assert_string_not_equal(one, curve_fingerprint(&b.public_key, two));
	assert_string_equal(one, curve_fingerprint(&a.public_key, two));
	curve_wipe(&a);
	curve_wipe(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_go_to_files_and_back),
		cmocka_unit_test(test_secret_must_be_secret),
		cmocka_unit_test(test_key_files_hold_one_key),
		cmocka_unit_test(test_keys_are_z85_or_hex),
		cmocka_unit_test(test_fingerprints_tell_keys_apart),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
