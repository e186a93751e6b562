/* A report while it is reckoned: what the measures' own files share.  Each
 * takes facts one by one from the walks of measure.c, and ends with its rows.
 * Between two pieces of a walk the book may change, so nothing here looks into
 * it but while a fact is taken. */
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
#include "module/quality/measure/shortlist.h"
#include "module/quality/measure/sorter.h"
#include "module/quality/measure/strata.h"
#include "module/quality/quality_settings.h"

/* A growing array of things of one size. */
struct list {
	void *items;
	size_t count;
	size_t capacity;
};

struct contact_three;

struct measuring {
	struct book_txn *txn;                  /* of the piece under way */
	const struct measure_request *request; /* the result's own copy */
	const struct quality_settings *settings;
	int64_t offset_us;
	int64_t history_us; /* CUT_PERIOD begins then, all others at request->from_us */
	int64_t *periods;   /* their starts, from history_us on, and where the last ends */
	size_t period_count;
	struct customers *customers;
	struct measures *out;
	struct arena *arena;  /* lives as long as `out` */
	struct arena scratch; /* as long as this */
	struct buffer name;   /* of the record at hand */
	struct marks *other;  /* of another record that is looked at beside, a repair */
	struct slice other_parts[REPAIR_LIST_MAX]; /* its parts */
	struct strata strata;                      /* of what is judged later */
	size_t step;                               /* of measure.c's */
	struct buffer from;                        /* where its walk goes on */

	struct rowset rows[MEASURE_KINDS][CUT_COUNT];
	void *all_rows[MEASURE_KINDS];     /* of CUT_ALL, and of CUT_PERIOD one a period,
                                    as they were */
	void **period_rows[MEASURE_KINDS]; /* found */

	struct sorter *visits; /* of units, for RR90 */
	struct list returns;   /* of the unit at hand, that wait for its next visit */
	struct shortlist open_repairs;
	struct rowset hotline[CUT_COUNT];
	struct rowset hotline_hours;
	struct table hotline_groups;         /* name: struct hotline_group */
	struct list hotline_list;            /* the same by their numbers, as pointers */
	void *hotline_rows[GROUP_COUNT];     /* of CUT_GROUP */
	struct sorter *contacts;             /* answered calls, for first-contact resolution */
	struct contact_three *contact_three; /* of them, those at hand */
	struct table reopened_cases;         /* case id: when it was opened again */
	struct shortlist open_cases;
	struct rowset promises;
	struct sorter *services;     /* and who was reached after them */
	struct list customer_events; /* of them, those of the customer at hand */
	struct shortlist callbacks_due;
	struct table prices; /* item code: its marks */
	struct shortlist off_list;
	struct list responses;
	struct rowset question[CUT_COUNT];
	struct rowset question_history; /* as CUT_ALL's, with the history: whose
                                     weights CUT_PERIOD goes by */
	struct rowset index[CUT_COUNT];
};

/* ---- Shared ---- */

#define MEASURE_ROWS_MAX (CUT_COUNT + REPAIR_LIST_MAX)

/* Whether the filter of the request lets it through; notes what of the filter is known at all. */
bool measuring_admits(struct measuring *m, const struct measure_subject *subject);

/* Whether the moment is in the stretch; in it or in the history before it. */
bool measuring_in_stretch(const struct measuring *m, int64_t moment_us);
bool measuring_in_history(const struct measuring *m, int64_t moment_us);

/* Whether the cut has rows at all. */
bool measuring_cuts(const struct measuring *m, enum cut cut);

/* The place of the moment's period, which is in the history, among the periods.
 */
size_t measuring_period(const struct measuring *m, int64_t moment_us);

/* The row of that key, as `cache` has it, or found and put there; NULL: out of
 * memory, which sticks in the rowset. */
void *measuring_row(struct rowset *rowset, struct slice name, int64_t period_us, void **cache);

/* Room for a cache of `count` rows, all NULL, at *cache when there is none yet;
 * false: out of memory. */
bool measuring_room(struct measuring *m, void ***cache, size_t count);

/* The rows that what happened at the moment counts in: of the cuts without a
 * period when it is in the stretch, of those by period as far as they reach.
 * The subject was kept (measuring_keep_subject).  A status that sticks in the
 * rowsets is looked at in the end.  Returns how many. */
size_t measuring_rows(struct measuring *m, enum measure_kind kind,
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX]);

/* The rows of what counts whenever it happened, as it is so now: those of the
 * cuts without a period, and that of the moment's, where it has one. */
size_t measuring_rows_now(struct measuring *m, enum measure_kind kind,
	const struct measure_subject *subject, int64_t moment_us, void *rows[MEASURE_ROWS_MAX]);

/* The group that a customer was of. */
enum ch_status measuring_group(struct measuring *m, uint64_t customer, uint64_t sequence,
	int64_t moment_us, enum customer_group *out_group, uint64_t *out_now);

/* What the subject has no word of its own about, by the repair that it is
 * about: station, model, parts.  Nothing happens when there is none.  Good
 * until the next call; CH_CORRUPT, CH_NOMEM. */
enum ch_status measuring_by_repair(struct measuring *m, struct slice repair_order_id,
	int64_t moment_us, struct measure_subject *subject);

/* A text of its own, that lives with the result; empty when memory has run out
 * (which is told elsewhere: what follows needs more of it). */
struct slice measuring_keep(struct measuring *m, struct slice text);

/* Room for one more, zeroed; NULL: out of memory. */
void *list_add(struct list *list, size_t item_size);
void list_fini(struct list *list);

void span_add(struct span *span, int64_t us);

/* ---- The measures ----
 *
 * What needs all facts to be known is sorted, and judged in pieces of about `most`: CH_OK: there is more; CH_END. */

enum ch_status measure_repair_begin(struct measuring *m);
enum ch_status measure_repair_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject);
enum ch_status measure_repair_sort(struct measuring *m);
enum ch_status measure_repair_judge(struct measuring *m, size_t most);
enum ch_status measure_repair_end(struct measuring *m);

enum ch_status measure_supply_take(struct measuring *m, const struct marks *marks,
	struct slice model, enum customer_group group);

enum ch_status measure_price_begin(struct measuring *m);
enum ch_status measure_price_take(struct measuring *m, const struct repair_fact *fact,
	const struct marks *marks, const struct measure_subject *subject);
enum ch_status measure_price_end(struct measuring *m);

void measure_case_begin(struct measuring *m);
enum ch_status measure_case_take(struct measuring *m, struct slice name, const struct marks *marks);
enum ch_status measure_promise_take(struct measuring *m, const struct marks *marks);
enum ch_status measure_case_end(struct measuring *m);

/* Behind the cases. */
enum ch_status measure_hotline_begin(struct measuring *m);
enum ch_status measure_hotline_take(struct measuring *m, const struct marks *marks);
enum ch_status measure_hotline_sort(struct measuring *m);
enum ch_status measure_hotline_judge(struct measuring *m, size_t most);

enum ch_status measure_appointment_take(struct measuring *m, const struct marks *marks);

enum ch_status measure_callback_begin(struct measuring *m);
enum ch_status measure_service_take(
	struct measuring *m, const struct repair_fact *fact, const struct measure_subject *subject);
enum ch_status measure_callback_take(struct measuring *m, const struct marks *marks);
enum ch_status measure_callback_sort(struct measuring *m);
enum ch_status measure_callback_judge(struct measuring *m, size_t most);
enum ch_status measure_callback_end(struct measuring *m);

enum ch_status measure_survey_take(
	struct measuring *m, struct slice key, const struct marks *marks);
enum ch_status measure_survey_end(struct measuring *m);

/* Behind all others. */
enum ch_status measure_ranking(struct measuring *m);

#endif
