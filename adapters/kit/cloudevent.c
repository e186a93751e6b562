#include "kit/cloudevent.h"

#include "base/clock.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/types.h"

static enum ch_status cloudevent_put(struct buffer *out, const char *name, struct slice value)
{
	if (value.len == 0)
		return CH_OK;
	buffer_printf(out, ",\"%s\":", name);
	return json_append_string(out, value);
}

static struct slice cloudevent_time(int64_t time_us, char text[CLOCK_TEXT_BYTES])
{
	return time_us != 0 ? slice_text(clock_format(time_us, text)) : (struct slice){NULL, 0};
}

static enum ch_status cloudevent_put_attributes(struct buffer *out, const struct envelope *envelope)
{
	char time[CLOCK_TEXT_BYTES];
	char sent[CLOCK_TEXT_BYTES];
	struct buffer digest = {0};
	text_append_hex(&digest, envelope->digest);
	const struct {
		const char *name;
		struct slice value;
	} attributes[] = {
		{"id", envelope->id},
		{"source", envelope->source},
		{"type", envelope->type},
		{"subject", envelope->subject},
		{"time", cloudevent_time(envelope->time_us, time)},
		{"senttime", cloudevent_time(envelope->sent_us, sent)},
		{"dataschema", envelope->dataschema},
		{"traceparent", envelope->traceparent},
		{"tracestate", envelope->tracestate},
		{"correlationid", envelope->correlation_id},
		{"causationid", envelope->causation_id},
		{"digest", buffer_slice(&digest)},
	};
	enum ch_status status = digest.status;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes) && status == CH_OK; i++)
		status = cloudevent_put(out, attributes[i].name, attributes[i].value);
	buffer_fini(&digest);
	return status;
}

static enum ch_status cloudevent_unpack(
	const struct envelope *envelope, ProtobufCMessage **out_message)
{
	const struct event_type *type = types_find(envelope->type);
	struct buffer whole = {0};
	if (type == NULL)
		return CH_UNKNOWN_TYPE;
	buffer_append_slice(&whole, envelope->data);
	buffer_append_slice(&whole, envelope->personal);
	enum ch_status status = whole.status;
	if (status == CH_OK) {
		*out_message =
			protobuf_c_message_unpack(type->message, NULL, whole.len, whole.data);
		status = *out_message != NULL ? CH_OK : CH_FORMAT;
	}
	buffer_fini(&whole);
	return status;
}

static enum ch_status cloudevent_write_message(
	const struct envelope *envelope, const ProtobufCMessage *message, struct buffer *out)
{
	size_t start = out->len;
	buffer_append_text(out, "{\"specversion\":\"1.0\"");
	enum ch_status status = cloudevent_put_attributes(out, envelope);
	buffer_append_text(out, ",\"datacontenttype\":\"application/json\",\"data\":");
	if (status == CH_OK)
		status = json_encode(message, 0, out, NULL);
	buffer_append_text(out, "}\n");
	if (status == CH_OK)
		status = out->status;
	if (status != CH_OK)
		out->len = start;
	return status;
}

enum ch_status cloudevent_write(
	const struct envelope *envelope, const ProtobufCMessage *message, struct buffer *out)
{
	ProtobufCMessage *unpacked = NULL;
	if (message != NULL)
		return cloudevent_write_message(envelope, message, out);
	enum ch_status status = cloudevent_unpack(envelope, &unpacked);
	if (status == CH_OK)
		status = cloudevent_write_message(envelope, unpacked, out);
	if (unpacked != NULL)
		protobuf_c_message_free_unpacked(unpacked, NULL);
	return status;
}
