/* Baskets in the book: rows of 64, each basket a count and so many numbers of articles.  Where rows begin does not depend
 * on batches, so two books of one journal are alike; the last row is kept at hand, and goes on. */
#ifndef MARKETING_BASKET_PAGE_H
#define MARKETING_BASKET_PAGE_H

#include "module/kit/book.h"
#include "wire/pb.h"

#define PAGE_BASKETS 64u
#define PAGE_KEY     'b' /* before the page's number, in the table of baskets */

struct basket_page {
	struct buffer bytes; /* as far as it is full */
	uint32_t number;     /* of its first basket, by PAGE_BASKETS */
	bool changed;
};

void basket_page_fini(struct basket_page *page);

/* Empty, before any basket. */
void basket_page_clear(struct basket_page *page);

/* The basket `number`, which follows the last; a page that is full goes into the book.  What fails sticks in the page's
 * bytes or in the transaction. */
void basket_page_add(struct basket_page *page, struct book_txn *txn, uint32_t number,
	const uint32_t *articles, uint32_t count);

/* What is not in the book yet goes there. */
void basket_page_settle(struct basket_page *page, struct book_txn *txn);

/* Goes on with a page as it is in the book.  CH_NOMEM. */
enum ch_status basket_page_resume(struct basket_page *page, uint32_t number, struct slice bytes);

/* The next basket of a row: at most LIMIT_BASKET_ITEMS articles, of numbers below `bound`.  CH_END; CH_CORRUPT. */
enum ch_status basket_page_next(
	struct pb_reader *reader, size_t bound, uint32_t *out_articles, size_t *out_count);

#endif
