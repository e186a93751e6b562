#include "module/quality/chart/chart.h"

#include "support/unit.h"

#include <math.h>

#include "charts.h"
#include "module/quality/chart/chart_report.h"
#include "module/quality/chart/constants.h"
#include "module/quality/chart/run_rule.h"

struct drawn {
	struct samples samples;
	struct charts charts;
};

static struct drawn draw_chart(enum chart_kind kind, const char *text)
{
	const struct samples_options options = {.kind = kind};
	struct drawn drawn;
	struct refusal refusal;
	enum ch_status status =
		charts_of(&options, slice_text(text), &drawn.samples, &drawn.charts, &refusal);
	if (status != CH_OK)
		fail_msg("%s", refusal.reason);
	return drawn;
}

static void drawn_fini(struct drawn *drawn)
{
	charts_fini(&drawn->charts);
	samples_fini(&drawn->samples);
}

static void assert_near(long double got, long double want)
{
	if (fabsl(got - want) > 1e-17L * fmaxl(1, fabsl(want)))
		fail_msg("got %.20Lg, want %.20Lg", got, want);
}

static void assert_lines(const struct chart *chart, size_t at, unsigned lines)
{
	assert_int_equal(chart->marks[at].lines, lines);
}

static void test_usage(void **state)
{
	(void)state;
	struct drawn drawn = draw_chart(
		CHART_XBAR_R, "x1 x2 x3\n10.1 10.3 10.2\n10.0 10.4 10.2\n9.9 10.2 10.2\n");
	const struct chart *means = &drawn.charts.items[0];
	const struct chart *ranges = &drawn.charts.items[1];
	assert_int_equal(drawn.charts.count, 2);
	assert_string_equal(means->name, "xbar");
	assert_string_equal(ranges->name, "r");
	assert_true(means->level);
	assert_near(means->points[0].center, 91.5L / 9);
	assert_near(means->marks[0].value, 10.2L);
	assert_near(ranges->marks[1].value, .4L);
	assert_near(ranges->points[0].center, .3L);
	/* The two textbook forms of the same limits. */
	assert_near(means->points[0].high, 91.5L / 9 + constants_of(3)->a2 * .3L);
	assert_near(ranges->points[0].high, constants_of(3)->d4 * .3L);
	assert_true(ranges->points[0].low == 0);
	drawn_fini(&drawn);
}

/* For every size: X-bar +- A2 R, D3 R, D4 R and X-bar +- A3 s, B3 s, B4 s. */
static void test_every_size(void **state)
{
	(void)state;
	for (unsigned n = CONSTANTS_SIZE_MIN; n <= CONSTANTS_SIZE_MAX; n++) {
		struct buffer text = {0};
		const struct constants *constants = constants_of(n);
		/* Three samples 0 .. n-1, shifted: range n - 1, variance n (n + 1) / 12. */
		for (unsigned row = 0; row < 3; row++) {
			for (unsigned i = 0; i < n; i++)
				buffer_printf(&text, "%s%u.5", i > 0 ? "," : "", row + i);
			buffer_append_text(&text, "\n");
		}
		long double center = 1.5L + (n - 1) / 2.0L;
		long double range = n - 1;
		long double s = sqrtl(n * (n + 1) / 12.0L);
		struct drawn r = draw_chart(CHART_XBAR_R, buffer_text(&text));
		struct drawn x = draw_chart(CHART_XBAR_S, buffer_text(&text));
		assert_near(r.charts.items[0].points[2].low, center - constants->a2 * range);
		assert_near(r.charts.items[1].points[2].low, constants->d3_low * range);
		assert_near(r.charts.items[1].points[2].high, constants->d4 * range);
		assert_near(x.charts.items[0].points[2].high, center + constants->a3 * s);
		assert_near(x.charts.items[1].points[2].low, constants->b3 * s);
		assert_near(x.charts.items[1].points[2].high, constants->b4 * s);
		drawn_fini(&r);
		drawn_fini(&x);
		buffer_fini(&text);
	}
}

static void test_limits_come_from_the_trial(void **state)
{
	(void)state;
	struct drawn drawn =
		draw_chart(CHART_C, "n c trial\n9 4 T\n9 4 T\n9 4 T\n9 11 F\n9 10 F\n");
	const struct chart *chart = &drawn.charts.items[0];
	assert_near(chart->points[4].center, 4);
	assert_near(chart->points[4].high, 10);
	assert_true(chart->points[0].low == 0);
	/* 10 is on the limit, exactly, and thus not beyond it. */
	assert_lines(chart, 3, 3);
	assert_lines(chart, 4, 2);
	drawn_fini(&drawn);
}

/* Limits of its own for each point: p = 1/2; 100 gives .35 to .65, 400 gives .425 to .575. */
static void test_varying_sizes(void **state)
{
	(void)state;
	struct drawn p = draw_chart(CHART_P, "d,size\n50,100\n200,400\n65,100\n230,400\n205,500\n");
	const struct chart *chart = &p.charts.items[0];
	assert_near(chart->points[0].center, .5L);
	assert_near(chart->points[0].high, .65L);
	assert_near(chart->points[1].low, .425L);
	assert_near(chart->points[1].high, .575L);
	assert_false(chart->level);
	/* Both stand on their limits to the last unit; one more defective is beyond. */
	assert_lines(chart, 2, 2);
	assert_lines(chart, 3, 2);
	assert_lines(chart, 4, 3);
	assert_int_equal(chart->marks[4].side, -1);
	drawn_fini(&p);
}

static void test_fractions_of_units(void **state)
{
	(void)state;
	/* u = 4: with 1 unit 4 +- 6, with 2.25 units 4 +- 4, with 0.25 units 4 +- 12. */
	struct drawn u = draw_chart(CHART_U, "d,size\n4,1\n9,2.25\n1,0.25\n18,2.25\n4,0.25\n"
					     "5,0.25\n0,3.75\n3,1.0\n");
	const struct chart *chart = &u.charts.items[0];
	assert_int_equal(u.samples.unit_scale, 2);
	assert_near(chart->points[0].center, 4);
	assert_near(chart->points[0].high, 10);
	assert_near(chart->points[1].high, 8);
	assert_near(chart->points[2].high, 16);
	assert_near(chart->marks[3].value, 8);
	assert_lines(chart, 3, 2);
	assert_lines(chart, 4, 2);
	assert_lines(chart, 5, 3);
	drawn_fini(&u);
}

/* np is p times the size. */
static void test_np(void **state)
{
	(void)state;
	struct drawn np = draw_chart(CHART_NP, "d,size\n50,100\n65,100\n35,100\n");
	const struct chart *chart = &np.charts.items[0];
	assert_near(chart->points[0].center, 50);
	assert_near(chart->points[0].low, 35);
	assert_near(chart->points[0].high, 65);
	assert_lines(chart, 1, 2);
	drawn_fini(&np);
}

static void test_nothing_wrong_at_all(void **state)
{
	(void)state;
	struct drawn p = draw_chart(CHART_P, "d,size,trial\n0,10,1\n0,10,1\n1,10,0\n");
	assert_true(p.charts.items[0].points[0].high == 0);
	assert_lines(&p.charts.items[0], 0, 0);
	assert_lines(&p.charts.items[0], 2, 3);
	drawn_fini(&p);
	struct drawn r = draw_chart(CHART_XBAR_R, "1,1\n1,1\n");
	assert_true(r.charts.sigma == 0);
	assert_lines(&r.charts.items[0], 1, 0);
	drawn_fini(&r);
}

/* Samples of two sizes: sigma is the mean of R / d2(n). */
static void test_varying_samples(void **state)
{
	(void)state;
	struct drawn drawn = draw_chart(CHART_XBAR_R, "a,b,c\n1,2,3\n1,3,\n");
	long double sigma = (2 / constants_of(3)->d2 + 2 / constants_of(2)->d2) / 2;
	assert_near(drawn.charts.sigma, sigma);
	assert_near(drawn.charts.items[0].points[0].center, 2);
	assert_near(drawn.charts.items[0].points[0].high, 2 + 3 * sigma / sqrtl(3));
	assert_near(drawn.charts.items[0].points[1].high, 2 + 3 * sigma / sqrtl(2));
	assert_near(drawn.charts.items[1].points[1].center, sigma * constants_of(2)->d2);
	drawn_fini(&drawn);
}

/* Digits that floating point would lose: a spread of 1e-9 on top of a million. */
static void test_exact_sums(void **state)
{
	(void)state;
	struct drawn drawn = draw_chart(
		CHART_XBAR_S, "1000000.000000001,1000000.000000003\n1000000,1000000.000000002\n");
	assert_near(drawn.charts.items[1].marks[0].value * 1e9L, sqrtl(2));
	assert_near(drawn.charts.items[1].marks[1].value * 1e9L, sqrtl(2));
	drawn_fini(&drawn);
}

/* Characters are two columns wide in some scripts, and three bytes. */
static void test_labels_of_every_script_stand_in_one_column(void **state)
{
	(void)state;
	struct buffer out = {0};
	struct drawn drawn =
		draw_chart(CHART_XBAR_R, "label,x1,x2\n一月,1,2\nFebruary,2,3\n三月的样品,4,2\n");
	chart_report_text(&drawn.samples, &drawn.charts, &run_rule_western_electric, &out);
	const char *text = buffer_text(&out);
	assert_non_null(strstr(text, "\n point label               value "));
	assert_non_null(strstr(text, "\n     1 一月                  1.5 "));
	assert_non_null(strstr(text, "\n     2 February              2.5 "));
	assert_non_null(strstr(text, "\n     3 三月的样品              3 "));
	buffer_fini(&out);
	drawn_fini(&drawn);
}

/* Limits that lie close together far from 0 are not all the same six digits. */
static void test_close_limits_are_told_apart(void **state)
{
	(void)state;
	struct buffer out = {0};
	struct drawn drawn = draw_chart(CHART_XBAR_R,
		"100000.1 100000.2 100000.3\n100000.3 100000.2 100000.1\n100000.1 100000.1 100000.3\n");
	chart_report_text(&drawn.samples, &drawn.charts, &run_rule_western_electric, &out);
	assert_non_null(strstr(buffer_text(&out), " 99999.984224 "));
	assert_non_null(strstr(buffer_text(&out), " 100000.39355"));
	assert_non_null(strstr(buffer_text(&out), " 0.514918\n"));
	buffer_fini(&out);
	drawn_fini(&drawn);
	drawn = draw_chart(CHART_XBAR_R, "1 1\n1 1\n");
	chart_report_text(&drawn.samples, &drawn.charts, &run_rule_western_electric, &out);
	assert_non_null(
		strstr(buffer_text(&out), "              1              1              1\n"));
	buffer_fini(&out);
	drawn_fini(&drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_limits_come_from_the_trial),
		cmocka_unit_test(test_varying_sizes),
		cmocka_unit_test(test_fractions_of_units),
		cmocka_unit_test(test_np),
		cmocka_unit_test(test_nothing_wrong_at_all),
		cmocka_unit_test(test_varying_samples),
		cmocka_unit_test(test_exact_sums),
		cmocka_unit_test(test_labels_of_every_script_stand_in_one_column),
		cmocka_unit_test(test_close_limits_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
