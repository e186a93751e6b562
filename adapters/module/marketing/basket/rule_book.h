/* Receipts as the running module keeps them for the rules of what is bought together: in its book, and in memory
 * with the miner's tree over them.
 *
 * A receipt is a basket of the articles that were sold on it, as rung up, less voided lines; what comes back later was
 * bought together all the same.  A receipt that is voided as a whole is taken out again, whichever of the two
 * comes first.  Practice and cancelled sales are other events, and never in.
 *
 *   receipts   receipt_index.h
 *   baskets    'b' page                        -> 64 baskets: how many items each, and their numbers
 *              'g' number                      -> nothing; that basket was taken out
 *   items      number                          -> name
 *   tree       't' piece                       -> the miner's tree as of some basket, so that a start counts little
 *              'l' number                      -> nothing; that basket was taken out since
 *
 * The sets are at most RULE_BOOK_BEHIND receipts old.  The tree is written when as many baskets have come as it has
 * sets, or when it is quiet; what came since is counted at a start, some hundred thousand receipts a second.  Twice
 * `most` receipts are kept at the most; then the older half goes, and the rest is mined anew. */
#ifndef MARKETING_RULE_BOOK_H
#define MARKETING_RULE_BOOK_H

#include "module/kit/feed.h"
#include "module/marketing/basket/miner.h"

#define RULE_BOOK_BEHIND 1000u

struct rule_book_options {
	struct support support;
	const char *const *ignored; /* articles that are none; outlive the book */
	size_t ignored_count;
	uint32_t most; /* receipts that are always kept */
};

struct rule_book;

enum ch_status rule_book_create(
	const struct rule_book_options *options, struct rule_book **out_book); /* CH_NOMEM */
void rule_book_free(struct rule_book *book);

/* Forgets what is in memory, and loads what the book has; the tree is used where it fits.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status rule_book_load(struct rule_book *book, struct book_txn *txn);

/* A sale, or the void of one; others change nothing.  CH_TOO_LARGE: a basket of too many items.  CH_NOMEM. */
enum ch_status rule_book_fold(
	struct rule_book *book, struct book_txn *txn, const struct feed_event *event);

/* The same of a sale that was not unpacked.  CH_UNSUPPORTED: nothing was put, and rule_book_fold is to be asked. */
enum ch_status rule_book_skim(
	struct rule_book *book, struct book_txn *txn, const struct feed_event *event);

/* At the end of a batch: the new baskets go into the book. */
enum ch_status rule_book_settle(struct rule_book *book, struct book_txn *txn);

/* The miner takes in what has come.  CH_TOO_LARGE: the support is too low for these receipts; it is tried again
 * with twice as many.  CH_NOMEM. */
enum ch_status rule_book_update(struct rule_book *book);

/* Whether the tree should be written, and doing so.  `quiet`: nothing else is to be done. */
bool rule_book_wants_saving(const struct rule_book *book, bool quiet);
enum ch_status rule_book_save(struct rule_book *book, struct book_txn *txn);

/* Whether more is kept than needs be; the older half goes.  As rule_book_load. */
bool rule_book_wants_trimming(const struct rule_book *book);
enum ch_status rule_book_trim(struct rule_book *book, struct book_txn *txn);

const struct basket_store *rule_book_store(const struct rule_book *book);
const struct miner *rule_book_miner(const struct rule_book *book);

struct rule_book_figures {
	uint32_t receipts;
	uint32_t behind;  /* receipts that the sets do not know yet */
	uint32_t counted; /* at the last load: those that the stored tree did not have */
	size_t sets;      /* counted ones */
};
struct rule_book_figures rule_book_figures(const struct rule_book *book);

#endif
