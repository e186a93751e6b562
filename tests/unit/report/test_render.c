#include "module/report/render.h"

#include "support/unit.h"

#include <jansson.h>
#include <math.h>

#include "base/limits.h"
#include "module/report/textwidth.h"

#define DAY_US INT64_C(86400000000)

static const struct report_head head = {.product = "Carehub quality",
	.title = "Service quality",
	.scope = {(const uint8_t *)"all stations", 12},
	.from_us = 0,
	.to_us = 31 * DAY_US,
	.sequence = 42,
	.as_of_us = 40 * DAY_US,
	.zone = {(const uint8_t *)"UTC", 3}};
static const struct report_column columns[] = {{"station", "Station", CELL_TEXT, 0},
	{"open", "Open", CELL_COUNT, 0}, {"fourDay", "4 days", CELL_SHARE, 1},
	{"charged", "Charged", CELL_MONEY, 0}, {"mean", "Mean", CELL_DURATION, 0}};

static struct report_table *add_table(struct report *report)
{
	struct report_section *section = report_section(report, "stations", "Stations", "Ranked.");
	struct report_table *table = report_table(section, "ranking", "", columns, 5);
	report_row(table,
		(const struct cell[]){cell_text(slice_text("\xe5\x8c\x97\xe4\xba\xac")),
			cell_count(7), cell_in_state(cell_share(91, 95), STATE_GOOD),
			cell_money(129900, slice_text("CNY")), cell_duration(DAY_US)},
		5);
	report_row(table,
		(const struct cell[]){cell_text(slice_text("SH \"1\"")), cell_count(1200),
			cell_share(0, 0), cell_none(), cell_none()},
		5);
	return table;
}

static const char *rendered(const struct report *report, enum report_format format)
{
	static struct buffer out;
	buffer_clear(&out);
	report_render(report, format, &out);
	assert_int_equal(out.status, CH_OK);
	return buffer_text(&out);
}

static void test_usage(void **state)
{
	(void)state;
	struct report report;
	report_init(&report, &head);
	(void)add_table(&report);
	assert_int_equal(report.status, CH_OK);
	assert_string_equal(rendered(&report, REPORT_TEXT),
		"Service quality\n"
		"═══════════════\n"
		"1970-01-01 to 1970-01-31, all stations\n"
		"as of entry 42, 1970-02-10 00:00 UTC\n\n"
		"Stations\n"
		"────────\n"
		"Ranked.\n\n"
		"Station   Open              4 days       Charged    Mean\n"
		"───────  ─────  ──────────────────  ────────────  ──────\n"
		"北京         7  95.8 %  91 of 95 ✔  CNY 1,299.00  24.0 h\n"
		"SH \"1\"   1,200                   –             –       –\n"
		"\n");
	report_fini(&report);
}

/* One day is no stretch, and what is of no scope names none. */
static void test_a_day(void **state)
{
	(void)state;
	struct report report;
	struct report_head day = head;
	day.to_us = DAY_US;
	day.scope = (struct slice){NULL, 0};
	report_init(&report, &day);
	assert_string_equal(rendered(&report, REPORT_TEXT),
		"Service quality\n"
		"═══════════════\n"
		"1970-01-01\n"
		"as of entry 42, 1970-02-10 00:00 UTC\n\n");
	report_fini(&report);
}

static void test_csv(void **state)
{
	(void)state;
	struct report report;
	struct buffer out = {0};
	report_init(&report, &head);
	struct report_table *table = add_table(&report);
	report_row(table,
		(const struct cell[]){cell_text(slice_text("=cmd()")), cell_count(-1), cell_none(),
			cell_none(), cell_none()},
		5);
	assert_ptr_equal(report_find_table(&report, "ranking"), table);
	assert_null(report_find_table(&report, "nothing"));
	report_render_csv_table(table, &out);
	assert_string_equal(buffer_text(&out),
		"station,open,fourDay,fourDayPart,fourDayWhole,charged,chargedCurrency,meanSeconds\r\n"
		"\"\xe5\x8c\x97\xe4\xba\xac\",7,0.9578947368421052,91,95,1299.00,\"CNY\",86400.000000\r\n"
		"\"SH \"\"1\"\"\",1200,,0,0,,,\r\n"
		"\"'=cmd()\",-1,,,,,,\r\n");
	buffer_fini(&out);

	/* What it is of; a report that promises nothing goes on with its first table. */
	const char *whole = rendered(&report, REPORT_CSV);
	assert_memory_equal(whole, "table,report\r\ntitle,scope,from,to,asOf,sequence\r\n", 48);
	assert_null(strstr(whole, "table,notes"));
	assert_null(strstr(whole, "table,promises"));
	assert_non_null(strstr(whole, "\r\n\r\ntable,ranking\r\nstation,"));
	report_note(&report, STATE_BAD, slice_text("a \"gap\""));
	assert_non_null(strstr(rendered(&report, REPORT_CSV),
		"\r\n\r\ntable,notes\r\nstate,text\r\nbad,\"a \"\"gap\"\"\"\r\n\r\ntable,"));
	report_fini(&report);
}

/* Where all columns do not fit they stand below each other, each block with what its rows are called. */
static void test_a_narrow_terminal(void **state)
{
	(void)state;
	struct report report;
	struct report_head narrow = head;
	narrow.columns = 40;
	report_init(&report, &narrow);
	struct report_table *table = add_table(&report);
	report_note(&report, STATE_BAD, slice_text("one two three four five six seven eight nine"));
	report_promise(&report, &(struct report_promise){.key = "fourDay",
					.title = "Within 4 days",
					.target = slice_text("all"),
					.achieved = cell_share(91, 95),
					.digits = 1,
					.state = STATE_BAD,
					.verdict = "missed"});
	const char *text = rendered(&report, REPORT_TEXT);
	assert_non_null(
		strstr(text, "\xe2\x9c\x98 one two three four five six seven\n  eight nine\n\n"));
	assert_non_null(strstr(text, "95.8 %\n             target all\n"));
	assert_non_null(strstr(text, "Station   Open              4 days\n"));
	assert_non_null(strstr(text, "\n\nStation       Charged    Mean\n"));
	assert_non_null(strstr(text, "\xe5\x8c\x97\xe4\xba\xac     CNY 1,299.00"));
	assert_null(strstr(text, "none\n")); /* once behind all blocks, if at all */
	report.head.columns = 0;
	assert_non_null(strstr(rendered(&report, REPORT_TEXT),
		"Station   Open              4 days       Charged    Mean\n"));
	report.head.columns = 1; /* a column at a time */
	assert_non_null(strstr(rendered(&report, REPORT_TEXT), "Station       Charged\n"));
	assert_ptr_equal(report_find_table(&report, "ranking"), table);
	report_fini(&report);
}

/* One document that any reader of JSON takes, figures and states included. */
static void test_json(void **state)
{
	(void)state;
	static const char *const series[] = {"value", "center", "low", "high"};
	struct report report;
	json_error_t error;
	report_init(&report, &head);
	report_note(&report, STATE_BAD, slice_text("a \"gap\"\n"));
	(void)add_table(&report);
	struct report_section *section = report_section(&report, "charts", "Charts", NULL);
	struct report_figure *figure =
		report_figure(section, FIGURE_CONTROL, "days", slice_text("Days"), series, 4);
	struct figure_point *point =
		report_point(figure, slice_text("2026-W10"), (const double[]){3.5, 2, NAN, 3});
	point->state = STATE_BAD;
	point->why = slice_text("r1");
	json_t *root = json_loads(rendered(&report, REPORT_JSON), 0, &error);
	assert_non_null(root);
	const char *note;
	const char *value;
	const char *kind;
	const char *why;
	double share;
	json_t *low;
	assert_int_equal(
		json_unpack(root,
			"{s:[{s:s}], s:[{s:[{s:[{s:{s:F}, s:{s:s}}]}]}, "
			"{s:[{s:s, s:[{s:[F,F,o,F], s:s}]}]}]}",
			"notes", "text", &note, "sections", "parts", "rows", "fourDay", "value",
			&share, "states", "fourDay", &value, "parts", "kind", &kind, "points",
			"values", &share, &share, &low, &share, "why", &why),
		0);
	assert_string_equal(note, "a \"gap\" ");
	assert_string_equal(value, "good");
	assert_string_equal(kind, "control");
	assert_string_equal(why, "r1");
	assert_true(json_is_null(low));
	json_decref(root);
	report_fini(&report);
}

static void test_formats(void **state)
{
	(void)state;
	enum report_format format = REPORT_TEXT;
	assert_true(report_format_find("html", &format));
	assert_int_equal(format, REPORT_HTML);
	assert_false(report_format_find("pdf", &format));
}

static const char *padded(const char *text, size_t width, bool right)
{
	static struct buffer out;
	buffer_clear(&out);
	text_pad(slice_text(text), width, right, &out);
	return buffer_text(&out);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(text_width(slice_text("\xe5\x8c\x97\xe4\xba\xac SH")), 7);
	assert_int_equal(text_width(slice_text("e\xcc\x81")), 1);    /* a mark that combines */
	assert_int_equal(text_width(slice_text("\xef\xbc\xb3")), 2); /* full width */
	assert_string_equal(padded("ab", 4, true), "  ab");
	assert_string_equal(padded("\xe5\x8c\x97", 4, false), "\xe5\x8c\x97  ");
	/* No half of a wide character. */
	assert_string_equal(padded("\xe5\x8c\x97\xe4\xba\xac\xe7\xab\x99", 4, false),
		"\xe5\x8c\x97\xe2\x80\xa6 ");
	assert_string_equal(padded("abc", 0, false), "");
}

/* ---- What strangers write ---- */

static void test_text_is_fit_for_showing(void **state)
{
	(void)state;
	struct report report;
	report_init(&report, &head);
	assert_slice_text(report_copy(&report, slice_text("a\x01"
							  "b\x1b[31mc\n")),
		"a b [31mc ");
	assert_slice_text(
		report_copy(&report, slice_text("x\xff\xfey")), "x\xef\xbf\xbd\xef\xbf\xbdy");
	assert_slice_text(report_copy(&report, slice_text("\xe2\x80\xae"
							  "txt.exe")),
		"txt.exe");
	assert_slice_text(report_copy(&report, slice_text("\xc2\x85\xe2\x80\xa8z")), "  z");
	assert_slice_text(report_copy(&report, slice_text("\xe5\x8c")), "\xef\xbf\xbd\xef\xbf\xbd");
	char many[LIMIT_REPORT_TEXT_BYTES + 3];
	memset(many, 'a', sizeof(many));
	memcpy(many + LIMIT_REPORT_TEXT_BYTES - 1, "\xe5\x8c\x97", 3);
	assert_int_equal(report_copy(&report, slice_of(many, sizeof(many))).len,
		LIMIT_REPORT_TEXT_BYTES - 1);
	report_fini(&report);
}

static void test_bounds(void **state)
{
	(void)state;
	static const char *const series[] = {"n"};
	struct report report;
	report_init(&report, &head);
	struct report_section *section = report_section(&report, "s", "S", NULL);
	struct report_table *table = report_table(section, "t", "T", columns + 1, 1);
	const struct cell cell = cell_count(1);
	for (size_t i = 0; i < LIMIT_REPORT_ROWS + 2; i++)
		report_row(table, &cell, 1);
	assert_int_equal(table->row_count, LIMIT_REPORT_ROWS);
	assert_int_equal(table->omitted, 2);
	struct report_figure *figure =
		report_figure(section, FIGURE_BAR, "f", slice_text("F"), series, 1);
	for (size_t i = 0; i < LIMIT_REPORT_POINTS + 2; i++)
		(void)report_point(figure, slice_text("p"), (const double[]){1});
	assert_int_equal(figure->point_count, LIMIT_REPORT_POINTS);
	assert_int_equal(figure->omitted, 2);
	table->shown = 3;
	assert_non_null(strstr(rendered(&report, REPORT_TEXT), "and 99999 more"));
	report_fini(&report);
}

/* Out of memory: nothing more happens, and nobody has to ask at every step. */
static void test_the_status_sticks(void **state)
{
	(void)state;
	struct report report;
	report_init(&report, &head);
	report.status = CH_NOMEM;
	assert_null(add_table(&report));
	report_note(&report, STATE_BAD, slice_text("x"));
	assert_null(report.notes);
	report_fini(&report);
}

static void test_empty_report(void **state)
{
	(void)state;
	struct report report;
	report_init(&report, &head);
	for (int format = REPORT_TEXT; format <= REPORT_HTML; format++)
		assert_true(strlen(rendered(&report, (enum report_format)format)) > 60);
	report_fini(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_a_day),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_a_narrow_terminal),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_text_is_fit_for_showing),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_the_status_sticks),
		cmocka_unit_test(test_empty_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
