/* Lines: secret, id, time, signature (and tracestate), traceparent, and the rest as the body. */
#include <stdlib.h>

#include "base/text.h"
#include "channel/website/http_message.h"
#include "channel/website/signature.h"
#include "kit/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NOW_US (INT64_C(1614265330) * 1000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_of(data, len);
	struct slice lines[5] = {{NULL, 0}};
	struct signature_keys secrets = {.count = 0};
	struct slice parent;
	struct slice state;
	int64_t sent_us = 0;
	for (size_t i = 0; i < 5; i++)
		(void)text_split(&rest, '\n', &lines[i]); /* none: it stays empty */
	if (signature_key_standard(lines[0], &secrets.items[secrets.count]) == CH_OK)
		secrets.count++;
	if (signature_key_plain(lines[0], &secrets.items[secrets.count]) == CH_OK)
		secrets.count++;
	const struct signed_message message = {lines[1], lines[2], lines[3], rest};
	if (signature_check_standard(&secrets, &message, NOW_US, &sent_us) == CH_OK &&
		(secrets.count == 0 || llabs(sent_us - NOW_US) > INT64_C(300000000)))
		abort();
	if (signature_check_body(&secrets, rest, lines[3]) == CH_OK && secrets.count == 0)
		abort();
	if (traceparent_read(lines[4], &parent) == CH_OK &&
		(parent.len < 55 || parent.len > TRACE_BYTES))
		abort();
	const struct http_message request = {.headers = {{SLICE_LITERAL("traceparent"), lines[4]},
						     {SLICE_LITERAL("tracestate"), lines[3]}},
		.header_count = 2};
	http_message_trace(&request, &parent, &state);
	/* The kit's way with any event's: it says when something is gone, and no length gets past it. */
	struct envelope envelope = {.traceparent = parent, .tracestate = state};
	struct envelope whole = {.traceparent = lines[4], .tracestate = lines[3]};
	bool dropped = trace_settle(&envelope);
	if (dropped != trace_settle(&whole) ||
		!slice_equal(envelope.traceparent, whole.traceparent) ||
		!slice_equal(envelope.tracestate, whole.tracestate) ||
		(!dropped && (lines[4].len > 0) != (envelope.traceparent.len > 0)))
		abort();
	if (envelope.tracestate.len > 0 &&
		(envelope.traceparent.len < 55 || envelope.tracestate.len > TRACE_BYTES))
		abort();
	return 0;
}
