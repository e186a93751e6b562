/* A station's file, whatever its format, as a sequence of events and rejects: what the kit's runner
 * pulls, and `translate` prints.
 *
 *     repair_source_open(mapping, fd, "SH12-20260302.csv", &source);
 *     while ((status = repair_source_next(source, &item)) == CH_OK)
 *             item.what == REPAIR_EVENT ? publish(&item.event) : set_aside(&item.reject, item.raw);
 *     repair_source_close(source);
 *
 * Reading a file again from its start gives the same items with the same ids and digests, so one that
 * was half done, or has grown, is simply read again: the hub knows what it has. */
#ifndef REPAIR_SOURCE_H
#define REPAIR_SOURCE_H

#include "channel/repair/event.h"

enum repair_what {
	REPAIR_EVENT,
	REPAIR_REJECT,     /* to be mended at the station and sent again */
	REPAIR_INCOMPLETE, /* the file ends inside a record: look again when it has grown */
};

struct repair_item {
	enum repair_what what;
	struct repair_event event;   /* REPAIR_EVENT */
	struct repair_reject reject; /* the others */
	/* The bytes of the record in question, for the file of rejects; empty where there are none, or
	 * more than are kept. */
	struct slice raw;
};

struct repair_source;

/* `mapping` must live until close, and `fd`, which stays the caller's; `path` is copied.  CH_INVALID (a
 * folder), CH_IO, CH_NOMEM. */
enum ch_status repair_source_open(
	const struct mapping *mapping, int fd, const char *path, struct repair_source **out_source);

/* For tests: the bytes must live until close.  CH_NOMEM. */
enum ch_status repair_source_open_bytes(const struct mapping *mapping, struct slice bytes,
	const char *name, struct repair_source **out_source);
void repair_source_close(struct repair_source *source);

/* The next item, valid until the next call.  CH_END: the file has been read as far as it can be;
 * CH_IO, CH_NOMEM: the machine failed, what was given is good. */
enum ch_status repair_source_next(struct repair_source *source, struct repair_item *out_item);

/* Which built-in mapping fits a file by its name and first bytes: "xes" for a document, "cloudevents"
 * for JSON lines, "ords-0.3" for a CSV header of that standard; NULL: none, as always when the file cannot
 * be read again from its start, where this leaves it. */
const char *repair_source_guess(int fd, const char *path);

#endif
