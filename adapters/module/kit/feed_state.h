/* What a book knows about itself: how far it has come, what is missing, what could not be folded.  Changed by
 * the kit alone; feed.h has what everybody may read. */
#ifndef MODULE_KIT_FEED_STATE_H
#define MODULE_KIT_FEED_STATE_H

#include "module/kit/feed.h"

/* Its waiting and refused are not looked at: the outbox knows them.  The status sticks. */
void feed_state_write(struct book_txn *txn, const struct feed_state *state);

/* Adds to the gaps of the state and of the book; one that is empty is none. */
void feed_note_gap(struct book_txn *txn, struct feed_state *state, uint64_t first, uint64_t last);

/* Keeps the newest LIMIT_MODULE_REJECTS of them. */
void feed_note_reject(struct book_txn *txn, const struct feed_event *event, enum ch_status status);

/* One more, or less, that the hub does not take: shown as `refused`. */
void feed_count_refused(struct book_txn *txn, int more);

#endif
