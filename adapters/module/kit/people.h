/* Whose an event is now.  The hub files each event under a customer number; later the number may be merged
 * into another, a merge be undone, a person be erased.  The kit folds that before any part gets the event, and
 * facts keep the number as it was filed, and the sequence; so no fact is ever rewritten.
 *
 *     status = people_now(txn, call->customer, call->sequence, &customer);      at report time
 *
 * A part that keeps something by customer (a segment) folds customer.record.merged and its like too, and moves
 * it: the answer here is then already the new one. */
#ifndef MODULE_KIT_PEOPLE_H
#define MODULE_KIT_PEOPLE_H

#include "module/kit/book.h"

/* The number that `customer`, as filed at `sequence`, is known by now; 0 stays 0.  `sequence` 0: just the
 * number.  CH_CORRUPT, CH_IO. */
enum ch_status people_now(
	struct book_txn *txn, uint64_t customer, uint64_t sequence, uint64_t *out_customer);

/* Whether an event was ever given back when a merge was undone: where none was, whose a number is does not depend
 * on the sequence.  CH_CORRUPT, CH_IO. */
enum ch_status people_moved(struct book_txn *txn, bool *out_moved);

/* The person behind the number (as it is now) was erased: the number stays, nobody is to be spoken to. */
enum ch_status people_erased(struct book_txn *txn, uint64_t customer, bool *out_erased);

#endif
