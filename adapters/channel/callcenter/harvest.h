/* What is ready to be published, in the order in which it became so: made where something ends (a call, a line
 * of a log), taken when the kit asks for it.  Bounded by LIMIT_CALLS_WAITING.  One thread. */
#ifndef CALLCENTER_HARVEST_H
#define CALLCENTER_HARVEST_H

#include "channel/callcenter/call_event.h"
#include "kit/item.h"

struct harvest;

enum ch_status harvest_create(
	const struct call_names *names, struct harvest **out_harvest); /* CH_NOMEM */
void harvest_free(struct harvest *harvest);

/* A call that is over; `checkpoint` is where its source stands behind it, or empty.  A call that cannot be an event
 * becomes a reject.  CH_FULL: it was not taken; CH_NOMEM. */
enum ch_status harvest_call(
	struct harvest *harvest, const struct call_record *call, struct slice checkpoint);

/* An event as it is.  CH_FULL, CH_NOMEM. */
enum ch_status harvest_event(struct harvest *harvest, const struct envelope *envelope);

/* Something that is none: one line, "line 17: has fewer than five fields".  CH_FULL, CH_NOMEM. */
enum ch_status harvest_reject(struct harvest *harvest, enum kit_what what, bool fatal,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The oldest, all but its token and origin; valid until the next call.  CH_END: there is none. */
enum ch_status harvest_take(struct harvest *harvest, struct kit_item *out_item);

size_t harvest_count(const struct harvest *harvest);

#endif
