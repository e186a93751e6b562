/* Store and forward: what a station could not send waits here, on its own disk, in order, until the hub
 * has said that it is stored.
 *
 *     spool/0000000000000001-5c1e9a07.spool     records 1 to 40 611; see spool_file.h
 *     spool/0000000000009ea4-5c1e9a07.spool     the newest: records are only ever added at its end
 *     spool/cursor                              all below it have a receipt; locked while it is open
 *     spool/0000000000000001-5c1e9a07.damaged   could not be read in full and is kept for people
 *
 * The contract, from one end to the other:
 *
 *  - A record is safe when spool_sync has returned.  Only then may its source let go of it.
 *  - Records are handed out in the order in which they were appended, by spool_next, as often as the
 *    process starts anew, until spool_done has been told that there is a receipt.
 *  - A segment is deleted when all of it is done and the cursor that says so is on the disk.  A crash
 *    in between gives records again, never skips one; the hub knows them by their id.
 *  - Together the segments never exceed `max_bytes`.  What does not fit is refused with CH_FULL, as on
 *    a full disk, and the source keeps it.
 *  - A tail that was being written when the power went is cut off: nobody was told that it is stored.
 *    Records that were, and cannot be read any more, are damage: told once, with the place, when their
 *    turn comes, and everything else is handed out.
 *
 * After CH_IO of a write or sync nobody knows what is on the disk: every later call fails as well, and
 * opening anew finds out.  The events are people's: the folder and its files are for their owner alone.
 *
 * One thread at a time. */
#ifndef KIT_SPOOL_H
#define KIT_SPOOL_H

#include <stdbool.h>

#include "kit/spool_file.h"

/* Records that may be handed out and not be done with. */
#define SPOOL_WINDOW 65536u

struct spool;

struct spool_options {
	const char *directory; /* made when it is absent */
	uint64_t max_bytes;    /* at least SPOOL_LEAST_BYTES */
};

#define SPOOL_LEAST_BYTES (1024u * 1024u)

/* CH_BUSY: another process has it open.  CH_VERSION: written by a later version.  CH_IO, CH_FULL,
 * CH_TOO_LARGE (the folder's name), CH_NOMEM. */
enum ch_status spool_open(const struct spool_options *options, struct spool **out_spool);

/* Writes the cursor down and lets go; what was not synced may be lost.  NULL is fine. */
void spool_close(struct spool *spool);

/* ---- In ---- */

/* Appends a record (its number, synced and at are not looked at).  CH_FULL: no room for it now, nothing
 * has changed; CH_TOO_LARGE: never; CH_IO, CH_NOMEM. */
enum ch_status spool_append(
	struct spool *spool, const struct spool_record *record, uint64_t *out_number);

/* All that was appended is on the disk.  CH_IO. */
enum ch_status spool_sync(struct spool *spool);

/* ---- Out ---- */

/* Records that were there and cannot be read. */
struct spool_damage {
	uint64_t first;
	uint64_t last;
	char file[48]; /* as it will be named in the folder; "" when it is gone */
	uint64_t offset;
};

/* The next record, of those that are synced; valid until the next call of any kind.  CH_END: none now,
 * or SPOOL_WINDOW of them are out.  CH_GAP: *out_damage; they count as done with.  CH_IO, CH_NOMEM. */
enum ch_status spool_next(
	struct spool *spool, struct spool_record *out_record, struct spool_damage *out_damage);

/* What was appended last, and all before, is not to be handed out: the caller has it at hand.  Only while
 * nothing older waits to be handed out. */
void spool_skip(struct spool *spool);

/* There is a receipt for this number, which was handed out or skipped.  In any order.  CH_IO, CH_FULL: the
 * cursor could not be written; nothing is lost, and the next call tries again. */
enum ch_status spool_done(struct spool *spool, uint64_t number);

/* Writes the cursor down, when it has moved.  As spool_done. */
enum ch_status spool_save(struct spool *spool);

/* ---- How it is ---- */

struct spool_state {
	uint64_t records;  /* without a receipt */
	uint64_t bytes;    /* on the disk */
	int64_t oldest_us; /* when the oldest of them came, as well as is known; 0: there is none */
	uint64_t torn_bytes; /* cut off at opening */
	bool started_over;   /* the cursor could not be read: all that is here is sent once more */
};

void spool_look(const struct spool *spool, struct spool_state *out_state);

#endif
