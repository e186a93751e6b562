/* The facts of the quality module: what it keeps of the journal, and how they get there and out again.
 *
 * A table holds the records (mark.h) of one kind of thing under its name.  Each *_fact.c is one kind: which
 * events leave which marks, and the fact that a report reads off them.
 *
 *     event -> fold (repair_fact.c ...) -> fact_put -> record        one transaction a batch, by the feed
 *     record -> fact_walk -> repair_fact ... -> measure_*.c -> rows  when a report asks
 *
 * Folds see the event and the book alone: neither clock nor settings.  What settings decide (what is late, who
 * is a long-standing customer, which list is the price list) is decided when a report is made. */
#ifndef QUALITY_FACTS_H
#define QUALITY_FACTS_H

#include "module/kit/module.h"
#include "module/quality/fact/mark.h"

/* Tables of the book.  Those behind FACT_TABLES are other parts' of the program. */
enum fact_table {
	FACT_REPAIRS,      /* text repair order */
	FACT_ORDERS,       /* text parts order */
	FACT_CALLS,        /* text call */
	FACT_CASES,        /* text case */
	FACT_PROMISES,     /* text deadline id */
	FACT_APPOINTMENTS, /* text appointment */
	FACT_CALLBACKS,    /* text call-back */
	FACT_RESPONSES,    /* text survey, text wave, text response */
	FACT_PRICES,       /* text item code */
	FACT_LEVELS,       /* u64 customer number */
	FACT_SEEN,    /* u64 customer number as filed: no marks, the first moment he was heard of */
	FACT_CHARGED, /* text item code, time, text repair order: "" */
	FACT_CHARGES_DUE, /* time of arrival, text repair order: the repair order */
	FACT_STATIONS,    /* text station */
	FACT_TABLES,
};

/* Their names, for struct module. */
extern const char *const fact_table_names[FACT_TABLES];

/* The parts that fold them, and the version of these folds. */
#define FACT_PARTS   10
#define FACT_VERSION 3u
extern const struct module_part *const fact_parts[FACT_PARTS];
#define FACT_CONFIG 7 /* of these parts: the one whose configuration is struct quality_settings */

/* What the module has to listen to for them. */
extern const char *const fact_topics[];
extern const size_t fact_topic_count;

/* ---- For folds ---- */

/* A mark of the event, its moment, name and customer filled in. */
struct mark fact_mark(const struct feed_event *event, unsigned kind);

/* Adds marks of one event to the record under `key`, and notes that the customer was there.  CH_NOMEM, CH_CORRUPT (what is
 * stored), CH_TOO_LARGE (a text over LIMIT_FACT_TEXT_BYTES: nothing was put), what stuck. */
enum ch_status fact_put(struct book_txn *txn, enum fact_table table, const struct key *key,
	const struct mark *marks, size_t count);

/* The same for a record whose key is one text; CH_MISSING when it is empty, CH_TOO_LARGE over
 * LIMIT_FACT_NAME_BYTES, so that fact_name finds it whole. */
enum ch_status fact_put_named(struct book_txn *txn, enum fact_table table, struct slice name,
	const struct mark *marks, size_t count);

/* Text of a message; NULL and "" are empty. */
static inline struct slice fact_text(const char *text)
{
	return slice_text(text);
}

/* ---- For reports ---- */

/* One record: its marks up to `as_of_us`; never called with none.  Returning a status ends the walk with it. */
typedef enum ch_status fact_function(void *context, struct slice key, const struct marks *marks);

/* Every record of a table in the order of keys.  CH_CORRUPT, CH_NOMEM, what the book or `each` says. */
enum ch_status fact_walk(struct book_txn *txn, enum fact_table table, int64_t as_of_us,
	fact_function *each, void *context);

/* The same in pieces, for who must not stop the module: takes at most `most` records from the key in `from` on
 * (empty: the first), and leaves there the key to go on from.  CH_END: that was all. */
enum ch_status fact_walk_some(struct book_txn *txn, enum fact_table table, struct buffer *from,
	size_t most, int64_t as_of_us, fact_function *each, void *context);

/* The text that a record stands under, in `out`; valid until `out` changes. */
struct slice fact_name(struct slice key, struct buffer *out);

/* One record; *out_marks is empty when there is none. */
enum ch_status fact_get(struct book_txn *txn, enum fact_table table, struct slice key,
	int64_t as_of_us, struct marks *out_marks);

#endif
