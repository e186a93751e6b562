#include "store/tables.h"

/* A name is the LMDB database's, so it never changes; nor do numbers, which go into each value's
 * sum. */
const struct table_row store_tables[TABLE_COUNT] = {
	[TABLE_META] = {"meta", 0},
	[TABLE_CUSTOMER] = {"customer", 8}, /* all that one customer is */
	[TABLE_KEY] = {"key", 0},
	[TABLE_UNIT] = {"unit", 0},
	[TABLE_ORDER] = {"order", 0},
	[TABLE_REPAIR] = {"repair", 0},
	[TABLE_CASE] = {"case", 0},
	[TABLE_ENTITLEMENT] = {"entitlement", 0},
	[TABLE_APPOINTMENT] = {"appointment", 0},
	[TABLE_REFERENCE] = {"reference", 0},
	[TABLE_DEADLINE] = {"deadline", 0},
	[TABLE_DUE] = {"due", 5}, /* what falls due within the same 2^24 us: 16.8 seconds */
	[TABLE_QUARANTINE] = {"quarantine", 0},
	[TABLE_REVIEW] = {"review", 8}, /* all that one entry raised */
	[TABLE_SOURCE] = {"source", 0},
	[TABLE_CHECKPOINT] = {"checkpoint", 0},
	[TABLE_ACTIVITY] = {"activity", 0},
	[TABLE_TIMELINE] = {"timeline", 8}, /* all that one customer did */
	[TABLE_MANIFEST] = {"store", 0},
	[TABLE_SUPPLY] = {"supply", 0},
};
