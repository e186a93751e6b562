/* Deliveries that are out for the first time: a ring of groups in order of sequence, which is also the
 * order of sending.  At half a million deliveries a second it must cost nothing: no allocation, no hash,
 * no timer of its own.  A group that is settled keeps its slot until all before it are. */
#ifndef FANOUT_FLIGHT_H
#define FANOUT_FLIGHT_H

#include <stdbool.h>

#include "base/limits.h"
#include "base/slice.h"

struct flight_slot {
	uint64_t sequence;
	int64_t arrival_us;
	uint32_t serial; /* place in the order of sending */
	uint16_t parts;
	bool out;
};

struct flight {
	struct flight_slot *slots;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t front;
	uint32_t count;
};

void flight_init(struct flight *flight);

/* Gives the memory back: nobody is attached. */
void flight_fini(struct flight *flight);

/* Room for so many more slots.  CH_FULL: over LIMIT_INFLIGHT_PER_SUB; CH_NOMEM. */
enum ch_status flight_reserve(struct flight *flight, uint32_t more);

/* At the end; room was reserved. */
void flight_add(struct flight *flight, const struct flight_slot *slot);

/* The i-th slot from the front; i < count. */
static inline struct flight_slot *flight_at(const struct flight *flight, uint32_t i)
{
	return &flight->slots[(flight->front + i) & (flight->capacity - 1)];
}

/* Which slot is the first at or behind a sequence; count when there is none. */
uint32_t flight_seek(const struct flight *flight, uint64_t sequence);

/* Drops settled slots from the front, up to the first that is out.  The last one dropped is told; false:
 * none was. */
bool flight_drop(struct flight *flight, struct flight_slot *out_last);

#endif
