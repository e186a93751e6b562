#include "channel/repair/outbox_row.h"

#include "base/limits.h"

const char *outbox_column_name(enum outbox_column column)
{
	static const char *const names[OUTBOX_COLUMNS] = {
		[OUTBOX_ID] = "id",
		[OUTBOX_AGGREGATETYPE] = "aggregatetype",
		[OUTBOX_AGGREGATEID] = "aggregateid",
		[OUTBOX_TYPE] = "type",
		[OUTBOX_CREATED_AT] = "created_at",
		[OUTBOX_PAYLOAD] = "payload",
	};
	return names[column];
}

uint32_t outbox_column_bound(enum outbox_column column)
{
	if (column == OUTBOX_ID || column == OUTBOX_CREATED_AT)
		return 0;
	return column == OUTBOX_PAYLOAD ? LIMIT_ROW_BYTES : LIMIT_OUTBOX_BYTES;
}

void outbox_row_message(struct outbox_row *row)
{
	static const struct {
		enum outbox_column column;
		const char *context;
		const char *attribute; /* NULL: is none */
	} names[OUTBOX_PAYLOAD] = {
		{OUTBOX_ID, "outbox:id", "id"},
		{OUTBOX_AGGREGATETYPE, "outbox:aggregatetype", NULL},
		{OUTBOX_AGGREGATEID, "outbox:aggregateid", NULL},
		{OUTBOX_TYPE, "outbox:type", "type"},
		{OUTBOX_CREATED_AT, "outbox:created_at", "time"},
	};
	size_t count = 0;
	row->attributes[count++] =
		(struct message_attribute){SLICE_LITERAL("specversion"), SLICE_LITERAL("1.0")};
	for (size_t i = 0; i < OUTBOX_PAYLOAD; i++) {
		struct slice text = row->columns[names[i].column];
		row->context[i] =
			(struct cell){.name = slice_text(names[i].context), .text = row_trim(text)};
		if (names[i].attribute != NULL)
			row->attributes[count++] =
				(struct message_attribute){slice_text(names[i].attribute), text};
	}
	row->message = (struct message){
		.payload = row->columns[OUTBOX_PAYLOAD],
		.attributes = row->attributes,
		.attribute_count = count,
		.context = row->context,
		.context_count = OUTBOX_PAYLOAD,
	};
}
