/* How purchases get into the book.
 *
 * A purchase's record holds all that was said of it; what is left of it is reckoned anew with each part and
 * lies, ready for profiles, with the customer whose it is.  A return is a record of its own, too, as it may be voided
 * itself: it knows the purchases that it took back from (PART_LINK), and they know it (PART_BACK). */
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/fact/held.h"
#include "module/marketing/fact/trade.h"

struct purchasing {
	struct facts *facts;
	struct book_txn *txn;
};

static struct slice id_slice(const struct purchase_id *id)
{
	return slice_of(id->bytes, PURCHASE_ID_BYTES);
}

/* Its record, of which nothing was said when it is not there; texts lie in the arena. */
static enum ch_status record_load(
	struct purchasing *purchasing, const struct purchase_id *id, struct purchase *out_purchase)
{
	struct slice stored = {NULL, 0};
	enum ch_status status = book_get(purchasing->txn, TABLE_PURCHASES, id_slice(id), &stored);
	if (status == CH_NOT_FOUND) {
		*out_purchase = (struct purchase){0};
		return CH_OK;
	}
	if (status != CH_OK)
		return status;
	/* What looks into the book lives until the next change. */
	struct slice copy = arena_copy(&purchasing->facts->arena, stored);
	if (copy.data == NULL && stored.len > 0)
		return CH_NOMEM;
	return purchase_read(copy, &purchasing->facts->arena, out_purchase);
}

static void record_store(struct purchasing *purchasing, const struct purchase_id *id,
	const struct purchase *purchase)
{
	struct buffer *out = &purchasing->facts->scratch;
	buffer_clear(out);
	purchase_write(purchase, out);
	if (out->status != CH_OK)
		book_fail(purchasing->txn, out->status);
	else
		book_put(purchasing->txn, TABLE_PURCHASES, id_slice(id), buffer_slice(out));
}

static bool says(const struct purchase *purchase, enum part_kind kind)
{
	for (uint32_t i = 0; i < purchase->part_count; i++) {
		if (purchase->parts[i].kind == kind)
			return true;
	}
	return false;
}

/* Whether that receipt was voided, under either of its names. */
static bool is_gone(void *context, const struct purchase_id *id)
{
	struct purchasing *purchasing = context;
	struct purchase purchase;
	struct purchase twin = {0};
	enum ch_status status = record_load(purchasing, id, &purchase);
	if (status == CH_OK && purchase.has_twin)
		status = record_load(purchasing, &purchase.twin, &twin);
	if (status != CH_OK) {
		book_fail(purchasing->txn, status);
		return false;
	}
	return says(&purchase, PART_GONE) || says(&twin, PART_GONE);
}

/* ---- What the customer holds ---- */

static void held_purchase_key(
	struct key *key, uint64_t owner, int64_t time_us, const struct purchase_id *id)
{
	held_key(key, owner, HELD_PURCHASE);
	key_time(key, time_us);
	for (size_t i = 0; i < PURCHASE_ID_BYTES; i++)
		key_byte(key, id->bytes[i]);
}

/* The units in it: whoever has what is left of it owns them. */
static enum ch_status settle_units(struct purchasing *purchasing, const struct purchase_id *id,
	const struct purchase *purchase, const struct purchase_rest *rest)
{
	struct facts *facts = purchasing->facts;
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < purchase->part_count && status == CH_OK; i++) {
		const struct purchase_part *part = &purchase->parts[i];
		if (part->kind != PART_SALE && part->kind != PART_AMENDED)
			continue;
		for (uint32_t j = 0; j < part->line_count && status == CH_OK; j++) {
			struct slice serial = unit_serial(part->lines[j].serial, &facts->arena);
			bool left = false;
			if (serial.len == 0 || part->lines[j].back)
				continue;
			for (uint32_t k = 0; k < rest->line_count; k++)
				left = left ||
				       slice_equal(rest->lines[k].serial, part->lines[j].serial);
			const struct unit_claim claim = {
				.serial = serial,
				.filed = rest->filed,
				.sequence = rest->sequence,
				.product = part->lines[j].product,
				.category = part->lines[j].category,
				.brand = part->lines[j].brand,
			};
			status = left ? unit_claim(facts, purchasing->txn, &part->stamp, id, &claim)
				      : unit_unclaim(
						facts, purchasing->txn, &part->stamp, id, serial);
		}
	}
	return status;
}

static enum ch_status settle_rest(struct purchasing *purchasing, const struct purchase_id *id,
	struct purchase *purchase, const struct purchase_rest *rest, uint64_t owner)
{
	struct book_txn *txn = purchasing->txn;
	struct buffer *out = &purchasing->facts->scratch;
	struct key key;
	if (purchase->held_by != 0 &&
		(purchase->held_by != owner || purchase->held_time_us != rest->time_us)) {
		held_purchase_key(&key, purchase->held_by, purchase->held_time_us, id);
		book_delete(txn, TABLE_HELD, key_slice(&key));
	}
	touched_add(&purchasing->facts->touched, purchase->held_by);
	touched_add(&purchasing->facts->touched, owner);
	purchase->held_by = owner;
	purchase->held_time_us = rest->time_us;
	if (owner == 0)
		return CH_OK;
	buffer_clear(out);
	purchase_rest_write(rest, purchase->label, out);
	if (out->status != CH_OK)
		return out->status;
	held_purchase_key(&key, owner, rest->time_us, id);
	book_put(txn, TABLE_HELD, key_slice(&key), buffer_slice(out));
	for (uint32_t i = 0; i < rest->line_count; i++)
		product_bought(txn, rest->lines[i].product, owner);
	return CH_OK;
}

/* Reckons what is left, and gives it to whose it is. */
static enum ch_status settle(
	struct purchasing *purchasing, const struct purchase_id *id, struct purchase *purchase)
{
	struct purchase twin = {0};
	struct purchase_rest rest = {0};
	uint64_t owner = 0;
	enum ch_status status = CH_OK;
	if (purchase->has_twin)
		status = record_load(purchasing, &purchase->twin, &twin);
	if (status != CH_OK)
		return status;
	bool told = purchase_reckon(
		purchase, &twin, is_gone, purchasing, &purchasing->facts->arena, &rest, &status);
	if (told && status == CH_OK)
		status = held_owner(purchasing->txn, rest.filed, rest.sequence, &owner);
	if (status == CH_OK)
		status = settle_rest(purchasing, id, purchase, &rest, owner);
	if (status == CH_OK)
		status = settle_units(purchasing, id, purchase, &rest);
	return status == CH_OK ? book_status(purchasing->txn) : status;
}

static bool tells_of_sale(const struct purchase *purchase)
{
	return says(purchase, PART_SALE) || says(purchase, PART_AMENDED);
}

enum ch_status purchase_settle(
	struct facts *facts, struct book_txn *txn, const struct purchase_id *id)
{
	struct purchasing purchasing = {facts, txn};
	struct purchase purchase;
	struct purchase_id at = *id;
	enum ch_status status = record_load(&purchasing, &at, &purchase);
	if (status == CH_OK && purchase.has_twin && !tells_of_sale(&purchase)) {
		/* It was named by its other name. */
		at = purchase.twin;
		status = record_load(&purchasing, &at, &purchase);
	}
	if (status != CH_OK || !tells_of_sale(&purchase))
		return status;
	status = settle(&purchasing, &at, &purchase);
	if (status == CH_OK)
		record_store(&purchasing, &at, &purchase);
	return status;
}

/* ---- A new part ---- */

/* A return that is gone gives back what it took. */
static enum ch_status settle_links(struct purchasing *purchasing, const struct purchase *purchase)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < purchase->part_count && status == CH_OK; i++) {
		if (purchase->parts[i].kind == PART_LINK)
			status = purchase_settle(
				purchasing->facts, purchasing->txn, &purchase->parts[i].taker);
	}
	return status;
}

/* The other name leads here, whichever is told first. */
static enum ch_status link_twin(struct purchasing *purchasing, const struct trade_piece *piece)
{
	struct purchase twin;
	enum ch_status status = record_load(purchasing, &piece->twin, &twin);
	if (status != CH_OK || twin.has_twin)
		return status;
	twin.has_twin = true;
	twin.twin = piece->id;
	record_store(purchasing, &piece->twin, &twin);
	return CH_OK;
}

static enum ch_status take(void *context, const struct trade_piece *piece)
{
	struct purchasing *purchasing = context;
	struct purchase purchase;
	struct purchase other = {0};
	enum ch_status status = record_load(purchasing, &piece->id, &purchase);
	if (status != CH_OK)
		return status;
	status = purchase_add(&purchase, &piece->part, &purchasing->facts->arena);
	if (status == CH_EXISTS)
		return CH_OK;
	if (status != CH_OK)
		return status;
	if (piece->label.len > 0 && purchase.label.len == 0)
		purchase.label = piece->label;
	if (piece->has_twin && !purchase.has_twin) {
		purchase.has_twin = true;
		purchase.twin = piece->twin;
		status = link_twin(purchasing, piece);
	}
	record_store(purchasing, &piece->id, &purchase);
	if (status == CH_OK && piece->part.kind != PART_LINK)
		status = purchase_settle(purchasing->facts, purchasing->txn, &piece->id);
	if (status != CH_OK)
		return status;
	/* The void may have come before the return that it voids, or under its other name. */
	if (purchase.has_twin)
		status = record_load(purchasing, &purchase.twin, &other);
	if (status == CH_OK && (says(&purchase, PART_GONE) || says(&other, PART_GONE))) {
		status = settle_links(purchasing, &purchase);
		if (status == CH_OK)
			status = settle_links(purchasing, &other);
	}
	return status;
}

enum ch_status purchase_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	struct purchasing purchasing = {facts, txn};
	return trade_read(event, &facts->arena, take, &purchasing);
}
