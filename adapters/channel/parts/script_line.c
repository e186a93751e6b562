#include "channel/parts/script.h"

/* What D.96A allows, and 004010. */
#define NUMBER_MAX         35u
#define CODE_MAX           3u
#define NUMBER_OF_LINE_MAX 6u
#define QUANTITY_MAX       15u
#define PAIR_MAX           48u
#define PID_MAX            80u

/* ---- UN/EDIFACT's articles ---- */

/* The numbers of an item, the best first. */
static size_t item_numbers(
	const Carehub__V1__PartItem *item, struct slice numbers[3], const char *qualifiers[3])
{
	const struct {
		const char *number;
		const char *qualifier; /* 7143 */
	} all[] = {{item->gtin, "EN"}, {item->part_number, "SA"}, {item->buyer_part_number, "IN"}};
	size_t count = 0;
	for (size_t i = 0; i < 3; i++) {
		if (all[i].number[0] == 0)
			continue;
		numbers[count] = slice_text(all[i].number);
		qualifiers[count++] = all[i].qualifier;
	}
	return count;
}

static void put_items(struct writing *w, const char *use, const struct slice *numbers,
	const char *const *qualifiers, size_t count)
{
	if (count == 0)
		return;
	writing_segment(w, "PIA");
	writing_code(w, 1, 1, use);
	for (unsigned i = 0; i < count; i++) {
		writing_put(w, "item", 2 + i, 1, numbers[i], NUMBER_MAX);
		writing_code(w, 2 + i, 2, qualifiers[i]);
	}
	writing_end(w);
}

void script_more_items(struct writing *writing, const char *use, const Carehub__V1__PartItem *item)
{
	struct slice numbers[3];
	const char *qualifiers[3];
	if (item != NULL)
		put_items(
			writing, use, numbers, qualifiers, item_numbers(item, numbers, qualifiers));
}

void script_line(struct writing *writing, const char *line_id, const char *action,
	const Carehub__V1__PartItem *item)
{
	struct writing *w = writing;
	struct slice numbers[3];
	const char *qualifiers[3];
	size_t count = item != NULL ? item_numbers(item, numbers, qualifiers) : 0;
	struct slice rest = writing_words(w, item != NULL ? item->description : "");
	unsigned max = w->long_texts ? 256 : 35;
	w->line++;
	writing_segment(w, "LIN");
	writing_put(w, "line_id", 1, 1, slice_text(line_id), NUMBER_OF_LINE_MAX);
	writing_put(w, "action", 2, 1, slice_text(action), CODE_MAX);
	if (count > 0) {
		writing_put(w, "item", 3, 1, numbers[0], NUMBER_MAX);
		writing_code(w, 3, 2, qualifiers[0]);
	}
	writing_end(w);
	if (count > 1)
		put_items(w, "1", numbers + 1, qualifiers + 1, count - 1);
	struct slice piece;
	bool more = writing_piece(&rest, max, &piece);
	while (more && w->status == CH_OK) {
		writing_segment(w, "IMD");
		writing_code(w, 1, 1, "F");
		for (unsigned i = 4; i <= 5 && more; i++) {
			writing_put(w, "item.description", 3, i, piece, max);
			more = writing_piece(&rest, max, &piece);
		}
		writing_end(w);
	}
}

/* ---- X12's articles ---- */

/* A GTIN's kind, 235, follows from its length. */
static const char *gtin_qualifier(const char *gtin)
{
	size_t len = strlen(gtin);
	return len == 12 ? "UP" : len == 14 ? "UK" : "EN";
}

void script_pairs(struct writing *writing, unsigned first, const Carehub__V1__PartItem *item)
{
	if (item == NULL)
		return;
	const struct {
		const char *number;
		const char *qualifier;
	} all[] = {{item->part_number, "VP"}, {item->gtin, gtin_qualifier(item->gtin)},
		{item->buyer_part_number, "BP"}};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].number[0] == 0)
			continue;
		writing_code(writing, first, 1, all[i].qualifier);
		writing_put(writing, "item", first + 1, 1, slice_text(all[i].number), PAIR_MAX);
		first += 2;
	}
}

void script_description(struct writing *writing, const Carehub__V1__PartItem *item)
{
	struct slice rest = writing_words(writing, item != NULL ? item->description : "");
	struct slice piece;
	while (writing->status == CH_OK && writing_piece(&rest, PID_MAX, &piece)) {
		writing_segment(writing, "PID");
		writing_code(writing, 1, 1, "F");
		writing_put(writing, "item.description", 5, 1, piece, PID_MAX);
		writing_end(writing);
	}
}

/* ---- Quantities, prices, numbers ---- */

void script_quantity(struct writing *writing, const char *field, const char *qualifier,
	const Carehub__V1__Decimal *quantity, const char *unit)
{
	bool x12 = writing->standard == STANDARD_X12;
	if (quantity == NULL)
		return;
	writing_segment(writing, "QTY");
	if (x12)
		writing_least(writing, field, slice_text(qualifier), 2);
	writing_put(writing, field, 1, 1, slice_text(qualifier), x12 ? 2 : CODE_MAX);
	writing_number(writing, field, x12 ? 2 : 1, x12 ? 1 : 2, quantity, QUANTITY_MAX);
	if (x12)
		writing_least(writing, "unit", slice_text(unit), 2);
	writing_put(
		writing, "unit", x12 ? 3 : 1, x12 ? 1 : 3, slice_text(unit), x12 ? 2 : CODE_MAX);
	writing_end(writing);
}

void script_measure(struct writing *writing, const char *field, unsigned element, unsigned max,
	const Carehub__V1__Decimal *quantity, const char *unit)
{
	if (quantity == NULL)
		return;
	writing_number(writing, field, element, 1, quantity, max);
	writing_least(writing, "unit", slice_text(unit), 2);
	writing_put(writing, "unit", element + 1, 1, slice_text(unit[0] != 0 ? unit : "EA"), 2);
}

void script_price(struct writing *writing, const Carehub__V1__Decimal *price)
{
	if (price == NULL)
		return;
	writing_segment(writing, "PRI");
	writing_code(writing, 1, 1, "AAA");
	writing_number(writing, "unit_price", 1, 2, price, QUANTITY_MAX);
	writing_end(writing);
}

void script_numbers(struct writing *writing, const char *field, const char *qualifier,
	char *const *numbers, size_t count)
{
	for (size_t i = 0; i < count && writing->standard == STANDARD_X12; i++)
		script_reference(writing, field, qualifier, numbers[i], "");
	for (size_t i = 0; i < count && writing->standard == STANDARD_EDIFACT; i += 5) {
		writing_segment(writing, "GIN");
		writing_code(writing, 1, 1, qualifier);
		for (size_t k = i; k < count && k < i + 5; k++)
			writing_put(writing, field, (unsigned)(2 + k - i), 1,
				slice_text(numbers[k]), NUMBER_MAX);
		writing_end(writing);
	}
}

/* ---- The end ---- */

void script_summary(struct writing *writing)
{
	writing->line = 0;
	writing_segment(writing, "UNS");
	writing_code(writing, 1, 1, "S");
	writing_end(writing);
}

void script_line_count(struct writing *writing, size_t lines)
{
	bool x12 = writing->standard == STANDARD_X12;
	writing->line = 0;
	writing_segment(writing, x12 ? "CTT" : "CNT");
	if (!x12)
		writing_code(writing, 1, 1, "2");
	writing_count(writing, "lines", 1, x12 ? 1 : 2, lines);
	writing_end(writing);
}
