#include "kit/trace.h"

#include "base/text.h"

#define TRACEPARENT_BYTES 55u /* of version 00 */

/* Lower-case hex digits; `zero` says whether they may all be noughts. */
static bool traceparent_part(struct slice text, bool zero)
{
	bool other = zero;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		other = other || c != '0';
	}
	return other;
}

static bool trace_is_visible(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	}
	return true;
}

enum ch_status traceparent_read(struct slice value, struct slice *out_traceparent)
{
	struct slice text = text_trim(value);
	struct slice version = slice_sub(text, 0, 2);
	if (text.len < TRACEPARENT_BYTES || text.data[2] != '-' || text.data[35] != '-' ||
		text.data[52] != '-' || !traceparent_part(version, true) ||
		!traceparent_part(slice_sub(text, 3, 32), false) ||
		!traceparent_part(slice_sub(text, 36, 16), false) ||
		!traceparent_part(slice_sub(text, 53, 2), true) ||
		slice_equal(version, SLICE_LITERAL("ff")))
		return CH_FORMAT;
	if (text.len > TRACEPARENT_BYTES &&
		(slice_equal(version, SLICE_LITERAL("00")) || text.data[TRACEPARENT_BYTES] != '-' ||
			text.len > TRACE_BYTES || !trace_is_visible(text)))
		return CH_FORMAT;
	*out_traceparent = text;
	return CH_OK;
}

void trace_read(struct slice parent, struct slice state, struct slice *out_traceparent,
	struct slice *out_tracestate)
{
	*out_traceparent = (struct slice){NULL, 0};
	*out_tracestate = (struct slice){NULL, 0};
	if (traceparent_read(parent, out_traceparent) == CH_OK && state.len <= TRACE_BYTES &&
		trace_is_visible(state))
		*out_tracestate = state;
}

bool trace_settle(struct envelope *envelope)
{
	struct slice parent = envelope->traceparent;
	struct slice state = envelope->tracestate;
	trace_read(parent, state, &envelope->traceparent, &envelope->tracestate);
	return (parent.len > 0 && envelope->traceparent.len == 0) ||
	       (state.len > 0 && envelope->tracestate.len == 0);
}
