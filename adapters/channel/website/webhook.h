/* The payload that Standard Webhooks recommends: {"type": ..., "timestamp": ..., "data": ...}. */
#ifndef WEBSITE_WEBHOOK_H
#define WEBSITE_WEBHOOK_H

#include "channel/website/cloud.h"

/* As a CloudEvent of that source, named by webhook-id; the digest is of the body, which stays the same when
 * the message is sent again.  CH_OK: *out_event looks into all three; CH_MISSING, CH_TOO_LARGE, CH_INVALID,
 * CH_FORMAT with *out_refusal. */
enum ch_status webhook_read(const struct http_message *message, json_t *body, const char *source,
	struct cloud_event *out_event, struct refusal *out_refusal);

#endif
