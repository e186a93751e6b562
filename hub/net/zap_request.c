#include "net/zap_request.h"

enum ch_status zap_parse(const struct slice *parts, size_t count, struct zap_request *out_request)
{
	if (count != 7)
		return CH_FORMAT;
	*out_request = (struct zap_request){
		.version = parts[0],
		.request_id = parts[1],
		.domain = parts[2],
		.address = parts[3],
		.routing_id = parts[4],
		.mechanism = parts[5],
		.credentials = parts[6],
	};
	return slice_equal(parts[0], SLICE_LITERAL("1.0")) ? CH_OK : CH_FORMAT;
}

enum zap_verdict zap_judge_form(
	const struct zap_request *request, struct slice domain, struct curve_key *out_key)
{
	if (!slice_equal(request->domain, domain))
		return ZAP_BAD_DOMAIN;
	if (!slice_equal(request->mechanism, SLICE_LITERAL("CURVE")))
		return ZAP_BAD_MECHANISM;
	if (request->credentials.len != CURVE_KEY_BYTES)
		return ZAP_BAD_KEY;
	memcpy(out_key->bytes, request->credentials.data, CURVE_KEY_BYTES);
	return ZAP_ACCEPTED;
}

enum zap_verdict zap_judge(
	const struct zap_request *request, const struct roster *roster, struct peer **out_peer)
{
	struct curve_key key;
	enum zap_verdict verdict = zap_judge_form(request, SLICE_LITERAL(ZAP_DOMAIN), &key);
	if (verdict != ZAP_ACCEPTED)
		return verdict;
	struct peer *peer = roster_by_key(roster, &key);
	if (peer == NULL)
		return ZAP_UNKNOWN_KEY;
	*out_peer = peer;
	return ZAP_ACCEPTED;
}
