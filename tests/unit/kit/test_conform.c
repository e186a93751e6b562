/* What the conformance kit stands on: descriptions, environments, processes, stages that remember the first
 * thing that went wrong.  What it says of adapters is tested by tests/conform. */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "kit/conform/conform.h"
#include "kit/conform/stage.h"
#include "support/scratch.h"

static char folder[SCRATCH_BYTES];

static const char *in_folder(const char *name)
{
	static char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *put(const char *name, const char *text)
{
	const char *path = in_folder(name);
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	scratch_make(folder, "test-conform");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

/* ---- Environments ---- */

static void test_names_are_filled_in(void **state)
{
	struct environment environment = {0};
	struct buffer out = {0};
	struct slice unknown;
	(void)state;
	assert_int_equal(environment_set(&environment, "PORT", "1"), CH_OK);
	assert_int_equal(environment_set(&environment, "PORT2", "2"), CH_OK);
	assert_int_equal(environment_set(&environment, "PORT", "17"), CH_OK);
	assert_string_equal(environment_get(&environment, "PORT"), "17");
	assert_null(environment_get(&environment, "POR"));
	assert_int_equal(environment_expand(&environment,
				 SLICE_LITERAL("${PORT}:${PORT2} $PORT ${"), &out, &unknown),
		CH_NOT_FOUND);
	buffer_clear(&out);
	assert_int_equal(environment_expand(&environment, SLICE_LITERAL("${PORT}:${PORT2} $PORT $"),
				 &out, &unknown),
		CH_OK);
	assert_string_equal(buffer_text(&out), "17:2 $PORT $");
	assert_int_equal(environment_expand(&environment, SLICE_LITERAL("${HOST}"), &out, &unknown),
		CH_NOT_FOUND);
	assert_slice_text(unknown, "HOST");
	buffer_fini(&out);
	environment_fini(&environment);
}

static void test_a_command_sees_them(void **state)
{
	struct environment environment = {0};
	struct buffer said = {0};
	struct process process;
	char output[128];
	(void)state;
	(void)snprintf(output, sizeof(output), "%s", in_folder("out"));
	const struct process_files files = {.output = output, .folder = folder};
	assert_int_equal(environment_set(&environment, "NAME", "a b"), CH_OK);
	assert_int_equal(process_start("echo \"$NAME\" $(basename $PWD); exit 3", &environment,
				 &files, &process),
		CH_OK);
	assert_true(process_wait(&process, 10000));
	assert_string_equal(process_end(&process), "status 3");
	assert_int_equal(file_read_all(output, 4096, &said), CH_OK);
	assert_memory_equal(said.data, "a b test-conform-", 17);
	process_kill(&process);
	buffer_fini(&said);
	environment_fini(&environment);
}

static void test_a_kill_meets_the_whole_group(void **state)
{
	struct environment environment = {0};
	struct process process;
	struct buffer child = {0};
	const struct process_files files = {.output = "/dev/null", .folder = folder};
	(void)state;
	assert_int_equal(
		process_start("sleep 600 & echo $! > child; wait", &environment, &files, &process),
		CH_OK);
	while (file_read_all(in_folder("child"), 64, &child) != CH_OK || child.len == 0)
		process_sleep_ms(5);
	assert_false(process_wait(&process, 0));
	process_kill(&process);
	assert_string_equal(process_end(&process), "signal 9");
	pid_t pid = (pid_t)strtol(buffer_text(&child), NULL, 10);
	while (kill(pid, 0) == 0) { /* until init has taken it */
		char state_path[64];
		(void)snprintf(state_path, sizeof(state_path), "/proc/%d/stat", (int)pid);
		struct buffer stat = {0};
		bool zombie = file_read_all(state_path, 4096, &stat) != CH_OK ||
			      strstr(buffer_text(&stat), ") Z") != NULL;
		buffer_fini(&stat);
		if (zombie)
			break;
		process_sleep_ms(5);
	}
	buffer_fini(&child);
}

/* ---- Descriptions ---- */

static const char good[] =
	"[adapter]\nrun = true\nconfiguration = conf\ncheck = none\n"
	"sample = none\ntranslate = none\n"
	"[source]\nrecords = echo r\nfeed = true\ngarbage = none\nvanish = none\n";

static void test_a_description(void **state)
{
	struct problems problems = {0};
	struct description description;
	(void)state;
	assert_int_equal(description_read(put("a.ini", good), &problems, &description), CH_OK);
	assert_string_equal(description.run, "true");
	assert_string_equal(description.metrics, "cat $METRICS");
	assert_string_equal(description.folder, folder);
	assert_false(description_has(description.garbage));
	assert_true(description_has(description.feed));
	description_fini(&description);
	problems_fini(&problems);
}

static void test_all_that_is_wrong_with_one(void **state)
{
	struct problems problems = {0};
	struct description description;
	struct buffer text = {0};
	(void)state;
	const char *path = put("a.ini", "[adapter]\nrun = a\nconfiguration = c\ncheck = a check\n"
					"sample = none\ntranslate = none\nstop = 0\n"
					"[source]\nrecords = r\nfeed = f\nvanish = v\nodd = 1\n");
	assert_int_equal(description_read(path, &problems, &description), CH_INVALID);
	problems_print(&problems, &text);
	assert_non_null(strstr(buffer_text(&text), "adapter.stop"));
	assert_non_null(strstr(buffer_text(&text), "source.odd"));
	assert_non_null(strstr(buffer_text(&text), "source.garbage"));
	buffer_clear(&text);
	problems_fini(&problems);

	path = put("b.ini",
		"[adapter]\nrun = a\nconfiguration = c\ncheck = a check\nsample = none\n"
		"translate = none\n[source]\nrecords = r\nfeed = f\nvanish = v\n"
		"garbage = none\n");
	assert_int_equal(description_read(path, &problems, &description), CH_INVALID);
	assert_int_equal(problems.count, 2); /* nothing to find, and no way back */
	problems_fini(&problems);
	buffer_fini(&text);
}

/* ---- Stages ---- */

static void test_the_first_failure_sticks(void **state)
{
	struct conform conform = {.root = folder, .seed = 1, .records = 24, .patience_ms = 1000};
	struct problems problems = {0};
	struct stage stage;
	static const struct fake_hub_options usual;
	(void)state;
	(void)put("conf", "[hub]\nendpoint = ${ENDPOINT}\n");
	assert_int_equal(
		description_read(put("a.ini", good), &problems, &conform.description), CH_OK);
	stage_open(&stage, &conform, "one", &usual);
	assert_false(stage.broken);
	stage_start(&stage); /* `true` ends at once */
	stage_await(&stage, FAKE_STORED, 1);
	assert_true(stage.broken);
	assert_false(stage.unusable);
	assert_non_null(strstr(buffer_text(&stage.detail), "it ended with status 0"));
	stage_fail(&stage, "later");
	stage_feed(&stage, 1);
	assert_int_equal(stage.feed_count, 0);
	assert_non_null(strstr(buffer_text(&stage.detail), "it ended with status 0"));
	stage_close(&stage);

	/* What is wrong with the description is not the adapter's fault. */
	(void)put("conf", "${NOBODY}\n");
	stage_open(&stage, &conform, "two", &usual);
	assert_true(stage.broken);
	assert_true(stage.unusable);
	stage_close(&stage);
	description_fini(&conform.description);
	problems_fini(&problems);
}

/* The adapter would fail in every row. */
static void test_nothing_is_tried_without_what_is_needed(void **state)
{
	struct conform_wishes wishes = {.seed = 1, .records = 24, .kills = 1, .patience_ms = 5000};
	struct buffer text = {0};
	(void)state;
	wishes.only[wishes.only_count++] = "check";
	(void)put("conf", "");
	buffer_append_text(&text, good);
	buffer_append_text(&text, "needs = echo a database is not installed; exit 5\n");
	assert_int_equal(conform_run(&wishes, put("a.ini", buffer_text(&text))), CONFORM_SKIPPED);
	buffer_clear(&text);
	buffer_append_text(&text, good);
	buffer_append_text(&text, "needs = test -d $HERE\n");
	assert_int_not_equal(
		conform_run(&wishes, put("a.ini", buffer_text(&text))), CONFORM_SKIPPED);
	buffer_fini(&text);
}

static void test_chance_is_the_seeds(void **state)
{
	struct stage one = {.chance = 42};
	struct stage two = {.chance = 42};
	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t number = stage_chance(&one, 5, 9);
		assert_in_range(number, 5, 9);
		assert_int_equal(stage_chance(&two, 5, 9), number);
	}
	assert_true(conform_promises("kill"));
	assert_false(conform_promises("eternity"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_are_filled_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_command_sees_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_kill_meets_the_whole_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_description, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_that_is_wrong_with_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_first_failure_sticks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_nothing_is_tried_without_what_is_needed, set_up, tear_down),
		cmocka_unit_test(test_chance_is_the_seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
