/* CURVE keys: Curve25519 pairs that say who is who on the bus (ZeroMQ RFC 25 and 26).
 *
 * A key is written as Z85 (ZeroMQ RFC 32, 40 characters) and read as Z85 or 64 hex digits.  A key
 * file holds one key on a line of its own; empty lines and lines that begin with '#' are comments (Z85
 * has a '#' too, but 32 bits are never so large that they begin with it). */
#ifndef NET_CURVE_H
#define NET_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define CURVE_KEY_BYTES         32
#define CURVE_TEXT_BYTES        41 /* Z85 and a NUL */
#define CURVE_FINGERPRINT_BYTES 17 /* 16 hex digits and a NUL */

struct curve_key {
	uint8_t bytes[CURVE_KEY_BYTES];
};

struct curve_pair {
	struct curve_key public_key;
	struct curve_key secret_key;
};

/* A fresh pair from the system's randomness.  Wipe it when it is no longer needed. */
void curve_generate(struct curve_pair *out_pair);

/* Overwrites the pair so that no compiler takes it away. */
void curve_wipe(struct curve_pair *pair);

/* CH_FORMAT: neither Z85 nor hex; CH_INVALID: a key that anybody can compute with (all zero). */
enum ch_status curve_parse(struct slice text, struct curve_key *out_key);

/* Z85; returns `text`. */
const char *curve_format(const struct curve_key *key, char text[CURVE_TEXT_BYTES]);

/* What a log may say of a public key: the first half of its 16-byte BLAKE2b, in hex.  Returns `text`. */
const char *curve_fingerprint(const struct curve_key *key, char text[CURVE_FINGERPRINT_BYTES]);

bool curve_equal(const struct curve_key *a, const struct curve_key *b);

/* Reads a public key file.  CH_NOT_FOUND, CH_FORMAT, CH_INVALID, CH_NOMEM, CH_IO. */
enum ch_status curve_read_public(const char *path, struct curve_key *out_key);

/* Reads a secret key file and computes the public half.  CH_DENIED when anybody but its owner has
 * any right to the file; the rest as above. */
enum ch_status curve_read_secret(const char *path, struct curve_pair *out_pair);

/* Writes both files, the secret one with mode 0600, each all or nothing; `comment` (one line) goes
 * on top.  CH_EXISTS when either is there: a key is never overwritten.  CH_FULL, CH_IO. */
enum ch_status curve_write(const char *public_path, const char *secret_path, const char *comment,
	const struct curve_pair *pair);

#endif
