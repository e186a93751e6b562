#include "module/quality/fact/repair_fact.h"

#include "base/hash.h"
#include "module/quality/fact/charge_fact.h"
#include "module/quality/fact/moment.h"
#include "module/quality/fact/supply_fact.h"

/* A receipt and a return that are further apart than this were told by clocks of which one was wrong. */
#define REPAIR_APART_US (INT64_C(3650) * DAY_US)

/* ---- Folding ---- */

static void repair_unit(struct mark *mark, const Carehub__V1__ProductUnitRef *unit)
{
	if (unit == NULL)
		return;
	mark->texts[REPAIR_MODEL] = fact_text(unit->model);
	mark->texts[REPAIR_SERIAL] = fact_text(unit->serial_number);
	mark->texts[REPAIR_CATEGORY] = fact_text(unit->category);
	mark->texts[REPAIR_BRAND] = fact_text(unit->brand);
}

static void repair_station(struct mark *mark, const Carehub__V1__StationRef *station)
{
	mark->texts[REPAIR_STATION] = fact_text(station != NULL ? station->station_id : NULL);
}

static enum ch_status repair_put(
	struct book_txn *txn, const char *order, const struct mark *marks, size_t count)
{
	return fact_put_named(txn, FACT_REPAIRS, fact_text(order), marks, count);
}

static enum ch_status repair_fold_received(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairOrderReceived *received = (const void *)event->message;
	struct mark mark = fact_mark(event, REPAIR_RECEIVED);
	(void)self;
	repair_station(&mark, received->station);
	repair_unit(&mark, received->unit);
	mark.numbers[0] = received->coverage;
	return repair_put(txn, received->repair_order_id, &mark, 1);
}

static enum ch_status repair_fold_started(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairWorkStarted *started = (const void *)event->message;
	struct mark mark = fact_mark(event, REPAIR_STARTED);
	(void)self;
	repair_station(&mark, started->station);
	mark.numbers[0] = started->stage;
	return repair_put(txn, started->repair_order_id, &mark, 1);
}

/* Marks of one event, gathered; those beyond the bound of a record would be left out of it anyway. */
struct repair_batch {
	struct mark items[1 + LIMIT_FACT_MARKS];
	size_t count;
};

static void repair_add_codes(struct repair_batch *batch, const struct feed_event *event,
	unsigned kind, char *const *codes, size_t count)
{
	for (size_t i = 0; i < count && batch->count < LIMIT_FACT_MARKS; i++) {
		struct mark mark = fact_mark(event, kind);
		mark.item = (uint32_t)i;
		mark.texts[0] = fact_text(codes[i]);
		if (mark.texts[0].len > 0)
			batch->items[batch->count++] = mark;
	}
}

static enum ch_status repair_fold_diagnosed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairOrderDiagnosed *diagnosed = (const void *)event->message;
	struct repair_batch batch;
	(void)self;
	batch.items[0] = fact_mark(event, REPAIR_DIAGNOSED);
	batch.count = 1;
	repair_station(&batch.items[0], diagnosed->station);
	repair_unit(&batch.items[0], diagnosed->unit);
	batch.items[0].numbers[0] = diagnosed->verdict;
	repair_add_codes(
		&batch, event, REPAIR_DEFECT, diagnosed->defect_codes, diagnosed->n_defect_codes);
	return repair_put(txn, diagnosed->repair_order_id, batch.items, batch.count);
}

static enum ch_status repair_fold_repaired(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairOrderRepaired *repaired = (const void *)event->message;
	struct repair_batch batch;
	(void)self;
	batch.items[0] = fact_mark(event, REPAIR_REPAIRED);
	batch.count = 1;
	repair_station(&batch.items[0], repaired->station);
	batch.items[0].numbers[0] = repaired->verdict;
	batch.items[0].numbers[1] = repaired->attempt;
	repair_add_codes(
		&batch, event, REPAIR_DEFECT, repaired->defect_codes, repaired->n_defect_codes);
	for (size_t i = 0; i < repaired->n_parts && batch.count < LIMIT_FACT_MARKS; i++) {
		struct mark mark = fact_mark(event, REPAIR_BUILT_IN);
		mark.item = (uint32_t)i;
		mark.texts[0] = fact_text(repaired->parts[i]->part_number);
		if (mark.texts[0].len > 0)
			batch.items[batch.count++] = mark;
	}
	return repair_put(txn, repaired->repair_order_id, batch.items, batch.count);
}

static enum ch_status repair_fold_checked(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairOrderChecked *checked = (const void *)event->message;
	struct repair_batch batch;
	(void)self;
	batch.items[0] = fact_mark(event, REPAIR_CHECKED);
	batch.count = 1;
	repair_station(&batch.items[0], checked->station);
	batch.items[0].numbers[0] = checked->passed;
	batch.items[0].numbers[1] = checked->attempt;
	for (size_t i = 0; i < checked->n_measurements && batch.count < LIMIT_FACT_MARKS; i++) {
		const Carehub__V1__Measurement *measured = checked->measurements[i];
		struct mark mark = fact_mark(event, REPAIR_MEASURED);
		if (measured->value == NULL)
			continue;
		mark.item = (uint32_t)i;
		mark.texts[0] = fact_text(measured->characteristic);
		mark.texts[1] = fact_text(measured->unit);
		mark.numbers[0] = measured->value->unscaled;
		mark.numbers[1] = measured->value->scale;
		batch.items[batch.count++] = mark;
	}
	return repair_put(txn, checked->repair_order_id, batch.items, batch.count);
}

static enum ch_status repair_fold_returned(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairOrderReturned *returned = (const void *)event->message;
	struct repair_batch batch;
	(void)self;
	batch.items[0] = fact_mark(event, REPAIR_RETURNED);
	batch.count = 1;
	repair_station(&batch.items[0], returned->station);
	repair_unit(&batch.items[0], returned->unit);
	batch.items[0].numbers[0] = returned->verdict;
	for (size_t i = 0; i < returned->n_charges && batch.count < LIMIT_FACT_MARKS; i++) {
		struct mark mark = fact_mark(event, REPAIR_CHARGED);
		mark.item = (uint32_t)i;
		charge_mark_fill(&mark, returned->charges[i]);
		batch.items[batch.count++] = mark;
	}
	enum ch_status status =
		repair_put(txn, returned->repair_order_id, batch.items, batch.count);
	if (status == CH_OK && returned->n_charges > 0)
		status = charge_note(txn, fact_text(returned->repair_order_id), event->arrival_us,
			batch.items + 1, batch.count - 1);
	return status;
}

static enum ch_status repair_fold_closed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__RepairOrderClosed *closed = (const void *)event->message;
	struct mark mark = fact_mark(event, REPAIR_CLOSED);
	(void)self;
	repair_station(&mark, closed->station);
	mark.numbers[0] = closed->verdict;
	mark.numbers[1] = closed->attempts;
	return repair_put(txn, closed->repair_order_id, &mark, 1);
}

/* Those of which only the fact that they happened counts; their messages all begin with the order. */
#define REPAIR_FOLD_PLAIN(name, Message, kind, number)                                             \
	static enum ch_status repair_fold_##name(                                                  \
		void *self, struct book_txn *txn, const struct feed_event *event)                  \
	{                                                                                          \
		const Carehub__V1__##Message *told = (const void *)event->message;                 \
		struct mark mark = fact_mark(event, kind);                                         \
		(void)self;                                                                        \
		repair_station(&mark, told->station);                                              \
		mark.numbers[0] = (number);                                                        \
		return repair_put(txn, told->repair_order_id, &mark, 1);                           \
	}

REPAIR_FOLD_PLAIN(quoted, RepairQuoteMade, REPAIR_QUOTED, 0)
REPAIR_FOLD_PLAIN(approved, RepairQuoteApproved, REPAIR_APPROVED, 0)
REPAIR_FOLD_PLAIN(declined, RepairQuoteDeclined, REPAIR_DECLINED, 0)
REPAIR_FOLD_PLAIN(wait_started, RepairWaitStarted, REPAIR_WAIT_STARTED, told->reason)
REPAIR_FOLD_PLAIN(wait_ended, RepairWaitEnded, REPAIR_WAIT_ENDED, told->reason)
REPAIR_FOLD_PLAIN(restarted, RepairOrderRestarted, REPAIR_RESTARTED, told->attempt)
REPAIR_FOLD_PLAIN(informed, RepairCustomerInformed, REPAIR_INFORMED, told->ready)
REPAIR_FOLD_PLAIN(cancelled, RepairOrderCancelled, REPAIR_CANCELLED, told->by_customer)
REPAIR_FOLD_PLAIN(reopened, RepairOrderReopened, REPAIR_REOPENED, 0)

static const struct module_fold repair_folds[] = {
	{"repair.order.received", repair_fold_received},
	{"repair.work.started", repair_fold_started},
	{"repair.order.diagnosed", repair_fold_diagnosed},
	{"repair.quote.made", repair_fold_quoted},
	{"repair.quote.approved", repair_fold_approved},
	{"repair.quote.declined", repair_fold_declined},
	{"repair.wait.started", repair_fold_wait_started},
	{"repair.wait.ended", repair_fold_wait_ended},
	{"repair.order.repaired", repair_fold_repaired},
	{"repair.order.checked", repair_fold_checked},
	{"repair.order.restarted", repair_fold_restarted},
	{"repair.customer.informed", repair_fold_informed},
	{"repair.order.returned", repair_fold_returned},
	{"repair.order.closed", repair_fold_closed},
	{"repair.order.cancelled", repair_fold_cancelled},
	{"repair.order.reopened", repair_fold_reopened},
};

const struct module_part repair_part = {
	.name = "repairs",
	.folds = repair_folds,
	.fold_count = sizeof(repair_folds) / sizeof(*repair_folds),
};

/* ---- The fact ---- */

static void repair_point_set(struct repair_point *point, const struct mark *mark)
{
	*point = (struct repair_point){mark->moment_us, mark};
}

static void repair_begin(
	struct repair_fact *fact, struct slice order_id, unsigned number, const struct mark *mark)
{
	*fact = (struct repair_fact){
		.order_id = order_id,
		.number = number,
		.reopened = number > 0 || mark->kind == REPAIR_REOPENED,
	};
	repair_point_set(&fact->begun, mark);
}

/* Later words about the unit and the station win, as far as they say something. */
static void repair_describe(struct repair_fact *fact, const struct mark *mark)
{
	if (mark->texts[REPAIR_STATION].len > 0)
		fact->station = mark->texts[REPAIR_STATION];
	if (mark->kind != REPAIR_RECEIVED && mark->kind != REPAIR_DIAGNOSED)
		return;
	if (mark->texts[REPAIR_MODEL].len > 0)
		fact->model = mark->texts[REPAIR_MODEL];
	if (mark->texts[REPAIR_SERIAL].len > 0)
		fact->serial = mark->texts[REPAIR_SERIAL];
	if (mark->texts[REPAIR_CATEGORY].len > 0)
		fact->category = mark->texts[REPAIR_CATEGORY];
}

static void repair_judge(struct repair_fact *fact, const struct mark *mark)
{
	bool fixed;
	if (mark->kind == REPAIR_CHECKED) {
		if (mark->numbers[0] == CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED)
			return;
		fixed = mark->numbers[0] == CAREHUB__V1__ANSWER__ANSWER_YES;
	} else if (mark->kind == REPAIR_REPAIRED || mark->kind == REPAIR_RETURNED ||
		   mark->kind == REPAIR_CLOSED) {
		if (mark->numbers[0] == CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_UNSPECIFIED ||
			mark->numbers[0] == CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_UNKNOWN)
			return;
		fixed = mark->numbers[0] == CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_FIXED ||
			mark->numbers[0] == CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_NO_FAULT;
	} else {
		return;
	}
	fact->outcome = fixed ? OUTCOME_FIXED : OUTCOME_NOT_FIXED;
	repair_point_set(&fact->verdict_by, mark);
}

static void repair_list_part(struct repair_fact *fact, const struct mark *mark, struct slice number)
{
	for (size_t i = 0; i < fact->part_count; i++) {
		if (slice_equal(fact->part_numbers[i], number))
			return;
	}
	if (number.len > 0 && fact->part_count < REPAIR_LIST_MAX) {
		fact->part_numbers[fact->part_count] = number;
		fact->parts[fact->part_count++] = mark;
	}
}

static void repair_list_defect(struct repair_fact *fact, const struct mark *mark)
{
	for (size_t i = 0; i < fact->defect_count; i++) {
		if (slice_equal(fact->defects[i]->texts[0], mark->texts[0]))
			return;
	}
	if (fact->defect_count < REPAIR_LIST_MAX)
		fact->defects[fact->defect_count++] = mark;
}

/* What one mark says about the repair that is under way. */
static void repair_apply(struct repair_fact *fact, const struct mark *mark)
{
	if (mark->kind < REPAIR_DEFECT) {
		repair_point_set(&fact->last, mark);
		repair_describe(fact, mark);
	}
	if (mark->customer != 0 && fact->customer == 0) {
		fact->customer = mark->customer;
		fact->sequence = mark->sequence;
	}
	repair_judge(fact, mark);
	switch (mark->kind) {
	case REPAIR_PART_REQUESTED:
		repair_list_part(fact, mark, mark->texts[SUPPLY_PART]);
		break;
	case REPAIR_BUILT_IN:
		repair_list_part(fact, mark, mark->texts[0]);
		break;
	case REPAIR_DEFECT:
		repair_list_defect(fact, mark);
		break;
	case REPAIR_REPAIRED:
		/* What is told behind the return mends no unit that is gone. */
		if (fact->returned.mark == NULL || fact->repaired.mark == NULL)
			repair_point_set(&fact->repaired, mark);
		fact->attempts++;
		break;
	case REPAIR_RETURNED:
		repair_point_set(&fact->returned, mark);
		if (mark->texts[REPAIR_SERIAL].len > 0)
			fact->returned_serial = mark->texts[REPAIR_SERIAL];
		break;
	case REPAIR_CLOSED:
		repair_point_set(&fact->closed, mark);
		break;
	case REPAIR_CANCELLED:
		repair_point_set(&fact->cancelled, mark);
		break;
	default:
		break;
	}
}

static bool repair_is_over(const struct repair_fact *fact)
{
	return fact->returned.mark != NULL || fact->cancelled.mark != NULL ||
	       fact->closed.mark != NULL;
}

/* Whether the mark begins another repair of the same order. */
static bool repair_begins(const struct repair_fact *now, const struct mark *mark)
{
	if (mark->kind != REPAIR_RECEIVED && mark->kind != REPAIR_REOPENED)
		return false;
	return now == NULL || repair_is_over(now);
}

/* What ended before anything began belongs to the first repair: its clocks were wrong. */
static void repair_settle(struct repair_fact *fact, const struct repair_fact *before)
{
	if (before != NULL && !repair_is_over(fact) && repair_is_over(before)) {
		fact->returned = before->returned;
		fact->cancelled = before->cancelled;
		fact->closed = before->closed;
	}
	if (fact->returned.mark != NULL)
		fact->ended = fact->returned;
	else if (fact->cancelled.mark != NULL)
		fact->ended = fact->cancelled;
	else
		fact->ended = fact->closed;
	if (fact->ended.mark != NULL)
		fact->faulty = fact->ended.moment_us < fact->begun.moment_us ||
			       fact->ended.moment_us - fact->begun.moment_us > REPAIR_APART_US;
	if (fact->returned_serial.len == 0)
		fact->returned_serial = fact->serial;
}

/* ---- Pauses ---- */

struct repair_waits {
	bool told;   /* a wait for the customer */
	bool quoted; /* his answer to a quote */
	bool paused;
	const struct mark *again; /* begun while one was under way */
};

static void repair_wait_on(struct repair_waits *waits, const struct mark *mark)
{
	switch (mark->kind) {
	case REPAIR_WAIT_STARTED:
		if (mark->numbers[0] != CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER)
			break;
		if (waits->told)
			waits->again = mark;
		waits->told = true;
		break;
	case REPAIR_WAIT_ENDED:
		if (mark->numbers[0] != CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER &&
			mark->numbers[0] != CAREHUB__V1__WAIT_REASON__WAIT_REASON_UNSPECIFIED)
			break;
		/* One wait ended and the next began in the same moment: he waits on. */
		if (waits->again == NULL || waits->again->moment_us != mark->moment_us)
			waits->told = false;
		break;
	case REPAIR_QUOTED:
		waits->quoted = true;
		break;
	case REPAIR_STARTED:
		if (mark->numbers[0] == CAREHUB__V1__REPAIR_STAGE__REPAIR_STAGE_REPAIR)
			waits->quoted = false;
		break;
	case REPAIR_APPROVED:
	case REPAIR_DECLINED:
	case REPAIR_REPAIRED:
		waits->quoted = false;
		break;
	default:
		break;
	}
}

static void repair_pause_on(
	struct repair_fact *fact, struct repair_waits *waits, const struct mark *mark)
{
	repair_wait_on(waits, mark);
	bool paused = waits->told || waits->quoted;
	if (paused && !waits->paused) {
		if (fact->pause_count == REPAIR_PAUSE_MAX)
			return;
		fact->pauses[fact->pause_count++] =
			(struct repair_pause){mark->moment_us, INT64_MAX};
	} else if (!paused && waits->paused) {
		fact->pauses[fact->pause_count - 1].until_us = mark->moment_us;
	}
	waits->paused = paused;
}

int64_t repair_span(const struct repair_fact *fact, int64_t from_us, int64_t until_us)
{
	int64_t span = until_us - from_us;
	for (size_t i = 0; i < fact->pause_count; i++) {
		int64_t from =
			fact->pauses[i].from_us > from_us ? fact->pauses[i].from_us : from_us;
		int64_t until =
			fact->pauses[i].until_us < until_us ? fact->pauses[i].until_us : until_us;
		if (until > from)
			span -= until - from;
	}
	return span > 0 ? span : 0;
}

int64_t repair_age(const struct repair_fact *fact, int64_t as_of_us)
{
	return repair_span(fact, fact->begun.moment_us,
		fact->ended.mark != NULL ? fact->ended.moment_us : as_of_us);
}

struct repair_point repair_fixed(const struct repair_fact *fact)
{
	struct repair_point none = {0, NULL};
	if (fact->repaired.mark != NULL) {
		int64_t verdict = fact->repaired.mark->numbers[0];
		bool done = verdict != CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_REPAIRABLE &&
			    verdict != CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_END_OF_LIFE;
		if (done && fact->returned.mark != NULL &&
			fact->returned.moment_us < fact->repaired.moment_us)
			return fact->returned;
		return done ? fact->repaired : none;
	}
	/* A station that tells nothing between receipt and return has repaired it by then. */
	return fact->returned.mark != NULL && fact->outcome == OUTCOME_FIXED ? fact->returned
									     : none;
}

/* ---- Units ---- */

bool repair_unit_digest(struct slice serial, uint64_t out_unit[2])
{
	uint8_t folded[LIMIT_FACT_TEXT_BYTES];
	size_t len = 0;
	for (size_t i = 0; i < serial.len && len < sizeof(folded); i++) {
		uint8_t byte = serial.data[i];
		if (byte == ' ' || byte == '-')
			continue;
		folded[len++] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
	}
	if (len == 0)
		return false;
	out_unit[0] = hash_bytes(folded, len, hash_seed());
	out_unit[1] = hash_bytes(folded, len, ~hash_seed());
	return true;
}

/* ---- Facts of an order ---- */

size_t repair_facts_make(struct slice order_id, const struct marks *marks,
	struct repair_fact facts[REPAIR_NUMBER_MAX], bool *out_orphan)
{
	struct repair_fact before; /* what was told before any receipt */
	struct repair_waits waits = {0};
	size_t count = 0;
	bool early = false;
	before = (struct repair_fact){.order_id = order_id};
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		struct repair_fact *now = count > 0 ? &facts[count - 1] : NULL;
		if (repair_begins(now, mark) && count < REPAIR_NUMBER_MAX) {
			now = &facts[count];
			repair_begin(now, order_id, (unsigned)count++, mark);
			waits = (struct repair_waits){0};
			if (count > 1) {
				now->model = facts[count - 2].model;
				now->category = facts[count - 2].category;
				now->serial = facts[count - 2].returned_serial.len > 0
						      ? facts[count - 2].returned_serial
						      : facts[count - 2].serial;
			}
		}
		early |= now == NULL;
		repair_apply(now != NULL ? now : &before, mark);
		if (now != NULL)
			repair_pause_on(now, &waits, mark);
	}
	for (size_t i = 0; i < count; i++)
		repair_settle(&facts[i], i == 0 && early ? &before : NULL);
	*out_orphan = count == 0;
	return count;
}

enum ch_status repair_get(struct book_txn *txn, struct slice order_id, int64_t as_of_us,
	int64_t moment_us, struct marks *marks, struct repair_fact facts[REPAIR_NUMBER_MAX],
	size_t *out_count)
{
	struct key key;
	bool orphan;
	size_t count = 0;
	*out_count = 0;
	if (order_id.len == 0 || order_id.len > LIMIT_FACT_NAME_BYTES)
		return CH_OK; /* it was never taken under that name either */
	key_start(&key);
	key_text(&key, order_id);
	enum ch_status status = fact_get(txn, FACT_REPAIRS, key_slice(&key), as_of_us, marks);
	if (status == CH_OK && marks->count > 0)
		count = repair_facts_make(order_id, marks, facts, &orphan);
	while (count > 1 && facts[count - 1].begun.moment_us > moment_us)
		count--;
	*out_count = count;
	return status;
}

struct repair_walking {
	repair_function *each;
	void *context;
	struct buffer name;
};

static enum ch_status repair_walk_one(void *context, struct slice key, const struct marks *marks)
{
	struct repair_walking *walking = context;
	struct repair_fact facts[REPAIR_NUMBER_MAX];
	bool orphan;
	enum ch_status status = CH_OK;
	size_t count = repair_facts_make(fact_name(key, &walking->name), marks, facts, &orphan);
	for (size_t i = 0; i < count && status == CH_OK; i++)
		status = walking->each(walking->context, &facts[i], marks);
	return status;
}

enum ch_status repair_walk_some(struct book_txn *txn, struct buffer *from, size_t most,
	int64_t as_of_us, repair_function *each, void *context)
{
	struct repair_walking walking = {.each = each, .context = context};
	enum ch_status status =
		fact_walk_some(txn, FACT_REPAIRS, from, most, as_of_us, repair_walk_one, &walking);
	buffer_fini(&walking.name);
	return status;
}

enum ch_status repair_walk(
	struct book_txn *txn, int64_t as_of_us, repair_function *each, void *context)
{
	struct buffer from = {0};
	enum ch_status status = repair_walk_some(txn, &from, SIZE_MAX, as_of_us, each, context);
	buffer_fini(&from);
	return status == CH_END ? CH_OK : status;
}
