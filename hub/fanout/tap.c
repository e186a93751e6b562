#include "fanout/tap.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "wire/types.h"

#define BATCHES_MOST 8u
#define BATCH_BYTES  (256u * 1024u)

/* Events behind each other: type(2) length(4) Delivery. */
#define HEAD_BYTES 6u

struct tap_batch {
	struct task task; /* first */
	struct tap *tap;
	uint64_t count;
	struct buffer bytes;
};

void tap_init(struct tap *tap, struct mailbox *outbox,
	void (*live)(void *context, struct slice type, struct slice delivery), void *context)
{
	*tap = (struct tap){.outbox = outbox, .live = live, .context = context};
}

static void tap_free_batch(struct tap_batch *batch)
{
	if (batch == NULL)
		return;
	buffer_fini(&batch->bytes);
	free(batch);
}

void tap_fini(struct tap *tap)
{
	tap_free_batch(tap->filling);
	tap->filling = NULL;
}

void tap_set_wanted(struct tap *tap, bool wanted)
{
	atomic_store(&tap->wanted, wanted);
}

bool tap_is_wanted(const struct tap *tap)
{
	return tap->live != NULL && atomic_load(&tap->wanted);
}

/* ---- The loop thread ---- */

static void tap_hand_out(struct task *task)
{
	struct tap_batch *batch = (struct tap_batch *)(void *)task;
	struct tap *tap = batch->tap;
	struct slice rest = buffer_slice(&batch->bytes);
	while (rest.len > 0) {
		const struct event_type *type = types_by_id(load_le16(rest.data));
		size_t len = load_le32(rest.data + 2);
		tap->live(tap->context, slice_text(type->name), slice_sub(rest, HEAD_BYTES, len));
		rest = slice_sub(rest, HEAD_BYTES + len, SIZE_MAX);
	}
	atomic_fetch_sub(&tap->waiting, 1);
	tap_free_batch(batch);
}

/* ---- The fan-out thread ---- */

static bool tap_begin(struct tap *tap)
{
	if (tap->filling != NULL)
		return true;
	tap->filling = calloc(1, sizeof(*tap->filling));
	if (tap->filling == NULL)
		return false;
	tap->filling->task.run = tap_hand_out;
	tap->filling->tap = tap;
	return true;
}

void tap_add(struct tap *tap, struct group *group)
{
	for (uint32_t i = 0; i < group->part_count; i++) {
		uint8_t head[HEAD_BYTES];
		struct slice encoded;
		if (!tap_begin(tap) || group_encode(group, i, &encoded) != CH_OK) {
			tap->lost++;
			continue;
		}
		struct buffer *bytes = &tap->filling->bytes;
		store_le16(head, group->parts[i].type);
		store_le32(head + 2, (uint32_t)encoded.len);
		buffer_append(bytes, head, sizeof(head));
		buffer_append_slice(bytes, encoded);
		tap->filling->count++;
		if (bytes->len >= BATCH_BYTES || bytes->status != CH_OK)
			tap_flush(tap);
	}
}

void tap_flush(struct tap *tap)
{
	struct tap_batch *batch = tap->filling;
	if (batch == NULL)
		return;
	tap->filling = NULL;
	if (batch->bytes.status != CH_OK || atomic_load(&tap->waiting) >= BATCHES_MOST) {
		tap->lost += batch->count;
		tap_free_batch(batch);
		return;
	}
	atomic_fetch_add(&tap->waiting, 1);
	(void)mailbox_post(
		tap->outbox, &batch->task.node); /* open until fanout_stop has emptied it */
}
