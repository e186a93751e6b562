#include "module/quality/measure/strata.h"

#include <stdlib.h>

#include "base/bytes.h"

void strata_init(struct strata *strata)
{
	*strata = (struct strata){.key = {0}};
	arena_init(&strata->arena);
	table_init(&strata->wheres.by_key);
	table_init(&strata->parts.by_key);
	table_init(&strata->stations);
}

void strata_fini(struct strata *strata)
{
	table_fini(&strata->wheres.by_key);
	table_fini(&strata->parts.by_key);
	table_fini(&strata->stations);
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

static enum ch_status strata_list_add(
	struct strata_list *list, struct arena *arena, struct slice key, void *item)
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

/* NULL: out of memory. */
static struct strata_station *strata_station_of(struct strata *strata, struct slice name)
{
	struct strata_station *station = table_get(&strata->stations, name);
	if (station != NULL)
		return station;
	station = arena_alloc(&strata->arena, sizeof(*station));
	if (station == NULL || table_put(&strata->stations, name, station) != CH_OK)
		return NULL;
	*station = (struct strata_station){.period_rows = {NULL}};
	return station;
}

static enum ch_status strata_make_where(
	struct strata *strata, const struct measure_subject *subject)
{
	struct strata_list *list = &strata->wheres;
	struct strata_where *where = arena_alloc(&strata->arena, sizeof(*where));
	if (where == NULL)
		return CH_NOMEM;
	*where = (struct strata_where){
		.number = (uint32_t)list->by_key.count, .group = subject->group};
	if (!strata_copy(strata, subject->station, &where->station) ||
		!strata_copy(strata, subject->model, &where->model))
		return CH_NOMEM;
	where->of_station = strata_station_of(strata, where->station);
	if (where->of_station == NULL)
		return CH_NOMEM;
	return strata_list_add(list, &strata->arena, buffer_slice(&strata->key), where);
}

static enum ch_status strata_where(
	struct strata *strata, const struct measure_subject *subject, uint32_t *out_number)
{
	const struct strata_list *list = &strata->wheres;
	buffer_clear(&strata->key);
	buffer_append_byte(&strata->key, (uint8_t)subject->group);
	strata_key_text(&strata->key, subject->station);
	strata_key_text(&strata->key, subject->model);
	if (strata->key.status != CH_OK)
		return strata->key.status;
	const struct strata_where *where = table_get(&list->by_key, buffer_slice(&strata->key));
	*out_number = where != NULL ? where->number : (uint32_t)list->by_key.count;
	return where != NULL ? CH_OK : strata_make_where(strata, subject);
}

static enum ch_status strata_make_parts(
	struct strata *strata, const struct measure_subject *subject)
{
	struct strata_list *list = &strata->parts;
	struct strata_parts *set = arena_alloc(&strata->arena, sizeof(*set));
	struct slice *parts = arena_alloc(&strata->arena, subject->part_count * sizeof(*parts) + 1);
	if (set == NULL || parts == NULL)
		return CH_NOMEM;
	*set = (struct strata_parts){.number = (uint32_t)list->by_key.count,
		.count = subject->part_count,
		.parts = parts};
	for (size_t i = 0; i < set->count; i++) {
		if (!strata_copy(strata, subject->parts[i], &parts[i]))
			return CH_NOMEM;
	}
	return strata_list_add(list, &strata->arena, buffer_slice(&strata->key), set);
}

static enum ch_status strata_parts(
	struct strata *strata, const struct measure_subject *subject, uint32_t *out_number)
{
	const struct strata_list *list = &strata->parts;
	buffer_clear(&strata->key);
	buffer_append_byte(&strata->key, (uint8_t)subject->part_count);
	for (size_t i = 0; i < subject->part_count; i++)
		strata_key_text(&strata->key, subject->parts[i]);
	if (strata->key.status != CH_OK)
		return strata->key.status;
	const struct strata_parts *set = table_get(&list->by_key, buffer_slice(&strata->key));
	*out_number = set != NULL ? set->number : (uint32_t)list->by_key.count;
	return set != NULL ? CH_OK : strata_make_parts(strata, subject);
}

enum ch_status strata_keep(struct strata *strata, struct measure_subject *subject)
{
	enum ch_status status = strata_where(strata, subject, &subject->stratum.where);
	return status == CH_OK ? strata_parts(strata, subject, &subject->stratum.parts) : status;
}

struct strata_where *strata_where_of(const struct strata *strata, struct stratum stratum)
{
	return strata->wheres.items[stratum.where];
}

struct strata_parts *strata_parts_of(const struct strata *strata, struct stratum stratum)
{
	return strata->parts.items[stratum.parts];
}

void strata_subject(
	const struct strata *strata, struct stratum stratum, struct measure_subject *out_subject)
{
	const struct strata_where *where = strata_where_of(strata, stratum);
	const struct strata_parts *set = strata_parts_of(strata, stratum);
	*out_subject = (struct measure_subject){.station = where->station,
		.model = where->model,
		.parts = set->parts,
		.part_count = set->count,
		.group = where->group,
		.stratum = stratum};
}
