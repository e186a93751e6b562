/* XES event logs (IEEE 1849): log, trace, event, typed attributes, read as a stream.
 *
 * Each <event> is a row.  Its cells are its attributes by their keys ("concept:name"), those of its
 * trace as "trace:concept:name" and of the log as "log:concept:name", and its place in the trace as
 * "event:index", from 1.  A nested attribute is named "parent/child"; the <values> of a list go
 * unnamed.  Attributes of a trace must stand before its events, as the standard has them.
 *
 * Places count the file's own bytes; in a document that is not UTF-8 only to the nearest 16 KiB before,
 * lines and columns are exact.
 *
 * A document type declaration is refused, so there are no entities to expand and nothing to fetch. */
#ifndef REPAIR_XES_H
#define REPAIR_XES_H

#include "channel/repair/input.h"
#include "channel/repair/row.h"

struct xes_reader;

/* CH_NOMEM. */
enum ch_status xes_open(struct input *input, struct xes_reader **out_reader);
void xes_close(struct xes_reader *reader);

/* The next event, valid until the next call.  CH_END.  CH_NOMEM, CH_IO: the machine failed.  Any
 * other: *out_reject; call again.  It is fatal where the document is not well-formed, no XES, or the
 * input is damaged; the events before have been given.  A document that just ends is incomplete. */
enum ch_status xes_next(
	struct xes_reader *reader, struct row *out_row, struct repair_reject *out_reject);

#endif
