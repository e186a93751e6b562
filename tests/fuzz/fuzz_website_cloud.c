/* A request as it stands on the wire: its headers, its CloudEvents in all three modes, the typed message; and
 * the same bytes as a body in pieces. */
#include <stdlib.h>

#include "channel/website/chunked.h"
#include "channel/website/draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_seal(const struct cloud_event *event)
{
	struct draft draft = {.envelope = {.time_us = 0}};
	struct refusal refusal;
	struct envelope parsed;
	const struct event_type *type;
	const char *field;
	ProtobufCMessage *message;
	struct buffer bytes = {0};
	if (draft_decode(event->type, &event->json, (struct trust){true, true}, NULL, &type,
		    &message, &refusal) != CH_OK)
		return;
	draft_take_attributes(&draft, event);
	if (draft_seal(&draft, type, message, &refusal) == CH_OK) {
		/* What passes here, the hub can read. */
		envelope_encode(&draft.envelope, &bytes);
		if (envelope_parse(buffer_slice(&bytes), &parsed, &field) != CH_OK)
			abort();
	}
	buffer_fini(&bytes);
	draft_fini(&draft);
	protobuf_c_message_free_unpacked(message, NULL);
}

/* Whole or in two parts, it is the same body. */
static void fuzz_pieces(struct slice bytes)
{
	struct chunked whole = {.state = CHUNKED_SIZE};
	struct chunked halves = whole;
	struct buffer a = {0};
	struct buffer b = {0};
	size_t half = bytes.len / 2;
	enum ch_status once = chunked_take(&whole, bytes, 4096, &a);
	enum ch_status twice = chunked_take(&halves, slice_sub(bytes, 0, half), 4096, &b);
	if (twice == CH_OK)
		twice = chunked_take(&halves, slice_sub(bytes, half, bytes.len), 4096, &b);
	if (once != twice || (once == CH_END && !slice_equal(buffer_slice(&a), buffer_slice(&b))))
		abort();
	buffer_fini(&a);
	buffer_fini(&b);
}

/* What the tape takes is what jansson takes, and says the same. */
static void fuzz_same(const struct cloud_event *a, const struct cloud_event *b)
{
	const struct trust trust = {true, true};
	struct refusal why_a = {.field = ""};
	struct refusal why_b = {.field = ""};
	const struct event_type *type;
	ProtobufCMessage *messages[2] = {NULL, NULL};
	struct buffer packed[2] = {{0}, {0}};
	if (!slice_equal(a->id, b->id) || !slice_equal(a->source, b->source) ||
		!slice_equal(a->type, b->type) || !slice_equal(a->subject, b->subject) ||
		!slice_equal(a->bytes, b->bytes) || a->time_us != b->time_us)
		abort();
	enum ch_status first =
		draft_decode(a->type, &a->json, trust, NULL, &type, &messages[0], &why_a);
	enum ch_status second =
		draft_decode(b->type, &b->json, trust, NULL, &type, &messages[1], &why_b);
	if (first != second || strcmp(why_a.field, why_b.field) != 0 ||
		strcmp(why_a.reason, why_b.reason) != 0)
		abort();
	for (int i = 0; first == CH_OK && i < 2; i++) {
		uint8_t *room = buffer_reserve(
			&packed[i], protobuf_c_message_get_packed_size(messages[i]) + 1);
		packed[i].len = protobuf_c_message_pack(messages[i], room);
		protobuf_c_message_free_unpacked(messages[i], NULL);
	}
	if (!slice_equal(buffer_slice(&packed[0]), buffer_slice(&packed[1])))
		abort();
	buffer_fini(&packed[0]);
	buffer_fini(&packed[1]);
}

static void fuzz_parsers(const struct http_message *message)
{
	static struct json_tape *tape;
	struct cloud_reader *readers[2] = {NULL, NULL};
	struct cloud_event events[2];
	struct refusal refusals[2] = {{.field = ""}, {.field = ""}};
	if (tape == NULL && json_tape_create(&tape) != CH_OK)
		abort();
	enum ch_status status = cloud_open(message, NULL, &readers[0], &refusals[0]);
	if (status != cloud_open(message, tape, &readers[1], &refusals[1]))
		abort();
	while (status != CH_END && readers[0] != NULL) {
		status = cloud_next(readers[0], &events[0], &refusals[0]);
		if (status != cloud_next(readers[1], &events[1], &refusals[1]) ||
			strcmp(refusals[0].field, refusals[1].field) != 0 ||
			strcmp(refusals[0].reason, refusals[1].reason) != 0)
			abort();
		if (status == CH_OK)
			fuzz_same(&events[0], &events[1]);
	}
	cloud_close(readers[0]);
	cloud_close(readers[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_message message;
	struct cloud_reader *reader = NULL;
	struct cloud_event event;
	struct refusal refusal;
	struct buffer value = {0};
	uint8_t digest[DRAFT_DIGEST_BYTES];
	enum ch_status status = CH_OK;
	fuzz_pieces(slice_of(data, len));
	if (http_message_parse(slice_of(data, len), &message) != CH_OK)
		return 0;
	(void)http_query_value(message.query, "repair", &value); /* any answer will do */
	buffer_fini(&value);
	draft_digest(message.body, digest);
	fuzz_parsers(&message);
	if (cloud_open(&message, NULL, &reader, &refusal) != CH_OK)
		return 0;
	for (size_t i = 0; i < cloud_count(reader); i++) {
		status = cloud_next(reader, &event, &refusal);
		if (status == CH_OK)
			fuzz_seal(&event);
		else if (refusal.reason[0] == 0)
			abort();
	}
	if (cloud_next(reader, &event, &refusal) != CH_END)
		abort();
	cloud_close(reader);
	return 0;
}
