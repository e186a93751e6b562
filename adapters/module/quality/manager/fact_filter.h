/* What a chart or an order of defects is about: only what is of a station, a model, a part, a customer group.  The
 * same words as those of a report (measure.h). */
#ifndef QUALITY_FACT_FILTER_H
#define QUALITY_FACT_FILTER_H

#include "module/quality/fact/appointment_fact.h"
#include "module/quality/fact/case_fact.h"
#include "module/quality/fact/customer_fact.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/fact/supply_fact.h"

/* Texts outlive whoever filters; empty: all. */
struct fact_filter {
	struct slice station;
	struct slice model;
	struct slice part;
	struct slice group;
	struct customers *customers; /* loaded; NULL is fine without a group */
	struct book_txn
		*txn; /* where the repair is looked up that a complaint or appointment is about */
	int64_t as_of_us;
};

/* CH_CORRUPT, CH_IO. */
enum ch_status fact_filter_repair(
	const struct fact_filter *filter, const struct repair_fact *fact, bool *out_admitted);

/* A complaint is of its own station and model, else of those of the repair that it is about, whose parts are its
 * own; the repair is read into `marks`.  The same. */
enum ch_status fact_filter_case(const struct fact_filter *filter, const struct case_fact *fact,
	struct marks *marks, bool *out_admitted);

/* An appointment likewise; *out_station is its own, else that of its repair, and looks into `marks`.  The same. */
enum ch_status fact_filter_appointment(const struct fact_filter *filter,
	const struct appointment_fact *fact, struct marks *marks, struct slice *out_station,
	bool *out_admitted);

/* A part on its way is of its own station, and of the model and customer of its repair (NULL: it has none).  CH_CORRUPT,
 * CH_IO. */
enum ch_status fact_filter_line(const struct fact_filter *filter, const struct supply_fact *line,
	const struct repair_fact *repair, bool *out_admitted);

#endif
