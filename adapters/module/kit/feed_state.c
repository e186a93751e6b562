#include "module/kit/feed_state.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "module/kit/book_inside.h"

#define STATE_KEY    SLICE_LITERAL("feed")
#define REFUSED_KEY  SLICE_LITERAL("refused")
#define STATE_BYTES  72u
#define GAP_BYTES    16u
#define REJECT_BYTES 4u /* status; the type follows */

/* ---- How far it has come ---- */

static void feed_state_parse(const uint8_t *bytes, struct feed_state *out)
{
	*out = (struct feed_state){
		.incarnation = load_le64(bytes),
		.position = load_le64(bytes + 8),
		.arrival_us = (int64_t)load_le64(bytes + 16),
		.events = load_le64(bytes + 24),
		.rejects = load_le64(bytes + 32),
		.gaps = load_le64(bytes + 40),
		.missing = load_le64(bytes + 48),
		.begun_us = (int64_t)load_le64(bytes + 56),
		.caught_up = bytes[64] != 0,
	};
}

static enum ch_status feed_refused(struct book_txn *txn, uint64_t *out_count)
{
	struct slice stored;
	enum ch_status status = book_get(txn, BOOK_STATE, REFUSED_KEY, &stored);
	if (status == CH_NOT_FOUND) {
		*out_count = 0;
		return CH_OK;
	}
	if (status == CH_OK && stored.len != 8)
		status = CH_CORRUPT;
	if (status == CH_OK)
		*out_count = load_le64(stored.data);
	return status;
}

enum ch_status feed_state_read(struct book_txn *txn, struct feed_state *out_state)
{
	struct slice stored;
	struct feed_state state = {0};
	enum ch_status status = book_get(txn, BOOK_STATE, STATE_KEY, &stored);
	if (status == CH_OK && stored.len != STATE_BYTES)
		status = CH_CORRUPT;
	if (status == CH_OK)
		feed_state_parse(stored.data, &state);
	else if (status == CH_NOT_FOUND) /* a new book */
		status = CH_OK;
	if (status == CH_OK)
		status = feed_refused(txn, &state.refused);
	if (status != CH_OK)
		return status;
	state.waiting = book_count(txn, BOOK_OUTBOX);
	*out_state = state;
	return book_status(txn);
}

void feed_state_write(struct book_txn *txn, const struct feed_state *state)
{
	uint8_t bytes[STATE_BYTES] = {0};
	store_le64(bytes, state->incarnation);
	store_le64(bytes + 8, state->position);
	store_le64(bytes + 16, (uint64_t)state->arrival_us);
	store_le64(bytes + 24, state->events);
	store_le64(bytes + 32, state->rejects);
	store_le64(bytes + 40, state->gaps);
	store_le64(bytes + 48, state->missing);
	store_le64(bytes + 56, (uint64_t)state->begun_us);
	bytes[64] = state->caught_up;
	book_put(txn, BOOK_STATE, STATE_KEY, slice_of(bytes, sizeof(bytes)));
}

void feed_count_refused(struct book_txn *txn, int more)
{
	uint8_t bytes[8];
	uint64_t count = 0;
	if (feed_refused(txn, &count) != CH_OK)
		return; /* it sticks */
	store_le64(bytes, count + (uint64_t)more);
	book_put(txn, BOOK_STATE, REFUSED_KEY, slice_of(bytes, sizeof(bytes)));
}

/* ---- What is missing ---- */

void feed_note_gap(struct book_txn *txn, struct feed_state *state, uint64_t first, uint64_t last)
{
	struct key key;
	uint8_t bytes[GAP_BYTES];
	if (last < first)
		return;
	key_start(&key);
	key_u64(&key, first);
	store_le64(bytes, last);
	store_le64(bytes + 8, (uint64_t)state->arrival_us);
	book_put(txn, BOOK_GAPS, key_slice(&key), slice_of(bytes, sizeof(bytes)));
	state->gaps++;
	state->missing += last - first + 1;
}

enum ch_status feed_each_gap(struct book_txn *txn,
	bool (*each)(void *context, const struct feed_gap *gap), void *context)
{
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	struct feed_gap gap;
	enum ch_status status = book_walk_begin(txn, BOOK_GAPS, none, none, &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &key, &value)) == CH_OK) {
		if (value.len != GAP_BYTES || !key_take_u64(&key, &gap.first)) {
			status = CH_CORRUPT;
			break;
		}
		gap.last = load_le64(value.data);
		gap.noticed_us = (int64_t)load_le64(value.data + 8);
		if (!each(context, &gap))
			break;
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* ---- What could not be folded ---- */

void feed_note_reject(struct book_txn *txn, const struct feed_event *event, enum ch_status status)
{
	struct key key;
	struct slice oldest;
	struct slice value;
	struct slice none = {NULL, 0};
	struct book_walk *walk = NULL;
	struct buffer bytes = {0};
	uint8_t number[REJECT_BYTES];
	key_start(&key);
	key_u64(&key, event->sequence);
	key_u32(&key, event->part);
	store_le32(number, (uint32_t)status);
	buffer_append(&bytes, number, sizeof(number));
	buffer_append_slice(&bytes, event->head.type);
	book_fail(txn, bytes.status);
	book_put(txn, BOOK_REJECTS, key_slice(&key), buffer_slice(&bytes));
	buffer_fini(&bytes);
	if (book_count(txn, BOOK_REJECTS) <= LIMIT_MODULE_REJECTS)
		return;
	if (book_walk_begin(txn, BOOK_REJECTS, none, none, &walk) == CH_OK &&
		book_walk_next(walk, &oldest, &value) == CH_OK)
		book_delete(txn, BOOK_REJECTS, oldest);
	book_walk_end(walk);
}

static enum ch_status feed_reject_parse(
	struct slice key, struct slice value, struct feed_reject *out)
{
	if (value.len < REJECT_BYTES || !key_take_u64(&key, &out->sequence) ||
		!key_take_u32(&key, &out->part))
		return CH_CORRUPT;
	out->status = (enum ch_status)load_le32(value.data);
	out->type = slice_sub(value, REJECT_BYTES, value.len);
	out->reason = slice_text(ch_status_text(out->status));
	return CH_OK;
}

enum ch_status feed_each_reject(struct book_txn *txn,
	bool (*each)(void *context, const struct feed_reject *reject), void *context)
{
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	struct key most;
	struct feed_reject reject;
	enum ch_status status = book_last(txn, BOOK_REJECTS, none, none, &key, &value);
	while (status == CH_OK) {
		status = feed_reject_parse(key, value, &reject);
		if (status != CH_OK || !each(context, &reject))
			break;
		/* The one before: a part less, or the last part of an earlier sequence. */
		key_start(&most);
		key_u64(&most, reject.part > 0 ? reject.sequence : reject.sequence - 1);
		key_u32(&most, reject.part > 0 ? reject.part - 1 : UINT32_MAX);
		status = book_last(txn, BOOK_REJECTS, none, key_slice(&most), &key, &value);
	}
	return status == CH_NOT_FOUND ? CH_OK : status;
}
