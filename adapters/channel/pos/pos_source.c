#include "channel/pos/pos_source.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/table.h"
#include "channel/pos/event.h"
#include "channel/pos/poslog.h"
#include "channel/pos/sale.h"

#define READ_BYTES ((size_t)64 * 1024)

/* A transaction of this file that has given its events. */
struct seen {
	struct slice key;
	uint64_t line;
	uint8_t digest[TRANSACTION_DIGEST_BYTES];
};

struct pos_source {
	struct pos_options options;
	int fd;
	struct poslog *poslog;
	struct event_writer writer;
	enum ch_status ending; /* what to say once all is out; CH_OK: there is more to read */
	struct transaction *transaction; /* whose events are going out */
	size_t event_next;
	size_t event_count;
	uint64_t offset;
	struct buffer key;
	struct fault fault;
	struct table seen;
	struct arena seen_arena;
	uint8_t bytes[READ_BYTES];
};

enum ch_status pos_source_open(
	const struct pos_options *options, int fd, struct pos_source **out_source)
{
	enum ch_status status = CH_NOMEM;
	struct pos_source *source = calloc(1, sizeof(*source));
	if (source == NULL || sodium_init() < 0)
		goto out;
	source->options = *options;
	source->fd = fd;
	table_init(&source->seen);
	arena_init(&source->seen_arena);
	event_writer_init(&source->writer, options->source);
	status = poslog_create(options->zone, &source->poslog);
	if (status != CH_OK)
		goto out;
	*out_source = source;
	source = NULL; /* the caller's now */
out:
	pos_source_close(source);
	return status;
}

void pos_source_close(struct pos_source *source)
{
	if (source == NULL)
		return;
	poslog_free(source->poslog);
	event_writer_fini(&source->writer);
	buffer_fini(&source->key);
	table_fini(&source->seen);
	arena_fini(&source->seen_arena);
	free(source);
}

void pos_item_describe(const struct pos_item *item, struct buffer *out)
{
	const struct fault *fault = item->fault;
	buffer_printf(out, "%llu:%llu: ", (unsigned long long)fault->line,
		(unsigned long long)fault->column);
	if (item->key.len > 0) {
		buffer_append_slice(out, item->key);
		buffer_append_text(out, ": ");
	}
	buffer_printf(
		out, "%s: %s (%s)", fault->field, fault->reason, ch_status_name(fault->status));
}

uint64_t pos_source_offset(const struct pos_source *source)
{
	return source->offset;
}

/* Reads on; sets `ending` at the end of the file or where it can be read no further. */
static void source_read(struct pos_source *source)
{
	ssize_t got = read(source->fd, source->bytes, sizeof(source->bytes));
	if (got < 0 && errno == EINTR)
		return;
	if (got < 0) {
		source->ending = CH_IO;
		return;
	}
	enum ch_status status =
		got > 0 ? poslog_feed(source->poslog, slice_of(source->bytes, (size_t)got))
			: poslog_end(source->poslog);
	if (status != CH_OK)
		source->ending = status;
	else if (got == 0)
		source->ending = CH_END;
}

static void item_reject(struct pos_source *source, const struct fault *fault, struct pos_item *out)
{
	source->fault = *fault;
	out->kind = POS_ITEM_REJECT;
	out->fault = &source->fault;
	out->key = buffer_slice(&source->key);
}

/* Remembers the transaction.  False when it was there before, and then the item says so. */
static bool source_is_new(
	struct pos_source *source, const struct transaction *t, struct pos_item *out_item)
{
	struct slice key = buffer_slice(&source->key);
	const struct seen *before = table_get(&source->seen, key);
	if (before == NULL) {
		struct seen *now = NULL;
		if (source->seen.count < LIMIT_POS_SEEN)
			now = arena_alloc(&source->seen_arena, sizeof(*now));
		if (now == NULL)
			return true; /* the hub finds it, should it come again */
		now->key = arena_copy(&source->seen_arena, key);
		now->line = t->line;
		memcpy(now->digest, t->digest, sizeof(now->digest));
		if (now->key.data != NULL)
			(void)table_put(
				&source->seen, now->key, now); /* the same: the hub finds it */
		return true;
	}
	if (memcmp(before->digest, t->digest, sizeof(before->digest)) == 0) {
		out_item->kind = POS_ITEM_REPEATED;
		out_item->key = key;
		return false;
	}
	struct buffer reason = {0};
	struct fault fault = {.status = CH_CONFLICT, .line = t->line, .column = t->column};
	buffer_printf(&reason, "other content under the identity of line %llu",
		(unsigned long long)before->line);
	(void)snprintf(fault.field, sizeof(fault.field), "SequenceNumber");
	(void)snprintf(fault.reason, sizeof(fault.reason), "%s", buffer_text(&reason));
	buffer_fini(&reason);
	item_reject(source, &fault, out_item);
	return false;
}

static void source_key(struct pos_source *source, const struct transaction_ref *ref)
{
	buffer_clear(&source->key);
	if (ref->store_id.len + ref->workstation_id.len + ref->business_date.len +
			ref->sequence_number.len ==
		0)
		return; /* nothing is known of it */
	transaction_key(ref, &source->key);
	if (ref->transaction_id.len == 0)
		return;
	buffer_append_byte(&source->key, '/');
	transaction_key_part(ref->transaction_id, &source->key);
}

/* A transaction has come: its item, or its events from now on. */
static bool source_take(struct pos_source *source, struct transaction *t, struct pos_item *out_item)
{
	*out_item = (struct pos_item){.line = t->line, .column = t->column};
	if (!t->fault.file)
		source->offset = t->offset + t->len;
	if (t->fault.status == CH_OK) {
		struct slice bytes = poslog_bytes(source->poslog, t);
		(void)crypto_generichash(t->digest, sizeof(t->digest), bytes.data, bytes.len, NULL,
			0); /* cannot fail for this length */
		sale_settle(t, source->options.currency);
	}
	source_key(source, &t->ref);
	if (t->fault.status != CH_OK) {
		item_reject(source, &t->fault, out_item);
		return true;
	}
	if (t->outcome == OUTCOME_SKIPPED) {
		out_item->kind = POS_ITEM_SKIPPED;
		out_item->name = t->other;
		out_item->key = buffer_slice(&source->key);
		return true;
	}
	if (!source_is_new(source, t, out_item))
		return true;
	source->transaction = t;
	source->event_next = 0;
	source->event_count = event_count(t);
	return false;
}

static enum ch_status source_event(struct pos_source *source, struct pos_item *out_item)
{
	const struct transaction *t = source->transaction;
	*out_item = (struct pos_item){.kind = POS_ITEM_EVENT,
		.key = buffer_slice(&source->key),
		.line = t->line,
		.column = t->column};
	enum ch_status status =
		event_write(&source->writer, t, source->event_next, &out_item->envelope);
	source->event_next++;
	if (status != CH_TOO_LARGE)
		return status;
	/* None of its further events goes out either. */
	struct fault fault = {.status = status, .line = t->line, .column = t->column};
	(void)snprintf(fault.field, sizeof(fault.field), "Transaction");
	(void)snprintf(fault.reason, sizeof(fault.reason),
		"its id, source or event is larger than the bus takes");
	source->event_next = source->event_count;
	item_reject(source, &fault, out_item);
	return CH_OK;
}

enum ch_status pos_source_next(struct pos_source *source, struct pos_item *out_item)
{
	struct transaction *t;
	for (;;) {
		if (source->transaction != NULL && source->event_next < source->event_count)
			return source_event(source, out_item);
		source->transaction = NULL;
		enum ch_status status = poslog_next(source->poslog, &t);
		if (status == CH_OK) {
			if (source_take(source, t, out_item))
				return CH_OK;
			continue;
		}
		if (status != CH_END)
			return status;
		if (source->ending != CH_OK)
			return source->ending;
		source_read(source);
	}
}
