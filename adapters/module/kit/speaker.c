#include "module/kit/speaker.h"

#include <carehub/publish.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define BATCH     128u
#define TRIES_MAX 16

/* When the hub did not answer. */
#define AGAIN_MS 1000

struct speaker {
	struct book *book;
	struct ch_connection *connection;
	const char *source;
	uint64_t said;
	struct arena arena;
	struct utterance utterances[BATCH];
	struct ch_event *events[BATCH];
	struct ch_receipt receipts[BATCH];
};

enum ch_status speaker_create(struct book *book, struct ch_connection *connection,
	const char *source, struct speaker **out_speaker)
{
	struct speaker *speaker = calloc(1, sizeof(*speaker));
	if (speaker == NULL)
		return CH_NOMEM;
	arena_init(&speaker->arena);
	speaker->book = book;
	speaker->connection = connection;
	speaker->source = source;
	for (uint32_t i = 0; i < BATCH; i++) {
		speaker->events[i] = ch_event_create();
		if (speaker->events[i] == NULL) {
			speaker_free(speaker);
			return CH_NOMEM;
		}
	}
	*out_speaker = speaker;
	return CH_OK;
}

void speaker_free(struct speaker *speaker)
{
	if (speaker == NULL)
		return;
	for (uint32_t i = 0; i < BATCH; i++)
		ch_event_free(speaker->events[i]);
	arena_fini(&speaker->arena);
	free(speaker);
}

uint64_t speaker_said(const struct speaker *speaker)
{
	return speaker->said;
}

static void speaker_set(struct ch_event *event, enum ch_attribute attribute, struct slice value)
{
	if (value.len > 0)
		ch_event_set(event, attribute, (struct ch_bytes){value.data, value.len});
}

static void speaker_fill(
	const struct speaker *speaker, const struct envelope *head, struct ch_event *event)
{
	ch_event_clear(event);
	ch_event_set_text(event, CH_SOURCE, speaker->source);
	speaker_set(event, CH_ID, head->id);
	speaker_set(event, CH_TYPE, head->type);
	speaker_set(event, CH_SUBJECT, head->subject);
	speaker_set(event, CH_CORRELATION_ID, head->correlation_id);
	speaker_set(event, CH_CAUSATION_ID, head->causation_id);
	speaker_set(event, CH_DATA, head->data);
	speaker_set(event, CH_PERSONAL, head->personal);
	ch_event_set_time(event, head->time_us, 0);
}

static enum ch_status speaker_look(struct speaker *speaker, size_t *out_count, int64_t *out_due_us)
{
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(speaker->book, false, &txn);
	if (status != CH_OK)
		return status;
	arena_reset(&speaker->arena);
	status = voice_due(txn, clock_wall_us(), &speaker->arena, speaker->utterances, BATCH,
		out_count, out_due_us);
	book_abort(txn);
	return status;
}

/* The receipts into the book, in one transaction. */
static enum ch_status speaker_settle(struct speaker *speaker, size_t count)
{
	enum ch_status status = CH_RETRY;
	for (int tries = 0; status == CH_RETRY && tries < TRIES_MAX; tries++) {
		struct book_txn *txn = NULL;
		status = book_begin(speaker->book, true, &txn);
		if (status != CH_OK)
			return status;
		for (size_t i = 0; i < count; i++)
			voice_answered(txn, &speaker->utterances[i],
				ch_receipt_status(&speaker->receipts[i]), &speaker->receipts[i],
				clock_wall_us());
		status = book_commit(txn);
	}
	return status;
}

static size_t speaker_count(const struct speaker *speaker, size_t count, enum ch_outcome outcome)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += speaker->receipts[i].outcome == outcome;
	return found;
}

enum ch_status speaker_speak(struct speaker *speaker, int64_t timeout_ms, int64_t *out_due_ms)
{
	size_t count = 0;
	int64_t due_us = INT64_MAX;
	enum ch_status status;
	for (;;) {
		status = speaker_look(speaker, &count, &due_us);
		if (status != CH_OK)
			return status;
		if (count == 0)
			break;
		for (size_t i = 0; i < count; i++) {
			speaker->receipts[i] = (struct ch_receipt){0};
			speaker_fill(speaker, &speaker->utterances[i].head, speaker->events[i]);
		}
		/* What came of each stands in its receipt. */
		(void)ch_publish_batch(
			speaker->connection, speaker->events, count, timeout_ms, speaker->receipts);
		status = speaker_settle(speaker, count);
		if (status != CH_OK)
			return status;
		speaker->said += speaker_count(speaker, count, CH_OUTCOME_ACCEPTED);
		if (speaker_count(speaker, count, CH_OUTCOME_NONE) > 0) {
			*out_due_ms = AGAIN_MS;
			return CH_OK;
		}
	}
	if (due_us == INT64_MAX) {
		*out_due_ms = -1;
		return CH_OK;
	}
	int64_t wait_us = due_us - clock_wall_us();
	*out_due_ms = wait_us > 0 ? wait_us / 1000 + 1 : 0;
	return CH_OK;
}
