/* What facts are counted under, each kept once and known by a number: what is
 * judged only when all facts are known, a return by the visits behind it, holds
 * eight bytes of it and not its texts. */
#ifndef QUALITY_STRATA_H
#define QUALITY_STRATA_H

#include "base/arena.h"
#include "base/table.h"
#include "module/quality/fact/customer_fact.h"

/* What has rows in all cuts. */
enum measure_kind {
	MEASURE_REPAIR,
	MEASURE_SUPPLY,
	MEASURE_COMPLAINT,
	MEASURE_APPOINTMENT,
	MEASURE_CALLBACK,
	MEASURE_PRICE,
	MEASURE_KINDS
};

/* A subject as two numbers: parts apart, as of them there are few sets, and
 * many of both together. */
struct stratum {
	uint32_t where;
	uint32_t parts;
};

/* What a fact is counted under. */
struct measure_subject {
	struct slice station;
	struct slice model;
	const struct slice *parts;
	size_t part_count;
	enum customer_group group;
	struct stratum stratum; /* its own, once it was kept */
};

/* Beside what is kept stand the rows that it counts in, as they were found;
 * NULL where none was asked for yet. */
struct strata_station {
	void **period_rows[MEASURE_KINDS]; /* one a period; NULL: none yet */
};

/* A subject without its parts. */
struct strata_where {
	uint32_t number;
	enum customer_group group;
	struct slice station;
	struct slice model;
	struct strata_station *of_station;
	void *station_rows[MEASURE_KINDS];
	void *model_rows[MEASURE_KINDS];
	void *group_rows[MEASURE_KINDS];
};

struct strata_parts {
	uint32_t number;
	size_t count;
	struct slice *parts;
	void **rows[MEASURE_KINDS]; /* one a part; NULL: none yet */
};

struct strata_list {
	struct table by_key;
	void **items;
	size_t capacity;
};

struct strata {
	struct arena arena;
	struct strata_list wheres;
	struct strata_list parts;
	struct table stations;
	struct buffer key;
};

void strata_init(struct strata *strata);
void strata_fini(struct strata *strata);

/* Fills in subject->stratum; copies what is new.  CH_NOMEM. */
enum ch_status strata_keep(struct strata *strata, struct measure_subject *subject);

/* What was kept under it; its texts live as long as the strata. */
void strata_subject(
	const struct strata *strata, struct stratum stratum, struct measure_subject *out_subject);

struct strata_where *strata_where_of(const struct strata *strata, struct stratum stratum);
struct strata_parts *strata_parts_of(const struct strata *strata, struct stratum stratum);

#endif
