#include "fanout/tap.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "wire/types.h"

#define BATCHES_MOST 8u
#define BATCH_BYTES  (256u * 1024u)

/* Events behind each other: type(2) length(4) frame. */
#define HEAD_BYTES 6u

struct tap_batch {
	struct task task; /* first */
	struct tap *tap;
	uint64_t count;
	struct buffer bytes;
};

void tap_init(struct tap *tap, struct mailbox *outbox,
	void (*live)(void *context, struct slice type, struct slice frame), void *context)
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
	buffer_fini(&tap->frame);
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

/* One part as a DELIVER of its own.  Whoever may see a type sees it here, so what is personal stays out. */
static enum ch_status tap_put(struct buffer *frame, struct group *group, uint32_t part)
{
	struct slice encoded;
	struct delivery delivery;
	enum ch_status status = group_encode(group, part, &encoded);
	if (status == CH_OK)
		status = delivery_parse(encoded, &delivery);
	if (status != CH_OK)
		return status;
	delivery.personal = (struct slice){NULL, 0};
	delivery.last = part + 1 == group->part_count;
	delivery.attempt = 1;
	buffer_clear(frame);
	deliver_begin(frame, 0);
	deliver_add(frame, &delivery);
	return frame->status;
}

void tap_add(struct tap *tap, struct group *group)
{
	for (uint32_t i = 0; i < group->part_count; i++) {
		uint8_t head[HEAD_BYTES];
		if (!tap_begin(tap) || tap_put(&tap->frame, group, i) != CH_OK) {
			tap->lost++;
			continue;
		}
		struct buffer *bytes = &tap->filling->bytes;
		store_le16(head, group->parts[i].type);
		store_le32(head + 2, (uint32_t)tap->frame.len);
		buffer_append(bytes, head, sizeof(head));
		buffer_append_slice(bytes, buffer_slice(&tap->frame));
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
