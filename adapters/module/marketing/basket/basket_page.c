#include "module/marketing/basket/basket_page.h"

#include "base/limits.h"
#include "module/kit/key.h"
#include "module/marketing/book_tables.h"

void basket_page_fini(struct basket_page *page)
{
	buffer_fini(&page->bytes);
}

void basket_page_clear(struct basket_page *page)
{
	buffer_clear(&page->bytes);
	page->changed = false;
}

static void basket_page_put(struct basket_page *page, struct book_txn *txn)
{
	struct key key;
	key_start(&key);
	key_byte(&key, PAGE_KEY);
	key_u32(&key, page->number);
	book_put(txn, TABLE_BASKETS, key_slice(&key), buffer_slice(&page->bytes));
	page->changed = false;
}

void basket_page_add(struct basket_page *page, struct book_txn *txn, uint32_t number,
	const uint32_t *articles, uint32_t count)
{
	if (number % PAGE_BASKETS == 0)
		buffer_clear(&page->bytes);
	page->number = number / PAGE_BASKETS;
	page->changed = true;
	pb_put_varint(&page->bytes, count);
	for (uint32_t i = 0; i < count; i++)
		pb_put_varint(&page->bytes, articles[i]);
	if (number % PAGE_BASKETS == PAGE_BASKETS - 1)
		basket_page_put(page, txn);
}

void basket_page_settle(struct basket_page *page, struct book_txn *txn)
{
	if (page->changed)
		basket_page_put(page, txn);
}

enum ch_status basket_page_resume(struct basket_page *page, uint32_t number, struct slice bytes)
{
	basket_page_clear(page);
	buffer_append_slice(&page->bytes, bytes);
	page->number = number;
	return page->bytes.status;
}

enum ch_status basket_page_next(
	struct pb_reader *reader, size_t bound, uint32_t *out_articles, size_t *out_count)
{
	uint64_t count;
	uint64_t number;
	if (pb_rest(reader).len == 0)
		return CH_END;
	if (!pb_next_varint(reader, &count) || count > LIMIT_BASKET_ITEMS)
		return CH_CORRUPT;
	for (uint64_t i = 0; i < count; i++) {
		if (!pb_next_varint(reader, &number) || number >= bound)
			return CH_CORRUPT;
		out_articles[i] = (uint32_t)number;
	}
	*out_count = (size_t)count;
	return CH_OK;
}
