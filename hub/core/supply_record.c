/* A parts order as the hub keeps it, and what of it is owed. */
#include "core/supply.h"
#include "wire/pbedit.h"

/* Numbers of SupplyOrder and SupplyLine. */
enum {
	ORDER_KEY = 1,
	ORDER_PLACED = 2,
	ORDER_CANCELLED = 3,
	ORDER_RECEIVED = 4,
	ORDER_LINES = 5,
	ORDER_AS_ONE = 6,
	ORDER_STATION = 7,

	LINE_ID = 1,
	LINE_ITEMS = 2,
	LINE_ORDERED = 3,
	LINE_RECEIVED = 4,
	LINE_BACKORDERED = 5,
	LINE_ENDED = 6,
	LINE_KNOWN = 7,

	ANSWER_YES = 1,
};

static void supply_read_line(struct slice encoded, struct supply *supply)
{
	struct pb_reader reader = pb_read(encoded);
	struct pb_field field;
	if (supply->count == LIMIT_SUPPLY_LINES)
		return; /* never written */
	struct supply_line *line = &supply->lines[supply->count++];
	*line = (struct supply_line){.known = false};
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case LINE_ID:
			line->id = pb_text_or_empty(&field);
			break;
		case LINE_ITEMS:
			supply_item_add(&line->item, pb_text_or_empty(&field));
			break;
		case LINE_ORDERED:
			line->ordered = (int64_t)field.integer;
			break;
		case LINE_RECEIVED:
			line->received = (int64_t)field.integer;
			break;
		case LINE_BACKORDERED:
			line->backordered = (int64_t)field.integer;
			break;
		case LINE_ENDED:
			line->ended = field.integer == ANSWER_YES;
			break;
		case LINE_KNOWN:
			line->known = field.integer == ANSWER_YES;
			break;
		default:
			break;
		}
	}
}

void supply_read(struct supply *supply)
{
	struct pb_reader reader = pb_read(supply->record);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case ORDER_PLACED:
			supply->placed_us = (int64_t)field.integer;
			break;
		case ORDER_CANCELLED:
			supply->cancelled_us = (int64_t)field.integer;
			break;
		case ORDER_RECEIVED:
			supply->received_us = (int64_t)field.integer;
			break;
		case ORDER_LINES:
			supply_read_line(field.bytes, supply);
			break;
		case ORDER_AS_ONE:
			supply->as_one = field.integer == ANSWER_YES;
			break;
		case ORDER_STATION:
			supply->station = pb_text_or_empty(&field);
			break;
		default:
			break;
		}
	}
}

static void supply_put_lines(const struct supply *supply, struct buffer *out)
{
	for (uint32_t i = 0; i < supply->count; i++) {
		const struct supply_line *line = &supply->lines[i];
		size_t at = pb_begin(out, ORDER_LINES);
		pb_put_bytes(out, LINE_ID, line->id);
		for (uint32_t k = 0; k < line->item.count; k++)
			pb_put_bytes(out, LINE_ITEMS, line->item.codes[k]);
		pb_put_int(out, LINE_ORDERED, line->ordered);
		pb_put_int(out, LINE_RECEIVED, line->received);
		pb_put_int(out, LINE_BACKORDERED, line->backordered);
		pb_put_uint(out, LINE_ENDED, line->ended ? ANSWER_YES : 0);
		pb_put_uint(out, LINE_KNOWN, line->known ? ANSWER_YES : 0);
		pb_end(out, at);
	}
}

void supply_store(struct ruling *ruling, const struct supply *supply)
{
	struct buffer partial = {0};
	struct buffer lines = {0};
	struct slice station = {NULL, 0};
	if (supply->record.len == 0)
		pb_put_bytes(&partial, ORDER_KEY, supply->key);
	record_put(supply->record, ORDER_PLACED, (uint64_t)supply->placed_us, &partial);
	record_put(supply->record, ORDER_CANCELLED, (uint64_t)supply->cancelled_us, &partial);
	record_put(supply->record, ORDER_RECEIVED, (uint64_t)supply->received_us, &partial);
	supply_put_lines(supply, &lines);
	if (!pbedit_same(supply->record, ORDER_LINES, buffer_slice(&lines)))
		buffer_append_slice(&partial, buffer_slice(&lines));
	record_put(supply->record, ORDER_AS_ONE, supply->as_one ? ANSWER_YES : 0, &partial);
	(void)pbedit_get_bytes(supply->record, ORDER_STATION, &station);
	if (!slice_equal(station, supply->station))
		pb_put_bytes(&partial, ORDER_STATION, supply->station);
	if (partial.status != CH_OK || lines.status != CH_OK)
		ruling->status = CH_NOMEM;
	else if (partial.len > 0)
		ruling_effect(ruling, &(struct effect){.op = EFFECT_RECORD_SET,
					      .kind = TABLE_SUPPLY,
					      .id = supply->key,
					      .value = buffer_slice(&partial)});
	buffer_fini(&partial);
	buffer_fini(&lines);
}

/* ---- What is owed ---- */

static void supply_owe_line(const struct supply_line *line, struct owed *owed)
{
	int64_t rest = line->ordered - line->received;
	if (line->ordered == 0) /* how many is not told: what comes is all */
		rest = line->received > 0 ? 0 : 1;
	if (!line->known || line->ended || rest <= 0)
		return;
	if (line->backordered != 0)
		owed->far = true;
	if (line->backordered != SUPPLY_ALL_OF_IT && rest > line->backordered)
		owed->near = true;
}

struct owed supply_owed(const struct supply *supply)
{
	struct owed owed = {.placed = supply->placed_us != 0};
	if (!owed.placed || supply->cancelled_us >= supply->placed_us)
		return owed;
	owed.near = supply->as_one && supply->received_us == 0;
	for (uint32_t i = 0; i < supply->count && !supply->as_one; i++)
		supply_owe_line(&supply->lines[i], &owed);
	return owed;
}
