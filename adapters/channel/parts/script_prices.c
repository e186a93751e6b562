/* PRICAT and 832: a price list; its pages as with INVRPT. */
#include "channel/parts/script.h"

/* What 004010 allows. */
#define LIST_ID_MAX  15u
#define LINE_ID_MAX  20u
#define PRICE_MAX    17u
#define QUANTITY_MAX 15u

/* ---- PRICAT ---- */

static void write_line(struct writing *w, const Carehub__V1__PriceLine *line)
{
	script_line(w, line->line_id, line->action, line->item);
	script_quantity(w, "minimum_quantity", "53", line->minimum_quantity, "");
	writing_day(w, "valid_from_date", "194", line->valid_from_date);
	writing_day(w, "valid_until_date", "206", line->valid_until_date);
	if (line->unit_price == NULL)
		return;
	writing_segment(w, "PRI");
	writing_put(w, "price_qualifier", 1, 1,
		slice_text(line->price_qualifier[0] != 0 ? line->price_qualifier : "AAA"), 3);
	writing_number(w, "unit_price", 1, 2, line->unit_price, 15);
	writing_number(w, "price_basis", 1, 5, line->price_basis, 9);
	writing_put(w, "unit", 1, 6, slice_text(line->unit), 3);
	writing_end(w);
}

static void write_prices(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsPriceListed *list = (const void *)document;
	script_begin(w, "9", "price_list_id", list->price_list_id, list->page > 1 ? "2" : "9");
	script_date(w, list->list_date);
	writing_day(w, "valid_from_date", "194", list->valid_from_date);
	writing_day(w, "valid_until_date", "206", list->valid_until_date);
	script_parties(w, list->parties, list->n_parties);
	script_currency(w, list->currency, "8");
	for (size_t i = 0; i < list->n_lines; i++)
		write_line(w, list->lines[i]);
	script_summary(w);
}

/* ---- 832 ---- */

/* A price is of one, for CTP has no basis: that of a hundred is cut by moving its point. */
static void settle_price(Carehub__V1__PriceLine *line)
{
	Carehub__V1__Decimal *price = line->unit_price;
	const Carehub__V1__Decimal *basis = line->price_basis;
	uint32_t scale = price != NULL ? price->scale : 0;
	/* A scale that is none stays what it is, for writing refuses it; counted on, it may come round to a good one. */
	if (price == NULL || basis == NULL || basis->scale != 0 || basis->unscaled <= 0 ||
		scale > DECIMAL_SCALE_MAX)
		return;
	int64_t left = basis->unscaled;
	for (; left % 10 == 0; left /= 10)
		scale++;
	if (left != 1 || scale > DECIMAL_SCALE_MAX)
		return;
	price->scale = scale;
	line->price_basis = NULL;
}

/* That a price is new or another one is told by its being there; that it is no more has no word. */
static enum ch_status settle_832(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	const Carehub__V1__PartsPriceListed *list = (const void *)*document;
	(void)arena;
	(void)script;
	for (size_t i = 0; i < list->n_lines; i++) {
		Carehub__V1__PriceLine *line = list->lines[i];
		if (strcmp(line->action, "1") == 0 || strcmp(line->action, "3") == 0)
			line->action = script_empty();
		settle_price(line);
	}
	return CH_OK;
}

/* CTP**kind*price*from how many on*unit: a unit has a number in front of it, which is one. */
static void write_ctp(struct writing *w, const Carehub__V1__PriceLine *line)
{
	Carehub__V1__Decimal one = CAREHUB__V1__DECIMAL__INIT;
	const Carehub__V1__Decimal *from = line->minimum_quantity;
	one.unscaled = 1;
	if (from == NULL && line->unit[0] != 0)
		from = &one;
	writing_segment(w, "CTP");
	writing_least(w, "price_qualifier", slice_text(line->price_qualifier), 3);
	writing_put(w, "price_qualifier", 2, 1, slice_text(line->price_qualifier), 3);
	writing_number(w, "unit_price", 3, 1, line->unit_price, PRICE_MAX);
	script_measure(w, "minimum_quantity", 4, QUANTITY_MAX, from, line->unit);
	writing_end(w);
}

/* LIN*line*pairs */
static void write_lin(struct writing *w, const Carehub__V1__PriceLine *line)
{
	w->line++;
	writing_segment(w, "LIN");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	script_pairs(w, 2, line->item);
	writing_end(w);
	writing_day(w, "valid_from_date", "007", line->valid_from_date);
	writing_day(w, "valid_until_date", "036", line->valid_until_date);
	script_description(w, line->item);
	write_ctp(w, line);
}

/* BCT*kind*number, and whether it adds to another one */
static void write_832(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsPriceListed *list = (const void *)document;
	writing_segment(w, "BCT");
	writing_code(w, 1, 1, "PC");
	writing_put(w, "price_list_id", 2, 1, slice_text(list->price_list_id), LIST_ID_MAX);
	writing_code(w, 10, 1, list->page > 1 ? "02" : "00");
	writing_end(w);
	script_currency(w, list->currency, "SE");
	if (list->list_date[0] != 0)
		writing_day(w, "list_date", "097", list->list_date);
	else
		writing_day_of(w, "time", "097", w->time_us);
	writing_day(w, "valid_from_date", "007", list->valid_from_date);
	writing_day(w, "valid_until_date", "036", list->valid_until_date);
	script_parties(w, list->parties, list->n_parties);
	for (size_t i = 0; i < list->n_lines; i++)
		write_lin(w, list->lines[i]);
	script_line_count(w, list->n_lines);
}

const struct script script_prices = {
	.event = "parts.price.listed",
	.message = &carehub__v1__parts_price_listed__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"PRICAT", NULL, NULL, write_prices},
			[STANDARD_X12] = {"832", "SC", settle_832, write_832},
		},
};
