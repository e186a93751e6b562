#include "module/quality/fact/appointment_fact.h"

#include "carehub/v1/care.pb-c.h"
#include "module/quality/fact/moment.h"

/* ---- Folding ---- */

static enum ch_status appointment_put(struct book_txn *txn, const char *id, struct mark *mark,
	const Carehub__V1__StationRef *station)
{
	mark->texts[APPOINTMENT_STATION] = fact_text(station != NULL ? station->station_id : NULL);
	return fact_put_named(txn, FACT_APPOINTMENTS, fact_text(id), mark, 1);
}

static enum ch_status appointment_fold_made(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__AppointmentMade *made = (const void *)event->message;
	struct mark mark = fact_mark(event, APPOINTMENT_MADE);
	(void)self;
	mark.numbers[APPOINTMENT_START] = moment_told(made->start_time_us);
	mark.numbers[APPOINTMENT_END] = moment_told(made->end_time_us);
	mark.texts[APPOINTMENT_MODEL] = fact_text(made->unit != NULL ? made->unit->model : NULL);
	mark.texts[APPOINTMENT_REPAIR] = fact_text(made->repair_order_id);
	return appointment_put(txn, made->appointment_id, &mark, made->station);
}

static enum ch_status appointment_fold_moved(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__AppointmentMoved *moved = (const void *)event->message;
	struct mark mark = fact_mark(event, APPOINTMENT_MOVED);
	(void)self;
	mark.numbers[APPOINTMENT_START] = moment_told(moved->start_time_us);
	mark.numbers[APPOINTMENT_END] = moment_told(moved->end_time_us);
	return appointment_put(txn, moved->appointment_id, &mark, moved->station);
}

static enum ch_status appointment_fold_cancelled(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__AppointmentCancelled *cancelled = (const void *)event->message;
	struct mark mark = fact_mark(event, APPOINTMENT_CANCELLED);
	(void)self;
	return appointment_put(txn, cancelled->appointment_id, &mark, cancelled->station);
}

static enum ch_status appointment_fold_kept(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__AppointmentKept *kept = (const void *)event->message;
	struct mark mark = fact_mark(event, APPOINTMENT_KEPT);
	(void)self;
	mark.numbers[APPOINTMENT_ARRIVED] = moment_told(kept->arrived_time_us);
	return appointment_put(txn, kept->appointment_id, &mark, kept->station);
}

static enum ch_status appointment_fold_missed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__AppointmentMissed *missed = (const void *)event->message;
	struct mark mark = fact_mark(event, APPOINTMENT_MISSED);
	(void)self;
	mark.numbers[APPOINTMENT_ABSENT] = missed->absent;
	return appointment_put(txn, missed->appointment_id, &mark, missed->station);
}

static const struct module_fold appointment_folds[] = {
	{"*.appointment.made", appointment_fold_made},
	{"*.appointment.moved", appointment_fold_moved},
	{"*.appointment.cancelled", appointment_fold_cancelled},
	{"repair.appointment.kept", appointment_fold_kept},
	{"repair.appointment.missed", appointment_fold_missed},
};

const struct module_part appointment_part = {
	.name = "appointments",
	.folds = appointment_folds,
	.fold_count = sizeof(appointment_folds) / sizeof(*appointment_folds),
};

/* ---- The fact ---- */

bool appointment_fact_make(const struct marks *marks, struct appointment_fact *out_fact)
{
	*out_fact = (struct appointment_fact){0};
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		if (mark->texts[APPOINTMENT_STATION].len > 0)
			out_fact->station = mark->texts[APPOINTMENT_STATION];
		if (mark->texts[APPOINTMENT_MODEL].len > 0)
			out_fact->model = mark->texts[APPOINTMENT_MODEL];
		if (mark->texts[APPOINTMENT_REPAIR].len > 0)
			out_fact->repair = mark->texts[APPOINTMENT_REPAIR];
		if (mark->customer != 0) {
			out_fact->customer = mark->customer;
			out_fact->sequence = mark->sequence;
		}
		if (mark->kind == APPOINTMENT_MADE || mark->kind == APPOINTMENT_MOVED) {
			out_fact->start_us = mark->numbers[APPOINTMENT_START];
			out_fact->end_us = mark->numbers[APPOINTMENT_END] > out_fact->start_us
						   ? mark->numbers[APPOINTMENT_END]
						   : out_fact->start_us;
			out_fact->moved += mark->kind == APPOINTMENT_MOVED;
			out_fact->became = 0; /* whatever had become of the time before */
			continue;
		}
		out_fact->became = mark->kind;
		out_fact->absent = mark->numbers[APPOINTMENT_ABSENT];
		out_fact->arrived_us = mark->numbers[APPOINTMENT_ARRIVED];
	}
	return out_fact->start_us != 0;
}
