/* Where events become files for partners: for each partner who wants an event one interchange, in his folder,
 * exactly once (outbook.h has how); and where their acknowledgements are missed.
 *
 *     out/north/ORDERS-10000000042.edi
 *     out/west/850-500000043.x12
 *
 * One thread. */
#ifndef PARTS_MAILROOM_H
#define PARTS_MAILROOM_H

#include "channel/parts/partner.h"

struct mailroom_options {
	const char *state; /* the folder of the outbook */
	const struct partners *partners;
	const struct zone *zone; /* of all times; NULL: UTC */
	struct slice repair_reference;
};

struct mailroom;

/* What the options point to must outlive it.  Makes the partners' folders where they are absent, and visible
 * what an earlier life has left hidden.  As outbook_open. */
enum ch_status mailroom_open(
	const struct mailroom_options *options, int64_t now_us, struct mailroom **out_mailroom);
void mailroom_close(struct mailroom *mailroom); /* NULL is fine */

struct mailroom_event {
	struct slice source;
	struct slice id;
	struct slice type;
	const ProtobufCMessage *message;
	int64_t time_us;    /* when it happened */
	int64_t arrival_us; /* at the hub */
};

/* Writes it for everybody who wants it and has not got it; an acknowledgement is noted.  CH_OK: all of that is
 * durable, and the hub may be told.  CH_INVALID: somebody cannot get it, the others have it: *out_obstacle
 * begins with his name.  CH_FULL: the disk is; CH_IO, CH_CORRUPT, CH_NOMEM: what was done is known next time. */
enum ch_status mailroom_take(struct mailroom *mailroom, const struct mailroom_event *event,
	int64_t now_us, struct obstacle *out_obstacle);

/* Tells, once each, which acknowledgements are missing.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status mailroom_look(struct mailroom *mailroom, int64_t now_us);

/* Since the start; and how it is now. */
struct mailroom_counts {
	uint64_t written;
	uint64_t refused;
	uint64_t acknowledged;
	uint64_t rejected;
	uint64_t awaited; /* now */
	uint64_t missing; /* of them, now */
};
void mailroom_count(struct mailroom *mailroom, struct mailroom_counts *out_counts);

#endif
