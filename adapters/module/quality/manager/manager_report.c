#include "module/quality/manager/manager_report.h"

#include <inttypes.h>

#include "module/quality/fact/period.h"
#include "module/quality/manager/manager.h"
#include "module/quality/quality_settings.h"

static struct slice manager_zone(struct report *report, const struct quality_settings *settings)
{
	const char *offset = settings->utc_offset;
	return report_text(report, "UTC%s", offset[0] == '+' || offset[0] == '-' ? offset : "");
}

/* "station S1, model X", "all stations". */
static void manager_scope(const struct measure_request *request, struct buffer *out)
{
	const struct {
		const char *name;
		struct slice value;
	} filters[] = {{"station", request->station}, {"model", request->model},
		{"part", request->part}, {"customer group", request->group}};
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		if (filters[i].value.len == 0)
			continue;
		buffer_printf(out, "%s%s ", out->len > 0 ? ", " : "", filters[i].name);
		buffer_append_slice(out, filters[i].value);
	}
	if (out->len == 0)
		buffer_append_text(out, "all stations");
}

/* `one` and `several` begin with what there is so much of. */
static void manager_note(struct report *report, enum cell_state state, int64_t count,
	const char *one, const char *several)
{
	if (count > 0)
		report_note(report, state, report_counted(report, count, one, several));
}

/* Later than anything that is known: what is not there may only not be known yet. */
static void manager_note_future(struct report *report, const struct manager_input *input)
{
	const struct measure_request *request = &input->now->request;
	struct cell newest = cell_time(input->feed.arrival_us);
	struct buffer time = {0};
	cell_show(&newest, 0, quality_offset_us(request->settings), &time);
	if (request->from_us > request->as_of_us)
		report_note(report, STATE_WATCH,
			slice_text("The period had not begun at this moment: there is nothing of "
				   "it."));
	else if (request->as_of_us < request->until_us)
		report_note(report, STATE_WATCH,
			slice_text("The period was not over at this moment: figures are as they "
				   "stood then."));
	if (request->as_of_us > input->feed.arrival_us)
		report_note(report, STATE_WATCH,
			report_text(report, "Nothing is known of what happened after %s yet.",
				buffer_text(&time)));
	if (time.status != CH_OK)
		report->status = time.status;
	buffer_fini(&time);
}

/* Titles and keys have the trade's terms in them; here they may be set to others. */
static void manager_note_terms(struct report *report, const struct quality_settings *settings)
{
	const struct {
		const char *what;
		int64_t days;
		int64_t set_ms;
	} terms[] = {{"open repairs", 14, settings->open_ms},
		{"repairs open for long", 140, settings->open_long_ms},
		{"repairing", 4, settings->fix_ms}, {"coming back", 90, settings->again_ms},
		{"parts in stock", 3, settings->stock_ms},
		{"parts from overseas", 7, settings->overseas_ms}};
	struct buffer others = {0};
	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		const struct cell set = cell_duration(terms[i].set_ms * 1000);
		if (terms[i].set_ms == terms[i].days * (DAY_US / 1000))
			continue;
		buffer_printf(&others, "%s %" PRId64 " days of %s are ", others.len > 0 ? "," : "",
			terms[i].days, terms[i].what);
		cell_show(&set, 0, 0, &others);
	}
	if (others.len > 0)
		report_note(report, STATE_WATCH,
			report_text(report, "Names tell the usual terms; here%s.",
				buffer_text(&others)));
	if (others.status != CH_OK)
		report->status = others.status;
	buffer_fini(&others);
}

/* How far the figures can be trusted, worst first. */
static void manager_notes(struct report *report, const struct manager_input *input)
{
	const struct measure_notes *notes = &input->now->notes;
	if (input->gaps.len > 0)
		report_note(report, STATE_BAD,
			report_text(report,
				"The log has gaps: %.*s are missing, and what they said is in no "
				"figure.",
				(int)input->gaps.len, (const char *)input->gaps.data));
	if (!input->feed.caught_up)
		report_note(report, STATE_BAD,
			slice_text("The module is still reading the log: figures will rise."));
	manager_note_future(report, input);
	manager_note_terms(report, input->now->request.settings);
	manager_note(report, STATE_WATCH, (int64_t)input->feed.rejects,
		"event could not be read; carehub-quality status lists it.",
		"events could not be read; carehub-quality status lists them.");
	manager_note(report, STATE_WATCH, notes->repairs_without_receipt,
		"repair is known only from later stages, and counted nowhere.",
		"repairs are known only from later stages, and counted nowhere.");
	manager_note(report, STATE_WATCH, notes->repairs_faulty,
		"repair ends before it begins or years later: its durations are left out.",
		"repairs end before they begin or years later: their durations are left out.");
	manager_note(report, STATE_WATCH, notes->doubtful_times,
		"event tells a time before 1990: a clock that lost its battery, or an old log.",
		"events tell a time before 1990: a clock that lost its battery, or an old log.");
	manager_note(report, STATE_WATCH, notes->marks_over_bound,
		"fact was told more often than is kept.",
		"facts were told more often than is kept.");
	manager_note(report, STATE_UNKNOWN, notes->calls_unfinished, "call has no known end yet.",
		"calls have no known end yet.");
	manager_note(report, STATE_UNKNOWN, notes->responses_repeated,
		"survey was answered again: the last answer counts.",
		"surveys were answered again: the last answer counts.");
}

void manager_report(const struct manager_input *input, struct report *out_report)
{
	const struct measure_request *request = &input->now->request;
	struct buffer scope = {0};
	manager_scope(request, &scope);
	const struct report_head head = {.product = "Carehub quality",
		.title = "Service quality",
		.scope = buffer_slice(&scope),
		.from_us = request->from_us,
		.to_us = request->until_us,
		.sequence = input->feed.position,
		.as_of_us = request->as_of_us,
		.offset_us = quality_offset_us(request->settings),
		.columns = input->columns};
	report_init(out_report, &head);
	out_report->head.zone = manager_zone(out_report, request->settings);
	if (scope.status != CH_OK)
		out_report->status = scope.status;
	buffer_fini(&scope);

	manager_notes(out_report, input);
	manager_promises(out_report, input->now);
	manager_ranking(out_report, input->now);
	manager_repairs(out_report, input);
	manager_supply(out_report, input->now);
	manager_hotline(out_report, input->now);
	manager_complaints(out_report, input->now);
	manager_visits(out_report, input->now);
	manager_satisfaction(out_report, input->now);
	manager_prices(out_report, input->now);
	manager_strata(out_report, input->now);
	if (input->defects != NULL)
		manager_defects(out_report, input);
	if (input->control != NULL)
		manager_control(out_report, input);
}
