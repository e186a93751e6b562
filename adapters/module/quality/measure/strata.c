#include "module/quality/measure/strata.h"

#include <stdlib.h>

#include "base/bytes.h"

/* Without its parts. */
struct where {
	uint32_t number;
	enum customer_group group;
	struct slice station;
	struct slice model;
};

struct part_set {
	uint32_t number;
	size_t count;
	struct slice parts[];
};

void strata_init(struct strata *strata)
{
	*strata = (struct strata){.key = {0}};
	arena_init(&strata->arena);
	table_init(&strata->wheres.by_key);
	table_init(&strata->parts.by_key);
}

void strata_fini(struct strata *strata)
{
	table_fini(&strata->wheres.by_key);
	table_fini(&strata->parts.by_key);
	free(strata->wheres.items);
	free(strata->parts.items);
	buffer_fini(&strata->key);
	arena_fini(&strata->arena);
}

/* False: memory has run out. */
static bool strata_copy(struct strata *strata, struct slice text, struct slice *out_copy)
{
	*out_copy = arena_copy(&strata->arena, text);
	return out_copy->data != NULL || text.len == 0;
}

static void strata_key_text(struct buffer *key, struct slice text)
{
	uint8_t len[4];
	store_be32(len, (uint32_t)text.len);
	buffer_append(key, len, sizeof(len));
	buffer_append_slice(key, text);
}

static enum ch_status stratum_list_add(
	struct stratum_list *list, struct arena *arena, struct slice key, void *item)
{
	size_t at = list->by_key.count;
	if (at == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
		void **items = realloc(list->items, capacity * sizeof(void *));
		if (items == NULL)
			return CH_NOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	struct slice kept = arena_copy(arena, key);
	if (kept.data == NULL)
		return CH_NOMEM;
	enum ch_status status = table_put(&list->by_key, kept, item);
	if (status == CH_OK)
		list->items[at] = item;
	return status;
}

static enum ch_status strata_where(
	struct strata *strata, const struct measure_subject *subject, uint32_t *out_number)
{
	struct stratum_list *list = &strata->wheres;
	buffer_clear(&strata->key);
	buffer_append_byte(&strata->key, (uint8_t)subject->group);
	strata_key_text(&strata->key, subject->station);
	strata_key_text(&strata->key, subject->model);
	if (strata->key.status != CH_OK)
		return strata->key.status;
	struct where *where = table_get(&list->by_key, buffer_slice(&strata->key));
	if (where == NULL) {
		where = arena_alloc(&strata->arena, sizeof(*where));
		if (where == NULL)
			return CH_NOMEM;
		*where = (struct where){
			.number = (uint32_t)list->by_key.count, .group = subject->group};
		if (!strata_copy(strata, subject->station, &where->station) ||
			!strata_copy(strata, subject->model, &where->model))
			return CH_NOMEM;
		enum ch_status status =
			stratum_list_add(list, &strata->arena, buffer_slice(&strata->key), where);
		if (status != CH_OK)
			return status;
	}
	*out_number = where->number;
	return CH_OK;
}

static enum ch_status strata_parts(
	struct strata *strata, const struct measure_subject *subject, uint32_t *out_number)
{
	struct stratum_list *list = &strata->parts;
	size_t count = subject->part_count;
	buffer_clear(&strata->key);
	buffer_append_byte(&strata->key, (uint8_t)count);
	for (size_t i = 0; i < count; i++)
		strata_key_text(&strata->key, subject->parts[i]);
	if (strata->key.status != CH_OK)
		return strata->key.status;
	struct part_set *set = table_get(&list->by_key, buffer_slice(&strata->key));
	if (set == NULL) {
		set = arena_alloc(&strata->arena, sizeof(*set) + count * sizeof(*set->parts));
		if (set == NULL)
			return CH_NOMEM;
		set->number = (uint32_t)list->by_key.count;
		set->count = count;
		for (size_t i = 0; i < count; i++) {
			if (!strata_copy(strata, subject->parts[i], &set->parts[i]))
				return CH_NOMEM;
		}
		enum ch_status status =
			stratum_list_add(list, &strata->arena, buffer_slice(&strata->key), set);
		if (status != CH_OK)
			return status;
	}
	*out_number = set->number;
	return CH_OK;
}

enum ch_status strata_keep(
	struct strata *strata, const struct measure_subject *subject, struct stratum *out_stratum)
{
	struct stratum stratum;
	enum ch_status status = strata_where(strata, subject, &stratum.where);
	if (status == CH_OK)
		status = strata_parts(strata, subject, &stratum.parts);
	if (status == CH_OK)
		*out_stratum = stratum;
	return status;
}

void strata_subject(
	const struct strata *strata, struct stratum stratum, struct measure_subject *out_subject)
{
	const struct where *where = strata->wheres.items[stratum.where];
	const struct part_set *set = strata->parts.items[stratum.parts];
	*out_subject = (struct measure_subject){.station = where->station,
		.model = where->model,
		.parts = set->parts,
		.part_count = set->count,
		.group = where->group};
}
