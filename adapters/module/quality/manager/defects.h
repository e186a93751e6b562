/* Pareto and stratification of defects over the facts: which few causes make most of them, and whether they sit
 * in a model, a part or a station.
 *
 * A defect counts when it was found (the moment of the diagnosis or the repair that tells its code), once a repair.  Strata
 * are told apart as the trade does: each has its own Pareto order, and its defects per repair beside those
 * of all, so that a stratum is not bad because it is large.  A repair without model or station stands under
 * ""; one that needed several parts, once under each. */
#ifndef QUALITY_DEFECTS_H
#define QUALITY_DEFECTS_H

#include "module/quality/chart/pareto.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/manager/fact_filter.h"

enum defect_dimension { DEFECT_BY_MODEL, DEFECT_BY_PART, DEFECT_BY_STATION, DEFECT_DIMENSIONS };

struct defect_stratum {
	struct slice name;
	int64_t repairs; /* in which a defect was found */
	struct pareto defects;
};

struct defects {
	int64_t from_us;
	int64_t until_us;
	struct fact_filter filter;
	struct pareto all;
	int64_t repairs;
	struct table by_name[DEFECT_DIMENSIONS];
	struct defect_stratum *
		*strata[DEFECT_DIMENSIONS]; /* most defects first, after defects_rank */
	size_t count[DEFECT_DIMENSIONS];
	struct arena arena;
};

/* What the filter looks at outlives the defects. */
void defects_init(struct defects *defects, int64_t from_us, int64_t until_us,
	const struct fact_filter *filter);
void defects_fini(struct defects *defects);

/* A repair_function.  CH_NOMEM, CH_TOO_LARGE (LIMIT_PARETO_CLASSES of codes or strata); what the filter's book says. */
enum ch_status defects_take_repair(
	void *defects, const struct repair_fact *fact, const struct marks *marks);

/* All was taken: puts everything in order.  CH_NOMEM. */
enum ch_status defects_rank(struct defects *defects);

#endif
