#include "channel/website/signature.h"

#include <sodium.h>

#include "base/text.h"

#define STANDARD_SECRET_LEAST 24u
#define STANDARD_SECRET_MOST  64u
#define PLAIN_SECRET_LEAST    8u
#define MAC_BYTES             crypto_auth_hmacsha256_BYTES
/* Of the longest signature, with room for what is no signature at all. */
#define SIGNATURE_BYTES crypto_sign_ed25519_BYTES

bool signature_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || sodium_memcmp(a.data, b.data, a.len) == 0);
}

static enum ch_status signature_decode(struct slice text, uint8_t *out, size_t max, size_t *out_len)
{
	const char *end;
	const char *from = (const char *)text.data;
	if (text.len == 0 || sodium_base642bin(out, max, from, text.len, NULL, out_len, &end,
				     sodium_base64_VARIANT_ORIGINAL) != 0)
		return CH_FORMAT;
	return end == from + text.len ? CH_OK : CH_FORMAT;
}

/* ---- Secrets ---- */

enum ch_status signature_key_standard(struct slice text, struct signature_key *out_secret)
{
	const struct slice shared = SLICE_LITERAL("whsec_");
	const struct slice public = SLICE_LITERAL("whpk_");
	struct signature_key secret = {.kind = SIGNATURE_HMAC};
	if (slice_starts(text, public)) {
		secret.kind = SIGNATURE_ED25519;
		text = slice_sub(text, public.len, text.len);
	} else if (slice_starts(text, shared)) {
		text = slice_sub(text, shared.len, text.len);
	}
	enum ch_status status =
		signature_decode(text, secret.bytes, sizeof(secret.bytes), &secret.len);
	if (status == CH_OK && secret.kind == SIGNATURE_ED25519 &&
		secret.len != crypto_sign_ed25519_PUBLICKEYBYTES)
		status = CH_FORMAT;
	if (status == CH_OK && secret.kind == SIGNATURE_HMAC &&
		(secret.len < STANDARD_SECRET_LEAST || secret.len > STANDARD_SECRET_MOST))
		status = CH_FORMAT;
	if (status == CH_OK)
		*out_secret = secret;
	sodium_memzero(&secret, sizeof(secret));
	return status;
}

enum ch_status signature_key_plain(struct slice text, struct signature_key *out_secret)
{
	if (text.len < PLAIN_SECRET_LEAST)
		return CH_FORMAT;
	if (text.len > SIGNATURE_SECRET_BYTES)
		return CH_TOO_LARGE;
	*out_secret = (struct signature_key){.kind = SIGNATURE_HMAC, .len = text.len};
	memcpy(out_secret->bytes, text.data, text.len);
	return CH_OK;
}

/* ---- Checks ---- */

/* HMAC over parts that stand one behind the other. */
static void signature_mac(const struct signature_key *secret, const struct slice *parts,
	size_t count, uint8_t out_mac[MAC_BYTES])
{
	crypto_auth_hmacsha256_state state;
	(void)crypto_auth_hmacsha256_init(&state, secret->bytes, secret->len); /* cannot fail */
	for (size_t i = 0; i < count; i++)
		(void)crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
	(void)crypto_auth_hmacsha256_final(&state, out_mac);
	sodium_memzero(&state, sizeof(state));
}

enum ch_status signature_check_body(
	const struct signature_keys *secrets, struct slice body, struct slice signature)
{
	uint8_t given[SIGNATURE_BYTES];
	uint8_t mac[MAC_BYTES];
	size_t len;
	bool found = false;
	if (signature_decode(signature, given, sizeof(given), &len) != CH_OK)
		return CH_DENIED;
	for (size_t i = 0; i < secrets->count; i++) {
		if (secrets->items[i].kind != SIGNATURE_HMAC)
			continue;
		signature_mac(&secrets->items[i], &body, 1, mac);
		found |= signature_equal(slice_of(given, len), slice_of(mac, sizeof(mac)));
	}
	return found ? CH_OK : CH_DENIED;
}

static bool signature_entry_holds(const struct signature_keys *secrets, enum signature_kind kind,
	struct slice given, struct slice content)
{
	uint8_t mac[MAC_BYTES];
	bool found = false;
	for (size_t i = 0; i < secrets->count; i++) {
		const struct signature_key *secret = &secrets->items[i];
		if (secret->kind != kind)
			continue;
		if (kind == SIGNATURE_HMAC) {
			signature_mac(secret, &content, 1, mac);
			found |= signature_equal(given, slice_of(mac, sizeof(mac)));
		} else if (given.len == crypto_sign_ed25519_BYTES) {
			found |= crypto_sign_ed25519_verify_detached(
					 given.data, content.data, content.len, secret->bytes) == 0;
		}
	}
	return found;
}

/* Entries of versions that are not known here are passed over: one good one suffices. */
static bool signature_any_holds(
	const struct signature_keys *secrets, struct slice entries, struct slice content)
{
	uint8_t given[SIGNATURE_BYTES];
	struct slice entry;
	bool found = false;
	for (unsigned i = 0; i < SIGNATURE_ENTRIES && text_split(&entries, ' ', &entry); i++) {
		struct slice version;
		size_t len;
		if (!text_split(&entry, ',', &version) ||
			signature_decode(entry, given, sizeof(given), &len) != CH_OK)
			continue;
		if (slice_equal(version, SLICE_LITERAL("v1")))
			found |= signature_entry_holds(
				secrets, SIGNATURE_HMAC, slice_of(given, len), content);
		else if (slice_equal(version, SLICE_LITERAL("v1a")))
			found |= signature_entry_holds(
				secrets, SIGNATURE_ED25519, slice_of(given, len), content);
	}
	return found;
}

enum ch_status signature_check_standard(const struct signature_keys *secrets,
	const struct signed_message *message, int64_t now_us, int64_t *out_sent_us)
{
	uint64_t sent_s;
	struct buffer content = {0};
	if (message->id.len == 0 || message->timestamp.len == 0 || message->signature.len == 0)
		return CH_MISSING;
	if (memchr(message->id.data, '.', message->id.len) != NULL ||
		text_parse_u64(message->timestamp, INT64_MAX / 1000000, &sent_s) != CH_OK)
		return CH_FORMAT;
	int64_t apart_s = now_us / 1000000 - (int64_t)sent_s;
	if (apart_s > SIGNATURE_TOLERANCE_S || apart_s < -SIGNATURE_TOLERANCE_S)
		return CH_TIMEOUT;
	buffer_append_slice(&content, message->id);
	buffer_append_byte(&content, '.');
	buffer_append_slice(&content, message->timestamp);
	buffer_append_byte(&content, '.');
	buffer_append_slice(&content, message->body);
	enum ch_status status = content.status;
	if (status == CH_OK &&
		!signature_any_holds(secrets, message->signature, buffer_slice(&content)))
		status = CH_DENIED;
	buffer_fini(&content);
	if (status == CH_OK)
		*out_sent_us = (int64_t)sent_s * 1000000;
	return status;
}
