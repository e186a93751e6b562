#include "module/quality/manager/fact_filter.h"

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

/* What a complaint or an appointment says of itself. */
struct about {
	struct slice station;
	struct slice model;
	struct slice repair; /* the order that it is about; empty: it is not asked */
	uint64_t customer;
	uint64_t sequence;
	int64_t moment_us;
};

/* Where it says nothing of itself, its repair does, whose station is left in `about`. */
static enum ch_status filter_about(const struct fact_filter *filter, struct about *about,
	struct marks *marks, bool *out_admitted)
{
	struct repair_fact facts[REPAIR_NUMBER_MAX];
	struct repair_fact repair = {.number = 0};
	size_t count = 0;
	if (about->repair.len > 0) {
		enum ch_status status = repair_get(filter->txn, about->repair, filter->as_of_us,
			about->moment_us, marks, facts, &count);
		if (status != CH_OK)
			return status;
	}
	if (count > 0)
		repair = facts[count - 1];
	if (about->station.len == 0)
		about->station = repair.station;
	if (about->model.len == 0)
		about->model = repair.model;
	*out_admitted = filter_is(filter->station, about->station) &&
			filter_is(filter->model, about->model) && filter_has_part(filter, &repair);
	return *out_admitted ? filter_group(filter, about->customer, about->sequence,
				       about->moment_us, out_admitted)
			     : CH_OK;
}

enum ch_status fact_filter_case(const struct fact_filter *filter, const struct case_fact *fact,
	struct marks *marks, bool *out_admitted)
{
	bool asks = filter->station.len > 0 || filter->model.len > 0 || filter->part.len > 0;
	struct about about = {.station = fact->station,
		.model = fact->model,
		.repair = asks ? fact->repair : (struct slice){NULL, 0},
		.customer = fact->customer,
		.sequence = fact->sequence,
		.moment_us = fact->filed_us};
	return filter_about(filter, &about, marks, out_admitted);
}

enum ch_status fact_filter_appointment(const struct fact_filter *filter,
	const struct appointment_fact *fact, struct marks *marks, struct slice *out_station,
	bool *out_admitted)
{
	struct about about = {.station = fact->station,
		.model = fact->model,
		.repair = fact->repair,
		.customer = fact->customer,
		.sequence = fact->sequence,
		.moment_us = fact->start_us};
	enum ch_status status = filter_about(filter, &about, marks, out_admitted);
	if (status == CH_OK)
		*out_station = about.station;
	return status;
}

enum ch_status fact_filter_line(const struct fact_filter *filter, const struct supply_fact *line,
	const struct repair_fact *repair, bool *out_admitted)
{
	static const struct repair_fact none = {.number = 0};
	if (repair == NULL)
		repair = &none;
	*out_admitted = filter_is(filter->station, line->station) &&
			filter_is(filter->model, repair->model) &&
			filter_is(filter->part, line->part);
	return *out_admitted ? filter_group(filter, repair->customer, repair->sequence,
				       repair->begun.moment_us, out_admitted)
			     : CH_OK;
}
