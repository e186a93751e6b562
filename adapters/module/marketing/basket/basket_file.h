/* Receipts from a plain data file, in one of two forms:
 *
 *     a basket a line                     a line of a receipt a row
 *
 *     citrus fruit,margarine,soups        Date,Time,Transaction,Item
 *     tropical fruit,yogurt,coffee        2016-10-30,10:05:34,2,Scandinavian
 *     whole milk                          2016-10-30,10:05:34,2,Scandinavian
 *
 * It is the second form when both columns are named in the options, or the first row has both a field
 * "transaction", "basket", "receipt" or "order" and a field "item", "product" or "article", in any case of
 * letters.  Then rows of one receipt need not stand together, and receipts count in the order of their first
 * rows.  In the first form empty fields are passed over, and there is no header. */
#ifndef MARKETING_BASKET_FILE_H
#define MARKETING_BASKET_FILE_H

#include "module/data/datafile.h"
#include "module/marketing/basket/basket_store.h"

#define BASKET_FILE_IGNORED_MAX 64u

struct basket_file_options {
	const char *basket; /* columns by name, both or none */
	const char *item;
	const char *ignored
		[BASKET_FILE_IGNORED_MAX]; /* items that are none, as "NONE"; their baskets count */
	size_t ignored_count;
};

/* Adds all baskets of `file`, opened as DATA_LINES.  With *out_refusal: CH_MISSING (a column, an empty receipt
 * number or item), CH_FORMAT (a row of another length), CH_INVALID (no basket in it), CH_TOO_LARGE, CH_NOMEM. */
enum ch_status basket_file_read(struct data_file *file, const struct basket_file_options *options,
	struct basket_store *store, struct refusal *out_refusal);

#endif
