/* What must hold of whatever an exchange's bytes become: the hub takes each event at its first look, and the same
 * bytes make the same events. */
#ifndef FUZZ_CALLCENTER_H
#define FUZZ_CALLCENTER_H

#include "base/invariant.h"
#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/call_event.h"
#include "channel/callcenter/survey.h"
#include "wire/check.h"
#include "wire/types.h"

static inline void fuzz_call(void *context, const struct call_record *call)
{
	static struct call_writer writer;
	static bool ready;
	struct call_event event;
	struct envelope envelope;
	struct buffer bytes = {0};
	const char *field = "";
	char path[CHECK_PATH_BYTES];
	size_t *count = context;
	if (!ready) {
		const struct call_names names = {
			.source = SLICE_LITERAL("/f"), .caller_names = true};
		call_writer_init(&writer, &names);
		ready = true;
	}
	++*count;
	invariant(call->wait_ms >= 0 && call->talk_ms >= 0 && call->hold_ms >= 0);
	if (call_event_write(&writer, call, &event, &field) != CH_OK)
		return; /* refused in words */
	envelope_encode(&event.envelope, &bytes);
	invariant(bytes.len <= LIMIT_EVENT_BYTES);
	invariant(envelope_parse(buffer_slice(&bytes), &envelope, &field) == CH_OK);
	const struct event_type *type = types_find(envelope.type);
	invariant(type != NULL);
	invariant(check_message(type->message, envelope.data, path) == CH_OK);
	invariant(check_message(type->message, envelope.personal, path) == CH_OK);
	buffer_fini(&bytes);
}

/* The same of a call that is not over, which is no account of it. */
static inline void fuzz_change(void *context, const struct call_record *call)
{
	size_t none = 0;
	(void)context;
	invariant(call->outcome == CALL_QUEUED || call->outcome == CALL_CONNECTED);
	fuzz_call(&none, call);
}

/* What a caller answered, which is none either. */
static inline void fuzz_form(void *context, const struct call_record *call)
{
	size_t none = 0;
	(void)context;
	invariant(call->outcome == CALL_SURVEYED && survey_told(call->survey) > 0);
	fuzz_call(&none, call);
}

#endif
