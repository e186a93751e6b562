/* The golden record: which value of each field survives, and why.
 *
 * One rule for every single-valued field: a verified value beats a claimed one, and of two alike the
 * one that happened later wins, by the source's corrected clock; an empty value never wins.  Numbers
 * and mailboxes are kept all, keyed by their normalized form. */
#include <stdio.h>

#include "base/bytes.h"
#include "core/core.h"
#include "core/normalize.h"
#include "wire/pbedit.h"
#include "wire/record.h"

/* Numbers of CustomerField; the consents stand behind them. */
enum {
	FIELD_NAME = 1,
	FIELD_PHONE = 2,
	FIELD_EMAIL = 3,
	FIELD_ADDRESS = 4,
	FIELD_BIRTH_DATE = 5,
	FIELD_LANGUAGE = 6,
	FIELD_CUSTOMER_GROUP = 7,
	FIELD_COMMON_ID = 8,
	FIELD_MEMBER_CARD = 9,
	FIELD_LOCAL_ID = 10,
	FIELD_IDENTIFIER = 11,
	FIELD_FORM_OF_ADDRESS = 12,
	FIELD_COMPANY = 13,
	FIELD_GENDER = 14,
	FIELD_MEMBER_LEVEL = 15,
	FIELD_SERIAL = 16,
	FIELD_CONSENT = 64,
	CONSENT_TEXT_BYTES = 64,
};

#define FIELD_VALUE_BYTES 4096u

/* The record as it stands, read when it is first needed: most events bring nothing new.  Empty for a
 * new customer. */
static struct slice golden_record(struct ruling *ruling)
{
	uint8_t key[9];
	if (ruling->record_read || ruling->customer_is_new)
		return ruling->record;
	ruling->record_read = true;
	enum ch_status status = change_get(ruling->change, TABLE_CUSTOMER,
		slice_of(key, key_customer(key, ruling->customer, 'r')), &ruling->record);
	if (status != CH_OK && status != CH_NOT_FOUND)
		ruling->status = status;
	return ruling->record;
}

static void golden_effect(struct ruling *ruling, uint16_t field, struct slice sub,
	struct slice value, bool verified, bool multi)
{
	ruling_effect(ruling,
		&(struct effect){.op = EFFECT_VALUE,
			.number = ruling->customer,
			.field = field,
			.flags = (uint8_t)(EFFECT_PERSONAL | (verified ? EFFECT_VERIFIED : 0) |
					   (multi ? EFFECT_MULTI : 0)),
			.sub = sub,
			.value = value});
	if (field < 32)
		ruling->changed_fields |= 1u << field;
}

/* The rule. */
static bool golden_survives(
	const struct record_value *old, struct slice value, bool verified, int64_t occurred_us)
{
	bool old_verified = (old->flags & RECORD_VERIFIED) != 0;
	if (slice_equal(old->value, value))
		return verified && !old_verified;
	if (verified != old_verified)
		return verified;
	return occurred_us >= old->occurred_us;
}

static void golden_single(struct ruling *ruling, uint16_t field, struct slice value, bool verified)
{
	struct record_value old;
	if (value.len == 0 || value.len > FIELD_VALUE_BYTES)
		return;
	if (record_find(golden_record(ruling), field, (struct slice){NULL, 0}, &old) &&
		!golden_survives(&old, value, verified, ruling->occurred_us))
		return;
	golden_effect(ruling, field, (struct slice){NULL, 0}, value, verified, false);
}

/* A form of address never takes the place of a name. */
static void golden_name(struct ruling *ruling, struct slice name, bool verified)
{
	struct record_value old;
	bool polite = false;
	if (name.len == 0)
		return;
	enum ch_status status = normalize_name_is_polite(&ruling->core->arena, name, &polite);
	if (status == CH_NOMEM)
		ruling->status = status;
	if (polite && record_find(golden_record(ruling), FIELD_NAME, (struct slice){NULL, 0}, &old))
		return;
	golden_single(ruling, FIELD_NAME, name, verified);
}

/* Kept all, by normalized form: value is contact kind(1) and the raw form. */
static void golden_multi(struct ruling *ruling, struct slice record, const struct match_key *key)
{
	struct record_value old;
	uint8_t value[1 + LIMIT_KEY_BYTES];
	if (record_find(record, (uint16_t)key->kind, key->value, &old) &&
		(!key->verified || (old.flags & RECORD_VERIFIED) != 0))
		return;
	size_t len = key->raw.len < LIMIT_KEY_BYTES ? key->raw.len : LIMIT_KEY_BYTES;
	value[0] = key->contact_kind;
	if (len > 0)
		memcpy(value + 1, key->raw.data, len);
	golden_effect(ruling, (uint16_t)key->kind, key->value, slice_of(value, len + 1),
		key->verified, true);
}

/* A key the customer does not hold yet becomes his, unless it is somebody else's alone.  False when he
 * holds it already, as nearly always: then the record has it too. */
static bool golden_key(struct ruling *ruling, const struct match_key *key)
{
	struct key_holders holders;
	enum ch_status status = keys_holders(ruling->change, key->kind, key->value, &holders);
	if (status != CH_OK) {
		ruling->status = status;
		return false;
	}
	bool alone = key->kind != KEY_PHONE && key->kind != KEY_EMAIL && key->kind != KEY_SERIAL;
	for (uint32_t i = 0; i < holders.count; i++) {
		bool verified = (holders.holders[i].flags & EFFECT_VERIFIED) != 0;
		if (holders.holders[i].number == ruling->customer && (verified || !key->verified))
			return false;
		if (alone && holders.holders[i].number != ruling->customer &&
			(verified || !key->verified))
			return false;
	}
	if (holders.count >= KEY_HOLDERS)
		return false;
	ruling_effect(ruling,
		&(struct effect){.op = EFFECT_KEY,
			.number = ruling->customer,
			.kind = (uint8_t)key->kind,
			.flags = (uint8_t)(EFFECT_PERSONAL | (key->verified ? EFFECT_VERIFIED : 0)),
			.value = key->value});
	return true;
}

static void golden_keys(struct ruling *ruling, const struct match_keys *keys)
{
	for (uint32_t i = 0; i < keys->count && ruling->status == CH_OK; i++) {
		const struct match_key *key = &keys->keys[i];
		if (!golden_key(ruling, key))
			continue;
		struct slice record = golden_record(ruling);
		if (key->kind == KEY_COMMON_ID || key->kind == KEY_MEMBER_CARD)
			golden_single(ruling, (uint16_t)key->kind, key->value, key->verified);
		else if (key->kind != KEY_SERIAL)
			golden_multi(ruling, record, key);
	}
}

/* What the party says of himself is as good as the best key it came with. */
static bool golden_is_verified(const struct match_keys *keys)
{
	for (uint32_t i = 0; i < keys->count; i++) {
		if (keys->keys[i].verified && keys->keys[i].kind != KEY_SERIAL)
			return true;
	}
	return false;
}

/* Whether what the record has about this scope happened after this event: it came late, and changes nothing.
 * Else a day's file from a station could bring back a consent that was withdrawn since. */
static bool golden_consent_is_late(struct ruling *ruling, const uint8_t scope[2])
{
	struct record_value old;
	return record_find(golden_record(ruling), FIELD_CONSENT, slice_of(scope, 2), &old) &&
	       old.occurred_us > ruling->occurred_us;
}

/* given(1), then of one that was given, each with a zero behind: the last day, the text agreed to. */
static void golden_consent_value(struct ruling *ruling, bool given, struct buffer *out)
{
	enum { GIVEN_POLICY = 2, GIVEN_EXPIRY = 4 };
	static const uint32_t fields[] = {GIVEN_EXPIRY, GIVEN_POLICY};
	buffer_append_byte(out, given);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && given; i++) {
		struct slice text = {NULL, 0};
		(void)pbedit_get_bytes(ruling->parts.data, fields[i], &text); /* may be absent */
		buffer_append_slice(out, slice_sub(text, 0, CONSENT_TEXT_BYTES));
		buffer_append_byte(out, 0);
	}
	if (out->status != CH_OK)
		ruling->status = out->status;
}

static void golden_consent(struct ruling *ruling, bool given)
{
	/* ConsentScope {purpose = 1, channel = 2}, repeated as field 1; none withdraws everything. */
	struct pb_reader reader = pb_read(ruling->parts.data);
	struct pb_field field;
	struct buffer value = {0};
	unsigned scopes = 0;
	golden_consent_value(ruling, given, &value);
	while (pb_next(&reader, &field)) {
		struct pb_reader inner = pb_read(field.bytes);
		struct pb_field part;
		uint8_t scope[2] = {0, 0};
		if (field.number != 1 || field.wire != PB_LEN)
			continue;
		while (pb_next(&inner, &part)) {
			if ((part.number == 1 || part.number == 2) && part.wire == PB_VARINT)
				scope[part.number - 1] = (uint8_t)part.integer;
		}
		scopes++;
		/* Closed when in doubt: half a scope grants nothing. */
		if (given && (scope[0] == 0 || scope[1] == 0))
			continue;
		if (!golden_consent_is_late(ruling, scope))
			golden_effect(ruling, FIELD_CONSENT, slice_of(scope, 2),
				buffer_slice(&value), true, true);
	}
	if (scopes == 0 && !given) {
		uint8_t all[2] = {0, 0};
		if (!golden_consent_is_late(ruling, all))
			golden_effect(ruling, FIELD_CONSENT, slice_of(all, 2), buffer_slice(&value),
				true, true);
	}
	buffer_fini(&value);
}

static void golden_consents(struct ruling *ruling)
{
	struct slice name = slice_text(ruling->type->name);
	if (types_match(SLICE_LITERAL("*.consent.given"), name))
		golden_consent(ruling, true);
	else if (types_match(SLICE_LITERAL("*.consent.withdrawn"), name))
		golden_consent(ruling, false);
}

/* customer.record.created or .updated, with the names of the fields and nothing personal. */
static void golden_tell(struct ruling *ruling)
{
	char subject[24];
	struct buffer data = {0};
	struct buffer fields = {0};
	if (!ruling->customer_is_new && ruling->changed_fields == 0)
		return;
	size_t len = (size_t)snprintf(
		subject, sizeof(subject), "%llu", (unsigned long long)ruling->customer);
	pb_put_uint(&data, 1, ruling->customer);
	ruling_put_cause(ruling, &data, 2);
	for (uint32_t i = 1; i < 32; i++) {
		if ((ruling->changed_fields & 1u << i) != 0)
			pb_put_varint(&fields, i);
	}
	pb_put_bytes(&data, 3, buffer_slice(&fields));
	ruling_derive(ruling,
		ruling->customer_is_new ? "customer.record.created" : "customer.record.updated",
		ruling->customer_is_new, slice_of(subject, len), buffer_slice(&data),
		(struct slice){NULL, 0});
	buffer_fini(&data);
	buffer_fini(&fields);
}

void golden_apply(struct ruling *ruling, const struct match_keys *keys)
{
	const struct party *party = &ruling->claim->party;
	if (ruling->customer == 0)
		return;
	golden_keys(ruling, keys);
	bool verified = golden_is_verified(keys);
	golden_name(ruling, party->name, verified);
	golden_single(ruling, FIELD_ADDRESS, party->address, verified);
	golden_single(ruling, FIELD_BIRTH_DATE, party->birth_date, verified);
	golden_single(ruling, FIELD_LANGUAGE, party->language, verified);
	golden_single(ruling, FIELD_CUSTOMER_GROUP, party->customer_group, verified);
	golden_single(ruling, FIELD_FORM_OF_ADDRESS, party->form_of_address, verified);
	golden_single(ruling, FIELD_COMPANY, party->company, verified);
	golden_single(ruling, FIELD_GENDER, party->gender, verified);
	golden_consents(ruling);
	golden_tell(ruling);
}

enum ch_status golden_fold(struct core *core, struct change *change, const struct effect *effect,
	uint64_t sequence, int64_t arrival_us, const struct entry *entry)
{
	uint8_t key[9];
	struct slice record = {NULL, 0};
	if ((effect->flags & EFFECT_LOST) != 0)
		return CH_OK;
	struct slice at = slice_of(key, key_customer(key, effect->number, 'r'));
	enum ch_status status = change_get(change, TABLE_CUSTOMER, at, &record);
	if (status == CH_NOT_FOUND)
		status = CH_OK;
	if (status != CH_OK)
		return status;
	buffer_clear(&core->scratch);
	if (effect->op == EFFECT_VALUE_DROP) {
		status = record_drop(record, effect->field, effect->sub, &core->scratch);
	} else {
		struct record_value value = {
			.field = effect->field,
			.flags =
				(uint8_t)(((effect->flags & EFFECT_VERIFIED) != 0 ? RECORD_VERIFIED
										  : 0) |
					  ((effect->flags & EFFECT_MULTI) != 0 ? RECORD_MULTI : 0)),
			.source_code = entry->source_code,
			.times_seen = 1,
			.sequence = sequence,
			.learned_us = arrival_us,
			.occurred_us = entry->occurred_us,
			.sub = effect->sub,
			.value = effect->value,
		};
		status = record_set(record, &value, &core->scratch);
	}
	if (status == CH_TOO_LARGE)
		return CH_OK; /* the record is full: what it holds stays, the event is filed all the same */
	if (status == CH_OK)
		change_put(change, TABLE_CUSTOMER, at, buffer_slice(&core->scratch));
	return status;
}
