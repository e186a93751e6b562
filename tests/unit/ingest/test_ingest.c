/* Ingest on a real journal and a real state; the test plays the loop thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "core/inspect.h"
#include "ingest/ingest.h"
#include "journal/reader.h"
#include "support/scratch.h"
#include "wire/entry.h"
#include "wire/frame.h"
#include "wire/pb.h"
#include "wire/receipt.h"

#define WAIT_US 60000000 /* a test that hangs must end */

struct door {
	char dir[64];
	struct journal *journal;
	struct state *state;
	struct ingest *ingest;
	atomic_uint ready;
	atomic_uint failed;
	unsigned order; /* counts messages over all sessions, as they come */
};

struct session {
	struct door *door;
	struct producer *producer;
	uint64_t frames;     /* published */
	uint64_t answered;   /* frames with receipts */
	unsigned messages;   /* that brought them */
	unsigned last_order; /* when the last of them came */
	unsigned released;
	bool full; /* the socket takes nothing */
	uint32_t credit;
	struct buffer frame; /* the last one; `last` looks into it */
	struct receipts last;
};

static void door_ready(void *context)
{
	struct door *door = context;
	atomic_fetch_add(&door->ready, 1);
}

static void door_failed(void *context, enum ch_status status, const char *what)
{
	struct door *door = context;
	print_message("failed: %s at %s\n", ch_status_name(status), what);
	atomic_fetch_add(&door->failed, 1);
}

static void door_open(struct door *door)
{
	struct core *core;
	char path[96];
	struct ingest_options options = {
		.ready = door_ready, .failed = door_failed, .context = door};
	*door = (struct door){.order = 0};
	scratch_make(door->dir, "ingest");
	(void)snprintf(path, sizeof(path), "%s/journal", door->dir);
	struct journal_options journal = {
		.dir = path, .segment_bytes = 8u << 20, .spare_segments = 1, .create = true};
	assert_int_equal(journal_open(&journal, &door->journal, NULL), CH_OK);
	(void)snprintf(path, sizeof(path), "%s/store", door->dir);
	struct state_options state = {.dir = path, .no_projector = true};
	assert_int_equal(
		state_open(&state, journal_incarnation(door->journal), &door->state), CH_OK);
	assert_int_equal(core_create(&core), CH_OK);
	options.journal = door->journal;
	options.state = door->state;
	options.core = core;
	assert_int_equal(ingest_start(&options, &door->ingest), CH_OK);
}

static void door_close(struct door *door)
{
	ingest_stop(door->ingest);
	state_close(door->state);
	journal_close(door->journal);
	assert_int_equal(atomic_load(&door->failed), 0);
	scratch_remove(door->dir);
}

/* ---- A peer ---- */

static bool may_publish(void *peer, struct slice source, struct slice type)
{
	(void)peer;
	return slice_starts(source, SLICE_LITERAL("urn:shop")) &&
	       slice_starts(type, SLICE_LITERAL("pos."));
}

static bool may_be(void *peer, struct slice source)
{
	(void)peer;
	return slice_starts(source, SLICE_LITERAL("urn:shop"));
}

static bool session_send(void *context, struct slice frame)
{
	struct session *session = context;
	enum frame_kind kind;
	struct slice body;
	if (session->full)
		return false;
	buffer_clear(&session->frame);
	buffer_append_slice(&session->frame, frame);
	assert_int_equal(frame_parse(buffer_slice(&session->frame), &kind, &body), CH_OK);
	if (kind != FRAME_RECEIPTS)
		return true;
	assert_int_equal(receipts_parse(body, &session->last), CH_OK);
	session->messages++;
	for (uint32_t i = 0; i < session->last.count; i++) {
		const struct receipt *receipt = &session->last.receipts[i];
		session->answered += receipt->index == 0;
		assert_int_equal(receipt->frame, session->answered); /* in the order they came */
	}
	session->last_order = ++session->door->order;
	return true;
}

static void session_open_as(struct session *session, struct door *door, const char *name)
{
	*session = (struct session){.door = door};
	const struct producer_options options = {
		.rights = {may_publish, may_be, NULL, slice_text(name)},
		.send = session_send,
		.context = session,
	};
	assert_int_equal(producer_open(door->ingest, &options, &session->producer), CH_OK);
}

static void session_open(struct session *session, struct door *door)
{
	session_open_as(session, door, "shop");
}

static void session_close(struct session *session)
{
	producer_close(session->producer);
	buffer_fini(&session->frame);
}

static void session_release(void *owner)
{
	free(owner);
}

/* ---- Events ---- */

struct said {
	const char *id;
	const char *source; /* "urn:shop:1" */
	const char *type;   /* "pos.sale.completed" */
	const char *phone;
	uint64_t amount; /* on its only line; 0: there is none, so the event is not fit */
};

static void put_event(struct buffer *out, uint32_t number, const struct said *said)
{
	struct buffer data = {0};
	struct buffer personal = {0};
	size_t transaction = pb_begin(&data, 1);
	size_t ref = pb_begin(&data, 1);
	for (uint32_t i = 1; i <= 4; i++)
		pb_put_text(&data, i, "9");
	pb_end(&data, ref);
	if (said->amount != 0) {
		size_t line = pb_begin(&data, 6);
		pb_put_uint(&data, 1, said->amount);
		pb_put_text(&data, 7, "A");
		pb_end(&data, line);
	}
	pb_end(&data, transaction);
	if (said->phone != NULL) {
		size_t party = pb_begin(&personal, 100);
		size_t contact = pb_begin(&personal, 4);
		pb_put_text(&personal, 1, said->phone);
		pb_put_uint(&personal, 2, 2);
		pb_end(&personal, contact);
		pb_end(&personal, party);
	}
	struct envelope envelope = {
		.id = slice_text(said->id),
		.source = slice_text(said->source != NULL ? said->source : "urn:shop:1"),
		.type = slice_text(said->type != NULL ? said->type : "pos.sale.completed"),
		.time_us = INT64_C(1772409600000000),
		.data = buffer_slice(&data),
		.personal = buffer_slice(&personal),
	};
	size_t mark = pb_begin(out, number);
	envelope_encode(&envelope, out);
	pb_end(out, mark);
	buffer_fini(&personal);
	buffer_fini(&data);
}

/* The numbers of Publish in bus.proto. */
enum { PUBLISH_FRAME = 1, PUBLISH_EVENTS = 2 };

static enum ch_status session_publish(
	struct session *session, const struct said *said, uint32_t count)
{
	struct buffer body = {0};
	pb_put_uint(&body, PUBLISH_FRAME, ++session->frames);
	for (uint32_t i = 0; i < count; i++)
		put_event(&body, PUBLISH_EVENTS, &said[i]);
	assert_int_equal(body.status, CH_OK);
	struct producer_frame frame = {
		.body = buffer_slice(&body), .release = session_release, .owner = body.data};
	return producer_publish(session->producer, &frame);
}

/* In the place of `publisher`, whose entry it corrects. */
static void session_correct(
	struct session *session, const struct said *said, uint64_t releases, const char *publisher)
{
	struct buffer body = {0};
	pb_put_uint(&body, PUBLISH_FRAME, ++session->frames);
	put_event(&body, PUBLISH_EVENTS, said);
	assert_int_equal(body.status, CH_OK);
	struct producer_frame frame = {
		.body = buffer_slice(&body),
		.release = session_release,
		.owner = body.data,
		.releases = releases,
		.publisher = slice_text(publisher),
	};
	assert_int_equal(producer_publish(session->producer, &frame), CH_OK);
}

static void door_settle(struct door *door, const struct session *session)
{
	int64_t deadline = clock_steady_us() + WAIT_US;
	while (session->answered < session->frames) {
		ingest_flush(door->ingest);
		ingest_deliver(door->ingest);
		assert_true(clock_steady_us() < deadline);
		(void)usleep(200);
	}
}

static const struct receipt *say(struct session *session, struct said said)
{
	assert_int_equal(session_publish(session, &said, 1), CH_OK);
	door_settle(session->door, session);
	assert_int_equal(session->last.receipts[0].frame, session->frames);
	assert_int_equal(session->last.count, 1);
	return &session->last.receipts[0];
}

/* ---- What a receipt promises ---- */

static void test_a_receipt_means_stored_and_findable(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	struct rtxn *rtxn;
	struct inbox_item item;
	uint8_t fingerprint[ENTRY_FINGERPRINT_BYTES];
	door_open(&door);
	session_open(&session, &door);
	const struct receipt *receipt =
		say(&session, (struct said){.id = "1", .phone = "13812345678", .amount = 100});
	assert_int_equal(receipt->outcome, OUTCOME_ACCEPTED);
	assert_int_not_equal(receipt->customer, 0);
	assert_int_equal(session.last.durability, DURABILITY_SYNCED);
	assert_true(journal_head(door.journal) >= receipt->sequence);
	core_fingerprint(SLICE_LITERAL("urn:shop:1"), SLICE_LITERAL("1"), fingerprint);
	assert_int_equal(rtxn_begin(door.state, &rtxn), CH_OK);
	assert_int_equal(rtxn_inbox_get(rtxn, fingerprint, &item), CH_OK);
	assert_int_equal(item.sequence, receipt->sequence);
	rtxn_end(rtxn);
	session_close(&session);
	door_close(&door);
}

static void test_again_and_otherwise(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	door_open(&door);
	session_open(&session, &door);
	const struct said said = {.id = "1", .phone = "13812345678", .amount = 100};
	uint64_t first = say(&session, said)->sequence;
	uint64_t head = journal_head(door.journal);
	const struct receipt *receipt = say(&session, said);
	assert_int_equal(receipt->outcome, OUTCOME_DUPLICATE);
	assert_int_equal(receipt->sequence, first);
	assert_int_equal(journal_head(door.journal), head);
	struct said other = said;
	other.amount = 101;
	receipt = say(&session, other);
	assert_int_equal(receipt->outcome, OUTCOME_CONFLICT);
	assert_int_equal(receipt->reason, CH_CONFLICT);
	assert_int_equal(receipt->sequence, first);
	assert_int_equal(journal_head(door.journal), head + 1); /* it is kept */
	session_close(&session);
	door_close(&door);
}

/* Each of a frame has its own answer, and a bad one does not hold up the good. */
static void test_one_frame_of_all_kinds(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	const struct said said[] = {
		{.id = "1", .amount = 1},
		{.id = "1", .amount = 1},
		{.id = "2", .source = "urn:bank", .amount = 1},
		{.id = "3", .type = "repair.order.received", .amount = 1},
		{.id = "4"},
		{.id = "", .amount = 1},
		{.id = "5", .type = "pos.never.heard", .amount = 1},
		{.id = "6", .amount = 1},
	};
	static const struct {
		enum outcome outcome;
		enum ch_status reason;
		const char *field;
	} expected[] = {
		{OUTCOME_ACCEPTED, CH_OK, ""},
		{OUTCOME_DUPLICATE, CH_OK, ""}, /* of one in the same batch */
		{OUTCOME_REFUSED, CH_DENIED, "source"},
		{OUTCOME_REFUSED, CH_DENIED, "type"},
		{OUTCOME_REFUSED, CH_MISSING, "transaction.lines"},
		{OUTCOME_REFUSED, CH_MISSING, "id"},
		{OUTCOME_REFUSED, CH_UNKNOWN_TYPE, "type"},
		{OUTCOME_ACCEPTED, CH_OK, ""},
	};
	door_open(&door);
	session_open(&session, &door);
	assert_int_equal(session_publish(&session, said, 8), CH_OK);
	door_settle(&door, &session);
	assert_int_equal(session.last.count, 8);
	for (int i = 0; i < 8; i++) {
		const struct receipt *receipt = &session.last.receipts[i];
		assert_int_equal(receipt->outcome, expected[i].outcome);
		assert_int_equal(receipt->reason, expected[i].reason);
		assert_int_equal(receipt->field.len, strlen(expected[i].field));
		assert_true(slice_equal(receipt->field, slice_text(expected[i].field)));
	}
	/* What is kept, though not accepted, has a place: the quarantine's. */
	assert_int_not_equal(session.last.receipts[4].sequence, 0);
	assert_int_equal(session.last.receipts[2].sequence, 0);
	session_close(&session);
	door_close(&door);
}

/* ---- Corrections ---- */

static void test_a_correction_keeps_its_publisher(void **unused)
{
	(void)unused;
	struct door door;
	struct session shop;
	struct session ops;
	struct said said = {.id = "1", .phone = "23456789"};
	struct reader *reader;
	struct journal_entry at;
	struct entry entry;
	uint32_t line;
	door_open(&door);
	assert_int_equal(
		ingest_settings(door.ingest, SLICE_LITERAL("peer.shop.region=HK\n"), &line), CH_OK);
	session_open(&shop, &door);
	session_open_as(&ops, &door, "ops");
	uint64_t kept = say(&shop, said)->sequence;
	/* In the operator's region that is no number at all, and a sale without a key is nobody's. */
	said.amount = 1;
	session_correct(&ops, &said, kept, "shop");
	door_settle(&door, &ops);
	assert_int_equal(ops.last.receipts[0].outcome, OUTCOME_ACCEPTED);
	assert_true(ops.last.receipts[0].customer != 0);
	assert_int_equal(reader_open(door.journal, &reader), CH_OK);
	assert_int_equal(reader_seek(reader, ops.last.receipts[0].sequence), CH_OK);
	assert_int_equal(reader_next(reader, &at), CH_OK);
	assert_int_equal(entry_parse(at.body, &entry), CH_OK);
	assert_true(slice_equal(entry.peer, SLICE_LITERAL("shop")));
	assert_true(slice_equal(entry.corrected_by, SLICE_LITERAL("ops")));
	assert_true(entry.refers_to == kept);
	reader_close(reader);
	session_close(&ops);
	session_close(&shop);
	door_close(&door);
}

/* ---- Who waits for whom ---- */

#define FLOOD_FRAMES 200u
#define FLOOD_EVENTS 64u

static void test_one_that_floods_waits_for_itself(void **unused)
{
	(void)unused;
	struct door door;
	struct session flood;
	struct session calm;
	struct said said[FLOOD_EVENTS];
	char ids[FLOOD_EVENTS][24];
	door_open(&door);
	session_open(&flood, &door);
	session_open(&calm, &door);
	for (unsigned f = 0; f < FLOOD_FRAMES; f++) {
		for (unsigned i = 0; i < FLOOD_EVENTS; i++) {
			(void)snprintf(ids[i], sizeof(ids[i]), "%u-%u", f, i);
			said[i] = (struct said){.id = ids[i], .amount = 1};
		}
		if (session_publish(&flood, said, FLOOD_EVENTS) == CH_FULL) {
			flood.frames--; /* beyond all credit: the door shuts */
			break;
		}
	}
	assert_true(flood.frames > 20);
	said[0] = (struct said){.id = "calm", .amount = 1};
	assert_int_equal(session_publish(&calm, said, 1), CH_OK);
	door_settle(&door, &calm);
	unsigned came = calm.last_order;
	door_settle(&door, &flood);
	/* Decided in its first turn, so long before the flood is through. */
	assert_true(came < flood.messages / 2);
	assert_int_equal(flood.answered, flood.frames);
	assert_in_range(
		flood.messages, flood.frames * FLOOD_EVENTS / LIMIT_EVENTS_PER_FRAME, flood.frames);
	session_close(&flood);
	session_close(&calm);
	door_close(&door);
}

static void test_beyond_all_credit_is_refused(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	struct said said[FLOOD_EVENTS];
	door_open(&door);
	session_open(&session, &door);
	for (unsigned i = 0; i < FLOOD_EVENTS; i++)
		said[i] = (struct said){.id = "same", .amount = 1};
	enum ch_status status = CH_OK;
	for (unsigned i = 0; i < 100000 && status == CH_OK; i++)
		status = session_publish(&session, said, FLOOD_EVENTS);
	assert_int_equal(status, CH_FULL);
	assert_true(producer_in_flight(session.producer) > producer_credit(session.producer));
	session.frames--;
	door_settle(&door, &session); /* what was taken is answered all the same */
	assert_int_equal(producer_in_flight(session.producer), 0);
	session_close(&session);
	door_close(&door);
}

static void test_a_held_door_says_when_to_come_again(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	door_open(&door);
	session_open(&session, &door);
	ingest_hold(door.ingest, "the disk is full");
	const struct said said = {.id = "1", .amount = 1};
	const struct receipt *receipt = say(&session, said);
	assert_int_equal(receipt->outcome, OUTCOME_RETRY_AFTER);
	assert_int_not_equal(receipt->retry_after_ms, 0);
	assert_int_equal(journal_head(door.journal), 0);
	ingest_hold(door.ingest, NULL);
	assert_int_equal(
		say(&session, said)->outcome, OUTCOME_ACCEPTED); /* its id was not used up */
	session_close(&session);
	door_close(&door);
}

static void test_receipts_wait_for_a_full_socket(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	const struct said said[] = {{.id = "1", .amount = 1}, {.id = "2", .amount = 1}};
	door_open(&door);
	session_open(&session, &door);
	session.full = true;
	assert_int_equal(session_publish(&session, &said[0], 1), CH_OK);
	assert_int_equal(session_publish(&session, &said[1], 1), CH_OK);
	int64_t deadline = clock_steady_us() + WAIT_US;
	while (producer_in_flight(session.producer) > 0) {
		ingest_flush(door.ingest);
		ingest_deliver(door.ingest);
		assert_true(clock_steady_us() < deadline);
		(void)usleep(200);
	}
	assert_int_equal(session.answered, 0);
	session.full = false;
	ingest_deliver(door.ingest);
	assert_int_equal(session.answered, 0); /* nobody has said so */
	producer_writable(session.producer);
	assert_int_equal(session.answered, 2);
	assert_int_equal(session.messages, 1); /* what waits together goes together */
	session_close(&session);
	door_close(&door);
}

/* Who goes away has published all the same, and nobody calls him any more. */
static void test_one_that_leaves_is_stored(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	const struct said said = {.id = "1", .amount = 1};
	door_open(&door);
	session_open(&session, &door);
	assert_int_equal(session_publish(&session, &said, 1), CH_OK);
	session_close(&session);
	session_open(&session, &door);
	assert_int_equal(say(&session, said)->outcome, OUTCOME_DUPLICATE);
	session_close(&session);
	door_close(&door);
}

static void test_garbage_is_no_frame(void **unused)
{
	(void)unused;
	struct door door;
	struct session session;
	door_open(&door);
	session_open(&session, &door);
	struct producer_frame frame = {.body = SLICE_LITERAL("\xff\xff\xff")};
	assert_int_equal(producer_publish(session.producer, &frame), CH_FORMAT);
	assert_int_equal(session_publish(&session, NULL, 0), CH_MISSING);
	assert_int_equal(producer_in_flight(session.producer), 0);
	session_close(&session);
	door_close(&door);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_receipt_means_stored_and_findable),
		cmocka_unit_test(test_again_and_otherwise),
		cmocka_unit_test(test_one_frame_of_all_kinds),
		cmocka_unit_test(test_a_correction_keeps_its_publisher),
		cmocka_unit_test(test_one_that_floods_waits_for_itself),
		cmocka_unit_test(test_beyond_all_credit_is_refused),
		cmocka_unit_test(test_a_held_door_says_when_to_come_again),
		cmocka_unit_test(test_receipts_wait_for_a_full_socket),
		cmocka_unit_test(test_one_that_leaves_is_stored),
		cmocka_unit_test(test_garbage_is_no_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
