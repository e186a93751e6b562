/* What only the assembled hub knows of itself, as plain values. */
#ifndef CONTROL_HUB_FACTS_H
#define CONTROL_HUB_FACTS_H

#include <stdint.h>

#include "base/limits.h"

struct hub_facts {
	const char *version;
	int64_t started_us;
	uint64_t disk_free_bytes;
	uint64_t disk_reserve_bytes;
	uint64_t damaged_first; /* as found at the start; 0: none */
	uint64_t damaged_last;
	uint32_t sessions;
	uint32_t producers;
	const char *hold; /* why no input is taken; NULL: it is.  Constant text */
};

struct hub_session {
	char peer[LIMIT_NAME_BYTES + 1];
	char agent[LIMIT_NAME_BYTES + 1];
	int64_t connected_us;
	int64_t heard_us;
	uint64_t published;
	uint32_t in_flight;
	uint32_t credit;
	uint32_t subscriptions;
};

struct hub_reload {
	uint32_t peers;
	uint64_t generation;
};

#endif
