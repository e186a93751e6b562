/* What the hub's own events say of a customer's record, and a warranty registration, which makes an owner.
 *
 * Fields come with customer.record.created, .updated, .merged and .unmerged: which ones changed, and of those whose
 * values the module may have (topics values.*), what they are now.  Kept of them is what conditions can ask for: of
 * most that the record has it, of group, language, gender and birth date the value.  One that changed without its
 * value is there and not known: what it was before is not true any more. */
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "module/kit/people.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/fact/held.h"

static void field_key(struct key *key, uint64_t customer, int field)
{
	held_key(key, customer, HELD_FIELD);
	key_byte(key, (uint8_t)field);
}

static bool field_keeps_value(int field)
{
	return field == FIELD_GROUP || field == FIELD_LANGUAGE || field == FIELD_GENDER ||
	       field == FIELD_BIRTH_DATE;
}

/* Of which a record holds several: when one goes, others may be left. */
static bool field_is_many(int field)
{
	return field == FIELD_PHONE || field == FIELD_EMAIL || field == FIELD_LOCAL_ID ||
	       field == FIELD_IDENTIFIER;
}

static void fields_change(struct book_txn *txn, uint64_t customer,
	const Carehub__V1__CustomerField *fields, size_t field_count,
	Carehub__V1__FieldChange *const *changes, size_t change_count)
{
	struct key key;
	for (size_t i = 0; i < field_count; i++) {
		if ((int)fields[i] <= 0 || (int)fields[i] >= 64)
			continue;
		field_key(&key, customer, (int)fields[i]);
		book_put(txn, TABLE_HELD, key_slice(&key), (struct slice){NULL, 0});
	}
	for (size_t i = 0; i < change_count; i++) {
		int field = (int)changes[i]->field;
		struct slice value = slice_text(changes[i]->new_value);
		if (field <= 0 || field >= 64 || (value.len == 0 && field_is_many(field)))
			continue;
		field_key(&key, customer, field);
		if (value.len == 0)
			book_delete(txn, TABLE_HELD, key_slice(&key));
		else
			book_put(txn, TABLE_HELD, key_slice(&key),
				field_keeps_value(field) ? value : (struct slice){NULL, 0});
	}
}

static enum ch_status register_unit(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__WebsiteWarrantyRegistered *registered = (const void *)event->message;
	static const struct purchase_id no_purchase;
	if (registered->unit == NULL || event->customer == 0)
		return CH_OK;
	struct slice product = slice_text(registered->unit->product_id);
	const struct unit_claim claim = {
		.serial = unit_serial(slice_text(registered->unit->serial_number), &facts->arena),
		.filed = event->customer,
		.sequence = event->sequence,
		.product = product.len > 0 ? product : slice_text(registered->unit->model),
		.category = slice_text(registered->unit->category),
		.brand = slice_text(registered->unit->brand),
	};
	if (claim.serial.len == 0)
		return CH_OK;
	return unit_claim(facts, txn, &event->stamp, &no_purchase, &claim);
}

/* A number that was merged is known by the one it went to: who erases that erases both. */
static struct slice merged_key(struct key *key, uint64_t customer, uint64_t retired)
{
	held_key(key, customer, HELD_MERGED);
	key_u64(key, retired);
	return key_slice(key);
}

/* What both hold; and what whoever has become of the first holds, when that was merged, too. */
static enum ch_status rehome_both(
	struct facts *facts, struct book_txn *txn, uint64_t one, uint64_t other)
{
	uint64_t now = one;
	enum ch_status status = people_now(txn, one, 0, &now);
	if (status == CH_OK)
		status = facts_rehome(facts, txn, one);
	if (status == CH_OK && now != one)
		status = facts_rehome(facts, txn, now);
	return status == CH_OK ? facts_rehome(facts, txn, other) : status;
}

enum ch_status record_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	const ProtobufCMessageDescriptor *type = event->message->descriptor;
	struct key key;
	if (type == &carehub__v1__website_warranty_registered__descriptor)
		return register_unit(facts, txn, event);
	if (type == &carehub__v1__customer_record_created__descriptor) {
		const Carehub__V1__CustomerRecordCreated *it = (const void *)event->message;
		fields_change(txn, it->customer_number, it->fields, it->n_fields, it->changes,
			it->n_changes);
		touched_add(&facts->touched, it->customer_number);
	} else if (type == &carehub__v1__customer_record_updated__descriptor) {
		const Carehub__V1__CustomerRecordUpdated *it = (const void *)event->message;
		fields_change(txn, it->customer_number, it->fields, it->n_fields, it->changes,
			it->n_changes);
		touched_add(&facts->touched, it->customer_number);
	} else if (type == &carehub__v1__customer_record_merged__descriptor) {
		const Carehub__V1__CustomerRecordMerged *it = (const void *)event->message;
		fields_change(txn, it->customer_number, it->fields, it->n_fields, it->changes,
			it->n_changes);
		book_put(txn, TABLE_HELD, merged_key(&key, it->customer_number, it->retired_number),
			(struct slice){NULL, 0});
		return rehome_both(facts, txn, it->retired_number, it->customer_number);
	} else if (type == &carehub__v1__customer_record_unmerged__descriptor) {
		const Carehub__V1__CustomerRecordUnmerged *it = (const void *)event->message;
		fields_change(txn, it->customer_number, it->fields, it->n_fields, it->changes,
			it->n_changes);
		book_delete(txn, TABLE_HELD,
			merged_key(&key, it->customer_number, it->restored_number));
		return rehome_both(facts, txn, it->customer_number, it->restored_number);
	} else if (type == &carehub__v1__customer_record_erased__descriptor) {
		const Carehub__V1__CustomerRecordErased *it = (const void *)event->message;
		return facts_rehome(facts, txn, it->customer_number);
	}
	return CH_OK;
}
