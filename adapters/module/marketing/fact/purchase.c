#include "module/marketing/fact/purchase.h"

#include <stdlib.h>

#include "base/limits.h"
#include "wire/pb.h"

/* Numbers of the stored form; docs/marketing.md has the table. */
enum {
	PURCHASE_PART = 1,
	PURCHASE_TWIN = 2,
	PURCHASE_HELD_BY = 3,
	PURCHASE_HELD_TIME = 4,
	PURCHASE_LABEL = 5,
	PART_KIND = 1,
	PART_STAMP = 2,
	PART_FILED = 3,
	PART_SEQUENCE = 4,
	PART_TIME = 5,
	PART_CURRENCY = 6,
	PART_DISCOUNT = 7,
	PART_MONEY_BACK = 8,
	PART_TAKER = 9,
	PART_LINE = 10,
	PART_NUMBER = 11,
	LINE_ID = 1,
	LINE_PRODUCT = 2,
	LINE_CATEGORY = 3,
	LINE_BRAND = 4,
	LINE_SERIAL = 5,
	LINE_QUANTITY = 6,
	LINE_MONEY = 7,
	LINE_IS_BACK = 8,
	REST_MONEY = 1,
	REST_CURRENCY = 2,
	REST_COUNTS = 3,
	REST_LINE = 4,
	REST_LABEL = 5,
};

/* ---- Stored form ---- */

static void line_write(const struct purchase_line *line, uint32_t number, struct buffer *out)
{
	size_t mark = pb_begin(out, number);
	pb_put_bytes(out, LINE_ID, line->id);
	pb_put_bytes(out, LINE_PRODUCT, line->product);
	pb_put_bytes(out, LINE_CATEGORY, line->category);
	pb_put_bytes(out, LINE_BRAND, line->brand);
	pb_put_bytes(out, LINE_SERIAL, line->serial);
	pb_put_int(out, LINE_QUANTITY, line->quantity);
	pb_put_int(out, LINE_MONEY, line->money);
	pb_put_bool(out, LINE_IS_BACK, line->back);
	pb_end(out, mark);
}

static enum ch_status line_read(struct slice bytes, struct purchase_line *line)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	*line = (struct purchase_line){0};
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case LINE_ID:
			line->id = field.bytes;
			break;
		case LINE_PRODUCT:
			line->product = field.bytes;
			break;
		case LINE_CATEGORY:
			line->category = field.bytes;
			break;
		case LINE_BRAND:
			line->brand = field.bytes;
			break;
		case LINE_SERIAL:
			line->serial = field.bytes;
			break;
		case LINE_QUANTITY:
			line->quantity = (int64_t)field.integer;
			break;
		case LINE_MONEY:
			line->money = (int64_t)field.integer;
			break;
		case LINE_IS_BACK:
			line->back = field.integer != 0;
			break;
		default:
			break;
		}
	}
	return reader.status == CH_OK ? CH_OK : CH_CORRUPT;
}

/* How many fields of that number there are. */
static uint32_t count_fields(struct slice bytes, uint32_t number)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	uint32_t count = 0;
	while (pb_next(&reader, &field))
		count += field.number == number;
	return count;
}

static void part_write(const struct purchase_part *part, struct buffer *out)
{
	size_t mark = pb_begin(out, PURCHASE_PART);
	pb_put_uint(out, PART_KIND, part->kind);
	pb_put_bytes(out, PART_STAMP, slice_of(part->stamp.bytes, STAMP_BYTES));
	pb_put_uint(out, PART_FILED, part->filed);
	pb_put_uint(out, PART_SEQUENCE, part->sequence);
	pb_put_int(out, PART_TIME, part->time_us);
	pb_put_bytes(out, PART_CURRENCY, part->currency);
	pb_put_int(out, PART_DISCOUNT, part->discount);
	pb_put_int(out, PART_MONEY_BACK, part->money_back);
	if (part->kind >= PART_GONE)
		pb_put_bytes(out, PART_TAKER, slice_of(part->taker.bytes, PURCHASE_ID_BYTES));
	for (uint32_t i = 0; i < part->line_count; i++)
		line_write(&part->lines[i], PART_LINE, out);
	pb_put_uint(out, PART_NUMBER, part->number);
	pb_end(out, mark);
}

static enum ch_status part_read(struct slice bytes, struct arena *arena, struct purchase_part *part)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	enum ch_status status = CH_OK;
	uint32_t lines = count_fields(bytes, PART_LINE);
	*part = (struct purchase_part){0};
	if (lines > 0) {
		part->lines = arena_alloc(arena, lines * sizeof(*part->lines));
		if (part->lines == NULL)
			return CH_NOMEM;
	}
	while (status == CH_OK && pb_next(&reader, &field)) {
		switch (field.number) {
		case PART_KIND:
			part->kind = (enum part_kind)field.integer;
			break;
		case PART_STAMP:
			if (field.bytes.len == STAMP_BYTES)
				memcpy(part->stamp.bytes, field.bytes.data, STAMP_BYTES);
			break;
		case PART_FILED:
			part->filed = field.integer;
			break;
		case PART_SEQUENCE:
			part->sequence = field.integer;
			break;
		case PART_TIME:
			part->time_us = (int64_t)field.integer;
			break;
		case PART_CURRENCY:
			part->currency = field.bytes;
			break;
		case PART_DISCOUNT:
			part->discount = (int64_t)field.integer;
			break;
		case PART_MONEY_BACK:
			part->money_back = (int64_t)field.integer;
			break;
		case PART_TAKER:
			if (field.bytes.len == PURCHASE_ID_BYTES)
				memcpy(part->taker.bytes, field.bytes.data, PURCHASE_ID_BYTES);
			break;
		case PART_NUMBER:
			part->number = (uint32_t)field.integer;
			break;
		case PART_LINE:
			status = line_read(field.bytes, &part->lines[part->line_count++]);
			break;
		default:
			break;
		}
	}
	return reader.status == CH_OK ? status : CH_CORRUPT;
}

enum ch_status purchase_read(struct slice bytes, struct arena *arena, struct purchase *out_purchase)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct purchase purchase = {0};
	enum ch_status status = CH_OK;
	uint32_t parts = count_fields(bytes, PURCHASE_PART);
	if (parts > 0) {
		purchase.parts = arena_alloc(arena, parts * sizeof(*purchase.parts));
		if (purchase.parts == NULL)
			return CH_NOMEM;
	}
	while (status == CH_OK && pb_next(&reader, &field)) {
		switch (field.number) {
		case PURCHASE_PART:
			status = part_read(
				field.bytes, arena, &purchase.parts[purchase.part_count++]);
			break;
		case PURCHASE_TWIN:
			purchase.has_twin = field.bytes.len == PURCHASE_ID_BYTES;
			if (purchase.has_twin)
				memcpy(purchase.twin.bytes, field.bytes.data, PURCHASE_ID_BYTES);
			break;
		case PURCHASE_HELD_BY:
			purchase.held_by = field.integer;
			break;
		case PURCHASE_HELD_TIME:
			purchase.held_time_us = (int64_t)field.integer;
			break;
		case PURCHASE_LABEL:
			purchase.label = field.bytes;
			break;
		default:
			break;
		}
	}
	if (reader.status != CH_OK)
		status = CH_CORRUPT;
	if (status == CH_OK)
		*out_purchase = purchase;
	return status;
}

void purchase_write(const struct purchase *purchase, struct buffer *out)
{
	for (uint32_t i = 0; i < purchase->part_count; i++)
		part_write(&purchase->parts[i], out);
	if (purchase->has_twin)
		pb_put_bytes(out, PURCHASE_TWIN, slice_of(purchase->twin.bytes, PURCHASE_ID_BYTES));
	pb_put_uint(out, PURCHASE_HELD_BY, purchase->held_by);
	pb_put_int(out, PURCHASE_HELD_TIME, purchase->held_time_us);
	pb_put_bytes(out, PURCHASE_LABEL, purchase->label);
}

static bool part_is_same(const struct purchase_part *a, const struct purchase_part *b)
{
	return a->kind == b->kind && a->number == b->number &&
	       memcmp(a->stamp.bytes, b->stamp.bytes, STAMP_BYTES) == 0 &&
	       memcmp(a->taker.bytes, b->taker.bytes, PURCHASE_ID_BYTES) == 0;
}

enum ch_status purchase_add(
	struct purchase *purchase, const struct purchase_part *part, struct arena *room)
{
	for (uint32_t i = 0; i < purchase->part_count; i++) {
		if (part_is_same(&purchase->parts[i], part))
			return CH_EXISTS;
	}
	if (purchase->part_count == LIMIT_PURCHASE_PARTS)
		return CH_FULL;
	struct purchase_part *parts =
		arena_alloc(room, (purchase->part_count + 1) * sizeof(*purchase->parts));
	if (parts == NULL)
		return CH_NOMEM;
	if (purchase->part_count > 0)
		memcpy(parts, purchase->parts, purchase->part_count * sizeof(*parts));
	parts[purchase->part_count++] = *part;
	purchase->parts = parts;
	return CH_OK;
}

/* ---- Reckoning ---- */

/* Everything said under both names, in the order of the stamps: of two with one stamp, by kind and taker. */
static int part_compare(const void *left, const void *right)
{
	const struct purchase_part *const *a = left;
	const struct purchase_part *const *b = right;
	int order = memcmp((*a)->stamp.bytes, (*b)->stamp.bytes, STAMP_BYTES);
	if (order == 0)
		order = (int)(*a)->kind - (int)(*b)->kind;
	if (order == 0)
		order = memcmp((*a)->taker.bytes, (*b)->taker.bytes, PURCHASE_ID_BYTES);
	if (order == 0)
		order = ((*a)->number > (*b)->number) - ((*a)->number < (*b)->number);
	return order;
}

static const struct purchase_part **parts_sorted(const struct purchase *purchase,
	const struct purchase *twin, struct arena *arena, uint32_t *out_count)
{
	uint32_t count = purchase->part_count + (twin != NULL ? twin->part_count : 0);
	const struct purchase_part **parts = arena_alloc(arena, (count + 1) * sizeof(*parts));
	if (parts == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		parts[i] = i < purchase->part_count ? &purchase->parts[i]
						    : &twin->parts[i - purchase->part_count];
	if (count > 1)
		qsort(parts, count, sizeof(*parts), part_compare);
	*out_count = count;
	return parts;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool line_is_meant(const struct purchase_line *line, const struct purchase_line *by)
{
	if (line->back || line->quantity <= 0)
		return false;
	if (by->id.len > 0 && line->id.len > 0)
		return slice_equal(line->id, by->id);
	if (by->serial.len > 0 && line->serial.len > 0)
		return slice_equal(line->serial, by->serial);
	return by->product.len > 0 && slice_equal(line->product, by->product);
}

/* Takes a returned line out of those that it was bought with; what fits none takes nothing. */
static void line_take_back(struct purchase_rest *rest, const struct purchase_line *by)
{
	int64_t quantity = by->quantity;
	int64_t money = by->money;
	bool goods = quantity > 0; /* else money alone, which the goods were not brought back for */
	for (uint32_t i = 0; i < rest->line_count && (goods ? quantity : money) > 0; i++) {
		struct purchase_line *line = &rest->lines[i];
		if (!line_is_meant(line, by))
			continue;
		int64_t taken = quantity < line->quantity ? quantity : line->quantity;
		bool all = taken == line->quantity;
		int64_t given = all || money > line->money ? line->money : money;
		line->quantity -= taken;
		quantity -= taken;
		/* All of it gone is all of its money gone, whatever was paid out for it. */
		line->money -= given;
		money = most(0, money - given);
	}
}

/* Leaves out what is gone, sums up. */
static void rest_settle(struct purchase_rest *rest, int64_t discount, int64_t money_back)
{
	uint32_t kept = 0;
	__int128_t bought = 0;
	__int128_t returned = 0;
	for (uint32_t i = 0; i < rest->line_count; i++) {
		const struct purchase_line *line = &rest->lines[i];
		if (line->back)
			returned += line->money;
		else
			bought += line->money;
		if (!line->back && line->quantity > 0)
			rest->lines[kept++] = *line;
	}
	rest->line_count = kept;
	rest->counts = kept > 0;
	bought -= kept > 0 ? discount : bought;
	if (kept > 0 && money_back > 0 && bought <= money_back) {
		/* All that was paid was given back, line by line or not. */
		rest->line_count = 0;
		rest->counts = false;
	}
	bought = bought > money_back ? bought - money_back : 0;
	__int128_t money = bought - returned;
	rest->money = money > INT64_MAX   ? INT64_MAX
		      : money < INT64_MIN ? INT64_MIN
					  : (int64_t)money;
}

bool purchase_reckon(const struct purchase *purchase, const struct purchase *twin,
	purchase_is_gone *is_gone, void *context, struct arena *arena,
	struct purchase_rest *out_rest, enum ch_status *status)
{
	uint32_t count = 0;
	const struct purchase_part *base = NULL;
	const struct purchase_part *sale = NULL;
	struct purchase_rest rest = {0};
	bool gone = false;
	int64_t money_back = 0;
	const struct purchase_part **parts = parts_sorted(purchase, twin, arena, &count);
	if (parts == NULL) {
		*status = CH_NOMEM;
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		bool tells = parts[i]->kind == PART_SALE || parts[i]->kind == PART_AMENDED;
		gone = gone || parts[i]->kind == PART_GONE;
		if (tells)
			base = parts[i];
		if (tells &&
			(sale == NULL || (sale->kind != PART_SALE && parts[i]->kind == PART_SALE)))
			sale = parts[i];
		if (rest.filed == 0 && tells) {
			rest.filed = parts[i]->filed;
			rest.sequence = parts[i]->sequence;
		}
	}
	if (base == NULL || rest.filed == 0)
		return false;
	if (sale->filed != 0) {
		rest.filed = sale->filed;
		rest.sequence = sale->sequence;
	}
	rest.time_us = sale->time_us;
	rest.currency = base->currency;
	if (base->line_count > 0) {
		rest.lines = arena_alloc(arena, base->line_count * sizeof(*rest.lines));
		if (rest.lines == NULL) {
			*status = CH_NOMEM;
			return false;
		}
		memcpy(rest.lines, base->lines, base->line_count * sizeof(*rest.lines));
		rest.line_count = gone ? 0 : base->line_count;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (parts[i]->kind != PART_BACK || is_gone(context, &parts[i]->taker))
			continue;
		for (uint32_t j = 0; j < parts[i]->line_count; j++)
			line_take_back(&rest, &parts[i]->lines[j]);
		if (parts[i]->line_count == 0)
			money_back = most(money_back, 0) + most(parts[i]->money_back, 0);
	}
	rest_settle(&rest, base->discount, money_back);
	*out_rest = rest;
	return true;
}

/* ---- In the profile ---- */

void purchase_rest_write(const struct purchase_rest *rest, struct slice label, struct buffer *out)
{
	pb_put_int(out, REST_MONEY, rest->money);
	pb_put_bytes(out, REST_CURRENCY, rest->currency);
	pb_put_bool(out, REST_COUNTS, rest->counts);
	for (uint32_t i = 0; i < rest->line_count; i++) {
		struct purchase_line line = rest->lines[i];
		line.id = (struct slice){NULL, 0};
		line.serial = (struct slice){NULL, 0};
		line_write(&line, REST_LINE, out);
	}
	pb_put_bytes(out, REST_LABEL, label);
}

enum ch_status purchase_rest_read(struct slice bytes, struct arena *arena,
	struct purchase_rest *out_rest, struct slice *out_label)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct purchase_rest rest = {0};
	enum ch_status status = CH_OK;
	uint32_t lines = count_fields(bytes, REST_LINE);
	*out_label = (struct slice){NULL, 0};
	if (lines > 0) {
		rest.lines = arena_alloc(arena, lines * sizeof(*rest.lines));
		if (rest.lines == NULL)
			return CH_NOMEM;
	}
	while (status == CH_OK && pb_next(&reader, &field)) {
		switch (field.number) {
		case REST_MONEY:
			rest.money = (int64_t)field.integer;
			break;
		case REST_CURRENCY:
			rest.currency = field.bytes;
			break;
		case REST_COUNTS:
			rest.counts = field.integer != 0;
			break;
		case REST_LINE:
			status = line_read(field.bytes, &rest.lines[rest.line_count++]);
			break;
		case REST_LABEL:
			*out_label = field.bytes;
			break;
		default:
			break;
		}
	}
	if (reader.status != CH_OK)
		status = CH_CORRUPT;
	if (status == CH_OK)
		*out_rest = rest;
	return status;
}
