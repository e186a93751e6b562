#include "channel/website/errand.h"

#include <stdlib.h>

#define CHUNK_BYTES 65536u

/* What envelopes look into, of several events at once. */
struct chunk {
	struct chunk *next;
	uint8_t bytes[];
};

struct posting {
	struct posting *next;
	struct errand *errand;
	struct envelope envelope;
};

struct errand {
	struct errand *newer; /* of all that are started */
	struct errand *older;
	struct postbox *postbox;
	size_t room;
	size_t count;
	size_t open; /* without an answer */
	void (*done)(void *context, const struct outcome *outcomes, size_t count);
	void *context;
	struct outcome *outcomes;
	struct chunk *chunks;
	uint8_t *free_bytes; /* of the newest chunk */
	size_t free_len;
	struct posting postings[];
};

struct postbox {
	struct posting *first; /* not handed on yet */
	struct posting **last;
	struct errand *newest;
	size_t room;
	size_t count;
};

/* ---- One errand ---- */

enum ch_status errand_create(size_t events, struct errand **out_errand)
{
	struct errand *errand = calloc(1, sizeof(*errand) + events * sizeof(errand->postings[0]));
	if (errand == NULL)
		return CH_NOMEM;
	errand->room = events;
	*out_errand = errand;
	return CH_OK;
}

void errand_free(struct errand *errand)
{
	if (errand == NULL)
		return;
	while (errand->chunks != NULL) {
		struct chunk *chunk = errand->chunks;
		errand->chunks = chunk->next;
		free(chunk);
	}
	free(errand->outcomes);
	free(errand);
}

/* Room for an event's bytes: those of a batch are mostly alike, and get theirs together. */
static uint8_t *errand_room(struct errand *errand, size_t len)
{
	if (errand->free_len < len) {
		size_t events = errand->room - errand->count;
		size_t bytes = events < CHUNK_BYTES / len ? events * len : CHUNK_BYTES;
		if (bytes < len)
			bytes = len;
		struct chunk *chunk = malloc(sizeof(*chunk) + bytes);
		if (chunk == NULL)
			return NULL;
		chunk->next = errand->chunks;
		errand->chunks = chunk;
		errand->free_bytes = chunk->bytes;
		errand->free_len = bytes;
	}
	uint8_t *room = errand->free_bytes;
	errand->free_bytes += len;
	errand->free_len -= len;
	return room;
}

enum ch_status errand_add(struct errand *errand, const struct envelope *envelope)
{
	struct envelope copy = *envelope;
	struct slice *const parts[] = {&copy.id, &copy.source, &copy.type, &copy.subject,
		&copy.dataschema, &copy.traceparent, &copy.tracestate, &copy.correlation_id,
		&copy.causation_id, &copy.checkpoint, &copy.digest, &copy.data, &copy.personal};
	const size_t count = sizeof(parts) / sizeof(parts[0]);
	size_t len = 1;
	if (errand->count == errand->room)
		return CH_FULL;
	for (size_t i = 0; i < count; i++)
		len += parts[i]->len;
	uint8_t *at = errand_room(errand, len);
	if (at == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < count; i++) {
		if (parts[i]->len > 0)
			memcpy(at, parts[i]->data, parts[i]->len);
		parts[i]->data = at;
		at += parts[i]->len;
	}
	copy.before = copy.after = (struct slice){NULL, 0};
	errand->postings[errand->count++] = (struct posting){.errand = errand, .envelope = copy};
	return CH_OK;
}

enum ch_status errand_start(struct errand **errand, struct postbox *postbox,
	void (*done)(void *context, const struct outcome *outcomes, size_t count), void *context)
{
	struct errand *it = *errand;
	if (it->count == 0 || it->count > postbox->room - postbox->count)
		return CH_FULL;
	it->outcomes = calloc(it->count, sizeof(*it->outcomes));
	if (it->outcomes == NULL)
		return CH_NOMEM;
	it->postbox = postbox;
	it->done = done;
	it->context = context;
	it->open = it->count;
	it->older = postbox->newest;
	if (it->older != NULL)
		it->older->newer = it;
	postbox->newest = it;
	for (size_t i = 0; i < it->count; i++) {
		*postbox->last = &it->postings[i];
		postbox->last = &it->postings[i].next;
	}
	postbox->count += it->count;
	*errand = NULL;
	return CH_OK;
}

void errand_abandon(struct errand *errand)
{
	errand->done = NULL;
}

static void errand_unlink(struct errand *errand)
{
	struct postbox *postbox = errand->postbox;
	if (errand->newer != NULL)
		errand->newer->older = errand->older;
	else
		postbox->newest = errand->older;
	if (errand->older != NULL)
		errand->older->newer = errand->newer;
	postbox->count -= errand->count;
}

/* One more of its events has its answer. */
static void errand_step(struct errand *errand)
{
	if (--errand->open > 0)
		return;
	errand_unlink(errand);
	if (errand->done != NULL)
		errand->done(errand->context, errand->outcomes, errand->count);
	errand_free(errand);
}

/* ---- The queue ---- */

enum ch_status postbox_create(size_t events, struct postbox **out_postbox)
{
	struct postbox *postbox = calloc(1, sizeof(*postbox));
	if (postbox == NULL)
		return CH_NOMEM;
	postbox->last = &postbox->first;
	postbox->room = events;
	*out_postbox = postbox;
	return CH_OK;
}

void postbox_free(struct postbox *postbox)
{
	if (postbox == NULL)
		return;
	while (postbox->newest != NULL) {
		struct errand *errand = postbox->newest;
		errand_unlink(errand);
		errand_free(errand);
	}
	free(postbox);
}

static struct posting *postbox_take(struct postbox *postbox)
{
	struct posting *posting = postbox->first;
	if (posting == NULL)
		return NULL;
	postbox->first = posting->next;
	if (postbox->first == NULL)
		postbox->last = &postbox->first;
	posting->next = NULL;
	return posting;
}

enum ch_status postbox_next(struct postbox *postbox, struct kit_item *out_item)
{
	struct posting *posting;
	/* Nobody waits for these any more: whoever sent them was told to come again. */
	while ((posting = postbox_take(postbox)) != NULL && posting->errand->done == NULL)
		errand_step(posting->errand);
	if (posting == NULL)
		return CH_END;
	*out_item = (struct kit_item){
		.what = KIT_EVENT,
		.token = (uint64_t)(uintptr_t)posting,
		.envelope = &posting->envelope,
	};
	return CH_OK;
}

void postbox_settle(struct postbox *postbox, const struct kit_settled *settled)
{
	struct posting *posting = (struct posting *)(uintptr_t)settled->token;
	(void)postbox; /* the posting knows all */
	struct errand *errand = posting->errand;
	struct outcome *outcome = &errand->outcomes[posting - errand->postings];
	outcome->settled = true;
	outcome->spooled = settled->spooled;
	outcome->status = settled->status;
	outcome->receipt = settled->receipt;
	errand_step(errand);
}

size_t postbox_count(const struct postbox *postbox)
{
	return postbox->count;
}
