/* context: where the hub is and who we are. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/context.h"
#include "support/scratch.h"

static char dir[SCRATCH_BYTES];

static void write_file(const char *name, const char *text)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make(void **state)
{
	char path[128];
	(void)state;
	scratch_make(dir, "context");
	(void)snprintf(path, sizeof(path), "%s/carehub", dir);
	(void)unsetenv("CAREHUB_ENDPOINT");
	(void)unsetenv("CAREHUB_SERVER_KEY");
	(void)unsetenv("CAREHUB_KEY");
	(void)unsetenv("CAREHUB_CONTEXT");
	(void)setenv("XDG_CONFIG_HOME", dir, 1);
	return mkdir(path, 0700);
}

static int unmake(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

/* Options over the environment over the file; a file's paths stand beside it. */
static void test_order(void **state)
{
	struct cli cli = {.endpoint = "tcp://option:1"};
	struct context context;
	char path[160];
	(void)state;
	write_file("carehub/default.conf", "endpoint = tcp://file:1\nserver_key = hub.public\n"
					   "key = ops.secret\n");
	write_file("carehub/hub.public", "# the hub\nrq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n");
	(void)setenv("CAREHUB_ENDPOINT", "tcp://environment:1", 1);
	assert_int_equal(context_read(&cli, &context), EXIT_FINE);
	assert_string_equal(context.endpoint, "tcp://option:1");
	(void)snprintf(path, sizeof(path), "%s/carehub/ops.secret", dir);
	assert_string_equal(context.key_file, path);
	(void)snprintf(path, sizeof(path), "%s/carehub/hub.public", dir);
	assert_string_equal(context.server_key, path);
	cli.endpoint = NULL;
	assert_int_equal(context_read(&cli, &context), EXIT_FINE);
	assert_string_equal(context.endpoint, "tcp://environment:1");
	(void)unsetenv("CAREHUB_ENDPOINT");
	assert_int_equal(context_read(&cli, &context), EXIT_FINE);
	assert_string_equal(context.endpoint, "tcp://file:1");
}

static void test_public_key(void **state)
{
	/* Z85 has a slash and a hash among its characters. */
	static const char slash[] = "/+ePY7@6[VG-V!u*7YpymWkew9=U&vR)9%gZoX(c";
	static const char hash[] = "#+ePY7@6[VG-V!u*7YpymWkew9=U&vR)9%gZoX(c";
	char path[128];
	char key[65];
	(void)state;
	assert_int_equal(context_public_key(slash, key), CH_OK);
	assert_string_equal(key, slash);
	write_file("hash", "# a comment\n#\n");
	(void)snprintf(path, sizeof(path), "%s/hash", dir);
	assert_int_equal(context_public_key(path, key), CH_FORMAT);
	write_file("hash", "# a comment\n#+ePY7@6[VG-V!u*7YpymWkew9=U&vR)9%gZoX(c\n");
	assert_int_equal(context_public_key(path, key), CH_OK);
	assert_string_equal(key, hash);
	assert_int_equal(context_public_key("/no/such/file", key), CH_NOT_FOUND);
}

static void test_refuses(void **state)
{
	struct cli cli = {.context = "../default"};
	struct context context;
	(void)state;
	assert_int_equal(context_read(&cli, &context), EXIT_USAGE);
	cli.context = "nobody";
	assert_int_equal(context_read(&cli, &context), EXIT_USAGE);
	write_file("carehub/odd.conf", "endpoint = tcp://a:1\ncolour = red\n");
	cli.context = "odd";
	assert_int_equal(context_read(&cli, &context), EXIT_USAGE);
	write_file("carehub/half.conf", "endpoint = tcp://a:1\n");
	cli.context = "half";
	assert_int_equal(context_read(&cli, &context), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_public_key),
		cmocka_unit_test(test_refuses),
	};
	return cmocka_run_group_tests(tests, make, unmake);
}
