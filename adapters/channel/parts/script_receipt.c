/* RECADV and 861: what arrived and was counted, for one order. */
#include "channel/parts/script.h"
#include "channel/parts/trade.h"

/* What 004010 allows. */
#define RECEIPT_ID_MAX   30u
#define ORDER_NUMBER_MAX 22u
#define LINE_ID_MAX      20u

/* A receipt names its lines' order at the head when all have the same. */
static bool is_of_head(
	const Carehub__V1__PartsGoodsReceived *receipt, const Carehub__V1__ReceiptLine *line)
{
	return receipt->n_parts_order_ids == 1 &&
	       (line->parts_order_id[0] == 0 ||
		       strcmp(receipt->parts_order_ids[0], line->parts_order_id) == 0);
}

/* ---- RECADV ---- */

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

/* ---- 861 ---- */

/* What was accepted is what came less what is in question, and not told by a number of its own. */
static void settle_accepted(Carehub__V1__ReceiptLine *line)
{
	const Carehub__V1__Decimal *accepted = line->accepted_quantity;
	const Carehub__V1__Decimal *damaged = line->damaged_quantity;
	const Carehub__V1__Decimal *received = line->received_quantity;
	struct decimal sum;
	if (accepted == NULL || received == NULL || accepted->scale > DECIMAL_SCALE_MAX ||
		received->scale > DECIMAL_SCALE_MAX ||
		(damaged != NULL && damaged->scale > DECIMAL_SCALE_MAX))
		return;
	struct decimal rest = damaged != NULL ? (struct decimal){damaged->unscaled, damaged->scale}
					      : (struct decimal){0, 0};
	if (decimal_add((struct decimal){accepted->unscaled, accepted->scale}, rest, &sum) ==
			CH_OK &&
		decimal_compare(sum, (struct decimal){received->unscaled, received->scale}) == 0)
		line->accepted_quantity = NULL;
}

static enum ch_status settle_861(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	const Carehub__V1__PartsGoodsReceived *receipt = (const void *)*document;
	(void)arena;
	(void)script;
	for (size_t i = 0; i < receipt->n_lines; i++)
		settle_accepted(receipt->lines[i]);
	return CH_OK;
}

/* PRF*order****line */
static void write_prf(struct writing *w, const char *order_id, const char *line_id)
{
	writing_segment(w, "PRF");
	writing_put(w, "parts_order_id", 1, 1, slice_text(order_id), ORDER_NUMBER_MAX);
	writing_put(w, "order_line_id", 5, 1, slice_text(line_id), LINE_ID_MAX);
	writing_end(w);
}

/* RCD*line*came*unit*returned*unit*in question*unit*condition */
static void write_rcd(struct writing *w, const Carehub__V1__PartsGoodsReceived *receipt,
	const Carehub__V1__ReceiptLine *line)
{
	const char *order_id =
		is_of_head(receipt, line) ? receipt->parts_order_ids[0] : line->parts_order_id;
	w->line++;
	writing_segment(w, "RCD");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	script_measure(w, "received_quantity", 2, 9, line->received_quantity, line->unit);
	script_measure(w, "damaged_quantity", 6, 9, line->damaged_quantity, line->unit);
	writing_least(w, "discrepancy_code", slice_text(line->discrepancy_code), 2);
	writing_put(w, "discrepancy_code", 8, 1, slice_text(line->discrepancy_code), 2);
	writing_end(w);
	if (trade_item_code(line->item)[0] != 0) {
		writing_segment(w, "LIN");
		script_pairs(w, 2, line->item);
		writing_end(w);
	}
	script_description(w, line->item);
	script_repair(w, line->repair_order_id);
	script_numbers(w, "serial_numbers", "SE", line->serial_numbers, line->n_serial_numbers);
	if (order_id[0] != 0 && (line->order_line_id[0] != 0 || !is_of_head(receipt, line)))
		write_prf(w, order_id, line->order_line_id);
}

/* BRA*number*date*purpose*type*time */
static void write_861(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsGoodsReceived *receipt = (const void *)document;
	writing_segment(w, "BRA");
	writing_put(w, "receipt_id", 1, 1, slice_text(receipt->receipt_id), RECEIPT_ID_MAX);
	writing_date_of(w, "time", 2, "");
	writing_code(w, 3, 1, "00");
	writing_code(w, 4, 1, "1");
	writing_time_of(w, "time", 5);
	writing_end(w);
	script_reference(w, "dispatch_id", "SI", receipt->dispatch_id, "");
	script_notes(w, receipt->remarks);
	for (size_t i = 0; i < receipt->n_parts_order_ids; i++)
		write_prf(w, receipt->parts_order_ids[i], "");
	script_place(w, "station_id", receipt->station_id, NULL, 0, "ST");
	script_place(w, "warehouse_id", receipt->warehouse_id, NULL, 0, "WH");
	for (size_t i = 0; i < receipt->n_lines; i++)
		write_rcd(w, receipt, receipt->lines[i]);
	script_line_count(w, receipt->n_lines);
}

const struct script script_receipt = {
	.event = "parts.goods.received",
	.message = &carehub__v1__parts_goods_received__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"RECADV", NULL, NULL, write_receipt},
			[STANDARD_X12] = {"861", "RC", settle_861, write_861},
		},
};
