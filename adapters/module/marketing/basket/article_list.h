/* The articles that receipts name, as the running module numbers them: by number as they first came, which is how
 * baskets are kept in the book, and by the store's item, which is how rules are found.
 *
 * Articles that are ignored have a number and no item; so have those that are more than anybody finds rules among:
 * who came first has them. */
#ifndef MARKETING_ARTICLE_LIST_H
#define MARKETING_ARTICLE_LIST_H

#include "base/arena.h"
#include "base/table.h"
#include "module/kit/book.h"
#include "module/marketing/basket/basket_store.h"

#define ARTICLE_NO_ITEM UINT32_MAX

struct article {
	uint32_t number; /* in the book */
	uint32_t item;   /* in the store, or ARTICLE_NO_ITEM */
	struct slice name;
};

struct article_list {
	const char *const *ignored;
	size_t ignored_count;
	struct basket_store *store;
	struct arena arena; /* articles and names */
	struct table by_name;
	struct article **items; /* by number */
	size_t count;
	size_t capacity;
};

/* Without a store yet.  `ignored` outlives the list. */
void article_list_init(struct article_list *list, const char *const *ignored, size_t ignored_count);
void article_list_fini(struct article_list *list);

/* Empties it; those that come have their items in `store`. */
void article_list_begin(struct article_list *list, struct basket_store *store);

/* The article of that name; a new one goes into the book.  CH_NOMEM. */
enum ch_status article_list_find(struct article_list *list, struct book_txn *txn, struct slice name,
	const struct article **out_article);

/* The next one, as the book has it under this key.  CH_CORRUPT, CH_NOMEM. */
enum ch_status article_list_load(struct article_list *list, struct slice key, struct slice name);

#endif
