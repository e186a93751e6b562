/* W3C Trace Context: is this traceparent one to go on with? */
#ifndef WEBSITE_TRACEPARENT_H
#define WEBSITE_TRACEPARENT_H

#include "base/slice.h"

/* CH_OK with the value without blanks at its ends.  CH_FORMAT: a new trace begins here, and a tracestate
 * that came along belongs to nothing.  Version 00 is exactly 55 characters; later versions may say more
 * behind a dash; ff is none. */
enum ch_status traceparent_read(struct slice value, struct slice *out_traceparent);

#endif
