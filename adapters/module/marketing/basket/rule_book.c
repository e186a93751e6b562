#include "module/marketing/basket/rule_book.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "carehub/v1/pos.pb-c.h"
#include "module/marketing/basket/article_list.h"
#include "module/marketing/basket/basket_page.h"
#include "module/marketing/basket/receipt_index.h"
#include "module/marketing/book_tables.h"
#include "wire/pb.h"

#define BASKETS_GONE 'g'
#define TREE_PIECE   't'
#define TREE_LATE    'l'

/* Bytes of a row of the tree. */
#define PIECE_BYTES 65536u
/* The tree is not written for less. */
#define SAVE_LEAST       20000u
#define SAVE_LEAST_QUIET 1u

struct rule_book {
	struct rule_book_options options;
	struct article_list articles;
	struct basket_store *store;
	struct miner *miner;
	struct receipt_index *receipts;
	struct slip slip; /* of the event at hand */
	struct book_txn *loading;
	uint32_t first; /* number of the store's first basket */
	uint32_t mined; /* of the store's baskets */
	uint32_t saved; /* as of the tree in the book */
	uint32_t counted_at_load;
	uint32_t retry_at;       /* baskets; after the support was too low */
	struct basket_page page; /* the last one */
	uint32_t *basket;        /* LIMIT_BASKET_ITEMS */
	uint32_t *basket_store_items;
};

/* ---- Life ---- */

static void forget(struct rule_book *book)
{
	miner_free(book->miner);
	basket_store_free(book->store);
	if (book->receipts != NULL)
		receipt_index_forget(book->receipts);
	article_list_begin(&book->articles, NULL);
	basket_page_clear(&book->page);
	book->miner = NULL;
	book->store = NULL;
	book->first = 0;
	book->mined = 0;
	book->saved = 0;
	book->retry_at = 0;
	book->counted_at_load = 0;
}

static enum ch_status begin_empty(struct rule_book *book)
{
	forget(book);
	enum ch_status status = basket_store_create(&book->store);
	article_list_begin(&book->articles, book->store);
	if (status == CH_OK)
		status = miner_create(book->store, book->options.support, &book->miner);
	return status;
}

enum ch_status rule_book_create(
	const struct rule_book_options *options, struct rule_book **out_book)
{
	enum ch_status status = CH_NOMEM;
	struct rule_book *book = calloc(1, sizeof(*book));
	if (book == NULL)
		goto out;
	book->options = *options;
	article_list_init(&book->articles, options->ignored, options->ignored_count);
	book->basket = malloc(LIMIT_BASKET_ITEMS * sizeof(*book->basket));
	book->basket_store_items = malloc(LIMIT_BASKET_ITEMS * sizeof(*book->basket_store_items));
	if (book->basket == NULL || book->basket_store_items == NULL)
		goto out;
	status = receipt_index_create(&book->receipts);
	if (status != CH_OK)
		goto out;
	status = begin_empty(book);
	if (status != CH_OK)
		goto out;
	*out_book = book;
	book = NULL; /* the caller's now */
out:
	rule_book_free(book);
	return status;
}

void rule_book_free(struct rule_book *book)
{
	if (book == NULL)
		return;
	forget(book);
	receipt_index_free(book->receipts);
	slip_fini(&book->slip);
	free(book->basket);
	free(book->basket_store_items);
	article_list_fini(&book->articles);
	basket_page_fini(&book->page);
	free(book);
}

/* ---- Loading ---- */

static enum ch_status walk(struct book_txn *txn, enum marketing_table table, uint8_t kind,
	enum ch_status (*each)(void *context, struct slice key, struct slice value), void *context)
{
	struct book_walk *it = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, table, slice_of(&kind, kind != 0), (struct slice){NULL, 0}, &it);
	while (status == CH_OK) {
		status = book_walk_next(it, &key, &value);
		if (status == CH_OK)
			status = each(context, slice_sub(key, kind != 0, key.len), value);
	}
	book_walk_end(it);
	return status == CH_END ? CH_OK : status;
}

static enum ch_status load_article(void *context, struct slice key, struct slice value)
{
	struct rule_book *book = context;
	return article_list_load(&book->articles, key, value);
}

/* What of the basket has rules: articles that are ignored, or beyond the bound, are not in the store. */
static enum ch_status store_basket(struct rule_book *book, const uint32_t *articles, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t item = book->articles.items[articles[i]]->item;
		if (item != ARTICLE_NO_ITEM)
			book->basket_store_items[kept++] = item;
	}
	return basket_store_add(book->store, book->basket_store_items, kept);
}

static enum ch_status load_page(void *context, struct slice key, struct slice value)
{
	struct rule_book *book = context;
	struct pb_reader reader = pb_read(value);
	size_t count;
	uint32_t page;
	enum ch_status status = CH_OK;
	if (!key_take_u32(&key, &page))
		return CH_CORRUPT;
	if (basket_store_baskets(book->store) == 0)
		book->first = page * PAGE_BASKETS;
	if (page * PAGE_BASKETS != book->first + basket_store_baskets(book->store))
		return CH_CORRUPT;
	while (status == CH_OK) {
		status = basket_page_next(&reader, book->articles.count, book->basket, &count);
		if (status == CH_OK)
			status = store_basket(book, book->basket, count);
	}
	if (status != CH_END)
		return status;
	bool full = basket_store_baskets(book->store) % PAGE_BASKETS == 0;
	return basket_page_resume(&book->page, page, full ? (struct slice){NULL, 0} : value);
}

static struct slice gone_key(struct key *key, uint8_t kind, uint32_t number)
{
	key_start(key);
	key_byte(key, kind);
	key_u32(key, number);
	return key_slice(key);
}

static bool in_store(const struct rule_book *book, uint32_t number)
{
	return number >= book->first && number - book->first < basket_store_baskets(book->store);
}

/* Taken out when the tree was written, and so not in it; what went later is in it still. */
static enum ch_status load_gone(void *context, struct slice key, struct slice value)
{
	struct rule_book *book = context;
	struct slice found;
	struct key late;
	uint32_t number;
	(void)value;
	if (!key_take_u32(&key, &number))
		return CH_CORRUPT;
	if (!in_store(book, number))
		return CH_OK;
	enum ch_status status =
		book_get(book->loading, TABLE_TREE, gone_key(&late, TREE_LATE, number), &found);
	if (status == CH_NOT_FOUND)
		basket_store_remove(book->store, number - book->first);
	return status == CH_NOT_FOUND ? CH_OK : status;
}

static enum ch_status load_late(void *context, struct slice key, struct slice value)
{
	struct rule_book *book = context;
	uint32_t number;
	(void)value;
	if (!key_take_u32(&key, &number))
		return CH_CORRUPT;
	if (in_store(book, number)) {
		miner_take_out(book->miner, number - book->first);
		basket_store_remove(book->store, number - book->first);
	}
	return CH_OK;
}

static enum ch_status load_piece(void *context, struct slice key, struct slice value)
{
	struct buffer *tree = context;
	(void)key;
	buffer_append_slice(tree, value);
	return tree->status;
}

/* What the tree was made of, before the tree itself: another support, other articles, other baskets taken out since
 * make it useless. */
static void tree_head(const struct rule_book *book, struct buffer *out)
{
	pb_put_varint(out, (uint64_t)book->options.support.share.unscaled);
	pb_put_varint(out, book->options.support.share.scale);
	pb_put_varint(out, book->options.support.baskets);
	pb_put_varint(out, book->first);
	pb_put_varint(out, book->options.ignored_count);
	for (size_t i = 0; i < book->options.ignored_count; i++) {
		struct slice name = slice_text(book->options.ignored[i]);
		pb_put_varint(out, name.len);
		buffer_append_slice(out, name);
	}
}

static enum ch_status load_tree(struct rule_book *book, struct book_txn *txn)
{
	struct buffer tree = {0};
	struct buffer head = {0};
	enum ch_status status = walk(txn, TABLE_TREE, TREE_PIECE, load_piece, &tree);
	tree_head(book, &head);
	if (status == CH_OK)
		status = head.status;
	if (status == CH_OK && head.len > 0 &&
		slice_starts(buffer_slice(&tree), buffer_slice(&head))) {
		struct slice rest = slice_sub(buffer_slice(&tree), head.len, tree.len);
		struct pb_reader reader = pb_read(rest);
		uint64_t taken = 0;
		status = miner_read(book->miner, rest);
		if (status == CH_OK && pb_next_varint(&reader, &taken)) {
			book->mined = (uint32_t)taken;
			book->saved = (uint32_t)taken;
		}
		if (status == CH_CORRUPT || status == CH_TOO_LARGE)
			status = CH_OK; /* then it is counted anew */
	}
	buffer_fini(&head);
	buffer_fini(&tree);
	return status;
}

enum ch_status rule_book_load(struct rule_book *book, struct book_txn *txn)
{
	enum ch_status status = begin_empty(book);
	book->loading = txn;
	if (status == CH_OK)
		status = walk(txn, TABLE_ITEMS, 0, load_article, book);
	if (status == CH_OK)
		status = walk(txn, TABLE_BASKETS, PAGE_KEY, load_page, book);
	if (status == CH_OK)
		status = walk(txn, TABLE_BASKETS, BASKETS_GONE, load_gone, book);
	if (status == CH_OK)
		status = load_tree(book, txn);
	if (status == CH_OK)
		status = walk(txn, TABLE_TREE, TREE_LATE, load_late, book);
	if (status != CH_OK)
		return status;
	book->counted_at_load = basket_store_baskets(book->store) - book->mined;
	status = rule_book_update(book);
	return status == CH_TOO_LARGE ? CH_OK : status;
}

/* ---- Events ---- */

/* The articles sold, into book->basket. */
static enum ch_status read_basket(
	struct rule_book *book, struct book_txn *txn, const struct slip *slip)
{
	for (size_t i = 0; i < slip->count; i++) {
		const struct article *article;
		enum ch_status status =
			article_list_find(&book->articles, txn, slip->articles[i], &article);
		if (status != CH_OK)
			return status;
		book->basket[i] = article->number;
	}
	return CH_OK;
}

/* It has come already, under another event's id; or it was voided before it came. */
static bool is_settled(const struct receipt_spot *spot)
{
	struct receipt receipt = receipt_index_get(spot);
	return receipt.voided || receipt.basket != RECEIPT_NONE;
}

static enum ch_status fold_sale(
	struct rule_book *book, struct book_txn *txn, const struct slip *slip)
{
	struct receipt_spot by_number;
	struct receipt_spot by_till;
	bool has_till_number = slip->name.own_number.len > 0;
	if (!slip->told || slip->count == 0)
		return CH_OK;
	if (slip->count > LIMIT_BASKET_ITEMS)
		return CH_TOO_LARGE;
	enum ch_status status =
		receipt_index_find(book->receipts, txn, RECEIPT_BY_NUMBER, &slip->name, &by_number);
	if (status == CH_OK && has_till_number)
		status = receipt_index_find(
			book->receipts, txn, RECEIPT_BY_TILL, &slip->name, &by_till);
	if (status != CH_OK || is_settled(&by_number) || (has_till_number && is_settled(&by_till)))
		return status;
	if (basket_store_baskets(book->store) == LIMIT_BASKETS)
		return CH_OK; /* until the older half goes */
	status = read_basket(book, txn, slip);
	if (status == CH_OK)
		status = store_basket(book, book->basket, slip->count);
	if (status != CH_OK)
		return status;
	const struct receipt receipt = {
		.basket = book->first + basket_store_baskets(book->store) - 1};
	basket_page_add(&book->page, txn, receipt.basket, book->basket, (uint32_t)slip->count);
	status = receipt_index_put(book->receipts, &by_number, receipt);
	if (status == CH_OK && has_till_number)
		status = receipt_index_put(book->receipts, &by_till, receipt);
	return status == CH_OK ? book->page.bytes.status : status;
}

/* Under its other name it may have been voided before. */
static enum ch_status take_out(struct rule_book *book, struct book_txn *txn, uint32_t number)
{
	struct key key;
	struct slice value;
	if (!in_store(book, number))
		return CH_OK; /* it was too old, and went */
	enum ch_status status =
		book_get(txn, TABLE_BASKETS, gone_key(&key, BASKETS_GONE, number), &value);
	if (status != CH_NOT_FOUND)
		return status;
	book_put(txn, TABLE_BASKETS, key_slice(&key), (struct slice){NULL, 0});
	book_put(txn, TABLE_TREE, gone_key(&key, TREE_LATE, number), (struct slice){NULL, 0});
	miner_take_out(book->miner, number - book->first);
	basket_store_remove(book->store, number - book->first);
	return CH_OK;
}

static struct slice told(struct slice own, struct slice otherwise)
{
	return own.len > 0 ? own : otherwise;
}

static enum ch_status fold_void(
	struct rule_book *book, struct book_txn *txn, const Carehub__V1__PosSaleVoided *event)
{
	struct receipt_spot spot;
	struct slip_name own = {.store = {NULL, 0}};
	if (event->original == NULL)
		return CH_OK;
	struct slip_name name = slip_name_of(event->original);
	bool numbered = name.number.len > 0;
	if (!numbered && name.own_number.len == 0)
		return CH_OK;
	/* What the void leaves out of its name is the voiding receipt's own. */
	if (event->transaction != NULL && event->transaction->ref != NULL)
		own = slip_name_of(event->transaction->ref);
	name.date = told(name.date, own.date);
	name.store = told(name.store, own.store);
	name.till = told(name.till, own.till);
	enum ch_status status = receipt_index_find(
		book->receipts, txn, numbered ? RECEIPT_BY_NUMBER : RECEIPT_BY_TILL, &name, &spot);
	if (status != CH_OK)
		return status;
	struct receipt receipt = receipt_index_get(&spot);
	if (receipt.voided)
		return CH_OK;
	receipt.voided = true;
	status = receipt_index_put(book->receipts, &spot, receipt);
	return status == CH_OK && receipt.basket != RECEIPT_NONE
		       ? take_out(book, txn, receipt.basket)
		       : status;
}

/* The sets are never older than they may be. */
static enum ch_status keep_up(struct rule_book *book)
{
	if (basket_store_baskets(book->store) - book->mined < RULE_BOOK_BEHIND)
		return CH_OK;
	enum ch_status status = rule_book_update(book);
	return status == CH_TOO_LARGE ? CH_OK : status;
}

enum ch_status rule_book_skim(
	struct rule_book *book, struct book_txn *txn, const struct feed_event *event)
{
	enum ch_status status = slip_read(&book->slip, event->head.data, event->head.personal);
	if (status == CH_OK)
		status = fold_sale(book, txn, &book->slip);
	return status == CH_OK ? keep_up(book) : status;
}

enum ch_status rule_book_fold(
	struct rule_book *book, struct book_txn *txn, const struct feed_event *event)
{
	enum ch_status status = CH_OK;
	if (event->message->descriptor == &carehub__v1__pos_sale_completed__descriptor) {
		const Carehub__V1__PosSaleCompleted *sale = (const void *)event->message;
		status = slip_take(&book->slip, sale->transaction);
		if (status == CH_OK)
			status = fold_sale(book, txn, &book->slip);
	} else if (event->message->descriptor == &carehub__v1__pos_sale_voided__descriptor) {
		status = fold_void(book, txn, (const void *)event->message);
	}
	return status == CH_OK ? keep_up(book) : status;
}

enum ch_status rule_book_settle(struct rule_book *book, struct book_txn *txn)
{
	basket_page_settle(&book->page, txn);
	receipt_index_settle(book->receipts, txn);
	return book_status(txn);
}

/* ---- The tree ---- */

enum ch_status rule_book_update(struct rule_book *book)
{
	uint32_t baskets = basket_store_baskets(book->store);
	if (baskets < book->retry_at)
		return CH_TOO_LARGE;
	enum ch_status status = miner_update(book->miner);
	if (status == CH_OK) {
		book->mined = baskets;
		book->retry_at = 0;
	} else {
		book->mined = 0;
		book->retry_at = status == CH_TOO_LARGE ? 2 * baskets : 0;
	}
	return status;
}

bool rule_book_wants_saving(const struct rule_book *book, bool quiet)
{
	uint32_t since = book->mined - book->saved;
	size_t sets = miner_figures(book->miner).counted;
	if (book->mined < book->saved || book->mined == 0)
		return false;
	return since >= (quiet ? SAVE_LEAST_QUIET : SAVE_LEAST) && (quiet || since >= sets);
}

enum ch_status rule_book_save(struct rule_book *book, struct book_txn *txn)
{
	struct buffer tree = {0};
	struct key key;
	tree_head(book, &tree);
	miner_write(book->miner, &tree);
	enum ch_status status = tree.status;
	if (status == CH_OK)
		book_clear(txn, TABLE_TREE);
	for (size_t at = 0; at < tree.len && status == CH_OK; at += PIECE_BYTES) {
		key_start(&key);
		key_byte(&key, TREE_PIECE);
		key_u32(&key, (uint32_t)(at / PIECE_BYTES));
		book_put(txn, TABLE_TREE, key_slice(&key),
			slice_sub(buffer_slice(&tree), at, PIECE_BYTES));
		status = book_status(txn);
	}
	if (status == CH_OK)
		book->saved = book->mined;
	buffer_fini(&tree);
	return status;
}

/* ---- Old receipts ---- */

bool rule_book_wants_trimming(const struct rule_book *book)
{
	return basket_store_baskets(book->store) / 2 >= book->options.most;
}

struct trimming {
	struct book_txn *txn;
	uint32_t first; /* page or basket to be kept */
	uint8_t kind;
};

static enum ch_status trim_basket(void *context, struct slice key, struct slice value)
{
	struct trimming *trimming = context;
	struct slice rest = key;
	struct key copy;
	uint32_t number;
	(void)value;
	if (!key_take_u32(&rest, &number))
		return CH_CORRUPT;
	if (number >= trimming->first)
		return CH_END;
	book_delete(trimming->txn, TABLE_BASKETS, gone_key(&copy, trimming->kind, number));
	return book_status(trimming->txn);
}

enum ch_status rule_book_trim(struct rule_book *book, struct book_txn *txn)
{
	struct trimming trimming = {.txn = txn};
	uint32_t wanted = book->first + basket_store_baskets(book->store) - book->options.most;
	/* From the page on that holds it: pages stay whole. */
	trimming.first = wanted / PAGE_BASKETS;
	trimming.kind = PAGE_KEY;
	enum ch_status status = walk(txn, TABLE_BASKETS, PAGE_KEY, trim_basket, &trimming);
	trimming.first *= PAGE_BASKETS;
	trimming.kind = BASKETS_GONE;
	if (status == CH_OK)
		status = walk(txn, TABLE_BASKETS, BASKETS_GONE, trim_basket, &trimming);
	if (status == CH_OK)
		status = receipt_index_trim(book->receipts, txn, trimming.first);
	book_clear(txn, TABLE_TREE);
	return status == CH_OK ? rule_book_load(book, txn) : status;
}

/* ---- Looking ---- */

const struct basket_store *rule_book_store(const struct rule_book *book)
{
	return book->store;
}

const struct miner *rule_book_miner(const struct rule_book *book)
{
	return book->miner;
}

struct rule_book_figures rule_book_figures(const struct rule_book *book)
{
	return (struct rule_book_figures){
		.receipts = basket_store_live(book->store),
		.behind = basket_store_baskets(book->store) - book->mined,
		.counted = book->counted_at_load,
		.sets = miner_figures(book->miner).counted,
	};
}
