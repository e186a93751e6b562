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
	OUTBOX_PAYLOAD,
	OUTBOX_COLUMNS,
};

struct outbox_row {
	struct slice columns[OUTBOX_COLUMNS];
	bool is_over;            /* a column is over its bound, and was not read: */
	enum outbox_column over; /* the first such */
	/* What the message looks at. */
	struct message_attribute attributes[5];
	struct cell context[OUTBOX_PAYLOAD];
	struct message message;
};

/* As the table names it. */
const char *outbox_column_name(enum outbox_column column);

/* In bytes; over it, the row is rejected.  0: it can have no more than its type in the database has. */
uint32_t outbox_column_bound(enum outbox_column column);

/* Fills the rest of `row` from its columns, which must stay as long as the message. */
void outbox_row_message(struct outbox_row *row);

#endif
