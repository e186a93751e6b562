/* Reads several runs as one series in the order of fingerprints; of equal ones, the first taken
 * comes first. */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include "store/run.h"

struct merge_input {
	struct run_cursor cursor;
	struct id_record record; /* the next one */
	uint64_t head;           /* its first eight bytes, for quick comparison */
};

struct merge {
	struct merge_input *inputs; /* that have not ended */
	uint32_t count;
	enum ch_status status;
};

/* The runs must stay.  CH_NOMEM; CH_CORRUPT. */
enum ch_status merge_init(struct merge *merge, struct run *const *runs, uint32_t count);
void merge_fini(struct merge *merge);

/* CH_END; CH_CORRUPT, from then on. */
enum ch_status merge_next(struct merge *merge, struct id_record *out_record);

#endif
