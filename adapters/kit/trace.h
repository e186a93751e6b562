/* W3C Trace Context as it comes from outside: is this traceparent one to go on with?
 *
 * What is none is dropped, as the recommendation says: a new trace begins, and nobody is refused for it.  The kit does so
 * with every event that a source gives, and counts it; a source that has two to choose from asks here first. */
#ifndef KIT_TRACE_H
#define KIT_TRACE_H

#include "wire/envelope.h"

/* Of either: a state of so many everybody carries at least, and the envelope takes no more.  A longer one is dropped
 * whole. */
#define TRACE_BYTES 512u

/* CH_OK with the value without blanks at its ends.  CH_FORMAT: a new trace begins here, and a tracestate
 * that came along belongs to nothing.  Version 00 is exactly 55 characters; later versions may say more
 * behind a dash, visible ASCII and TRACE_BYTES in all; ff is none. */
enum ch_status traceparent_read(struct slice value, struct slice *out_traceparent);

/* Both empty when the parent is none to go on with; the state also when it is too long, or not of visible
 * ASCII. */
void trace_read(struct slice parent, struct slice state, struct slice *out_traceparent,
	struct slice *out_tracestate);

/* The same with the envelope's own; true: something was dropped. */
bool trace_settle(struct envelope *envelope);

#endif
