/* Consumers, Seek, DeleteConsumer, DeadLetters, SettleDeadLetters: the fan-out does it, here it is
 * asked.
 *
 * The fan-out's calls are the loop thread's and answer there, so these operations are too.  Each
 * waits for one last answer; what was listed before it stands in the reply. */
#include <stdio.h>
#include <stdlib.h>

#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "fanout/operation.h"
#include "wire/pb.h"

/* One REPLY stays well within a frame; over it, the rest is sent in another. */
#define CHUNK_BYTES (256u * 1024u)

/* protobuf-c's texts are not const, but packing only reads them. */
#define TEXT(text) ((char *)(uintptr_t)(text))

/* What an answer leaves for the step that follows it. */
struct consumers_work {
	enum ch_status status;
	char detail[200];
	struct buffer rows; /* whole fields of the reply */
	struct buffer rest; /* what did not fit into the last reply */
	size_t sent;
	uint64_t total;
};

static void consumers_free(void *context)
{
	struct consumers_work *work = context;
	buffer_fini(&work->rows);
	buffer_fini(&work->rest);
}

static struct consumers_work *consumers_begin(struct call *call)
{
	return call_work(call, sizeof(struct consumers_work), consumers_free);
}

/* After the fan-out took the question: it answers, or it had no memory to keep it. */
static enum call_turn consumers_wait(struct call *call, enum ch_status status)
{
	if (status != CH_OK)
		return call_fail(call, status, "memory ran out");
	call->owed = true; /* at the latest in fanout_stop */
	return CALL_WAIT;
}

static enum call_turn consumers_failed(struct call *call, const char *what, const char *name)
{
	const struct consumers_work *work = call->work;
	if (work->detail[0] != 0)
		return call_fail(call, work->status, "%s", work->detail);
	return call_fail(
		call, work->status, "%s \"%.64s\": %s", what, name, ch_status_text(work->status));
}

/* The rows field by field, as many as a reply takes.  True: there are more. */
static bool consumers_next_rows(struct call *call)
{
	struct consumers_work *work = call->work;
	struct slice left = slice_sub(buffer_slice(&work->rows), work->sent, work->rows.len);
	struct pb_reader reader = pb_read(left);
	struct pb_field field;
	const uint8_t *end = left.data;
	while (pb_next(&reader, &field)) {
		if ((size_t)(reader.at - left.data) > CHUNK_BYTES && end > left.data)
			break;
		end = reader.at;
	}
	size_t len = left.len > 0 ? (size_t)(end - left.data) : 0;
	buffer_append_slice(&call->reply, slice_sub(left, 0, len));
	work->sent += len;
	return work->sent < work->rows.len;
}

/* ---- Consumers ---- */

static void consumers_put(struct buffer *out, const struct consumer_info *info)
{
	Carehub__V1__ConsumersReply reply;
	Carehub__V1__ConsumerInfo row;
	Carehub__V1__ConsumerInfo *rows[1] = {&row};
	carehub__v1__consumers_reply__init(&reply);
	carehub__v1__consumer_info__init(&row);
	row.name = TEXT(info->name);
	row.peer = TEXT(info->peer);
	row.cursor = info->cursor;
	row.head = info->head;
	row.lag_events = info->lag_events;
	row.lag_us = info->lag_us;
	row.in_flight = info->in_flight;
	row.credit = info->credit;
	row.delivered = info->delivered;
	row.redelivered = info->redelivered;
	row.acked = info->acked;
	row.dead_letters = info->dead_letters;
	row.attached = info->attached;
	row.state = TEXT(info->state);
	row.generation = info->generation;
	row.max_attempts = info->max_attempts;
	row.ack_wait_ms = info->ack_wait_ms;
	row.last_ack_time_us = info->answered_us;
	Carehub__V1__Filter filter;
	char *types[LIMIT_FILTER_PATTERNS];
	char *sources[LIMIT_FILTER_PATTERNS];
	char texts[2 * LIMIT_FILTER_PATTERNS][LIMIT_PATTERN_BYTES + 1];
	carehub__v1__filter__init(&filter);
	if (info->filter != NULL) {
		const struct subscribe_filter *from = info->filter;
		size_t n = 0;
		for (uint32_t i = 0; i < from->type_count + from->source_count; i++) {
			bool type = i < from->type_count;
			struct slice text =
				type ? from->types[i] : from->sources[i - from->type_count];
			size_t len =
				text.len < LIMIT_PATTERN_BYTES ? text.len : LIMIT_PATTERN_BYTES;
			if (len > 0)
				memcpy(texts[n], text.data, len);
			texts[n][len] = 0;
			*(type ? &types[i] : &sources[i - from->type_count]) = texts[n++];
		}
		filter.types = types;
		filter.n_types = from->type_count;
		filter.sources = sources;
		filter.n_sources = from->source_count;
		filter.customers = (uint64_t *)(uintptr_t)from->customers;
		filter.n_customers = from->customer_count;
		row.filter = &filter;
	}
	reply.consumers = rows;
	reply.n_consumers = 1;
	/* Messages of one kind behind each other are one with all their elements. */
	size_t len = protobuf_c_message_get_packed_size(&reply.base);
	uint8_t *room = buffer_reserve(out, len);
	if (room != NULL)
		(void)protobuf_c_message_pack(&reply.base, room); /* `len`, as just said */
}

static void consumers_answer(void *context, enum ch_status status, const struct consumer_info *info)
{
	struct call *call = context;
	struct consumers_work *work = call->work;
	if (info != NULL) {
		consumers_put(&work->rows, info);
		return;
	}
	work->status = status != CH_OK ? status : work->rows.status;
	call_resume(call);
}

enum call_turn consumers_step(struct call *call)
{
	const Carehub__V1__ConsumersRequest *ask = (const Carehub__V1__ConsumersRequest *)call->ask;
	struct consumers_work *work = call->work;
	if (work == NULL) {
		/* A consumer sees his own. */
		bool all = (call->peer->roles & PEER_OPERATOR) != 0;
		if (consumers_begin(call) == NULL)
			return call_fail(call, CH_NOMEM, "memory ran out");
		return consumers_wait(call,
			operation_consumers(call->hub->fanout, slice_text(ask->name),
				slice_text(all ? "" : call->peer->name), consumers_answer, call));
	}
	if (work->status != CH_OK)
		return consumers_failed(call, "subscription", ask->name);
	return consumers_next_rows(call) ? CALL_MORE : call_finish(call);
}

/* ---- Dead letters ---- */

static void letters_answer(
	void *context, enum ch_status status, const struct letter_info *info, uint64_t total)
{
	struct call *call = context;
	struct consumers_work *work = call->work;
	work->total = total;
	if (info == NULL) {
		work->status = status != CH_OK ? status : work->rows.status;
		call_resume(call);
		return;
	}
	size_t mark = pb_begin(&work->rows, 1);
	pb_put_text(&work->rows, 1, info->name);
	pb_put_uint(&work->rows, 2, info->sequence);
	pb_put_uint(&work->rows, 3, info->attempts);
	pb_put_bytes(&work->rows, 4, info->reason);
	pb_put_int(&work->rows, 5, info->parked_us);
	pb_put_bytes(&work->rows, 6, info->type);
	pb_put_uint(&work->rows, 7, info->customer);
	pb_end(&work->rows, mark);
}

enum call_turn dead_letters_step(struct call *call)
{
	const Carehub__V1__DeadLettersRequest *ask =
		(const Carehub__V1__DeadLettersRequest *)call->ask;
	struct consumers_work *work = call->work;
	if (work == NULL) {
		if (consumers_begin(call) == NULL)
			return call_fail(call, CH_NOMEM, "memory ran out");
		return consumers_wait(
			call, operation_letters(call->hub->fanout, slice_text(ask->name),
				      ask->limit, letters_answer, call));
	}
	if (work->status != CH_OK)
		return consumers_failed(call, "subscription", ask->name);
	bool more = consumers_next_rows(call);
	pb_put_uint(&call->reply, 2, work->total);
	return more ? CALL_MORE : call_finish(call);
}

/* ---- What changes something: one result, one reply ---- */

static void result_keep(
	struct call *call, enum ch_status status, const char *detail, const ProtobufCMessage *reply)
{
	struct consumers_work *work = call->work;
	work->status = status;
	if (status != CH_OK)
		(void)snprintf(work->detail, sizeof(work->detail), "%s",
			detail != NULL ? detail : ""); /* cut is fine */
	else
		call_put(call, reply);
	call_resume(call);
}

static enum call_turn result_step(struct call *call, const char *name)
{
	const struct consumers_work *work = call->work;
	return work->status == CH_OK ? call_finish(call)
				     : consumers_failed(call, "subscription", name);
}

static void seek_answer(void *context, const struct operation_result *result)
{
	Carehub__V1__SeekReply reply;
	carehub__v1__seek_reply__init(&reply);
	reply.old_cursor = result->old_cursor;
	reply.new_cursor = result->new_cursor;
	reply.change = result->change;
	reply.done = result->done;
	result_keep(context, result->status, result->detail, &reply.base);
}

enum call_turn seek_step(struct call *call)
{
	const Carehub__V1__SeekRequest *ask = (const Carehub__V1__SeekRequest *)call->ask;
	struct range_point to;
	size_t at = 0;
	if (call->work != NULL)
		return result_step(call, ask->name);
	if (range_parse_point(slice_text(ask->to), &to, &at) != CH_OK)
		return call_fail(
			call, CH_INVALID, "\"%.80s\" is no point of the range grammar", ask->to);
	if (consumers_begin(call) == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	return consumers_wait(
		call, operation_seek(call->hub->fanout, slice_text(call->peer->name),
			      slice_text(ask->name), &to, ask->dry_run, seek_answer, call));
}

static void delete_answer(void *context, const struct operation_result *result)
{
	Carehub__V1__DeleteConsumerReply reply;
	carehub__v1__delete_consumer_reply__init(&reply);
	reply.done = result->done;
	result_keep(context, result->status, result->detail, &reply.base);
}

enum call_turn delete_consumer_step(struct call *call)
{
	const Carehub__V1__DeleteConsumerRequest *ask =
		(const Carehub__V1__DeleteConsumerRequest *)call->ask;
	if (call->work != NULL)
		return result_step(call, ask->name);
	if (consumers_begin(call) == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	return consumers_wait(
		call, operation_delete(call->hub->fanout, slice_text(call->peer->name),
			      slice_text(ask->name), ask->dry_run, delete_answer, call));
}

static void settle_answer(void *context, const struct operation_result *result)
{
	Carehub__V1__SettleDeadLettersReply reply;
	carehub__v1__settle_dead_letters_reply__init(&reply);
	reply.affected = result->affected;
	reply.done = result->done;
	result_keep(context, result->status, result->detail, &reply.base);
}

enum call_turn settle_dead_letters_step(struct call *call)
{
	const Carehub__V1__SettleDeadLettersRequest *ask =
		(const Carehub__V1__SettleDeadLettersRequest *)call->ask;
	if (call->work != NULL)
		return result_step(call, ask->name);
	if (consumers_begin(call) == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	return consumers_wait(
		call, operation_settle(call->hub->fanout, slice_text(call->peer->name),
			      slice_text(ask->name), ask->sequences, ask->n_sequences, ask->discard,
			      ask->dry_run, settle_answer, call));
}
