#include "module/kit/key.h"

#include <sodium.h>

#include "base/bytes.h"

/* A text: its bytes, 00, and what kind it is: whole, or cut, and then with a digest of all of it.  So one that
 * goes on stands behind one that has ended. */
#define TEXT_WHOLE     0x01
#define TEXT_CUT       0x02
#define TEXT_CUT_BYTES 64u
#define DIGEST_BYTES   16u

_Static_assert(KEY_BYTES - 4 * (KEY_TEXT_BYTES + 2) >= 14 * 8, "four texts leave room for numbers");

static void key_digest(const struct slice *parts, size_t count, uint8_t out[DIGEST_BYTES])
{
	crypto_generichash_state state;
	/* Neither fails with these lengths. */
	(void)crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
	for (size_t i = 0; i < count; i++) {
		uint8_t len[8];
		store_be64(len, parts[i].len);
		(void)crypto_generichash_update(&state, len, sizeof(len));
		(void)crypto_generichash_update(&state, parts[i].data, parts[i].len);
	}
	(void)crypto_generichash_final(&state, out, DIGEST_BYTES);
}

/* ---- Writing ---- */

void key_start(struct key *key)
{
	key->len = 0;
	key->full = false;
}

static void key_append(struct key *key, const void *data, size_t len)
{
	if (len > sizeof(key->bytes) - key->len) {
		key->full = true;
		return;
	}
	if (len > 0) /* the empty text may be NULL */
		memcpy(key->bytes + key->len, data, len);
	key->len += len;
}

void key_byte(struct key *key, uint8_t value)
{
	key_append(key, &value, 1);
}

void key_u32(struct key *key, uint32_t value)
{
	uint8_t bytes[4];
	store_be32(bytes, value);
	key_append(key, bytes, sizeof(bytes));
}

void key_u64(struct key *key, uint64_t value)
{
	uint8_t bytes[8];
	store_be64(bytes, value);
	key_append(key, bytes, sizeof(bytes));
}

void key_i64(struct key *key, int64_t value)
{
	key_u64(key, (uint64_t)value ^ (UINT64_C(1) << 63));
}

void key_text(struct key *key, struct slice text)
{
	uint8_t digest[DIGEST_BYTES];
	const uint8_t *nul = text.len > 0 ? memchr(text.data, 0, text.len) : NULL;
	if (nul == NULL && text.len <= KEY_TEXT_BYTES) {
		key_append(key, text.data, text.len);
		key_byte(key, 0);
		key_byte(key, TEXT_WHOLE);
		return;
	}
	size_t len = nul != NULL ? (size_t)(nul - text.data) : text.len;
	key_digest(&text, 1, digest);
	key_append(key, text.data, len < TEXT_CUT_BYTES ? len : TEXT_CUT_BYTES);
	key_byte(key, 0);
	key_byte(key, TEXT_CUT);
	key_append(key, digest, sizeof(digest));
}

struct slice key_slice(const struct key *key)
{
	return slice_of(key->bytes, key->full ? 0 : key->len);
}

/* ---- Reading ---- */

static bool key_take(struct slice *rest, size_t len, const uint8_t **out_bytes)
{
	if (rest->len < len)
		return false;
	*out_bytes = rest->data;
	*rest = slice_of(rest->data + len, rest->len - len);
	return true;
}

bool key_take_byte(struct slice *rest, uint8_t *out_value)
{
	const uint8_t *bytes;
	if (!key_take(rest, 1, &bytes))
		return false;
	*out_value = bytes[0];
	return true;
}

bool key_take_u32(struct slice *rest, uint32_t *out_value)
{
	const uint8_t *bytes;
	if (!key_take(rest, 4, &bytes))
		return false;
	*out_value = load_be32(bytes);
	return true;
}

bool key_take_u64(struct slice *rest, uint64_t *out_value)
{
	const uint8_t *bytes;
	if (!key_take(rest, 8, &bytes))
		return false;
	*out_value = load_be64(bytes);
	return true;
}

bool key_take_i64(struct slice *rest, int64_t *out_value)
{
	uint64_t value;
	if (!key_take_u64(rest, &value))
		return false;
	*out_value = (int64_t)(value ^ (UINT64_C(1) << 63));
	return true;
}

bool key_take_text(struct slice *rest, struct buffer *out)
{
	const uint8_t *bytes;
	uint8_t kind;
	struct slice at = *rest;
	const uint8_t *end = at.len > 0 ? memchr(at.data, 0, at.len) : NULL;
	if (end == NULL)
		return false;
	struct slice text = slice_of(at.data, (size_t)(end - at.data));
	at = slice_sub(at, text.len + 1, at.len);
	if (!key_take_byte(&at, &kind) || (kind != TEXT_WHOLE && kind != TEXT_CUT))
		return false;
	if (kind == TEXT_CUT && !key_take(&at, DIGEST_BYTES, &bytes))
		return false;
	buffer_clear(out);
	buffer_append_slice(out, text);
	*rest = at;
	return out->status == CH_OK;
}

/* ---- Stamps ---- */

struct stamp stamp_of(int64_t occurred_us, struct slice source, struct slice id)
{
	struct stamp stamp;
	struct slice parts[] = {source, id};
	store_be64(stamp.bytes, (uint64_t)occurred_us ^ (UINT64_C(1) << 63));
	key_digest(parts, 2, stamp.bytes + 8);
	return stamp;
}

int64_t stamp_time(const struct stamp *stamp)
{
	return (int64_t)(load_be64(stamp->bytes) ^ (UINT64_C(1) << 63));
}

bool stamp_is_newer(const struct stamp *stamp, const struct stamp *than)
{
	return memcmp(stamp->bytes, than->bytes, sizeof(stamp->bytes)) > 0;
}
