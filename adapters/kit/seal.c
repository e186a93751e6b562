#include "kit/seal.h"

#include "base/limits.h"
#include "wire/check.h"
#include "wire/types.h"

void sealed_fini(struct sealed *sealed)
{
	buffer_fini(&sealed->message);
	buffer_fini(&sealed->subject);
}

/* What the hub asks of each attribute. */
static enum ch_status seal_attribute(struct slice value, size_t most, bool mandatory,
	const char *field, struct seal_fault *fault)
{
	if (mandatory && value.len == 0) {
		*fault = (struct seal_fault){field, "is mandatory, and nothing fills it"};
		return CH_MISSING;
	}
	if (value.len > most) {
		*fault = (struct seal_fault){field, "is too long"};
		return CH_TOO_LARGE;
	}
	return CH_OK;
}

static enum ch_status seal_attributes(const struct envelope *envelope, struct seal_fault *fault)
{
	enum ch_status status = seal_attribute(envelope->id, LIMIT_ID_BYTES, true, "id", fault);
	if (status == CH_OK)
		status =
			seal_attribute(envelope->source, LIMIT_SOURCE_BYTES, true, "source", fault);
	if (status == CH_OK)
		status = seal_attribute(
			envelope->subject, LIMIT_SUBJECT_BYTES, false, "subject", fault);
	return status;
}

static enum ch_status seal_pack(
	const ProtobufCMessage *message, struct buffer *out, struct seal_fault *fault)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	/* All attributes together take less than the rest. */
	if (len > LIMIT_EVENT_BYTES - 4096u) {
		*fault = (struct seal_fault){"event", "is larger than the hub takes"};
		return CH_TOO_LARGE;
	}
	buffer_clear(out);
	uint8_t *room = buffer_reserve(out, len);
	if (room == NULL && len > 0)
		return CH_NOMEM;
	(void)protobuf_c_message_pack(message, room); /* exactly len */
	return CH_OK;
}

enum ch_status seal_event(const char *type, const ProtobufCMessage *message, struct sealed *sealed,
	struct envelope *envelope, struct seal_fault *out_fault)
{
	char path[CHECK_PATH_BYTES];
	struct message_parts parts;
	struct seal_fault fault = {"", ""};
	const struct event_type *row = types_find(slice_text(type));
	enum ch_status status = CH_UNKNOWN_TYPE;
	if (row == NULL) {
		fault = (struct seal_fault){"type", "is not in the registry"};
		goto out;
	}
	status = CH_INVALID;
	fault = (struct seal_fault){"type", "has another message"};
	if (row->message != message->descriptor)
		goto out;
	status = seal_pack(message, &sealed->message, &fault);
	if (status != CH_OK)
		goto out;
	fault = (struct seal_fault){"data", "holds a text that is not UTF-8"};
	status = check_message(row->message, buffer_slice(&sealed->message), path);
	if (status != CH_OK)
		goto out;
	status = types_cut(buffer_slice(&sealed->message), &parts);
	if (status != CH_OK)
		goto out;
	fault.reason = "is mandatory, and nothing fills it";
	status = types_check_mandatory(row, &parts, &fault.field);
	if (status != CH_OK)
		goto out;
	envelope->type = slice_text(row->name);
	envelope->data = parts.data;
	envelope->personal = parts.personal;
	if (envelope->subject.len == 0) {
		buffer_clear(&sealed->subject);
		types_subject(row, &parts, &sealed->subject);
		envelope->subject = buffer_slice(&sealed->subject);
		status = sealed->subject.status;
	}
	if (status == CH_OK)
		status = seal_attributes(envelope, &fault);
out:
	if (status != CH_OK)
		*out_fault = fault;
	return status;
}
