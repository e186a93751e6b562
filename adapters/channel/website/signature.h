/* Whether a request is signed by somebody who has the secret: HMAC-SHA256 as Shopify and WooCommerce write
 * it, and Standard Webhooks (https://www.standardwebhooks.com) with HMAC (v1) and ed25519 (v1a).
 *
 * A sender has several secrets while he changes from one to the next; any of them will do.  All compares
 * take the same time wherever the first difference is.  What is signed are the bytes as they came. */
#ifndef WEBSITE_SIGNATURE_H
#define WEBSITE_SIGNATURE_H

#include "base/slice.h"

#define SIGNATURE_SECRETS      8u
#define SIGNATURE_SECRET_BYTES 128u
#define SIGNATURE_TOLERANCE_S  300
#define SIGNATURE_ENTRIES      16u /* of one webhook-signature; those behind are not looked at */

enum signature_kind {
	SIGNATURE_HMAC,    /* a shared secret */
	SIGNATURE_ED25519, /* the sender's public key */
};

struct signature_key {
	enum signature_kind kind;
	uint8_t bytes[SIGNATURE_SECRET_BYTES];
	size_t len;
};

struct signature_keys {
	struct signature_key items[SIGNATURE_SECRETS];
	size_t count;
};

/* A secret of Standard Webhooks: "whsec_" and base64 of 24 to 64 bytes, the prefix being optional; or
 * "whpk_" and base64 of a public key of ed25519, 32 bytes.  CH_FORMAT. */
enum ch_status signature_key_standard(struct slice text, struct signature_key *out_secret);

/* A secret whose characters are the key, as shops give them out; 8 bytes at least.  CH_FORMAT, CH_TOO_LARGE. */
enum ch_status signature_key_plain(struct slice text, struct signature_key *out_secret);

/* base64(HMAC-SHA256(secret, body)).  CH_OK; CH_DENIED. */
enum ch_status signature_check_body(
	const struct signature_keys *secrets, struct slice body, struct slice signature);

struct signed_message {
	struct slice id;        /* webhook-id */
	struct slice timestamp; /* webhook-timestamp */
	struct slice signature; /* webhook-signature: "v1,<base64> v1a,<base64>" */
	struct slice body;
};

/* CH_OK with when it was sent; CH_MISSING: a header is; CH_FORMAT: an id with a dot or of no characters, or
 * no time; CH_TIMEOUT: too far from `now_us`, either way; CH_DENIED: no entry of a version that is known
 * here is by one of the secrets; CH_NOMEM. */
enum ch_status signature_check_standard(const struct signature_keys *secrets,
	const struct signed_message *message, int64_t now_us, int64_t *out_sent_us);

/* The same bytes, in a time that tells nothing about where they differ; the length is no secret. */
bool signature_equal(struct slice a, struct slice b);

#endif
