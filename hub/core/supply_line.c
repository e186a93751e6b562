/* What documents between firms say of an order's lines. */
#include "base/decimal.h"
#include "base/text.h"
#include "core/supply.h"
#include "wire/pbedit.h"

/* Numbers of the events' lines. */
enum {
	TOLD_LINE_ID = 1, /* of all lines, but that a receipt's is its own */
	TOLD_ITEM = 2,
	TOLD_QUANTITY = 3,
	ANSWER_BACKORDERED = 6,
	RECEIPT_LINE = 3,
	RECEIPT_ITEM = 4,
	RECEIPT_RECEIVED = 5,
	RECEIPT_ACCEPTED = 6,
	RECEIPT_DAMAGED = 7,
};

#define MILLION_DIGITS 6u

struct slice supply_text(struct slice text)
{
	struct slice cut = text.len > ITEM_CODE_BYTES ? slice_of(text.data, ITEM_CODE_BYTES) : text;
	return cut.len == text.len ? text : slice_of(cut.data, text_utf8_prefix(cut));
}

void supply_item_add(struct item_codes *item, struct slice code)
{
	for (uint32_t i = 0; i < item->count; i++) {
		if (slice_equal(item->codes[i], code))
			return;
	}
	if (code.len > 0 && item->count < ITEM_CODES)
		item->codes[item->count++] = code;
}

static bool supply_item_is(const struct item_codes *a, const struct item_codes *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		for (uint32_t k = 0; k < b->count; k++) {
			if (slice_equal(a->codes[i], b->codes[k]))
				return true;
		}
	}
	return false;
}

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
		supply_item_add(&item, supply_text(code));
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
	return supply_item_is(item, &line->item);
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
void supply_ordered(struct supply *supply, struct slice told, bool amended)
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
		supply_item_add(&line->item, item.codes[i]);
	if (quantity != 0 && !overtaken)
		line->ordered = quantity;
	if (amended)
		line->ended = said && quantity == 0;
}

void supply_struck(struct supply *supply, struct slice id)
{
	const struct item_codes none = {.count = 0};
	struct supply_line *line = supply_line(supply, supply_text(id), &none);
	if (line != NULL)
		line->ended = true;
}

void supply_backordered(struct supply *supply, struct slice told)
{
	struct item_codes item = supply_item(told, TOLD_ITEM);
	struct supply_line *line = supply_line(supply, supply_told(told, TOLD_LINE_ID), &item);
	int64_t quantity = 0;
	if (line == NULL)
		return;
	(void)supply_quantity(told, ANSWER_BACKORDERED, &quantity);
	line->backordered = quantity > 0 ? quantity : SUPPLY_ALL_OF_IT;
	line->taken = true;
}

void supply_end_all(struct supply *supply)
{
	for (uint32_t i = 0; i < supply->count; i++)
		supply->lines[i].ended = true;
}

/* What came and was good; what is damaged is still owed. */
void supply_came(struct supply *supply, struct slice told)
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
