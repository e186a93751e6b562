#include "module/quality/measure/measure.h"

#include "teller.h"

#include "module/kit/people_inside.h"

static const int64_t base = INT64_C(1772294400) * 1000000; /* 2026-03-01 00:00 +08:00 */

static int64_t day(int64_t days)
{
	return base + days * DAY_US;
}

/* ---- What is told ---- */

static const char *event_id(void)
{
	static char ids[4096][8];
	static unsigned next;
	char *id = ids[next++ % 4096];
	(void)snprintf(id, sizeof(ids[0]), "e%u", next);
	return id;
}

static void receive(struct teller *teller, const char *order, const char *station,
	const char *serial, int64_t time_us, uint64_t customer)
{
	Carehub__V1__RepairOrderReceived message = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	message.repair_order_id = TEXT(order);
	where.station_id = TEXT(station);
	unit.model = TEXT("KDL");
	unit.serial_number = TEXT(serial);
	message.station = &where;
	message.unit = &unit;
	tell(teller, "repair.order.received", &message.base, time_us, event_id(), customer);
}

static void repair(struct teller *teller, const char *order, int64_t time_us)
{
	Carehub__V1__RepairOrderRepaired message = CAREHUB__V1__REPAIR_ORDER_REPAIRED__INIT;
	message.repair_order_id = TEXT(order);
	message.verdict = CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_FIXED;
	tell(teller, "repair.order.repaired", &message.base, time_us, event_id(), 0);
}

static void give_back(struct teller *teller, const char *order, int64_t time_us)
{
	Carehub__V1__RepairOrderReturned message = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	message.repair_order_id = TEXT(order);
	tell(teller, "repair.order.returned", &message.base, time_us, event_id(), 0);
}

static const struct repair_row *repair_row(const struct measures *m, enum cut cut, const char *name)
{
	for (size_t i = 0; i < m->repair[cut].count; i++) {
		if (slice_equal(m->repair[cut].rows[i].key.name, slice_text(name)))
			return &m->repair[cut].rows[i];
	}
	fail_msg("no row %s", name);
	return NULL;
}

/* ---- Repairs ---- */

static void test_usage(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", day(0), 10000001);
	repair(&teller, "R1", day(4)); /* exactly four days */
	give_back(&teller, "R1", day(5));
	receive(&teller, "R2", "S1", "A-2", day(1), 10000002);
	repair(&teller, "R2", day(5) + 1); /* and a microsecond more */
	give_back(&teller, "R2", day(20));
	receive(&teller, "R3", "S2", "a1", day(40), 10000001); /* R1's unit comes again */
	receive(&teller, "R4", "S2", "", day(2), 0);

	struct measures *m = report(&teller, day(0), day(31), day(160));
	const struct repair_row *all = repair_row(m, CUT_ALL, "");
	assert_int_equal(all->received, 3);
	assert_ratio(all->r14, 2, 3); /* R2 was open for 19 days, R4 is open */
	assert_ratio(all->r140, 1, 3);
	assert_ratio(all->four_day, 1, 2);
	assert_ratio(all->rr90, 1, 2);
	assert_int_equal(all->returned, 2);
	assert_int_equal(all->through.count, 2);
	assert_int_equal(all->through.sum_us, (5 + 19) * DAY_US);
	assert_int_equal(all->open, 2);
	assert_int_equal(all->open_by_age[AGE_BANDS - 1], 1);
	assert_int_equal(all->open_by_age[AGE_BANDS - 2], 1); /* 120 days */
	assert_int_equal(all->outcome[OUTCOME_FIXED], 2);
	assert_ratio(repair_row(m, CUT_STATION, "S1")->rr90, 1, 2);
	assert_int_equal(repair_row(m, CUT_STATION, "S2")->received, 1);
	assert_int_equal(repair_row(m, CUT_STATION, "S2")->open, 2);
	assert_int_equal(repair_row(m, CUT_MODEL, "KDL")->received, 3);
	assert_int_equal(repair_row(m, CUT_GROUP, "unknown")->received, 1);
	assert_int_equal(repair_row(m, CUT_GROUP, "new")->received, 2);
	assert_int_equal(m->repair[CUT_PERIOD].count, 1);
	assert_int_equal(m->repair[CUT_PERIOD].rows[0].key.period_us, day(0));
	assert_int_equal(m->open_repair_total, 2);
	assert_slice_text(m->open_repairs[0].repair_order_id, "R4");
	measures_free(m);
	teller_remove(&teller);
}

/* A report as of a day does not know what came after it. */
static void test_as_of(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", day(0), 0);
	give_back(&teller, "R1", day(10));
	receive(&teller, "R2", "S1", "A-1", day(99), 0);
	struct measures *m = report(&teller, day(0), day(31), day(9));
	assert_int_equal(repair_row(m, CUT_ALL, "")->open, 1);
	assert_int_equal(repair_row(m, CUT_ALL, "")->returned, 0);
	measures_free(m);
	/* RR90 says nothing before the ninety days have passed. */
	m = report(&teller, day(0), day(31), day(100) - 1);
	assert_int_equal(repair_row(m, CUT_ALL, "")->returned, 1);
	assert_ratio(repair_row(m, CUT_ALL, "")->rr90, 0, 0);
	measures_free(m);
	m = report(&teller, day(0), day(31), day(100));
	assert_ratio(repair_row(m, CUT_ALL, "")->rr90, 1, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void test_the_edge_of_ninety_days(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 0);
	give_back(&teller, "R1", day(0) + HOUR_US);
	receive(&teller, "R2", "S1", "A1", day(90) + HOUR_US + 1, 0); /* a microsecond late */
	receive(&teller, "R3", "S1", "B1", day(0), 0);
	give_back(&teller, "R3", day(1));
	receive(&teller, "R4", "S9", "b 1", day(91), 0);
	receive(&teller, "R5", "S1", "C1", day(0), 0); /* the repair itself is no visit */
	give_back(&teller, "R5", day(0));
	struct measures *m = report(&teller, day(0), day(31), day(200));
	assert_ratio(repair_row(m, CUT_ALL, "")->rr90, 1, 3);
	assert_ratio(repair_row(m, CUT_STATION, "S1")->rr90, 1, 3);
	measures_free(m);
	teller_remove(&teller);
}

static void test_filters_cross_the_cuts(void **state)
{
	struct teller teller;
	struct measures *m = NULL;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 10000001);
	receive(&teller, "R2", "S2", "A2", day(0), 10000002);
	const struct measure_request request = {.settings = &teller.settings,
		.from_us = day(0),
		.until_us = day(31),
		.as_of_us = day(31),
		.unit = PERIOD_WEEK,
		.station = slice_text("S2"),
		.group = slice_text("new")};
	assert_int_equal(measures_make(teller.txn, &request, &m), CH_OK);
	assert_int_equal(repair_row(m, CUT_ALL, "")->received, 1);
	assert_int_equal(m->repair[CUT_STATION].count, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void test_nothing_to_report(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	for (int cut = 0; cut < CUT_COUNT; cut++)
		assert_int_equal(m->repair[cut].count, 0);
	assert_int_equal(m->rank_count, 0);
	assert_int_equal(m->open_repair_total, 0);
	measures_free(m);
	teller_remove(&teller);
}

/* ---- Customer groups ---- */

static void level(struct teller *teller, uint64_t customer, const char *name, int64_t time_us)
{
	Carehub__V1__MarketingLevelChanged message = CAREHUB__V1__MARKETING_LEVEL_CHANGED__INIT;
	message.customer_number = customer;
	message.new_level = TEXT(name);
	tell(teller, "marketing.level.changed", &message.base, time_us, event_id(), customer);
}

static void test_groups(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 10000001);
	receive(&teller, "R2", "S1", "A1", day(364), 10000001);
	receive(&teller, "R3", "S1", "A1", day(365), 10000001);
	level(&teller, 10000001, "gold", day(366));
	receive(&teller, "R4", "S1", "A1", day(367), 10000001);
	level(&teller, 10000001, "silver", day(368));
	receive(&teller, "R5", "S1", "A1", day(369), 10000001);
	struct measures *m = report(&teller, day(0), day(400), day(400));
	assert_int_equal(repair_row(m, CUT_GROUP, "new")->received, 2);
	assert_int_equal(repair_row(m, CUT_GROUP, "long-standing")->received, 2);
	assert_int_equal(repair_row(m, CUT_GROUP, "high-value")->received, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void callback_done(struct teller *teller, const char *id, int64_t time_us, uint64_t customer)
{
	Carehub__V1__CallcenterCallbackDone done = CAREHUB__V1__CALLCENTER_CALLBACK_DONE__INIT;
	done.callback_id = TEXT(id);
	done.reason = CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_FOLLOW_UP;
	tell(teller, "callcenter.callback.done", &done.base, time_us, event_id(), customer);
}

/* Two numbers turn out to be one person: his facts were filed as they were, and count as his. */
static void test_merged_customers(void **state)
{
	struct teller teller;
	Carehub__V1__CustomerRecordMerged merged = CAREHUB__V1__CUSTOMER_RECORD_MERGED__INIT;
	Carehub__V1__CustomerRecordErased erased = CAREHUB__V1__CUSTOMER_RECORD_ERASED__INIT;
	struct feed_event event = {.sequence = 100, .message = &merged.base};
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 10000001);
	give_back(&teller, "R1", day(0));
	receive(&teller, "R2", "S1", "A2", day(400), 10000002);
	callback_done(&teller, "C1", day(61), 10000002);
	struct measures *m = report(&teller, day(0), day(500), day(500));
	assert_int_equal(m->callback[CUT_ALL].rows[0].done, 0);
	assert_int_equal(repair_row(m, CUT_GROUP, "new")->received, 2);
	measures_free(m);
	merged.customer_number = 10000001;
	merged.retired_number = 10000002;
	people_fold(teller.txn, &event);
	m = report(&teller, day(0), day(500), day(500));
	assert_int_equal(m->callback[CUT_ALL].rows[0].done, 1);
	assert_int_equal(repair_row(m, CUT_GROUP, "long-standing")->received, 1);
	measures_free(m);
	/* Erased: his repairs stay, and are nobody's. */
	erased.customer_number = 10000001;
	event.message = &erased.base;
	people_fold(teller.txn, &event);
	m = report(&teller, day(0), day(500), day(500));
	assert_int_equal(repair_row(m, CUT_GROUP, "unknown")->received, 2);
	assert_int_equal(m->callback[CUT_ALL].count, 0);
	assert_int_equal(m->notes.customers_erased > 0, 1);
	measures_free(m);
	teller_remove(&teller);
}

/* ---- Parts ---- */

struct part_line {
	const char *line;
	const char *part;
	int64_t quantity;
};

static void part(struct teller *teller, const char *type, const struct part_line *line,
	bool overseas, int64_t time_us)
{
	/* The four messages differ behind `parts` alone. */
	Carehub__V1__RepairPartRequested message = CAREHUB__V1__REPAIR_PART_REQUESTED__INIT;
	Carehub__V1__RepairPartBackordered late = CAREHUB__V1__REPAIR_PART_BACKORDERED__INIT;
	Carehub__V1__RepairPartArrived arrived = CAREHUB__V1__REPAIR_PART_ARRIVED__INIT;
	Carehub__V1__RepairPartCancelled cancelled = CAREHUB__V1__REPAIR_PART_CANCELLED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__Decimal quantity = CAREHUB__V1__DECIMAL__INIT;
	Carehub__V1__RepairPart told = CAREHUB__V1__REPAIR_PART__INIT;
	Carehub__V1__RepairPart *parts[] = {&told};
	where.station_id = TEXT("S1");
	told.line_id = TEXT(line->line);
	told.part_number = TEXT(line->part);
	quantity.unscaled = line->quantity;
	told.quantity = line->quantity != 0 ? &quantity : NULL;
	late.overseas = overseas ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	message.repair_order_id = late.repair_order_id = arrived.repair_order_id =
		cancelled.repair_order_id = TEXT("R1");
	message.station = late.station = arrived.station = cancelled.station = &where;
	message.parts = late.parts = arrived.parts = cancelled.parts = parts;
	message.n_parts = late.n_parts = arrived.n_parts = cancelled.n_parts = 1;
	const ProtobufCMessage *sent = &message.base;
	if (strcmp(type, "repair.part.backordered") == 0)
		sent = &late.base;
	if (strcmp(type, "repair.part.arrived") == 0)
		sent = &arrived.base;
	if (strcmp(type, "repair.part.cancelled") == 0)
		sent = &cancelled.base;
	tell(teller, type, sent, time_us, event_id(), 0);
}

static void test_supply(void **state)
{
	struct teller teller;
	const struct part_line lines[] = {
		{"1", "P1", 2}, {"2", "P1", 0}, {"3", "P2", 1}, {"4", "P3", 1}, {"5", "P4", 1}};
	const struct part_line half = {"1", "P1", 1};
	const struct part_line unnamed = {"", "P2", 1};
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 0);
	for (size_t i = 0; i < 5; i++)
		part(&teller, "repair.part.requested", &lines[i], false, day(1));
	part(&teller, "repair.part.arrived", &half, false, day(2));
	part(&teller, "repair.part.arrived", &half, false, day(5)); /* full on the fourth day */
	part(&teller, "repair.part.arrived", &lines[1], false, day(4));
	part(&teller, "repair.part.backordered", &lines[2], true, day(2));
	part(&teller, "repair.part.arrived", &unnamed, false, day(7)); /* sixth day */
	part(&teller, "repair.part.backordered", &lines[3], true, day(2));
	part(&teller, "repair.part.cancelled", &lines[4], false, day(2));
	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct supply_row *row = &m->supply[CUT_ALL].rows[0];
	assert_int_equal(row->requested, 5);
	assert_int_equal(row->cancelled, 1);
	assert_ratio(row->in_stock, 1, 2);
	assert_ratio(row->overseas, 1, 2);
	assert_int_equal(row->overseas_early, 0);
	assert_int_equal(row->open, 1);
	assert_int_equal(row->overdue, 1);
	assert_int_equal(row->stock_supply.sum_us, 7 * DAY_US);
	assert_int_equal(m->supply[CUT_PART].count, 4);
	assert_slice_text(m->supply[CUT_PART].rows[0].key.name, "P1");
	assert_int_equal(m->supply[CUT_PART].rows[0].requested, 2);
	measures_free(m);
	teller_remove(&teller);
}

static void test_parts_orders(void **state)
{
	struct teller teller;
	Carehub__V1__PartsOrderPlaced placed = CAREHUB__V1__PARTS_ORDER_PLACED__INIT;
	Carehub__V1__PartsOrderLine lines[3] = {CAREHUB__V1__PARTS_ORDER_LINE__INIT,
		CAREHUB__V1__PARTS_ORDER_LINE__INIT, CAREHUB__V1__PARTS_ORDER_LINE__INIT};
	Carehub__V1__PartItem item = CAREHUB__V1__PART_ITEM__INIT;
	Carehub__V1__PartsOrderLine *ordered[] = {&lines[0], &lines[1], &lines[2]};
	Carehub__V1__PartsGoodsReceived goods = CAREHUB__V1__PARTS_GOODS_RECEIVED__INIT;
	Carehub__V1__ReceiptLine receipt = CAREHUB__V1__RECEIPT_LINE__INIT;
	Carehub__V1__ReceiptLine *receipts[] = {&receipt};
	(void)state;
	teller_make(&teller);
	item.part_number = TEXT("P1");
	for (size_t i = 0; i < 3; i++)
		lines[i].item = &item;
	lines[0].line_id = TEXT("1");
	lines[1].line_id = TEXT("2");
	lines[2].line_id = TEXT("3");
	lines[2].repair_order_id = TEXT("R1"); /* that repair asks for it itself */
	placed.parts_order_id = TEXT("PO1");
	placed.station_id = TEXT("S7");
	placed.lines = ordered;
	placed.n_lines = 3;
	receipt.order_line_id = TEXT("2");
	receipt.item = &item;
	receipt.parts_order_id = TEXT("PO1");
	goods.lines = receipts;
	goods.n_lines = 1;
	tell(&teller, "parts.goods.received", &goods.base, day(3), event_id(), 0);
	tell(&teller, "parts.order.placed", &placed.base, day(1), event_id(), 0);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	assert_int_equal(m->supply[CUT_ALL].rows[0].requested, 2);
	assert_ratio(m->supply[CUT_ALL].rows[0].in_stock, 1, 2);
	assert_slice_text(m->supply[CUT_STATION].rows[0].key.name, "S7");
	measures_free(m);
	teller_remove(&teller);
}

/* ---- Hotline ---- */

static Carehub__V1__CallRef call_ref(const char *call, const char *queue, const char *group)
{
	Carehub__V1__CallRef ref = CAREHUB__V1__CALL_REF__INIT;
	ref.call_id = TEXT(call);
	ref.queue = TEXT(queue);
	ref.group = TEXT(group);
	ref.queue_call_id = TEXT(call);
	return ref;
}

static void answered(struct teller *teller, const char *call, int64_t end_us, int64_t wait_ms,
	int64_t talk_ms, uint64_t customer, Carehub__V1__Answer resolved)
{
	Carehub__V1__CallcenterCallCompleted message = CAREHUB__V1__CALLCENTER_CALL_COMPLETED__INIT;
	Carehub__V1__CallRef ref = call_ref(call, "q1", "notebooks");
	message.call = &ref;
	message.wait_ms = wait_ms;
	message.talk_ms = talk_ms;
	message.hold_ms = 1000;
	message.wrap_up_ms = 2000;
	message.resolved = resolved;
	tell(teller, "callcenter.call.completed", &message.base, end_us, event_id(), customer);
}

static void test_hotline(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCallQueued queued = CAREHUB__V1__CALLCENTER_CALL_QUEUED__INIT;
	Carehub__V1__CallcenterCallConnected connected =
		CAREHUB__V1__CALLCENTER_CALL_CONNECTED__INIT;
	Carehub__V1__CallcenterCallAbandoned abandoned =
		CAREHUB__V1__CALLCENTER_CALL_ABANDONED__INIT;
	Carehub__V1__CallcenterCallTimedout timedout = CAREHUB__V1__CALLCENTER_CALL_TIMEDOUT__INIT;
	Carehub__V1__CallRef first = call_ref("c1", "q1", "notebooks");
	Carehub__V1__CallRef second = call_ref("c2", "q1", "notebooks");
	Carehub__V1__CallRef third = call_ref("c3", "q1", "notebooks");
	Carehub__V1__CallRef third_next = call_ref("c3", "q2", "games");
	(void)state;
	teller_make(&teller);
	/* One call told live and at its end is one call; 10:00:10 +08:00. */
	queued.call = &first;
	connected.call = &first;
	connected.wait_ms = 8000;
	tell(&teller, "callcenter.call.queued", &queued.base, day(1) + 10 * HOUR_US + 2000000,
		event_id(), 0);
	tell(&teller, "callcenter.call.connected", &connected.base,
		day(1) + 10 * HOUR_US + 10000000, event_id(), 0);
	answered(&teller, "c1", day(1) + 10 * HOUR_US + 70000000, 8000, 60000, 10000001, 0);
	abandoned.call = &second;
	abandoned.wait_ms = 20000;
	tell(&teller, "callcenter.call.abandoned", &abandoned.base,
		day(1) + 11 * HOUR_US + 10000000, event_id(), 0); /* joined before eleven */
	/* Timed out in one queue, abandoned in the next: two offered calls. */
	timedout.call = &third;
	timedout.wait_ms = 30000;
	abandoned.call = &third_next;
	tell(&teller, "callcenter.call.timedout", &timedout.base, day(1), event_id(), 0);
	tell(&teller, "callcenter.call.abandoned", &abandoned.base, day(1) + 20000000, event_id(),
		0);

	struct measures *m = report(&teller, day(0), day(31), day(31));
	assert_int_equal(m->hotline[CUT_ALL].count, 2);
	const struct hotline_row *games = &m->hotline[CUT_ALL].rows[0];
	const struct hotline_row *row = &m->hotline[CUT_ALL].rows[1];
	assert_slice_text(games->key.name, "games");
	assert_int_equal(games->abandoned, 1);
	assert_slice_text(row->key.name, "notebooks");
	assert_int_equal(row->offered, 3);
	assert_int_equal(row->answered, 1);
	assert_int_equal(row->abandoned, 1);
	assert_int_equal(row->timed_out, 1);
	assert_int_equal(row->unfinished, 0);
	assert_int_equal(row->wait.sum_us, 8000000);
	assert_int_equal(row->handle.sum_us, 63000000);
	assert_ratio(row->first_contact, 1, 1);
	assert_int_equal(m->hotline_hours.count, 3);             /* one joined before midnight */
	assert_int_equal(m->hotline_hours.rows[1].key.hour, 10); /* notebooks at ten */
	assert_int_equal(m->hotline_hours.rows[1].offered, 2);
	measures_free(m);
	teller_remove(&teller);
}

static void test_first_contact(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCaseLogged logged = CAREHUB__V1__CALLCENTER_CASE_LOGGED__INIT;
	Carehub__V1__CallcenterCaseReopened reopened = CAREHUB__V1__CALLCENTER_CASE_REOPENED__INIT;
	(void)state;
	teller_make(&teller);
	answered(&teller, "a", day(1), 0, 1000, 1, 0); /* calls again: not resolved */
	answered(&teller, "b", day(5), 0, 1000, 1, 0); /* the repetition is no first contact */
	answered(&teller, "c", day(1), 0, 1000, 2, 0); /* once: resolved */
	answered(&teller, "d", day(1), 0, 1000, 3, CAREHUB__V1__ANSWER__ANSWER_NO);
	answered(&teller, "e", day(1), 0, 1000, 0, CAREHUB__V1__ANSWER__ANSWER_YES);
	answered(&teller, "f", day(1), 0, 1000, 0, 0);  /* nobody knows */
	answered(&teller, "g", day(1), 0, 1000, 4, 0);  /* its case comes back */
	answered(&teller, "h", day(27), 0, 1000, 5, 0); /* too early to say */
	logged.case_id = TEXT("K1");
	logged.call_id = TEXT("g");
	reopened.case_id = TEXT("K1");
	tell(&teller, "callcenter.case.reopened", &reopened.base, day(3), event_id(), 4);
	tell(&teller, "callcenter.case.logged", &logged.base, day(1), event_id(), 4);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct hotline_row *row = &m->hotline[CUT_ALL].rows[0];
	assert_int_equal(row->answered, 8);
	assert_ratio(row->first_contact, 2, 5);
	assert_int_equal(row->first_contact_unknown, 2);
	measures_free(m);
	teller_remove(&teller);
}

/* ---- Complaints ---- */

static void deadline(struct teller *teller, const char *type, const char *promise,
	const char *case_id, int64_t due_us, Carehub__V1__DeadlineState how, int64_t time_us)
{
	Carehub__V1__DeadlinePromiseSet set = CAREHUB__V1__DEADLINE_PROMISE_SET__INIT;
	Carehub__V1__DeadlinePromiseMissed missed = CAREHUB__V1__DEADLINE_PROMISE_MISSED__INIT;
	Carehub__V1__DeadlinePromiseCorrected corrected =
		CAREHUB__V1__DEADLINE_PROMISE_CORRECTED__INIT;
	Carehub__V1__DeadlineInfo info = CAREHUB__V1__DEADLINE_INFO__INIT;
	char id[64];
	(void)snprintf(id, sizeof(id), "%s/%s", promise, case_id);
	info.deadline_id = id;
	info.promise = TEXT(promise);
	info.subject_id = TEXT(case_id);
	info.due_time_us = due_us;
	info.state = how;
	set.deadline = missed.deadline = corrected.deadline = &info;
	missed.rung = 2;
	const ProtobufCMessage *message = &set.base;
	if (strcmp(type, "deadline.promise.missed") == 0)
		message = &missed.base;
	if (strcmp(type, "deadline.promise.corrected") == 0)
		message = &corrected.base;
	tell(teller, type, message, time_us, event_id(), 0);
}

static void test_complaints(void **state)
{
	struct teller teller;
	Carehub__V1__ComplaintFiled filed = CAREHUB__V1__COMPLAINT_FILED__INIT;
	Carehub__V1__AgentRef owner = CAREHUB__V1__AGENT_REF__INIT;
	Carehub__V1__AgentRef next = CAREHUB__V1__AGENT_REF__INIT;
	Carehub__V1__CallcenterCaseHanded handed = CAREHUB__V1__CALLCENTER_CASE_HANDED__INIT;
	Carehub__V1__CallcenterCaseAnswered said = CAREHUB__V1__CALLCENTER_CASE_ANSWERED__INIT;
	(void)state;
	teller_make(&teller);
	owner.agent_id = TEXT("wang");
	next.agent_id = TEXT("li");
	filed.complaint_id = TEXT("K1");
	filed.owner = &owner;
	tell(&teller, "website.complaint.filed", &filed.base, day(1), event_id(), 1);
	filed.complaint_id = TEXT("K2");
	tell(&teller, "callcenter.complaint.filed", &filed.base, day(2), event_id(), 2);
	handed.case_id = TEXT("K1");
	handed.to_owner = &next;
	handed.accepted = CAREHUB__V1__ANSWER__ANSWER_NO;
	tell(&teller, "callcenter.case.handed", &handed.base, day(1) + 1, event_id(), 0);
	/* K2 as the hub's clock has it: missed, and then a late event shows that it was kept. */
	deadline(&teller, "deadline.promise.corrected", "complaint.answer", "K2", day(4),
		CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MET, day(6));
	deadline(&teller, "deadline.promise.set", "complaint.answer", "K2", day(4),
		CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_RUNNING, day(2));
	deadline(&teller, "deadline.promise.missed", "complaint.answer", "K2", day(4),
		CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MISSED, day(4));
	said.case_id = TEXT("K2");
	tell(&teller, "callcenter.case.answered", &said.base, day(3), event_id(), 0);

	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct case_row *row = &m->complaint[CUT_ALL].rows[0];
	assert_int_equal(row->filed, 2);
	assert_ratio(row->answered_in_time, 1, 2);
	assert_ratio(row->acknowledged_in_time, 1, 2);
	assert_int_equal(row->said_missed, 1);
	assert_int_equal(row->said_corrected, 1);
	assert_int_equal(row->hand_overs, 0);
	assert_int_equal(row->to_answer.sum_us, DAY_US);
	assert_int_equal(m->open_case_total, 2);
	assert_slice_text(m->open_cases[0].case_id, "K1");
	assert_slice_text(m->open_cases[0].owner, "wang"); /* li has not taken it */
	assert_true(m->open_cases[0].answer_missed);
	assert_false(m->open_cases[1].answer_missed);
	assert_int_equal(m->promises.count, 1);
	assert_int_equal(m->promises.rows[0].met, 1);
	assert_int_equal(m->promises.rows[0].missed, 0);
	assert_int_equal(m->promises.rows[0].corrected, 1);
	assert_int_equal(m->promises.rows[0].rungs, 2);
	measures_free(m);

	handed.accepted = CAREHUB__V1__ANSWER__ANSWER_YES;
	tell(&teller, "callcenter.case.handed", &handed.base, day(1) + 2, event_id(), 0);
	m = report(&teller, day(0), day(31), day(31));
	assert_int_equal(m->complaint[CUT_ALL].rows[0].handed_over, 1);
	assert_slice_text(m->open_cases[0].owner, "li");
	assert_slice_text(m->open_cases[0].first_owner, "wang");
	assert_int_equal(m->open_cases[0].hand_overs, 1);
	measures_free(m);
	teller_remove(&teller);
}

/* ---- Appointments and call-backs ---- */

static void appointment(struct teller *teller, const char *id, int64_t start_us, const char *became)
{
	Carehub__V1__AppointmentMade made = CAREHUB__V1__APPOINTMENT_MADE__INIT;
	Carehub__V1__AppointmentKept kept = CAREHUB__V1__APPOINTMENT_KEPT__INIT;
	Carehub__V1__AppointmentMissed missed = CAREHUB__V1__APPOINTMENT_MISSED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	where.station_id = TEXT("S1");
	made.appointment_id = kept.appointment_id = missed.appointment_id = TEXT(id);
	made.start_time_us = start_us;
	made.end_time_us = start_us + 2 * HOUR_US;
	made.station = &where;
	kept.arrived_time_us = start_us + 3 * HOUR_US;
	missed.absent = strcmp(became, "customer") == 0
				? CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_CUSTOMER
				: CAREHUB__V1__ABSENT_PARTY__ABSENT_PARTY_STATION;
	tell(teller, "website.appointment.made", &made.base, start_us - DAY_US, event_id(), 1);
	if (strcmp(became, "kept") == 0)
		tell(teller, "repair.appointment.kept", &kept.base, start_us + 3 * HOUR_US,
			event_id(), 0);
	else if (became[0] != 0)
		tell(teller, "repair.appointment.missed", &missed.base, start_us + DAY_US,
			event_id(), 0);
}

static void test_appointments(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	appointment(&teller, "A1", day(2), "kept"); /* an hour behind its window */
	appointment(&teller, "A2", day(3), "station");
	appointment(&teller, "A3", day(4), "customer");
	appointment(&teller, "A4", day(5), "");
	appointment(&teller, "A5", day(30), ""); /* yesterday evening: news may come */
	appointment(&teller, "A6", day(32), "");
	struct measures *m = report(&teller, day(0), day(61), day(31));
	const struct appointment_row *row = &m->appointment[CUT_ALL].rows[0];
	assert_int_equal(row->due, 5);
	assert_int_equal(row->kept, 1);
	assert_int_equal(row->late, 1);
	assert_ratio(row->missed, 1, 5);
	assert_int_equal(row->missed_by_customer, 1);
	assert_int_equal(row->untold, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void test_callbacks(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(-1), 10000001);
	give_back(&teller, "R1", day(0)); /* 1 March */
	receive(&teller, "R2", "S1", "A2", day(-1), 0);
	give_back(&teller, "R2", day(0));                          /* nobody to be called */
	callback_done(&teller, "C1", day(31) + HOUR_US, 10000001); /* April's */
	/* Two years and a half on: 12 monthly, 4 quarterly ones. */
	struct measures *m = report(&teller, day(0), day(900), day(900));
	const struct callback_row *row = &m->callback[CUT_ALL].rows[0];
	assert_int_equal(row->due, 16);
	assert_int_equal(row->done, 1);
	assert_int_equal(row->missed, 15);
	assert_int_equal(row->open, 0);
	assert_int_equal(m->callback_due_total, 0);
	measures_free(m);
	/* 15 May: April's is done, May's is open. */
	m = report(&teller, day(0), day(75), day(75));
	assert_int_equal(m->callback[CUT_ALL].rows[0].due, 2);
	assert_int_equal(m->callback[CUT_ALL].rows[0].open, 1);
	assert_int_equal(m->callback_due_total, 1);
	assert_int_equal(m->callbacks_due[0].number, 2);
	assert_int_equal(m->callbacks_due[0].due_us, day(61));
	assert_slice_text(m->callbacks_due[0].repair_order_id, "R1");
	measures_free(m);
	/* Another service begins the round anew. */
	receive(&teller, "R3", "S1", "A1", day(40), 10000001);
	give_back(&teller, "R3", day(45));
	m = report(&teller, day(0), day(75), day(74));
	assert_int_equal(m->callback[CUT_ALL].rows[0].due, 1);
	assert_int_equal(m->callback_due_total, 0);
	measures_free(m);
	teller_remove(&teller);
}

static void test_planned_callbacks(void **state)
{
	struct teller teller;
	Carehub__V1__CallcenterCallbackScheduled planned =
		CAREHUB__V1__CALLCENTER_CALLBACK_SCHEDULED__INIT;
	Carehub__V1__CallcenterCallbackFailed failed =
		CAREHUB__V1__CALLCENTER_CALLBACK_FAILED__INIT;
	(void)state;
	teller_make(&teller);
	planned.due_time_us = day(3) + 10 * HOUR_US;
	for (const char *const *id = (const char *const[]){"C1", "C2", "C3", "C4", NULL};
		*id != NULL; id++) {
		planned.callback_id = TEXT(*id);
		tell(&teller, "callcenter.callback.scheduled", &planned.base, day(1), event_id(),
			7);
	}
	callback_done(&teller, "C1", day(4) - 1, 7);
	callback_done(&teller, "C2", day(4), 7);
	failed.callback_id = TEXT("C3");
	failed.given_up = CAREHUB__V1__ANSWER__ANSWER_YES;
	tell(&teller, "callcenter.callback.failed", &failed.base, day(3), event_id(), 7);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	const struct callback_row *row = &m->callback[CUT_ALL].rows[0];
	assert_int_equal(row->planned, 4);
	assert_int_equal(row->planned_done, 1);
	assert_int_equal(row->planned_late, 1);
	assert_int_equal(row->planned_given_up, 1);
	assert_int_equal(row->planned_overdue, 1);
	measures_free(m);
	teller_remove(&teller);
}

/* ---- Ranking ---- */

static void test_ranking(void **state)
{
	struct teller teller;
	char order[16];
	(void)state;
	teller_make(&teller);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(order, sizeof(order), "G%d", i);
		receive(&teller, order, "good", order, day(1), 0);
		give_back(&teller, order, day(2));
		(void)snprintf(order, sizeof(order), "B%d", i);
		receive(&teller, order, "bad", order, day(1), 0);
		give_back(&teller, order, day(i == 0 ? 22 : 3));
	}
	receive(&teller, "N1", "new", "N1", day(1), 0); /* too little to judge by */
	struct measures *m = report(&teller, day(0), day(31), day(200));
	assert_int_equal(m->rank_count, 3);
	assert_slice_text(m->ranking[0].station, "good");
	assert_int_equal(m->ranking[0].rank, 1);
	assert_int_equal(m->ranking[0].points, 100000000);
	assert_slice_text(m->ranking[1].station, "bad");
	/* R14 of 1 in 20 is at its floor: 0 of 20; RR90 is full: 15 of 15. */
	assert_int_equal(m->ranking[1].kpi[KPI_R14].points, 0);
	assert_int_equal(m->ranking[1].kpi[KPI_RR90].points, 100000000);
	assert_int_equal(m->ranking[1].kpi[KPI_SUPPLY].points, -1);
	assert_int_equal(m->ranking[1].points, 42857143); /* 1500 / 35 */
	assert_int_equal(m->ranking[2].rank, 0);
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_as_of),
		cmocka_unit_test(test_the_edge_of_ninety_days),
		cmocka_unit_test(test_filters_cross_the_cuts),
		cmocka_unit_test(test_nothing_to_report),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_merged_customers),
		cmocka_unit_test(test_supply),
		cmocka_unit_test(test_parts_orders),
		cmocka_unit_test(test_hotline),
		cmocka_unit_test(test_first_contact),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_appointments),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_planned_callbacks),
		cmocka_unit_test(test_ranking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
