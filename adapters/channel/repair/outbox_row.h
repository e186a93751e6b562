/* One row of a station's outbox table, as PostgreSQL writes its columns in text, made a message.
 *
 *     payload is a CloudEvent           it is the event
 *     else, format = cloudevents        id, type and time are the row's, payload is the data
 *     format = jsonl                    the mapping reads payload, with the columns {outbox:id},
 *                                       {outbox:type}, {outbox:aggregatetype}, {outbox:aggregateid}
 *                                       and {outbox:created_at}
 */
#ifndef REPAIR_OUTBOX_ROW_H
#define REPAIR_OUTBOX_ROW_H

#include "channel/repair/message.h"

enum outbox_column {
	OUTBOX_ID,
	OUTBOX_AGGREGATETYPE,
	OUTBOX_AGGREGATEID,
	OUTBOX_TYPE,
	OUTBOX_CREATED_AT, /* RFC 3339 */
	OUTBOX_PAYLOAD,    /* empty: larger than was asked for */
	OUTBOX_COLUMNS,
};

struct outbox_row {
	struct slice columns[OUTBOX_COLUMNS];
	/* What the message looks at. */
	struct message_attribute attributes[5];
	struct cell context[OUTBOX_PAYLOAD];
	struct message message;
};

/* Fills the rest of `row` from its columns, which must stay as long as the message. */
void outbox_row_message(struct outbox_row *row);

#endif
