/* JSON lines: one object a line (json_record.h), whatever may stand between them. */
#ifndef REPAIR_JSONL_H
#define REPAIR_JSONL_H

#include <jansson.h>

#include "channel/repair/input.h"
#include "channel/repair/row.h"

struct jsonl_reader;

/* CH_NOMEM. */
enum ch_status jsonl_open(
	struct input *input, bool accept_unterminated, struct jsonl_reader **out_reader);
void jsonl_close(struct jsonl_reader *reader);

/* The next object, its line in *out_raw and where it stands; all valid until the next call.  CH_END.
 * CH_NOMEM, CH_IO: the machine failed.  Any other: *out_reject says what was passed over. */
enum ch_status jsonl_next(struct jsonl_reader *reader, json_t **out_object, struct slice *out_raw,
	struct place *out_at, struct repair_reject *out_reject);

/* The object given last as a row.  CH_NOMEM; else *out_reject: too many members, too deep. */
enum ch_status jsonl_flatten(
	struct jsonl_reader *reader, struct row *out_row, struct repair_reject *out_reject);

#endif
