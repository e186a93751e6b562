/* The token in a link that a customer is sent: who calls the link has the message, and nobody can make up
 * another's.
 *
 *     token = name tag                                        64 hex digits, lower case
 *     name  = HMAC-SHA256(key, "name:" + the message's id)    16 bytes, as 32 digits
 *     tag   = HMAC-SHA256(key, "link:" + the name's digits)   16 bytes, as 32 digits
 *     key   = SHA-256(the secret: what stands in its file, without the line end)
 *
 * Who sends makes it; who is called needs the same secret, and no more, to know that it is good.  The
 * name tells whose it is to the sender alone: an id that follows from a customer's number could be found by
 * trying numbers, its HMAC cannot.  Thread-safe; the key is to be wiped by link_keys_wipe. */
#ifndef KIT_LINK_TOKEN_H
#define KIT_LINK_TOKEN_H

#include "base/option.h"
#include "base/slice.h"

#define LINK_TOKEN_NAME_LEN     32u
#define LINK_TOKEN_BYTES        65u /* with the NUL */
#define LINK_TOKEN_SECRET_LEAST 16u
#define LINK_KEYS_MAX           8u

struct link_key {
	uint8_t bytes[32];
};

/* Any of them is good while one is exchanged for the next. */
struct link_keys {
	struct link_key items[LINK_KEYS_MAX];
	size_t count;
};

/* ---- Keys ---- */

/* From the file of a secret, as secret_read; at least 16 characters.  CH_INVALID with what is wrong in
 * `problems` under `key`; CH_NOMEM. */
enum ch_status link_key_read(
	const char *path, const char *key, struct problems *problems, struct link_key *out_key);

/* All of a list of files.  CH_INVALID when one of them is wrong, or there are too many; CH_NOMEM. */
enum ch_status link_keys_read(const struct option_list *paths, const char *key,
	struct problems *problems, struct link_keys *out_keys);

/* Nothing of them stays in memory. */
void link_keys_wipe(struct link_keys *keys);

/* ---- Tokens ---- */

/* The same message and key make the same token. */
void link_token_make(
	const struct link_key *key, struct slice message_id, char out[LINK_TOKEN_BYTES]);

/* CH_OK: it was made with one of the keys.  CH_DENIED: with none of them.  CH_FORMAT: it is none at all,
 * as when a mail program has cut the link.  The compare takes the same time wherever it ends. */
enum ch_status link_keys_check(const struct link_keys *keys, struct slice token);

#endif
