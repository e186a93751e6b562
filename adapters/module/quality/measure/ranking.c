/* CS KPI: stations by points.
 *
 * Each measure gives 0 to 100 points, in proportion from its floor to its target and no more than either; the
 * station's points are their mean by the weights of those measures that say something about it. */
#include <stdlib.h>

#include "module/quality/fact/divide.h"
#include "module/quality/fact/station_fact.h"
#include "module/quality/measure/measuring.h"
#include "module/quality/measure/satisfaction.h"

#define MILLION INT64_C(1000000)

static struct rank_row *rank_find(struct table *stations, struct measuring *m, struct slice station)
{
	if (station.len == 0)
		return NULL;
	struct rank_row *row = table_get(stations, station);
	if (row != NULL)
		return row;
	row = arena_alloc(&m->scratch, sizeof(*row));
	if (row == NULL)
		return NULL;
	*row = (struct rank_row){.station = measuring_keep(m, station)};
	if (table_put(stations, row->station, row) != CH_OK)
		return NULL;
	return row;
}

static void rank_add(struct table *stations, struct measuring *m, struct slice station,
	enum kpi kpi, struct ratio ratio)
{
	struct rank_row *row = rank_find(stations, m, station);
	if (row == NULL)
		return;
	row->kpi[kpi].measured.part += ratio.part;
	row->kpi[kpi].measured.whole += ratio.whole;
}

static void rank_gather(struct table *stations, struct measuring *m)
{
	const struct measures *out = m->out;
	for (size_t i = 0; i < out->repair[CUT_STATION].count; i++) {
		const struct repair_row *row = &out->repair[CUT_STATION].rows[i];
		rank_add(stations, m, row->key.name, KPI_R14, row->r14);
		rank_add(stations, m, row->key.name, KPI_FOUR_DAY, row->four_day);
		rank_add(stations, m, row->key.name, KPI_RR90, row->rr90);
	}
	for (size_t i = 0; i < out->supply[CUT_STATION].count; i++) {
		const struct supply_row *row = &out->supply[CUT_STATION].rows[i];
		rank_add(stations, m, row->key.name, KPI_SUPPLY, row->in_stock);
		rank_add(stations, m, row->key.name, KPI_SUPPLY, row->overseas);
	}
	for (size_t i = 0; i < out->appointment[CUT_STATION].count; i++) {
		const struct appointment_row *row = &out->appointment[CUT_STATION].rows[i];
		rank_add(stations, m, row->key.name, KPI_APPOINTMENT, row->missed);
	}
	for (size_t i = 0; i < out->complaint[CUT_STATION].count; i++) {
		const struct case_row *row = &out->complaint[CUT_STATION].rows[i];
		rank_add(stations, m, row->key.name, KPI_COMPLAINT, row->answered_in_time);
	}
	for (size_t i = 0; i < out->price[CUT_STATION].count; i++) {
		const struct price_row *row = &out->price[CUT_STATION].rows[i];
		rank_add(stations, m, row->key.name, KPI_PRICE, row->off_list);
	}
	/* Several surveys count by their responses; an index of 70.98 is 70.98 of 100 each. */
	for (size_t i = 0; i < out->index[CUT_STATION].count; i++) {
		const struct index_row *row = &out->index[CUT_STATION].rows[i];
		if (row->index_points >= 0)
			rank_add(stations, m, row->key.name, KPI_SATISFACTION,
				(struct ratio){row->index_points * row->responses,
					100 * MILLION * row->responses});
	}
}

/* Points of one measure, millionths of 0 to 100. */
static int64_t rank_points(struct ratio measured, const struct kpi_rule *rule)
{
	int64_t share = divide_round((__int128_t)measured.part * MILLION, measured.whole);
	int64_t points = divide_round(
		(__int128_t)(share - rule->floor) * 100 * MILLION, rule->target - rule->floor);
	return points < 0 ? 0 : points > 100 * MILLION ? 100 * MILLION : points;
}

/* Cases behind a ratio: the index has a hundred million to each response. */
static int64_t rank_cases(enum kpi kpi, struct ratio measured)
{
	return kpi == KPI_SATISFACTION ? measured.whole / (100 * MILLION) : measured.whole;
}

static void rank_judge(const struct measuring *m, struct rank_row *row)
{
	__int128_t sum = 0;
	int64_t weights = 0;
	for (int kpi = 0; kpi < KPI_COUNT; kpi++) {
		struct kpi_rule rule;
		row->kpi[kpi].points = -1;
		if (!quality_kpi_rule(m->settings, kpi_name((enum kpi)kpi), &rule) ||
			rank_cases((enum kpi)kpi, row->kpi[kpi].measured) <
				m->settings->ranking_cases)
			continue;
		row->kpi[kpi].points = rank_points(row->kpi[kpi].measured, &rule);
		sum += (__int128_t)row->kpi[kpi].points * rule.weight;
		weights += rule.weight;
	}
	row->points = weights > 0 ? divide_round(sum, weights) : -1;
}

static int rank_order(const void *a, const void *b)
{
	const struct rank_row *one = a;
	const struct rank_row *other = b;
	if (one->points != other->points)
		return one->points > other->points ? -1 : 1;
	return slice_compare(one->station, other->station);
}

static enum ch_status rank_name(struct measuring *m, struct rank_row *row)
{
	struct slice name;
	enum ch_status status =
		station_name(m->txn, row->station, m->request->as_of_us, m->other, &name);
	if (status == CH_OK)
		row->name = measuring_keep(m, name);
	return status;
}

enum ch_status measure_ranking(struct measuring *m)
{
	struct table stations;
	struct rank_row *row;
	size_t at = 0;
	enum ch_status status = CH_NOMEM;
	table_init(&stations);
	rank_gather(&stations, m);
	struct rank_row *rows = arena_alloc(m->arena, (stations.count + 1) * sizeof(*rows));
	if (rows == NULL)
		goto out;
	for (size_t i = 0; (row = table_next(&stations, &at)) != NULL; i++) {
		rank_judge(m, row);
		rows[i] = *row;
	}
	qsort(rows, stations.count, sizeof(*rows), rank_order);
	status = CH_OK;
	for (size_t i = 0; i < stations.count && status == CH_OK; i++) {
		bool tie = i > 0 && rows[i].points == rows[i - 1].points;
		rows[i].rank = rows[i].points < 0 ? 0 : tie ? rows[i - 1].rank : (int64_t)i + 1;
		if (rows[i].points < 0)
			rows[i].points = 0;
		status = rank_name(m, &rows[i]);
	}
	m->out->ranking = rows;
	m->out->rank_count = stations.count;
out:
	table_fini(&stations);
	return status;
}
