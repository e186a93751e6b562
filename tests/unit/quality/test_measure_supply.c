#include "module/quality/measure/measure.h"

#include "orders.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supply),
		cmocka_unit_test(test_parts_orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
