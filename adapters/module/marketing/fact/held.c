#include "module/marketing/fact/held.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"
#include "module/kit/people.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "wire/pb.h"

#define DAY_US INT64_C(86400000000)

enum {
	CONSENT_GIVEN = 1,
	CONSENT_EXPIRY = 2,
	CONSENT_FILED = 3,
	CONSENT_SEQUENCE = 4,
};

void held_key(struct key *key, uint64_t customer, enum held_kind kind)
{
	key_start(key);
	key_u64(key, customer);
	key_byte(key, (uint8_t)kind);
}

enum ch_status held_owner(
	struct book_txn *txn, uint64_t filed, uint64_t sequence, uint64_t *out_owner)
{
	uint64_t owner = 0;
	bool erased = false;
	enum ch_status status = people_now(txn, filed, sequence, &owner);
	if (status == CH_OK && owner != 0)
		status = people_erased(txn, owner, &erased);
	if (status == CH_OK)
		*out_owner = erased ? 0 : owner;
	return status;
}

/* ---- Consents ---- */

void held_put_consent(struct book_txn *txn, uint64_t customer, const struct held_consent *consent)
{
	struct key key;
	struct buffer value = {0};
	held_key(&key, customer, HELD_CONSENT);
	key_byte(&key, consent->purpose);
	key_byte(&key, consent->channel);
	for (size_t i = 0; i < STAMP_BYTES; i++)
		key_byte(&key, consent->stamp.bytes[i]);
	pb_put_bool(&value, CONSENT_GIVEN, consent->given);
	pb_put_bytes(&value, CONSENT_EXPIRY, consent->expiry_date);
	pb_put_uint(&value, CONSENT_FILED, consent->filed);
	pb_put_uint(&value, CONSENT_SEQUENCE, consent->sequence);
	if (value.status != CH_OK)
		book_fail(txn, value.status);
	else
		book_put(txn, TABLE_HELD, key_slice(&key), buffer_slice(&value));
	buffer_fini(&value);
}

enum ch_status held_read_consent(
	struct slice key, struct slice value, struct held_consent *out_consent)
{
	struct held_consent consent = {0};
	struct slice rest = slice_sub(key, 9, key.len);
	struct pb_reader reader = pb_read(value);
	struct pb_field field;
	if (rest.len != 2 + STAMP_BYTES)
		return CH_CORRUPT;
	consent.purpose = rest.data[0];
	consent.channel = rest.data[1];
	memcpy(consent.stamp.bytes, rest.data + 2, STAMP_BYTES);
	while (pb_next(&reader, &field)) {
		if (field.number == CONSENT_GIVEN)
			consent.given = field.integer != 0;
		else if (field.number == CONSENT_EXPIRY)
			consent.expiry_date = field.bytes;
		else if (field.number == CONSENT_FILED)
			consent.filed = field.integer;
		else if (field.number == CONSENT_SEQUENCE)
			consent.sequence = field.integer;
	}
	if (reader.status != CH_OK)
		return CH_CORRUPT;
	*out_consent = consent;
	return CH_OK;
}

int64_t held_expiry_us(struct slice date, const struct zone *zone)
{
	uint64_t year = 0;
	uint64_t month = 0;
	uint64_t day = 0;
	if (date.len == 0)
		return INT64_MAX;
	bool good = date.len >= 4 && text_parse_u64(slice_sub(date, 0, 4), 9999, &year) == CH_OK;
	if (good && date.len > 4)
		good = date.len >= 7 && date.data[4] == '-' &&
		       text_parse_u64(slice_sub(date, 5, 2), 12, &month) == CH_OK && month > 0;
	if (good && date.len > 7)
		good = date.len == 10 && date.data[7] == '-' &&
		       text_parse_u64(slice_sub(date, 8, 2), 31, &day) == CH_OK && day > 0;
	if (!good)
		return INT64_MIN;
	/* The first day behind it: "2026" ends with its last day. */
	if (month == 0)
		return zone_to_utc(zone, clock_days_from_date((int64_t)year + 1, 1, 1) * DAY_US);
	if (day == 0) {
		bool december = month == 12;
		return zone_to_utc(zone, clock_days_from_date((int64_t)year + december,
						 december ? 1 : (unsigned)month + 1, 1) *
						 DAY_US);
	}
	return zone_to_utc(zone,
		(clock_days_from_date((int64_t)year, (unsigned)month, (unsigned)day) + 1) * DAY_US);
}

/* ---- The profile ---- */

struct loading {
	struct book_txn *txn;
	const struct held_options *options;
	struct profile *profile;
	struct arena arena; /* of one row */
};

/* Category and brand by the reference data, else as told where it was sold. */
static enum ch_status load_product(struct loading *loading, struct profile_product *product)
{
	struct product_fact fact = {0};
	enum ch_status status =
		product_find(loading->txn, product->product, &loading->arena, &fact);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status != CH_OK)
		return status;
	if (fact.category.len > 0)
		product->category = fact.category;
	if (fact.brand.len > 0)
		product->brand = fact.brand;
	return CH_OK;
}

static enum ch_status load_purchase(struct loading *loading, struct slice key, struct slice value)
{
	struct purchase_rest rest;
	struct slice label;
	struct slice at = slice_sub(key, 9, key.len);
	int64_t time_us;
	if (!key_take_i64(&at, &time_us))
		return CH_CORRUPT;
	/* Looking up products moves what `value` looks at nowhere: nothing is changed in between. */
	enum ch_status status = purchase_rest_read(value, &loading->arena, &rest, &label);
	if (status != CH_OK)
		return status;
	bool ours = slice_equal(rest.currency, loading->options->currency);
	profile_add_purchase(loading->profile, time_us, ours ? rest.money : 0, rest.counts);
	for (uint32_t i = 0; i < rest.line_count && status == CH_OK; i++) {
		struct profile_product product = {
			.product = rest.lines[i].product,
			.category = rest.lines[i].category,
			.brand = rest.lines[i].brand,
			.money = ours ? rest.lines[i].money : 0,
		};
		status = load_product(loading, &product);
		if (status == CH_OK)
			profile_add_line(loading->profile, &product);
	}
	return status;
}

static enum ch_status load_consent(struct loading *loading, struct slice key, struct slice value)
{
	struct held_consent consent;
	enum ch_status status = held_read_consent(key, value, &consent);
	if (status == CH_OK)
		profile_add_consent(loading->profile, consent.purpose, consent.channel,
			consent.given, held_expiry_us(consent.expiry_date, loading->options->zone),
			consent.stamp.bytes);
	return status;
}

static enum ch_status load_unit(struct loading *loading, struct slice value)
{
	struct unit_claim claim;
	enum ch_status status = unit_read(value, &claim);
	if (status != CH_OK)
		return status;
	struct profile_product product = {
		.product = claim.product,
		.category = claim.category,
		.brand = claim.brand,
	};
	status = load_product(loading, &product);
	if (status == CH_OK)
		profile_add_unit(loading->profile, &product);
	return status;
}

static enum ch_status load_field(struct loading *loading, struct slice key, struct slice value)
{
	struct profile *profile = loading->profile;
	if (key.len != 10)
		return CH_CORRUPT;
	uint8_t field = key.data[9];
	if (field < 64)
		profile->fields |= UINT64_C(1) << field;
	if (field == FIELD_GROUP)
		profile->group = profile_text(profile, value);
	else if (field == FIELD_LANGUAGE)
		profile->language = profile_text(profile, value);
	else if (field == FIELD_GENDER)
		profile->gender = profile_text(profile, value);
	else if (field == FIELD_BIRTH_DATE)
		profile->birth_date = profile_text(profile, value);
	return CH_OK;
}

static enum ch_status load_row(struct loading *loading, struct slice key, struct slice value)
{
	if (key.len < 9)
		return CH_CORRUPT;
	switch ((enum held_kind)key.data[8]) {
	case HELD_PURCHASE:
		return load_purchase(loading, key, value);
	case HELD_CONSENT:
		return load_consent(loading, key, value);
	case HELD_MERGED:
		return CH_OK;
	case HELD_COMPLAINT:
		loading->profile->open_complaints++;
		return CH_OK;
	case HELD_FIELD:
		return load_field(loading, key, value);
	case HELD_UNIT:
		return load_unit(loading, value);
	}
	return CH_CORRUPT;
}

enum ch_status held_load(struct book_txn *txn, uint64_t customer,
	const struct held_options *options, struct profile *profile)
{
	struct loading loading = {txn, options, profile, {0}};
	struct book_walk *walk = NULL;
	struct key prefix;
	struct key from;
	struct slice key;
	struct slice value;
	arena_init(&loading.arena);
	key_start(&prefix);
	key_u64(&prefix, customer);
	/* Purchases are the first kind, by time: older ones are never looked at. */
	held_key(&from, customer, HELD_PURCHASE);
	key_time(&from, options->since_us);
	enum ch_status status =
		book_walk_begin(txn, TABLE_HELD, key_slice(&prefix), key_slice(&from), &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK)
			status = load_row(&loading, key, value);
		arena_reset(&loading.arena);
	}
	book_walk_end(walk);
	arena_fini(&loading.arena);
	profile_sort(profile);
	if (status == CH_END)
		status = profile->status;
	return status;
}
