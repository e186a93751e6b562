/* A file of lines that is only ever added to, each line durable before the next step is taken and with a
 * checksum in front:
 *
 *     77d10e3b 42 ended accepted
 *
 * A torn line at the end is cut off: nobody was told.  Damage before it is told. */
#ifndef PARTS_LOGBOOK_H
#define PARTS_LOGBOOK_H

#include "base/slice.h"

struct logbook;

/* Reads the file, which is made when it is absent, and stands behind its last line.  `each` gets every line; what
 * it says ends the reading, but CH_CORRUPT of the last line is taken for a tear.  CH_CORRUPT: a line in the
 * middle cannot be read.  CH_IO, CH_FULL, CH_NOMEM, CH_TOO_LARGE. */
enum ch_status logbook_open(const char *path,
	enum ch_status (*each)(void *context, struct slice line), void *context,
	struct logbook **out_logbook);
void logbook_close(struct logbook *logbook); /* NULL is fine */

/* Durably.  What a failed one has left is written over by the next.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status logbook_append(struct logbook *logbook, struct slice line);

/* A line as it stands in the file, for whoever writes one anew. */
void logbook_put(struct buffer *out, struct slice line);

#endif
