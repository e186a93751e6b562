/* CloudEvents 1.0 as they are posted: the three content modes of the HTTP protocol binding.
 *
 *     binary       the body is the data, attributes stand in headers ce-NAME
 *     structured   application/cloudevents+json: one object
 *     batched      application/cloudevents-batch+json: an array of such objects
 *
 * Attributes are checked here, the typed data is not.  Unknown extensions are passed over; those that the hub
 * keeps are traceparent, tracestate, correlationid, causationid, and its own senttime and digest. */
#ifndef WEBSITE_CLOUD_H
#define WEBSITE_CLOUD_H

#include <jansson.h>

#include "base/limits.h"
#include "channel/website/http_message.h"
#include "channel/website/refusal.h"
#include "wire/json_tape.h"

#define CLOUD_DIGEST_BYTES 32u

enum cloud_mode { CLOUD_NONE, CLOUD_BINARY, CLOUD_STRUCTURED, CLOUD_BATCH };

/* An attribute that is absent is empty. */
struct cloud_event {
	struct slice id;
	struct slice source;
	struct slice type;
	struct slice subject;
	struct slice dataschema;
	struct slice datacontenttype;
	struct slice traceparent; /* these two as they came: see http_message_trace */
	struct slice tracestate;
	struct slice correlation_id;
	struct slice causation_id;
	int64_t time_us;
	int64_t sent_us;
	uint8_t digest[CLOUD_DIGEST_BYTES];
	size_t digest_len;
	/* The data: JSON that lives as long as the reader, or bytes, or neither. */
	struct json_ref json;
	struct slice bytes;
};

struct cloud_reader;

/* Of a request, by its Content-Type, else by ce-specversion: CLOUD_NONE is no CloudEvent. */
enum cloud_mode cloud_mode(const struct http_message *message);

/* `message` and `tape` must outlive the reader, and the tape is the reader's until it is closed; NULL: the JSON of
 * all events is jansson's.  CH_OK; CH_UNSUPPORTED: of a format that is not read here;
 * CH_FORMAT, CH_INVALID, CH_TOO_LARGE (over 256 events in a batch): *out_refusal says what; CH_NOMEM. */
enum ch_status cloud_open(const struct http_message *message, struct json_tape *tape,
	struct cloud_reader **out_reader, struct refusal *out_refusal);
void cloud_close(struct cloud_reader *reader);

/* How many there are: 1, of a batch any number. */
size_t cloud_count(const struct cloud_reader *reader);

/* CH_OK: *out_event, valid until the next call; CH_END: no more; CH_NOMEM; any other: *out_refusal, and the
 * next call goes on with the next event. */
enum ch_status cloud_next(
	struct cloud_reader *reader, struct cloud_event *out_event, struct refusal *out_refusal);

/* Whether a media type's data is JSON: application/json, text/json, anything+json; none is, too. */
bool cloud_is_json(struct slice media_type);

/* JSON of strangers: no member twice, no more than LIMIT_JSON_BYTES.  NULL: *out_refusal says where. */
json_t *cloud_load_json(struct slice text, const char *field, struct refusal *out_refusal);

#endif
