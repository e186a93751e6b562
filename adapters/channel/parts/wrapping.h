/* The wrapping of messages, which the envelopes of both standards have alike: messages with their counts and
 * references, groups around them, and the interchange around all.  What its segments are called and say, a reader
 * knows: edifact.c, x12.c. */
#ifndef PARTS_WRAPPING_H
#define PARTS_WRAPPING_H

#include "channel/parts/interchange.h"

struct wrapping;

struct wrapping_kind {
	/* The tags of the trailers. */
	char message[4];
	char group[4];
	char interchange[4];
	const char *messages; /* as people call them: "sets" */
	const char *no_group; /* for a group's trailer that has no header */

	/* A trailer's reference is the header's. */
	bool (*same)(struct slice told, struct slice reference);

	/* Another interchange begins with this segment. */
	bool (*begins)(const struct segment *segment);

	/* One segment behind the header.  CH_NOMEM. */
	enum ch_status (*read)(struct wrapping *wrapping);

	/* May be NULL.  Within a message: passes over what is its own affair. */
	void (*sweep)(struct wrapping *wrapping, uint64_t *at);
};

struct wrapping {
	const struct wrapping_kind *kind;
	struct scanner *scanner;
	struct interchange *x;
	struct slice rest;
	const struct segment *segment; /* the one that is looked at */
	struct message *message;       /* the open one; NULL: between messages */
	bool in_group;
	bool bare; /* a message outside of any group was met */
	bool ended;
};

/* Until the interchange's trailer, or where it is lost.  *at stands behind what belongs to it.  CH_NOMEM. */
enum ch_status wrapping_read(struct wrapping *wrapping, uint64_t *at);

/* ---- For kind->read, about the segment that is looked at ---- */

/* The interchange is refused for it. */
void wrapping_flaw(struct wrapping *wrapping, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words);

/* The open message is. */
enum ch_status wrapping_message_flaw(struct wrapping *wrapping, struct flaw flaw);

/* A message is open from here on; CH_OK without one: there are too many, which is told.  CH_NOMEM. */
enum ch_status wrapping_begin_message(struct wrapping *wrapping);

/* It has one segment more. */
void wrapping_count_segment(struct wrapping *wrapping);

/* Its trailer; and when something else comes in its place at `offset`, which is fine when none is open. */
enum ch_status wrapping_end_message(struct wrapping *wrapping);
enum ch_status wrapping_lose_message(struct wrapping *wrapping, uint64_t offset);

/* The same of the group; NULL as wrapping_begin_message. */
enum ch_status wrapping_begin_group(struct wrapping *wrapping, struct group **out_group);
void wrapping_end_group(struct wrapping *wrapping);
void wrapping_lose_group(struct wrapping *wrapping, uint64_t offset);

/* The trailer of all, which counts so many of these. */
void wrapping_end(struct wrapping *wrapping, bool empty, uint64_t count, const char *what);

#endif
