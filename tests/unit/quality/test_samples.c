#include "module/quality/chart/samples.h"

#include "support/unit.h"

#include "charts.h"

/* "status line:column reason", or "ok" and what was read. */
static const char *read_with(const struct samples_options *options, const char *text)
{
	static struct buffer out;
	struct samples samples;
	struct charts charts;
	struct refusal refusal;
	enum ch_status status = charts_of(options, slice_text(text), &samples, &charts, &refusal);
	buffer_clear(&out);
	if (status != CH_OK) {
		buffer_printf(&out, "%s %d:%d %s", ch_status_name(status), (int)refusal.at.line,
			(int)refusal.at.column, refusal.reason);
		return buffer_text(&out);
	}
	buffer_append_text(&out, "ok");
	for (size_t i = 0; i < samples.count; i++) {
		const struct sample *sample = &samples.items[i];
		buffer_append_text(&out, " ");
		buffer_append_slice(&out, sample->label);
		buffer_printf(&out, "%s%u:%d/%d", sample->trial ? "+" : "-", sample->value_count,
			(int)sample->count, (int)sample->units);
	}
	charts_fini(&charts);
	samples_fini(&samples);
	return buffer_text(&out);
}

static const char *read_as(enum chart_kind kind, const char *text)
{
	const struct samples_options options = {.kind = kind};
	return read_with(&options, text);
}

static void test_usage(void **state)
{
	(void)state;
	assert_string_equal(
		read_as(CHART_XBAR_R, "diameter sample trial\n1 a TRUE\n2 a TRUE\n3 b T\n"
				      "4 b T\n5 c FALSE\n6 c FALSE\n"),
		"ok a+2:0/0 b+2:0/0 c-2:0/0");
	assert_string_equal(read_as(CHART_P, "sample\tD\tsize\n7\t12\t50\n8\t15\t60\n"),
		"ok 7+0:12/50 8+0:15/60");
	assert_string_equal(read_as(CHART_C, "3\n4\n"), "ok +0:3/1 +0:4/1");
}

static void test_columns(void **state)
{
	(void)state;
	const struct samples_options named = {
		.kind = CHART_P, .value = "bad", .size = "#4", .label = "day", .trial = "old"};
	const struct samples_options fixed = {.kind = CHART_P, .size = "50"};
	const struct samples_options absent = {.kind = CHART_P, .value = "good"};
	assert_string_equal(
		read_with(&named, "day,bad,size,seen,old\nmo,1,0,9,1\ntu,2,0,9,1\nwe,3,0,8,0\n"),
		"ok mo+0:1/9 tu+0:2/9 we-0:3/8");
	assert_string_equal(read_with(&fixed, "n,size\n1,2\n3,4\n"),
		"missing 1:0 no column is what is measured or counted");
	assert_string_equal(read_with(&fixed, "d\n1\n3\n"), "ok +0:1/50 +0:3/50");
	assert_string_equal(
		read_with(&absent, "a,b\n1,2\n"), "missing 1:0 there is no column good");
	assert_string_equal(read_as(CHART_P, "a,b,size\n1,2,3\n"),
		"invalid 1:0 two columns could be what is measured or counted: name one");
	assert_string_equal(read_as(CHART_P, "4\n5\n"), "missing 1:0 no column is the size");
}

static void test_values_are_refused(void **state)
{
	(void)state;
	assert_string_equal(read_as(CHART_P, "d,size\n1,10\n1,0\n"),
		"invalid 3:3 field 2 (size): \"0\" is no size: nothing was looked at");
	assert_string_equal(read_as(CHART_P, "d,size\n1,10\n 11 ,10\n"),
		"invalid 3:2 field 1 (d): \"11\" is more than the size of the sample");
	assert_string_equal(read_as(CHART_P, "d,size\n1.5,10\n"),
		"format 2:1 field 1 (d): \"1.5\" is no count");
	assert_string_equal(read_as(CHART_NP, "d,size\n1,9.5\n"),
		"invalid 2:3 field 2 (size): \"9.5\" is no whole number of units");
	assert_string_equal(read_as(CHART_XBAR_R, "v,sample\n1,1\nnan,1\n"),
		"format 3:1 field 1 (v): \"nan\" is no number");
	assert_string_equal(read_as(CHART_XBAR_R, "v,sample\n1,1\n1e17,1\n"),
		"too_large 3:1 field 1 (v): \"1e17\" and the other values have more than 16 digits between them");
	assert_string_equal(read_as(CHART_C, "d trial\n1 maybe\n"),
		"format 2:3 field 2 (trial): \"maybe\" is neither TRUE nor FALSE");
	assert_string_equal(read_as(CHART_C, "3\n-4\n"), "format 2:1 field 1: \"-4\" is no count");
	assert_string_equal(read_as(CHART_C, "9999999999\n1\n"),
		"too_large 1:1 field 1: \"9999999999\" is too large");
	assert_string_equal(read_as(CHART_U, "1,0.0000001\n1,1\n"),
		"too_large 1:3 field 2: \"0.0000001\" has more than 6 decimals");
	assert_string_equal(read_as(CHART_U, "1,0.000001\n1,3000\n"),
		"too_large 2:3 field 2: \"3000\" is too large");
}

static void test_samples_are_refused(void **state)
{
	(void)state;
	assert_string_equal(read_as(CHART_C, ""), "invalid 0:0 there is no sample in it");
	assert_string_equal(read_as(CHART_C, "defects\n"), "invalid 0:0 there is no sample in it");
	assert_string_equal(
		read_as(CHART_C, "5\n"), "invalid 0:0 1 sample: limits need at least 2");
	assert_string_equal(read_as(CHART_C, "c trial\n5 T\n6 F\n"),
		"invalid 0:0 on trial 1 sample: limits need at least 2");
	assert_string_equal(read_as(CHART_XBAR_R, "1,2\n3,\n"),
		"invalid 2:0 a sample of 1: it has no spread; at least 2 are needed");
	assert_string_equal(
		read_as(CHART_XBAR_R, "1,2\n3\n"), "format 2:0 1 fields where the first row has 2");
	assert_string_equal(read_as(CHART_XBAR_R, "v,sample\n1,a\n2,a\n1,b\n2,b\n3,a\n"),
		"invalid 6:3 field 2 (sample): \"a\" names a sample that was there before; its rows "
		"must stand together");
	assert_string_equal(read_as(CHART_XBAR_R, "v,sample,trial\n1,a,1\n2,a,0\n"),
		"invalid 3:3 field 2 (sample): \"a\" is on trial in one row and not in another");
	assert_string_equal(read_as(CHART_NP, "1,10\n1,11\n"),
		"invalid 2:0 its size is not that of the first sample; a p chart shows that");
	assert_string_equal(read_as(CHART_C, "c,size\n1,10\n1,11\n"),
		"invalid 3:0 its size is not that of the first sample; a u chart shows that");
	assert_string_equal(read_as(CHART_P, "1,2147483647\n1,1\n"),
		"too_large 2:0 more than 2147483647 in all samples");
	assert_string_equal(read_as(CHART_C, "sample c\n\"\" 1\n"),
		"missing 2:1 field 1 (sample): \"\" names no sample");
}

static void test_too_many_values(void **state)
{
	(void)state;
	struct buffer text = {0};
	buffer_append_text(&text, "v,sample\n");
	for (int i = 0; i < 26; i++)
		buffer_append_text(&text, "1,a\n");
	assert_string_equal(read_as(CHART_XBAR_S, buffer_text(&text)),
		"invalid 27:1 field 1 (v): \"1\" is the 26th value of its sample; 25 is the most");
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_values_are_refused),
		cmocka_unit_test(test_samples_are_refused),
		cmocka_unit_test(test_too_many_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
