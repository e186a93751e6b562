#include "client/ledger.h"

#include <stdlib.h>

#include "base/limits.h"

#define MOST_ENTRIES (4u * LIMIT_INFLIGHT_PER_SUB)

enum entry_state { ENTRY_TAKEN, ENTRY_ACKED, ENTRY_NACKED };

struct ledger_entry {
	uint64_t sequence;
	uint32_t epoch; /* of its last delivery: older ones are not out */
	uint8_t state;
};

struct ledger_nack {
	struct nack nack;
	char *reason;
};

static uint64_t ledger_capacity(uint32_t credit)
{
	uint64_t capacity = 64;
	while (capacity < 2 * (uint64_t)credit && capacity < MOST_ENTRIES)
		capacity *= 2;
	return capacity;
}

enum ch_status ledger_init(struct ledger *ledger, uint32_t credit, uint64_t base)
{
	uint64_t capacity = ledger_capacity(credit);
	*ledger = (struct ledger){.epoch = 1, .done = base, .pinned = UINT64_MAX};
	ledger->ring = calloc(capacity, sizeof(*ledger->ring));
	if (ledger->ring == NULL)
		return CH_NOMEM;
	ledger->capacity = capacity;
	ledger->most = capacity < MOST_ENTRIES / 8 ? 8 * capacity : MOST_ENTRIES;
	return CH_OK;
}

static void ledger_forget_answers(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->nack_count; i++)
		free(ledger->nacks[i].reason);
	ledger->nack_count = 0;
	ledger->range_count = 0;
	ledger->up_to = 0;
	ledger->waiting = 0;
}

void ledger_fini(struct ledger *ledger)
{
	ledger_forget_answers(ledger);
	free(ledger->nacks);
	free(ledger->ranges);
	free(ledger->known);
	free(ledger->ring);
	*ledger = (struct ledger){0};
}

static struct ledger_entry *ledger_at(const struct ledger *ledger, uint64_t index)
{
	return &ledger->ring[index & (ledger->capacity - 1)];
}

/* NULL when the entry was forgotten, or never was. */
static struct ledger_entry *ledger_find(
	const struct ledger *ledger, uint64_t index, uint64_t sequence)
{
	if (index < ledger->oldest || index >= ledger->next)
		return NULL;
	struct ledger_entry *entry = ledger_at(ledger, index);
	return entry->sequence == sequence ? entry : NULL;
}

/* ---- Taking ---- */

static bool ledger_grow(struct ledger *ledger)
{
	uint64_t capacity = 2 * ledger->capacity;
	if (capacity > ledger->most)
		return false;
	struct ledger_entry *ring = calloc(capacity, sizeof(*ring));
	if (ring == NULL)
		return false;
	for (uint64_t i = ledger->oldest; i < ledger->next; i++)
		ring[i & (capacity - 1)] = *ledger_at(ledger, i);
	free(ledger->ring);
	ledger->ring = ring;
	ledger->capacity = capacity;
	return true;
}

/* An answered entry is forgotten gladly.  For an open one the ring grows, up to its bound. */
static void ledger_make_room(struct ledger *ledger)
{
	if (ledger->next - ledger->oldest < ledger->capacity)
		return;
	const struct ledger_entry *entry = ledger_at(ledger, ledger->oldest);
	if (entry->state == ENTRY_TAKEN && ledger_grow(ledger))
		return;
	if (entry->state == ENTRY_TAKEN)
		ledger->open--;
	if (entry->state != ENTRY_ACKED && entry->sequence < ledger->pinned)
		ledger->pinned = entry->sequence;
	ledger->oldest++;
}

/* Where a sequence that was delivered before has its entry: a linear scan, as redeliveries are rare. */
static uint64_t ledger_index_of(const struct ledger *ledger, uint64_t sequence)
{
	for (uint64_t i = ledger->next; i > ledger->oldest; i--) {
		if (ledger_at(ledger, i - 1)->sequence == sequence)
			return i - 1;
	}
	return LEDGER_NOWHERE;
}

uint64_t ledger_take(struct ledger *ledger, uint64_t sequence)
{
	uint64_t index = LEDGER_NOWHERE;
	if (sequence <= ledger->done)
		index = ledger_index_of(ledger, sequence);
	if (index == LEDGER_NOWHERE) {
		ledger_make_room(ledger);
		index = ledger->next++;
		*ledger_at(ledger, index) =
			(struct ledger_entry){.sequence = sequence, .state = ENTRY_NACKED};
	}
	struct ledger_entry *entry = ledger_at(ledger, index);
	if (entry->state != ENTRY_TAKEN)
		ledger->open++;
	entry->state = ENTRY_TAKEN;
	entry->epoch = ledger->epoch;
	ledger_pass(ledger, sequence);
	return index;
}

void ledger_pass(struct ledger *ledger, uint64_t sequence)
{
	if (sequence > ledger->done)
		ledger->done = sequence;
}

/* ---- Answers ---- */

static enum ch_status ledger_tell(struct ledger *ledger, uint64_t sequence)
{
	struct ack_range *last =
		ledger->range_count > 0 ? &ledger->ranges[ledger->range_count - 1] : NULL;
	if (last != NULL && sequence == last->last + 1) {
		last->last = sequence;
		ledger->waiting++;
		return CH_OK;
	}
	if (ledger->range_count == ledger->range_capacity) {
		size_t capacity = ledger->range_capacity == 0 ? 16 : 2 * ledger->range_capacity;
		struct ack_range *ranges =
			realloc(ledger->ranges, capacity * sizeof(*ledger->ranges));
		if (ranges == NULL)
			return CH_NOMEM;
		ledger->ranges = ranges;
		ledger->range_capacity = capacity;
	}
	ledger->ranges[ledger->range_count++] = (struct ack_range){sequence, sequence};
	ledger->waiting++;
	return CH_OK;
}

static void ledger_settle(struct ledger *ledger, struct ledger_entry *entry, uint8_t state)
{
	if (entry->state == ENTRY_TAKEN)
		ledger->open--;
	entry->state = state;
}

enum ch_status ledger_ack(struct ledger *ledger, uint64_t index, uint64_t sequence)
{
	struct ledger_entry *entry = ledger_find(ledger, index, sequence);
	enum ch_status status = CH_OK;
	if (index < ledger->void_below)
		return CH_OK;
	if (entry == NULL) /* forgotten */
		return ledger_tell(ledger, sequence);
	if (entry->state == ENTRY_ACKED)
		return CH_OK;
	if (entry->epoch == ledger->epoch)
		status = ledger_tell(ledger, sequence);
	if (status == CH_OK)
		ledger_settle(ledger, entry, ENTRY_ACKED);
	return status;
}

enum ch_status ledger_nack(struct ledger *ledger, uint64_t index, const struct nack *nack)
{
	struct ledger_entry *entry = ledger_find(ledger, index, nack->sequence);
	if (index < ledger->void_below || (entry != NULL && entry->state != ENTRY_TAKEN))
		return CH_OK;
	if (ledger->nack_count == ledger->nack_capacity) {
		size_t capacity = ledger->nack_capacity == 0 ? 16 : 2 * ledger->nack_capacity;
		struct ledger_nack *nacks =
			realloc(ledger->nacks, capacity * sizeof(*ledger->nacks));
		if (nacks == NULL)
			return CH_NOMEM;
		ledger->nacks = nacks;
		ledger->nack_capacity = capacity;
	}
	struct ledger_nack *place = &ledger->nacks[ledger->nack_count];
	*place = (struct ledger_nack){.nack = *nack};
	if (nack->reason.len > 0) {
		place->reason = malloc(nack->reason.len);
		if (place->reason == NULL)
			return CH_NOMEM;
		memcpy(place->reason, nack->reason.data, nack->reason.len);
		place->nack.reason = slice_of(place->reason, nack->reason.len);
	}
	ledger->nack_count++;
	ledger->waiting++;
	if (entry != NULL)
		ledger_settle(ledger, entry, ENTRY_NACKED);
	return CH_OK;
}

void ledger_ack_up_to(struct ledger *ledger, uint64_t sequence)
{
	for (uint64_t i = ledger->oldest; i < ledger->next; i++) {
		struct ledger_entry *entry = ledger_at(ledger, i);
		if (entry->sequence <= sequence)
			ledger_settle(ledger, entry, ENTRY_ACKED);
	}
	if (ledger->pinned <= sequence)
		ledger->pinned = UINT64_MAX;
	if (sequence > ledger->up_to)
		ledger->up_to = sequence;
	ledger_pass(ledger, sequence);
	ledger->waiting++;
}

/* ---- Telling the hub ---- */

static int ledger_compare_ranges(const void *left, const void *right)
{
	const struct ack_range *a = left;
	const struct ack_range *b = right;
	return (a->first > b->first) - (a->first < b->first);
}

/* Workers that finish in another order leave many short ranges: put side by side, they join. */
static void ledger_join_ranges(struct ledger *ledger)
{
	size_t count = 0;
	if (ledger->range_count < 2)
		return;
	qsort(ledger->ranges, ledger->range_count, sizeof(*ledger->ranges), ledger_compare_ranges);
	for (size_t i = 0; i < ledger->range_count; i++) {
		const struct ack_range range = ledger->ranges[i];
		if (count > 0 && ledger->ranges[count - 1].last + 1 == range.first)
			ledger->ranges[count - 1].last = range.last;
		else
			ledger->ranges[count++] = range;
	}
	ledger->range_count = count;
}

static void ledger_emit_ranges(struct ledger *ledger, struct buffer *out)
{
	for (unsigned i = 0; i < LIMIT_RANGES_PER_ACK && ledger->range_count > 0; i++)
		ack_add_range(out, &ledger->ranges[--ledger->range_count]);
}

static void ledger_emit_nacks(struct ledger *ledger, struct buffer *out)
{
	for (unsigned i = 0; i < LIMIT_NACKS_PER_ACK && ledger->nack_count > 0; i++) {
		struct ledger_nack *nack = &ledger->nacks[--ledger->nack_count];
		ack_add_nack(out, &nack->nack);
		free(nack->reason);
	}
}

bool ledger_emit(struct ledger *ledger, uint32_t handle, struct slice job, struct buffer *out)
{
	if (ledger->range_count == 0 && ledger->nack_count == 0 && ledger->up_to == 0)
		return false;
	ledger_join_ranges(ledger);
	ack_begin(out, handle, ledger->up_to);
	ack_put_job(out, job);
	ledger_emit_ranges(ledger, out);
	ledger_emit_nacks(ledger, out);
	ledger->up_to = 0;
	ledger->waiting = 0;
	return true;
}

/* ---- Lost and found ---- */

struct known {
	uint64_t sequence;
	uint64_t index;
};

static int ledger_compare_known(const void *left, const void *right)
{
	const struct known *a = left;
	const struct known *b = right;
	if (a->sequence != b->sequence)
		return a->sequence > b->sequence ? 1 : -1;
	return (a->index > b->index) - (a->index < b->index);
}

/* A sequence can have several entries: it was refused and came again.  The newest counts. */
static size_t ledger_list_known(const struct ledger *ledger, struct known *list)
{
	size_t count = 0;
	size_t kept = 0;
	for (uint64_t i = ledger->oldest; i < ledger->next; i++)
		list[count++] = (struct known){ledger_at(ledger, i)->sequence, i};
	qsort(list, count, sizeof(*list), ledger_compare_known);
	for (size_t i = 0; i < count; i++) {
		bool newest = i + 1 == count || list[i + 1].sequence != list[i].sequence;
		if (newest && ledger_at(ledger, list[i].index)->state != ENTRY_NACKED)
			list[kept++] = list[i];
	}
	return kept;
}

void ledger_move(struct ledger *ledger)
{
	ledger_forget_answers(ledger);
	ledger->epoch++;
	free(ledger->known);
	ledger->known = NULL;
	ledger->known_count = 0;
}

void ledger_start_over(struct ledger *ledger, uint64_t base)
{
	ledger_move(ledger);
	ledger->oldest = ledger->next;
	ledger->void_below = ledger->next;
	ledger->open = 0;
	ledger->pinned = UINT64_MAX;
	ledger->done = base;
}

enum ch_status ledger_reattach(struct ledger *ledger)
{
	size_t count = (size_t)(ledger->next - ledger->oldest);
	ledger_move(ledger);
	if (count == 0)
		return CH_OK;
	struct known *list = malloc(count * sizeof(*list));
	uint64_t *known = malloc(count * sizeof(*known));
	if (list == NULL || known == NULL) {
		free(list);
		free(known);
		return CH_NOMEM;
	}
	ledger->known_count = ledger_list_known(ledger, list);
	for (size_t i = 0; i < ledger->known_count; i++)
		known[i] = list[i].index;
	ledger->known = known;
	free(list);
	return CH_OK;
}

/* The index that a known sequence has; LEDGER_NOWHERE: not known, or forgotten since. */
static uint64_t ledger_look_up(const struct ledger *ledger, uint64_t sequence)
{
	size_t low = 0;
	size_t high = ledger->known_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t index = ledger->known[middle];
		/* Forgotten ones were overwritten; they can only stand below what is left, as far
		 * as sequences rise.  Where they do not, the worst is a delivery that comes twice. */
		uint64_t at = index < ledger->oldest ? 0 : ledger_at(ledger, index)->sequence;
		if (at == sequence)
			return index;
		if (at < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return LEDGER_NOWHERE;
}

bool ledger_knows(const struct ledger *ledger, uint64_t sequence)
{
	uint64_t index = ledger_look_up(ledger, sequence);
	/* Refused since: its redelivery is what was asked for. */
	return index != LEDGER_NOWHERE && ledger_at(ledger, index)->state != ENTRY_NACKED;
}

enum ch_status ledger_again(struct ledger *ledger, uint64_t sequence)
{
	uint64_t index = ledger_look_up(ledger, sequence);
	if (index == LEDGER_NOWHERE)
		return CH_OK;
	struct ledger_entry *entry = ledger_at(ledger, index);
	entry->epoch = ledger->epoch;
	if (entry->state == ENTRY_ACKED)
		return ledger_tell(ledger, sequence);
	return CH_OK;
}

uint64_t ledger_position(const struct ledger *ledger)
{
	uint64_t position = ledger->done;
	for (uint64_t i = ledger->oldest; i < ledger->next; i++) {
		const struct ledger_entry *entry = ledger_at(ledger, i);
		if (entry->state != ENTRY_ACKED && entry->sequence <= position)
			position = entry->sequence - 1;
	}
	if (ledger->pinned <= position)
		position = ledger->pinned - 1;
	return position;
}
