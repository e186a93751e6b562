#include "module/marketing/fact/facts.h"

#include <stdlib.h>

#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "carehub/v1/pos.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/held.h"

const char *const facts_topics[] = {
	"pos.sale.completed",
	"pos.return.completed",
	"pos.sale.voided",
	"website.order.placed",
	"website.order.amended",
	"website.order.cancelled",
	"website.refund.issued",
	"website.warranty.registered",
	"*.consent.given",
	"*.consent.withdrawn",
	"*.complaint.filed",
	"callcenter.case.logged",
	"callcenter.case.closed",
	"callcenter.case.reopened",
	"reference.product.published",
	"customer.record.*",
};
const size_t facts_topic_count = sizeof(facts_topics) / sizeof(facts_topics[0]);

/* ---- Whom a batch concerned ---- */

void touched_fini(struct touched *touched)
{
	free(touched->customers);
	*touched = (struct touched){0};
}

void touched_clear(struct touched *touched)
{
	touched->count = 0;
	touched->status = CH_OK;
}

void touched_add(struct touched *touched, uint64_t customer)
{
	if (customer == 0 || touched->status != CH_OK ||
		(touched->count > 0 && touched->customers[touched->count - 1] == customer))
		return;
	if (touched->count == touched->capacity) {
		size_t capacity = touched->capacity * 2 + 64;
		uint64_t *customers = realloc(touched->customers, capacity * sizeof(*customers));
		if (customers == NULL) {
			touched->status = CH_NOMEM;
			return;
		}
		touched->customers = customers;
		touched->capacity = capacity;
	}
	touched->customers[touched->count++] = customer;
}

static int touched_compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

void touched_settle(struct touched *touched)
{
	size_t kept = 0;
	if (touched->count > 1)
		qsort(touched->customers, touched->count, sizeof(*touched->customers),
			touched_compare);
	for (size_t i = 0; i < touched->count; i++) {
		if (kept == 0 || touched->customers[kept - 1] != touched->customers[i])
			touched->customers[kept++] = touched->customers[i];
	}
	touched->count = kept;
}

/* ---- Folding ---- */

void facts_init(struct facts *facts)
{
	*facts = (struct facts){0};
	arena_init(&facts->arena);
}

void facts_fini(struct facts *facts)
{
	arena_fini(&facts->arena);
	slip_fini(&facts->slip);
	buffer_fini(&facts->scratch);
	buffer_fini(&facts->changed_products);
	touched_fini(&facts->touched);
}

void facts_clear(struct facts *facts)
{
	touched_clear(&facts->touched);
	buffer_clear(&facts->changed_products);
}

static const struct {
	const ProtobufCMessageDescriptor *type;
	enum ch_status (*change)(
		struct facts *facts, struct book_txn *txn, const struct feed_event *event);
} changes[] = {
	{&carehub__v1__pos_sale_completed__descriptor, purchase_change}, /* most are these */
	{&carehub__v1__pos_return_completed__descriptor, purchase_change},
	{&carehub__v1__pos_sale_voided__descriptor, purchase_change},
	{&carehub__v1__website_order_placed__descriptor, purchase_change},
	{&carehub__v1__website_order_amended__descriptor, purchase_change},
	{&carehub__v1__website_order_cancelled__descriptor, purchase_change},
	{&carehub__v1__website_refund_issued__descriptor, purchase_change},
	{&carehub__v1__website_warranty_registered__descriptor, record_change},
	{&carehub__v1__consent_given__descriptor, consent_change},
	{&carehub__v1__consent_withdrawn__descriptor, consent_change},
	{&carehub__v1__marketing_consent_withdrawn__descriptor, consent_change},
	{&carehub__v1__complaint_filed__descriptor, complaint_change},
	{&carehub__v1__callcenter_case_logged__descriptor, complaint_change},
	{&carehub__v1__callcenter_case_closed__descriptor, complaint_change},
	{&carehub__v1__callcenter_case_reopened__descriptor, complaint_change},
	{&carehub__v1__reference_product_published__descriptor, product_change},
	{&carehub__v1__customer_record_created__descriptor, record_change},
	{&carehub__v1__customer_record_updated__descriptor, record_change},
	{&carehub__v1__customer_record_merged__descriptor, record_change},
	{&carehub__v1__customer_record_unmerged__descriptor, record_change},
	{&carehub__v1__customer_record_erased__descriptor, record_change},
};

enum ch_status facts_fold(struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	enum ch_status status = CH_OK;
	uint64_t owner = 0;
	arena_reset(&facts->arena);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (event->message->descriptor == changes[i].type) {
			status = changes[i].change(facts, txn, event);
			break;
		}
	}
	/* Whoever is filed under is known from then on. */
	if (status == CH_OK && event->customer != 0)
		status = held_owner(txn, event->customer, event->sequence, &owner);
	if (status == CH_OK) {
		touched_add(&facts->touched, owner);
		status = facts->touched.status;
	}
	return status == CH_OK ? book_status(txn) : status;
}

enum ch_status facts_skim(struct facts *facts, const struct feed_event *event)
{
	if (event->customer != 0)
		return CH_UNSUPPORTED;
	enum ch_status status = slip_read(&facts->slip, event->head.data, event->head.personal);
	return status == CH_OK && facts->slip.back ? CH_UNSUPPORTED : status;
}

/* ---- Moving house ---- */

static enum ch_status rehome_consent(struct facts *facts, struct book_txn *txn, uint64_t customer,
	struct slice key, struct slice value)
{
	struct held_consent consent;
	uint64_t owner = 0;
	enum ch_status status = held_read_consent(key, value, &consent);
	if (status == CH_OK)
		status = held_owner(txn, consent.filed, consent.sequence, &owner);
	if (status != CH_OK || owner == customer)
		return status;
	book_delete(txn, TABLE_HELD, key);
	if (owner != 0)
		held_put_consent(txn, owner, &consent);
	touched_add(&facts->touched, owner);
	return CH_OK;
}

static enum ch_status rehome_row(struct facts *facts, struct book_txn *txn, uint64_t customer,
	struct slice key, struct slice value)
{
	struct purchase_id id;
	struct unit_claim claim;
	struct slice rest;
	enum ch_status status;
	uint64_t owner = 0;
	if (key.len < 10)
		return CH_CORRUPT;
	switch ((enum held_kind)key.data[8]) {
	case HELD_PURCHASE:
		if (key.len != 9 + 8 + PURCHASE_ID_BYTES)
			return CH_CORRUPT;
		memcpy(id.bytes, key.data + 17, PURCHASE_ID_BYTES);
		return purchase_settle(facts, txn, &id);
	case HELD_CONSENT:
		return rehome_consent(facts, txn, customer, key, value);
	case HELD_COMPLAINT:
		return complaint_settle(facts, txn, value);
	case HELD_MERGED:
		/* With the person go the numbers that were his before. */
		status = held_owner(txn, customer, 0, &owner);
		if (status != CH_OK || owner != 0)
			return status;
		book_delete(txn, TABLE_HELD, key);
		rest = slice_sub(key, 9, key.len);
		return key_take_u64(&rest, &owner) ? facts_rehome(facts, txn, owner) : CH_CORRUPT;
	case HELD_FIELD:
		/* The record's own: the hub tells what becomes of it, unless there is no person any more. */
		status = held_owner(txn, customer, 0, &owner);
		if (status == CH_OK && owner == 0)
			book_delete(txn, TABLE_HELD, key);
		return status;
	case HELD_UNIT:
		status = unit_read(value, &claim);
		return status == CH_OK ? unit_settle(facts, txn, claim.serial) : status;
	}
	return CH_CORRUPT;
}

enum ch_status facts_rehome(struct facts *facts, struct book_txn *txn, uint64_t customer)
{
	struct book_walk *walk = NULL;
	struct buffer row = {0};
	struct key prefix;
	struct slice key;
	struct slice value;
	key_start(&prefix);
	key_u64(&prefix, customer);
	touched_add(&facts->touched, customer);
	enum ch_status status = book_walk_begin(
		txn, TABLE_HELD, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		if (status != CH_OK)
			break;
		/* Settling changes the table under it. */
		size_t key_len = key.len;
		buffer_clear(&row);
		buffer_append_slice(&row, key);
		buffer_append_slice(&row, value);
		if (row.status != CH_OK) {
			status = row.status;
			break;
		}
		struct slice copy = buffer_slice(&row);
		status = rehome_row(facts, txn, customer, slice_sub(copy, 0, key_len),
			slice_sub(copy, key_len, copy.len));
	}
	book_walk_end(walk);
	buffer_fini(&row);
	return status == CH_END ? book_status(txn) : status;
}
