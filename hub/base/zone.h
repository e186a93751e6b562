/* Where a clock stands: civil times without an offset, as stations and tills write them, become UTC.
 *
 * A zone is a fixed offset or a name of the IANA database, read from the system's compiled files
 * (RFC 9636) once, at open; nothing here looks at the process's own zone.  Any thread. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdint.h>

#include "base/slice.h"

struct zone;

/* "+08:00", "-0330", "Z", "UTC", or a name such as "Asia/Shanghai" (from $TZDIR, else
 * /usr/share/zoneinfo).  CH_FORMAT: neither an offset nor a name; CH_NOT_FOUND: no such zone here;
 * CH_CORRUPT: its file cannot be read; CH_NOMEM, CH_IO. */
enum ch_status zone_open(struct slice name, struct zone **out_zone);
void zone_free(struct zone *zone);

/* Seconds east of Greenwich in force at that moment. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

/* The moment at which clocks there show `civil_us` (microseconds since 1970-01-01 00:00 as shown).
 * When they show it twice, the first; when they skip it, as far behind the skip as it would have been. */
int64_t zone_to_utc(const struct zone *zone, int64_t civil_us);

#endif
