#include "wire/cloud_attribute.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

#define TRACE_BYTES  512u
#define DIGEST_BYTES 32u

#define AT(member) offsetof(struct envelope, member)

const struct cloud_attribute cloud_attributes[] = {
	{"id", CLOUD_FORM_TEXT, 1, AT(id), LIMIT_ID_BYTES, true},
	{"source", CLOUD_FORM_TEXT, 2, AT(source), LIMIT_SOURCE_BYTES, true},
	{"type", CLOUD_FORM_TEXT, 3, AT(type), LIMIT_TYPE_BYTES, true},
	{"subject", CLOUD_FORM_TEXT, 4, AT(subject), LIMIT_SUBJECT_BYTES, false},
	{"time", CLOUD_FORM_TIME, 5, AT(time_us), 0, false},
	{"senttime", CLOUD_FORM_TIME, 6, AT(sent_us), 0, false},
	{"dataschema", CLOUD_FORM_TEXT, 7, AT(dataschema), LIMIT_SUBJECT_BYTES, false},
	{"traceparent", CLOUD_FORM_TEXT, 8, AT(traceparent), TRACE_BYTES, false},
	{"tracestate", CLOUD_FORM_TEXT, 9, AT(tracestate), TRACE_BYTES, false},
	{"correlationid", CLOUD_FORM_TEXT, 10, AT(correlation_id), LIMIT_ID_BYTES, false},
	{"causationid", CLOUD_FORM_TEXT, 11, AT(causation_id), LIMIT_ID_BYTES, false},
	{"checkpoint", CLOUD_FORM_HEX, 12, AT(checkpoint), LIMIT_CHECKPOINT_BYTES, false},
	{"digest", CLOUD_FORM_HEX, 13, AT(digest), DIGEST_BYTES, false},
};

const size_t cloud_attribute_count = sizeof(cloud_attributes) / sizeof(cloud_attributes[0]);

const struct cloud_attribute *cloud_attribute_find(struct slice name)
{
	for (size_t i = 0; i < cloud_attribute_count; i++) {
		if (slice_equal(slice_text(cloud_attributes[i].name), name))
			return &cloud_attributes[i];
	}
	return NULL;
}

void cloud_attribute_write(const struct cloud_attribute *attribute, const struct envelope *envelope,
	struct buffer *out)
{
	const char *at = (const char *)envelope + attribute->at;
	char text[CLOCK_TEXT_BYTES];
	if (attribute->form == CLOUD_FORM_TIME) {
		int64_t time_us = *(const int64_t *)(const void *)at;
		if (time_us != 0)
			buffer_append_text(out, clock_format(time_us, text));
		return;
	}
	struct slice value = *(const struct slice *)(const void *)at;
	if (attribute->form == CLOUD_FORM_HEX)
		text_append_hex(out, value);
	else
		buffer_append_slice(out, value);
}
