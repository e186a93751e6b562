/* Product units: who bought or registered one last has it, unless that purchase was taken back. */
#include "base/bytes.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/fact/held.h"
#include "wire/pb.h"

enum {
	UNIT_SERIAL = 1,
	UNIT_FILED = 2,
	UNIT_SEQUENCE = 3,
	UNIT_PRODUCT = 4,
	UNIT_CATEGORY = 5,
	UNIT_BRAND = 6,
};

struct slice unit_serial(struct slice raw, struct arena *arena)
{
	size_t len = 0;
	uint8_t *serial = arena_alloc(arena, raw.len + 1);
	if (serial == NULL)
		return (struct slice){NULL, 0};
	for (size_t i = 0; i < raw.len; i++) {
		uint8_t c = raw.data[i];
		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 32);
		if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80)
			serial[len++] = c;
	}
	return slice_of(serial, len);
}

/* serial                  -> who holds it now
 * serial, stamp, claim    -> a claim */
static void unit_key(struct key *key, struct slice serial, const struct stamp *stamp,
	const struct purchase_id *id)
{
	key_start(key);
	key_text(key, serial);
	if (stamp == NULL)
		return;
	for (size_t i = 0; i < STAMP_BYTES; i++)
		key_byte(key, stamp->bytes[i]);
	for (size_t i = 0; i < PURCHASE_ID_BYTES; i++)
		key_byte(key, id->bytes[i]);
}

static void unit_write(const struct unit_claim *claim, struct buffer *out)
{
	pb_put_bytes(out, UNIT_SERIAL, claim->serial);
	pb_put_uint(out, UNIT_FILED, claim->filed);
	pb_put_uint(out, UNIT_SEQUENCE, claim->sequence);
	pb_put_bytes(out, UNIT_PRODUCT, claim->product);
	pb_put_bytes(out, UNIT_CATEGORY, claim->category);
	pb_put_bytes(out, UNIT_BRAND, claim->brand);
}

enum ch_status unit_read(struct slice value, struct unit_claim *out_claim)
{
	struct pb_reader reader = pb_read(value);
	struct pb_field field;
	struct unit_claim claim = {0};
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case UNIT_SERIAL:
			claim.serial = field.bytes;
			break;
		case UNIT_FILED:
			claim.filed = field.integer;
			break;
		case UNIT_SEQUENCE:
			claim.sequence = field.integer;
			break;
		case UNIT_PRODUCT:
			claim.product = field.bytes;
			break;
		case UNIT_CATEGORY:
			claim.category = field.bytes;
			break;
		case UNIT_BRAND:
			claim.brand = field.bytes;
			break;
		default:
			break;
		}
	}
	if (reader.status != CH_OK)
		return CH_CORRUPT;
	*out_claim = claim;
	return CH_OK;
}

enum ch_status unit_claim(struct facts *facts, struct book_txn *txn, const struct stamp *stamp,
	const struct purchase_id *id, const struct unit_claim *claim)
{
	struct key key;
	unit_key(&key, claim->serial, stamp, id);
	buffer_clear(&facts->scratch);
	unit_write(claim, &facts->scratch);
	if (facts->scratch.status != CH_OK)
		return facts->scratch.status;
	book_put(txn, TABLE_UNITS, key_slice(&key), buffer_slice(&facts->scratch));
	return unit_settle(facts, txn, claim->serial);
}

enum ch_status unit_unclaim(struct facts *facts, struct book_txn *txn, const struct stamp *stamp,
	const struct purchase_id *id, struct slice serial)
{
	struct key key;
	unit_key(&key, serial, stamp, id);
	book_delete(txn, TABLE_UNITS, key_slice(&key));
	return unit_settle(facts, txn, serial);
}

/* The newest claim, copied; CH_NOT_FOUND: none. */
static enum ch_status unit_newest(
	struct facts *facts, struct book_txn *txn, struct slice serial, struct slice *out_claim)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	unit_key(&prefix, serial, NULL, NULL);
	enum ch_status status = book_last(
		txn, TABLE_UNITS, key_slice(&prefix), (struct slice){NULL, 0}, &key, &value);
	if (status != CH_OK)
		return status;
	if (key.len == prefix.len)
		return CH_NOT_FOUND; /* who held it once */
	*out_claim = arena_copy(&facts->arena, value);
	return out_claim->data != NULL ? CH_OK : CH_NOMEM;
}

static void unit_held_key(struct key *key, uint64_t owner, struct slice serial)
{
	held_key(key, owner, HELD_UNIT);
	key_text(key, serial);
}

enum ch_status unit_settle(struct facts *facts, struct book_txn *txn, struct slice serial)
{
	struct unit_claim claim = {0};
	struct slice newest = {NULL, 0};
	struct slice stored;
	struct key at;
	struct key key;
	uint8_t number[8];
	uint64_t before = 0;
	uint64_t owner = 0;
	unit_key(&at, serial, NULL, NULL);
	enum ch_status status = unit_newest(facts, txn, serial, &newest);
	if (status == CH_OK)
		status = unit_read(newest, &claim);
	if (status == CH_OK)
		status = held_owner(txn, claim.filed, claim.sequence, &owner);
	if (status == CH_OK || status == CH_NOT_FOUND) {
		status = book_get(txn, TABLE_UNITS, key_slice(&at), &stored);
		if (status == CH_OK)
			before = stored.len == 8 ? load_le64(stored.data) : 0;
	}
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	if (before != 0 && before != owner) {
		unit_held_key(&key, before, serial);
		book_delete(txn, TABLE_HELD, key_slice(&key));
	}
	touched_add(&facts->touched, before);
	touched_add(&facts->touched, owner);
	if (owner == 0) {
		book_delete(txn, TABLE_UNITS, key_slice(&at));
		return book_status(txn);
	}
	store_le64(number, owner);
	book_put(txn, TABLE_UNITS, key_slice(&at), slice_of(number, sizeof(number)));
	unit_held_key(&key, owner, serial);
	book_put(txn, TABLE_HELD, key_slice(&key), newest);
	if (claim.product.len > 0)
		product_bought(txn, claim.product, owner);
	return book_status(txn);
}
