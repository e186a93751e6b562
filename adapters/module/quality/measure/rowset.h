/* Rows of a measure while they are counted: found by their key, made when first asked for, sorted at the end.
 * A row is a struct that begins with a measure_key and is all zeros otherwise. */
#ifndef QUALITY_ROWSET_H
#define QUALITY_ROWSET_H

#include "base/arena.h"
#include "base/table.h"
#include "module/quality/measure/measure.h"

struct rowset {
	struct arena *arena; /* of the rows and their texts; outlives the rowset */
	size_t row_size;
	struct table rows;
	enum ch_status status; /* sticks: CH_NOMEM */
};

void rowset_init(struct rowset *rowset, struct arena *arena, size_t row_size);
void rowset_fini(struct rowset *rowset); /* the rows stay */

/* NULL when memory has run out.  `more` tells rows apart whose keys are alike, and may be empty; its texts stand
 * behind each other with their lengths.  *out_new (may be NULL): it is a new one, whose further texts the
 * caller fills in. */
void *rowset_row(struct rowset *rowset, const struct measure_key *key, const struct slice *more,
	size_t more_count, bool *out_new);

/* All rows one behind the other, by name, period, hour, and `more`.  CH_NOMEM. */
enum ch_status rowset_finish(struct rowset *rowset, void **out_rows, size_t *out_count);

#endif
