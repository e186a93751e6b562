#include "module/report/page.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <sodium.h>

#include "base/text.h"
#include "module/report/asset.h"
#include "module/report/page_part.h"
#include "module/report/render.h"

/* ---- The head ---- */

/* 'sha256-...' of an element's content, for the policy. */
static void page_digest(struct slice content, struct buffer *out)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(
		crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	(void)crypto_hash_sha256(digest, content.data, content.len); /* it cannot fail */
	(void)sodium_bin2base64(
		text, sizeof(text), digest, sizeof(digest), sodium_base64_VARIANT_ORIGINAL);
	buffer_printf(out, "'sha256-%s'", text);
}

static void page_element(const char *name, struct slice content, struct buffer *out)
{
	buffer_printf(out, "<%s>", name);
	buffer_append_slice(out, content);
	buffer_printf(out, "</%s>\n", name);
}

static void page_head(const struct report *report, struct buffer *out)
{
	buffer_append_text(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\""
		"default-src 'none'; style-src ");
	page_digest(asset_style(), out);
	buffer_append_text(out, "; script-src ");
	page_digest(asset_library(), out);
	buffer_append_byte(out, ' ');
	page_digest(asset_script(), out);
	buffer_append_text(out, "; base-uri 'none'; form-action 'none'\">\n"
				"<meta name=\"viewport\" content=\"width=device-width, "
				"initial-scale=1\">\n"
				"<meta name=\"color-scheme\" content=\"light dark\">\n"
				"<meta name=\"referrer\" content=\"no-referrer\">\n"
				"<title>");
	page_words(report->head.title, out);
	buffer_append_text(out, ", ");
	report_show_period(report, out);
	buffer_append_text(out, "</title>\n");
	page_element("style", asset_style(), out);
	buffer_append_text(out, "</head>\n");
}

/* Signs that differ in shape: a tick in a disc, a triangle, a cross in an octagon, a ring. */
static const char page_symbols[] =
	"<svg class=\"symbols\" aria-hidden=\"true\">"
	"<symbol id=\"i-good\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" d=\"M8 0a8 8 0 1 0 0 "
	"16A8 8 0 0 0 8 0zm3.9 6.3L7.2 11.4 4.1 8.5l1.2-1.3 1.8 1.7 3.5-3.8z\"/></symbol>"
	"<symbol id=\"i-watch\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" d=\"M8 .8 16 "
	"15H0zM7.1 5.6v4.6h1.8V5.6zm0 5.7v1.8h1.8v-1.8z\"/></symbol>"
	"<symbol id=\"i-bad\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" d=\"M4.7 0h6.6L16 "
	"4.7v6.6L11.3 16H4.7L0 11.3V4.7zm.9 4.3L4.3 5.6 6.7 8l-2.4 2.4 1.3 1.3L8 9.3l2.4 2.4 1.3-1.3L9.3 "
	"8l2.4-2.4-1.3-1.3L8 6.7z\"/></symbol>"
	"<symbol id=\"i-unknown\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" d=\"M8 0a8 8 0 1 0 0 "
	"16A8 8 0 0 0 8 0zm0 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2z\"/></symbol></svg>\n";

static void page_about(const char *name, struct buffer *out)
{
	buffer_printf(out, "<div><dt>%s</dt><dd>", name);
}

static void page_header(const struct report *report, struct buffer *out)
{
	const struct report_head *head = &report->head;
	struct cell as_of = cell_time(head->as_of_us);
	buffer_append_text(out, "<header>\n<p class=\"brand\">");
	page_words(head->product, out);
	buffer_append_text(out, "</p>\n<h1>");
	page_words(head->title, out);
	buffer_append_text(out, "</h1>\n<dl class=\"about\">");
	page_about("Period", out);
	report_show_period(report, out);
	buffer_append_text(out, "</dd></div>");
	page_about("Scope", out);
	text_append_html(out, head->scope);
	buffer_append_text(out, "</dd></div>");
	page_about("As of", out);
	page_cell(report, &as_of, 0, out);
	buffer_append_byte(out, ' ');
	text_append_html(out, head->zone);
	buffer_printf(out, ", entry %" PRIu64 "</dd></div></dl>\n", head->sequence);
	buffer_append_text(out, "<nav aria-label=\"Sections\"><ul>");
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next) {
		buffer_printf(out, "<li><a href=\"#%s\">", section->key);
		page_words(section->title, out);
		buffer_append_text(out, "</a></li>");
	}
	buffer_append_text(out, "</ul></nav>\n</header>\n");
}

static void page_notes(const struct report *report, struct buffer *out)
{
	if (report->notes == NULL)
		return;
	buffer_append_text(out, "<ul class=\"notes\" aria-label=\"To know first\">");
	for (const struct report_note *note = report->notes; note != NULL; note = note->next) {
		buffer_printf(out, "<li class=\"%s\">", cell_state_name(note->state));
		page_icon(note->state, out);
		buffer_append_text(out, "<span>");
		text_append_html(out, note->text);
		buffer_append_text(out, "</span></li>");
	}
	buffer_append_text(out, "</ul>\n");
}

/* ---- Promises ---- */

#define SPARK_WIDTH  104.0
#define SPARK_HEIGHT 34.0
#define SPARK_MARGIN 4.0

/* The last periods as a small line that ends in a dot: the words beside it say better or worse. */
static void page_spark(const struct report_promise *promise, struct buffer *out)
{
	double least = INFINITY;
	double most = -INFINITY;
	double x = 0;
	double y = 0;
	size_t count = 0;
	for (size_t i = 0; i < promise->history_count; i++) {
		double value = cell_real(&promise->history[i]);
		least = fmin(least, value);
		most = fmax(most, value);
		count += isnan(value) ? 0 : 1;
	}
	if (count < 2)
		return;
	buffer_append_text(out,
		"<svg class=\"spark\" viewBox=\"0 0 104 34\" aria-hidden=\"true\"><polyline points=\"");
	for (size_t i = 0; i < promise->history_count; i++) {
		double value = cell_real(&promise->history[i]);
		if (isnan(value))
			continue;
		x = SPARK_MARGIN + (SPARK_WIDTH - 2 * SPARK_MARGIN) * (double)i /
					   (double)(promise->history_count - 1);
		y = SPARK_HEIGHT - SPARK_MARGIN -
		    (SPARK_HEIGHT - 2 * SPARK_MARGIN) *
			    (most > least ? (value - least) / (most - least) : 0.5);
		buffer_printf(out, "%.1f,%.1f ", x, y);
	}
	buffer_printf(out, "\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/></svg>", x, y);
}

static void page_trend(
	const struct report *report, const struct report_promise *promise, struct buffer *out)
{
	static const char *const trends[] = {"", ", now better", ", the same", ", now worse"};
	if (promise->before.kind == CELL_NONE)
		return;
	buffer_append_text(out, "<dt>Before</dt><dd>");
	page_cell(report, &promise->before, promise->digits, out);
	buffer_printf(out, "%s</dd>", trends[promise->trend]);
}

static void page_promise(
	const struct report *report, const struct report_promise *promise, struct buffer *out)
{
	const char *state = cell_state_name(promise->state);
	buffer_printf(out, "<article class=\"promise is-%s\"><div class=\"top\"><h3>", state);
	page_words(promise->title, out);
	buffer_printf(out, "</h3><span class=\"pill %s\">", state);
	page_icon(promise->state, out);
	page_words(promise->verdict, out);
	buffer_append_text(out, "</span></div><div class=\"line\"><p class=\"value\">");
	page_cell(report, &promise->achieved, promise->digits, out);
	buffer_append_text(out, "</p>");
	page_spark(promise, out);
	buffer_append_text(out, "</div><dl><dt>Target</dt><dd>");
	text_append_html(
		out, promise->target.len > 0 ? promise->target : slice_text("\xe2\x80\x93"));
	buffer_append_text(out, "</dd>");
	page_trend(report, promise, out);
	buffer_append_text(out, "</dl>");
	if (promise->detail.len > 0) {
		buffer_append_text(out, "<p class=\"detail\">");
		text_append_html(out, promise->detail);
		buffer_append_text(out, "</p>");
	}
	buffer_append_text(out, "</article>\n");
}

static void page_promises(const struct report *report, struct buffer *out)
{
	if (report->promises == NULL)
		return;
	buffer_append_text(out,
		"<section aria-labelledby=\"promises\"><h2 id=\"promises\" class=\"sr\">"
		"Promises</h2><div class=\"promises\">\n");
	for (const struct report_promise *promise = report->promises; promise != NULL;
		promise = promise->next)
		page_promise(report, promise, out);
	buffer_append_text(out, "</div></section>\n");
}

/* ---- The whole ---- */

static void page_section(const struct report_section *section, struct buffer *out)
{
	buffer_printf(out, "<section class=\"section\" id=\"%s\"><h2>", section->key);
	page_words(section->title, out);
	buffer_append_text(out, "</h2>");
	if (section->text.len > 0) {
		buffer_append_text(out, "<p class=\"text\">");
		text_append_html(out, section->text);
		buffer_append_text(out, "</p>");
	}
	buffer_append_text(out, "\n<div class=\"parts\">\n");
	for (const struct report_part *part = section->parts; part != NULL; part = part->next) {
		if (part->table != NULL)
			page_table(part->table, out);
		else
			page_figure(part->figure, out);
	}
	buffer_append_text(out, "</div></section>\n");
}

void page_render(const struct report *report, struct buffer *out)
{
	page_head(report, out);
	buffer_append_text(
		out, "<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
	buffer_append_text(out, page_symbols);
	page_header(report, out);
	buffer_append_text(out, "<main id=\"content\">\n");
	page_notes(report, out);
	page_promises(report, out);
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next)
		page_section(section, out);
	buffer_append_text(out, "</main>\n<footer><p>");
	page_words(report->head.product, out);
	buffer_append_text(out,
		" " CAREHUB_VERSION ". The same numbers are to be had as JSON and CSV. "
		"Figures are drawn by Chart.js.</p></footer>\n");
	buffer_append_text(out, "<!--\n");
	buffer_append_slice(out, asset_notice());
	buffer_append_text(out, "-->\n");
	page_element("script", asset_library(), out);
	page_element("script", asset_script(), out);
	buffer_append_text(out, "</body>\n</html>\n");
}
