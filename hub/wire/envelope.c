#include "wire/envelope.h"

#include "base/limits.h"
#include "base/text.h"
#include "wire/pb.h"

#define CHECKPOINT_BYTES 1024u
#define TRACE_BYTES      512u
#define DIGEST_BYTES     32u

enum form { FORM_TEXT, FORM_BYTES, FORM_TIME };

/* Event's fields, in the order of their numbers from 1 on. */
static const struct attribute {
	const char *name;
	size_t offset;
	enum form form;
	uint32_t max_bytes;
	bool mandatory;
} attributes[] = {
	{"id", offsetof(struct envelope, id), FORM_TEXT, LIMIT_ID_BYTES, true},
	{"source", offsetof(struct envelope, source), FORM_TEXT, LIMIT_SOURCE_BYTES, true},
	{"type", offsetof(struct envelope, type), FORM_TEXT, LIMIT_TYPE_BYTES, true},
	{"subject", offsetof(struct envelope, subject), FORM_TEXT, LIMIT_SUBJECT_BYTES, false},
	{"time_us", offsetof(struct envelope, time_us), FORM_TIME, 0, false},
	{"sent_us", offsetof(struct envelope, sent_us), FORM_TIME, 0, false},
	{"dataschema", offsetof(struct envelope, dataschema), FORM_TEXT, LIMIT_SUBJECT_BYTES,
		false},
	{"traceparent", offsetof(struct envelope, traceparent), FORM_TEXT, TRACE_BYTES, false},
	{"tracestate", offsetof(struct envelope, tracestate), FORM_TEXT, TRACE_BYTES, false},
	{"correlation_id", offsetof(struct envelope, correlation_id), FORM_TEXT, LIMIT_ID_BYTES,
		false},
	{"causation_id", offsetof(struct envelope, causation_id), FORM_TEXT, LIMIT_ID_BYTES, false},
	{"checkpoint", offsetof(struct envelope, checkpoint), FORM_BYTES, CHECKPOINT_BYTES, false},
	{"digest", offsetof(struct envelope, digest), FORM_BYTES, DIGEST_BYTES, false},
	{"data", offsetof(struct envelope, data), FORM_BYTES, LIMIT_EVENT_BYTES, false},
	{"personal", offsetof(struct envelope, personal), FORM_BYTES, LIMIT_EVENT_BYTES, false},
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))
#define PERSONAL   15u

static struct slice *envelope_slice(struct envelope *envelope, const struct attribute *attribute)
{
	return (struct slice *)(void *)((char *)envelope + attribute->offset);
}

static enum ch_status envelope_take(
	struct envelope *envelope, const struct attribute *attribute, const struct pb_field *field)
{
	if (attribute->form == FORM_TIME) {
		if (field->wire != PB_VARINT)
			return CH_FORMAT;
		*(int64_t *)(void *)((char *)envelope + attribute->offset) =
			(int64_t)field->integer;
		return CH_OK;
	}
	if (field->wire != PB_LEN)
		return CH_FORMAT;
	if (field->bytes.len > attribute->max_bytes)
		return CH_TOO_LARGE;
	if (attribute->form == FORM_TEXT && !text_is_utf8(field->bytes))
		return CH_FORMAT;
	*envelope_slice(envelope, attribute) = field->bytes;
	return CH_OK;
}

/* The rule of event.proto: what is personal stands apart. */
static enum ch_status envelope_check_part(struct slice part, uint32_t first, uint32_t last)
{
	struct pb_reader reader = pb_read(part);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number < first || field.number > last)
			return CH_INVALID;
	}
	return reader.status;
}

enum ch_status envelope_parse(struct slice event, struct envelope *out, const char **out_field)
{
	struct pb_reader reader = pb_read(event);
	struct pb_field field;
	enum ch_status status = CH_OK;
	*out = (struct envelope){.before = event};
	if (event.len > LIMIT_EVENT_BYTES) {
		*out_field = "event";
		return CH_TOO_LARGE;
	}
	while (pb_next(&reader, &field)) {
		if (field.number > ATTRIBUTES)
			continue; /* of a later schema: kept, not understood */
		const struct attribute *attribute = &attributes[field.number - 1];
		enum ch_status taken = envelope_take(out, attribute, &field);
		if (field.number == PERSONAL && out->after.data != NULL)
			taken = CH_FORMAT; /* twice: the cut below would lose one */
		if (taken != CH_OK && status == CH_OK) {
			status = taken;
			*out_field = attribute->name;
		}
		if (field.number == PERSONAL) {
			out->before = slice_of(event.data, (size_t)(field.start - event.data));
			out->after = slice_of(reader.at, (size_t)(reader.end - reader.at));
		}
	}
	if (reader.status != CH_OK) {
		*out_field = "event";
		return reader.status;
	}
	for (size_t i = 0; i < ATTRIBUTES && status == CH_OK; i++) {
		if (attributes[i].mandatory && envelope_slice(out, &attributes[i])->len == 0) {
			*out_field = attributes[i].name;
			status = CH_MISSING;
		}
	}
	if (status == CH_OK && (status = envelope_check_part(out->data, 1, 99)) != CH_OK)
		*out_field = "data";
	if (status == CH_OK &&
		(status = envelope_check_part(out->personal, 100, UINT32_MAX)) != CH_OK)
		*out_field = "personal";
	return status;
}

void envelope_encode(const struct envelope *envelope, struct buffer *out)
{
	for (uint32_t i = 0; i < ATTRIBUTES; i++) {
		const char *at = (const char *)envelope + attributes[i].offset;
		if (attributes[i].form == FORM_TIME)
			pb_put_int(out, i + 1, *(const int64_t *)(const void *)at);
		else
			pb_put_bytes(out, i + 1, *(const struct slice *)(const void *)at);
	}
}

/* Years in which customer care has clocks at all; beyond them a time says nothing. */
#define YEAR_US     (INT64_C(31556952) * 1000000)
#define CLOCK_FIRST (20 * YEAR_US) /* 1990 */

/* Station clocks are wrong; what the sender's own clock says at sending corrects them (Segment's
 * rule).  An impossible result is no time at all: the raw values stay in the event. */
int64_t envelope_occurred(const struct envelope *envelope, int64_t arrival_us)
{
	int64_t occurred;
	if (envelope->time_us == 0)
		return arrival_us;
	occurred = envelope->time_us;
	if (envelope->sent_us != 0 && envelope->sent_us >= envelope->time_us) {
		int64_t age;
		if (__builtin_sub_overflow(envelope->sent_us, envelope->time_us, &age) ||
			__builtin_sub_overflow(arrival_us, age, &occurred))
			return arrival_us;
	}
	if (occurred < CLOCK_FIRST || occurred > arrival_us + YEAR_US)
		return arrival_us;
	return occurred;
}
