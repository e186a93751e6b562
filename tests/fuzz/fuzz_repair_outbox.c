/* Any row of an outbox table: reading ends, and what becomes an event passes the hub's first look.  The input
 * is one column a line, in their order, and the payload behind them. */
#include "base/text.h"
#include "channel/repair/outbox_row.h"
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_row(
	struct outbox_row *row, const struct mapping *mapping, const struct mapping *native)
{
	struct message_reader *reader = NULL;
	struct repair_item item;
	enum ch_status status;
	size_t items = 0;
	invariant(message_reader_create(mapping, &reader) == CH_OK);
	message_begin(reader, &row->message);
	while ((status = message_next(reader, &item)) == CH_OK) {
		invariant(items++ <= mapping->rule_count);
		if (item.what == REPAIR_EVENT)
			repair_file_check_event(native, &item.event);
	}
	invariant(status == CH_END);
	message_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *own;
	static struct mapping *native;
	struct outbox_row row = {.message = {.payload = {NULL, 0}}};
	struct slice rest = slice_of(data, len);
	if (native == NULL) {
		native = repair_file_mapping(
			"[file]\nformat = cloudevents\nlast_line = whole\n[station]\nsource = /s\n");
		own = repair_file_mapping(
			"[file]\nformat = jsonl\n[station]\nsource = /s\n"
			"[event repair.order.repaired]\nwhen = {outbox:type} is R\n"
			"id = {outbox:id}\ntime = {outbox:created_at}\n"
			"repair_order_id = {outbox:aggregateid}\n"
			"station.station_id = {outbox:aggregatetype}\n");
	}
	for (int i = 0; i < OUTBOX_PAYLOAD; i++)
		(void)text_split(&rest, '\n', &row.columns[i]); /* empty at the end */
	row.columns[OUTBOX_PAYLOAD] = rest;
	for (int i = 0; i < OUTBOX_COLUMNS; i++) {
		uint32_t bound = outbox_column_bound((enum outbox_column)i);
		invariant(strlen(outbox_column_name((enum outbox_column)i)) > 0);
		if (bound > 0 && row.columns[i].len > bound)
			return 0; /* the database gives it to nobody */
	}
	outbox_row_message(&row);
	read_row(&row, native, native);
	read_row(&row, own, native);
	return 0;
}
