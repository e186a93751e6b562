/* A report while it is reckoned: what the measures' own files share.  Each has a begin, takes facts one by one
 * from the walks of measure.c, and ends with its rows. */
#ifndef QUALITY_MEASURING_H
#define QUALITY_MEASURING_H

#include "module/quality/fact/appointment_fact.h"
#include "module/quality/fact/call_fact.h"
#include "module/quality/fact/callback_fact.h"
#include "module/quality/fact/case_fact.h"
#include "module/quality/fact/charge_fact.h"
#include "module/quality/fact/customer_fact.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/fact/supply_fact.h"
#include "module/quality/fact/survey_fact.h"
#include "module/quality/measure/rowset.h"
#include "module/quality/quality_settings.h"

/* What a fact is counted under. */
struct measure_subject {
	struct slice station;
	struct slice model;
	const struct slice *parts;
	size_t part_count;
	enum customer_group group;
};

/* A beginning (receipt or re-opening) or a return of a unit, for RR90. */
struct unit_visit {
	uint64_t serial; /* hash of the folded serial number: equal ones are compared in full */
	struct slice text;
	int64_t moment_us;
};

/* A service that call-backs follow. */
struct service {
	uint64_t customer;
	int64_t returned_us;
	struct slice order_id;
	struct slice station;
	struct slice model;
	enum customer_group group;
};

struct follow_up {
	uint64_t customer;
	int64_t done_us;
};

/* A growing array of things of one size. */
struct list {
	void *items;
	size_t count;
	size_t capacity;
};

struct contact; /* an answered call, for first-contact resolution; measure_hotline.c */

struct measuring {
	struct book_txn *txn;
	const struct measure_request *request;
	const struct quality_settings *settings;
	int64_t offset_us;
	int64_t period_us; /* the period that was looked for last */
	int64_t period_end_us;
	struct customers *customers;
	struct measures *out;
	struct arena *arena;  /* lives as long as `out` */
	struct arena scratch; /* as long as this */
	uint64_t seed;
	struct buffer name; /* of the record at hand */

	struct rowset repair[CUT_COUNT];
	struct list returns; /* struct rr90_return: judged when all visits are known */
	struct list visits;  /* struct unit_visit */
	struct list open_repairs;
	struct rowset supply[CUT_COUNT];
	struct rowset hotline[CUT_COUNT];
	struct rowset hotline_hours;
	struct list contacts;
	struct table reopened_cases; /* case id: when it was opened again */
	struct rowset complaint[CUT_COUNT];
	struct list open_cases;
	struct rowset promises;
	struct rowset appointment[CUT_COUNT];
	struct rowset callback[CUT_COUNT];
	struct list services;
	struct list follow_ups;
	struct list callbacks_due;
	struct rowset price[CUT_COUNT];
	struct table prices; /* item code: its marks */
	struct list off_list;
	struct list responses;
	struct rowset question[CUT_COUNT];
	struct rowset index[CUT_COUNT];
};

/* ---- Shared ---- */

#define MEASURE_ROWS_MAX (CUT_COUNT + REPAIR_LIST_MAX)

/* Whether the filter of the request lets it through. */
bool measuring_admits(const struct measuring *m, const struct measure_subject *subject);
bool measuring_in_stretch(const struct measuring *m, int64_t moment_us);

/* The rows that it counts in: of the cuts without a period, and, when the moment is in the stretch, of those by
 * period, which come behind them.  A status that sticks in the rowsets is looked at in the end.  Returns how
 * many. */
size_t measuring_rows(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX]);

/* The two halves, for what counts at several moments. */
size_t measuring_rows_lasting(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, void *rows[MEASURE_ROWS_MAX]);
size_t measuring_rows_period(struct measuring *m, struct rowset rowsets[CUT_COUNT],
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX],
	size_t count);

/* The group that a customer was of. */
enum ch_status measuring_group(struct measuring *m, uint64_t customer, uint64_t sequence,
	int64_t moment_us, enum customer_group *out_group, uint64_t *out_now);

/* A text of its own, that lives with the result; empty when memory has run out (which `list_add` tells). */
struct slice measuring_keep(struct measuring *m, struct slice text);

/* Room for one more, zeroed; NULL: out of memory. */
void *list_add(struct list *list, size_t item_size);
void list_fini(struct list *list);

void span_add(struct span *span, int64_t us);

/* Sorts, cuts to MEASURE_LIST_MAX and copies to the result's memory. */
enum ch_status measuring_list(struct measuring *m, struct list *list, size_t item_size,
	int (*order)(const void *, const void *), void *out_items, size_t *out_count,
	int64_t *out_total);

/* ---- The measures ---- */

enum ch_status measure_repair_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject);
enum ch_status measure_repair_end(struct measuring *m);

enum ch_status measure_supply_take(struct measuring *m, const struct marks *marks,
	struct slice model, enum customer_group group);

enum ch_status measure_price_begin(struct measuring *m);
enum ch_status measure_price_take(struct measuring *m, const struct repair_fact *fact,
	const struct marks *marks, const struct measure_subject *subject);
enum ch_status measure_price_end(struct measuring *m);

enum ch_status measure_case_take(struct measuring *m, struct slice name, const struct marks *marks);
enum ch_status measure_promise_take(struct measuring *m, const struct marks *marks);
enum ch_status measure_case_end(struct measuring *m);

/* Behind the cases. */
enum ch_status measure_hotline_take(struct measuring *m, const struct marks *marks);
enum ch_status measure_hotline_end(struct measuring *m);

enum ch_status measure_appointment_take(struct measuring *m, const struct marks *marks);

enum ch_status measure_service_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject);
enum ch_status measure_callback_take(struct measuring *m, const struct marks *marks);
enum ch_status measure_callback_end(struct measuring *m);

enum ch_status measure_survey_take(
	struct measuring *m, struct slice key, const struct marks *marks);
enum ch_status measure_survey_end(struct measuring *m);

/* Behind all others. */
enum ch_status measure_ranking(struct measuring *m);

#endif
