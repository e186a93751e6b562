#include "net/zap.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/invariant.h"
#include "base/log.h"
#include "net/probe.h"
#include "net/pump.h"
#include "net/zap_request.h"

#define ZAP_ENDPOINT       "inproc://zeromq.zap.01"
#define ZAP_PARTS_MAX      8
#define ZAP_REQUESTS_TURN  64 /* in one turn of the loop */
#define ZAP_LOG_EVERY_US   1000000
#define ZAP_METADATA_BYTES 256 /* both properties, at their longest */

struct zap {
	struct loop *loop;
	struct roster *roster;
	struct curve_pair server;
	struct metrics *metrics;
	struct metric *verdicts[ZAP_VERDICTS];
	void *context;
	void *handler;
	struct pump *pump;
	struct curve_key probe_key; /* all zero, and so never accepted, but for the proof */
	int64_t logged_us;          /* one refused key a second is logged, the others are counted */
	uint64_t unlogged;
	uint64_t handshakes;
	struct zap_watch *watches;
};

static const struct {
	const char *name;
	const char *code;
	const char *text;
} verdicts[ZAP_VERDICTS] = {
	[ZAP_ACCEPTED] = {"accepted", "200", "OK"},
	[ZAP_BAD_REQUEST] = {"bad_request", "500", "Not ZAP 1.0"},
	[ZAP_BAD_DOMAIN] = {"bad_domain", "400", "Unknown domain"},
	[ZAP_BAD_MECHANISM] = {"bad_mechanism", "400", "CURVE is required"},
	[ZAP_BAD_KEY] = {"bad_key", "400", "Malformed key"},
	[ZAP_UNKNOWN_KEY] = {"unknown_key", "400", "Unknown key"},
};

/* ---- The verdict ---- */

/* The socket of the proof has a domain of its own, where no real peer is known. */
static enum zap_verdict zap_judge_probe(struct zap *zap, const struct zap_request *request)
{
	struct curve_key key;
	static const struct curve_key none;
	enum zap_verdict verdict = zap_judge_form(request, SLICE_LITERAL(ZAP_PROBE_DOMAIN), &key);
	if (verdict == ZAP_ACCEPTED &&
		(curve_equal(&key, &none) || !curve_equal(&key, &zap->probe_key)))
		return ZAP_UNKNOWN_KEY;
	return verdict;
}

static void zap_log_refused(
	struct zap *zap, const struct zap_request *request, enum zap_verdict verdict)
{
	char fingerprint[CURVE_FINGERPRINT_BYTES] = "none";
	struct curve_key key;
	int64_t now_us = clock_steady_us();
	if (now_us - zap->logged_us < ZAP_LOG_EVERY_US) {
		zap->unlogged++;
		return;
	}
	if (request->credentials.len == CURVE_KEY_BYTES) {
		memcpy(key.bytes, request->credentials.data, CURVE_KEY_BYTES);
		(void)curve_fingerprint(&key, fingerprint);
	}
	log_warning("peer.refused", "reason=%s key=%s address=%.*s unlogged=%llu",
		verdicts[verdict].name, fingerprint, (int)request->address.len,
		(const char *)request->address.data, (unsigned long long)zap->unlogged);
	zap->logged_us = now_us;
	zap->unlogged = 0;
}

/* ---- The answer ---- */

static bool zap_send(struct zap *zap, const void *data, size_t len, bool more)
{
	return zmq_send(zap->handler, data, len, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0;
}

static bool zap_send_text(struct zap *zap, const char *text)
{
	return zap_send(zap, text, strlen(text), true);
}

/* One property as ZMTP writes it: name behind one byte of length, value behind four. */
static size_t zap_write_property(const char *name, const char *value, uint8_t *out)
{
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);
	out[0] = (uint8_t)name_len;
	memcpy(out + 1, name, name_len);
	store_be32(out + 1 + name_len, (uint32_t)value_len);
	memcpy(out + 5 + name_len, value, value_len);
	return 5 + name_len + value_len;
}

static size_t zap_write_metadata(
	const struct peer *peer, uint64_t number, uint8_t out[ZAP_METADATA_BYTES])
{
	char key[CURVE_TEXT_BYTES];
	char digits[24];
	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number); /* fits */
	size_t at = zap_write_property(ZAP_KEY_PROPERTY, curve_format(&peer->public_key, key), out);
	return at + zap_write_property(ZAP_NUMBER_PROPERTY, digits, out + at);
}

static void zap_answer(
	struct zap *zap, struct slice request_id, enum zap_verdict verdict, const struct peer *peer)
{
	uint8_t metadata[ZAP_METADATA_BYTES];
	size_t metadata_len =
		peer != NULL ? zap_write_metadata(peer, zap->handshakes, metadata) : 0;
	bool sent = zap_send_text(zap, "1.0") &&
		    zap_send(zap, request_id.data, request_id.len, true) &&
		    zap_send_text(zap, verdicts[verdict].code) &&
		    zap_send_text(zap, verdicts[verdict].text) &&
		    zap_send_text(zap, peer != NULL ? peer->name : "") &&
		    zap_send(zap, metadata, metadata_len, false);
	/* A handshake whose answer is lost ends at its own time limit: closed, not open. */
	if (!sent)
		log_error("zap.unanswered", "error=%s", zmq_strerror(zmq_errno()));
}

static void zap_count(struct zap *zap)
{
	for (const struct zap_watch *watch = zap->watches; watch != NULL; watch = watch->next)
		watch->hear(watch->context);
	zap->handshakes++;
}

static void zap_serve(struct zap *zap, const struct slice *parts, size_t count)
{
	struct zap_request request = {0};
	struct peer *peer = NULL;
	enum zap_verdict verdict = ZAP_BAD_REQUEST;
	bool probe = false;
	zap_count(zap);
	if (zap_parse(parts, count, &request) == CH_OK) {
		probe = slice_equal(request.domain, SLICE_LITERAL(ZAP_PROBE_DOMAIN));
		verdict = probe ? zap_judge_probe(zap, &request)
				: zap_judge(&request, zap->roster, &peer);
	}
	zap_answer(zap, request.request_id, verdict, peer);
	if (probe)
		return; /* nobody tried to get in */
	metric_add(zap->verdicts[verdict], 1);
	if (verdict != ZAP_ACCEPTED)
		zap_log_refused(zap, &request, verdict);
}

/* One request of any number of parts; false when there is none. */
static bool zap_receive(struct zap *zap)
{
	zmq_msg_t messages[ZAP_PARTS_MAX];
	struct slice parts[ZAP_PARTS_MAX];
	size_t count = 0;
	bool more = true;
	while (more) {
		/* Parts beyond the last place overwrite it: too many is all there is to know. */
		size_t at = count < ZAP_PARTS_MAX ? count : ZAP_PARTS_MAX - 1;
		if (at == count)
			(void)zmq_msg_init(&messages[at]); /* never fails */
		if (zmq_msg_recv(&messages[at], zap->handler, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&messages[at]); /* only the first part can be absent */
			break;
		}
		parts[at] = slice_of(zmq_msg_data(&messages[at]), zmq_msg_size(&messages[at]));
		more = zmq_msg_more(&messages[at]) != 0;
		count++;
	}
	if (count > 0)
		zap_serve(zap, parts, count < ZAP_PARTS_MAX ? count : ZAP_PARTS_MAX);
	for (size_t i = 0; i < count && i < ZAP_PARTS_MAX; i++)
		(void)zmq_msg_close(&messages[i]); /* valid, so it succeeds */
	return count > 0;
}

static bool zap_turn(void *context)
{
	for (int i = 0; i < ZAP_REQUESTS_TURN; i++) {
		if (!zap_receive(context))
			return false;
	}
	return true;
}

/* ---- Life ---- */

static enum ch_status zap_listen(struct zap *zap)
{
	int no_linger = 0;
	zap->handler = zmq_socket(zap->context, ZMQ_REP);
	if (zap->handler == NULL ||
		zmq_setsockopt(zap->handler, ZMQ_LINGER, &no_linger, sizeof(no_linger)) != 0 ||
		zmq_bind(zap->handler, ZAP_ENDPOINT) != 0)
		return CH_IO;
	return pump_create(zap->loop, zap->handler, zap_turn, zap, &zap->pump);
}

static enum ch_status zap_prove(struct zap *zap)
{
	struct curve_pair known;
	curve_generate(&known);
	zap->probe_key = known.public_key;
	enum ch_status status = probe_run(zap->loop, zap->context, &zap->server, &known);
	zap->probe_key = (struct curve_key){{0}};
	curve_wipe(&known);
	return status;
}

enum ch_status zap_start(struct loop *loop, const struct zap_options *options, struct zap **out_zap)
{
	enum ch_status status = CH_NOMEM;
	struct zap *zap = calloc(1, sizeof(*zap));
	if (zap == NULL)
		goto out;
	zap->loop = loop;
	zap->roster = options->roster;
	zap->server = *options->server;
	zap->metrics = options->metrics;
	zap->logged_us = -ZAP_LOG_EVERY_US;
	for (int i = 0; i < ZAP_VERDICTS; i++)
		zap->verdicts[i] = metric_counter(options->metrics, "carehub_handshakes",
			"Keys that were presented, by verdict.", "verdict", verdicts[i].name, NULL);
	zap->context = zmq_ctx_new();
	if (zap->context == NULL)
		goto out;
	status = CH_IO;
	if (zmq_has("curve") == 0 ||
		zmq_ctx_set(zap->context, ZMQ_IO_THREADS, (int)options->io_threads) != 0)
		goto out;
	status = zap_listen(zap);
	if (status != CH_OK)
		goto out;
	status = zap_prove(zap);
	if (status != CH_OK)
		goto out;
	*out_zap = zap;
	zap = NULL; /* the caller's now */
out:
	zap_stop(zap);
	return status;
}

void zap_stop(struct zap *zap)
{
	if (zap == NULL)
		return;
	pump_free(zap->pump);
	if (zap->handler != NULL)
		(void)zmq_close(zap->handler); /* a valid socket */
	if (zap->context != NULL) {
		while (zmq_ctx_term(zap->context) != 0 && zmq_errno() == EINTR) {
			/* a signal is no reason to leave threads behind */
		}
	}
	curve_wipe(&zap->server);
	free(zap);
}

void *zap_context(struct zap *zap)
{
	return zap->context;
}

const struct curve_pair *zap_server(const struct zap *zap)
{
	return &zap->server;
}

struct roster *zap_roster(struct zap *zap)
{
	return zap->roster;
}

struct metrics *zap_metrics(struct zap *zap)
{
	return zap->metrics;
}

uint64_t zap_handshakes(const struct zap *zap)
{
	return zap->handshakes;
}

void zap_add_watch(struct zap *zap, struct zap_watch *watch)
{
	watch->next = zap->watches;
	zap->watches = watch;
}

void zap_remove_watch(struct zap *zap, struct zap_watch *watch)
{
	struct zap_watch **at = &zap->watches;
	while (*at != NULL && *at != watch)
		at = &(*at)->next;
	if (*at != NULL)
		*at = watch->next;
}
