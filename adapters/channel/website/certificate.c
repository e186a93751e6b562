#include "channel/website/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kit/secret.h"

#define CERTIFICATE_KEY "website.certificate_key"

struct certificate {
	X509 *leaf;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

/* ---- Reading ---- */

/* NULL: it is read. */
static const char *certificate_read_chain(struct certificate *certificate, FILE *file)
{
	certificate->leaf = PEM_read_X509(file, NULL, NULL, NULL);
	certificate->chain = sk_X509_new_null();
	if (certificate->leaf == NULL || certificate->chain == NULL)
		return "holds no certificate in PEM";
	for (unsigned i = 0; i < CERTIFICATE_CHAIN; i++) {
		X509 *next = PEM_read_X509(file, NULL, NULL, NULL);
		if (next == NULL) /* what else may stand there is no certificate */
			return NULL;
		if (sk_X509_push(certificate->chain, next) == 0) {
			X509_free(next);
			return "memory ran out";
		}
	}
	return PEM_read_X509(file, NULL, NULL, NULL) == NULL ? NULL : "holds too many certificates";
}

static enum ch_status certificate_read_file(
	struct certificate *certificate, const char *path, struct problems *problems)
{
	FILE *file = fopen(path, "re");
	const char *fault =
		file != NULL ? certificate_read_chain(certificate, file) : strerror(errno);
	if (file != NULL)
		(void)fclose(file); /* only read from */
	if (fault != NULL)
		problems_add(problems, NULL, 0, "website.certificate", "%s: %s", path, fault);
	return fault == NULL ? CH_OK : CH_INVALID;
}

/* Without it OpenSSL would ask on the terminal. */
static int certificate_no_passphrase(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static enum ch_status certificate_read_key(
	struct certificate *certificate, const char *path, struct problems *problems)
{
	int fd = -1;
	enum ch_status status = secret_open(path, CERTIFICATE_KEY, problems, &fd);
	if (status != CH_OK)
		return status;
	FILE *file = fdopen(fd, "r");
	if (file == NULL) {
		(void)close(fd); /* nothing was read */
		return CH_NOMEM;
	}
	certificate->key = PEM_read_PrivateKey(file, NULL, certificate_no_passphrase, NULL);
	(void)fclose(file); /* only read from */
	if (certificate->key != NULL)
		return CH_OK;
	problems_add(problems, NULL, 0, CERTIFICATE_KEY,
		"%s: holds no private key in PEM without a passphrase", path);
	return CH_INVALID;
}

/* As a handshake would take them. */
static enum ch_status certificate_try(
	const struct certificate *certificate, const char *path, struct problems *problems)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	enum ch_status status = CH_OK;
	if (context == NULL)
		return CH_NOMEM;
	ERR_clear_error();
	if (SSL_CTX_use_cert_and_key(
		    context, certificate->leaf, certificate->key, certificate->chain, 1) != 1) {
		const char *reason = ERR_reason_error_string(ERR_peek_error());
		problems_add(problems, NULL, 0, "website.certificate",
			"%s: cannot be used with its key: %s", path,
			reason != NULL ? reason : "OpenSSL refuses them");
		status = CH_INVALID;
	}
	SSL_CTX_free(context);
	return status;
}

enum ch_status certificate_read(const char *path, const char *key_path, struct problems *problems,
	struct certificate **out_certificate)
{
	struct certificate *certificate = calloc(1, sizeof(*certificate));
	if (certificate == NULL)
		return CH_NOMEM;
	enum ch_status read = certificate_read_file(certificate, path, problems);
	enum ch_status status = certificate_read_key(certificate, key_path, problems);
	if (status == CH_OK)
		status = read;
	if (status == CH_OK)
		status = certificate_try(certificate, path, problems);
	ERR_clear_error(); /* they are the thread's, and the next who looks would take them for his */
	if (status == CH_OK) {
		*out_certificate = certificate;
		certificate = NULL; /* the caller's now */
	}
	certificate_free(certificate);
	return status;
}

void certificate_free(struct certificate *certificate)
{
	if (certificate == NULL)
		return;
	X509_free(certificate->leaf);
	EVP_PKEY_free(certificate->key);
	sk_X509_pop_free(certificate->chain, X509_free);
	free(certificate);
}

/* ---- Showing ---- */

/* Of each connection by itself: a context would keep the old one besides, if the new key is of another kind. */
static int certificate_choose(SSL *connection, void *context)
{
	struct certificate *const *current = context;
	SSL_certs_clear(connection);
	return SSL_use_cert_and_key(
		connection, (*current)->leaf, (*current)->key, (*current)->chain, 1);
}

void certificate_show(struct ssl_ctx_st *context, struct certificate *const *current)
{
	SSL_CTX_set_cert_cb(context, certificate_choose, (void *)(uintptr_t)current);
}
