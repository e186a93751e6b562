/* The information base as of a time: which value of a key held, and what an agent is shown beside a
 * customer's records.  Any thread, with its own rtxn; nothing here changes anything.
 *
 * Of the versions of a key that are kept, the newest published that had begun at a time decides about it:
 * if it had ended by then, or took the key out, nothing held.  A version begins when it was published, by
 * its source's corrected clock; but a price begins with its first valid day, so that next month's list,
 * published today, leaves today's price alone.  A price ends with its last valid day, a promotion with its
 * end; a promotion holds from its start. */
#ifndef CORE_CATALOG_H
#define CORE_CATALOG_H

#include "base/limits.h"
#include "base/zone.h"
#include "store/state.h"
#include "wire/types.h"

struct catalog_version {
	int64_t published_us;
	uint64_t sequence;
	int64_t from_us;  /* it is the one that is asked from then on */
	int64_t until_us; /* it holds until then; 0: without end      */
	bool retired;
	struct slice message; /* until the rtxn ends */
};

#define CATALOG_VERSIONS (LIMIT_REFERENCE_PAST + 1u)

struct catalog {
	struct catalog_version versions[CATALOG_VERSIONS]; /* the newest published first */
	uint32_t count;
};

/* "product", "promotion", "price", "station", "stock"; NULL: no such kind. */
const struct event_type *catalog_type(struct slice kind);

/* All versions of a key that are kept.  `key` is written as an event's subject is, but for its escapes.
 * `zone` says where days begin; NULL: UTC.  CH_NOT_FOUND: nothing was ever published; CH_CORRUPT. */
enum ch_status catalog_read(struct rtxn *rtxn, const struct event_type *type, struct slice key,
	const struct zone *zone, struct catalog *out_catalog);

/* The version that held at that time; NULL: none did. */
const struct catalog_version *catalog_at(const struct catalog *catalog, int64_t at_us);

/* What the agent is shown: appends to `out`, under these fields, the products of the units, the stations,
 * and the promotions that run for those products. */
struct catalog_fields {
	uint32_t products;
	uint32_t stations;
	uint32_t promotions;
};

#define CATALOG_SHOWN 16u /* of each; more is no help to anybody on the telephone */

struct catalog_wish {
	struct slice products[CATALOG_SHOWN]; /* ids, each once */
	uint32_t product_count;
	struct slice stations[CATALOG_SHOWN];
	uint32_t station_count;
};

/* Notes an encoded ProductUnitRef: by its product number, else by its model.  And a station's number. */
void catalog_wish_unit(struct rtxn *rtxn, struct slice unit, struct catalog_wish *wish);
void catalog_wish_station(struct slice station_id, struct catalog_wish *wish);

/* CH_CORRUPT; CH_NOMEM sticks in the buffer. */
enum ch_status catalog_put(struct rtxn *rtxn, const struct catalog_wish *wish,
	const struct catalog_fields *fields, struct buffer *out);

#endif
