/* RECADV: what arrived and was counted, for one order. */
#include "channel/parts/script.h"

/* A receipt names its lines' order at the head when all have the same. */
static bool is_of_head(
	const Carehub__V1__PartsGoodsReceived *receipt, const Carehub__V1__ReceiptLine *line)
{
	return receipt->n_parts_order_ids == 1 &&
	       (line->parts_order_id[0] == 0 ||
		       strcmp(receipt->parts_order_ids[0], line->parts_order_id) == 0);
}

static void write_line(struct writing *w, const Carehub__V1__PartsGoodsReceived *receipt,
	const Carehub__V1__ReceiptLine *line)
{
	script_line(w, line->line_id, "", line->item);
	script_quantity(w, "received_quantity", "48", line->received_quantity, line->unit);
	script_quantity(w, "accepted_quantity", "194", line->accepted_quantity, line->unit);
	script_quantity(w, "damaged_quantity", "124", line->damaged_quantity, line->unit);
	if (line->discrepancy_code[0] != 0) {
		writing_segment(w, "QVR");
		writing_put(w, "discrepancy_code", 2, 1, slice_text(line->discrepancy_code), 3);
		writing_end(w);
	}
	script_numbers(w, "serial_numbers", "BN", line->serial_numbers, line->n_serial_numbers);
	if (line->order_line_id[0] != 0)
		script_reference(w, "order_line_id", "ON",
			is_of_head(receipt, line) ? receipt->parts_order_ids[0]
						  : line->parts_order_id,
			line->order_line_id);
	else if (!is_of_head(receipt, line))
		script_reference(w, "parts_order_id", "ON", line->parts_order_id, "");
	script_repair(w, line->repair_order_id);
}

static void write_receipt(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsGoodsReceived *receipt = (const void *)document;
	script_begin(w, "632", "receipt_id", receipt->receipt_id, "9");
	writing_moment(w, "time", "137", w->time_us);
	script_remarks(w, receipt->remarks);
	for (size_t i = 0; i < receipt->n_parts_order_ids; i++)
		script_reference(w, "parts_order_ids", "ON", receipt->parts_order_ids[i], "");
	script_reference(w, "dispatch_id", "AAK", receipt->dispatch_id, "");
	script_place(w, "station_id", receipt->station_id, NULL, 0, "DP");
	script_place(w, "warehouse_id", receipt->warehouse_id, NULL, 0, "WH");
	writing_segment(w, "CPS");
	writing_code(w, 1, 1, "1");
	writing_end(w);
	for (size_t i = 0; i < receipt->n_lines; i++)
		write_line(w, receipt, receipt->lines[i]);
	script_line_count(w, receipt->n_lines);
}

const struct script script_receipt = {
	.event = "parts.goods.received",
	.message = &carehub__v1__parts_goods_received__descriptor,
	.faces = {[STANDARD_EDIFACT] = {"RECADV", NULL, NULL, write_receipt}},
};
