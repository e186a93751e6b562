#include "control/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

bool call_may_see(const struct call *call, struct slice key)
{
	struct slice scope = slice_text(call->peer->scope != NULL ? call->peer->scope : "");
	return scope.len == 0 || peer_may(call->peer, PEER_OPERATOR) ||
	       (slice_starts(key, scope) && key.len > scope.len && key.data[scope.len] == '/');
}

enum call_turn call_fail(struct call *call, enum ch_status status, const char *format, ...)
{
	va_list arguments;
	call->status = status;
	va_start(arguments, format);
	(void)vsnprintf(call->detail, sizeof(call->detail), format, arguments); /* cut is fine */
	va_end(arguments);
	buffer_clear(&call->reply);
	return CALL_DONE;
}

void call_put(struct call *call, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *room = buffer_reserve(&call->reply, len);
	if (room != NULL)
		(void)protobuf_c_message_pack(message, room); /* `len`, as just said */
}

enum call_turn call_finish(struct call *call)
{
	if (call->reply.status != CH_OK)
		return call_fail(call, CH_NOMEM, "memory ran out");
	return CALL_DONE;
}

enum call_turn call_answer(struct call *call, const ProtobufCMessage *message)
{
	call_put(call, message);
	return call_finish(call);
}

void *call_work(struct call *call, size_t bytes, void (*work_free)(void *work))
{
	call->work = calloc(1, bytes);
	call->work_free = call->work != NULL ? work_free : NULL;
	return call->work;
}

/* ---- Places in the journal ---- */

static enum ch_status call_find_time(void *context, int64_t time_us, uint64_t *out_sequence)
{
	struct journal *journal = context;
	struct reader *reader = NULL;
	enum ch_status status = reader_open(journal, &reader);
	if (status == CH_OK)
		status = reader_seek_time(reader, time_us);
	if (status == CH_END) {
		*out_sequence = journal_head(journal) + 1;
		status = CH_OK;
	} else if (status == CH_OK || status == CH_GAP) {
		*out_sequence = reader_position(reader);
		status = CH_OK;
	}
	reader_close(reader);
	return status;
}

static enum ch_status call_find_arrival(void *context, uint64_t sequence, int64_t *out_time_us)
{
	struct reader *reader = NULL;
	struct journal_entry entry;
	enum ch_status status = reader_open(context, &reader);
	if (status == CH_OK)
		status = reader_seek(reader, sequence);
	/* Where that one is damaged, the next that can be read says when it was. */
	do {
		if (status == CH_OK || status == CH_GAP)
			status = reader_next(reader, &entry);
	} while (status == CH_GAP);
	if (status == CH_OK)
		*out_time_us = entry.arrival_us;
	reader_close(reader);
	return status;
}

static struct range_history call_history(struct call *call)
{
	return (struct range_history){
		.first = journal_first(call->hub->journal),
		.head = journal_head(call->hub->journal),
		.now_us = clock_wall_us(),
		.find_time = call_find_time,
		.find_arrival = call_find_arrival,
		.context = call->hub->journal,
	};
}

static enum call_turn call_bad_range(
	struct call *call, const char *text, enum ch_status status, size_t at)
{
	if (status == CH_FORMAT || status == CH_INVALID)
		return call_fail(call, CH_INVALID,
			"\"%.80s\" is no range: not understood from \"%.40s\" on", text,
			at < strlen(text) ? text + at : "its end");
	return call_fail(call, status, "the range cannot be found: %s", ch_status_text(status));
}

bool call_range(struct call *call, const char *text, uint64_t *out_first, uint64_t *out_last,
	enum call_turn *out_turn)
{
	struct range range;
	struct range_history history = call_history(call);
	size_t at = 0;
	enum ch_status status = range_parse(slice_text(text), &range, &at);
	if (status == CH_OK)
		status = range_resolve(&range, &history, out_first, out_last);
	if (status == CH_END)
		*out_turn = call_fail(call, CH_END, "there is no entry in \"%.80s\"", text);
	else if (status != CH_OK)
		*out_turn = call_bad_range(call, text, status, at);
	return status == CH_OK;
}

enum ch_status call_entry(
	struct call *call, uint64_t sequence, struct journal_entry *out_entry, struct buffer *body)
{
	struct reader *reader = NULL;
	struct journal_entry found;
	size_t start = body->len;
	if (sequence == 0 || sequence > journal_head(call->hub->journal))
		return CH_NOT_FOUND;
	enum ch_status status = reader_open(call->hub->journal, &reader);
	if (status == CH_OK)
		status = reader_seek(reader, sequence);
	if (status == CH_OK)
		status = reader_next(reader, &found);
	if (status == CH_OK && found.sequence == sequence) {
		buffer_append_slice(body, found.body);
		*out_entry = found;
		out_entry->body = slice_sub(buffer_slice(body), start, found.body.len);
		status = body->status;
	} else if (status == CH_OK || status == CH_END) {
		status = CH_NOT_FOUND;
	}
	reader_close(reader);
	return status;
}
