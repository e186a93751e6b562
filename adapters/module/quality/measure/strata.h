/* What facts are counted under, each kept once and known by a number: what is judged only when all facts are
 * known, a return by the visits behind it, holds eight bytes of it and not its texts. */
#ifndef QUALITY_STRATA_H
#define QUALITY_STRATA_H

#include "base/arena.h"
#include "base/table.h"
#include "module/quality/fact/customer_fact.h"

/* What a fact is counted under. */
struct measure_subject {
	struct slice station;
	struct slice model;
	const struct slice *parts;
	size_t part_count;
	enum customer_group group;
};

/* The same as two numbers: parts apart, as of them there are few sets, and many of both together. */
struct stratum {
	uint32_t where;
	uint32_t parts;
};

struct stratum_list {
	struct table by_key;
	void **items;
	size_t capacity;
};

struct strata {
	struct arena arena;
	struct stratum_list wheres;
	struct stratum_list parts;
	struct buffer key;
};

void strata_init(struct strata *strata);
void strata_fini(struct strata *strata);

/* Copies what is new.  CH_NOMEM. */
enum ch_status strata_keep(
	struct strata *strata, const struct measure_subject *subject, struct stratum *out_stratum);

/* What was kept under it; its texts live as long as the strata. */
void strata_subject(
	const struct strata *strata, struct stratum stratum, struct measure_subject *out_subject);

#endif
