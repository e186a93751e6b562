/* W3C Trace Context: is this traceparent one to go on with? */
#ifndef WEBSITE_TRACEPARENT_H
#define WEBSITE_TRACEPARENT_H

#include "channel/website/http_message.h"

#define TRACESTATE_BYTES 512u /* what everybody carries at least; a longer one is dropped whole */

/* CH_OK with the value without blanks at its ends.  CH_FORMAT: a new trace begins here, and a tracestate
 * that came along belongs to nothing.  Version 00 is exactly 55 characters; later versions may say more
 * behind a dash; ff is none. */
enum ch_status traceparent_read(struct slice value, struct slice *out_traceparent);

/* Both empty when the parent is none to go on with; the state also when it is too long, or not of visible
 * ASCII. */
void trace_read(struct slice parent, struct slice state, struct slice *out_traceparent,
	struct slice *out_tracestate);

/* The request's own; one that came twice is none. */
void trace_of_message(const struct http_message *message, struct slice *out_traceparent,
	struct slice *out_tracestate);

#endif
