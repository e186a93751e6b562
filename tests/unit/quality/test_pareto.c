#include "module/quality/chart/pareto.h"

#include "support/unit.h"

#include <stdlib.h>

static const struct pareto_options usual = {NULL, NULL};

/* "class count share sum" each, or the refusal. */
static const char *ranked(const struct pareto_options *options, const char *other, const char *text)
{
	static struct buffer out;
	struct data_file *file;
	struct pareto pareto;
	struct refusal refusal;
	buffer_clear(&out);
	assert_int_equal(
		data_file_open_bytes(slice_text(text), DATA_TABLE, DATA_DETECT, &file, &refusal),
		CH_OK);
	pareto_init(&pareto, other);
	enum ch_status status = pareto_read(file, options, &pareto, &refusal);
	if (status != CH_OK)
		buffer_printf(&out, "%s %d:%d %s", ch_status_name(status), (int)refusal.at.line,
			(int)refusal.at.column, refusal.reason);
	else
		pareto_rank(&pareto);
	for (size_t i = 0; status == CH_OK && i < pareto.count; i++) {
		const struct pareto_class *class = pareto.classes[i];
		buffer_append_slice(&out, class->name);
		buffer_printf(&out, " %d %d %d\n", (int)class->count,
			(int)pareto_tenths(class->count, pareto.total),
			(int)pareto_tenths(class->cumulative, pareto.total));
	}
	pareto_fini(&pareto);
	data_file_close(file);
	return buffer_text(&out);
}

/* The worked case: 55.7, 24.1, 10.5, 4.7, 2.6, 2.4 %, and 55.7, 79.8, 90.3, 95.0, 97.6, 100 %. */
static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(
		ranked(&usual, NULL, "defect,count\nother,15\na,29\nb,149\nc,345\nd,16\ne,65\n"),
		"c 345 557 557\nb 149 241 798\ne 65 105 903\na 29 47 950\nd 16 26 976\n"
		"other 15 24 1000\n");
}

static void test_other_is_last(void **state)
{
	(void)state;
	assert_string_equal(ranked(&usual, NULL, "Others 500\na 1\nb 1\n"),
		"a 1 2 2\nb 1 2 4\nOthers 500 996 1000\n");
	assert_string_equal(ranked(&usual, NULL, "其他 5\n屏幕 1\n其它 2\n"),
		"屏幕 1 125 125\n其他 5 625 750\n其它 2 250 1000\n");
	assert_string_equal(
		ranked(&usual, "misc", "misc 3\nother 2\n"), "other 2 400 400\nmisc 3 600 1000\n");
}

static void test_columns(void **state)
{
	(void)state;
	const struct pareto_options category = {"part", NULL};
	const struct pareto_options both = {"#3", "n"};
	const struct pareto_options lacking = {"nothing", NULL};
	assert_string_equal(
		ranked(&usual, NULL, "fan\nlid\nfan\n"), "fan 2 667 667\nlid 1 333 1000\n");
	assert_string_equal(
		ranked(&category, NULL, "model,part\nx,fan\ny,fan\n"), "fan 2 1000 1000\n");
	assert_string_equal(ranked(&both, NULL, "n,x,part\n3,1,fan\n0,1,lid\n"),
		"fan 3 1000 1000\nlid 0 0 1000\n");
	assert_string_equal(ranked(&lacking, NULL, "model,part\nx,fan\n"),
		"missing 1:0 there is no column nothing");
}

static void test_refusals(void **state)
{
	(void)state;
	assert_string_equal(
		ranked(&usual, NULL, "a,1\nb,-1\n"), "format 2:3 field 2: \"-1\" is no count");
	assert_string_equal(
		ranked(&usual, NULL, "a,1\nb,1.5\n"), "format 2:3 field 2: \"1.5\" is no count");
	assert_string_equal(
		ranked(&usual, NULL, "a,1\n,2\n"), "missing 2:1 field 1: no class is named");
	assert_string_equal(
		ranked(&usual, NULL, "a,1\nb\n"), "format 2:0 1 fields where the first row has 2");
	assert_string_equal(ranked(&usual, NULL, "a,0\n"),
		"invalid 0:0 nothing is counted in it, so there are no shares");
	assert_string_equal(ranked(&usual, NULL, ""),
		"invalid 0:0 nothing is counted in it, so there are no shares");
	assert_string_equal(ranked(&usual, NULL, "a,9223372036854775807\nb,1\n"),
		"too_large 2:0 too many classes, or too large a total");
	assert_string_equal(ranked(&usual, NULL, "a,9223372036854775808\n"),
		"too_large 1:3 field 2: \"9223372036854775808\" is too large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_other_is_last),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
