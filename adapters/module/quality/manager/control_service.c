/* What of parts, appointments and answers goes into which chart. */
#include "carehub/v1/care.pb-c.h"
#include "module/quality/manager/control_inside.h"

/* A promise about `name` that was due at the moment: one more unit; and the event behind it where it was broken. */
static enum ch_status control_promise_note(struct control *control, enum control_plan_id plan,
	struct slice name, int64_t moment_us, const struct mark *broken)
{
	struct control_point *point;
	enum ch_status status = control_point_of(control, plan, name, moment_us, &point);
	if (status != CH_OK || point == NULL)
		return status;
	point->units++;
	if (broken == NULL)
		return CH_OK;
	point->count++;
	return control_event_note(control, point, broken);
}

/* ---- Parts ---- */

static enum ch_status control_take_line(struct control *control, const struct supply_fact *line)
{
	int64_t took_us = supply_took_us(line, control->request.as_of_us);
	bool late = took_us > supply_promise_us(line, control->request.settings);
	if (line->cancelled != NULL || (line->arrived == NULL && !late))
		return CH_OK; /* of what is on its way, nothing can be said yet */
	return control_promise_note(control, CONTROL_PARTS, line->station, line->requested_us,
		late ? line->requested : NULL);
}

enum ch_status control_take_lines(
	struct control *control, const struct repair_fact *repair, const struct marks *marks)
{
	struct supply_fact lines[SUPPLY_LINES_MAX];
	enum ch_status status = CH_OK;
	size_t count = supply_facts_make(marks, lines);
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		bool mine = false;
		status = fact_filter_line(&control->request.filter, &lines[i], repair, &mine);
		if (status == CH_OK && mine)
			status = control_take_line(control, &lines[i]);
	}
	return status;
}

enum ch_status control_take_order(void *self, struct slice key, const struct marks *marks)
{
	(void)key;
	return control_take_lines(self, NULL, marks);
}

/* ---- Appointments ---- */

/* The word that it was missed; NULL: it was not, or by the customer. */
static const struct mark *control_missed(
	const struct appointment_fact *fact, const struct marks *marks)
{
	const struct mark *missed = NULL;
	if (fact->became != APPOINTMENT_MISSED ||
		fact->absent == CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_CUSTOMER)
		return NULL;
	for (size_t i = 0; i < marks->count; i++) {
		if (marks->items[i].kind == APPOINTMENT_MISSED)
			missed = &marks->items[i];
	}
	return missed;
}

enum ch_status control_take_appointment(void *self, struct slice key, const struct marks *marks)
{
	struct control *control = self;
	struct appointment_fact fact;
	struct slice station;
	bool mine = false;
	(void)key;
	if (!appointment_fact_make(marks, &fact) || fact.became == APPOINTMENT_CANCELLED ||
		fact.start_us > control->request.as_of_us)
		return CH_OK;
	enum ch_status status = fact_filter_appointment(
		&control->request.filter, &fact, control->other, &station, &mine);
	if (status != CH_OK || !mine)
		return status;
	return control_promise_note(control, CONTROL_APPOINTMENTS, station, fact.start_us,
		control_missed(&fact, marks));
}

/* ---- Answers ---- */

enum ch_status control_take_answer(
	struct control *control, const struct case_fact *fact, const struct mark *filing)
{
	const struct control_request *request = &control->request;
	const struct slice all = {NULL, 0};
	struct case_promise answer;
	enum ch_status status = case_promise_find(request->filter.txn, fact, CASE_TO_ANSWER,
		request->settings, request->as_of_us, control->other, &answer);
	if (status != CH_OK || !answer.judged)
		return status;
	return control_promise_note(
		control, CONTROL_ANSWERS, all, fact->filed_us, answer.kept ? NULL : filing);
}
