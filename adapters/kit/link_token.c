#include "kit/link_token.h"

#include <sodium.h>

#include "kit/secret.h"

#define LINK_PART_BYTES 16u

/* Half of a token: HMAC of what it is for and the text, cut to 16 bytes, as digits and a NUL. */
static void link_part(const struct link_key *key, struct slice purpose, struct slice text,
	char out[LINK_TOKEN_NAME_LEN + 1])
{
	crypto_auth_hmacsha256_state state;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	/* None of them can fail. */
	(void)crypto_auth_hmacsha256_init(&state, key->bytes, sizeof(key->bytes));
	(void)crypto_auth_hmacsha256_update(&state, purpose.data, purpose.len);
	(void)crypto_auth_hmacsha256_update(&state, text.data, text.len);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	(void)sodium_bin2hex(out, LINK_TOKEN_NAME_LEN + 1, mac, LINK_PART_BYTES);
	sodium_memzero(&state, sizeof(state));
}

static void link_tag(
	const struct link_key *key, struct slice name, char out[LINK_TOKEN_NAME_LEN + 1])
{
	link_part(key, SLICE_LITERAL("link:"), name, out);
}

/* ---- Keys ---- */

enum ch_status link_key_read(
	const char *path, const char *key, struct problems *problems, struct link_key *out_key)
{
	struct secret secret = {0};
	enum ch_status status = secret_read(path, key, problems, &secret);
	if (status != CH_OK)
		return status;
	if (secret.len < LINK_TOKEN_SECRET_LEAST) {
		problems_add(problems, NULL, 0, key,
			"%s: holds fewer than %u characters: tokens could be guessed", path,
			LINK_TOKEN_SECRET_LEAST);
		status = CH_INVALID;
	} else {
		(void)crypto_hash_sha256(out_key->bytes, (const uint8_t *)secret.bytes,
			secret.len); /* cannot fail */
	}
	secret_wipe(&secret);
	return status;
}

enum ch_status link_keys_read(const struct option_list *paths, const char *key,
	struct problems *problems, struct link_keys *out_keys)
{
	struct link_keys keys = {.count = 0};
	enum ch_status worst = CH_OK;
	if (paths->count > LINK_KEYS_MAX) {
		problems_add(problems, NULL, 0, key, "names more than %u files", LINK_KEYS_MAX);
		return CH_INVALID;
	}
	for (size_t i = 0; i < paths->count && worst != CH_NOMEM; i++) {
		enum ch_status status =
			link_key_read(paths->items[i], key, problems, &keys.items[keys.count]);
		if (status == CH_OK)
			keys.count++;
		else
			worst = status;
	}
	if (worst == CH_OK)
		*out_keys = keys;
	link_keys_wipe(&keys);
	return worst;
}

void link_keys_wipe(struct link_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

/* ---- Tokens ---- */

void link_token_make(
	const struct link_key *key, struct slice message_id, char out[LINK_TOKEN_BYTES])
{
	link_part(key, SLICE_LITERAL("name:"), message_id, out);
	link_tag(key, slice_of(out, LINK_TOKEN_NAME_LEN), out + LINK_TOKEN_NAME_LEN);
}

static bool link_is_token(struct slice token)
{
	for (size_t i = 0; i < token.len; i++) {
		uint8_t c = token.data[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return token.len == LINK_TOKEN_BYTES - 1;
}

enum ch_status link_keys_check(const struct link_keys *keys, struct slice token)
{
	char tag[LINK_TOKEN_NAME_LEN + 1];
	bool found = false;
	if (!link_is_token(token))
		return CH_FORMAT;
	for (size_t i = 0; i < keys->count; i++) {
		link_tag(&keys->items[i], slice_sub(token, 0, LINK_TOKEN_NAME_LEN), tag);
		found |= sodium_memcmp(
				 tag, token.data + LINK_TOKEN_NAME_LEN, LINK_TOKEN_NAME_LEN) == 0;
	}
	return found ? CH_OK : CH_DENIED;
}
