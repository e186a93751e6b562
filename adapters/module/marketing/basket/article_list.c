#include "module/marketing/basket/article_list.h"

#include <stdlib.h>

#include "module/kit/key.h"
#include "module/marketing/book_tables.h"

void article_list_init(struct article_list *list, const char *const *ignored, size_t ignored_count)
{
	*list = (struct article_list){.ignored = ignored, .ignored_count = ignored_count};
	arena_init(&list->arena);
	table_init(&list->by_name);
}

void article_list_fini(struct article_list *list)
{
	free(list->items);
	table_fini(&list->by_name);
	arena_fini(&list->arena);
}

void article_list_begin(struct article_list *list, struct basket_store *store)
{
	table_clear(&list->by_name);
	arena_reset(&list->arena);
	list->count = 0;
	list->store = store;
}

static bool article_is_ignored(const struct article_list *list, struct slice name)
{
	for (size_t i = 0; i < list->ignored_count; i++) {
		if (slice_equal(name, slice_text(list->ignored[i])))
			return true;
	}
	return false;
}

static bool article_list_room(struct article_list *list)
{
	if (list->count < list->capacity)
		return true;
	size_t capacity = list->capacity * 2 + 256;
	struct article **items = realloc(list->items, capacity * sizeof(struct article *));
	if (items == NULL)
		return false;
	list->items = items;
	list->capacity = capacity;
	return true;
}

static enum ch_status article_list_add(
	struct article_list *list, struct slice name, struct article **out_article)
{
	struct article *article = arena_alloc(&list->arena, sizeof(*article));
	struct slice copy = arena_copy(&list->arena, name);
	if (article == NULL || copy.data == NULL || !article_list_room(list))
		return CH_NOMEM;
	*article = (struct article){(uint32_t)list->count, ARTICLE_NO_ITEM, copy};
	enum ch_status status = CH_OK;
	if (!article_is_ignored(list, copy))
		status = basket_store_item(list->store, copy, &article->item);
	if (status == CH_TOO_LARGE) {
		article->item = ARTICLE_NO_ITEM;
		status = CH_OK;
	}
	if (status == CH_OK)
		status = table_put(&list->by_name, copy, article);
	if (status != CH_OK)
		return status;
	list->items[list->count++] = article;
	*out_article = article;
	return CH_OK;
}

enum ch_status article_list_find(struct article_list *list, struct book_txn *txn, struct slice name,
	const struct article **out_article)
{
	struct key key;
	struct article *article = table_get(&list->by_name, name);
	if (article == NULL) {
		enum ch_status status = article_list_add(list, name, &article);
		if (status != CH_OK)
			return status;
		key_start(&key);
		key_u32(&key, article->number);
		book_put(txn, TABLE_ITEMS, key_slice(&key), name);
	}
	*out_article = article;
	return CH_OK;
}

enum ch_status article_list_load(struct article_list *list, struct slice key, struct slice name)
{
	struct article *article;
	uint32_t number;
	if (!key_take_u32(&key, &number) || number != list->count)
		return CH_CORRUPT;
	return article_list_add(list, name, &article);
}
