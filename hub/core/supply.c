/* Parts ordered between firms: what was ordered, what came, and what is owed.
 *
 *     order.supply      runs while a line is owed that is in stock
 *     order.overseas    runs while a line is owed that is on back-order
 *
 * Warehouses deliver in parts: half of a line today, the rest next week.  So an order is a record of its
 * lines, and a promise is met when the last of its lines has come, and falls away when the last of them is
 * given up or put on back-order.  Quantities of one line add up, in whatever order the documents arrive;
 * goods that come before their order are kept for it.
 *
 * An order number is the buyer's: two stations may both have an order 1001. */
#include "core/supply.h"
#include "wire/pbedit.h"

/* Numbers of a receipt. */
enum { RECEIPT_ORDER = 2, RECEIPT_ORDERS = 8 };

/* ---- One order ---- */

/* "BUYER/NUMBER" under the peer's scope, in the arena; empty when it is too long. */
static struct slice supply_key(struct ruling *ruling, struct slice buyer, struct slice number)
{
	if (buyer.len == 0 || number.len == 0)
		return linked_key(ruling, number);
	uint8_t *p = arena_alloc(&ruling->core->arena, buyer.len + 1 + number.len);
	if (p == NULL) {
		ruling->status = CH_NOMEM;
		return (struct slice){NULL, 0};
	}
	memcpy(p, buyer.data, buyer.len);
	p[buyer.len] = '/';
	memcpy(p + buyer.len + 1, number.data, number.len);
	return linked_key(ruling, slice_of(p, buyer.len + 1 + number.len));
}

static struct deadline_step supply_step(
	const struct supply *supply, enum promise promise, enum deadline_op op)
{
	return (struct deadline_step){.promise = promise,
		.op = op,
		.subject = supply->number,
		.record = supply->key,
		.station = supply->station,
		.placed = true,
		.counted = true};
}

static void supply_begin(struct ruling *ruling, const struct supply *supply, enum promise promise)
{
	struct deadline_step step = supply_step(supply, promise, DEADLINE_SET);
	deadline_do(ruling, &step);
}

/* Goods, or the word that they are off, have been quicker than the order. */
static void supply_begin_ended(struct ruling *ruling, const struct supply *supply, struct owed now)
{
	struct deadline_step step = supply_step(supply, PROMISE_ORDER_SUPPLY, DEADLINE_SET);
	if (supply->cancelled_us < supply->placed_us && !now.far)
		step.done_us = supply->received_us;
	step.gone = step.done_us == 0;
	deadline_do(ruling, &step);
}

/* A promise whose last line is owed no more was met by goods, and fell away by anything else. */
static void supply_end(struct ruling *ruling, const struct supply *supply, enum promise promise)
{
	bool came = ruling->rules->supply == SUPPLY_RECEIVED;
	struct deadline_step step =
		supply_step(supply, promise, came ? DEADLINE_MEET : DEADLINE_CANCEL);
	if (came)
		step.done_us = supply->received_us;
	deadline_do(ruling, &step);
}

static void supply_judge(struct ruling *ruling, const struct supply *supply, struct owed before)
{
	struct owed now = supply_owed(supply);
	if (now.near && !before.near)
		supply_begin(ruling, supply, PROMISE_ORDER_SUPPLY);
	else if (now.placed && !before.placed)
		supply_begin_ended(ruling, supply, now);
	else if (before.near && !now.near)
		supply_end(ruling, supply, PROMISE_ORDER_SUPPLY);
	if (ruling->status != CH_OK)
		return;
	if (now.far && !before.far)
		supply_begin(ruling, supply, PROMISE_ORDER_OVERSEAS);
	else if (before.far && !now.far)
		supply_end(ruling, supply, PROMISE_ORDER_OVERSEAS);
}

/* The receipt's line is of that order when it says so, or when the receipt is of one order alone. */
static bool supply_is_of(struct slice line, struct slice number, struct slice only)
{
	struct slice told = {NULL, 0};
	if (!pbedit_get_bytes(line, RECEIPT_ORDER, &told) || told.len == 0)
		told = only;
	return slice_equal(told, number);
}

static void supply_take_received(
	struct ruling *ruling, struct supply *supply, uint32_t lines_field, struct slice only)
{
	struct pb_reader reader = pb_read(ruling->parts.data);
	struct pb_field field;
	bool any = false;
	while (pb_next(&reader, &field)) {
		if (field.number != lines_field || field.wire != PB_LEN ||
			!supply_is_of(field.bytes, supply->number, only))
			continue;
		any = true;
		supply_came(supply, field.bytes);
	}
	if (!any)
		supply_end_all(supply);
	if (ruling->occurred_us > supply->received_us)
		supply->received_us = ruling->occurred_us;
}

static void supply_take_lines(struct ruling *ruling, struct supply *supply, uint32_t lines_field)
{
	struct pb_reader reader = pb_read(ruling->parts.data);
	struct pb_field field;
	enum supply_act act = ruling->rules->supply;
	bool any = false;
	while (pb_next(&reader, &field)) {
		if (field.number != lines_field || field.wire != PB_LEN)
			continue;
		any = true;
		if (act == SUPPLY_PLACED || act == SUPPLY_AMENDED)
			supply_ordered(supply, field.bytes, act == SUPPLY_AMENDED);
		else if (act == SUPPLY_CANCELLED)
			supply_struck(supply, field.bytes);
		else
			supply_backordered(supply, field.bytes);
	}
	if (act == SUPPLY_PLACED && !any)
		supply->as_one = true;
	if (act == SUPPLY_PLACED && ruling->occurred_us > supply->placed_us)
		supply->placed_us = ruling->occurred_us;
	if (act == SUPPLY_CANCELLED && !any && ruling->occurred_us > supply->cancelled_us)
		supply->cancelled_us = ruling->occurred_us;
}

static const struct {
	uint32_t lines;
	uint32_t buyer;
} numbers[] = {
	[SUPPLY_PLACED] = {6, 14},
	[SUPPLY_AMENDED] = {4, 8},
	[SUPPLY_CANCELLED] = {3, 6},
	[SUPPLY_BACKORDERED] = {2, 7},
	[SUPPLY_RECEIVED] = {5, 9},
};

static void supply_order(struct ruling *ruling, struct slice number, struct slice only)
{
	enum supply_act act = ruling->rules->supply;
	const struct path buyer = {.numbers = {numbers[act].buyer}, .count = 1};
	static const struct path station = {.numbers = {4}, .count = 1};
	struct slice key = supply_key(ruling, path_bytes(&buyer, &ruling->parts), number);
	struct supply *supply = arena_alloc(&ruling->core->arena, sizeof(*supply));
	if (supply == NULL)
		ruling->status = CH_NOMEM;
	if (key.len == 0 || supply == NULL)
		return;
	memset(supply, 0, sizeof(*supply));
	supply->key = key;
	supply->number = number;
	supply->record = linked_get(ruling, TABLE_SUPPLY, key);
	if (ruling->status != CH_OK)
		return;
	supply_read(supply);
	struct owed before = supply_owed(supply);
	if (act == SUPPLY_RECEIVED)
		supply_take_received(ruling, supply, numbers[act].lines, only);
	else
		supply_take_lines(ruling, supply, numbers[act].lines);
	if (act == SUPPLY_PLACED && path_bytes(&station, &ruling->parts).len > 0)
		supply->station = supply_text(path_bytes(&station, &ruling->parts));
	supply_store(ruling, supply);
	supply_judge(ruling, supply, before);
}

/* ---- One event ---- */

/* The orders that a receipt names, each once; `only`: the one named at its head, if it is one alone. */
static uint32_t supply_orders(const struct ruling *ruling, struct slice orders[LIMIT_SUPPLY_ORDERS],
	struct slice *out_only)
{
	struct pb_reader reader = pb_read(ruling->parts.data);
	struct pb_field field;
	uint32_t count = 0;
	uint32_t heads = 0;
	while (pb_next(&reader, &field) && count < LIMIT_SUPPLY_ORDERS) {
		struct slice number = {NULL, 0};
		uint32_t at = 0;
		if (field.wire != PB_LEN)
			continue;
		if (field.number == RECEIPT_ORDERS && heads++ == 0)
			*out_only = field.bytes;
		if (field.number == RECEIPT_ORDERS)
			number = field.bytes;
		else if (field.number == numbers[SUPPLY_RECEIVED].lines)
			(void)pbedit_get_bytes(field.bytes, RECEIPT_ORDER, &number);
		while (at < count && !slice_equal(orders[at], number))
			at++;
		if (number.len > 0 && at == count)
			orders[count++] = number;
	}
	if (heads != 1)
		*out_only = (struct slice){NULL, 0};
	return count;
}

void supply_apply(struct ruling *ruling)
{
	static const struct path number = {.numbers = {1}, .count = 1};
	struct slice orders[LIMIT_SUPPLY_ORDERS];
	struct slice only = {NULL, 0};
	uint32_t count = 1;
	if (ruling->rules->supply == SUPPLY_RECEIVED)
		count = supply_orders(ruling, orders, &only);
	else
		orders[0] = path_bytes(&number, &ruling->parts);
	for (uint32_t i = 0; i < count && ruling->status == CH_OK; i++)
		supply_order(ruling, orders[i], only);
}
