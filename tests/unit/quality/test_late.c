/* The same history, told in another order and up to a week late, with one station's clock hours off: the reports
 * of periods that are closed are equal to the last digit. */
#include "module/quality/measure/measure.h"

#include "teller.h"

#include "unit/draw.h"

#define WEEK_US    (7 * DAY_US)
#define REPAIRS    300
#define EVENTS_MAX 20000

static const int64_t base = INT64_C(1772294400) * 1000000; /* 2026-03-01 00:00 +08:00 */

/* ---- A history ---- */

struct history {
	struct told events[EVENTS_MAX];
	size_t count;
	uint64_t seed;
	struct arena arena;
};

static int64_t chance(struct history *h, int64_t below)
{
	return (int64_t)draw(&h->seed, (uint64_t)below);
}

static char *name(struct history *h, const char *what, int64_t number)
{
	char *text = arena_alloc(&h->arena, 24);
	(void)snprintf(text, 24, "%s%" PRId64, what, number);
	return text;
}

/* A message that lives as long as the history. */
static void *make(struct history *h, const void *initial, size_t size)
{
	void *message = arena_alloc(&h->arena, size);
	memcpy(message, initial, size);
	return message;
}

#define MAKE(h, Type, INIT) ((Type *)make(h, &(Type)INIT, sizeof(Type)))

static void add(struct history *h, const char *type, const ProtobufCMessage *message,
	int64_t time_us, uint64_t customer, const char *source)
{
	assert_true(h->count < EVENTS_MAX);
	h->events[h->count] = (struct told){.type = type,
		.message = message,
		.id = name(h, "e", (int64_t)h->count),
		.source = source,
		.time_us = time_us,
		.customer = customer};
	h->count++;
}

static Carehub__V1__StationRef *station(struct history *h, int64_t number)
{
	Carehub__V1__StationRef *ref =
		MAKE(h, Carehub__V1__StationRef, CAREHUB__V1__STATION_REF__INIT);
	ref->station_id = name(h, "S", number);
	return ref;
}

static Carehub__V1__Decimal *decimal(struct history *h, int64_t value)
{
	Carehub__V1__Decimal *number = MAKE(h, Carehub__V1__Decimal, CAREHUB__V1__DECIMAL__INIT);
	number->unscaled = value;
	return number;
}

static Carehub__V1__Money *money(struct history *h, int64_t minor)
{
	Carehub__V1__Money *amount = MAKE(h, Carehub__V1__Money, CAREHUB__V1__MONEY__INIT);
	amount->minor_units = minor;
	amount->currency = TEXT("CNY");
	return amount;
}

static void add_parts(struct history *h, char *order, Carehub__V1__StationRef *where,
	const char *source, int64_t at_us)
{
	Carehub__V1__RepairPartRequested *asked =
		MAKE(h, Carehub__V1__RepairPartRequested, CAREHUB__V1__REPAIR_PART_REQUESTED__INIT);
	Carehub__V1__RepairPartArrived *came =
		MAKE(h, Carehub__V1__RepairPartArrived, CAREHUB__V1__REPAIR_PART_ARRIVED__INIT);
	Carehub__V1__RepairPartBackordered *late = MAKE(
		h, Carehub__V1__RepairPartBackordered, CAREHUB__V1__REPAIR_PART_BACKORDERED__INIT);
	Carehub__V1__RepairPart *part =
		MAKE(h, Carehub__V1__RepairPart, CAREHUB__V1__REPAIR_PART__INIT);
	Carehub__V1__RepairPart **list = arena_alloc(&h->arena, sizeof(*list));
	list[0] = part;
	part->line_id = TEXT("1");
	part->part_number = name(h, "P", chance(h, 5));
	asked->repair_order_id = came->repair_order_id = late->repair_order_id = order;
	asked->station = came->station = late->station = where;
	asked->parts = came->parts = late->parts = list;
	asked->n_parts = came->n_parts = late->n_parts = 1;
	late->overseas = CAREHUB__V1__ANSWER__ANSWER_YES;
	add(h, "repair.part.requested", &asked->base, at_us, 0, source);
	if (chance(h, 3) == 0)
		add(h, "repair.part.backordered", &late->base, at_us + HOUR_US, 0, source);
	if (chance(h, 8) != 0)
		add(h, "repair.part.arrived", &came->base, at_us + chance(h, 9 * DAY_US), 0,
			source);
}

static void add_return(struct history *h, char *order, Carehub__V1__StationRef *where,
	const char *source, int64_t at_us)
{
	Carehub__V1__RepairOrderReturned *back =
		MAKE(h, Carehub__V1__RepairOrderReturned, CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT);
	Carehub__V1__Charge *charge = MAKE(h, Carehub__V1__Charge, CAREHUB__V1__CHARGE__INIT);
	Carehub__V1__Charge **charges = arena_alloc(&h->arena, sizeof(*charges));
	charges[0] = charge;
	charge->item_code = name(h, "P", chance(h, 5));
	charge->amount = money(h, 10000 + 100 * chance(h, 3));
	back->repair_order_id = order;
	back->station = where;
	back->charges = charges;
	back->n_charges = 1;
	add(h, "repair.order.returned", &back->base, at_us, 0, source);
}

static void add_repair(struct history *h, int64_t number)
{
	int64_t at = base + chance(h, 90 * DAY_US);
	int64_t where_number = chance(h, 4);
	uint64_t customer = (uint64_t)chance(h, 80); /* 0: nobody */
	const char *source = name(h, "/station/", where_number);
	Carehub__V1__StationRef *where = station(h, where_number);
	char *order = name(h, "R", number);
	Carehub__V1__RepairOrderReceived *received =
		MAKE(h, Carehub__V1__RepairOrderReceived, CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT);
	Carehub__V1__RepairOrderRepaired *repaired =
		MAKE(h, Carehub__V1__RepairOrderRepaired, CAREHUB__V1__REPAIR_ORDER_REPAIRED__INIT);
	Carehub__V1__RepairWaitStarted *waits =
		MAKE(h, Carehub__V1__RepairWaitStarted, CAREHUB__V1__REPAIR_WAIT_STARTED__INIT);
	Carehub__V1__RepairWaitEnded *goes_on =
		MAKE(h, Carehub__V1__RepairWaitEnded, CAREHUB__V1__REPAIR_WAIT_ENDED__INIT);
	Carehub__V1__RepairOrderReopened *again =
		MAKE(h, Carehub__V1__RepairOrderReopened, CAREHUB__V1__REPAIR_ORDER_REOPENED__INIT);
	received->unit = MAKE(h, Carehub__V1__ProductUnitRef, CAREHUB__V1__PRODUCT_UNIT_REF__INIT);
	received->unit->serial_number = name(h, "SN", chance(h, REPAIRS * 2 / 3));
	received->unit->model = name(h, "M", chance(h, 3));
	received->repair_order_id = repaired->repair_order_id = waits->repair_order_id =
		goes_on->repair_order_id = again->repair_order_id = order;
	received->station = repaired->station = waits->station = where;
	waits->reason = goes_on->reason = CAREHUB__V1__WAIT_REASON__WAIT_REASON_CUSTOMER;
	repaired->verdict = CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_FIXED;
	add(h, "repair.order.received", &received->base, at, customer, source);
	if (chance(h, 2) == 0)
		add_parts(h, order, where, source, at + HOUR_US);
	if (chance(h, 3) == 0) {
		add(h, "repair.wait.started", &waits->base, at + 2 * HOUR_US, 0, source);
		add(h, "repair.wait.ended", &goes_on->base, at + chance(h, 5 * DAY_US), 0, source);
	}
	if (chance(h, 10) == 0)
		return;
	at += chance(h, 8 * DAY_US);
	add(h, "repair.order.repaired", &repaired->base, at, 0, source);
	at += chance(h, 14 * DAY_US);
	add_return(h, order, where, source, at);
	if (chance(h, 15) == 0)
		add(h, "repair.order.reopened", &again->base, at + chance(h, 30 * DAY_US), 0,
			source);
	if (chance(h, 20) == 0)
		add_return(h, order, where, source, at + HOUR_US); /* corrects itself */
}

static void add_call(struct history *h, int64_t number)
{
	int64_t at = base + chance(h, 90 * DAY_US);
	uint64_t customer = (uint64_t)chance(h, 80);
	Carehub__V1__CallRef *ref = MAKE(h, Carehub__V1__CallRef, CAREHUB__V1__CALL_REF__INIT);
	Carehub__V1__CallcenterCallQueued *queued = MAKE(
		h, Carehub__V1__CallcenterCallQueued, CAREHUB__V1__CALLCENTER_CALL_QUEUED__INIT);
	Carehub__V1__CallcenterCallCompleted *done = MAKE(h, Carehub__V1__CallcenterCallCompleted,
		CAREHUB__V1__CALLCENTER_CALL_COMPLETED__INIT);
	Carehub__V1__CallcenterCallAbandoned *gone = MAKE(h, Carehub__V1__CallcenterCallAbandoned,
		CAREHUB__V1__CALLCENTER_CALL_ABANDONED__INIT);
	ref->call_id = name(h, "c", number);
	ref->queue = name(h, "q", chance(h, 5));
	ref->queue_call_id = ref->call_id;
	queued->call = done->call = gone->call = ref;
	done->wait_ms = gone->wait_ms = chance(h, 90000);
	done->talk_ms = chance(h, 600000);
	done->resolved = (Carehub__V1__Answer)chance(h, 3);
	if (chance(h, 4) != 0)
		add(h, "callcenter.call.queued", &queued->base, at, 0, "/calls");
	at += done->wait_ms * 1000;
	if (chance(h, 4) == 0)
		add(h, "callcenter.call.abandoned", &gone->base, at, 0, "/calls");
	else
		add(h, "callcenter.call.completed", &done->base, at + done->talk_ms * 1000,
			customer, "/calls");
}

static void add_complaint(struct history *h, int64_t number)
{
	int64_t at = base + chance(h, 90 * DAY_US);
	Carehub__V1__ComplaintFiled *filed =
		MAKE(h, Carehub__V1__ComplaintFiled, CAREHUB__V1__COMPLAINT_FILED__INIT);
	Carehub__V1__CallcenterCaseHanded *handed = MAKE(
		h, Carehub__V1__CallcenterCaseHanded, CAREHUB__V1__CALLCENTER_CASE_HANDED__INIT);
	Carehub__V1__CallcenterCaseClosed *closed = MAKE(
		h, Carehub__V1__CallcenterCaseClosed, CAREHUB__V1__CALLCENTER_CASE_CLOSED__INIT);
	filed->complaint_id = handed->case_id = closed->case_id = name(h, "K", number);
	filed->owner = MAKE(h, Carehub__V1__AgentRef, CAREHUB__V1__AGENT_REF__INIT);
	filed->owner->agent_id = name(h, "a", chance(h, 3));
	filed->regarding = MAKE(h, Carehub__V1__Regarding, CAREHUB__V1__REGARDING__INIT);
	filed->regarding->station = station(h, chance(h, 4));
	handed->to_owner = MAKE(h, Carehub__V1__AgentRef, CAREHUB__V1__AGENT_REF__INIT);
	handed->to_owner->agent_id = name(h, "a", chance(h, 3));
	add(h, "website.complaint.filed", &filed->base, at, (uint64_t)chance(h, 80), "/web");
	if (chance(h, 2) == 0)
		add(h, "callcenter.case.handed", &handed->base, at + chance(h, DAY_US), 0, "/desk");
	if (chance(h, 5) != 0)
		add(h, "callcenter.case.closed", &closed->base, at + chance(h, 6 * DAY_US), 0,
			"/desk");
}

static void add_response(struct history *h, int64_t number)
{
	int64_t at = base + chance(h, 90 * DAY_US);
	Carehub__V1__SurveyAnswered *said =
		MAKE(h, Carehub__V1__SurveyAnswered, CAREHUB__V1__SURVEY_ANSWERED__INIT);
	said->survey_id = TEXT("csi");
	said->response_id = name(h, "r", number);
	said->regarding = MAKE(h, Carehub__V1__Regarding, CAREHUB__V1__REGARDING__INIT);
	said->regarding->station = station(h, chance(h, 4));
	said->answers = arena_alloc(&h->arena, 2 * sizeof(*said->answers));
	said->n_answers = 2;
	for (int64_t i = 0; i < 2; i++) {
		Carehub__V1__SurveyAnswer *answer =
			MAKE(h, Carehub__V1__SurveyAnswer, CAREHUB__V1__SURVEY_ANSWER__INIT);
		answer->question_id = name(h, "q", i);
		answer->score = decimal(h, 1 + chance(h, 10));
		answer->expectation = decimal(h, 1 + chance(h, 10));
		answer->scale_min = decimal(h, 1);
		answer->scale_max = decimal(h, 10);
		said->answers[i] = answer;
	}
	uint64_t customer = (uint64_t)chance(h, 80);
	add(h, "repair.survey.answered", &said->base, at, customer, "/survey");
	if (chance(h, 6) == 0)
		add(h, "repair.survey.answered", &said->base, at + chance(h, 3 * DAY_US), customer,
			"/survey");
}

static void add_prices(struct history *h)
{
	for (int64_t item = 0; item < 4; item++) {
		for (int64_t change = 0; change < 3; change++) {
			Carehub__V1__ReferencePricePublished *price =
				MAKE(h, Carehub__V1__ReferencePricePublished,
					CAREHUB__V1__REFERENCE_PRICE_PUBLISHED__INIT);
			price->price_list_id = TEXT("retail");
			price->item_code = name(h, "P", item);
			price->price = money(h, 10000 + 100 * chance(h, 3));
			add(h, "reference.price.published", &price->base,
				base + change * 30 * DAY_US, 0, "/list");
		}
	}
}

static void add_callback(struct history *h, int64_t number)
{
	Carehub__V1__CallcenterCallbackDone *done = MAKE(h, Carehub__V1__CallcenterCallbackDone,
		CAREHUB__V1__CALLCENTER_CALLBACK_DONE__INIT);
	done->callback_id = name(h, "b", number);
	done->reason = CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_FOLLOW_UP;
	add(h, "callcenter.callback.done", &done->base, base + chance(h, 120 * DAY_US),
		(uint64_t)chance(h, 80), "/desk");
}

static void add_appointment(struct history *h, int64_t number)
{
	int64_t at = base + chance(h, 90 * DAY_US);
	Carehub__V1__AppointmentMade *made =
		MAKE(h, Carehub__V1__AppointmentMade, CAREHUB__V1__APPOINTMENT_MADE__INIT);
	Carehub__V1__AppointmentMoved *moved =
		MAKE(h, Carehub__V1__AppointmentMoved, CAREHUB__V1__APPOINTMENT_MOVED__INIT);
	Carehub__V1__AppointmentKept *kept =
		MAKE(h, Carehub__V1__AppointmentKept, CAREHUB__V1__APPOINTMENT_KEPT__INIT);
	Carehub__V1__AppointmentMissed *missed =
		MAKE(h, Carehub__V1__AppointmentMissed, CAREHUB__V1__APPOINTMENT_MISSED__INIT);
	made->appointment_id = moved->appointment_id = kept->appointment_id =
		missed->appointment_id = name(h, "A", number);
	made->station = station(h, chance(h, 4));
	made->start_time_us = at + DAY_US;
	moved->start_time_us = at + 3 * DAY_US;
	add(h, "website.appointment.made", &made->base, at, (uint64_t)chance(h, 80), "/web");
	if (chance(h, 3) == 0)
		add(h, "website.appointment.moved", &moved->base, at + HOUR_US, 0, "/web");
	if (chance(h, 3) == 0)
		add(h, "repair.appointment.missed", &missed->base, at + 4 * DAY_US, 0, "/desk");
	if (chance(h, 3) != 0) /* and kept after all, sometimes */
		add(h, "repair.appointment.kept", &kept->base, at + 5 * DAY_US, 0, "/desk");
}

static void add_level(struct history *h)
{
	Carehub__V1__MarketingLevelChanged *changed = MAKE(
		h, Carehub__V1__MarketingLevelChanged, CAREHUB__V1__MARKETING_LEVEL_CHANGED__INIT);
	changed->customer_number = (uint64_t)chance(h, 80) + 1;
	changed->new_level = chance(h, 2) == 0 ? TEXT("gold") : TEXT("silver");
	add(h, "marketing.level.changed", &changed->base, base + chance(h, 90 * DAY_US), 0,
		"/marketing");
}

static struct history *history_make(uint64_t seed)
{
	struct history *h = calloc(1, sizeof(*h));
	h->seed = seed;
	arena_init(&h->arena);
	add_prices(h);
	for (int64_t i = 0; i < REPAIRS; i++)
		add_repair(h, i);
	for (int64_t i = 0; i < REPAIRS; i++) {
		add_call(h, i);
		if (i % 3 == 0)
			add_complaint(h, i);
		if (i % 2 == 0)
			add_response(h, i);
		if (i % 4 == 0)
			add_callback(h, i);
		if (i % 4 == 1)
			add_appointment(h, i);
		if (i % 4 == 2)
			add_level(h);
	}
	return h;
}

static void history_free(struct history *h)
{
	arena_fini(&h->arena);
	free(h);
}

/* ---- Telling it ---- */

static int told_order(const void *a, const void *b)
{
	const struct told *one = a;
	const struct told *other = b;
	return one->arrival_us < other->arrival_us ? -1 : one->arrival_us > other->arrival_us;
}

/* Each event on its way for up to a week, those of one station with its clock three hours ahead.  Its adapter
 * tells by that clock when it sent them, at last. */
static void delay(struct history *h, int64_t most_us)
{
	for (size_t i = 0; i < h->count; i++) {
		struct told *told = &h->events[i];
		told->arrival_us = told->time_us + (most_us > 0 ? chance(h, most_us) : 0);
		told->sent_us = told->arrival_us;
		if (most_us > 0 && strcmp(told->source, "/station/1") == 0) {
			told->time_us += 3 * HOUR_US;
			told->sent_us += 3 * HOUR_US;
		}
	}
	qsort(h->events, h->count, sizeof(*h->events), told_order);
}

static void shuffle(struct history *h)
{
	for (size_t i = h->count - 1; i > 0; i--) {
		size_t k = (size_t)chance(h, (int64_t)i + 1);
		struct told other = h->events[i];
		h->events[i] = h->events[k];
		h->events[k] = other;
	}
}

/* What a report of the first two months says as of a day, when only what has arrived by `until_us` is known. */
static struct buffer told_report(const struct history *h, int64_t until_us, int64_t as_of_us)
{
	struct teller teller;
	struct buffer text = {0};
	teller_make(&teller);
	for (size_t i = 0; i < h->count; i++) {
		if (h->events[i].arrival_us <= until_us)
			assert_int_equal(tell_event(&teller, &h->events[i]), CH_OK);
	}
	struct measures *m = report(&teller, base, base + 61 * DAY_US, as_of_us);
	dump(&text, m);
	assert_true(m->repair[CUT_ALL].rows[0].received > REPAIRS / 3);
	measures_free(m);
	teller_remove(&teller);
	return text;
}

static void assert_same(const struct buffer *one, const struct buffer *other)
{
	size_t at = 0;
	while (at < one->len && at < other->len && one->data[at] == other->data[at])
		at++;
	if (one->len != other->len || at < one->len)
		fail_msg("reports differ at byte %zu: %.80s", at, (const char *)one->data + at);
}

static void test_closed_periods_are_equal(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct history *on_time = history_make(seed);
		struct history *late = history_make(seed);
		int64_t as_of = base + (int64_t)(70 + seed * 5) * DAY_US;
		delay(on_time, 0);
		delay(late, WEEK_US);
		struct buffer first = told_report(on_time, INT64_MAX, as_of);
		/* A week behind that day nothing about it is still on its way. */
		struct buffer second = told_report(late, as_of + WEEK_US, as_of);
		assert_true(first.len > 20000);
		assert_same(&first, &second);
		/* Before that the report is another: the test sees a difference where there is one. */
		struct buffer early = told_report(late, as_of, as_of);
		assert_false(slice_equal(buffer_slice(&first), buffer_slice(&early)));
		buffer_fini(&early);
		shuffle(late);
		struct buffer third = told_report(late, INT64_MAX, as_of);
		assert_same(&first, &third);
		buffer_fini(&first);
		buffer_fini(&second);
		buffer_fini(&third);
		history_free(on_time);
		history_free(late);
	}
}

/* ---- The book itself ---- */

/* Each event has its place in the journal, whatever the order in which the store learns of them. */
static void number(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->events[i].sequence = i + 1;
}

/* Every key and value of every table but that of the charges to be looked at: it is work, not facts, and a price
 * that comes behind its charge makes some more of it. */
static struct buffer book_bytes(struct teller *teller)
{
	struct buffer bytes = {0};
	for (uint32_t table = 0; table < FACT_CHARGES_DUE; table++) {
		struct slice none = {NULL, 0};
		struct slice key;
		struct slice value;
		struct book_walk *walk = NULL;
		assert_int_equal(book_walk_begin(teller->txn, table, none, none, &walk), CH_OK);
		buffer_printf(&bytes, "%s\n", fact_table_names[table]);
		while (book_walk_next(walk, &key, &value) == CH_OK) {
			buffer_printf(&bytes, "%zu %zu ", key.len, value.len);
			buffer_append_slice(&bytes, key);
			buffer_append_slice(&bytes, value);
		}
		book_walk_end(walk);
	}
	assert_int_equal(bytes.status, CH_OK);
	return bytes;
}

/* Told as they stand, but for `left_out`; some once more at once, some when all have been; in one transaction,
 * or in many. */
static struct buffer told_book(struct history *h, bool repeated, bool committed, size_t left_out)
{
	struct teller teller;
	teller_make(&teller);
	for (size_t i = 0; i < h->count; i++) {
		if (i == left_out)
			continue;
		for (int again = repeated && chance(h, 5) == 0; again >= 0; again--)
			assert_int_equal(tell_event(&teller, &h->events[i]), CH_OK);
		if (committed && chance(h, 100) == 0) {
			assert_int_equal(book_commit(teller.txn), CH_OK);
			teller.txn = shelf_begin(teller.book, true);
		}
	}
	for (size_t i = 0; repeated && i < h->count; i++) {
		if (i != left_out && chance(h, 7) == 0)
			assert_int_equal(tell_event(&teller, &h->events[i]), CH_OK);
	}
	struct buffer bytes = book_bytes(&teller);
	teller_remove(&teller);
	return bytes;
}

/* Any order, any delay, any stretch told twice, cut into any transactions: the same book, byte for byte. */
static void test_any_order_gives_the_same_book(void **state)
{
	(void)state;
	for (uint64_t seed = 11; seed <= 14; seed++) {
		struct history *h = history_make(seed);
		delay(h, WEEK_US);
		number(h);
		struct buffer first = told_book(h, false, false, SIZE_MAX);
		assert_true(first.len > 100000);
		for (int round = 0; round < 4; round++) {
			shuffle(h);
			struct buffer other = told_book(h, round > 0, round > 1, SIZE_MAX);
			assert_same(&first, &other);
			buffer_fini(&other);
		}
		/* One event fewer is another book: the test sees a difference where there is one. */
		struct buffer less = told_book(h, false, false, (size_t)chance(h, REPAIRS));
		assert_false(slice_equal(buffer_slice(&first), buffer_slice(&less)));
		buffer_fini(&less);
		buffer_fini(&first);
		history_free(h);
	}
}

/* More is told of one repair than is kept: the same marks are, whatever the order. */
static void test_over_the_bound(void **state)
{
	struct buffer first = {0};
	(void)state;
	for (int way = 0; way < 4; way++) {
		struct history *h = history_make(21);
		h->count = 0;
		for (int64_t i = 0; i < LIMIT_FACT_MARKS + 200; i++) {
			Carehub__V1__RepairCustomerInformed *told =
				MAKE(h, Carehub__V1__RepairCustomerInformed,
					CAREHUB__V1__REPAIR_CUSTOMER_INFORMED__INIT);
			told->repair_order_id = TEXT("R1");
			add(h, "repair.customer.informed", &told->base,
				base + chance(h, 90 * DAY_US), 1, "/s1");
		}
		delay(h, 0);
		number(h);
		h->seed = (uint64_t)way;
		if (way > 0)
			shuffle(h);
		struct buffer bytes = told_book(h, way > 1, way > 2, SIZE_MAX);
		if (way == 0)
			first = bytes;
		else
			assert_same(&first, &bytes);
		if (way > 0)
			buffer_fini(&bytes);
		history_free(h);
	}
	buffer_fini(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_periods_are_equal),
		cmocka_unit_test(test_any_order_gives_the_same_book),
		cmocka_unit_test(test_over_the_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
