#include "module/report/page.h"

#include "support/unit.h"

#include <sodium.h>

#include "module/report/asset.h"

static const struct report_head head = {
	.product = "Carehub", .title = "A & B", .to_us = 86400000000};

static const char *page(const struct report *report)
{
	static struct buffer out;
	buffer_clear(&out);
	page_render(report, &out);
	assert_int_equal(out.status, CH_OK);
	return buffer_text(&out);
}

static size_t times(const char *text, const char *what)
{
	size_t count = 0;
	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return count;
}

static void test_usage(void **state)
{
	(void)state;
	struct report report;
	report_init(&report, &head);
	const char *text = page(&report);
	assert_true(strncmp(text, "<!DOCTYPE html>", 15) == 0);
	assert_non_null(strstr(text, "<title>A &amp; B, 1970-01-01</title>"));
	report_fini(&report);
}

/* What is embedded cannot end its own element, nor open a comment in it. */
static void test_assets_stay_inside(void **state)
{
	(void)state;
	const struct slice assets[] = {asset_style(), asset_script(), asset_library()};
	for (size_t i = 0; i < 3; i++) {
		assert_true(assets[i].len > 1000);
		assert_null(memmem(assets[i].data, assets[i].len, "</s", 3));
		assert_null(memmem(assets[i].data, assets[i].len, "<!--", 4));
		assert_null(memchr(assets[i].data, '\r', assets[i].len));
		assert_null(memchr(assets[i].data, '\0', assets[i].len));
	}
	/* Its license goes with it, in a comment. */
	assert_non_null(
		memmem(asset_notice().data, asset_notice().len, "Permission is hereby", 20));
	assert_null(memmem(asset_notice().data, asset_notice().len, "--", 2));
}

/* The policy names exactly what the page holds. */
static void test_policy(void **state)
{
	(void)state;
	struct report report;
	report_init(&report, &head);
	const char *text = page(&report);
	const struct slice assets[] = {asset_style(), asset_script(), asset_library()};
	for (size_t i = 0; i < 3; i++) {
		uint8_t digest[crypto_hash_sha256_BYTES];
		char base64[64];
		crypto_hash_sha256(digest, assets[i].data, assets[i].len);
		sodium_bin2base64(base64, sizeof(base64), digest, sizeof(digest),
			sodium_base64_VARIANT_ORIGINAL);
		assert_int_equal(times(text, base64), 1);
	}
	assert_int_equal(times(text, "default-src 'none'"), 1);
	assert_int_equal(times(text, "unsafe-"), 0);
	assert_int_equal(times(text, " style=\""), 0);
	assert_int_equal(times(text, "http-equiv"), 1);
	report_fini(&report);
}

/* Wherever a stranger's text stands, it is text. */
static void test_text_is_escaped(void **state)
{
	(void)state;
	static const char *const series[] = {"n"};
	static const struct report_column column = {"a", "A", CELL_TEXT, 0};
	const struct slice evil = slice_text("</script><script>alert('\"&1')</script>");
	struct report report;
	report_init(&report, &head);
	size_t before = times(page(&report), "<script>");
	report_note(&report, STATE_BAD, evil);
	report_promise(&report, &(const struct report_promise){.key = "p",
					.title = "P",
					.verdict = "v",
					.target = evil,
					.detail = evil,
					.achieved = cell_text(evil)});
	struct report_section *section = report_section(&report, "s", "S", "</script><script>");
	const struct cell cell = cell_text(evil);
	report_row(report_table(section, "t", "", &column, 1), &cell, 1);
	struct report_figure *figure = report_figure(section, FIGURE_BAR, "f", evil, series, 1);
	figure->text = evil;
	struct figure_point *point = report_point(figure, evil, (const double[]){1});
	point->state = STATE_BAD;
	point->why = evil;
	const char *text = page(&report);
	assert_int_equal(times(text, "<script>"), before);
	/* In the figure's data alone, as a string of JSON: its label, why, title and text. */
	assert_int_equal(times(text, "alert('"), 4);
	assert_int_equal(times(text, "<script type=\"application/json\">"), 1);
	assert_non_null(strstr(text, "\\u003c/script>"));
	assert_int_equal(times(text, "<script"), times(text, "</script>"));
	report_fini(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_assets_stay_inside),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_text_is_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
