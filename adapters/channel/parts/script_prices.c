/* PRICAT: a price list; its pages as with INVRPT. */
#include "channel/parts/script.h"

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

const struct script script_prices = {
	.event = "parts.price.listed",
	.message = &carehub__v1__parts_price_listed__descriptor,
	.faces = {[STANDARD_EDIFACT] = {"PRICAT", NULL, NULL, write_prices}},
};
