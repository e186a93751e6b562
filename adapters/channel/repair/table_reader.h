/* CSV as RFC 4180 has it and as stations write it: quoted line breaks, CR, LF or CRLF, a byte order
 * mark, blank lines, tabs or semicolons instead of commas.  libcsv splits; this adds the charset, the
 * place of every field, and going on behind a record that cannot be read.
 *
 * Behind a bad record reading goes on at the line that follows the record's first, so that a quote
 * nobody closed costs one row and not the rest of the file. */
#ifndef REPAIR_TABLE_READER_H
#define REPAIR_TABLE_READER_H

#include "channel/repair/input.h"
#include "channel/repair/row.h"
#include "kit/charset.h"

struct table_options {
	enum charset charset;
	char delimiter; /* ',' ';' or a tab; '|' with UTF-8 only: half a character in GB18030 */
	bool header;    /* the first record names the columns */
	bool lenient_quotes;      /* take a quote inside an unquoted field for an inch sign */
	bool accept_unterminated; /* a last record without line end is whole, not still being written */
	const struct slice
		*names; /* without header: names of the columns; may be NULL: "#1", "#2" ... */
	size_t name_count;
};

struct table_reader;

/* `input` and the names must live until close.  CH_NOMEM, CH_UNSUPPORTED (no such charset here). */
enum ch_status table_reader_open(
	struct input *input, const struct table_options *options, struct table_reader **out_reader);
void table_reader_close(struct table_reader *reader);

/* The names of the columns, read when need be; with no header and no names given, none.  As
 * table_reader_next, but a reject is always fatal.  CH_END: an empty file. */
enum ch_status table_reader_names(struct table_reader *reader, const struct slice **out_names,
	size_t *out_count, struct repair_reject *out_reject);

/* The next record.  CH_OK: *out_row, valid until the next call.  CH_END.  CH_NOMEM, CH_IO: the
 * machine failed.  Any other: *out_reject says what was passed over; call again for what follows. */
enum ch_status table_reader_next(
	struct table_reader *reader, struct row *out_row, struct repair_reject *out_reject);

#endif
