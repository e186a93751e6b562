#include <stdlib.h>

#include "base/invariant.h"
#include "kit/fakehub/fake_inside.h"

/* One text of two: a source never holds a zero byte. */
static bool fake_memory_key(const struct envelope *envelope, struct slice *out_key)
{
	size_t len = envelope->source.len + 1 + envelope->id.len;
	uint8_t *key = malloc(len);
	if (key == NULL)
		return false;
	memcpy(key, envelope->source.data, envelope->source.len);
	key[envelope->source.len] = 0;
	memcpy(key + envelope->source.len + 1, envelope->id.data, envelope->id.len);
	*out_key = slice_of(key, len);
	return true;
}

static bool fake_memory_grow(struct fake_hub *hub)
{
	if (hub->head < hub->capacity)
		return true;
	uint64_t capacity = hub->capacity == 0 ? 1024 : 2 * hub->capacity;
	struct fake_event *log = realloc(hub->log, capacity * sizeof(*log));
	if (log == NULL)
		return false;
	hub->log = log;
	hub->capacity = capacity;
	return true;
}

bool fake_memory_append(struct fake_hub *hub, struct slice event)
{
	const char *field;
	struct fake_event entry = {.bytes = malloc(event.len > 0 ? event.len : 1)};
	if (entry.bytes == NULL || !fake_memory_grow(hub))
		goto out;
	if (event.len > 0)
		memcpy(entry.bytes, event.data, event.len);
	if (envelope_parse(slice_of(entry.bytes, event.len), &entry.envelope, &field) != CH_OK ||
		!fake_memory_key(&entry.envelope, &entry.key))
		goto out;
	hub->log[hub->head++] = entry;
	entry = (struct fake_event){0}; /* the log's now */
	/* Filled twice under one prefix: the first is the one that is known. */
	enum ch_status known =
		table_put(&hub->known, hub->log[hub->head - 1].key, (void *)(uintptr_t)hub->head);
	invariant(known == CH_OK || known == CH_EXISTS);
	hub->counters[FAKE_STORED] = hub->head;
	return true;
out:
	free(entry.bytes);
	return false;
}

uint64_t fake_memory_find(const struct fake_hub *hub, const struct envelope *envelope)
{
	uint8_t key[LIMIT_SOURCE_BYTES + 1 + LIMIT_ID_BYTES]; /* envelope_parse has looked */
	memcpy(key, envelope->source.data, envelope->source.len);
	key[envelope->source.len] = 0;
	memcpy(key + envelope->source.len + 1, envelope->id.data, envelope->id.len);
	return (uint64_t)(uintptr_t)table_get(
		&hub->known, slice_of(key, envelope->source.len + 1 + envelope->id.len));
}

bool fake_memory_same(const struct envelope *a, const struct envelope *b)
{
	if (a->digest.len > 0 || b->digest.len > 0)
		return slice_equal(a->digest, b->digest);
	return slice_equal(a->type, b->type) && slice_equal(a->subject, b->subject) &&
	       a->time_us == b->time_us && slice_equal(a->data, b->data) &&
	       slice_equal(a->personal, b->personal);
}

bool fake_memory_checkpoint(
	const struct fake_hub *hub, struct slice source, struct checkpoint *out_checkpoint)
{
	for (uint32_t i = 0; i < hub->checkpoint_count && i < FAKE_CHECKPOINTS; i++) {
		const struct fake_kept_checkpoint *kept = &hub->checkpoints[i];
		if (!slice_equal(slice_text(kept->source), source))
			continue;
		*out_checkpoint =
			(struct checkpoint){source, slice_text(kept->checkpoint), kept->sequence};
		return true;
	}
	for (uint64_t s = hub->head; s > 0; s--) {
		const struct envelope *envelope = &hub->log[s - 1].envelope;
		if (envelope->checkpoint.len == 0 || !slice_equal(envelope->source, source))
			continue;
		*out_checkpoint = (struct checkpoint){source, envelope->checkpoint, s};
		return true;
	}
	return false;
}

void fake_memory_forget(struct fake_hub *hub)
{
	for (uint64_t i = 0; i < hub->head; i++) {
		free(hub->log[i].bytes);
		free((void *)(uintptr_t)hub->log[i].key.data);
	}
	table_clear(&hub->known);
	hub->head = 0;
	hub->counters[FAKE_STORED] = 0;
}
