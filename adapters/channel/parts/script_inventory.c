/* INVRPT: what lies in a warehouse.  A report of several pages goes as several messages, of which the second and
 * later are additions (1225 2) to the first. */
#include "channel/parts/script.h"

static void write_line(struct writing *w, const Carehub__V1__InventoryLine *line)
{
	const struct {
		const char *field;
		const char *qualifier; /* 6063 */
		const Carehub__V1__Decimal *quantity;
	} quantities[] = {
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
	for (size_t i = 0; i < sizeof(quantities) / sizeof(*quantities); i++)
		script_quantity(w, quantities[i].field, quantities[i].qualifier,
			quantities[i].quantity, line->unit);
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

const struct script script_inventory = {
	.event = "parts.inventory.reported",
	.name = "INVRPT",
	.message = &carehub__v1__parts_inventory_reported__descriptor,
	.write = write_inventory,
};
