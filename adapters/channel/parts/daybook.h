/* Which interchanges have come, and how each was answered: the memory that tells an interchange that is sent
 * twice from a file that is read again after a crash.
 *
 *     state/daybook              one line an interchange and one for how it ended, only ever added to:
 *     9a6c1f04 42 1795339860000000 claimed 5b0e... 7340-1795339859000000-2312@0 S/R/261122/REF1
 *     77d10e3b 42 ended accepted
 *     state/0000000042.answer   what was answered, byte for byte
 *
 * The contract: an interchange is claimed, durably, before the first of its events is published.  The claim
 * fixes the number and the time of its answer.  The answer is kept before it is handed out.  A process that
 * dies anywhere in between finds the claim when it reads the same file again, at the same place, and gives
 * the same answer; any other file with an interchange of that name holds a duplicate.  One that was refused
 * as a whole may come again, corrected, under its name; and so may one whose file went away before it had
 * ended, for the hub knows which of its events it has.
 *
 * One process at a time has it open; one thread. */
#ifndef PARTS_DAYBOOK_H
#define PARTS_DAYBOOK_H

#include "base/slice.h"

#define DAYBOOK_DIGEST_BYTES 32u

struct daybook;

/* Makes the folder when it is absent.  CH_BUSY: another process has it open.  CH_CORRUPT: a line in the
 * middle cannot be read; a torn one at the end is cut off.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status daybook_open(const char *folder, struct daybook **out_daybook);
void daybook_close(struct daybook *daybook); /* NULL is fine */

/* The interchange as it came. */
struct daybook_interchange {
	struct slice key;                     /* whose and which; no blanks or line ends */
	struct slice place;                   /* in which file and where in it; the same */
	uint8_t digest[DAYBOOK_DIGEST_BYTES]; /* of its bytes */
};

/* How it will be answered. */
struct daybook_claim {
	uint64_t number;
	int64_t time_us;
	bool ended; /* the answer has been handed out, in an earlier life */
};

/* CH_OK: it is its first time, or the same file again; *out_claim.  CH_DUPLICATE: it came before, in
 * another file or place; *out_claim is for the answer that says so.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status daybook_take(struct daybook *daybook, const struct daybook_interchange *interchange,
	int64_t now_us, struct daybook_claim *out_claim);

/* It ended; `accepted`: some of it was taken, and its name is used up.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status daybook_end(struct daybook *daybook, uint64_t number, bool accepted);

/* The answer that was kept under the number, appended.  CH_NOT_FOUND, CH_IO, CH_NOMEM. */
enum ch_status daybook_answer(const struct daybook *daybook, uint64_t number, struct buffer *out);

/* Keeps an answer, durably.  CH_IO, CH_FULL, CH_NOMEM. */
enum ch_status daybook_keep(struct daybook *daybook, uint64_t number, struct slice answer);

#endif
