#include "channel/website/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/unit.h"

static char folder[SCRATCH_BYTES];

static int enter(void **state)
{
	(void)state;
	scratch_make(folder, "certificate");
	return chdir(folder);
}

static int leave(void **state)
{
	(void)state;
	scratch_remove(folder);
	return chdir("/");
}

/* NAME.pem and NAME.key, of its own making. */
static void make(const char *name, const char *passphrase)
{
	char path[64];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	assert_non_null(key);
	assert_non_null(certificate);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	(void)snprintf(path, sizeof(path), "%s.pem", name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(path, sizeof(path), "%s.key", name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(
		PEM_write_PKCS8PrivateKey(file, key, passphrase != NULL ? EVP_aes_128_cbc() : NULL,
			passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL),
		1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void assert_refused(const char *path, const char *key_path, const char *why)
{
	struct problems problems = {0};
	struct buffer text = {0};
	struct certificate *certificate = NULL;
	assert_int_equal(certificate_read(path, key_path, &problems, &certificate), CH_INVALID);
	assert_null(certificate);
	problems_print(&problems, &text);
	if (strstr(buffer_text(&text), why) == NULL)
		fail_msg("not \"%s\" but \"%s\"", why, buffer_text(&text));
	buffer_fini(&text);
	problems_fini(&problems);
}

static void test_usage(void **state)
{
	struct problems problems = {0};
	struct certificate *certificate = NULL;
	(void)state;
	make("site", NULL);
	assert_int_equal(certificate_read("site.pem", "site.key", &problems, &certificate), CH_OK);
	assert_true(problems_none(&problems));
	certificate_free(certificate);
	certificate_free(NULL);
}

static void test_what_cannot_be_shown(void **state)
{
	(void)state;
	make("site", NULL);
	make("other", NULL);
	make("locked", "hunter2");
	assert_refused("other.pem", "site.key", "other.pem: cannot be used with its key: ");
	assert_refused("site.pem", "locked.key", "without a passphrase");
	assert_refused("site.key", "site.key", "holds no certificate");
	assert_refused("site.pem", "site.pem", "others than its owner have a right to it");
	assert_refused("none.pem", "site.key", "none.pem: No such file");
	assert_refused("none.pem", "none.key", "none.key: No such file"); /* and of the other */
	assert_int_equal(chmod("site.key", 0640), 0);
	assert_refused("site.pem", "site.key", "others than its owner have a right to it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage), cmocka_unit_test(test_what_cannot_be_shown)};
	return cmocka_run_group_tests(tests, enter, leave);
}
