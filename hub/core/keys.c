#include "base/bytes.h"
#include "core/core.h"
#include "core/normalize.h"

/* A stored key:
 *     version(1) flags(1: 1 blocked), then per holder: number(8) flags(1)        little-endian
 * under kind(1) and the normalized value. */
#define KEY_VERSION      1u
#define KEY_BLOCKED      1u
#define KEY_HEAD_BYTES   2u
#define KEY_HOLDER_BYTES 9u

static void keys_add(struct ruling *ruling, struct claim *claim, enum key_kind kind,
	struct slice value, struct slice raw, uint8_t assurance, uint8_t contact_kind)
{
	if (claim->keys.count == MATCH_KEYS || value.len == 0 || value.len > LIMIT_KEY_BYTES - 16)
		return;
	if (kind != KEY_PHONE && kind != KEY_EMAIL && normalize_is_placeholder(value))
		return;
	if (settings_blocks(&ruling->core->settings, kind, value))
		return;
	if (assurance == ASSURANCE_DEFAULT)
		assurance = ruling->peer->assurance;
	claim->keys.keys[claim->keys.count++] = (struct match_key){
		.kind = kind,
		.verified = assurance == ASSURANCE_VERIFIED,
		.contact_kind = contact_kind,
		.value = value,
		.raw = raw,
	};
}

/* Takes over what only the machine can cause; a value that is no key is nobody's fault. */
static bool keys_usable(struct ruling *ruling, enum ch_status status)
{
	if (status == CH_NOMEM)
		ruling->status = status;
	return status == CH_OK;
}

static void keys_code(struct ruling *ruling, struct claim *claim, enum key_kind kind,
	struct slice raw, uint8_t assurance)
{
	struct slice value;
	if (raw.len > 0 && keys_usable(ruling, normalize_code(&claim->arena, raw, &value)))
		keys_add(ruling, claim, kind, value, raw, assurance, 0);
}

/* A key that means something only within its scope: "source/number", "scheme:value". */
static void keys_scoped(struct ruling *ruling, struct claim *claim, enum key_kind kind,
	struct slice scope, char between, struct slice raw, uint8_t assurance)
{
	struct slice code;
	if (raw.len == 0 || !keys_usable(ruling, normalize_code(&claim->arena, raw, &code)) ||
		normalize_is_placeholder(code))
		return;
	uint8_t *p = arena_alloc(&claim->arena, scope.len + 1 + code.len);
	if (p == NULL) {
		ruling->status = CH_NOMEM;
		return;
	}
	if (scope.len > 0)
		memcpy(p, scope.data, scope.len);
	p[scope.len] = (uint8_t)between;
	memcpy(p + scope.len + 1, code.data, code.len);
	keys_add(ruling, claim, kind, slice_of(p, scope.len + 1 + code.len), raw, assurance, 0);
}

static void keys_phones(struct ruling *ruling, struct claim *claim)
{
	for (uint32_t i = 0; i < claim->party.phone_count; i++) {
		const struct party_contact *phone = &claim->party.phones[i];
		char e164[PHONE_BYTES];
		if (!keys_usable(ruling, phone_normalize(ruling->core->phones, phone->value,
						 ruling->peer->region, e164)))
			continue;
		struct slice value = arena_copy(&claim->arena, slice_text(e164));
		if (value.data == NULL)
			ruling->status = CH_NOMEM;
		keys_add(ruling, claim, KEY_PHONE, value, phone->value, phone->assurance,
			phone->kind);
	}
}

static void keys_emails(struct ruling *ruling, struct claim *claim)
{
	for (uint32_t i = 0; i < claim->party.email_count; i++) {
		const struct party_contact *email = &claim->party.emails[i];
		struct slice value;
		if (keys_usable(ruling, normalize_email(&claim->arena, email->value, &value)))
			keys_add(ruling, claim, KEY_EMAIL, value, email->value, email->assurance,
				email->kind);
	}
}

/* A station, a store or an agent reads it from the plate.  On the website it is typed in by whoever knows it,
 * and only from somebody who is signed in more is believed than a claim. */
static uint8_t keys_serial_assurance(const struct ruling *ruling, const struct claim *claim)
{
	bool typed = slice_equal(types_channel(ruling->type), SLICE_LITERAL("website"));
	return typed && claim->party.common_id_assurance != ASSURANCE_VERIFIED ? ASSURANCE_CLAIMED
									       : ASSURANCE_VERIFIED;
}

static void keys_serial(struct ruling *ruling, struct claim *claim)
{
	uint8_t assurance = keys_serial_assurance(ruling, claim);
	struct slice unit = path_bytes(&ruling->rules->unit, &ruling->parts);
	struct pb_reader reader = pb_read(unit);
	struct pb_field field;
	while (ruling->rules->unit.count > 0 && pb_next(&reader, &field)) {
		if (field.number == 1 && field.wire == PB_LEN) /* serial_number */
			keys_code(ruling, claim, KEY_SERIAL, field.bytes, assurance);
	}
}

void keys_collect(struct ruling *ruling, struct claim *claim)
{
	const struct party *party = &claim->party;
	claim->keys.count = 0;
	keys_code(ruling, claim, KEY_COMMON_ID, party->common_id, party->common_id_assurance);
	keys_code(ruling, claim, KEY_MEMBER_CARD, party->member_card, party->member_card_assurance);
	for (uint32_t i = 0; i < party->identifier_count; i++)
		keys_scoped(ruling, claim, KEY_IDENTIFIER, party->identifiers[i].scheme, ':',
			party->identifiers[i].value, party->identifiers[i].assurance);
	/* A system knows its own customers. */
	keys_scoped(ruling, claim, KEY_LOCAL_ID, ruling->envelope.source, '/', party->local_id,
		ASSURANCE_VERIFIED);
	keys_phones(ruling, claim);
	keys_emails(ruling, claim);
	keys_serial(ruling, claim);
}

static size_t keys_stored_key(uint8_t out[LIMIT_KEY_BYTES], unsigned kind, struct slice value)
{
	size_t len = value.len < LIMIT_KEY_BYTES - 1 ? value.len : LIMIT_KEY_BYTES - 1;
	out[0] = (uint8_t)kind;
	if (len > 0)
		memcpy(out + 1, value.data, len);
	return len + 1;
}

static enum ch_status keys_parse(struct slice stored, struct key_holders *out)
{
	if (stored.len < KEY_HEAD_BYTES || stored.data[0] != KEY_VERSION ||
		(stored.len - KEY_HEAD_BYTES) % KEY_HOLDER_BYTES != 0 ||
		(stored.len - KEY_HEAD_BYTES) / KEY_HOLDER_BYTES > KEY_HOLDERS)
		return CH_CORRUPT;
	out->blocked = (stored.data[1] & KEY_BLOCKED) != 0;
	out->count = (uint32_t)((stored.len - KEY_HEAD_BYTES) / KEY_HOLDER_BYTES);
	for (uint32_t i = 0; i < out->count; i++) {
		const uint8_t *p = stored.data + KEY_HEAD_BYTES + i * KEY_HOLDER_BYTES;
		out->holders[i] = (struct key_holder){.number = load_le64(p), .flags = p[8]};
	}
	return CH_OK;
}

void keys_prefetch(struct change *change, const struct match_key *key, bool near)
{
	uint8_t bytes[LIMIT_KEY_BYTES];
	struct slice stored = slice_of(bytes, keys_stored_key(bytes, key->kind, key->value));
	if (near)
		change_prefetch_value(change, TABLE_KEY, stored);
	else
		change_prefetch(change, TABLE_KEY, stored);
}

enum ch_status keys_holders(struct change *change, enum key_kind kind, struct slice value,
	struct key_holders *out_holders)
{
	uint8_t key[LIMIT_KEY_BYTES];
	struct slice stored;
	out_holders->count = 0;
	out_holders->blocked = false;
	enum ch_status status = change_get(
		change, TABLE_KEY, slice_of(key, keys_stored_key(key, kind, value)), &stored);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	return status == CH_OK ? keys_parse(stored, out_holders) : status;
}

static void keys_hold(struct key_holders *holders, uint64_t number, uint8_t flags)
{
	for (uint32_t i = 0; i < holders->count; i++) {
		if (holders->holders[i].number == number) {
			holders->holders[i].flags |=
				flags; /* claimed becomes verified, never the reverse */
			return;
		}
	}
	/* Over the bound the key is long past its limit and matches nobody. */
	if (holders->count < KEY_HOLDERS)
		holders->holders[holders->count++] = (struct key_holder){number, flags};
}

static void keys_release(struct key_holders *holders, uint64_t number)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < holders->count; i++) {
		if (holders->holders[i].number != number)
			holders->holders[kept++] = holders->holders[i];
	}
	holders->count = kept;
}

/* What the customer holds stands beside his record: number 'k' kind value. */
static void keys_fold_held(struct change *change, const struct effect *effect)
{
	uint8_t key[LIMIT_KEY_BYTES + 16];
	uint8_t flags = effect->flags & EFFECT_VERIFIED;
	if (effect->value.len > LIMIT_KEY_BYTES - 16)
		return;
	size_t len = key_customer(key, effect->number, 'k');
	key[len++] = effect->kind;
	if (effect->value.len > 0)
		memcpy(key + len, effect->value.data, effect->value.len);
	len += effect->value.len;
	if (effect->op == EFFECT_KEY)
		change_put(change, TABLE_CUSTOMER, slice_of(key, len), slice_of(&flags, 1));
	else
		change_delete(change, TABLE_CUSTOMER, slice_of(key, len));
}

enum ch_status keys_fold(struct core *core, struct change *change, const struct effect *effect)
{
	uint8_t key[LIMIT_KEY_BYTES];
	uint8_t stored[KEY_HEAD_BYTES + KEY_HOLDERS * KEY_HOLDER_BYTES];
	struct key_holders holders;
	(void)core; /* every fold has this shape */
	if ((effect->flags & EFFECT_LOST) != 0)
		return CH_OK;
	enum ch_status status =
		keys_holders(change, (enum key_kind)effect->kind, effect->value, &holders);
	if (status != CH_OK)
		return status;
	if (effect->op == EFFECT_KEY)
		keys_hold(&holders, effect->number, effect->flags & EFFECT_VERIFIED);
	else if (effect->op == EFFECT_KEY_DROP)
		keys_release(&holders, effect->number);
	else
		holders.blocked = effect->field != 0;
	stored[0] = KEY_VERSION;
	stored[1] = holders.blocked ? KEY_BLOCKED : 0;
	for (uint32_t i = 0; i < holders.count; i++) {
		uint8_t *p = stored + KEY_HEAD_BYTES + i * KEY_HOLDER_BYTES;
		store_le64(p, holders.holders[i].number);
		p[8] = holders.holders[i].flags;
	}
	struct slice at = slice_of(key, keys_stored_key(key, effect->kind, effect->value));
	if (holders.count == 0 && !holders.blocked)
		change_delete(change, TABLE_KEY, at);
	else
		change_put(change, TABLE_KEY, at,
			slice_of(stored, KEY_HEAD_BYTES + holders.count * KEY_HOLDER_BYTES));
	if (effect->op != EFFECT_KEY_BLOCK)
		keys_fold_held(change, effect);
	return change_status(change);
}
