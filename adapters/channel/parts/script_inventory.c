/* INVRPT and 846: what lies in a warehouse.  A report of several pages goes as several messages, of which the second
 * and later are additions (1225 2, 353 02) to the first. */
#include "channel/parts/script.h"

/* What 004010 allows. */
#define REPORT_ID_MAX 30u
#define LINE_ID_MAX   20u

/* The field of each kind of quantity. */
struct kind {
	const char *field;
	const char *qualifier; /* 6063, X12 673 */
	const Carehub__V1__Decimal *quantity;
};

static void write_kinds(struct writing *w, const struct kind *kinds, size_t count, const char *unit)
{
	for (size_t i = 0; i < count; i++)
		script_quantity(w, kinds[i].field, kinds[i].qualifier, kinds[i].quantity, unit);
}

/* ---- INVRPT ---- */

static void write_line(struct writing *w, const Carehub__V1__InventoryLine *line)
{
	const struct kind kinds[] = {
		{"on_hand", "145", line->on_hand},
		{"available", "33", line->available},
		{"reserved", "73", line->reserved},
		{"on_order", "21", line->on_order},
		{"received", "48", line->received},
		{"issued", "12", line->issued},
		{"quantity", line->quantity_qualifier, line->quantity},
	};
	script_line(w, line->line_id, "", line->item);
	if (line->location_id[0] != 0) {
		writing_segment(w, "LOC");
		writing_code(w, 1, 1, "18");
		writing_put(w, "location_id", 2, 1, slice_text(line->location_id), 25);
		writing_end(w);
	}
	write_kinds(w, kinds, sizeof(kinds) / sizeof(*kinds), line->unit);
	if (line->status_code[0] != 0) {
		writing_segment(w, "STS");
		writing_put(w, "status_code", 2, 1, slice_text(line->status_code), 25);
		writing_end(w);
	}
}

static void write_inventory(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsInventoryReported *report = (const void *)document;
	script_begin(w, "35", "report_id", report->report_id, report->page > 1 ? "2" : "9");
	script_date(w, report->report_date);
	bool dated = report->as_of_time_us != 0 || report->report_date[0] != 0;
	writing_moment(w, "as_of_time_us", "366", dated ? report->as_of_time_us : w->time_us);
	script_parties(w, report->parties, report->n_parties);
	script_place(w, "warehouse_id", report->warehouse_id, report->parties, report->n_parties,
		"WH GY WS SF SU");
	for (size_t i = 0; i < report->n_lines; i++)
		write_line(w, report->lines[i]);
}

/* ---- 846 ---- */

/* LIN*line*pairs */
static void write_lin(struct writing *w, const Carehub__V1__InventoryLine *line)
{
	const struct kind kinds[] = {
		{"on_hand", "17", line->on_hand},
		{"available", "33", line->available},
		{"reserved", "27", line->reserved},
		{"on_order", "63", line->on_order},
		{"received", "87", line->received},
		{"issued", "32", line->issued},
		{"quantity", line->quantity_qualifier, line->quantity},
	};
	w->line++;
	writing_segment(w, "LIN");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	script_pairs(w, 2, line->item);
	writing_end(w);
	script_description(w, line->item);
	script_reference(w, "location_id", "LU", line->location_id, "");
	write_kinds(w, kinds, sizeof(kinds) / sizeof(*kinds), line->unit);
}

/* BIA*purpose*type*number*date: what the seller has. */
static void write_846(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsInventoryReported *report = (const void *)document;
	bool dated = report->as_of_time_us != 0 || report->report_date[0] != 0;
	writing_segment(w, "BIA");
	writing_code(w, 1, 1, report->page > 1 ? "02" : "00");
	writing_code(w, 2, 1, "SI");
	writing_put(w, "report_id", 3, 1, slice_text(report->report_id), REPORT_ID_MAX);
	writing_date_of(w, "report_date", 4, report->report_date);
	writing_end(w);
	writing_moment(w, "as_of_time_us", "184", dated ? report->as_of_time_us : w->time_us);
	script_parties(w, report->parties, report->n_parties);
	script_place(w, "warehouse_id", report->warehouse_id, report->parties, report->n_parties,
		"WH GY WS SF SU");
	for (size_t i = 0; i < report->n_lines; i++)
		write_lin(w, report->lines[i]);
	script_line_count(w, report->n_lines);
}

const struct script script_inventory = {
	.event = "parts.inventory.reported",
	.message = &carehub__v1__parts_inventory_reported__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"INVRPT", NULL, NULL, write_inventory},
			[STANDARD_X12] = {"846", "IB", NULL, write_846},
		},
};
