#include "module/quality/manager/fact_filter.h"

#include <stdlib.h>

static bool filter_is(struct slice wanted, struct slice told)
{
	return wanted.len == 0 || slice_equal(wanted, told);
}

static bool filter_has_part(const struct fact_filter *filter, const struct repair_fact *fact)
{
	bool found = filter->part.len == 0;
	for (size_t i = 0; i < fact->part_count && !found; i++)
		found = slice_equal(filter->part, fact->part_numbers[i]);
	return found;
}

static enum ch_status filter_group(const struct fact_filter *filter, uint64_t customer,
	uint64_t sequence, int64_t moment_us, bool *out_admitted)
{
	uint64_t now = 0;
	if (filter->group.len == 0) {
		*out_admitted = true;
		return CH_OK;
	}
	enum ch_status status = customers_now(filter->customers, customer, sequence, &now);
	if (status == CH_OK)
		*out_admitted = slice_equal(filter->group,
			slice_text(group_name(customers_group(filter->customers, now, moment_us))));
	return status;
}

enum ch_status fact_filter_repair(
	const struct fact_filter *filter, const struct repair_fact *fact, bool *out_admitted)
{
	*out_admitted = filter_is(filter->station, fact->station) &&
			filter_is(filter->model, fact->model) && filter_has_part(filter, fact);
	if (!*out_admitted)
		return CH_OK;
	return filter_group(
		filter, fact->customer, fact->sequence, fact->begun.moment_us, out_admitted);
}

/* The repair that it is about; what is not told is left as it is. */
static enum ch_status filter_repair_of(const struct fact_filter *filter,
	const struct case_fact *fact, struct marks *marks, struct repair_fact *repair)
{
	struct repair_fact facts[REPAIR_NUMBER_MAX];
	size_t count = 0;
	enum ch_status status = repair_get(
		filter->txn, fact->repair, filter->as_of_us, fact->filed_us, marks, facts, &count);
	if (status == CH_OK && count > 0)
		*repair = facts[count - 1];
	return status;
}

enum ch_status fact_filter_case(
	const struct fact_filter *filter, const struct case_fact *fact, bool *out_admitted)
{
	struct repair_fact repair = {.station = fact->station};
	struct marks *marks = NULL;
	enum ch_status status = CH_OK;
	bool asks = filter->station.len > 0 || filter->model.len > 0 || filter->part.len > 0;
	if (asks && fact->repair.len > 0 && filter->txn != NULL) {
		marks = malloc(sizeof(*marks));
		status = marks != NULL ? filter_repair_of(filter, fact, marks, &repair) : CH_NOMEM;
	}
	*out_admitted =
		status == CH_OK &&
		filter_is(
			filter->station, fact->station.len > 0 ? fact->station : repair.station) &&
		filter_is(filter->model, fact->model.len > 0 ? fact->model : repair.model) &&
		filter_has_part(filter, &repair);
	free(marks);
	if (status != CH_OK || !*out_admitted)
		return status;
	return filter_group(filter, fact->customer, fact->sequence, fact->filed_us, out_admitted);
}
