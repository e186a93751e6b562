#include "channel/callcenter/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/unit.h"

#define DAY_S (24L * 3600)

/* Somebody with a key and a certificate. */
struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

struct paper {
	const char *names; /* "DNS:pbx.example", "IP:127.0.0.1"; NULL: an authority */
	long from_s;       /* from now */
	long to_s;
};

static void identity_extend(X509 *certificate, int kind, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* Signed by `by`; NULL: by itself. */
static struct identity identity_make(
	const char *name, const struct paper *paper, const struct identity *by)
{
	static long serial;
	struct identity it = {EVP_EC_gen("P-256"), X509_new()};
	assert_non_null(it.key);
	assert_non_null(it.certificate);
	assert_int_equal(X509_set_version(it.certificate, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(it.certificate), ++serial), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(it.certificate), paper->from_s);
	(void)X509_gmtime_adj(X509_getm_notAfter(it.certificate), paper->to_s);
	X509_NAME *subject = X509_get_subject_name(it.certificate);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
				 (const unsigned char *)name, -1, -1, 0),
		1);
	X509 *issuer = by != NULL ? by->certificate : it.certificate;
	assert_int_equal(X509_set_issuer_name(it.certificate, X509_get_subject_name(issuer)), 1);
	assert_int_equal(X509_set_pubkey(it.certificate, it.key), 1);
	if (paper->names != NULL)
		identity_extend(it.certificate, NID_subject_alt_name, paper->names);
	else
		identity_extend(it.certificate, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(it.certificate, by != NULL ? by->key : it.key, EVP_sha256()) > 0);
	return it;
}

static void identity_free(struct identity *it)
{
	EVP_PKEY_free(it->key);
	X509_free(it->certificate);
}

/* The exchange's side. */
struct server {
	SSL_CTX *context;
	SSL *ssl;
	BIO *came;
	BIO *to_send;
};

static struct server server_make(const struct identity *it, int version)
{
	struct server server = {.context = SSL_CTX_new(TLS_server_method())};
	assert_int_equal(SSL_CTX_set_min_proto_version(server.context, 0), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(server.context, version), 1);
	/* Else Debian's own build refuses the old ones by itself. */
	assert_int_equal(SSL_CTX_set_cipher_list(server.context, "ALL:@SECLEVEL=0"), 1);
	assert_int_equal(SSL_CTX_use_certificate(server.context, it->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server.context, it->key), 1);
	server.ssl = SSL_new(server.context);
	server.came = BIO_new(BIO_s_mem());
	server.to_send = BIO_new(BIO_s_mem());
	SSL_set_bio(server.ssl, server.came, server.to_send);
	SSL_set_accept_state(server.ssl);
	return server;
}

static void server_free(struct server *server)
{
	SSL_free(server->ssl);
	SSL_CTX_free(server->context);
}

struct scene {
	struct identity authority;
	struct identity exchange;
	char folder[SCRATCH_BYTES];
	char ca_file[SCRATCH_BYTES + 8];
};

static void write_certificate(const char *path, X509 *certificate)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	assert_int_equal(fclose(file), 0);
}

static int scene_begin(void **state)
{
	static struct scene scene;
	const struct paper authority = {NULL, -DAY_S, DAY_S};
	const struct paper paper = {"DNS:pbx.example,IP:127.0.0.1", -DAY_S, DAY_S};
	scene.authority = identity_make("Throw-away CA", &authority, NULL);
	scene.exchange = identity_make("pbx.example", &paper, &scene.authority);
	scratch_make(scene.folder, "tls");
	(void)snprintf(scene.ca_file, sizeof(scene.ca_file), "%s/ca.pem", scene.folder);
	write_certificate(scene.ca_file, scene.authority.certificate);
	*state = &scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;
	identity_free(&scene->authority);
	identity_free(&scene->exchange);
	scratch_remove(scene->folder);
	return 0;
}

/* What we have to say, to the server, in pieces of so many bytes; what it says, to us. */
static enum ch_status pass(
	struct tls_session *session, struct server *server, size_t piece, struct buffer *out_plain)
{
	struct buffer bytes = {0};
	uint8_t back[4096];
	enum ch_status status = CH_OK;
	assert_int_equal(tls_session_flush(session, &bytes), CH_OK);
	if (bytes.len > 0)
		assert_int_equal(
			BIO_write(server->came, bytes.data, (int)bytes.len), (int)bytes.len);
	buffer_fini(&bytes);
	if (!SSL_is_init_finished(server->ssl))
		(void)SSL_do_handshake(server->ssl); /* looked at by the test */
	size_t room = piece < sizeof(back) ? piece : sizeof(back);
	int got;
	while (status == CH_OK && (got = BIO_read(server->to_send, back, (int)room)) > 0)
		status = tls_session_feed(session, slice_of(back, (size_t)got), out_plain);
	return status;
}

static enum ch_status shake(
	struct tls_session *session, struct server *server, size_t piece, struct buffer *out_plain)
{
	enum ch_status status = CH_OK;
	for (int i = 0; i < 6 && status == CH_OK; i++)
		status = pass(session, server, piece, out_plain);
	return status;
}

/* Calls `name` with the scene's authority at an exchange that has `it`.  The status, and why. */
static enum ch_status call(const struct scene *scene, const char *name, const struct identity *it,
	int version, char why[320])
{
	const struct tls_options options = {scene->ca_file, name, true};
	struct server server = server_make(it, version);
	struct buffer plain = {0};
	struct tls *tls = NULL;
	struct tls_session *session = NULL;
	assert_int_equal(tls_create(&options, &tls), CH_OK);
	assert_int_equal(tls_session_open(tls, &session), CH_OK);
	enum ch_status status = shake(session, &server, 4096, &plain);
	assert_int_equal(tls_session_is_ready(session), status == CH_OK);
	(void)snprintf(why, 320, "%s", tls_session_why(session));
	tls_session_free(session);
	tls_free(tls);
	server_free(&server);
	buffer_fini(&plain);
	return status;
}

static void test_both_sides_understand_each_other(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct scene *scene = *state;
	for (size_t i = 0; i < 4; i++) {
		const struct tls_options options = {scene->ca_file, "pbx.example", true};
		struct server server = server_make(&scene->exchange, versions[i % 2]);
		struct buffer plain = {0};
		struct tls *tls = NULL;
		struct tls_session *session = NULL;
		uint8_t heard[64];
		assert_int_equal(tls_create(&options, &tls), CH_OK);
		assert_int_equal(tls_session_open(tls, &session), CH_OK);
		/* Whole, and cut into single bytes. */
		assert_int_equal(shake(session, &server, i < 2 ? 4096 : 1, &plain), CH_OK);
		assert_true(tls_session_is_ready(session));
		assert_int_equal(plain.len, 0);

		assert_int_equal(
			tls_session_put(session, SLICE_LITERAL("Action: Ping\r\n")), CH_OK);
		assert_int_equal(pass(session, &server, 4096, &plain), CH_OK);
		assert_int_equal(SSL_read(server.ssl, heard, sizeof(heard)), 14);
		assert_memory_equal(heard, "Action: Ping\r\n", 14);

		static uint8_t much[100000];
		memset(much, 'x', sizeof(much));
		assert_int_equal(SSL_write(server.ssl, much, sizeof(much)), sizeof(much));
		assert_int_equal(pass(session, &server, i < 2 ? 4096 : 7, &plain), CH_OK);
		assert_int_equal(plain.len, sizeof(much));
		assert_memory_equal(plain.data, much, sizeof(much));

		(void)SSL_shutdown(server.ssl); /* says that it closes */
		assert_int_equal(pass(session, &server, 4096, &plain), CH_END);
		tls_session_free(session);
		tls_free(tls);
		server_free(&server);
		buffer_fini(&plain);
	}
}

static void test_a_certificate_for_somebody_else(void **state)
{
	struct scene *scene = *state;
	char why[320];
	assert_int_equal(call(scene, "127.0.0.1", &scene->exchange, 0, why), CH_OK);
	assert_int_equal(call(scene, "PBX.example", &scene->exchange, 0, why), CH_OK);
	assert_int_equal(call(scene, "bank.example", &scene->exchange, 0, why), CH_DENIED);
	assert_non_null(strstr(why, "is not for bank.example: say in exchange.tls_name"));
	assert_int_equal(call(scene, "127.0.0.2", &scene->exchange, 0, why), CH_DENIED);
	assert_non_null(strstr(why, "is not for 127.0.0.2"));
	/* What stands in its common name counts for nothing when names are given. */
	const struct paper other = {"DNS:*.shop.example", -DAY_S, DAY_S};
	struct identity wild = identity_make("bank.test", &other, &scene->authority);
	assert_int_equal(call(scene, "bank.test", &wild, 0, why), CH_DENIED);
	assert_int_equal(call(scene, "pbx.shop.example", &wild, 0, why), CH_OK);
	assert_int_equal(call(scene, "a.pbx.shop.example", &wild, 0, why), CH_DENIED);
	identity_free(&wild);
}

static void test_a_certificate_from_nobody(void **state)
{
	struct scene *scene = *state;
	const struct paper paper = {"DNS:pbx.example", -DAY_S, DAY_S};
	const struct paper authority = {NULL, -DAY_S, DAY_S};
	struct identity other = identity_make("Throw-away CA", &authority, NULL);
	struct identity its = identity_make("pbx.example", &paper, &other);
	struct identity own = identity_make("pbx.example", &paper, NULL);
	char why[320];
	assert_int_equal(call(scene, "pbx.example", &its, 0, why), CH_DENIED);
	/* An authority of the same name with another key. */
	assert_non_null(strstr(why, "its certificate is refused: "));
	assert_int_equal(call(scene, "pbx.example", &own, 0, why), CH_DENIED);
	assert_non_null(strstr(why, "comes from nobody in exchange.ca_file"));
	assert_non_null(strstr(why, "put the certificate of its authority into exchange.ca_file"));
	identity_free(&other);
	identity_free(&its);
	identity_free(&own);
}

/* Who trusts the exchange's certificate itself needs no authority. */
static void test_a_certificate_that_is_known(void **state)
{
	struct scene *scene = *state;
	const struct paper paper = {"DNS:pbx.example", -DAY_S, DAY_S};
	struct identity own = identity_make("pbx.example", &paper, NULL);
	struct identity other = identity_make("pbx.example", &paper, &scene->authority);
	char why[320];
	write_certificate(scene->ca_file, scene->exchange.certificate);
	assert_int_equal(call(scene, "pbx.example", &scene->exchange, 0, why), CH_OK);
	assert_int_equal(call(scene, "bank.example", &scene->exchange, 0, why), CH_DENIED);
	assert_int_equal(call(scene, "pbx.example", &other, 0, why), CH_DENIED);
	write_certificate(scene->ca_file, own.certificate);
	assert_int_equal(call(scene, "pbx.example", &own, 0, why), CH_OK);
	identity_free(&own);
	identity_free(&other);
}

static void test_a_certificate_out_of_time(void **state)
{
	struct scene *scene = *state;
	const struct paper past = {"DNS:pbx.example", -2 * DAY_S, -DAY_S};
	const struct paper future = {"DNS:pbx.example", DAY_S / 2, DAY_S};
	struct identity expired = identity_make("pbx.example", &past, &scene->authority);
	struct identity early = identity_make("pbx.example", &future, &scene->authority);
	char why[320];
	assert_int_equal(call(scene, "pbx.example", &expired, 0, why), CH_DENIED);
	assert_non_null(strstr(why, "its certificate has expired (20"));
	assert_non_null(strstr(why, "renew it at the exchange"));
	assert_int_equal(call(scene, "pbx.example", &early, 0, why), CH_DENIED);
	assert_non_null(strstr(why, "is not valid before 20"));
	identity_free(&expired);
	identity_free(&early);
}

static void test_what_is_no_tls(void **state)
{
	static const char *const texts[] = {"Asterisk Call Manager/13.0.0\r\n",
		"HTTP/1.1 400 Bad Request\r\n\r\n", "Content-Type: auth/request\n\n"};
	struct scene *scene = *state;
	const struct tls_options options = {scene->ca_file, "pbx.example", true};
	struct tls *tls = NULL;
	char why[320];
	assert_int_equal(tls_create(&options, &tls), CH_OK);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tls_session *session = NULL;
		struct buffer plain = {0};
		assert_int_equal(tls_session_open(tls, &session), CH_OK);
		assert_int_equal(
			tls_session_feed(session, slice_text(texts[i]), &plain), CH_FORMAT);
		assert_non_null(strstr(tls_session_why(session), "it speaks no TLS there"));
		assert_int_equal(plain.len, 0);
		tls_session_free(session);
		buffer_fini(&plain);
	}
	tls_free(tls);
	assert_int_equal(
		call(scene, "pbx.example", &scene->exchange, TLS1_1_VERSION, why), CH_FORMAT);
	assert_non_null(strstr(why, "TLS"));
}

/* Told in so many words that it may be anybody. */
static void test_without_a_look_at_certificates(void **state)
{
	struct scene *scene = *state;
	const struct tls_options options = {NULL, "bank.example", false};
	struct server server = server_make(&scene->exchange, 0);
	struct buffer plain = {0};
	struct tls *tls = NULL;
	struct tls_session *session = NULL;
	assert_int_equal(tls_create(&options, &tls), CH_OK);
	assert_int_equal(tls_session_open(tls, &session), CH_OK);
	assert_int_equal(shake(session, &server, 4096, &plain), CH_OK);
	assert_true(tls_session_is_ready(session));
	tls_session_free(session);
	tls_free(tls);
	server_free(&server);
	buffer_fini(&plain);
}

static void test_roots_that_cannot_be_read(void **state)
{
	struct tls_options options = {"/does/not/exist.pem", "pbx.example", true};
	struct tls *tls = NULL;
	(void)state;
	assert_int_equal(tls_create(&options, &tls), CH_INVALID);
	options.ca_file = "/dev/null";
	assert_int_equal(tls_create(&options, &tls), CH_INVALID);
	options.ca_file = NULL; /* the system's */
	assert_int_equal(tls_create(&options, &tls), CH_OK);
	tls_free(tls);
	tls_free(NULL);
	tls_session_free(NULL);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_both_sides_understand_each_other),
		SCENE(test_a_certificate_for_somebody_else),
		SCENE(test_a_certificate_from_nobody),
		SCENE(test_a_certificate_that_is_known),
		SCENE(test_a_certificate_out_of_time),
		SCENE(test_what_is_no_tls),
		SCENE(test_without_a_look_at_certificates),
		cmocka_unit_test(test_roots_that_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
