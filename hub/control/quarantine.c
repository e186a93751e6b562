/* Quarantine, Resubmit, Discard: events that were kept, but not taken.
 *
 * A corrected event goes in through ingest like any other, under its own source and id.  The
 * operator's role is the right to correct it, whatever sources his own file names.  What it means
 * is another matter: the region of a local telephone number, whether a key is verified, whose
 * numbers those are, all that is known of the peer that published it first.  So it is decided under
 * that peer's rules and stays in his name; who corrected it stands beside it.  That it takes the
 * place of the quarantined entry is part of the same journal entry, so it cannot be taken and still
 * stand in quarantine.  Giving one up is an entry too. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "control/call.h"
#include "control/entry_info.h"
#include "core/apply.h"
#include "wire/frame.h"
#include "wire/pb.h"
#include "wire/receipt.h"
#include "wire/types.h"

#define LISTED       1000u
#define LISTED_BYTES (640u * 1024u)

enum { STATE_OPEN = 1, STATE_RELEASED = 2, STATE_DISCARDED = 3 };

/* Numbers of QuarantineReply and QuarantineItem. */
enum {
	REPLY_ITEMS = 1,
	REPLY_TOTAL = 2,
	ITEM_SEQUENCE = 1,
	ITEM_ARRIVAL = 2,
	ITEM_STATE = 3,
	ITEM_OUTCOME = 4,
	ITEM_REASON = 5,
	ITEM_FIELD = 6,
	ITEM_TYPE = 7,
	ITEM_SOURCE = 8,
	ITEM_ID = 9,
	ITEM_PEER = 10,
	ITEM_REFERS_TO = 11,
	ITEM_EVENT = 12,
	ITEM_CORRECTED_BY = 13,
};

/* As fold.c keeps it. */
struct item {
	uint64_t sequence;
	uint8_t state;
	uint8_t outcome;
	uint8_t reason;
	int64_t arrival_us;
	uint64_t refers_to;
};

static bool item_read(struct slice key, struct slice value, struct item *out_item)
{
	if (key.len != 9 || value.len < 21)
		return false;
	*out_item = (struct item){
		.sequence = load_be64(key.data + 1),
		.state = value.data[0],
		.outcome = value.data[1],
		.reason = value.data[2],
		.arrival_us = (int64_t)load_le64(value.data + 5),
		.refers_to = load_le64(value.data + 13),
	};
	return true;
}

static enum ch_status item_find(struct call *call, uint64_t sequence, struct item *out_item)
{
	struct rtxn *rtxn = NULL;
	uint8_t key[9];
	struct slice value;
	struct slice at = slice_of(key, key_quarantine(key, sequence));
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = rtxn_get(rtxn, TABLE_QUARANTINE, at, &value);
	if (status == CH_OK && !item_read(at, value, out_item))
		status = CH_CORRUPT;
	rtxn_end(rtxn);
	return status;
}

/* ---- Listing ---- */

struct list_work {
	struct item items[LISTED];
	uint32_t count;
	uint32_t limit;
	bool all;
	uint64_t total;
};

static bool list_visit(void *context, struct slice key, struct slice value)
{
	struct list_work *work = context;
	struct item item;
	if (!item_read(key, value, &item) || (!work->all && item.state != STATE_OPEN))
		return true;
	work->total++;
	if (work->count < work->limit)
		work->items[work->count++] = item;
	return true;
}

static enum ch_status list_put(struct call *call, const struct item *item, bool with_event)
{
	static const char *const states[] = {"", "open", "released", "discarded"};
	struct journal_entry at;
	struct entry entry;
	struct envelope envelope = {0};
	struct buffer body = {0};
	struct buffer *out = &call->reply;
	const char *field;
	enum ch_status status = call_entry(call, item->sequence, &at, &body);
	if (status == CH_OK)
		status = entry_parse(at.body, &entry);
	if (status == CH_OK) {
		/* What of it can be read is what is told. */
		(void)envelope_parse(entry.input, &envelope, &field);
		size_t mark = pb_begin(out, REPLY_ITEMS);
		pb_put_uint(out, ITEM_SEQUENCE, item->sequence);
		pb_put_int(out, ITEM_ARRIVAL, item->arrival_us);
		pb_put_text(out, ITEM_STATE, states[item->state <= 3 ? item->state : 0]);
		pb_put_text(out, ITEM_OUTCOME, entry_outcome_name(item->outcome));
		pb_put_uint(out, ITEM_REASON, item->reason);
		pb_put_bytes(out, ITEM_FIELD, entry.detail);
		pb_put_bytes(out, ITEM_TYPE, envelope.type);
		pb_put_bytes(out, ITEM_SOURCE, envelope.source);
		pb_put_bytes(out, ITEM_ID, envelope.id);
		pb_put_bytes(out, ITEM_PEER, entry.peer);
		pb_put_uint(out, ITEM_REFERS_TO, item->refers_to);
		pb_put_bytes(out, ITEM_CORRECTED_BY, entry.corrected_by);
		if (with_event) {
			size_t event = pb_begin(out, ITEM_EVENT);
			entry_event(&entry, out);
			pb_end(out, event);
		}
		pb_end(out, mark);
	}
	buffer_fini(&body);
	/* Its history is gone: nothing to correct any more, and no reason to hide the others. */
	return status == CH_NOT_FOUND || status == CH_GAP ? CH_OK : status;
}

static enum call_turn quarantine_one(struct call *call, uint64_t sequence)
{
	struct item item;
	enum ch_status status = item_find(call, sequence, &item);
	if (status == CH_OK)
		status = list_put(call, &item, true);
	if (status == CH_NOT_FOUND)
		return call_fail(
			call, status, "entry %llu was not set aside", (unsigned long long)sequence);
	if (status != CH_OK)
		return call_fail(call, status, "the entry cannot be read");
	pb_put_uint(&call->reply, REPLY_TOTAL, 1);
	return call_finish(call);
}

enum call_turn quarantine_step(struct call *call)
{
	const Carehub__V1__QuarantineRequest *ask =
		(const Carehub__V1__QuarantineRequest *)call->ask;
	struct rtxn *rtxn = NULL;
	if (ask->sequence != 0)
		return quarantine_one(call, ask->sequence);
	struct list_work *work = call_work(call, sizeof(*work), NULL);
	if (work == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	work->limit = ask->limit != 0 && ask->limit < LISTED ? ask->limit : LISTED;
	work->all = ask->all;
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = rtxn_scan(rtxn, TABLE_QUARANTINE, SLICE_LITERAL("s"), list_visit, work);
	rtxn_end(rtxn);
	for (uint32_t i = 0; i < work->count && status == CH_OK; i++) {
		if (call->reply.len < LISTED_BYTES)
			status = list_put(call, &work->items[i], false);
	}
	if (status != CH_OK)
		return call_fail(call, status, "the quarantine cannot be read");
	pb_put_uint(&call->reply, REPLY_TOTAL, work->total);
	return call_finish(call);
}

/* ---- Resubmit ---- */

/* What ingest is given, and gives back when the receipt is out. */
struct correction {
	struct buffer body;      /* of the frame */
	struct buffer publisher; /* of the entry in quarantine */
};

struct resubmission {
	struct call *call;
	struct producer *producer;
	struct correction *correction; /* until ingest has it */
	struct receipt receipt;
	char field[256];
	char detail[256];
};

static void correction_free(void *owner)
{
	struct correction *correction = owner;
	if (correction == NULL)
		return;
	buffer_fini(&correction->body);
	buffer_fini(&correction->publisher);
	free(correction);
}

static void resubmission_free(void *context)
{
	struct resubmission *work = context;
	producer_close(work->producer); /* nothing more is called back */
	correction_free(work->correction);
}

static bool resubmit_may(void *peer, struct slice source, struct slice type)
{
	(void)peer;
	(void)source;
	(void)type;
	return true; /* the operator's role, which was checked, is the right */
}

static bool resubmit_may_be(void *peer, struct slice source)
{
	(void)peer;
	(void)source;
	return true;
}

static void resubmit_keep(char *out, size_t size, struct slice text)
{
	(void)snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data); /* cut is fine */
}

/* The receipt; changes of credit do not concern a single event. */
static bool resubmit_receipt(void *context, struct slice frame)
{
	struct resubmission *work = context;
	static struct receipts receipts; /* large, and the loop thread's alone */
	enum frame_kind kind;
	struct slice body;
	if (frame_parse(frame, &kind, &body) != CH_OK || kind != FRAME_RECEIPTS ||
		receipts_parse(body, &receipts) != CH_OK || receipts.count != 1)
		return true;
	work->receipt = receipts.receipts[0];
	resubmit_keep(work->field, sizeof(work->field), work->receipt.field);
	resubmit_keep(work->detail, sizeof(work->detail), work->receipt.detail);
	call_resume(work->call);
	return true;
}

/* The event under correction: as it was kept, or as it was sent along; in the name of who published
 * it, also when the entry is itself a correction that failed. */
static enum ch_status resubmit_event(
	struct call *call, uint64_t sequence, struct correction *correction)
{
	struct buffer *out = &correction->body;
	const Carehub__V1__ResubmitRequest *ask = (const Carehub__V1__ResubmitRequest *)call->ask;
	struct journal_entry at;
	struct entry entry;
	struct buffer body = {0};
	size_t mark;
	enum ch_status status = call_entry(call, sequence, &at, &body);
	if (status == CH_OK)
		status = entry_parse(at.body, &entry);
	if (status == CH_OK) {
		struct envelope was = {0};
		struct envelope now = {0};
		const char *field;
		struct slice event = slice_of(ask->event.data, ask->event.len);
		(void)envelope_parse(entry.input, &was, &field);
		if (event.len > 0) {
			(void)envelope_parse(event, &now, &field); /* ingest says what is wrong */
			const struct event_type *type = types_find(was.type);
			if (!slice_equal(was.id, now.id) || !slice_equal(was.source, now.source))
				status = CH_INVALID;
			else if (type != NULL && (type->flags & TYPE_CORRECTABLE) == 0)
				status = CH_DENIED;
		}
		pb_put_uint(out, 1, 1);
		mark = pb_begin(out, 2);
		if (event.len > 0)
			buffer_append_slice(out, event);
		else
			entry_event(&entry, out);
		pb_end(out, mark);
		buffer_append_slice(&correction->publisher, entry.peer);
		if (status == CH_OK)
			status = correction->publisher.status;
	}
	buffer_fini(&body);
	return status == CH_OK ? out->status : status;
}

/* First step, where reading is allowed. */
static enum call_turn resubmit_read(struct call *call)
{
	const Carehub__V1__ResubmitRequest *ask = (const Carehub__V1__ResubmitRequest *)call->ask;
	struct item item;
	struct resubmission *work = call_work(call, sizeof(*work), resubmission_free);
	if (work == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	work->call = call;
	work->correction = calloc(1, sizeof(*work->correction));
	if (work->correction == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	enum ch_status status = item_find(call, ask->sequence, &item);
	if (status == CH_OK && item.state != STATE_OPEN)
		return call_fail(call, CH_EXISTS, "entry %llu was %s before",
			(unsigned long long)ask->sequence,
			item.state == STATE_RELEASED ? "released" : "discarded");
	if (status == CH_OK && item.outcome == ENTRY_CONFLICT)
		return call_fail(call, CH_CONFLICT,
			"entry %llu came under the id of entry %llu: discard it",
			(unsigned long long)ask->sequence, (unsigned long long)item.refers_to);
	if (status == CH_OK)
		status = resubmit_event(call, ask->sequence, work->correction);
	if (status == CH_NOT_FOUND)
		return call_fail(call, status, "entry %llu was not set aside, or is no longer kept",
			(unsigned long long)ask->sequence);
	if (status == CH_INVALID)
		return call_fail(call, status, "source and id must stay as they were");
	if (status == CH_DENIED)
		return call_fail(
			call, status, "events of this type are computed: mend what computes them");
	if (status != CH_OK)
		return call_fail(call, status, "the entry cannot be read");
	call->lane = LANE_LOOP;
	return CALL_MORE;
}

/* Second, on the loop thread: to ingest; its receipt resumes the call. */
static enum call_turn resubmit_publish(struct call *call)
{
	const Carehub__V1__ResubmitRequest *ask = (const Carehub__V1__ResubmitRequest *)call->ask;
	struct resubmission *work = call->work;
	struct producer_options options = {
		.rights = {resubmit_may, resubmit_may_be, NULL, slice_text(call->peer->name)},
		.send = resubmit_receipt,
		.context = work,
	};
	struct producer_frame frame = {
		.body = buffer_slice(&work->correction->body),
		.release = correction_free,
		.owner = work->correction,
		.releases = ask->sequence,
		.publisher = buffer_slice(&work->correction->publisher),
	};
	if (ask->dry_run) {
		Carehub__V1__ResubmitReply reply;
		carehub__v1__resubmit_reply__init(&reply);
		return call_answer(call, &reply.base);
	}
	enum ch_status status = producer_open(call->hub->ingest, &options, &work->producer);
	if (status != CH_OK)
		return call_fail(call, status, "memory ran out");
	work->correction = NULL; /* ingest's now, also when it fails */
	status = producer_publish(work->producer, &frame);
	if (status != CH_OK)
		return call_fail(call, status, "the event cannot be read");
	ingest_flush(call->hub->ingest);
	return CALL_WAIT;
}

static enum call_turn resubmit_done(struct call *call)
{
	const struct resubmission *work = call->work;
	const struct receipt *receipt = &work->receipt;
	bool done = receipt->outcome == OUTCOME_ACCEPTED;
	size_t mark = pb_begin(&call->reply, 1);
	pb_put_uint(&call->reply, 1, (uint64_t)receipt->outcome);
	pb_put_uint(&call->reply, 2, receipt->sequence);
	pb_put_uint(&call->reply, 3, receipt->customer);
	pb_put_uint(&call->reply, 4, (uint64_t)receipt->reason);
	pb_put_text(&call->reply, 5, work->field);
	pb_put_text(&call->reply, 6, work->detail);
	pb_put_uint(&call->reply, 7, receipt->retry_after_ms);
	pb_end(&call->reply, mark);
	pb_put_bool(&call->reply, 2, done);
	return call_finish(call);
}

enum call_turn resubmit_step(struct call *call)
{
	struct resubmission *work = call->work;
	if (work == NULL)
		return resubmit_read(call);
	if (work->producer == NULL)
		return resubmit_publish(call);
	return resubmit_done(call);
}

/* ---- Discard ---- */

/* The decision as an event: hub.event.discarded. */
static void discard_event(
	struct call *call, const struct envelope *was, uint64_t sequence, struct buffer *out)
{
	const Carehub__V1__DiscardRequest *ask = (const Carehub__V1__DiscardRequest *)call->ask;
	struct buffer data = {0};
	struct buffer personal = {0};
	char id[40];
	int len = snprintf(id, sizeof(id), "discard-%llu", (unsigned long long)sequence);
	size_t mark = pb_begin(&data, 1);
	pb_put_bytes(&data, 1, was->source);
	pb_put_bytes(&data, 2, was->id);
	pb_end(&data, mark);
	pb_put_uint(&data, 2, sequence);
	pb_put_text(&data, 3, call->peer->name);
	pb_put_text(&personal, 101, ask->remark);
	struct envelope envelope = {
		.id = slice_of(id, (size_t)len),
		.source = SLICE_LITERAL("urn:carehub:operators"),
		.type = SLICE_LITERAL("hub.event.discarded"),
		.data = buffer_slice(&data),
		.personal = buffer_slice(&personal),
	};
	envelope_encode(&envelope, out);
	if (data.status != CH_OK || personal.status != CH_OK)
		out->status = CH_NOMEM;
	buffer_fini(&data);
	buffer_fini(&personal);
}

enum call_turn discard_step(struct call *call)
{
	const Carehub__V1__DiscardRequest *ask = (const Carehub__V1__DiscardRequest *)call->ask;
	Carehub__V1__DiscardReply reply;
	struct item item;
	struct journal_entry at;
	struct entry entry;
	struct envelope was = {0};
	struct buffer body = {0};
	struct buffer event = {0};
	const char *field;
	uint64_t sequence;
	carehub__v1__discard_reply__init(&reply);
	enum ch_status status = item_find(call, ask->sequence, &item);
	if (status == CH_OK && item.state != STATE_OPEN)
		status = CH_EXISTS;
	if (status == CH_OK && call_entry(call, ask->sequence, &at, &body) == CH_OK &&
		entry_parse(at.body, &entry) == CH_OK)
		(void)envelope_parse(
			entry.input, &was, &field); /* gone history can be given up too */
	if (status == CH_OK && !ask->dry_run) {
		discard_event(call, &was, ask->sequence, &event);
		status = event.status;
		if (status == CH_OK)
			status = ingest_operate(call->hub->ingest, buffer_slice(&event),
				slice_text(call->peer->name), &sequence);
		reply.done = status == CH_OK;
	}
	buffer_fini(&body);
	buffer_fini(&event);
	if (status == CH_NOT_FOUND)
		return call_fail(call, status, "entry %llu was not set aside",
			(unsigned long long)ask->sequence);
	if (status == CH_EXISTS)
		return call_fail(call, status, "entry %llu was released or discarded before",
			(unsigned long long)ask->sequence);
	if (status != CH_OK)
		return call_fail(call, status, "the decision could not be stored");
	return call_answer(call, &reply.base);
}
