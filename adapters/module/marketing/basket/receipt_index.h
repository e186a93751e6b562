/* Which receipts of tills are known, and the basket of each.  A receipt comes once; it may come again under another
 * event's id, and it may be voided, before it comes or after, by its number or by the till's own.
 *
 * Numbers of one till and day follow each other, so a hundred of them share a row of the book, and rows stay in
 * memory while tills go on: a receipt costs a look into a table in memory, and the book a few rows a batch.
 *
 *   receipts   'n' date, store, till, number but its last two digits   -> slots
 *              't' date, store, till's own number but its last two     -> slots
 *
 * A slot is the two digits that were left out (0 to 99), or 100 for the whole number where it does not end in two
 * digits, which cannot be mistaken for each other: "517" is slot 17 of the row "5", and "5" slot 100 of it.  Slots
 * stand in order, five bytes each: the slot, with 128 when the receipt was voided; its basket, little-endian, all ones when
 * it has not come. */
#ifndef MARKETING_RECEIPT_INDEX_H
#define MARKETING_RECEIPT_INDEX_H

#include "module/kit/book.h"
#include "module/marketing/fact/slip.h"

#define RECEIPT_NONE UINT32_MAX

enum receipt_name {
	RECEIPT_BY_NUMBER = 'n',
	RECEIPT_BY_TILL = 't',
};

struct receipt {
	uint32_t basket; /* RECEIPT_NONE: it has not come */
	bool voided;
};

struct receipt_row;

/* Where a receipt stands, known or not; until the next settle. */
struct receipt_spot {
	struct receipt_row *row;
	uint32_t slot;
};

struct receipt_index;

enum ch_status receipt_index_create(struct receipt_index **out_index); /* CH_NOMEM */
void receipt_index_free(struct receipt_index *index);                  /* NULL is fine */

/* What is in memory is void: a transaction was taken back, or another changed the book. */
void receipt_index_forget(struct receipt_index *index);

/* `name` as told; for RECEIPT_BY_TILL the till itself is no part of it.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status receipt_index_find(struct receipt_index *index, struct book_txn *txn,
	enum receipt_name by, const struct slip_name *name, struct receipt_spot *out_spot);

struct receipt receipt_index_get(const struct receipt_spot *spot);
enum ch_status receipt_index_put(struct receipt_index *index, const struct receipt_spot *spot,
	struct receipt receipt); /* CH_NOMEM */

/* At the end of a batch: what has changed goes into the book.  The status sticks. */
void receipt_index_settle(struct receipt_index *index, struct book_txn *txn);

/* Forgets receipts whose basket is before `first`; those that were voided before they came stay: few, and they may still
 * come.  Between batches.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status receipt_index_trim(
	struct receipt_index *index, struct book_txn *txn, uint32_t first);

#endif
