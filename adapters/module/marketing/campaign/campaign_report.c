#include "module/marketing/campaign/campaign_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/survey.h"
#include "wire/pbedit.h"

/* Numbers of fields in the messages that are kept. */
enum { REASON_WITHHELD = 6, REASON_FAILED = 6, REASON_UNCERTAIN = 6, STARTED_OPERATOR = 10 };

static void figures_reason(struct campaign_figures *figures, struct slice data, uint32_t field)
{
	struct slice reason = {NULL, 0};
	size_t i = 0;
	if (!pbedit_get_bytes(data, field, &reason) ||
		reason.len >= sizeof(figures->reasons[0].reason))
		return;
	while (i < figures->reason_count &&
		!slice_equal(reason, slice_text(figures->reasons[i].reason)))
		i++;
	if (i == CAMPAIGN_REASONS)
		return;
	if (i == figures->reason_count) {
		memcpy(figures->reasons[i].reason, reason.data, reason.len);
		figures->reason_count++;
	}
	figures->reasons[i].count++;
}

static void figures_add(struct campaign_figures *figures, const struct ledger_message *message)
{
	enum ledger_state state = ledger_state(message);
	figures->states[state]++;
	if (state == LEDGER_IS_PASSED_OVER)
		figures_reason(figures, message->facts[LEDGER_PASSED_OVER].data, REASON_WITHHELD);
	else if (state == LEDGER_IS_WITHHELD)
		figures_reason(figures, message->facts[LEDGER_WITHHELD].data, REASON_WITHHELD);
	else if (state == LEDGER_IS_FAILED)
		figures_reason(figures, message->facts[LEDGER_FAILED].data, REASON_FAILED);
}

/* How many rows of campaign.answers stand under a kind and a name. */
static enum ch_status figures_rows(struct book_txn *txn, char kind, struct slice name,
	uint64_t *count, struct ledger_fact *out_last)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	key_start(&prefix);
	key_byte(&prefix, (uint8_t)kind);
	key_text(&prefix, name);
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_ANSWERS, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		if (status != CH_OK)
			break;
		(*count)++;
		if (out_last != NULL)
			status = ledger_read_answer(value, out_last);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* What came of one message beside a survey's answers. */
static enum ch_status figures_answers(struct book_txn *txn, const struct ledger_place *place,
	const struct ledger_message *message, struct campaign_figures *figures)
{
	const uint32_t digest_field = 12;
	struct slice digest = {NULL, 0};
	struct ledger_fact call = {0};
	char id[LEDGER_ID_BYTES];
	uint64_t times = 0;
	uint64_t calls = 0;
	enum ch_status status = CH_OK;
	if (pbedit_get_bytes(message->facts[LEDGER_INTENDED].data, digest_field, &digest))
		status = figures_rows(txn, 'u', digest, &times, NULL);
	ledger_message_id(place, id);
	if (status == CH_OK)
		status = figures_rows(txn, 'c', slice_text(id), &calls, &call);
	figures->unsubscribed += times > 0;
	if (calls > 0 && slice_equal(call.data, SLICE_LITERAL("done")))
		figures->called++;
	else if (calls > 0 && slice_equal(call.data, SLICE_LITERAL("given up")))
		figures->not_reached++;
	return status;
}

enum ch_status campaign_reckon(
	struct book_txn *txn, const char *campaign, struct campaign_figures *out_figures)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	struct campaign_figures figures = {.messages = 0};
	struct ledger_place place;
	struct ledger_place last = {.customer = 0};
	struct ledger_message message;
	struct ledger_message newest = {0};
	key_start(&prefix);
	key_text(&prefix, slice_text(campaign));
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(key, &place))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = ledger_read(value, &message);
		if (status != CH_OK)
			break;
		/* Rounds of one customer stand behind each other: the last is the newest. */
		if (last.customer != 0 && last.customer != place.customer)
			figures_add(&figures, &newest);
		last = place;
		newest = message;
		figures.messages += message.facts[LEDGER_INTENDED].there;
		status = figures_answers(txn, &place, &message, &figures);
	}
	book_walk_end(walk);
	if (last.customer != 0)
		figures_add(&figures, &newest);
	if (status == CH_END)
		status = figures_rows(txn, 'b', slice_text(campaign), &figures.orders, NULL);
	if (status == CH_OK)
		*out_figures = figures;
	return status;
}

/* ---- For people ---- */

static const char *report_standing(const struct ledger_start *start)
{
	if (start->start == 0)
		return "not started";
	return ledger_runs(start) ? "runs" : "ended";
}

static struct cell report_start_time(const struct ledger_start *start)
{
	return start->started.there ? cell_time(stamp_time(&start->started.stamp)) : cell_none();
}

static struct cell report_attention(uint64_t count)
{
	return cell_in_state(cell_count((int64_t)count), count > 0 ? STATE_WATCH : STATE_PLAIN);
}

enum ch_status campaign_report_list(
	struct book_txn *txn, const struct campaigns *campaigns, struct report *report)
{
	static const struct report_column columns[] = {{"campaign", "Campaign", CELL_TEXT, 0},
		{"standing", "", CELL_TEXT, 0}, {"started", "Started", CELL_TIME, 0},
		{"segment", "Segment", CELL_TEXT, 0}, {"purpose", "Purpose", CELL_TEXT, 0},
		{"channel", "By", CELL_TEXT, 0}, {"sent", "Sent", CELL_COUNT, 0},
		{"open", "Open", CELL_COUNT, 0}, {"uncertain", "Uncertain", CELL_COUNT, 0}};
	struct report_section *section = report_section(report, "campaigns", "Campaigns", NULL);
	struct report_table *table = report_table(section, "campaigns", "", columns, 9);
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < campaigns->count && status == CH_OK; i++) {
		const struct campaign *campaign = &campaigns->items[i];
		struct campaign_figures figures;
		struct ledger_start start;
		status = ledger_start(txn, campaign->id, &start);
		if (status == CH_OK)
			status = campaign_reckon(txn, campaign->id, &figures);
		if (status != CH_OK)
			break;
		report_row(table,
			(struct cell[]){cell_text(slice_text(campaign->id)),
				cell_text(slice_text(report_standing(&start))),
				report_start_time(&start), cell_text(slice_text(campaign->segment)),
				cell_text(slice_text(campaign_purpose_name(campaign->purpose))),
				cell_text(slice_text(campaign_channel_name(campaign->channel))),
				cell_count((int64_t)figures.states[LEDGER_IS_SENT]),
				cell_count((int64_t)figures.states[LEDGER_IS_OPEN]),
				report_attention(figures.states[LEDGER_IS_UNCERTAIN])},
			9);
	}
	return status == CH_OK ? report->status : status;
}

static void report_count(
	struct report_table *table, const char *what, uint64_t count, enum cell_state state)
{
	report_row(table,
		(struct cell[]){cell_text(slice_text(what)),
			cell_in_state(cell_count((int64_t)count), count > 0 ? state : STATE_PLAIN)},
		2);
}

/* What there is none of is left to the table. */
static void report_outcome_figure(
	const struct campaign_figures *figures, struct report_section *section)
{
	static const char *const series[] = {"customers"};
	uint64_t all = 0;
	for (int state = LEDGER_IS_PASSED_OVER; state < LEDGER_STATES; state++)
		all += figures->states[state];
	if (all == 0)
		return;
	struct report_figure *figure = report_figure(
		section, FIGURE_RANK, "outcomeCounts", slice_text("What became of it"), series, 1);
	if (figure == NULL)
		return;
	figure->label = "Outcome";
	figure->unit = "customers";
	for (int state = LEDGER_IS_PASSED_OVER; state < LEDGER_STATES; state++) {
		double customers = (double)figures->states[state];
		if (customers > 0)
			(void)report_point(figure, slice_text(ledger_states[state]), &customers);
	}
}

static void report_figures(const struct campaign_figures *figures, struct report *report)
{
	static const struct report_column columns[] = {
		{"state", "", CELL_TEXT, 0}, {"customers", "Customers", CELL_COUNT, 0}};
	static const struct report_column reasons[] = {
		{"reason", "Reason", CELL_TEXT, 0}, {"customers", "Customers", CELL_COUNT, 0}};
	struct report_section *section = report_section(report, "outcomes", "Outcomes",
		"Each customer once, as his newest message stands.");
	report_outcome_figure(figures, section);
	struct report_table *table = report_table(section, "outcomes", "", columns, 2);
	for (int state = LEDGER_IS_PASSED_OVER; state < LEDGER_STATES; state++)
		report_count(table, ledger_states[state], figures->states[state],
			state == LEDGER_IS_UNCERTAIN ? STATE_WATCH : STATE_PLAIN);
	table = report_table(section, "reasons", "Why not", reasons, 2);
	for (size_t i = 0; i < figures->reason_count; i++)
		report_row(table,
			(struct cell[]){cell_text(report_copy(
						report, slice_text(figures->reasons[i].reason))),
				cell_count((int64_t)figures->reasons[i].count)},
			2);
}

static void report_answers(const struct campaign_figures *figures, struct report *report)
{
	static const struct report_column columns[] = {
		{"answer", "", CELL_TEXT, 0}, {"customers", "Customers", CELL_COUNT, 0}};
	struct report_section *section = report_section(report, "answers", "Answers", NULL);
	struct report_table *table = report_table(section, "answers", "", columns, 2);
	report_count(table, "said: no more", figures->unsubscribed, STATE_PLAIN);
	report_count(table, "ordered", figures->orders, STATE_PLAIN);
	report_count(table, "called", figures->called, STATE_PLAIN);
	report_count(table, "not reached", figures->not_reached, STATE_PLAIN);
}

static struct cell report_mean(const struct survey_question *question)
{
	int64_t whole = question->answers;
	for (uint32_t i = 0; i < question->score.scale && whole > 0; i++)
		whole = whole < INT64_MAX / 10 ? whole * 10 : 0;
	return whole > 0 ? cell_rate(question->score.unscaled, whole) : cell_none();
}

static enum ch_status report_survey(struct book_txn *txn, const struct campaign *campaign,
	const struct campaign_figures *figures, struct report *report)
{
	static const struct report_column columns[] = {{"invited", "Invited", CELL_COUNT, 0},
		{"answered", "Answered", CELL_SHARE, 1},
		{"incomplete", "Broken off", CELL_COUNT, 0},
		{"again", "Answered again", CELL_COUNT, 0},
		{"late", "After the end", CELL_COUNT, 0},
		{"unknown", "Unknown tokens", CELL_COUNT, 0}};
	static const struct report_column questions[] = {{"question", "Question", CELL_TEXT, 0},
		{"answers", "Scores", CELL_COUNT, 0}, {"mean", "Mean", CELL_RATE, 2},
		{"satisfied", "Satisfied", CELL_COUNT, 0}, {"soSo", "So-so", CELL_COUNT, 0},
		{"terrible", "Terrible", CELL_COUNT, 0}, {"skipped", "Skipped", CELL_COUNT, 0}};
	struct survey_figures *survey = calloc(1, sizeof(*survey));
	if (survey == NULL)
		return CH_NOMEM;
	enum ch_status status = survey_reckon(txn, campaign, survey);
	struct report_section *section = report_section(report, "survey", "Survey",
		"The first answer of each token counts, if it was given before the end.");
	struct report_table *table = report_table(section, "survey", "", columns, 6);
	int64_t invited =
		(int64_t)(figures->states[LEDGER_IS_SENT] + figures->states[LEDGER_IS_UNCERTAIN]);
	if (status == CH_OK)
		report_row(table,
			(struct cell[]){cell_count(invited),
				cell_share((int64_t)survey->answered, invited),
				cell_count((int64_t)survey->incomplete),
				cell_count((int64_t)survey->again),
				cell_count((int64_t)survey->late),
				cell_count((int64_t)survey->unknown)},
			6);
	table = report_table(section, "questions", "Questions", questions, 7);
	for (size_t i = 0; i < survey->question_count && status == CH_OK; i++) {
		const struct survey_question *question = &survey->questions[i];
		report_row(table,
			(struct cell[]){cell_text(report_copy(report, slice_text(question->id))),
				cell_count(question->answers), report_mean(question),
				cell_count(question->satisfied), cell_count(question->so_so),
				cell_count(question->terrible), cell_count(question->skipped)},
			7);
	}
	free(survey);
	return status;
}

enum ch_status campaign_report_one(
	struct book_txn *txn, const struct campaign *campaign, struct report *report)
{
	static const struct report_column columns[] = {{"standing", "Standing", CELL_TEXT, 0},
		{"start", "Start", CELL_COUNT, 0}, {"started", "Started", CELL_TIME, 0},
		{"by", "By", CELL_TEXT, 0}, {"segment", "Segment", CELL_TEXT, 0},
		{"definition", "Definition", CELL_TEXT, 0}, {"text", "Text", CELL_TEXT, 0},
		{"messages", "Messages", CELL_COUNT, 0}};
	struct campaign_figures figures;
	struct ledger_start start;
	struct slice operator= {NULL, 0};
	enum ch_status status = ledger_start(txn, campaign->id, &start);
	if (status == CH_OK)
		status = campaign_reckon(txn, campaign->id, &figures);
	if (status != CH_OK)
		return status;
	(void)pbedit_get_bytes(start.started.data, STARTED_OPERATOR, &operator);
	struct report_section *section = report_section(report, "campaign", "Campaign", NULL);
	struct report_table *table = report_table(section, "campaign", "", columns, 8);
	report_row(table,
		(struct cell[]){cell_text(slice_text(report_standing(&start))),
			cell_count(start.start), report_start_time(&start),
			cell_text(report_copy(report, operator)),
			cell_text(slice_text(campaign->segment)),
			cell_text(slice_text(campaign->version)),
			cell_text(slice_text(campaign->text_version)),
			cell_count((int64_t)figures.messages)},
		8);
	report_figures(&figures, report);
	report_answers(&figures, report);
	if (campaign->survey != NULL)
		status = report_survey(txn, campaign, &figures, report);
	if (status == CH_OK)
		status = campaign_report_uncertain(txn, campaign->id, report);
	return status == CH_OK ? report->status : status;
}

enum ch_status campaign_report_uncertain(
	struct book_txn *txn, const char *campaign, struct report *report)
{
	static const struct report_column columns[] = {{"message", "Message", CELL_TEXT, 0},
		{"campaign", "Campaign", CELL_TEXT, 0}, {"customer", "Customer", CELL_TEXT, 0},
		{"since", "Since", CELL_TIME, 0}, {"reason", "Why", CELL_TEXT, 0}};
	struct report_section *section = report_section(report, "uncertain", "Uncertain",
		"Nobody knows whether these arrived.  They are never sent again by themselves: settle "
		"them.");
	struct report_table *table = report_table(section, "uncertain", "", columns, 5);
	struct key prefix;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	key_start(&prefix);
	key_byte(&prefix, 'u');
	if (campaign != NULL)
		key_text(&prefix, slice_text(campaign));
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		struct ledger_place place;
		struct ledger_message message;
		struct slice reason = {NULL, 0};
		char id[LEDGER_ID_BYTES];
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(slice_sub(key, 1, key.len), &place))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = ledger_get(txn, &place, &message);
		if (status != CH_OK)
			break;
		ledger_message_id(&place, id);
		(void)pbedit_get_bytes(
			message.facts[LEDGER_UNCERTAIN].data, REASON_UNCERTAIN, &reason);
		report_row(table,
			(struct cell[]){cell_text(report_text(report, "%s", id)),
				cell_text(report_text(report, "%s", place.campaign)),
				cell_text(report_text(
					report, "%012llu", (unsigned long long)place.customer)),
				cell_time(stamp_time(&message.facts[LEDGER_UNCERTAIN].stamp)),
				cell_text(report_copy(report, reason))},
			5);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}
