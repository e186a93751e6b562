#include "kit/translate.h"

#include <stdlib.h>
#include <unistd.h>

#include "channel/pos/pos_source.h"
#include "channel/pos/till_folder.h"

#include "unit/pos/till.h"

struct run {
	enum translate_outcome outcome;
	char *events;
	char *rejects;
};

static void run_text(struct run *run, const char *text)
{
	struct pos_options tills = {{NULL, 0}, NULL, {NULL, 0}};
	const struct translate_options options = {.format = &till_format, .decoder = &tills};
	char path[] = "/tmp/carehub-translate-XXXXXX";
	size_t events_len;
	size_t rejects_len;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd); /* every byte was written */
	FILE *events = open_memstream(&run->events, &events_len);
	FILE *rejects = open_memstream(&run->rejects, &rejects_len);
	assert_non_null(events);
	assert_non_null(rejects);
	char *paths[] = {path};
	run->outcome = translate_files(&options, paths, 1, events, rejects);
	(void)fclose(events); /* memory */
	(void)fclose(rejects);
	(void)unlink(path); /* a folder for temporary files forgets it too */
}

static void run_close(struct run *run)
{
	free(run->events);
	free(run->rejects);
}

static void test_usage(void **state)
{
	(void)state;
	struct run run;
	run_text(&run, LOG(PLAIN_SALE("1")));
	assert_int_equal(run.outcome, TRANSLATE_FINE);
	assert_string_equal(run.rejects, "");
	static const char attributes[] =
		"{\"specversion\":\"1.0\",\"id\":\"9/34/2026-03-02/1\",\"source\":\"urn:pos:9\","
		"\"type\":\"pos.sale.completed\",\"subject\":\"9/34/2026-03-02/1\","
		"\"time\":\"2026-03-02T10:15:00.000000Z\",\"digest\":\"";
	assert_memory_equal(run.events, attributes, sizeof(attributes) - 1);
	assert_non_null(strstr(run.events,
		"\"quantity\":{\"unscaled\":\"1\"},\"extendedAmount\":{\"minorUnits\":\"1250\","
		"\"currency\":\"CNY\"}"));
	assert_int_equal(run.events[strlen(run.events) - 1], '\n');
	run_close(&run);
}

static void test_rejects_stand_beside_the_rest(void **state)
{
	(void)state;
	struct run run;
	run_text(&run,
		LOG("\n" PLAIN_SALE("1") TRANSACTION("2", RETAIL(LINE("1", SALE("A", "x", "1"))))
				PLAIN_SALE(
					"1") "<Transaction><ForeCourtTransaction/></Transaction>"
					     "<Transaction><ForeCourtTransaction/></Transaction>"));
	assert_int_equal(run.outcome, TRANSLATE_SOME);
	assert_non_null(strstr(run.events, "9/34/2026-03-02/1"));
	assert_null(strstr(run.events, "9/34/2026-03-02/2"));
	assert_non_null(strstr(run.rejects, ": 9/34/2026-03-02/2: RetailTransaction/LineItem/Sale/"
					    "Quantity: not a decimal number (format)\n"));
	assert_non_null(strstr(run.rejects, ": 1 events, 1 rejected, 3 skipped "
					    "(repeated 1, ForeCourtTransaction 2)\n"));
	run_close(&run);
}

static void test_what_the_hub_will_set_aside_is_told(void **state)
{
	(void)state;
	struct run run;
	run_text(&run,
		LOG(TRANSACTION("1", "<RetailTransaction TransactionStatus='PostVoided'>" LINE(
					     "1", SALE("A", "1", "1.00")) "</RetailTransaction>")));
	assert_int_equal(run.outcome, TRANSLATE_SOME);
	assert_non_null(strstr(run.events, "pos.sale.voided"));
	assert_non_null(strstr(
		run.rejects, "9/34/2026-03-02/1: the hub will set it aside, for want of original"));
	run_close(&run);
}

static void test_unusable_files(void **state)
{
	(void)state;
	struct run run;
	run_text(&run, "no XML at all");
	assert_int_equal(run.outcome, TRANSLATE_UNUSABLE);
	run_close(&run);
	run_text(&run, "<POSLog xmlns='" ARTS "'>" PLAIN_SALE("1") "<Transaction>");
	assert_int_equal(run.outcome, TRANSLATE_SOME); /* what was whole was of use */
	assert_non_null(strstr(run.rejects, "XML: the file is cut off (format)"));
	run_close(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_rejects_stand_beside_the_rest),
		cmocka_unit_test(test_what_the_hub_will_set_aside_is_told),
		cmocka_unit_test(test_unusable_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
