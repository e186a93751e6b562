/* One record of a station's file as named texts, whatever the format: a CSV record, the members of a
 * JSON object, the attributes of an XES event.  What a mapping works on. */
#ifndef REPAIR_ROW_H
#define REPAIR_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Where something stands in a file, for the person who must mend it; 0 where it does not apply. */
struct place {
	uint64_t record; /* CSV record with the header as 1, JSON line, XES event */
	uint64_t line;   /* from 1 */
	uint32_t column; /* CSV: the field, from 1; JSON and XML: the character of the line */
	uint64_t byte;   /* from 0, in the unpacked file */
};

struct cell {
	struct slice name; /* never empty; need not be unique */
	struct slice text; /* UTF-8 without blanks at the ends */
	struct place at;
	bool context; /* of what surrounds the record, not of itself: never kept as an extra */
};

struct row {
	struct cell *cells; /* in the order of the file */
	size_t count;
	struct place at;
	/* What the digest is taken of: the record's bytes without its line end; for XES, which has many
	 * spellings of one event, its attributes as texts. */
	struct slice raw;
};

/* Why something in a file did not become an event. */
struct repair_reject {
	enum ch_status status; /* CH_FORMAT, CH_INVALID, CH_MISSING, CH_TOO_LARGE, CH_CORRUPT ... */
	struct place at;
	bool incomplete;  /* the file ends inside this record: it may still be written */
	bool fatal;       /* the rest of the file cannot be read */
	char field[160];  /* column, attribute or member; "" */
	char reason[240]; /* one sentence for people, without values of personal fields */
};

/* Fills all but incomplete and fatal, which become false.  `field` may be a stranger's bytes: what
 * cannot be shown becomes '?'. */
void reject_fill(struct repair_reject *out, enum ch_status status, struct place at,
	struct slice field, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Appends "line 17, record 16, column 4, byte 1893: FIELD: REASON"; places that are 0 are left out. */
void reject_describe(const struct repair_reject *reject, struct buffer *out);

/* Without ASCII blanks and ideographic spaces at both ends. */
struct slice row_trim(struct slice text);

#endif
