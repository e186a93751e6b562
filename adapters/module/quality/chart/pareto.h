/* Pareto's order: which few causes make most of the defects (Juran).  Classes by falling count, ties by name
 * in byte order; the class of what belongs to no other stands last, whatever its count.  Counts, running
 * counts and their total are whole numbers; shares are made of them when they are printed.
 *
 *     struct pareto pareto;
 *     pareto_init(&pareto, NULL);
 *     pareto_add(&pareto, slice_text("battery"), 345);
 *     pareto_add(&pareto, slice_text("other"), 15);
 *     pareto_rank(&pareto);
 */
#ifndef QUALITY_PARETO_H
#define QUALITY_PARETO_H

#include "base/arena.h"
#include "base/table.h"
#include "module/data/datafile.h"

struct pareto_class {
	struct slice name;
	int64_t count;
	int64_t cumulative; /* its own and those before it; set by pareto_rank */
	bool other;
};

struct pareto {
	struct pareto_class **classes; /* in order of rank after pareto_rank */
	size_t count;
	size_t capacity;
	int64_t total;
	const char *other;
	struct table by_name;
	struct arena arena;
};

/* `other` names the class that stands last, in any case of letters; NULL: "other", "others" and the
 * Chinese of it.  It outlives the pareto. */
void pareto_init(struct pareto *pareto, const char *other);
void pareto_fini(struct pareto *pareto);

/* Adds `count`, not negative, to the class.  CH_TOO_LARGE (LIMIT_PARETO_CLASSES, or a total beyond int64_t),
 * CH_NOMEM; nothing was added then. */
enum ch_status pareto_add(struct pareto *pareto, struct slice name, int64_t count);

/* Puts the classes in order; more may be added afterwards. */
void pareto_rank(struct pareto *pareto);

/* 1000 part / whole, rounded half up: tenths of a percent.  `whole` is above 0. */
int64_t pareto_tenths(int64_t part, int64_t whole);

struct pareto_options {
	const char *category; /* columns, by the header's name or "#2"; NULL: see below */
	const char *count;
};

/* Adds what a file holds.  The class is in the column `category`, else in the first; its count in the column
 * `count`, else in the second.  With `category` and no `count`, or one column only, each row counts one.  The
 * first row is a header when a column was named, or its count is no number.  With *out_refusal: CH_MISSING
 * (a column, a name), CH_FORMAT (no count), CH_INVALID (nothing in it, or only zeros), CH_TOO_LARGE, CH_NOMEM. */
enum ch_status pareto_read(struct data_file *file, const struct pareto_options *options,
	struct pareto *pareto, struct refusal *out_refusal);

#endif
