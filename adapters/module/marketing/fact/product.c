/* What the reference data say of products: category and brand, as published last. */
#include "carehub/v1/reference.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "wire/pb.h"

enum {
	PRODUCT_STAMP = 1,
	PRODUCT_CATEGORY = 2,
	PRODUCT_BRAND = 3,
};

static struct slice product_key(struct key *key, struct slice product)
{
	key_start(key);
	key_text(key, product);
	return key_slice(key);
}

enum ch_status product_find(struct book_txn *txn, struct slice product, struct arena *arena,
	struct product_fact *out_fact)
{
	struct key key;
	struct slice value;
	struct pb_field field;
	struct product_fact fact = {0};
	if (product.len == 0)
		return CH_NOT_FOUND;
	enum ch_status status = book_get(txn, TABLE_PRODUCTS, product_key(&key, product), &value);
	if (status != CH_OK)
		return status;
	struct slice copy = arena_copy(arena, value);
	if (copy.data == NULL)
		return CH_NOMEM;
	struct pb_reader reader = pb_read(copy);
	while (pb_next(&reader, &field)) {
		if (field.number == PRODUCT_STAMP && field.bytes.len == STAMP_BYTES)
			memcpy(fact.stamp.bytes, field.bytes.data, STAMP_BYTES);
		else if (field.number == PRODUCT_CATEGORY)
			fact.category = field.bytes;
		else if (field.number == PRODUCT_BRAND)
			fact.brand = field.bytes;
	}
	if (reader.status != CH_OK)
		return CH_CORRUPT;
	*out_fact = fact;
	return CH_OK;
}

/* With its length before it; who gets it walks the buyers. */
static void product_note(struct facts *facts, struct slice product)
{
	struct buffer *out = &facts->changed_products;
	size_t len = product.len < UINT16_MAX ? product.len : UINT16_MAX;
	buffer_append_byte(out, (uint8_t)(len >> 8));
	buffer_append_byte(out, (uint8_t)len);
	buffer_append(out, product.data, len);
}

enum ch_status product_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__ReferenceProductPublished *published = (const void *)event->message;
	struct slice product = slice_text(published->product_id);
	struct product_fact fact = {0};
	struct key key;
	/* A product that is taken out stays what it was: it was bought as that. */
	if (product.len == 0 || published->retired == CAREHUB__V1__ANSWER__ANSWER_YES)
		return CH_OK;
	enum ch_status status = product_find(txn, product, &facts->arena, &fact);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	if (status == CH_OK && !stamp_is_newer(&event->stamp, &fact.stamp))
		return CH_OK;
	struct slice category = slice_text(published->category);
	struct slice brand = slice_text(published->brand);
	if (!slice_equal(category, fact.category) || !slice_equal(brand, fact.brand))
		product_note(facts, product);
	buffer_clear(&facts->scratch);
	pb_put_bytes(&facts->scratch, PRODUCT_STAMP, slice_of(event->stamp.bytes, STAMP_BYTES));
	pb_put_bytes(&facts->scratch, PRODUCT_CATEGORY, category);
	pb_put_bytes(&facts->scratch, PRODUCT_BRAND, brand);
	if (facts->scratch.status != CH_OK || facts->changed_products.status != CH_OK)
		return CH_NOMEM;
	book_put(txn, TABLE_PRODUCTS, product_key(&key, product), buffer_slice(&facts->scratch));
	return CH_OK;
}

void product_bought(struct book_txn *txn, struct slice product, uint64_t customer)
{
	struct key key;
	struct slice known;
	if (product.len == 0)
		return;
	(void)product_key(&key, product);
	key_u64(&key, customer);
	if (book_get(txn, TABLE_BUYERS, key_slice(&key), &known) == CH_NOT_FOUND)
		book_put(txn, TABLE_BUYERS, key_slice(&key), (struct slice){NULL, 0});
}
