/* The envelope of one event (event.proto) as slices into the bytes it came in. */
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include "base/slice.h"

struct envelope {
	struct slice id;
	struct slice source;
	struct slice type;
	struct slice subject;
	int64_t time_us;
	int64_t sent_us;
	struct slice dataschema;
	struct slice traceparent;
	struct slice tracestate;
	struct slice correlation_id;
	struct slice causation_id;
	struct slice checkpoint;
	struct slice digest;
	struct slice data;
	struct slice personal;
	/* The bytes before and behind the personal field: what the journal keeps as the open part.
	 * `after` is empty for those who encode it last, as event.proto asks. */
	struct slice before;
	struct slice after;
};

/* Reads bytes from a peer.  Checks form only: bounds, UTF-8, mandatory id, source and type, no field
 * from 100 on in the open data and none below in the personal part.  CH_FORMAT, CH_TOO_LARGE,
 * CH_MISSING, CH_INVALID; then *out_field (constant text) names the attribute at fault and the parts
 * of `out` that could be read are set, the others empty. */
enum ch_status envelope_parse(struct slice event, struct envelope *out, const char **out_field);

/* Appends the encoded Event; before and after are not looked at. */
void envelope_encode(const struct envelope *envelope, struct buffer *out);

/* When it happened, as well as can be told: by its source's clock, corrected by what that clock said at
 * sending.  The arrival when the source said nothing, or what no clock can mean. */
int64_t envelope_occurred(const struct envelope *envelope, int64_t arrival_us);

#endif
