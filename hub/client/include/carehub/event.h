/* An event: CloudEvents attributes around one typed message (event.proto).
 *
 * The object is both builder and reader.  Make one, use it again and again: nothing is allocated for
 * an event once the object has grown to its size.  One thread at a time.
 *
 * Setters copy.  What they cannot take sticks in the event and comes back from publishing (or from
 * ch_event_status), so that a builder checks once. */
#ifndef CAREHUB_EVENT_H
#define CAREHUB_EVENT_H

#include <carehub/bytes.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ch_event;
struct ProtobufCMessage;
struct ProtobufCMessageDescriptor;

enum ch_attribute {
	CH_ID = 1,          /* with the source names the event for ever; mandatory, 200 bytes */
	CH_SOURCE = 2,      /* URI-reference; mandatory, 200 bytes */
	CH_TYPE = 3,        /* channel.noun.verb; mandatory, 100 bytes */
	CH_SUBJECT = 4,     /* business key of what it is about, 200 bytes */
	CH_DATASCHEMA = 7,  /* URI; empty: as the type says */
	CH_TRACEPARENT = 8, /* W3C Trace Context */
	CH_TRACESTATE = 9,
	CH_CORRELATION_ID = 10, /* what belongs together */
	CH_CAUSATION_ID = 11,   /* the event that led to this one */
	CH_CHECKPOINT = 12,     /* where the adapter stands after this event; any bytes, 1024 */
	CH_DIGEST = 13,         /* of the source record's bytes; any bytes, 32 */
	CH_DATA = 14,           /* the typed message's fields below 100 */
	CH_PERSONAL = 15,       /* and those from 100 on */
};

CH_PUBLIC struct ch_event *ch_event_create(void); /* NULL when memory runs out */
CH_PUBLIC void ch_event_free(struct ch_event *event);

/* As new; keeps the memory. */
CH_PUBLIC void ch_event_clear(struct ch_event *event);

/* Replaces an attribute; sticks: CH_INVALID (no such attribute), CH_TOO_LARGE, CH_FORMAT (text that is
 * not UTF-8), CH_NOMEM. */
CH_PUBLIC void ch_event_set(
	struct ch_event *event, enum ch_attribute attribute, struct ch_bytes value);

static inline void ch_event_set_text(
	struct ch_event *event, enum ch_attribute attribute, const char *text)
{
	ch_event_set(event, attribute, ch_bytes_text(text));
}

/* When it happened and when the source sent it, both by the source's clock; 0: not known. */
CH_PUBLIC void ch_event_set_time(struct ch_event *event, int64_t time_us, int64_t sent_us);

/* Packs a message of the schema and splits it: fields below 100 become CH_DATA, the others
 * CH_PERSONAL.  Returns and sticks: CH_TOO_LARGE, CH_NOMEM. */
CH_PUBLIC enum ch_status ch_event_set_message(
	struct ch_event *event, const struct ProtobufCMessage *message);

/* CH_OK, or what stuck; then ch_error_detail names the attribute.  CH_MISSING: id, source or type is
 * not set. */
CH_PUBLIC enum ch_status ch_event_status(const struct ch_event *event);

/* ---- Reading ---- */

/* Reads an encoded Event; `personal` is its personal part where it was delivered apart, else empty.
 * Nothing is copied: the attributes look into `bytes` and `personal`, which must live as long as they
 * are read.  CH_FORMAT, CH_MISSING, CH_TOO_LARGE, CH_INVALID; ch_error_detail names the attribute. */
CH_PUBLIC enum ch_status ch_event_read(
	struct ch_event *event, struct ch_bytes bytes, struct ch_bytes personal);

/* Empty when not set.  Valid until the event is changed. */
CH_PUBLIC struct ch_bytes ch_event_get(const struct ch_event *event, enum ch_attribute attribute);
CH_PUBLIC int64_t ch_event_time(const struct ch_event *event);
CH_PUBLIC int64_t ch_event_sent(const struct ch_event *event);

/* Both parts as one message of the given type, to be freed with protobuf_c_message_free_unpacked.
 * The type must not contain itself: unpacking has no bound on depth of its own (no type of our schema
 * does).  CH_FORMAT, CH_NOMEM. */
CH_PUBLIC enum ch_status ch_event_get_message(struct ch_event *event,
	const struct ProtobufCMessageDescriptor *type, struct ProtobufCMessage **out_message);

/* The encoded Event, as it would be published; valid until the event is changed.  As
 * ch_event_status. */
CH_PUBLIC enum ch_status ch_event_encode(struct ch_event *event, struct ch_bytes *out_bytes);

#ifdef __cplusplus
}
#endif
#endif
