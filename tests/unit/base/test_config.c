/* config, option and problem: they are one thing to their users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"
#include "base/file.h"
#include "base/limits.h"

struct settings {
	char *listen;
	int64_t threads;
	int64_t buffer_bytes;
	int64_t linger_ms;
	bool strict;
	int level;
	uint32_t roles;
	struct option_list types;
};

static const struct option_word levels[] = {{"low", 1}, {"high", 2}, {NULL, 0}};
static const struct option_word roles[] = {
	{"producer", 1}, {"consumer", 2}, {"admin", 4}, {NULL, 0}};

static const char *no_shouting(struct slice value)
{
	return value.len > 0 && value.data[value.len - 1] == '!' ? "shouts" : NULL;
}

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{.name = "listen",
		.type = OPTION_TEXT,
		.at = AT(listen),
		.min = 1,
		.max = 20,
		.initial = "here",
		.fault = no_shouting,
		.help = "Where it listens."},
	{.name = "bus.threads",
		.type = OPTION_NUMBER,
		.at = AT(threads),
		.min = 1,
		.max = 8,
		.initial = "1",
		.required = true,
		.help = "How many threads."},
	{.name = "bus.buffer",
		.type = OPTION_BYTES,
		.at = AT(buffer_bytes),
		.min = 1024,
		.initial = "64K",
		.help = "How much memory."},
	{.name = "bus.linger",
		.type = OPTION_MS,
		.at = AT(linger_ms),
		.max = 60000,
		.initial = "1s",
		.help = "How long."},
	{.name = "bus.strict",
		.type = OPTION_BOOL,
		.at = AT(strict),
		.initial = "yes",
		.help = "Whether."},
	{.name = "bus.level",
		.type = OPTION_CHOICE,
		.at = AT(level),
		.words = levels,
		.initial = "low",
		.help = "Which."},
	{.name = "peer.roles",
		.type = OPTION_FLAGS,
		.at = AT(roles),
		.words = roles,
		.help = "Who."},
	{.name = "peer.types",
		.type = OPTION_LIST,
		.at = AT(types),
		.max = 4,
		.fault = no_shouting,
		.help = "What."},
};

static struct settings settings;
static const struct option_group group = {options, sizeof(options) / sizeof(options[0]), &settings};

/* All complaints about `text`, as they would be printed. */
static char *complaints(const char *text, enum ch_status expected)
{
	static char lines[8192];
	struct problems problems = {0};
	struct buffer out = {0};
	assert_int_equal(config_parse(slice_text(text), "x.conf", &group, 1, &problems), expected);
	assert_int_equal(problems_none(&problems), expected == CH_OK);
	problems_print(&problems, &out);
	(void)snprintf(lines, sizeof(lines), "%s", buffer_text(&out));
	buffer_fini(&out);
	problems_fini(&problems);
	return lines;
}

static void test_reads_every_type(void **state)
{
	(void)state;
	const char *text = "# comment\n"
			   "listen = tcp://*\r\n"
			   "\n"
			   "[bus]\n"
			   "threads: 4     ; inline comment\n"
			   "buffer=2M\n"
			   "linger = 1500 ms\n"
			   "strict = off\n"
			   "level = high\n"
			   "[peer]\n"
			   "roles = producer, admin\n"
			   "types = a.b, c.*,\n"
			   "        d.>\n"
			   "\te";
	assert_string_equal(complaints(text, CH_OK), "");
	assert_string_equal(settings.listen, "tcp://*");
	assert_int_equal(settings.threads, 4);
	assert_int_equal(settings.buffer_bytes, 2 << 20);
	assert_int_equal(settings.linger_ms, 1500);
	assert_false(settings.strict);
	assert_int_equal(settings.level, 2);
	assert_int_equal(settings.roles, 5);
	assert_int_equal(settings.types.count, 4);
	assert_string_equal(settings.types.items[2], "d.>");
	assert_string_equal(settings.types.items[3], "e");
	option_free(&group);
	assert_null(settings.listen);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_string_equal(complaints("[bus]\nthreads=2\n", CH_OK), "");
	assert_string_equal(settings.listen, "here");
	assert_int_equal(settings.buffer_bytes, 65536);
	assert_int_equal(settings.linger_ms, 1000);
	assert_true(settings.strict);
	assert_int_equal(settings.types.count, 0);
	option_free(&group);
}

static void test_what_says_the_same(void **state)
{
	static const char *const others[] = {"listen = there", "[bus]\nthreads = 3",
		"[bus]\nlinger = 2s", "[bus]\nstrict = off", "[bus]\nlevel = high",
		"[peer]\nroles = admin", "[peer]\ntypes = a", "[peer]\ntypes = a, c"};
	const char *text = "[bus]\nthreads = 2\n[peer]\ntypes = a, b\n";
	const size_t count = sizeof(options) / sizeof(options[0]);
	(void)state;
	assert_string_equal(complaints(text, CH_OK), "");
	struct settings one = settings;
	settings = (struct settings){0};
	assert_string_equal(complaints(text, CH_OK), "");
	assert_true(option_same(options, count, &one, &settings));
	option_free(&group);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char other[256];
		bool types = strstr(others[i], "types") != NULL;
		(void)snprintf(other, sizeof(other), "%s\n%s%s", others[i],
			strstr(others[i], "threads") != NULL ? "" : "[bus]\nthreads = 2\n",
			types ? "" : "[peer]\ntypes = a, b\n");
		assert_string_equal(complaints(other, CH_OK), "");
		assert_false(option_same(options, count, &one, &settings));
		option_free(&group);
	}
	settings = one;
	option_free(&group);
}

static void test_all_mistakes_come_at_once(void **state)
{
	(void)state;
	const char *text = "listen =\n"
			   "nonsense\n"
			   "color = red\n"
			   "[bus\n"
			   "[bus]\n"
			   "threads = 9\n"
			   "buffer = 1T\n"
			   "linger = 61s\n"
			   "strict = maybe\n"
			   "level = middle\n"
			   "level = low\n"
			   "  high\n"
			   "[peer]\n"
			   "roles = producer, king\n"
			   "types = a!, b\n";
	assert_string_equal(complaints(text, CH_INVALID),
		"x.conf:1: listen: is empty\n"
		"x.conf:2: is neither 'name = value' nor '[section]'\n"
		"x.conf:3: color: is no setting\n"
		"x.conf:4: is a section without ']'\n"
		"x.conf:6: bus.threads: is 9, but must be 1 to 8\n"
		"x.conf:7: bus.buffer: is '1T', but must be a size such as 4096, 64K or 1M\n"
		"x.conf:8: bus.linger: is 61s, but must be 0 to 60000 ms\n"
		"x.conf:9: bus.strict: is 'maybe', but must be one of: yes, no, true, false, on, off\n"
		"x.conf:10: bus.level: is 'middle', but must be one of: low, high\n"
		"x.conf:11: bus.level: is given twice\n"
		"x.conf:12: bus.level: goes on over several lines, but is no list\n"
		"x.conf:14: peer.roles: is 'king', but must be one of: producer, consumer, admin\n"
		"x.conf:15: peer.types: 'a!' shouts\n");
	assert_string_equal(settings.listen, "here"); /* a bad value leaves the default */
	assert_int_equal(settings.threads, 1);
	option_free(&group);
}

static void test_missing_and_bounds(void **state)
{
	char text[LIMIT_CONFIG_LINE_BYTES + 64];
	(void)state;
	assert_string_equal(complaints("", CH_INVALID), "x.conf: bus.threads: is missing\n");
	option_free(&group);
	assert_string_equal(
		complaints("[peer]\ntypes = a,b,c,d,e\n[bus]\nthreads = 1\n", CH_INVALID),
		"x.conf:2: peer.types: has more than 4 items\n");
	option_free(&group);
	assert_string_equal(
		complaints("[bus]\nthreads = 99999999999999999999\nlinger = -1s\n", CH_INVALID),
		"x.conf:2: bus.threads: is 99999999999999999999, but must be 1 to 8\n"
		"x.conf:3: bus.linger: is -1s, but must be 0 to 60000 ms\n");
	option_free(&group);
	memset(text, 'a', sizeof(text));
	(void)snprintf(text + sizeof(text) - 32, 32, "\n[bus]\nthreads = 3\n");
	assert_string_equal(complaints(text, CH_INVALID),
		"x.conf:1: is too long; lists can go on over indented lines\n");
	assert_int_equal(settings.threads, 3); /* what follows is read */
	option_free(&group);
}

static void test_bytes_that_are_no_text(void **state)
{
	struct problems problems = {0};
	static const char nul[] = "[bus]\nthreads = 1\0\nthreads = 2\nlinger = 5s\n";
	(void)state;
	assert_int_equal(
		config_parse(slice_of(nul, sizeof(nul) - 1), "x.conf", &group, 1, &problems),
		CH_INVALID);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].reason, "has a NUL byte");
	problems_fini(&problems);
	option_free(&group);
	assert_string_equal(complaints("listen = \xff\xfe\n[bus]\nthreads=1\n", CH_INVALID),
		"x.conf:1: listen: is not UTF-8\n");
	option_free(&group);
}

static void test_problems_are_bounded(void **state)
{
	struct problems problems = {0};
	struct buffer out = {0};
	(void)state;
	for (unsigned i = 0; i < LIMIT_PROBLEMS + 5; i++)
		problems_add(&problems, "f", i, NULL, "is %u", i);
	assert_int_equal(problems.count, LIMIT_PROBLEMS);
	assert_int_equal(problems.dropped, 5);
	problems_print(&problems, &out);
	assert_non_null(strstr(buffer_text(&out), "\nand 5 more\n"));
	buffer_fini(&out);
	problems_fini(&problems);
}

static void test_files(void **state)
{
	char path[4096];
	struct problems problems = {0};
	(void)state;
	const char *folder = getenv("TMPDIR");
	(void)snprintf(
		path, sizeof(path), "%s/carehub-test-%d.conf", folder ? folder : "/tmp", getpid());
	assert_int_equal(file_replace(path, SLICE_LITERAL("[bus]\nthreads = 7\n"), 0600), CH_OK);
	assert_int_equal(config_read(path, &group, 1, &problems), CH_OK);
	assert_int_equal(settings.threads, 7);
	option_free(&group);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(config_read(path, &group, 1, &problems), CH_INVALID);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].reason, "cannot be read: No such file or directory");
	assert_int_equal(settings.threads, 1);
	option_free(&group);
	problems_fini(&problems);
}

/* What it describes can be read back once the comment signs are gone. */
static void test_describes_itself(void **state)
{
	struct buffer out = {0};
	(void)state;
	option_describe(&group, &out);
	const char *text = buffer_text(&out);
	assert_non_null(strstr(text, "# Where it listens.\n#listen = here\n"));
	assert_non_null(
		strstr(text, "[bus]\n# How many threads.\n# 1 to 8.\n# Required.\n#threads = 1\n"));
	assert_non_null(strstr(text, "# One of: low high\n#level = low\n"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_every_type),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_what_says_the_same),
		cmocka_unit_test(test_all_mistakes_come_at_once),
		cmocka_unit_test(test_missing_and_bounds),
		cmocka_unit_test(test_bytes_that_are_no_text),
		cmocka_unit_test(test_problems_are_bounded),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_describes_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
