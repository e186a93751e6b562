#include <stdio.h>

#include "bench/load/options.h"
#include "support/unit.h"

/* The command line as the words that follow the program's name, ended by NULL.  What the options
 * borrow lasts until the next call. */
static enum ch_status parse(struct options *options, ...)
{
	static char copies[32][32];
	char *words[32] = {copies[0]};
	int count = 1;
	va_list rest;
	(void)snprintf(copies[0], sizeof(copies[0]), "bench_test");
	va_start(rest, options);
	for (const char *word = va_arg(rest, const char *); word != NULL;
		word = va_arg(rest, const char *)) {
		(void)snprintf(copies[count], sizeof(copies[count]), "%s", word);
		words[count] = copies[count];
		count++;
	}
	va_end(rest);
	return options_parse(count, words, options);
}

static void test_a_whole_line(void **state)
{
	(void)state;
	struct options options;
	assert_int_equal(parse(&options, "--mode", "openloop", "--seconds", "1.5", "--connections",
				 "4", "--window", "1000", "--batch", "64", "--payload", "300",
				 "--rate", "5000", "--customers", "1000000", "--draw", "uniform",
				 "--port", "7710", "--data", "/some/where", "--seed", "9", NULL),
		CH_OK);
	assert_int_equal(options.mode, MODE_OPENLOOP);
	assert_int_equal(options.duration_ns, 1500000000);
	assert_int_equal(options.connections, 4);
	assert_int_equal(options.batch, 64);
	assert_int_equal(options.rate, 5000);
	assert_int_equal(options.customers, 1000000);
	assert_int_equal(options.draw, EVENT_UNIFORM);
	assert_int_equal(options.port, 7710);
	assert_int_equal(options.seed, 9);
	assert_string_equal(options.data, "/some/where");
}

static void test_a_server_of_its_own(void **state)
{
	(void)state;
	struct options options;
	assert_int_equal(
		parse(&options, "--known", "10000000", "--ids", "ordered", "--history", "archived",
			"--events", "7", "--set", "a.b=c", "--set", "d.e=", "--mode", "cold", NULL),
		CH_OK);
	assert_int_equal(options.known, 10000000);
	assert_int_equal(options.ids, EVENT_IDS_ORDERED);
	assert_int_equal(options.history, HISTORY_ARCHIVED);
	assert_int_equal(options.events, 7);
	assert_int_equal(options.mode, MODE_COLD);
	assert_int_equal(options.setting_count, 2);
	assert_string_equal(options.settings[1], "d.e=");
	assert_int_equal(parse(&options, "--set", "nothing", NULL), CH_INVALID);
	assert_int_equal(parse(&options, "--set", "a=b.c", NULL), CH_INVALID);
	assert_int_equal(parse(&options, "--ids", "strange", NULL), CH_INVALID);
}

static void test_defaults(void **state)
{
	(void)state;
	struct options one;
	struct options two;
	assert_int_equal(parse(&one, NULL), CH_OK);
	assert_int_equal(parse(&two, NULL), CH_OK);
	assert_int_equal(one.mode, MODE_SATURATE);
	assert_int_equal(one.window, 1000);
	assert_int_equal(one.payload_bytes, 300);
	assert_string_equal(one.host, "127.0.0.1");
	assert_true(one.seed != two.seed); /* or a second run would send the first one's ids */
}

static void test_low_load_is_one_event_in_flight(void **state)
{
	(void)state;
	struct options options;
	assert_int_equal(
		parse(&options, "--mode", "lowload", "--connections", "10", "--batch", "64", NULL),
		CH_OK);
	assert_int_equal(options.connections, 1);
	assert_int_equal(options.window, 1);
	assert_int_equal(options.batch, 1);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const lines[][2] = {
		{"--mode", "fast"}, {"--seconds", "0"}, {"--seconds", "nan"}, {"--seconds", "1e9"},
		{"--connections", "0"}, {"--connections", "257"}, {"--window", "-1"},
		{"--window", "18446744073709551617"}, {"--payload", "35"}, {"--rate", "5x"},
		{"--rate", ""}, {"--draw", "7030"}, {"--port", "65536"},
		{"--host", "192.0.2.1"}, /* the bench stays on the machine */
		{"--host", "localhost"}, {"--data", ""}, {"--nonsense", "1"}, {"stray", "word"},
		{"--batch", "1001"}, /* more than the window */
	};
	struct options options = {.window = 77};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(parse(&options, lines[i][0], lines[i][1], NULL), CH_INVALID);
	assert_int_equal(options.window, 77); /* untouched */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_line),
		cmocka_unit_test(test_a_server_of_its_own),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_low_load_is_one_event_in_flight),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
