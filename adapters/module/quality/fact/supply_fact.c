#include "module/quality/fact/supply_fact.h"

#include "base/decimal.h"
#include "carehub/v1/parts.pb-c.h"
#include "carehub/v1/repair.pb-c.h"
#include "module/quality/quality_settings.h"

#define MILLION_DIGITS 6u

/* ---- Folding ---- */

struct supply_batch {
	const struct feed_event *event;
	struct mark items[LIMIT_FACT_MARKS];
	size_t count;
};

static void supply_start(struct supply_batch *batch, const struct feed_event *event)
{
	batch->event = event;
	batch->count = 0;
}

/* Millionths; what does not fit says nothing. */
static int64_t supply_quantity(const Carehub__V1__Decimal *told)
{
	struct decimal value;
	if (told == NULL || told->scale > DECIMAL_SCALE_MAX || told->unscaled <= 0)
		return 0;
	value = (struct decimal){told->unscaled, told->scale};
	return decimal_rescale(value, MILLION_DIGITS, &value) == CH_OK ? value.unscaled : 0;
}

static void supply_add(struct supply_batch *batch, unsigned kind, const char *station,
	const char *line, const char *part, const Carehub__V1__Decimal *quantity)
{
	if (batch->count == LIMIT_FACT_MARKS)
		return;
	struct mark *mark = &batch->items[batch->count];
	*mark = fact_mark(batch->event, kind);
	mark->item = (uint32_t)batch->count++;
	mark->texts[SUPPLY_STATION] = fact_text(station);
	mark->texts[SUPPLY_LINE] = fact_text(line);
	mark->texts[SUPPLY_PART] = fact_text(part);
	mark->numbers[SUPPLY_QUANTITY] = supply_quantity(quantity);
}

static const char *supply_item(const Carehub__V1__PartItem *item)
{
	if (item == NULL)
		return "";
	if (item->part_number[0] != 0)
		return item->part_number;
	return item->buyer_part_number[0] != 0 ? item->buyer_part_number : item->gtin;
}

static const char *supply_station(const Carehub__V1__StationRef *station)
{
	return station != NULL ? station->station_id : "";
}

static enum ch_status supply_put(struct book_txn *txn, enum fact_table table, const char *order,
	const struct supply_batch *batch)
{
	if (batch->count == 0)
		return CH_OK;
	return fact_put_named(txn, table, fact_text(order), batch->items, batch->count);
}

/* An order's number is its buyer's. */
static enum ch_status supply_put_order(struct book_txn *txn, const char *buyer, const char *order,
	const struct supply_batch *batch)
{
	struct buffer name = {0};
	if (buyer[0] == 0)
		return supply_put(txn, FACT_ORDERS, order, batch);
	buffer_append_text(&name, buyer);
	buffer_append_text(&name, "/");
	buffer_append_text(&name, order);
	buffer_append_byte(&name, 0);
	enum ch_status status = name.status;
	if (status == CH_OK)
		status = supply_put(txn, FACT_ORDERS, (const char *)name.data, batch);
	buffer_fini(&name);
	return status;
}

/* The four events of a repair's parts have the same shape. */
#define SUPPLY_FOLD_REPAIR(name, Message, mark_kind, overseas)                                     \
	static enum ch_status supply_fold_##name(                                                  \
		void *self, struct book_txn *txn, const struct feed_event *event)                  \
	{                                                                                          \
		const Carehub__V1__##Message *told = (const void *)event->message;                 \
		struct supply_batch batch;                                                         \
		(void)self;                                                                        \
		supply_start(&batch, event);                                                       \
		for (size_t i = 0; i < told->n_parts; i++)                                         \
			supply_add(&batch, mark_kind, supply_station(told->station),               \
				told->parts[i]->line_id, told->parts[i]->part_number,              \
				told->parts[i]->quantity);                                         \
		for (size_t i = 0; i < batch.count; i++)                                           \
			batch.items[i].numbers[SUPPLY_OVERSEAS] = (overseas);                      \
		return supply_put(txn, FACT_REPAIRS, told->repair_order_id, &batch);               \
	}

SUPPLY_FOLD_REPAIR(requested, RepairPartRequested, SUPPLY_REQUESTED, 0)
SUPPLY_FOLD_REPAIR(arrived, RepairPartArrived, SUPPLY_ARRIVED, 0)
SUPPLY_FOLD_REPAIR(cancelled, RepairPartCancelled, SUPPLY_CANCELLED, 0)
SUPPLY_FOLD_REPAIR(backordered, RepairPartBackordered, SUPPLY_BACKORDERED,
	told->overseas == CAREHUB__V1__ANSWER__ANSWER_YES)

static void supply_add_order_lines(struct supply_batch *batch, const char *station,
	Carehub__V1__PartsOrderLine *const *lines, size_t count, bool amended)
{
	for (size_t i = 0; i < count; i++) {
		const Carehub__V1__PartsOrderLine *line = lines[i];
		bool struck_off =
			amended && line->quantity != NULL && line->quantity->unscaled == 0;
		if (line->repair_order_id[0] == 0)
			supply_add(batch, struck_off ? SUPPLY_CANCELLED : SUPPLY_REQUESTED, station,
				line->line_id, supply_item(line->item), line->quantity);
	}
}

static enum ch_status supply_fold_placed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__PartsOrderPlaced *placed = (const void *)event->message;
	struct supply_batch batch;
	(void)self;
	supply_start(&batch, event);
	supply_add_order_lines(&batch, placed->station_id, placed->lines, placed->n_lines, false);
	return supply_put_order(txn, placed->buyer_id, placed->parts_order_id, &batch);
}

static enum ch_status supply_fold_amended(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__PartsOrderAmended *amended = (const void *)event->message;
	struct supply_batch batch;
	(void)self;
	supply_start(&batch, event);
	supply_add_order_lines(&batch, "", amended->lines, amended->n_lines, true);
	return supply_put_order(txn, amended->buyer_id, amended->parts_order_id, &batch);
}

static enum ch_status supply_fold_order_cancelled(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__PartsOrderCancelled *cancelled = (const void *)event->message;
	struct supply_batch batch;
	(void)self;
	supply_start(&batch, event);
	for (size_t i = 0; i < cancelled->n_line_ids; i++)
		supply_add(&batch, SUPPLY_CANCELLED, "", cancelled->line_ids[i], "", NULL);
	if (cancelled->n_line_ids == 0)
		supply_add(&batch, SUPPLY_CANCELLED, "", "", "", NULL);
	return supply_put_order(txn, cancelled->buyer_id, cancelled->parts_order_id, &batch);
}

static enum ch_status supply_fold_order_backordered(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__PartsOrderBackordered *backordered = (const void *)event->message;
	struct supply_batch batch;
	(void)self;
	supply_start(&batch, event);
	for (size_t i = 0; i < backordered->n_lines; i++)
		supply_add(&batch, SUPPLY_BACKORDERED, "", backordered->lines[i]->line_id,
			supply_item(backordered->lines[i]->item), NULL);
	for (size_t i = 0; i < batch.count; i++)
		batch.items[i].numbers[SUPPLY_OVERSEAS] =
			backordered->overseas == CAREHUB__V1__ANSWER__ANSWER_YES;
	return supply_put_order(txn, backordered->buyer_id, backordered->parts_order_id, &batch);
}

/* Each line goes to the order, or the repair, that it names. */
static enum ch_status supply_fold_received(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__PartsGoodsReceived *received = (const void *)event->message;
	enum ch_status status = CH_OK;
	(void)self;
	for (size_t i = 0; i < received->n_lines && status == CH_OK; i++) {
		const Carehub__V1__ReceiptLine *line = received->lines[i];
		const char *order = line->parts_order_id;
		bool repair = line->repair_order_id[0] != 0;
		struct supply_batch batch;
		supply_start(&batch, event);
		if (order[0] == 0 && received->n_parts_order_ids == 1)
			order = received->parts_order_ids[0];
		if (!repair && order[0] == 0)
			continue;
		supply_add(&batch, SUPPLY_ARRIVED, received->station_id,
			repair ? "" : line->order_line_id, supply_item(line->item),
			line->accepted_quantity != NULL ? line->accepted_quantity
							: line->received_quantity);
		batch.items[0].item = (uint32_t)i;
		if (repair)
			status = supply_put(txn, FACT_REPAIRS, line->repair_order_id, &batch);
		else
			status = supply_put_order(txn, received->buyer_id, order, &batch);
	}
	return status;
}

static const struct module_fold supply_folds[] = {
	{"repair.part.requested", supply_fold_requested},
	{"repair.part.arrived", supply_fold_arrived},
	{"repair.part.cancelled", supply_fold_cancelled},
	{"repair.part.backordered", supply_fold_backordered},
	{"parts.order.placed", supply_fold_placed},
	{"parts.order.amended", supply_fold_amended},
	{"parts.order.cancelled", supply_fold_order_cancelled},
	{"parts.order.backordered", supply_fold_order_backordered},
	{"parts.goods.received", supply_fold_received},
};

const struct module_part supply_part = {
	.name = "supply",
	.folds = supply_folds,
	.fold_count = sizeof(supply_folds) / sizeof(*supply_folds),
};

/* ---- The fact ---- */

static bool supply_is_of(const struct supply_fact *line, const struct mark *mark)
{
	struct slice id = mark->texts[SUPPLY_LINE];
	if (id.len > 0 && line->line.len > 0)
		return slice_equal(id, line->line);
	return slice_equal(mark->texts[SUPPLY_PART], line->part);
}

/* The line that a mark speaks of; of several for the same part the first that still waits. */
static struct supply_fact *supply_find(
	struct supply_fact *lines, size_t count, const struct mark *mark)
{
	struct supply_fact *found = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!supply_is_of(&lines[i], mark))
			continue;
		if (lines[i].arrived == NULL && lines[i].cancelled == NULL)
			return &lines[i];
		found = &lines[i];
	}
	return found;
}

static void supply_arrive(struct supply_fact *line, const struct mark *mark)
{
	int64_t quantity = mark->numbers[SUPPLY_QUANTITY];
	bool full = quantity == 0 || line->quantity == 0;
	if (line->arrived != NULL)
		return;
	if (!full &&
		__builtin_add_overflow(line->arrived_quantity, quantity, &line->arrived_quantity))
		full = true;
	if (full || line->arrived_quantity >= line->quantity)
		line->arrived = mark;
}

static void supply_apply(struct supply_fact *line, const struct mark *mark)
{
	switch (mark->kind) {
	case SUPPLY_BACKORDERED:
		line->backordered = true;
		line->overseas |= mark->numbers[SUPPLY_OVERSEAS] != 0;
		break;
	case SUPPLY_ARRIVED:
		supply_arrive(line, mark);
		break;
	case SUPPLY_CANCELLED:
		if (line->arrived == NULL)
			line->cancelled = mark;
		break;
	default:
		break;
	}
}

static void supply_request(struct supply_fact *lines, size_t *count, const struct mark *mark)
{
	struct supply_fact *line = NULL;
	/* Without a line's number every request is one of its own. */
	if (mark->texts[SUPPLY_LINE].len > 0)
		line = supply_find(lines, *count, mark);
	if (line != NULL && slice_equal(line->line, mark->texts[SUPPLY_LINE])) {
		if (mark->numbers[SUPPLY_QUANTITY] != 0)
			line->quantity = mark->numbers[SUPPLY_QUANTITY];
	} else if (*count < SUPPLY_LINES_MAX) {
		line = &lines[(*count)++];
		*line = (struct supply_fact){
			.line = mark->texts[SUPPLY_LINE],
			.part = mark->texts[SUPPLY_PART],
			.requested_us = mark->moment_us,
			.quantity = mark->numbers[SUPPLY_QUANTITY],
			.requested = mark,
		};
	} else {
		return;
	}
	if (mark->texts[SUPPLY_STATION].len > 0)
		line->station = mark->texts[SUPPLY_STATION];
}

size_t supply_facts_make(const struct marks *marks, struct supply_fact lines[SUPPLY_LINES_MAX])
{
	size_t count = 0;
	/* Requests first: an arrival may carry an earlier time than its request where clocks differ. */
	for (size_t i = 0; i < marks->count; i++) {
		if (marks->items[i].kind == SUPPLY_REQUESTED)
			supply_request(lines, &count, &marks->items[i]);
	}
	for (size_t i = 0; i < marks->count && count > 0; i++) {
		const struct mark *mark = &marks->items[i];
		struct supply_fact *line = NULL;
		if (mark->kind < SUPPLY_BACKORDERED || mark->kind > SUPPLY_CANCELLED)
			continue;
		if (mark->kind == SUPPLY_CANCELLED && mark->texts[SUPPLY_LINE].len == 0 &&
			mark->texts[SUPPLY_PART].len == 0) {
			for (size_t k = 0; k < count; k++)
				supply_apply(&lines[k], mark);
			continue;
		}
		line = supply_find(lines, count, mark);
		if (line != NULL)
			supply_apply(line, mark);
	}
	return count;
}

int64_t supply_took_us(const struct supply_fact *line, int64_t as_of_us)
{
	int64_t until_us = line->arrived != NULL ? line->arrived->moment_us : as_of_us;
	return until_us > line->requested_us ? until_us - line->requested_us : 0;
}

int64_t supply_promise_us(const struct supply_fact *line, const struct quality_settings *settings)
{
	return (line->overseas ? settings->overseas_ms : settings->stock_ms) * 1000;
}
