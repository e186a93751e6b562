#include "channel/website/webhook.h"

#include "base/clock.h"
#include "base/text.h"
#include "channel/website/draft.h"
#include "wire/json.h"

static struct slice webhook_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? slice_of(json_string_value(value), json_string_length(value))
				     : (struct slice){NULL, 0};
}

enum ch_status webhook_read(const struct http_message *message, json_t *body, const char *source,
	struct cloud_event *out_event, struct refusal *out_refusal)
{
	struct cloud_event event = {
		.id = http_message_value(message, "webhook-id"),
		.source = slice_text(source),
		.type = webhook_text(body, "type"),
		.json = json_ref_tree(json_object_get(body, "data")),
		.digest_len = CLOUD_DIGEST_BYTES,
	};
	struct slice time = webhook_text(body, "timestamp");
	if (!json_is_object(body) || event.type.len == 0)
		return refusal_set(out_refusal, CH_MISSING, "type", "is missing");
	if (event.id.len == 0 || !text_is_utf8(event.id))
		return refusal_set(out_refusal, CH_FORMAT, "webhook-id", "is missing, or no text");
	if (event.type.len > LIMIT_TYPE_BYTES || event.id.len > LIMIT_ID_BYTES)
		return refusal_set(out_refusal, CH_TOO_LARGE,
			event.id.len > LIMIT_ID_BYTES ? "webhook-id" : "type", "is too long");
	if (time.len > 0 && clock_parse(time, &event.time_us) != CH_OK)
		return refusal_set(
			out_refusal, CH_INVALID, "timestamp", "is no date and time of RFC 3339");
	http_message_trace(message, &event.traceparent, &event.tracestate);
	draft_digest(message->body, event.digest);
	*out_event = event;
	return CH_OK;
}
