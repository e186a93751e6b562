#include "kit/translate.h"

#include "drop.h"

struct run {
	enum translate_outcome outcome;
	char *events;
	char *told;
	struct drop drop;
};

static void run_paths(struct run *run, char *const *paths, size_t count, bool quiet)
{
	const struct translate_options options = {.format = &lines_format, .quiet = quiet};
	size_t events_len;
	size_t told_len;
	FILE *events = open_memstream(&run->events, &events_len);
	FILE *told = open_memstream(&run->told, &told_len);
	assert_non_null(events);
	assert_non_null(told);
	run->outcome = translate_files(&options, paths, count, events, told);
	assert_int_equal(fclose(events), 0);
	assert_int_equal(fclose(told), 0);
}

static void run_text(struct run *run, const char *text, bool quiet)
{
	char path[DROP_PATH];
	char *paths[] = {path};
	drop_begin(&run->drop);
	drop_put(&run->drop, "f", text);
	(void)snprintf(path, sizeof(path), "%s/f", run->drop.path);
	run_paths(run, paths, 1, quiet);
}

static void run_end(struct run *run)
{
	free(run->events);
	free(run->told);
	drop_end(&run->drop);
}

static void test_events_out_and_the_rest_told(void **state)
{
	struct run run;
	(void)state;
	run_text(&run, "a\n!7:3: torn\n!line 4: torn\n~\nb\n", false);
	assert_int_equal(run.outcome, TRANSLATE_SOME);
	assert_non_null(strstr(run.events, "{\"specversion\":\"1.0\",\"id\":\"a\","));
	assert_non_null(strstr(run.events, "}\n{\"specversion\":\"1.0\",\"id\":\"b\","));
	assert_non_null(strstr(run.told, "/f:7:3: torn\n"));
	assert_non_null(strstr(run.told, "/f: line 4: torn\n"));
	run_end(&run);
}

/* Of nothing wrong nothing is said; a type asks for things that an event may lack. */
static void test_what_the_hub_will_set_aside_is_told(void **state)
{
	struct run run;
	(void)state;
	run_text(&run, "a\n", false);
	assert_non_null(strstr(run.told, ": a: the hub will set it aside, for want of "));
	assert_non_null(strstr(run.told, "/f: 1 events, 1 lacking something\n"));
	assert_int_equal(run.outcome, TRANSLATE_SOME);
	run_end(&run);
	run_text(&run, "a\n~\n", true);
	assert_null(strstr(run.told, "1 events"));
	run_end(&run);
	run_text(&run, "", false);
	assert_int_equal(run.outcome, TRANSLATE_FINE);
	assert_string_equal(run.told, "");
	run_end(&run);
}

/* As it is published; nobody is refused for a trace. */
static void test_a_trace_that_is_none_is_left_out(void **state)
{
	struct run run;
	(void)state;
	run_text(
		&run, "a^00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\nb^00-1\n", false);
	assert_non_null(strstr(run.events, "\"traceparent\":\"00-4bf9"));
	assert_null(strstr(run.events, "00-1"));
	assert_non_null(strstr(run.told,
		"/f: 2 events, 2 lacking something, 1 without the trace they came with\n"));
	run_end(&run);
}

static void test_unusable_files(void **state)
{
	char *paths[] = {(char[]){"/no/such/file"}, (char[]){"/"}};
	struct run run;
	(void)state;
	run_text(&run, "?\n", false);
	assert_int_equal(run.outcome, TRANSLATE_UNUSABLE);
	run_end(&run);
	run_text(&run, "a\n?\n", false);
	assert_int_equal(run.outcome, TRANSLATE_SOME); /* what was whole was of use */
	run_end(&run);
	run_text(&run, "a\nb", false);
	assert_int_equal(run.outcome, TRANSLATE_SOME);
	assert_non_null(strstr(run.told, "1 incomplete"));
	run_end(&run);
	drop_begin(&run.drop);
	run_paths(&run, paths, 1, false);
	assert_int_equal(run.outcome, TRANSLATE_UNUSABLE);
	assert_string_equal(run.told, "/no/such/file: No such file or directory\n");
	run_end(&run);
}

static void test_an_output_that_cannot_be_written(void **state)
{
	const struct translate_options options = {.format = &lines_format};
	char path[DROP_PATH];
	char *paths[] = {path};
	struct drop drop;
	FILE *full = fopen("/dev/full", "w");
	FILE *told = fopen("/dev/null", "w");
	(void)state;
	assert_non_null(full);
	assert_non_null(told);
	drop_begin(&drop);
	drop_put(&drop, "f", "a\n");
	(void)snprintf(path, sizeof(path), "%s/f", drop.path);
	assert_int_equal(translate_files(&options, paths, 1, full, told), TRANSLATE_UNUSABLE);
	(void)fclose(full); /* as was to be shown */
	assert_int_equal(fclose(told), 0);
	drop_end(&drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_out_and_the_rest_told),
		cmocka_unit_test(test_what_the_hub_will_set_aside_is_told),
		cmocka_unit_test(test_a_trace_that_is_none_is_left_out),
		cmocka_unit_test(test_unusable_files),
		cmocka_unit_test(test_an_output_that_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
