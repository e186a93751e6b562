/* What a chart or an order of defects is about: only what is of a station, a model, a part, a customer group.  The
 * same words as those of a report (measure.h). */
#ifndef QUALITY_FACT_FILTER_H
#define QUALITY_FACT_FILTER_H

#include "module/quality/fact/case_fact.h"
#include "module/quality/fact/customer_fact.h"
#include "module/quality/fact/repair_fact.h"

/* Texts outlive whoever filters; empty: all. */
struct fact_filter {
	struct slice station;
	struct slice model;
	struct slice part;
	struct slice group;
	struct customers *customers; /* loaded; NULL is fine without a group */
	struct book_txn
		*txn; /* where a complaint's repair is looked up; NULL without model and part */
	int64_t as_of_us;
};

/* CH_CORRUPT, CH_IO. */
enum ch_status fact_filter_repair(
	const struct fact_filter *filter, const struct repair_fact *fact, bool *out_admitted);

/* A complaint is of its own station and model, else of those of the repair that it is about, whose parts are its
 * own.  The same; CH_NOMEM. */
enum ch_status fact_filter_case(
	const struct fact_filter *filter, const struct case_fact *fact, bool *out_admitted);

#endif
