/* Parts on their way: one line of what a station asked for, for a repair or for its shelf.
 *
 * The clock runs from the first request of the line to the arrival that makes its quantity full (an arrival
 * without a quantity does).  A line of a parts order that names a repair is that repair's request and stands
 * with it alone. */
#ifndef QUALITY_SUPPLY_FACT_H
#define QUALITY_SUPPLY_FACT_H

#include "module/quality/fact/facts.h"

struct quality_settings;

extern const struct module_part supply_part;

/* Marks of both FACT_ORDERS and FACT_REPAIRS. */
enum supply_mark {
	SUPPLY_REQUESTED = 9,
	SUPPLY_BACKORDERED = 10, /* numbers SUPPLY_OVERSEAS */
	SUPPLY_ARRIVED = 11,
	SUPPLY_CANCELLED = 12, /* no line and no part: all of it */
};

enum supply_text { SUPPLY_STATION, SUPPLY_LINE, SUPPLY_PART };
enum supply_number { SUPPLY_QUANTITY, SUPPLY_OVERSEAS }; /* quantity in millionths, 0: not told */

struct supply_fact {
	struct slice line;
	struct slice part;
	struct slice station;
	int64_t requested_us;
	int64_t quantity;
	int64_t arrived_quantity;
	const struct mark *requested;
	const struct mark *arrived; /* NULL: not, or not all of it */
	const struct mark *cancelled;
	bool backordered;
	bool overseas;
};

#define SUPPLY_LINES_MAX 128u /* of one order that a report looks at */

/* The lines of one record.  Returns how many. */
size_t supply_facts_make(const struct marks *marks, struct supply_fact lines[SUPPLY_LINES_MAX]);

/* From the request to the arrival, or to `as_of_us`; never below 0: where clocks differ it was there at once. */
int64_t supply_took_us(const struct supply_fact *line, int64_t as_of_us);

/* What was promised of it: of stock, or from overseas. */
int64_t supply_promise_us(const struct supply_fact *line, const struct quality_settings *settings);

#endif
