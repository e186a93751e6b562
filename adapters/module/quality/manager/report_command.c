#include "module/quality/manager/report_command.h"
#include "kit/help.h"
#include "module/data/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "module/quality/manager/manager_report.h"
#include "module/quality/manager/stretch.h"
#include "module/quality/quality_settings.h"
#include "module/report/render.h"
#include "module/report/textwidth.h"

#define EXIT_SOME     1
#define EXIT_UNUSABLE 2

#define REPORT_HISTORY    13u /* periods that a promise's small line shows, this one included */
#define REPORT_GAPS_SHOWN 5u
#define REPORT_FILE_MODE  0640u

struct report_request {
	const char *config;
	const char *period;
	const char *as_of;
	const char *output;
	const char *table;
	const char *station;
	const char *model;
	const char *part;
	const char *group;
	enum report_format format;
};

static const struct help help = {"carehub-quality report",
	"Usage: carehub-quality report --config FILE [OPTIONS]\n"
	"\n"
	"Reports on a stretch of time from the module's book.\n"
	"\n"
	"  --period P       2026-03-14, 2026-W11, 2026-03, 2026 or FROM:TO of such\n"
	"                   (default: the month of the newest event)\n"
	"  --as-of T        as things stood then: RFC 3339 or a date\n"
	"                   (default: the newest event)\n"
	"  --station S, --model M, --part P, --group G\n"
	"                   only of that station, model, part, customer group (new,\n"
	"                   long-standing, high-value, unknown)\n"
	"  --format F       text, json, csv or html (default: as FILE is called, else text)\n"
	"  --json           the same as --format json\n"
	"  --table KEY      one table alone, as CSV\n"
	"  -o FILE          to a file, all or nothing, instead of standard output\n"
	"\n"
	"Exit status: 0 fine, 1 fine but the log has gaps, rejects or is still being read, or\n"
	"nothing is known of the station, model or part, 2 unusable, 3 there is no book yet, 64\n"
	"usage.\n"};

static int command_fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "carehub-quality report: %s: %s\n", what, why);
	return EXIT_UNUSABLE;
}

/* ---- The command line ---- */

/* By the end of a file's name. */
static bool command_guess_format(const char *path, enum report_format *out_format)
{
	const char *end = strrchr(path, '.');
	if (end == NULL)
		return false;
	return report_format_find(strcmp(end, ".txt") == 0 ? "text" : end + 1, out_format);
}

/* -1: the manual was asked for; 0; or an exit status that was told. */
static int command_parse(int argc, char **argv, struct report_request *request)
{
	const char *format = NULL;
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{"--config", &request->config},
		{"--period", &request->period},
		{"--as-of", &request->as_of},
		{"--station", &request->station},
		{"--model", &request->model},
		{"--part", &request->part},
		{"--group", &request->group},
		{"--format", &format},
		{"--table", &request->table},
		{"-o", &request->output},
	};
	for (int i = 1; i < argc; i += 2) {
		size_t at = 0;
		if (strcmp(argv[i], "--help") == 0)
			return -1;
		while (at < sizeof(options) / sizeof(*options) &&
			strcmp(options[at].name, argv[i]) != 0)
			at++;
		if (strcmp(argv[i], "--json") == 0) {
			format = "json";
			i--; /* it stands alone */
			continue;
		}
		if (at == sizeof(options) / sizeof(*options))
			return help_refuse(&help, "not understood", argv[i]);
		if (i + 1 == argc)
			return help_refuse(&help, "a value is missing", argv[i]);
		*options[at].value = argv[i + 1];
	}
	if (format != NULL && !report_format_find(format, &request->format))
		return help_refuse(&help, "no such format", format);
	if (request->group != NULL && !group_is_name(slice_text(request->group)))
		return help_refuse(&help, "no customer group", request->group);
	if (request->config == NULL)
		return help_refuse(&help, "which module", "--config is missing");
	if (request->table != NULL && format != NULL && request->format != REPORT_CSV)
		return help_refuse(&help, "--table", "one table alone is CSV");
	if (format == NULL && request->output != NULL)
		(void)command_guess_format(request->output, &request->format); /* else text */
	return 0;
}

/* ---- What the book says ---- */

struct command_gaps {
	struct buffer text;
	uint64_t count;
	int64_t offset_us;
};

static bool command_take_gap(void *context, const struct feed_gap *gap)
{
	struct command_gaps *gaps = context;
	const struct cell after = cell_time(gap->noticed_us);
	if (gaps->count++ >= REPORT_GAPS_SHOWN)
		return true;
	buffer_printf(&gaps->text, "%s %" PRIu64 " to %" PRIu64, gaps->count == 1 ? "entries" : ",",
		gap->first, gap->last);
	if (gap->noticed_us == 0)
		return true;
	buffer_append_text(&gaps->text, " (behind one of ");
	cell_show(&after, 0, gaps->offset_us, &gaps->text);
	buffer_append_byte(&gaps->text, ')');
	return true;
}

/* What is reckoned before it is shown. */
struct reckoned {
	struct measures *now;
	struct control *control;
	struct defects defects;
};

static void reckoned_fini(struct reckoned *reckoned)
{
	measures_free(reckoned->now);
	control_free(reckoned->control);
	defects_fini(&reckoned->defects);
}

static enum ch_status reckoned_take(
	void *context, const struct repair_fact *fact, const struct marks *marks)
{
	struct reckoned *reckoned = context;
	enum ch_status status = control_take_repair(reckoned->control, fact, marks);
	return status == CH_OK ? defects_take_repair(&reckoned->defects, fact, marks) : status;
}

/* Measures, charts and defects, in one walk over the repairs. */
static enum ch_status reckoned_walk(struct reckoned *reckoned, struct book_txn *txn,
	const struct measure_request *request, const struct fact_filter *filter)
{
	struct measure_request wanted = *request;
	const struct control_request charts = {.settings = request->settings,
		.until_us = request->until_us < request->as_of_us ? request->until_us
								  : request->as_of_us,
		.as_of_us = request->as_of_us,
		.blocks = 1,
		.filter = *filter};
	wanted.watch = reckoned_take;
	wanted.watching = reckoned;
	defects_init(&reckoned->defects, request->from_us, request->until_us, filter);
	enum ch_status status = control_create(&charts, &reckoned->control);
	if (status == CH_OK)
		status = measures_make(txn, &wanted, &reckoned->now);
	for (size_t i = 0; status == CH_OK && i < CONTROL_WALKS; i++)
		status = fact_walk(txn, control_walks[i].table, request->as_of_us,
			control_walks[i].take, reckoned->control);
	if (status == CH_OK)
		status = control_finish(reckoned->control);
	return status == CH_OK ? defects_rank(&reckoned->defects) : status;
}

/* Charts go by the same filter as measures; who is of which group is asked only where one is wanted. */
static enum ch_status reckoned_make(struct book_txn *txn, const struct stretch *stretch,
	const struct measure_request *request, struct reckoned *reckoned)
{
	struct measure_request wanted = *request;
	struct fact_filter filter = {.station = request->station,
		.model = request->model,
		.part = request->part,
		.group = request->group,
		.txn = txn,
		.as_of_us = request->as_of_us};
	wanted.history_us =
		request->from_us - stretch_history(stretch, quality_offset_us(request->settings),
					   stretch->whole ? REPORT_HISTORY : 1);
	enum ch_status status = customers_create(request->settings, &filter.customers);
	if (status == CH_OK) {
		customers_look(filter.customers, txn);
		status = request->group.len > 0 ? customers_load(filter.customers) : CH_OK;
	}
	if (status == CH_OK)
		status = reckoned_walk(reckoned, txn, &wanted, &filter);
	/* All was taken: nobody is asked for any more. */
	reckoned->defects.filter.customers = NULL;
	customers_free(filter.customers);
	return status;
}

/* ---- Out ---- */

static int command_write(const struct report_request *request, struct buffer *out)
{
	if (request->output == NULL)
		return output_print("carehub-quality report", out);
	enum ch_status status = out->status;
	if (status == CH_OK)
		status = file_replace(request->output, buffer_slice(out), REPORT_FILE_MODE);
	return status == CH_OK ? 0 : command_fail(request->output, file_why(status));
}

/* There are many: they are named in their order in the report. */
static int command_no_table(const struct report *report, const char *key)
{
	int result = command_fail("no such table", key);
	(void)fputs("There are:", stderr);
	for (const struct report_section *section = report->sections; section != NULL;
		section = section->next) {
		for (const struct report_part *part = section->parts; part != NULL;
			part = part->next) {
			if (part->table != NULL)
				(void)fprintf(stderr, " %s", part->table->key);
		}
	}
	(void)fputs("\n", stderr);
	return result;
}

static int command_render(const struct report_request *request, const struct manager_input *input)
{
	struct report report;
	struct buffer out = {0};
	int result;
	manager_report(input, &report);
	if (report.status != CH_OK) {
		result = command_fail("report", ch_status_text(report.status));
		goto out;
	}
	if (request->table != NULL) {
		const struct report_table *table = report_find_table(&report, request->table);
		if (table == NULL) {
			result = command_no_table(&report, request->table);
			goto out;
		}
		report_render_csv_table(table, &out);
	} else {
		report_render(&report, request->format, &out);
	}
	result = command_write(request, &out);
out:
	buffer_fini(&out);
	report_fini(&report);
	return result;
}

/* A report of nothing would look like one of a station without work. */
static bool command_knows(const struct measures *now)
{
	const struct measure_request *wanted = &now->request;
	const struct {
		const char *what;
		struct slice name;
		bool known;
	} names[] = {{"station", wanted->station, now->known.station},
		{"model", wanted->model, now->known.model},
		{"part", wanted->part, now->known.part}};
	bool all = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (names[i].name.len == 0 || names[i].known)
			continue;
		(void)fprintf(stderr, "carehub-quality report: nothing is known of %s %.*s\n",
			names[i].what, (int)names[i].name.len, (const char *)names[i].name.data);
		all = false;
	}
	return all;
}

static int command_make(const struct report_request *request, const struct module_view *view,
	const struct quality_settings *settings)
{
	int64_t offset_us = quality_offset_us(settings);
	int64_t as_of_us = view->feed.arrival_us;
	struct reckoned reckoned = {.now = NULL};
	struct command_gaps gaps = {.offset_us = offset_us};
	if (request->as_of != NULL &&
		!period_as_of(slice_text(request->as_of), offset_us, &as_of_us))
		return help_refuse(&help, "no moment", request->as_of);
	struct stretch stretch = stretch_month(offset_us, as_of_us);
	if (request->period != NULL &&
		stretch_parse(slice_text(request->period), offset_us, &stretch) != CH_OK)
		return help_refuse(&help, "no period", request->period);
	const struct measure_request wanted = {.settings = settings,
		.from_us = stretch.from_us,
		.until_us = stretch.until_us,
		.as_of_us = as_of_us,
		.unit = stretch.unit,
		.station = slice_text(request->station),
		.model = slice_text(request->model),
		.part = slice_text(request->part),
		.group = slice_text(request->group)};
	enum ch_status status = reckoned_make(view->txn, &stretch, &wanted, &reckoned);
	if (status == CH_OK)
		status = feed_each_gap(view->txn, command_take_gap, &gaps);
	if (gaps.count > REPORT_GAPS_SHOWN)
		buffer_printf(&gaps.text, " and %" PRIu64 " %s more",
			gaps.count - REPORT_GAPS_SHOWN,
			gaps.count - REPORT_GAPS_SHOWN == 1 ? "range" : "ranges");
	const struct manager_input input = {.now = reckoned.now,
		.control = reckoned.control,
		.defects = &reckoned.defects,
		.feed = view->feed,
		.gaps = buffer_slice(&gaps.text),
		.columns = request->output == NULL ? text_terminal_columns() : 0};
	int result = EXIT_SOME;
	if (status != CH_OK)
		result = command_fail("the book", ch_status_text(status));
	else if (command_knows(reckoned.now))
		result = command_render(request, &input);
	if (result == 0 && (gaps.count > 0 || view->feed.rejects > 0 || !view->feed.caught_up))
		result = EXIT_SOME;
	buffer_fini(&gaps.text);
	reckoned_fini(&reckoned);
	return result;
}

int report_command(int argc, char **argv, const struct module *module, size_t config_part)
{
	struct report_request request = {.format = REPORT_TEXT};
	struct module_view view = {0};
	struct problems problems = {0};
	int result = command_parse(argc, argv, &request);
	if (result != 0)
		return result < 0 ? help_print(&help) : result;
	enum ch_status status = module_view_open(module, request.config, &problems, &view);
	if (status == CH_OK) {
		result = command_make(&request, &view, view.configs[config_part]);
		module_view_close(&view);
	} else {
		result = module_view_refuse(module, "carehub-quality report", status, &problems);
	}
	problems_fini(&problems);
	return result;
}
