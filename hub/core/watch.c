/* What the hub's clock looks at next: a heap by time, and beside it the same in TABLE_DUE, from which it
 * is filled at start.  An id is a promise's, or WATCH_PROMOTION and a promotion's.
 *
 * An entry of the clock takes up what is due, at most DUE_PER_ENTRY of it; each effect moves its id to
 * the next time or takes it out, so an entry never leaves what it has looked at. */
#include <stdlib.h>

#include "base/bytes.h"
#include "core/core.h"

/* Bounded, so that one entry stays small; the rest follows in the next one at the same time.  Each tells at
 * most two events: a promotion whose begin and end have both passed. */
#define DUE_PER_ENTRY (LIMIT_DERIVED_PER_EVENT / 2u)

/* Nor does an entry grow beyond this by much: what is derived holds what others have published. */
#define DERIVED_BYTES (1024u * 1024u)

/* ---- The heap ---- */

/* The same in every process: FNV-1a of the id. */
static uint64_t watch_tie(struct slice id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < id.len; i++)
		hash = (hash ^ id.data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct slice watch_id(const struct due_item *item)
{
	return slice_of(item->id, item->id_len);
}

static enum ch_status watch_remember(struct core *core, struct slice id, int64_t due_us)
{
	struct due_item *item = malloc(sizeof(*item) + id.len);
	if (item == NULL)
		return CH_NOMEM;
	item->item = (struct heap_item){.due_us = due_us, .tie = watch_tie(id), .place = HEAP_OUT};
	item->promise = !slice_starts(id, SLICE_LITERAL(WATCH_PROMOTION));
	item->id_len = id.len;
	memcpy(item->id, id.data, id.len);
	enum ch_status status = table_put(&core->due_by_id, watch_id(item), item);
	if (status == CH_OK) {
		status = heap_push(&core->due, &item->item);
		if (status != CH_OK)
			(void)table_remove(&core->due_by_id, id);
	}
	if (status == CH_OK)
		core->promises += item->promise;
	else
		free(item);
	return status == CH_EXISTS ? CH_CORRUPT : status;
}

static size_t watch_key(uint8_t key[8 + LIMIT_KEY_BYTES], int64_t due_us, struct slice id)
{
	store_be64(key, (uint64_t)due_us);
	memcpy(key + 8, id.data, id.len);
	return 8 + id.len;
}

void watch_drop(struct core *core, struct change *change, struct slice id)
{
	uint8_t key[8 + LIMIT_KEY_BYTES];
	struct due_item *item = table_remove(&core->due_by_id, id);
	if (item == NULL)
		return;
	change_delete(change, TABLE_DUE, slice_of(key, watch_key(key, item->item.due_us, id)));
	heap_remove(&core->due, &item->item);
	core->promises -= item->promise;
	free(item);
}

enum ch_status watch_put(struct core *core, struct change *change, struct slice id, int64_t due_us)
{
	uint8_t key[8 + LIMIT_KEY_BYTES];
	watch_drop(core, change, id);
	change_put(change, TABLE_DUE, slice_of(key, watch_key(key, due_us, id)),
		(struct slice){NULL, 0});
	return watch_remember(core, id, due_us);
}

enum ch_status watch_fold(struct core *core, struct change *change, const struct effect *effect)
{
	if (effect->id.len == 0 || effect->id.len > LIMIT_KEY_BYTES - 16)
		return CH_CORRUPT;
	if (effect->number != 0)
		return watch_put(core, change, effect->id, (int64_t)effect->number);
	watch_drop(core, change, effect->id);
	return CH_OK;
}

struct watch_visit {
	struct core *core;
	enum ch_status status;
};

static bool watch_visit(void *context, struct slice key, struct slice value)
{
	struct watch_visit *visit = context;
	(void)value; /* the key says all */
	if (key.len <= 8)
		visit->status = CH_CORRUPT;
	else
		visit->status = watch_remember(
			visit->core, slice_sub(key, 8, key.len), (int64_t)load_be64(key.data));
	return visit->status == CH_OK;
}

enum ch_status watch_load(struct core *core, struct rtxn *rtxn)
{
	struct watch_visit visit = {core, CH_OK};
	enum ch_status status =
		rtxn_scan(rtxn, TABLE_DUE, (struct slice){NULL, 0}, watch_visit, &visit);
	return status != CH_OK ? status : visit.status;
}

void watch_fini(struct core *core)
{
	struct heap_item *item;
	while ((item = heap_pop(&core->due)) != NULL)
		free(item);
	heap_fini(&core->due);
	table_fini(&core->due_by_id);
}

/* ---- The clock ---- */

void ruling_watch(struct ruling *ruling, struct slice id, int64_t due_us)
{
	ruling_effect(
		ruling, &(struct effect){.op = EFFECT_WATCH, .id = id, .number = (uint64_t)due_us});
}

int64_t core_next_due_us(const struct core *core)
{
	const struct heap_item *top = heap_top(&core->due);
	return top != NULL ? top->due_us : INT64_MAX;
}

/* Those that are due, in their order; the heap stays as it was. */
static enum ch_status watch_collect(
	struct core *core, int64_t now_us, struct due_item *due[DUE_PER_ENTRY], size_t *out_count)
{
	enum ch_status status = CH_OK;
	size_t count = 0;
	while (count < DUE_PER_ENTRY && core_next_due_us(core) <= now_us)
		due[count++] = (struct due_item *)(void *)heap_pop(&core->due);
	for (size_t i = 0; i < count && status == CH_OK; i++)
		status = heap_push(&core->due, &due[i]->item); /* there is room: it was there */
	*out_count = count;
	return status;
}

enum ch_status core_decide_clock(
	struct core *core, struct change *change, int64_t arrival_us, struct decision *out_decision)
{
	struct due_item *due[DUE_PER_ENTRY];
	struct input input = {.arrival_us = arrival_us};
	struct ruling ruling = {.core = core, .change = change, .input = &input};
	size_t count;
	if (core_next_due_us(core) > arrival_us)
		return CH_END;
	core_clear(core);
	enum ch_status status = watch_collect(core, arrival_us, due, &count);
	if (status != CH_OK)
		return status;
	for (size_t i = 0; i < count && ruling.status == CH_OK && core->derived.len < DERIVED_BYTES;
		i++) {
		if (due[i]->promise)
			deadline_due(&ruling, watch_id(due[i]));
		else
			reference_due(&ruling, watch_id(due[i]));
	}
	if (ruling.status != CH_OK)
		return ruling.status;
	*out_decision = (struct decision){
		.verdict = DECIDED_ENTRY,
		.field = "",
		.entry =
			{
				.kind = ENTRY_CLOCK,
				.outcome = ENTRY_ACCEPTED,
				.rules_version = RULES_VERSION,
				.occurred_us = arrival_us,
				.effects = buffer_slice(&core->effects.open),
				.effects_personal = buffer_slice(&core->effects.personal),
				.derived = buffer_slice(&core->derived),
				.derived_personal = buffer_slice(&core->derived_personal),
			},
	};
	return CH_OK;
}
