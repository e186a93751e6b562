#include "net/curve.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/file.h"
#include "base/invariant.h"
#include "base/text.h"

#define CURVE_FILE_BYTES 4096
#define CURVE_Z85_CHARS  40
#define CURVE_HEX_CHARS  64

void curve_generate(struct curve_pair *out_pair)
{
	invariant(sodium_init() >= 0); /* without randomness nothing here may go on */
	(void)crypto_box_keypair(out_pair->public_key.bytes, out_pair->secret_key.bytes);
}

void curve_wipe(struct curve_pair *pair)
{
	sodium_memzero(pair, sizeof(*pair));
}

bool curve_equal(const struct curve_key *a, const struct curve_key *b)
{
	return sodium_memcmp(a->bytes, b->bytes, CURVE_KEY_BYTES) == 0;
}

enum ch_status curve_parse(struct slice text, struct curve_key *out_key)
{
	struct curve_key key;
	char copy[CURVE_TEXT_BYTES];
	enum ch_status status = CH_OK;
	if (text.len == CURVE_Z85_CHARS) {
		memcpy(copy, text.data, CURVE_Z85_CHARS);
		copy[CURVE_Z85_CHARS] = 0;
		/* It decodes up to a NUL, and the rest must not be left to chance. */
		if (memchr(copy, 0, CURVE_Z85_CHARS) != NULL ||
			zmq_z85_decode(key.bytes, copy) == NULL)
			status = CH_FORMAT;
		sodium_memzero(copy, sizeof(copy));
	} else if (text.len == CURVE_HEX_CHARS) {
		status = text_parse_hex(text, key.bytes);
	} else {
		status = CH_FORMAT;
	}
	if (status == CH_OK && sodium_is_zero(key.bytes, CURVE_KEY_BYTES))
		status = CH_INVALID;
	if (status == CH_OK)
		*out_key = key;
	sodium_memzero(&key, sizeof(key));
	return status;
}

const char *curve_format(const struct curve_key *key, char text[CURVE_TEXT_BYTES])
{
	invariant(zmq_z85_encode(text, key->bytes, CURVE_KEY_BYTES) != NULL);
	return text;
}

const char *curve_fingerprint(const struct curve_key *key, char text[CURVE_FINGERPRINT_BYTES])
{
	uint8_t digest[crypto_generichash_BYTES_MIN];
	(void)crypto_generichash(
		digest, sizeof(digest), key->bytes, CURVE_KEY_BYTES, NULL, 0); /* sizes are right */
	return sodium_bin2hex(text, CURVE_FINGERPRINT_BYTES, digest, CURVE_FINGERPRINT_BYTES / 2);
}

/* ---- Files ---- */

static enum ch_status curve_find_key(struct slice text, struct curve_key *out_key)
{
	struct slice line;
	struct slice found = {NULL, 0};
	while (text_split(&text, '\n', &line)) {
		line = text_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (found.data != NULL)
			return CH_FORMAT; /* two keys: which one is meant? */
		found = line;
	}
	return curve_parse(found, out_key);
}

/* The whole small file at the end of an open descriptor, which it closes. */
static enum ch_status curve_read_fd(int fd, struct curve_key *out_key)
{
	uint8_t bytes[CURVE_FILE_BYTES];
	size_t len = 0;
	ssize_t n = 1;
	while (n > 0 && len < sizeof(bytes)) {
		n = read(fd, bytes + len, sizeof(bytes) - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	(void)close(fd); /* read only */
	enum ch_status status = CH_IO;
	if (n >= 0)
		status = len < sizeof(bytes) ? curve_find_key(slice_of(bytes, len), out_key)
					     : CH_FORMAT;
	sodium_memzero(bytes, sizeof(bytes));
	return status;
}

enum ch_status curve_read_public(const char *path, struct curve_key *out_key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* of a pipe: nothing */
	return fd < 0 ? file_status() : curve_read_fd(fd, out_key);
}

enum ch_status curve_read_secret(const char *path, struct curve_pair *out_pair)
{
	struct curve_pair pair;
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* of a pipe: nothing */
	if (fd < 0)
		return file_status();
	/* Of what was opened, not of what the path names by now. */
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & 077) != 0) {
		(void)close(fd); /* read only */
		return CH_DENIED;
	}
	enum ch_status status = curve_read_fd(fd, &pair.secret_key);
	if (status == CH_OK) {
		(void)crypto_scalarmult_base(
			pair.public_key.bytes, pair.secret_key.bytes); /* always 0 */
		*out_pair = pair;
	}
	curve_wipe(&pair);
	return status;
}

static enum ch_status curve_write_key(
	const char *path, const char *comment, const struct curve_key *key, unsigned mode)
{
	char text[CURVE_TEXT_BYTES];
	char bytes[CURVE_FILE_BYTES];
	int len = snprintf(bytes, sizeof(bytes), "# %s\n%s\n", comment, curve_format(key, text));
	enum ch_status status = CH_TOO_LARGE;
	if (len > 0 && (size_t)len < sizeof(bytes))
		status = file_replace(path, slice_of(bytes, (size_t)len), mode);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(bytes, sizeof(bytes));
	return status;
}

enum ch_status curve_write(const char *public_path, const char *secret_path, const char *comment,
	const struct curve_pair *pair)
{
	if (access(public_path, F_OK) == 0 || access(secret_path, F_OK) == 0)
		return CH_EXISTS;
	enum ch_status status = curve_write_key(secret_path, comment, &pair->secret_key, 0600);
	if (status == CH_OK)
		status = curve_write_key(public_path, comment, &pair->public_key, 0644);
	return status;
}
