/* When which byte of a capture came, as FILE.idx says: "offset TAB unix time TAB length", one line for each recv.
 * A reader of captures asks in the order of the bytes. */
#ifndef CALLCENTER_ARRIVALS_H
#define CALLCENTER_ARRIVALS_H

#include "channel/callcenter/lines.h"

/* A zeroed one knows nothing. */
struct arrivals {
	struct lines lines;
	uint64_t end;    /* of the piece at hand */
	int64_t time_us; /* when it came */
};

/* Reads PATH.idx, at most LIMIT_ARRIVALS_BYTES of it; without one the times are not known. */
void arrivals_open(struct arrivals *arrivals, const char *path);
void arrivals_fini(struct arrivals *arrivals);

/* When the byte at `offset` came, UTC; 0: nobody says. */
int64_t arrivals_time(struct arrivals *arrivals, uint64_t offset);

#endif
