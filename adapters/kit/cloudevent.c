#include "kit/cloudevent.h"

#include "wire/cloud_attribute.h"
#include "wire/json.h"
#include "wire/types.h"

static enum ch_status cloudevent_put_attributes(struct buffer *out, const struct envelope *envelope)
{
	struct buffer value = {0};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < cloud_attribute_count && status == CH_OK; i++) {
		buffer_clear(&value);
		cloud_attribute_write(&cloud_attributes[i], envelope, &value);
		status = value.status;
		if (status != CH_OK || value.len == 0)
			continue;
		buffer_printf(out, ",\"%s\":", cloud_attributes[i].name);
		status = json_append_string(out, buffer_slice(&value));
	}
	buffer_fini(&value);
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
