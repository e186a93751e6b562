/* The load: what a day at the counters looks like to the hub, as a pure function of (seed, index), so
 * that nobody has to remember what was sent: a checker makes the bytes again and compares.
 *
 * Sales and repairs of a few hundred customers, complaints with deadlines, sales of nobody; one in
 * twenty claims an id that another event has taken (a conflict), one in twenty lacks what is mandatory
 * (quarantine), and some of those are sent again under the same id, corrected.  The envelope's subject
 * carries the index. */
#ifndef CRASH_LOAD_H
#define CRASH_LOAD_H

#include "wire/envelope.h"

enum load_kind {
	LOAD_GOOD,     /* to be accepted                                               */
	LOAD_CONFLICT, /* id of `about`, other bytes                                   */
	LOAD_BAD,      /* to be set aside                                              */
	LOAD_FIXED,    /* id of `about`, which was bad; this one is good               */
};

struct load_plan {
	enum load_kind kind;
	uint32_t about; /* an earlier index that must have its receipt before this one is sent */
};

struct load {
	uint64_t seed;
	uint32_t filler_bytes; /* added to a sale, so that segments fill quickly */
	uint32_t customers;
};

struct load_plan load_plan(const struct load *load, uint32_t index);

/* Appends the encoded Event. */
void load_event(const struct load *load, uint32_t index, struct buffer *out);

/* The index that an event's subject carries; UINT32_MAX: none. */
uint32_t load_index(struct slice subject);

/* A well-mixed number of (seed, index, salt). */
uint64_t load_mix(uint64_t seed, uint64_t index, uint64_t salt);

#endif
