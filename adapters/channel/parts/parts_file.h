/* A file with interchanges as a source of events, and of the answers to those who sent them. */
#ifndef PARTS_FILE_H
#define PARTS_FILE_H

#include "channel/parts/daybook.h"
#include "channel/parts/reading.h"
#include "kit/format.h"

/* Whom to answer. */
enum acknowledge { ACKNOWLEDGE_ALWAYS, ACKNOWLEDGE_ASKED, ACKNOWLEDGE_NEVER };

/* What all files share. */
struct parts_decoder {
	struct parts_options options;
	struct daybook *daybook; /* NULL: nothing is remembered, and nobody is answered */
	const char *state;       /* the daybook's folder */
	const char *out;         /* the folder for answers */
	enum acknowledge acknowledge;
	int64_t patience_us; /* a file that is cut off may be being written for so long */
};

/* Of a struct parts_decoder.
 *
 * All of a file is looked at before anything of it is given.  An interchange that is refused as a whole is
 * one reject; so is each of its messages that is refused by itself, and the others are events.  When all are
 * stored, the answers are written: first into the daybook, then into the folder. */
extern const struct kit_format parts_format;

/* Reads the whole file: CH_TOO_LARGE over LIMIT_PARTS_FILE_BYTES; UTF-16 becomes UTF-8. */
enum ch_status parts_file_read(int fd, struct buffer *out);

/* What the agreement has against an interchange that is sound by itself. */
void parts_file_agree(const struct parts_options *options, struct interchange *interchange);

#endif
