/* Plain tables as people keep them: CSV, TSV, semicolons, or columns that blanks part.  The whole file is
 * in memory; rows are split one at a time, and every field knows the line and the column it began in.
 *
 * What parts the fields, unless the caller says so, is found like this: the first line that is not
 * blank decides; a tab outside quotes wins over a comma, a comma over a semicolon.  When that line has none of
 * them, blanks part the fields (DATA_TABLE), or the next lines are asked, and blanks part them when no
 * line has any (DATA_LINES: a basket of one item stands at the head of many a file).
 *
 * Quotes are RFC 4180's: a field that begins with one ends with one, and two inside stand for one; a
 * quoted field may hold line breaks.  A quote inside an unquoted field is that character.  Blanks at
 * both ends of an unquoted field do not belong to it.  Lines end with LF, CR LF or CR.  Text is UTF-8, with
 * or without a byte order mark.  Blank lines are passed over; there are no comments.
 *
 * libcsv is not used: it knows nothing of runs of blanks and of where a field began. */
#ifndef MODULE_DATA_DATAFILE_H
#define MODULE_DATA_DATAFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

struct place {
	uint64_t line; /* from 1; 0: the file as a whole */
	/* In bytes, from 1, as editors and compilers count; 0: the line as a whole. */
	uint64_t column;
};

/* Why a file is of no use, and where; the status beside it says of which kind. */
struct refusal {
	struct place at;
	char reason[240]; /* "field 2 (size): \"x\" is no whole number" */
};

/* Fills *out_refusal and returns `status`, so that a refusal is one line. */
enum ch_status refuse(struct refusal *out_refusal, enum ch_status status, struct place at,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For messages: the text cut to what fits, what is unprintable shown as '?'. */
#define REFUSAL_WORD_BYTES 48
const char *refusal_word(struct slice text, char word[REFUSAL_WORD_BYTES]);

/* "FILE:LINE:COLUMN: reason", as compilers do, so that editors find the place. */
void refusal_print(const struct refusal *refusal, const char *path, FILE *out);

/* The same on standard error; returns the exit status: 2. */
int refusal_tell(const struct refusal *refusal, const char *path);

enum data_layout {
	DATA_TABLE, /* each line has the same fields */
	DATA_LINES, /* each line has as many as it likes */
};

#define DATA_DETECT '\0'
#define DATA_BLANKS ' '

/* By its word: comma, semicolon, tab, blanks; false: no such. */
bool data_delimiter_find(const char *word, char *out_delimiter);

struct data_field {
	struct slice text; /* valid as long as the file */
	struct place at;
	bool quoted;
};

struct data_row {
	const struct data_field *fields; /* valid until the next call */
	size_t count;                    /* at least 1 */
	struct place at;
};

struct data_file;

/* `path` "-" is standard input; pipes are read to their end.  CH_NOT_FOUND, CH_IO, CH_TOO_LARGE, CH_NOMEM;
 * CH_FORMAT (no UTF-8, a NUL byte); each with *out_refusal.  Any thread, one file for one thread. */
enum ch_status data_file_open(const char *path, enum data_layout layout, char delimiter,
	struct data_file **out_file, struct refusal *out_refusal);

/* The same for bytes that outlive the file. */
enum ch_status data_file_open_bytes(struct slice bytes, enum data_layout layout, char delimiter,
	struct data_file **out_file, struct refusal *out_refusal);

void data_file_close(struct data_file *file);

/* ',' ';' '\t' or DATA_BLANKS. */
char data_file_delimiter(const struct data_file *file);

/* The next row that is not blank.  CH_END; CH_FORMAT (a quote that is not closed, or text behind the one that
 * closes), CH_TOO_LARGE (LIMIT_ROW_COLUMNS), CH_NOMEM, each with *out_refusal; no call after those. */
enum ch_status data_file_next(
	struct data_file *file, struct data_row *out_row, struct refusal *out_refusal);

/* The next row is the first again. */
void data_file_rewind(struct data_file *file);

#endif
