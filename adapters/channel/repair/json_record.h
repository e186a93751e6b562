/* One JSON object out of a stranger's bytes (RFC 8259 in UTF-8), read strictly, and laid out as a row.
 *
 * As a row its cells are the object's members: "customer.phone" for nested ones, "parts[0].number" in
 * lists; null, empty objects and empty lists are as though they were not there. */
#ifndef REPAIR_JSON_RECORD_H
#define REPAIR_JSON_RECORD_H

#include <jansson.h>

#include "channel/repair/row.h"

struct json_record;

enum ch_status json_record_create(struct json_record **out_record); /* CH_NOMEM */
void json_record_free(struct json_record *record);

/* Takes up `bytes`, which stand at `at` in their file or message.  CH_OK: *out_object, valid until the
 * next call; CH_NOMEM; CH_FORMAT: *out_reject says what is wrong and where. */
enum ch_status json_record_parse(struct json_record *record, struct slice bytes, struct place at,
	json_t **out_object, struct repair_reject *out_reject);

/* The object as a row, behind `context`: cells of what surrounds it, which must stay as long as the row.
 * `raw` is what the digest is taken of.  CH_NOMEM; else *out_reject: too many members, too deep. */
enum ch_status json_record_flatten(struct json_record *record, const struct cell *context,
	size_t context_count, struct slice raw, struct row *out_row,
	struct repair_reject *out_reject);

#endif
