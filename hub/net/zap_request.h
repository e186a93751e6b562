/* A request of a CURVE handshake (ZeroMQ RFC 27), apart from sockets: what it says, and whether it may come in.
 * Its bytes are a stranger's. */
#ifndef NET_ZAP_REQUEST_H
#define NET_ZAP_REQUEST_H

#include "net/roster.h"

/* The domain of every socket that the world can reach. */
#define ZAP_DOMAIN "carehub"

struct zap_request {
	struct slice version;
	struct slice request_id;
	struct slice domain;
	struct slice address;
	struct slice routing_id;
	struct slice mechanism;
	struct slice credentials; /* of CURVE: the 32 bytes of the client's key */
};

/* The parts of a message as RFC 27 orders them.  CH_FORMAT: not a request with credentials. */
enum ch_status zap_parse(const struct slice *parts, size_t count, struct zap_request *out_request);

enum zap_verdict {
	ZAP_ACCEPTED,
	ZAP_BAD_REQUEST, /* not ZAP 1.0 */
	ZAP_BAD_DOMAIN,
	ZAP_BAD_MECHANISM,
	ZAP_BAD_KEY,
	ZAP_UNKNOWN_KEY,
	ZAP_VERDICTS,
};

/* Judges the form of a request to that domain: ZAP_ACCEPTED with the key that was shown, whoever has it. */
enum zap_verdict zap_judge_form(
	const struct zap_request *request, struct slice domain, struct curve_key *out_key);

/* Judges a request to the real sockets.  *out_peer is set when it is accepted. */
enum zap_verdict zap_judge(
	const struct zap_request *request, const struct roster *roster, struct peer **out_peer);

#endif
