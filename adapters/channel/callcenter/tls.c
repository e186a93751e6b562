#include "channel/callcenter/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_BYTES 16384u /* a record's content at most */
#define WHY_BYTES   320
#define DATE_BYTES  40

struct tls {
	SSL_CTX *context;
	char *name;
	bool verify;
	bool own_roots; /* ca_file was given */
};

struct tls_session {
	const struct tls *tls;
	SSL *ssl;
	BIO *came;    /* of ssl */
	BIO *to_send; /* of ssl */
	bool ready;
	char date[DATE_BYTES]; /* that is over, or to come, of a certificate that is refused */
	char why[WHY_BYTES];
};

/* ---- Whom to trust ---- */

/* A certificate that is refused is forgotten by OpenSSL; its dates are kept here, to be told. */
static int on_verified(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = SSL_get_app_data(ssl);
	const X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	bool early = X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_NOT_YET_VALID;
	BIO *text = good ? NULL : BIO_new(BIO_s_mem());
	int len = 0;
	if (text != NULL && certificate != NULL &&
		ASN1_TIME_print_ex(text,
			early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate),
			ASN1_DTFLGS_ISO8601) == 1)
		len = BIO_read(text, session->date, DATE_BYTES - 1);
	if (!good)
		session->date[len > 0 ? len : 0] = 0;
	BIO_free(text);
	return good;
}

static enum ch_status tls_load_roots(struct tls *tls, const char *ca_file)
{
	/* The file may hold the far side's own certificate instead of its authority's. */
	if (ca_file != NULL)
		(void)X509_STORE_set_flags(SSL_CTX_get_cert_store(tls->context),
			X509_V_FLAG_PARTIAL_CHAIN); /* cannot fail */
	int loaded = ca_file != NULL ? SSL_CTX_load_verify_file(tls->context, ca_file)
				     : SSL_CTX_set_default_verify_paths(tls->context);
	ERR_clear_error();
	return loaded == 1 ? CH_OK : CH_INVALID;
}

enum ch_status tls_create(const struct tls_options *options, struct tls **out_tls)
{
	enum ch_status status = CH_NOMEM;
	struct tls *tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		goto out;
	tls->verify = options->verify;
	tls->own_roots = options->ca_file != NULL;
	tls->name = strdup(options->name);
	tls->context = SSL_CTX_new(TLS_client_method());
	if (tls->name == NULL || tls->context == NULL ||
		SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1)
		goto out;
	(void)SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION); /* returns them all */
	SSL_CTX_set_verify(tls->context, options->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
		options->verify ? on_verified : NULL);
	status = options->verify ? tls_load_roots(tls, options->ca_file) : CH_OK;
	if (status != CH_OK)
		goto out;
	*out_tls = tls;
	tls = NULL; /* the caller's now */
out:
	tls_free(tls);
	return status;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls->name);
	free(tls);
}

/* ---- A connection ---- */

/* The name is looked for in the certificate, and told to the far side, which may have several of them; an address is
 * never told (RFC 6066, 3). */
static bool session_name(struct tls_session *session, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(session->ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return true;
	ERR_clear_error();
	SSL_set_hostflags(session->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(session->ssl, name) == 1 &&
	       SSL_set_tlsext_host_name(session->ssl, name) == 1;
}

enum ch_status tls_session_open(const struct tls *tls, struct tls_session **out_session)
{
	enum ch_status status = CH_NOMEM;
	struct tls_session *session = calloc(1, sizeof(*session));
	if (session == NULL)
		goto out;
	session->tls = tls;
	session->ssl = SSL_new(tls->context);
	session->came = BIO_new(BIO_s_mem());
	session->to_send = BIO_new(BIO_s_mem());
	if (session->ssl == NULL || session->came == NULL || session->to_send == NULL) {
		BIO_free(session->came);
		BIO_free(session->to_send);
		goto out;
	}
	SSL_set_app_data(session->ssl, session);
	SSL_set_bio(session->ssl, session->came, session->to_send); /* ssl's now */
	if (!session_name(session, tls->name))
		goto out;
	SSL_set_connect_state(session->ssl);
	(void)SSL_do_handshake(session->ssl); /* says hello, and wants an answer */
	ERR_clear_error();
	status = CH_OK;
	*out_session = session;
	session = NULL; /* the caller's now */
out:
	tls_session_free(session);
	return status;
}

void tls_session_free(struct tls_session *session)
{
	if (session == NULL)
		return;
	SSL_free(session->ssl);
	free(session);
}

bool tls_session_is_ready(const struct tls_session *session)
{
	return session->ready;
}

const char *tls_session_why(const struct tls_session *session)
{
	return session->why;
}

/* ---- What is wrong ---- */

static void session_tell_certificate(struct tls_session *session, long fault)
{
	const char *roots =
		session->tls->own_roots ? "in exchange.ca_file" : "whom this system trusts";
	const char *words = X509_verify_cert_error_string(fault);
	switch (fault) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		(void)snprintf(session->why, WHY_BYTES,
			"its certificate is not for %s: say in exchange.tls_name whom it is for, "
			"or give it one for that name",
			session->tls->name);
		return;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		(void)snprintf(session->why, WHY_BYTES,
			"its certificate has expired (%s): renew it at the exchange",
			session->date);
		return;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		(void)snprintf(session->why, WHY_BYTES,
			"its certificate is not valid before %s: are both clocks right?",
			session->date);
		return;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		(void)snprintf(session->why, WHY_BYTES,
			"its certificate comes from nobody %s (%s): put the certificate of its "
			"authority into exchange.ca_file",
			roots, words);
		return;
	default:
		(void)snprintf(session->why, WHY_BYTES, "its certificate is refused: %s", words);
	}
}

static void session_tell_protocol(struct tls_session *session)
{
	unsigned long error = ERR_peek_error();
	const char *words = ERR_reason_error_string(error);
	switch (ERR_GET_REASON(error)) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_UNEXPECTED_MESSAGE:
		(void)snprintf(session->why, WHY_BYTES,
			"it speaks no TLS there: is exchange.port that of its tlsbindaddr, or should "
			"exchange.tls be no?");
		return;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		(void)snprintf(session->why, WHY_BYTES,
			"it speaks no TLS of version 1.2 or later: bring it up to date");
		return;
	default:
		(void)snprintf(session->why, WHY_BYTES, "TLS: %s",
			words != NULL ? words : "ended without a reason");
	}
}

static enum ch_status session_fail(struct tls_session *session)
{
	long fault = SSL_get_verify_result(session->ssl);
	bool denied = session->tls->verify && fault != X509_V_OK;
	if (denied)
		session_tell_certificate(session, fault);
	else
		session_tell_protocol(session);
	ERR_clear_error();
	return denied ? CH_DENIED : CH_FORMAT;
}

/* ---- Bytes ---- */

/* CH_OK: ready, or more must come. */
static enum ch_status session_shake(struct tls_session *session)
{
	if (session->ready)
		return CH_OK;
	int done = SSL_do_handshake(session->ssl);
	session->ready = done == 1;
	if (done == 1 || SSL_get_error(session->ssl, done) == SSL_ERROR_WANT_READ)
		return CH_OK;
	return session_fail(session);
}

enum ch_status tls_session_feed(
	struct tls_session *session, struct slice bytes, struct buffer *out_plain)
{
	ERR_clear_error();
	if (bytes.len > INT_MAX || (bytes.len > 0 && BIO_write(session->came, bytes.data,
							     (int)bytes.len) != (int)bytes.len))
		return CH_NOMEM;
	enum ch_status status = session_shake(session);
	while (status == CH_OK && session->ready) {
		uint8_t *room = buffer_reserve(out_plain, PIECE_BYTES);
		if (room == NULL)
			return CH_NOMEM;
		int got = SSL_read(session->ssl, room, (int)PIECE_BYTES);
		out_plain->len -= PIECE_BYTES - (got > 0 ? (size_t)got : 0);
		if (got > 0)
			continue;
		int error = SSL_get_error(session->ssl, got);
		if (error == SSL_ERROR_WANT_READ)
			break;
		status = error == SSL_ERROR_ZERO_RETURN ? CH_END : session_fail(session);
	}
	return status;
}

enum ch_status tls_session_put(struct tls_session *session, struct slice plain)
{
	ERR_clear_error();
	if (plain.len > INT_MAX)
		return CH_NOMEM;
	int put = plain.len > 0 ? SSL_write(session->ssl, plain.data, (int)plain.len) : 0;
	ERR_clear_error();
	return put == (int)plain.len ? CH_OK
				     : CH_NOMEM; /* to memory it fails for no other reason */
}

enum ch_status tls_session_flush(struct tls_session *session, struct buffer *out_bytes)
{
	size_t waiting = BIO_ctrl_pending(session->to_send);
	uint8_t *room = waiting > 0 ? buffer_reserve(out_bytes, waiting) : NULL;
	if (waiting == 0)
		return CH_OK;
	if (room == NULL || waiting > INT_MAX)
		return CH_NOMEM;
	int got = BIO_read(session->to_send, room, (int)waiting); /* as many as there are */
	return got == (int)waiting ? CH_OK : CH_INTERNAL;
}
