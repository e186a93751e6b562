/* Hotline, complaints, appointments and call-backs. */
#include "module/quality/manager/manager.h"

/* ---- Hotline ---- */

static void hotline_figure(struct report_section *section, const struct hotline_table *hours)
{
	static const char *const series[] = {"answered", "abandoned", "given up by the queue"};
	double calls[24][3] = {{0}};
	unsigned first = 24;
	unsigned last = 0;
	for (size_t i = 0; i < hours->count; i++) {
		const struct hotline_row *row = &hours->rows[i];
		unsigned hour = row->key.hour % 24;
		calls[hour][0] += (double)row->answered;
		calls[hour][1] += (double)row->abandoned;
		calls[hour][2] += (double)row->timed_out;
		first = hour < first ? hour : first;
		last = hour > last ? hour : last;
	}
	struct report_figure *figure = report_figure(section, FIGURE_STACK, "hotlineByHour",
		slice_text("Calls by hour of the day"), series, 3);
	if (figure == NULL)
		return;
	figure->label = "Hour";
	figure->unit = "calls";
	for (unsigned hour = first; hour <= last && hour < 24; hour++)
		(void)report_point(figure, report_text(figure->report, "%02u", hour), calls[hour]);
}

/* Which group leaves its callers waiting at which hour. */
static void hotline_wait_figure(struct report_section *section, const struct hotline_table *hours)
{
	static const char *const series[] = {"mean wait for an answer"};
	struct span waits[24] = {{0}};
	struct report_figure *figure = report_figure(section, FIGURE_BAR, "hotlineWait",
		slice_text("Speed of answer by hour"), series, 1);
	if (figure == NULL)
		return;
	figure->label = "Hour";
	figure->unit = "seconds";
	for (size_t i = 0; i < hours->count; i++) {
		struct span *wait = &waits[hours->rows[i].key.hour % 24];
		wait->sum_us += hours->rows[i].wait.sum_us;
		wait->count += hours->rows[i].wait.count;
	}
	for (unsigned hour = 0; hour < 24; hour++) {
		struct cell mean = manager_mean(waits[hour]);
		double seconds = cell_real(&mean);
		if (waits[hour].count > 0)
			(void)report_point(
				figure, report_text(figure->report, "%02u", hour), &seconds);
	}
}

/* Every group, hour by hour of the day. */
static void hotline_hour_table(struct report_section *section, const struct hotline_table *hours)
{
	static const struct report_column columns[] = {{"group", "Group", CELL_TEXT, 0},
		{"hour", "Hour", CELL_COUNT, 0}, {"offered", "Offered", CELL_COUNT, 0},
		{"answered", "Answered", CELL_SHARE, 1}, {"abandoned", "Abandoned", CELL_SHARE, 1},
		{"timedOut", "Given up by the queue", CELL_COUNT, 0},
		{"wait", "Speed of answer", CELL_DURATION, 0},
		{"handle", "Handle time", CELL_DURATION, 0},
		{"firstContact", "Solved at first contact", CELL_SHARE, 1}};
	struct report_table *table =
		report_table(section, "hotlineByHour", "By group and hour", columns, 9);
	if (table != NULL)
		table->shown = MANAGER_SHOWN;
	for (size_t i = 0; i < hours->count; i++) {
		const struct hotline_row *row = &hours->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name),
				cell_count(row->key.hour), cell_count(row->offered),
				cell_share(row->answered, row->offered),
				cell_share(row->abandoned, row->offered),
				cell_count(row->timed_out), manager_mean(row->wait),
				manager_mean(row->handle), manager_ratio(row->first_contact)},
			9);
	}
}

void manager_hotline(struct report *report, const struct measures *measures)
{
	static const struct report_column columns[] = {{"group", "Group", CELL_TEXT, 0},
		{"offered", "Offered", CELL_COUNT, 0}, {"answered", "Answered", CELL_SHARE, 1},
		{"abandoned", "Abandoned", CELL_SHARE, 1},
		{"timedOut", "Given up by the queue", CELL_COUNT, 0},
		{"wait", "Speed of answer", CELL_DURATION, 0},
		{"longestWait", "Longest wait", CELL_DURATION, 0},
		{"handle", "Handle time", CELL_DURATION, 0},
		{"firstContact", "Solved at first contact", CELL_SHARE, 1}};
	const struct hotline_table *groups = &measures->hotline[CUT_ALL];
	struct report_section *section = report_section(report, "hotline", "Hotline",
		"A caller whom the queue gave up is no abandon; handle time is talk, hold and "
		"wrap-up.");
	if (measures->hotline_hours.count > 0) {
		hotline_figure(section, &measures->hotline_hours);
		hotline_wait_figure(section, &measures->hotline_hours);
	}
	struct report_table *table = report_table(section, "hotlineByGroup", "", columns, 9);
	for (size_t i = 0; i < groups->count; i++) {
		const struct hotline_row *row = &groups->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name), cell_count(row->offered),
				cell_share(row->answered, row->offered),
				cell_share(row->abandoned, row->offered),
				cell_count(row->timed_out), manager_mean(row->wait),
				row->wait.count == 0 ? cell_none()
						     : cell_duration(row->wait.longest_us),
				manager_mean(row->handle), manager_ratio(row->first_contact)},
			9);
	}
	if (measures->hotline_hours.count > 0)
		hotline_hour_table(section, &measures->hotline_hours);
}

/* ---- Complaints ---- */

static struct cell complaint_deadline(
	int64_t due_us, int64_t done_us, bool missed, int64_t as_of_us)
{
	if (due_us == 0)
		return cell_none();
	if (done_us != 0)
		return cell_in_state(cell_time(due_us), missed ? STATE_BAD : STATE_GOOD);
	return cell_in_state(
		cell_time(due_us), missed || due_us < as_of_us ? STATE_BAD : STATE_WATCH);
}

static void complaint_list(struct report_section *section, const struct measures *measures)
{
	static const struct report_column columns[] = {{"case", "Case", CELL_TEXT, 0},
		{"station", "Station", CELL_TEXT, 0}, {"filed", "Filed", CELL_TIME, 0},
		{"firstOwner", "First asked", CELL_TEXT, 0}, {"owner", "Owner now", CELL_TEXT, 0},
		{"handOvers", "Hand-overs", CELL_COUNT, 0}, {"level", "Level", CELL_COUNT, 0},
		{"acknowledgeBy", "Acknowledge by", CELL_TIME, 0},
		{"answerBy", "Answer by", CELL_TIME, 0}, {"standing", "Standing", CELL_TEXT, 0}};
	struct report_table *table =
		report_table(section, "openComplaints", "Not answered or not closed", columns, 10);
	if (table == NULL)
		return;
	table->shown = MANAGER_SHOWN;
	for (size_t i = 0; i < measures->open_case_count; i++) {
		const struct open_case *open = &measures->open_cases[i];
		bool late = open->answer_missed || open->acknowledge_missed;
		const char *standing = late                         ? "deadline missed"
				       : open->answered_us != 0     ? "answered"
				       : open->acknowledged_us != 0 ? "acknowledged"
								    : "waiting";
		report_row(table,
			(const struct cell[]){cell_text(open->case_id), manager_name(open->station),
				cell_time(open->filed_us), manager_name(open->first_owner),
				manager_name(open->owner.len > 0 ? open->owner : open->owner_group),
				cell_count(open->hand_overs), cell_count(open->level),
				complaint_deadline(open->acknowledge_due_us, open->acknowledged_us,
					open->acknowledge_missed, measures->request.as_of_us),
				complaint_deadline(open->answer_due_us, open->answered_us,
					open->answer_missed, measures->request.as_of_us),
				cell_in_state(cell_text(slice_text(standing)),
					late                     ? STATE_BAD
					: open->answered_us != 0 ? STATE_GOOD
								 : STATE_WATCH)},
			10);
	}
	table->omitted += (size_t)(measures->open_case_total - (int64_t)measures->open_case_count);
}

static void promise_list(struct report_section *section, const struct measures *measures)
{
	static const struct report_column columns[] = {{"promise", "Promise", CELL_TEXT, 0},
		{"set", "Fell due", CELL_COUNT, 0}, {"met", "Met", CELL_COUNT, 0},
		{"missed", "Missed", CELL_COUNT, 0},
		{"corrected", "Missed, then corrected", CELL_COUNT, 0},
		{"running", "Running", CELL_COUNT, 0}, {"rungs", "Highest rung", CELL_COUNT, 0}};
	struct report_table *table =
		report_table(section, "deadlines", "What the hub's clock said", columns, 7);
	for (size_t i = 0; i < measures->promises.count; i++) {
		const struct promise_row *row = &measures->promises.rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name), cell_count(row->set),
				cell_count(row->met),
				cell_in_state(cell_count(row->missed),
					row->missed > 0 ? STATE_BAD : STATE_PLAIN),
				cell_count(row->corrected), cell_count(row->running),
				cell_count(row->rungs)},
			7);
	}
}

void manager_complaints(struct report *report, const struct measures *measures)
{
	static const struct report_column columns[] = {{"station", "Station", CELL_TEXT, 0},
		{"filed", "Filed", CELL_COUNT, 0},
		{"acknowledged", "Acknowledged in time", CELL_SHARE, 1},
		{"answered", "Answered in time", CELL_SHARE, 1},
		{"toAnswer", "Mean to answer", CELL_DURATION, 0},
		{"handedOver", "Handed over", CELL_COUNT, 0},
		{"escalated", "Escalated", CELL_COUNT, 0},
		{"reopened", "Opened again", CELL_COUNT, 0}, {"open", "Open", CELL_COUNT, 0}};
	struct report_section *section = report_section(report, "complaints", "Complaints",
		"The first person asked owns a complaint until it is handed over. Deadlines run on the "
		"hub's clock; one that a late event showed to be kept counts as corrected.");
	complaint_list(section, measures);
	struct report_table *table =
		report_table(section, "complaintsByStation", "By station", columns, 9);
	for (size_t i = 0; i < measures->complaint[CUT_STATION].count; i++) {
		const struct case_row *row = &measures->complaint[CUT_STATION].rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name), cell_count(row->filed),
				manager_ratio(row->acknowledged_in_time),
				manager_ratio(row->answered_in_time), manager_mean(row->to_answer),
				cell_count(row->handed_over), cell_count(row->escalated),
				cell_count(row->reopened), cell_count(row->open)},
			9);
	}
	promise_list(section, measures);
}

/* ---- Appointments and call-backs ---- */

static void callback_table(struct report_section *section, const struct callback_table *rows)
{
	static const struct report_column columns[] = {{"station", "Station", CELL_TEXT, 0},
		{"due", "Due", CELL_COUNT, 0}, {"done", "Done", CELL_SHARE, 1},
		{"missed", "Missed", CELL_COUNT, 0}, {"open", "Open", CELL_COUNT, 0},
		{"planned", "Planned", CELL_COUNT, 0},
		{"plannedDone", "Done on their day", CELL_SHARE, 1},
		{"plannedLate", "Done later", CELL_COUNT, 0},
		{"plannedGivenUp", "Given up", CELL_COUNT, 0},
		{"plannedOverdue", "Overdue", CELL_COUNT, 0}};
	struct report_table *table =
		report_table(section, "callbacks", "Call-backs by station", columns, 10);
	for (size_t i = 0; i < rows->count; i++) {
		const struct callback_row *row = &rows->rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name), cell_count(row->due),
				cell_share(row->done, row->due), cell_count(row->missed),
				cell_count(row->open), cell_count(row->planned),
				cell_share(row->planned_done, row->planned),
				cell_count(row->planned_late), cell_count(row->planned_given_up),
				cell_in_state(cell_count(row->planned_overdue),
					row->planned_overdue > 0 ? STATE_BAD : STATE_PLAIN)},
			10);
	}
}

static void callback_list(struct report_section *section, const struct measures *measures)
{
	static const struct report_column columns[] = {{"repair", "After repair", CELL_TEXT, 0},
		{"station", "Station", CELL_TEXT, 0}, {"due", "Due", CELL_TIME, 0},
		{"number", "Call-back", CELL_COUNT, 0}};
	struct report_table *table =
		report_table(section, "callbacksDue", "Call-backs that are due", columns, 4);
	if (table == NULL)
		return;
	table->shown = MANAGER_SHOWN;
	for (size_t i = 0; i < measures->callback_due_count; i++) {
		const struct callback_due *due = &measures->callbacks_due[i];
		report_row(table,
			(const struct cell[]){cell_text(due->repair_order_id),
				manager_name(due->station), cell_time(due->due_us),
				cell_count(due->number)},
			4);
	}
	table->omitted +=
		(size_t)(measures->callback_due_total - (int64_t)measures->callback_due_count);
}

void manager_visits(struct report *report, const struct measures *measures)
{
	static const struct report_column columns[] = {{"station", "Station", CELL_TEXT, 0},
		{"due", "Due", CELL_COUNT, 0}, {"kept", "Kept", CELL_COUNT, 0},
		{"late", "Kept late", CELL_COUNT, 0}, {"missed", "Missed by us", CELL_SHARE, 1},
		{"byCustomer", "By the customer", CELL_COUNT, 0}, {"moved", "Moved", CELL_COUNT, 0},
		{"untold", "Nobody said", CELL_COUNT, 0}};
	struct report_section *section = report_section(report, "visits",
		"Appointments and call-backs",
		"After a service customers are called back monthly in the first year, quarterly "
		"after.");
	struct report_table *table =
		report_table(section, "appointments", "Appointments by station", columns, 8);
	for (size_t i = 0; i < measures->appointment[CUT_STATION].count; i++) {
		const struct appointment_row *row = &measures->appointment[CUT_STATION].rows[i];
		report_row(table,
			(const struct cell[]){manager_name(row->key.name), cell_count(row->due),
				cell_count(row->kept), cell_count(row->late),
				cell_in_state(manager_ratio(row->missed),
					row->missed.part > 0 ? STATE_BAD : STATE_PLAIN),
				cell_count(row->missed_by_customer), cell_count(row->moved),
				cell_count(row->untold)},
			8);
	}
	if (measures->callback[CUT_STATION].count > 0)
		callback_table(section, &measures->callback[CUT_STATION]);
	callback_list(section, measures);
}
