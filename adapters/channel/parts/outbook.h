/* Which events went out to which partner, under which number, and what he said: the memory by which an
 * interchange is never lost and never sent twice.
 *
 *     state/outbook              one line for each, and one for what became of it, only ever added to:
 *     5f0c1e7a 0 1795339860000000 began
 *     9a6c1f04 42 1795339860000000 written north ORDERS 5b0e... awaited
 *     77d10e3b 42 acknowledged
 *
 * The contract, of whoever hands interchanges out:
 *
 *  1. the interchange is written under the next number, durably, where the partner does not see it
 *  2. its line is added: from here on the number is used up, and the event is done
 *  3. the file is made visible, by one rename
 *  4. the hub is told
 *
 * A process that dies before 2 has used up nothing, and the next life overwrites what lies there; one that
 * dies behind it finds the line, and does 3 if the file still lies hidden.  So an event that comes again is known,
 * whatever the hub's cursor or the journal's sequences have become.
 *
 * One process at a time has it open; one thread. */
#ifndef PARTS_OUTBOOK_H
#define PARTS_OUTBOOK_H

#include "base/limits.h"
#include "base/slice.h"

#define OUTBOOK_KEY_BYTES 16u

enum outbook_state {
	OUTBOOK_WRITTEN,
	OUTBOOK_MISSING, /* no acknowledgement came in time; it may still come */
	OUTBOOK_ACKNOWLEDGED,
	OUTBOOK_REJECTED,
};

struct outbook_entry {
	uint64_t number; /* from 1 on */
	int64_t time_us;
	uint8_t key[OUTBOOK_KEY_BYTES]; /* of the event */
	char partner[LIMIT_PARTNER_NAME_BYTES + 1];
	char message[7]; /* "ORDERS" */
	bool awaited;    /* an acknowledgement was asked for */
	enum outbook_state state;
};

struct outbook;

/* `folder` is made when it is absent; `now_us` is noted when the book is new.  CH_BUSY: another process has it
 * open.  CH_CORRUPT: a line in the middle cannot be read.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status outbook_open(const char *folder, int64_t now_us, struct outbook **out_outbook);
void outbook_close(struct outbook *outbook); /* NULL is fine */

/* When the book was begun: events from before are not its affair. */
int64_t outbook_began_us(const struct outbook *outbook);

/* The number of the next entry. */
uint64_t outbook_next(const struct outbook *outbook);

/* The entry of an event for a partner, of a number; NULL: none, or it is forgotten since.  Valid until the next
 * outbook_add. */
const struct outbook_entry *outbook_find(
	const struct outbook *outbook, const char *partner, const uint8_t key[OUTBOOK_KEY_BYTES]);
const struct outbook_entry *outbook_get(const struct outbook *outbook, uint64_t number);

/* Durably; its number is outbook_next.  CH_IO, CH_FULL, CH_NOMEM: as though nothing had been done. */
enum ch_status outbook_add(struct outbook *outbook, const struct outbook_entry *entry);

/* What became of it, durably.  The same. */
enum ch_status outbook_mark(struct outbook *outbook, uint64_t number, enum outbook_state state);

/* The oldest entry from *number on that waits for an acknowledgement, and sets *number behind it; NULL: none.
 * Begin with 0. */
const struct outbook_entry *outbook_awaited(struct outbook *outbook, uint64_t *number);

#endif
