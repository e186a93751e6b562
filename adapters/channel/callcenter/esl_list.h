/* What FreeSWITCH answers to what it is asked after a login.
 *
 *     api callcenter_config agent list             name|system|uuid|type|contact|...
 *                                                  1000@default|single_box||callback|user/1000@default|...
 *     api callcenter_config queue list             name|strategy|...
 *     api callcenter_config queue list members Q   queue|system|uuid|session_uuid|cid_number|cid_name|...
 *                                                  ...
 *                                                  +OK
 *     api show channels as json                    {"row_count":1,"rows":[{"uuid":"...","call_uuid":"..."}]}
 *
 * Tables have their columns' names in the first line, nothing but +OK when they are empty.  A row with more or fewer
 * cells than columns (a name with a '|') is passed over.  Pure. */
#ifndef CALLCENTER_ESL_LIST_H
#define CALLCENTER_ESL_LIST_H

#include "base/slice.h"

#define ESL_COLUMNS 48u

struct esl_table {
	struct slice rest;
	struct slice columns[ESL_COLUMNS];
	struct slice cells[ESL_COLUMNS]; /* of the row under way */
	size_t count;
};

void esl_table_open(struct slice body, struct esl_table *out_table);

/* The next row; false: there is none. */
bool esl_table_next(struct esl_table *table);

/* Its value of a column; empty: there is none of that name. */
struct slice esl_table_cell(const struct esl_table *table, const char *column);

/* Where an agent's telephone is, "user/1000@default" of "[leg_timeout=10]user/1000@default"; empty when the contact is
 * none of a user. */
struct slice esl_contact_user(struct slice contact);

/* Calls `each` with the uuid of every channel.  Whether the list is whole: one that can be read, with as many rows as it
 * says. */
bool esl_channels(struct slice body, void (*each)(void *context, struct slice uuid), void *context);

#endif
