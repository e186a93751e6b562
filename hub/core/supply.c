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
#include "base/decimal.h"
#include "base/text.h"
#include "core/core.h"
#include "wire/pbedit.h"

/* Numbers of SupplyOrder and SupplyLine, and of the events' messages. */
enum {
	ORDER_KEY = 1,
	ORDER_PLACED = 2,
	ORDER_CANCELLED = 3,
	ORDER_RECEIVED = 4,
	ORDER_LINES = 5,
	ORDER_AS_ONE = 6,
	ORDER_STATION = 7,

	LINE_ID = 1,
	LINE_ITEMS = 2,
	LINE_ORDERED = 3,
	LINE_RECEIVED = 4,
	LINE_BACKORDERED = 5,
	LINE_ENDED = 6,
	LINE_KNOWN = 7,

	TOLD_LINE_ID = 1, /* of all lines, but that a receipt's is its own */
	TOLD_ITEM = 2,
	TOLD_QUANTITY = 3,
	ANSWER_BACKORDERED = 6,
	RECEIPT_ORDER = 2,
	RECEIPT_LINE = 3,
	RECEIPT_ITEM = 4,
	RECEIPT_RECEIVED = 5,
	RECEIPT_ACCEPTED = 6,
	RECEIPT_DAMAGED = 7,
	RECEIPT_ORDERS = 8,

	ANSWER_YES = 1,
};

#define MILLION_DIGITS 6u
#define ALL_OF_IT      INT64_C(-1)

/* An article goes by the supplier's number, the buyer's, a GTIN; texts are cut, which both standards'
 * own limits never reach. */
#define ITEM_CODES 3u
#define CODE_BYTES 64u

struct item_codes {
	struct slice codes[ITEM_CODES];
	uint32_t count;
};

struct supply_line {
	struct slice id;
	struct item_codes item;
	int64_t ordered; /* millionths; 0: not told */
	int64_t received;
	int64_t backordered; /* or ALL_OF_IT */
	bool ended;
	bool known;
	bool taken; /* by a line of the event at hand */
};

struct supply {
	struct slice key;
	struct slice number; /* as the event calls it */
	struct slice record; /* as stored; empty: there is none yet */
	struct slice station;
	int64_t placed_us;
	int64_t cancelled_us;
	int64_t received_us;
	bool as_one;
	struct supply_line lines[LIMIT_SUPPLY_LINES];
	uint32_t count;
};

/* What has been promised, and which of the two promises something is owed for. */
struct owed {
	bool placed;
	bool near;
	bool far;
};

static struct slice supply_text(struct slice text)
{
	struct slice cut = text.len > CODE_BYTES ? slice_of(text.data, CODE_BYTES) : text;
	return cut.len == text.len ? text : slice_of(cut.data, text_utf8_prefix(cut));
}

static void item_add(struct item_codes *item, struct slice code)
{
	for (uint32_t i = 0; i < item->count; i++) {
		if (slice_equal(item->codes[i], code))
			return;
	}
	if (code.len > 0 && item->count < ITEM_CODES)
		item->codes[item->count++] = code;
}

static bool item_is(const struct item_codes *a, const struct item_codes *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		for (uint32_t k = 0; k < b->count; k++) {
			if (slice_equal(a->codes[i], b->codes[k]))
				return true;
		}
	}
	return false;
}

/* ---- The record ---- */

static void supply_read_line(struct slice encoded, struct supply *supply)
{
	struct pb_reader reader = pb_read(encoded);
	struct pb_field field;
	if (supply->count == LIMIT_SUPPLY_LINES)
		return; /* never written */
	struct supply_line *line = &supply->lines[supply->count++];
	*line = (struct supply_line){.known = false};
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case LINE_ID:
			line->id = pb_text_or_empty(&field);
			break;
		case LINE_ITEMS:
			item_add(&line->item, pb_text_or_empty(&field));
			break;
		case LINE_ORDERED:
			line->ordered = (int64_t)field.integer;
			break;
		case LINE_RECEIVED:
			line->received = (int64_t)field.integer;
			break;
		case LINE_BACKORDERED:
			line->backordered = (int64_t)field.integer;
			break;
		case LINE_ENDED:
			line->ended = field.integer == ANSWER_YES;
			break;
		case LINE_KNOWN:
			line->known = field.integer == ANSWER_YES;
			break;
		default:
			break;
		}
	}
}

static void supply_read(struct supply *supply)
{
	struct pb_reader reader = pb_read(supply->record);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case ORDER_PLACED:
			supply->placed_us = (int64_t)field.integer;
			break;
		case ORDER_CANCELLED:
			supply->cancelled_us = (int64_t)field.integer;
			break;
		case ORDER_RECEIVED:
			supply->received_us = (int64_t)field.integer;
			break;
		case ORDER_LINES:
			supply_read_line(field.bytes, supply);
			break;
		case ORDER_AS_ONE:
			supply->as_one = field.integer == ANSWER_YES;
			break;
		case ORDER_STATION:
			supply->station = pb_text_or_empty(&field);
			break;
		default:
			break;
		}
	}
}

static void supply_put_lines(const struct supply *supply, struct buffer *out)
{
	for (uint32_t i = 0; i < supply->count; i++) {
		const struct supply_line *line = &supply->lines[i];
		size_t at = pb_begin(out, ORDER_LINES);
		pb_put_bytes(out, LINE_ID, line->id);
		for (uint32_t k = 0; k < line->item.count; k++)
			pb_put_bytes(out, LINE_ITEMS, line->item.codes[k]);
		pb_put_int(out, LINE_ORDERED, line->ordered);
		pb_put_int(out, LINE_RECEIVED, line->received);
		pb_put_int(out, LINE_BACKORDERED, line->backordered);
		pb_put_uint(out, LINE_ENDED, line->ended ? ANSWER_YES : 0);
		pb_put_uint(out, LINE_KNOWN, line->known ? ANSWER_YES : 0);
		pb_end(out, at);
	}
}

/* What the event has changed of it. */
static void supply_store(struct ruling *ruling, const struct supply *supply)
{
	struct buffer partial = {0};
	struct buffer lines = {0};
	struct slice station = {NULL, 0};
	if (supply->record.len == 0)
		pb_put_bytes(&partial, ORDER_KEY, supply->key);
	record_put(supply->record, ORDER_PLACED, (uint64_t)supply->placed_us, &partial);
	record_put(supply->record, ORDER_CANCELLED, (uint64_t)supply->cancelled_us, &partial);
	record_put(supply->record, ORDER_RECEIVED, (uint64_t)supply->received_us, &partial);
	supply_put_lines(supply, &lines);
	if (!pbedit_same(supply->record, ORDER_LINES, buffer_slice(&lines)))
		buffer_append_slice(&partial, buffer_slice(&lines));
	record_put(supply->record, ORDER_AS_ONE, supply->as_one ? ANSWER_YES : 0, &partial);
	(void)pbedit_get_bytes(supply->record, ORDER_STATION, &station);
	if (!slice_equal(station, supply->station))
		pb_put_bytes(&partial, ORDER_STATION, supply->station);
	if (partial.status != CH_OK || lines.status != CH_OK)
		ruling->status = CH_NOMEM;
	else if (partial.len > 0)
		ruling_effect(ruling, &(struct effect){.op = EFFECT_RECORD_SET,
					      .kind = TABLE_SUPPLY,
					      .id = supply->key,
					      .value = buffer_slice(&partial)});
	buffer_fini(&partial);
	buffer_fini(&lines);
}

/* ---- What is owed ---- */

static void supply_owe_line(const struct supply_line *line, struct owed *owed)
{
	int64_t rest = line->ordered - line->received;
	if (line->ordered == 0) /* how many is not told: what comes is all */
		rest = line->received > 0 ? 0 : 1;
	if (!line->known || line->ended || rest <= 0)
		return;
	if (line->backordered != 0)
		owed->far = true;
	if (line->backordered != ALL_OF_IT && rest > line->backordered)
		owed->near = true;
}

static struct owed supply_owed(const struct supply *supply)
{
	struct owed owed = {.placed = supply->placed_us != 0};
	if (!owed.placed || supply->cancelled_us >= supply->placed_us)
		return owed;
	owed.near = supply->as_one && supply->received_us == 0;
	for (uint32_t i = 0; i < supply->count && !supply->as_one; i++)
		supply_owe_line(&supply->lines[i], &owed);
	return owed;
}

/* ---- What documents say ---- */

/* Millionths of a Decimal; false: it is not there, or does not fit. */
static bool supply_quantity(struct slice line, uint32_t number, int64_t *out_quantity)
{
	struct slice told;
	uint64_t unscaled = 0;
	uint64_t scale = 0;
	struct decimal value;
	if (!pbedit_get_bytes(line, number, &told))
		return false;
	(void)pbedit_get_uint(told, 1, &unscaled);
	(void)pbedit_get_uint(told, 2, &scale);
	value = (struct decimal){(int64_t)unscaled, (uint32_t)scale};
	if (value.unscaled < 0 || scale > DECIMAL_SCALE_MAX ||
		decimal_rescale(value, MILLION_DIGITS, &value) != CH_OK)
		return false;
	*out_quantity = value.unscaled;
	return true;
}

/* PartItem: part_number, gtin, buyer_part_number. */
static struct item_codes supply_item(struct slice line, uint32_t number)
{
	struct item_codes item = {.count = 0};
	struct slice told = {NULL, 0};
	(void)pbedit_get_bytes(line, number, &told);
	for (uint32_t i = 1; i <= ITEM_CODES; i++) {
		struct slice code = {NULL, 0};
		(void)pbedit_get_bytes(told, i, &code);
		item_add(&item, supply_text(code));
	}
	return item;
}

static struct slice supply_told(struct slice line, uint32_t number)
{
	struct slice text = {NULL, 0};
	(void)pbedit_get_bytes(line, number, &text);
	return supply_text(text);
}

static bool supply_is(
	const struct supply_line *line, struct slice id, const struct item_codes *item)
{
	if (id.len > 0 && line->id.len > 0)
		return slice_equal(id, line->id);
	return item_is(item, &line->item);
}

static bool supply_waits(const struct supply_line *line)
{
	return !line->ended && (line->ordered == 0 || line->received < line->ordered);
}

/* The line that is spoken of: of several of one article the first that waits; NULL: none. */
static struct supply_line *supply_find(
	struct supply *supply, struct slice id, const struct item_codes *item)
{
	struct supply_line *found = NULL;
	for (uint32_t i = 0; i < supply->count; i++) {
		struct supply_line *line = &supply->lines[i];
		if (line->taken || !supply_is(line, id, item))
			continue;
		if (supply_waits(line))
			return line;
		if (found == NULL)
			found = line;
	}
	return found;
}

/* ... or a new one, that nobody has told of yet.  NULL: there is no room, and the order is counted as one
 * from now on. */
static struct supply_line *supply_line(
	struct supply *supply, struct slice id, const struct item_codes *item)
{
	struct supply_line *line = supply_find(supply, id, item);
	if (line != NULL)
		return line;
	if (supply->as_one || supply->count == LIMIT_SUPPLY_LINES) {
		supply->as_one = true;
		supply->count = 0;
		return NULL;
	}
	line = &supply->lines[supply->count++];
	*line = (struct supply_line){.id = id, .item = *item};
	return line;
}

/* A change that has overtaken its order is the later word. */
static void supply_ordered(struct supply *supply, struct slice told, bool amended)
{
	struct slice id = supply_told(told, TOLD_LINE_ID);
	struct item_codes item = supply_item(told, TOLD_ITEM);
	struct supply_line *line = supply_line(supply, id, &item);
	int64_t quantity = 0;
	if (line == NULL)
		return;
	bool said = supply_quantity(told, TOLD_QUANTITY, &quantity);
	bool overtaken = !amended && line->known && supply->placed_us == 0;
	line->known = true;
	line->taken = true; /* two lines of one article are two */
	if (line->id.len == 0)
		line->id = id;
	for (uint32_t i = 0; i < item.count; i++)
		item_add(&line->item, item.codes[i]);
	if (quantity != 0 && !overtaken)
		line->ordered = quantity;
	if (amended)
		line->ended = said && quantity == 0;
}

static void supply_struck(struct supply *supply, struct slice id)
{
	const struct item_codes none = {.count = 0};
	struct supply_line *line = supply_line(supply, supply_text(id), &none);
	if (line != NULL)
		line->ended = true;
}

static void supply_backordered(struct supply *supply, struct slice told)
{
	struct item_codes item = supply_item(told, TOLD_ITEM);
	struct supply_line *line = supply_line(supply, supply_told(told, TOLD_LINE_ID), &item);
	int64_t quantity = 0;
	if (line == NULL)
		return;
	(void)supply_quantity(told, ANSWER_BACKORDERED, &quantity);
	line->backordered = quantity > 0 ? quantity : ALL_OF_IT;
	line->taken = true;
}

static void supply_end_all(struct supply *supply)
{
	for (uint32_t i = 0; i < supply->count; i++)
		supply->lines[i].ended = true;
}

/* What came and was good; what is damaged is still owed. */
static void supply_came(struct supply *supply, struct slice told)
{
	struct slice id = supply_told(told, RECEIPT_LINE);
	struct item_codes item = supply_item(told, RECEIPT_ITEM);
	int64_t quantity = 0;
	int64_t damaged = 0;
	if (id.len == 0 && item.count == 0) { /* it came, and no more is said */
		supply_end_all(supply);
		return;
	}
	struct supply_line *line = supply_find(supply, id, &item);
	/* What came for an order of one line is that line, whatever number it goes by. */
	if (line == NULL && supply->count == 1 && supply->lines[0].known)
		line = &supply->lines[0];
	if (line == NULL)
		line = supply_line(supply, id, &item);
	if (line == NULL)
		return;
	bool said = supply_quantity(told, RECEIPT_ACCEPTED, &quantity);
	if (!said && supply_quantity(told, RECEIPT_RECEIVED, &quantity)) {
		said = true;
		(void)supply_quantity(told, RECEIPT_DAMAGED, &damaged);
		quantity = quantity > damaged ? quantity - damaged : 0;
	}
	if (!said || __builtin_add_overflow(line->received, quantity, &line->received))
		line->ended = true;
}

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
