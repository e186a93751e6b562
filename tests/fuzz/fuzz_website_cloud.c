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
	if (draft_decode(event->type, event->json, (struct trust){true, true}, &type, &message,
		    &refusal) != CH_OK)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_message message;
	struct cloud_reader *reader = NULL;
	struct cloud_event event;
	struct refusal refusal;
	struct buffer value = {0};
	enum ch_status status = CH_OK;
	fuzz_pieces(slice_of(data, len));
	if (http_message_parse(slice_of(data, len), &message) != CH_OK)
		return 0;
	(void)http_query_value(message.query, "repair", &value); /* any answer will do */
	buffer_fini(&value);
	if (cloud_open(&message, &reader, &refusal) != CH_OK)
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
