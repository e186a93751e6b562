/* Whose event is it?
 *
 * Keys are tried strongest first.  Three guards stand before every hit: a value that is blocked or
 * shared by more than its limit finds nobody; a unique key that disagrees (two Common IDs, two member
 * cards) blocks the hit; for keys that people share (telephone, mailbox, serial number) so does a
 * contradicting name.  What is only claimed finds only those who claimed it, so a form on a website
 * can never open another person's record.  A name alone finds nobody.
 *
 * A hit that was blocked gives a new customer and a question for a steward; never a merge. */
#include "base/bytes.h"
#include "base/invariant.h"
#include "core/core.h"
#include "core/customer_number.h"
#include "core/normalize.h"
#include "wire/pbedit.h"
#include "wire/record.h"

enum review_reason {
	REVIEW_CONTRADICTING_NAME = 1,
	REVIEW_CONTRADICTING_ID = 2,
	REVIEW_KEYS_DISAGREE = 3,
	REVIEW_SHARED_KEY = 4,
};

struct search {
	struct ruling *ruling;
	const struct match_keys *keys;
	uint64_t found;
	uint64_t rival; /* who was blocked, for the review item */
	enum review_reason why;
	bool ambiguous; /* several fit equally well */
};

static bool match_is_shared(enum key_kind kind)
{
	return kind == KEY_PHONE || kind == KEY_EMAIL || kind == KEY_SERIAL;
}

/* The golden record, empty when there is none (an erased one). */
static struct slice match_record(struct ruling *ruling, uint64_t number)
{
	uint8_t key[9];
	struct slice record = {NULL, 0};
	enum ch_status status = change_get(ruling->change, TABLE_CUSTOMER,
		slice_of(key, key_customer(key, number, 'r')), &record);
	if (status != CH_OK && status != CH_NOT_FOUND)
		ruling->status = status;
	return record;
}

/* Another unique key of the event that the candidate holds with another value.  Not the key that led to
 * him: he may have two cards. */
static bool match_id_disagrees(
	struct search *search, const struct match_key *by, struct slice record)
{
	for (uint32_t i = 0; i < search->keys->count; i++) {
		const struct match_key *key = &search->keys->keys[i];
		struct record_value value;
		if (key == by)
			continue;
		if (key->kind != KEY_COMMON_ID && key->kind != KEY_MEMBER_CARD)
			continue;
		/* Both are verified, or nothing is said. */
		if (key->verified &&
			record_find(record, (uint16_t)key->kind, (struct slice){NULL, 0}, &value) &&
			(value.flags & RECORD_VERIFIED) != 0 &&
			!slice_equal(value.value, key->value))
			return true;
	}
	return false;
}

static bool match_name_disagrees(struct search *search, struct slice record)
{
	struct record_value value;
	bool contradict = false;
	struct slice name = search->ruling->claim->party.name;
	if (name.len == 0 || !record_find(record, 1, (struct slice){NULL, 0}, &value))
		return false;
	enum ch_status status = normalize_names_contradict(
		&search->ruling->core->arena, name, value.value, &contradict);
	/* A name that cannot be read contradicts nobody; check_message has seen that it is UTF-8. */
	if (status == CH_NOMEM)
		search->ruling->status = status;
	return contradict;
}

/* Whether anything in the event could contradict a holder: most receipts bring one key and no name. */
static bool match_may_contradict(const struct search *search, const struct match_key *key)
{
	if (match_is_shared(key->kind) && search->ruling->claim->party.name.len > 0)
		return true;
	for (uint32_t i = 0; i < search->keys->count; i++) {
		const struct match_key *other = &search->keys->keys[i];
		if (other != key && other->verified &&
			(other->kind == KEY_COMMON_ID || other->kind == KEY_MEMBER_CARD))
			return true;
	}
	return false;
}

/* True when the guards let this holder through. */
static bool match_admits(struct search *search, const struct match_key *key, uint64_t number)
{
	if (key->verified && !match_may_contradict(search, key))
		return true;
	struct slice record = match_record(search->ruling, number);
	/* Of a record that is proven, what else its owner only said himself leads nobody to it: else a stranger
	 * who types in his phone or mailbox would be filed under him. */
	if (!key->verified && record_is_proven(record)) {
		search->rival = number;
		search->why = REVIEW_SHARED_KEY;
		return false;
	}
	if (match_id_disagrees(search, key, record)) {
		search->rival = number;
		search->why = REVIEW_CONTRADICTING_ID;
		return false;
	}
	if (match_is_shared(key->kind) && match_name_disagrees(search, record)) {
		search->rival = number;
		search->why = REVIEW_CONTRADICTING_NAME;
		return false;
	}
	return true;
}

static void match_try(struct search *search, const struct match_key *key)
{
	struct key_holders holders;
	uint64_t found = 0;
	unsigned fits = 0;
	enum ch_status status =
		keys_holders(search->ruling->change, key->kind, key->value, &holders);
	if (status != CH_OK) {
		search->ruling->status = status;
		return;
	}
	if (holders.blocked || holders.count > search->ruling->core->settings.limits[key->kind])
		return;
	for (uint32_t i = 0; i < holders.count; i++) {
		bool verified = (holders.holders[i].flags & EFFECT_VERIFIED) != 0;
		if (verified != key->verified)
			continue;
		if (match_admits(search, key, holders.holders[i].number)) {
			found = holders.holders[i].number;
			fits++;
		}
	}
	if (fits > 1) {
		search->ambiguous = true;
		return;
	}
	if (found == 0)
		return;
	if (search->found == 0) {
		search->found = found;
	} else if (search->found != found) {
		search->rival = found;
		search->why = REVIEW_KEYS_DISAGREE;
	}
}

/* Whether the event brings a key that may open a record: a serial number alone tells of a thing. */
static bool match_may_open(const struct match_keys *keys)
{
	for (uint32_t i = 0; i < keys->count; i++) {
		if (keys->keys[i].kind != KEY_SERIAL)
			return true;
	}
	return false;
}

static void match_open(struct ruling *ruling)
{
	struct core *core = ruling->core;
	invariant(core->next_serial <= CUSTOMER_SERIAL_LAST);
	ruling->customer = customer_number_make(core->next_serial);
	ruling->customer_is_new = true;
	ruling_effect(
		ruling, &(struct effect){.op = EFFECT_CUSTOMER_NEW, .number = ruling->customer});
}

/* Asks a steward; the same pair is asked about once, whatever number of events tell it. */
static void match_review(struct ruling *ruling, uint64_t rival, enum review_reason why)
{
	static const char *const reasons[] = {
		"", "contradicting_name", "contradicting_id", "keys_disagree", "shared_key"};
	uint8_t other[8];
	uint8_t key[17];
	struct slice known;
	store_be64(key, ruling->customer < rival ? ruling->customer : rival);
	store_be64(key + 8, ruling->customer < rival ? rival : ruling->customer);
	key[16] = 'p';
	enum ch_status status =
		change_get(ruling->change, TABLE_REVIEW, slice_of(key, sizeof(key)), &known);
	if (status != CH_NOT_FOUND) {
		if (status != CH_OK)
			ruling->status = status;
		return;
	}
	store_le64(other, rival);
	ruling_effect(ruling, &(struct effect){.op = EFFECT_REVIEW,
				      .number = ruling->customer,
				      .kind = (uint8_t)why,
				      .field = ruling->reviews++,
				      .sub = slice_of(other, sizeof(other))});
	struct buffer data = {0};
	pb_put_uint(&data, 2, ruling->customer);
	pb_put_uint(&data, 3, rival);
	pb_put_uint(&data, 4, why == REVIEW_KEYS_DISAGREE ? 2 : 3); /* probable, possible */
	pb_put_text(&data, 7, reasons[why]);
	ruling_put_cause(ruling, &data, 8);
	ruling_derive(ruling, "customer.review.opened", false, (struct slice){NULL, 0},
		buffer_slice(&data), (struct slice){NULL, 0});
	buffer_fini(&data);
}

/* A module knows customers by their numbers alone: what it says of one stands in his timeline.  0: it names
 * nobody whom the hub knows. */
static uint64_t match_named(struct ruling *ruling)
{
	const unsigned spoken = TYPE_DERIVED | TYPE_DECISION | TYPE_REFERENCE | TYPE_CORRECTABLE;
	uint64_t number = 0;
	uint8_t key[8];
	struct slice activity;
	if ((ruling->type->flags & spoken) != 0)
		return 0; /* no module's */
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
		ruling->type->message, "customer_number");
	if (field == NULL || !pbedit_get_uint(ruling->parts.data, field->id, &number) ||
		number == 0)
		return 0;
	enum ch_status status = change_get(ruling->change, TABLE_ACTIVITY,
		slice_of(key, key_activity(key, number)), &activity);
	if (status != CH_OK && status != CH_NOT_FOUND)
		ruling->status = status;
	return status == CH_OK ? number : 0;
}

void match_customer(struct ruling *ruling, const struct match_keys *keys)
{
	struct search search = {.ruling = ruling, .keys = keys};
	uint8_t key[9];
	for (uint32_t i = 0; i < keys->count && ruling->status == CH_OK; i++) {
		/* Weaker keys still speak: for a question, when they lead elsewhere. */
		match_try(&search, &keys->keys[i]);
	}
	if (ruling->status != CH_OK)
		return;
	ruling->customer = search.found;
	if (ruling->customer == 0)
		ruling->customer = linked_customer(ruling);
	if (ruling->customer == 0)
		ruling->customer = match_named(ruling);
	if (ruling->customer == 0 && !search.ambiguous && match_may_open(keys))
		match_open(ruling);
	if (ruling->customer != 0) /* the fold will file the event under him */
		change_prefetch(ruling->change, TABLE_ACTIVITY,
			slice_of(key, key_activity(key, ruling->customer)));
	if (ruling->customer != 0 && search.rival != 0 && search.rival != ruling->customer)
		match_review(ruling, search.rival, search.why);
}
