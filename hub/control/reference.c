/* Reference: what the information base says of a key, now or at a time. */
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "core/catalog.h"
#include "wire/pb.h"

/* Numbers of ReferenceReply and ReferenceVersion. */
enum {
	REPLY_VERSIONS = 1,
	VERSION_RECORD = 1,
	VERSION_MESSAGE = 2,
	VERSION_PUBLISHED = 3,
	VERSION_SEQUENCE = 4,
	VERSION_FROM = 5,
	VERSION_UNTIL = 6,
	VERSION_IN_FORCE = 7,
};

static void reference_put(struct call *call, const struct event_type *type,
	const struct catalog_version *version, bool in_force)
{
	struct buffer *out = &call->reply;
	size_t mark = pb_begin(out, REPLY_VERSIONS);
	pb_put_bytes(out, VERSION_RECORD, version->message);
	pb_put_text(out, VERSION_MESSAGE, type->message->short_name);
	pb_put_int(out, VERSION_PUBLISHED, version->published_us);
	pb_put_uint(out, VERSION_SEQUENCE, version->sequence);
	pb_put_int(out, VERSION_FROM, version->from_us);
	pb_put_int(out, VERSION_UNTIL, version->until_us);
	pb_put_bool(out, VERSION_IN_FORCE, in_force);
	pb_end(out, mark);
}

static enum call_turn reference_answer(
	struct call *call, const struct event_type *type, const struct catalog *catalog)
{
	const Carehub__V1__ReferenceRequest *ask = (const Carehub__V1__ReferenceRequest *)call->ask;
	int64_t at_us = ask->at_time_us;
	if (at_us == 0)
		at_us = timekeeper_now_us(call->hub->clock);
	const struct catalog_version *held = catalog_at(catalog, at_us);
	if (!ask->history && held == NULL)
		return call_fail(call, CH_NOT_FOUND, "nothing held at that time");
	for (uint32_t i = 0; i < catalog->count; i++) {
		const struct catalog_version *version = &catalog->versions[i];
		if (ask->history || version == held)
			reference_put(call, type, version, version == held);
	}
	return call_finish(call);
}

enum call_turn reference_step(struct call *call)
{
	const Carehub__V1__ReferenceRequest *ask = (const Carehub__V1__ReferenceRequest *)call->ask;
	const struct event_type *type = catalog_type(slice_text(ask->kind));
	struct catalog catalog;
	struct rtxn *rtxn = NULL;
	struct zone *zone = NULL;
	enum call_turn turn;
	if (type == NULL)
		return call_fail(
			call, CH_INVALID, "\"%.40s\" is no kind of reference data", ask->kind);
	enum ch_status status = ask->zone[0] != 0 ? zone_open(slice_text(ask->zone), &zone) : CH_OK;
	if (status != CH_OK)
		return call_fail(call, CH_INVALID, "\"%.60s\" is no time zone", ask->zone);
	status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = catalog_read(rtxn, type, slice_text(ask->key), zone, &catalog);
	if (status == CH_OK)
		turn = reference_answer(call, type, &catalog);
	else if (status == CH_NOT_FOUND)
		turn = call_fail(call, status, "nothing was ever published under this key");
	else
		turn = call_fail(call, status, "the information base cannot be read");
	rtxn_end(rtxn);
	zone_free(zone);
	return turn;
}
