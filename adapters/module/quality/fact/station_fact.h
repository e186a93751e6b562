/* Stations as the directory of the information base has them: what people call them.  A station that is taken out of
 * it is still called what it was called. */
#ifndef QUALITY_STATION_FACT_H
#define QUALITY_STATION_FACT_H

#include "module/quality/fact/facts.h"

extern const struct module_part station_part;

/* Marks of FACT_STATIONS. */
enum station_mark { STATION_PUBLISHED = 1 };
enum station_text { STATION_NAME };

/* Its name at `as_of_us`, or where the directory came later, its first; empty: it is in none.  It looks into
 * `marks`.  CH_CORRUPT, CH_IO. */
enum ch_status station_name(struct book_txn *txn, struct slice station, int64_t as_of_us,
	struct marks *marks, struct slice *out_name);

#endif
