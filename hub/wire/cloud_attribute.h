/* How the attributes of our events are called in CloudEvents 1.0, in JSON, in HTTP headers (ce-NAME) and
 * wherever else they are written: one table for all who read and write them.
 *
 *     id source type subject time dataschema     the standard's own
 *     traceparent tracestate                     its extension for distributed tracing
 *     correlationid causationid                  what belongs together; the event that led to this one
 *     senttime                                   when the source sent it, by the source's clock
 *     digest                                     of the source record's bytes, hex
 *     checkpoint                                 where the adapter stands behind it, hex
 *
 * Times are RFC 3339 with an offset.  What is not there is not written; an empty value is none. */
#ifndef WIRE_CLOUD_ATTRIBUTE_H
#define WIRE_CLOUD_ATTRIBUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/envelope.h"

enum cloud_form {
	CLOUD_FORM_TEXT,
	CLOUD_FORM_TIME,
	CLOUD_FORM_HEX,
};

struct cloud_attribute {
	const char *name;
	enum cloud_form form;
	uint32_t field;   /* of Event in event.proto, and of enum ch_attribute */
	size_t at;        /* in struct envelope: a slice, or an int64_t for a time */
	size_t max_bytes; /* of the value, not as it is written; 0 for a time */
	bool required;
};

/* In the order in which they are written. */
extern const struct cloud_attribute cloud_attributes[];
extern const size_t cloud_attribute_count;

/* NULL: none of ours. */
const struct cloud_attribute *cloud_attribute_find(struct slice name);

/* Appends what the envelope has of it, as text: nothing when it has none. */
void cloud_attribute_write(const struct cloud_attribute *attribute, const struct envelope *envelope,
	struct buffer *out);

#endif
