/* Notes of the running module about messages that the mail server certainly has not taken, and that are tried again: it
 * has deferred them, or was not spoken to before the module ended.  In campaign.care, 'w' and the message's place
 * to find them by, 't' and the time to take them by. */
#ifndef MARKETING_DESK_NOTES_H
#define MARKETING_DESK_NOTES_H

#include "module/marketing/campaign/campaign_ledger.h"

struct desk_note {
	struct ledger_place place;
	int64_t due_us;
	uint32_t attempts;
	/* Of an intent that had not come back from the journal: should another's come, the note says nothing of it.
	 * 0: it had come. */
	uint64_t nonce;
};

/* Replaces the one that the message has; the statuses stick in the transaction. */
void notes_put(struct book_txn *txn, const struct desk_note *note);
/* By place and due_us; fine when there is none. */
void notes_drop(struct book_txn *txn, const struct desk_note *note);
/* By place alone. */
void notes_drop_place(struct book_txn *txn, const struct ledger_place *place);

enum ch_status notes_has_place(
	struct book_txn *txn, const struct ledger_place *place, bool *out_has);

/* The one that is due last; CH_NOT_FOUND. */
enum ch_status notes_last(struct book_txn *txn, struct desk_note *out_note);

/* In the order of their times.  notes_next: CH_END. */
struct notes_walk;
enum ch_status notes_begin(struct book_txn *txn, struct notes_walk **out_walk);
enum ch_status notes_next(struct notes_walk *walk, struct desk_note *out_note);
void notes_end(struct notes_walk *walk); /* NULL is fine */

#endif
