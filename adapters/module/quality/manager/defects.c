#include "module/quality/manager/defects.h"

#include <stdlib.h>

#include "base/limits.h"

void defects_init(struct defects *defects, int64_t from_us, int64_t until_us,
	const struct fact_filter *filter)
{
	*defects = (struct defects){.from_us = from_us, .until_us = until_us, .filter = *filter};
	pareto_init(&defects->all, NULL);
	arena_init(&defects->arena);
	for (size_t i = 0; i < DEFECT_DIMENSIONS; i++)
		table_init(&defects->by_name[i]);
}

void defects_fini(struct defects *defects)
{
	for (size_t i = 0; i < DEFECT_DIMENSIONS; i++) {
		struct defect_stratum *stratum;
		size_t at = 0;
		while ((stratum = table_next(&defects->by_name[i], &at)) != NULL)
			pareto_fini(&stratum->defects);
		table_fini(&defects->by_name[i]);
		free(defects->strata[i]);
	}
	pareto_fini(&defects->all);
	arena_fini(&defects->arena);
	*defects = (struct defects){0};
}

static enum ch_status defects_stratum(struct defects *defects, enum defect_dimension dimension,
	struct slice name, struct defect_stratum **out_stratum)
{
	struct table *table = &defects->by_name[dimension];
	struct defect_stratum *stratum = table_get(table, name);
	if (stratum == NULL) {
		if (table->count == LIMIT_PARETO_CLASSES)
			return CH_TOO_LARGE;
		stratum = arena_alloc(&defects->arena, sizeof(*stratum));
		struct slice copy = arena_copy(&defects->arena, name);
		if (stratum == NULL || (copy.data == NULL && name.len > 0))
			return CH_NOMEM;
		*stratum = (struct defect_stratum){.name = copy};
		pareto_init(&stratum->defects, NULL);
		if (table_put(table, copy, stratum) != CH_OK)
			return CH_NOMEM;
	}
	*out_stratum = stratum;
	return CH_OK;
}

/* The codes of a repair that were found in the stretch. */
static size_t defects_found(
	const struct defects *defects, const struct repair_fact *fact, struct slice *codes)
{
	size_t count = 0;
	for (size_t i = 0; i < fact->defect_count; i++) {
		const struct mark *mark = fact->defects[i];
		if (mark->moment_us >= defects->from_us && mark->moment_us < defects->until_us)
			codes[count++] = mark->texts[0];
	}
	return count;
}

static enum ch_status defects_count(struct defects *defects, enum defect_dimension dimension,
	struct slice name, const struct slice *codes, size_t count)
{
	struct defect_stratum *stratum;
	enum ch_status status = defects_stratum(defects, dimension, name, &stratum);
	if (status == CH_OK)
		stratum->repairs++;
	for (size_t i = 0; status == CH_OK && i < count; i++)
		status = pareto_add(&stratum->defects, codes[i], 1);
	return status;
}

enum ch_status defects_take_repair(
	void *self, const struct repair_fact *fact, const struct marks *marks)
{
	struct defects *defects = self;
	struct slice codes[REPAIR_LIST_MAX];
	bool mine = false;
	(void)marks;
	size_t count = defects_found(defects, fact, codes);
	enum ch_status status =
		count > 0 ? fact_filter_repair(&defects->filter, fact, &mine) : CH_OK;
	if (status != CH_OK || !mine)
		return status;
	defects->repairs++;
	for (size_t i = 0; status == CH_OK && i < count; i++)
		status = pareto_add(&defects->all, codes[i], 1);
	if (status == CH_OK)
		status = defects_count(defects, DEFECT_BY_MODEL, fact->model, codes, count);
	if (status == CH_OK)
		status = defects_count(defects, DEFECT_BY_STATION, fact->station, codes, count);
	for (size_t i = 0; status == CH_OK && i < fact->part_count; i++)
		status =
			defects_count(defects, DEFECT_BY_PART, fact->part_numbers[i], codes, count);
	return status;
}

static int defects_compare(const void *left, const void *right)
{
	const struct defect_stratum *a = *(struct defect_stratum *const *)left;
	const struct defect_stratum *b = *(struct defect_stratum *const *)right;
	if (a->defects.total != b->defects.total)
		return a->defects.total > b->defects.total ? -1 : 1;
	return slice_compare(a->name, b->name);
}

enum ch_status defects_rank(struct defects *defects)
{
	pareto_rank(&defects->all);
	for (size_t i = 0; i < DEFECT_DIMENSIONS; i++) {
		struct table *table = &defects->by_name[i];
		struct defect_stratum *stratum;
		size_t at = 0;
		if (table->count == 0)
			continue;
		defects->strata[i] = calloc(table->count, sizeof(struct defect_stratum *));
		if (defects->strata[i] == NULL)
			return CH_NOMEM;
		while ((stratum = table_next(table, &at)) != NULL) {
			pareto_rank(&stratum->defects);
			defects->strata[i][defects->count[i]++] = stratum;
		}
		qsort(defects->strata[i], defects->count[i], sizeof(struct defect_stratum *),
			defects_compare);
	}
	return CH_OK;
}
