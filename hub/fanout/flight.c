#include "fanout/flight.h"

#include <stdlib.h>

#include "base/invariant.h"

#define FIRST_SLOTS 64u

void flight_init(struct flight *flight)
{
	*flight = (struct flight){0};
}

void flight_fini(struct flight *flight)
{
	free(flight->slots);
	*flight = (struct flight){0};
}

enum ch_status flight_reserve(struct flight *flight, uint32_t more)
{
	uint32_t capacity = flight->capacity == 0 ? FIRST_SLOTS : flight->capacity;
	if (flight->count + more <= flight->capacity)
		return CH_OK;
	while (capacity < flight->count + more)
		capacity *= 2;
	if (capacity > LIMIT_INFLIGHT_PER_SUB)
		return CH_FULL;
	struct flight_slot *slots = malloc(capacity * sizeof(*slots));
	if (slots == NULL)
		return CH_NOMEM;
	for (uint32_t i = 0; i < flight->count; i++)
		slots[i] = *flight_at(flight, i);
	free(flight->slots);
	flight->slots = slots;
	flight->capacity = capacity;
	flight->front = 0;
	return CH_OK;
}

void flight_add(struct flight *flight, const struct flight_slot *slot)
{
	invariant(flight->count < flight->capacity);
	flight->count++;
	*flight_at(flight, flight->count - 1) = *slot;
}

uint32_t flight_seek(const struct flight *flight, uint64_t sequence)
{
	uint32_t low = 0;
	uint32_t high = flight->count;
	/* Acks come from the front: look there first. */
	if (high == 0 || flight_at(flight, 0)->sequence >= sequence)
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (flight_at(flight, middle)->sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool flight_drop(struct flight *flight, struct flight_slot *out_last)
{
	uint32_t dropped = 0;
	while (dropped < flight->count && !flight_at(flight, dropped)->out)
		dropped++;
	if (dropped == 0)
		return false;
	*out_last = *flight_at(flight, dropped - 1);
	flight->front = (flight->front + dropped) & (flight->capacity - 1);
	flight->count -= dropped;
	return true;
}
