/* A file of a CURVE key, of any bytes: as a public key and as a secret one, which it is only when nobody else may
 * read it.  The two agree on whether there is a key in it, and a key that was read is written and read again. */
#include <sys/stat.h>

#include "folder.h"
#include "net/curve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_again(const struct curve_key *key)
{
	char text[CURVE_TEXT_BYTES];
	char fingerprint[CURVE_FINGERPRINT_BYTES];
	struct curve_key again;
	invariant(curve_parse(slice_text(curve_format(key, text)), &again) == CH_OK);
	invariant(curve_equal(key, &again));
	invariant(strlen(curve_fingerprint(key, fingerprint)) == CURVE_FINGERPRINT_BYTES - 1);
}

static void fuzz_write(const struct curve_pair *pair)
{
	char public_path[128];
	char secret_path[128];
	struct curve_pair again;
	struct curve_key key;
	(void)snprintf(public_path, sizeof(public_path), "%s/again.public", folder());
	(void)snprintf(secret_path, sizeof(secret_path), "%s/again.secret", folder());
	invariant(curve_write(public_path, secret_path, "made of what was read", pair) == CH_OK);
	invariant(curve_write(public_path, secret_path, "twice", pair) == CH_EXISTS);
	invariant(curve_read_secret(secret_path, &again) == CH_OK);
	invariant(curve_equal(&pair->secret_key, &again.secret_key));
	invariant(curve_read_public(public_path, &key) == CH_OK);
	invariant(curve_equal(&pair->public_key, &key) && curve_equal(&again.public_key, &key));
	invariant(unlink(public_path) == 0 && unlink(secret_path) == 0);
	curve_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct curve_key key;
	struct curve_pair pair;
	const char *path = folder_write("key", slice_of(data, len), 0600);
	enum ch_status status = curve_read_public(path, &key);
	invariant(status == CH_OK || status == CH_FORMAT || status == CH_INVALID);
	invariant(curve_read_secret(path, &pair) == status);
	if (status == CH_OK) {
		invariant(curve_equal(&key, &pair.secret_key));
		fuzz_again(&key);
		if (len % 16 == 9)
			fuzz_write(&pair);
		invariant(chmod(path, 0640) == 0 && curve_read_secret(path, &pair) == CH_DENIED);
		curve_wipe(&pair);
	}
	invariant(unlink(path) == 0 && curve_read_public(path, &key) == CH_NOT_FOUND);
	invariant(curve_read_secret(path, &pair) == CH_NOT_FOUND);
	return 0;
}
