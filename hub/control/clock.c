/* Clock: what the hub's time is when the machine's clock has jumped, and an operator's word that it is
 * right after all.
 *
 * The word is an entry first and takes effect then: a crash between the two loses nothing, for the next
 * start reads it from the records. */
#include <stdio.h>

#include "base/bytes.h"
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "core/apply.h"
#include "wire/envelope.h"
#include "wire/pb.h"

/* ---- What would fall due ---- */

struct due_count {
	uint64_t after_us;
	uint64_t upto_us;
	uint64_t due;
};

/* Keys begin with the time, so the walk ends where the rest is later. */
static bool clock_count_due(void *context, struct slice key, struct slice value)
{
	struct due_count *count = context;
	(void)value;
	uint64_t due_us = key.len > 8 ? load_be64(key.data) : 0;
	bool promise = !slice_starts(slice_sub(key, 8, key.len), SLICE_LITERAL(WATCH_PROMOTION));
	count->due += promise && due_us > count->after_us && due_us <= count->upto_us;
	return due_us <= count->upto_us;
}

static enum ch_status clock_due(
	struct call *call, const struct timekeeper_view *view, uint64_t *out_due)
{
	struct due_count count = {(uint64_t)view->hub_us, (uint64_t)view->machine_us, 0};
	struct rtxn *rtxn = NULL;
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = rtxn_scan(
			rtxn, TABLE_DUE, (struct slice){NULL, 0}, clock_count_due, &count);
	rtxn_end(rtxn);
	*out_due = count.due;
	return status;
}

/* ---- The decision ---- */

static enum ch_status clock_accept(
	struct call *call, const struct timekeeper_view *view, uint64_t *out_sequence)
{
	const Carehub__V1__ClockRequest *ask = (const Carehub__V1__ClockRequest *)call->ask;
	struct buffer data = {0};
	struct buffer personal = {0};
	struct buffer event = {0};
	char id[48];
	int len = snprintf(id, sizeof(id), "clock-accepted-%lld", (long long)view->machine_us);
	pb_put_int(&data, 1, view->hub_us);
	pb_put_int(&data, 2, view->machine_us);
	pb_put_text(&data, 3, call->peer->name);
	pb_put_text(&personal, 101, ask->remark);
	struct envelope envelope = {
		.id = slice_of(id, (size_t)len),
		.source = SLICE_LITERAL("urn:carehub:operators"),
		.type = SLICE_LITERAL("hub.clock.accepted"),
		.data = buffer_slice(&data),
		.personal = buffer_slice(&personal),
	};
	envelope_encode(&envelope, &event);
	enum ch_status status = data.status != CH_OK       ? data.status
				: personal.status != CH_OK ? personal.status
							   : event.status;
	if (status == CH_OK)
		status = ingest_operate(call->hub->ingest, buffer_slice(&event),
			slice_text(call->peer->name), out_sequence);
	if (status == CH_OK)
		timekeeper_accept(call->hub->clock, view->machine_us);
	buffer_fini(&data);
	buffer_fini(&personal);
	buffer_fini(&event);
	return status;
}

enum call_turn clock_step(struct call *call)
{
	const Carehub__V1__ClockRequest *ask = (const Carehub__V1__ClockRequest *)call->ask;
	struct timekeeper_view view = timekeeper_view(call->hub->clock);
	Carehub__V1__ClockReply reply;
	carehub__v1__clock_reply__init(&reply);
	if (ask->accept && !view.held)
		return call_fail(call, CH_NOT_FOUND, "the machine's clock is believed");
	enum ch_status status = clock_due(call, &view, &reply.due);
	if (status != CH_OK)
		return call_fail(call, status, "the store cannot be read");
	if (ask->accept && !ask->dry_run) {
		status = clock_accept(call, &view, &reply.sequence);
		if (status != CH_OK)
			return call_fail(call, status, "the decision could not be stored");
		reply.done = true;
	}
	reply.held = view.held && !reply.done;
	reply.hub_time_us = view.hub_us;
	reply.machine_time_us = view.machine_us;
	return call_answer(call, &reply.base);
}
