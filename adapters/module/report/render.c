#include "module/report/render.h"

#include <string.h>

#include "module/report/page.h"

static const struct {
	const char *name;
	void (*render)(const struct report *report, struct buffer *out);
} render_forms[] = {
	[REPORT_TEXT] = {"text", report_render_text},
	[REPORT_JSON] = {"json", report_render_json},
	[REPORT_CSV] = {"csv", report_render_csv},
	[REPORT_HTML] = {"html", page_render},
};
#define RENDER_FORMS (sizeof(render_forms) / sizeof(*render_forms))

bool report_format_find(const char *name, enum report_format *out_format)
{
	for (size_t i = 0; i < RENDER_FORMS; i++) {
		if (strcmp(render_forms[i].name, name) == 0) {
			*out_format = (enum report_format)i;
			return true;
		}
	}
	return false;
}

void report_render(const struct report *report, enum report_format format, struct buffer *out)
{
	render_forms[format].render(report, out);
}

const struct report_table *report_find_table(const struct report *report, const char *key)
{
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next) {
		for (const struct report_part *part = section->parts; part != NULL;
			part = part->next) {
			if (part->table != NULL && strcmp(part->table->key, key) == 0)
				return part->table;
		}
	}
	return NULL;
}

/* The date alone. */
static void render_day(const struct report *report, int64_t time_us, struct buffer *out)
{
	struct cell cell = cell_time(time_us);
	size_t begin = out->len;
	cell_show(&cell, 0, report->head.offset_us, out);
	if (out->status == CH_OK)
		out->len = begin + strlen("2026-03-01");
}

void report_show_period(const struct report *report, struct buffer *out)
{
	size_t begin = out->len;
	render_day(report, report->head.from_us, out);
	size_t days = out->len - begin;
	buffer_append_text(out, " to ");
	size_t last = out->len;
	/* The period ends before `to_us`: its last day is the one of the moment before. */
	render_day(report, report->head.to_us - 1, out);
	if (out->status == CH_OK && memcmp(out->data + begin, out->data + last, days) == 0)
		out->len = begin + days;
}
