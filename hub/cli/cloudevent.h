/* CloudEvents as lines of JSON: what publish reads, and what tail, get, find and replay write.
 *
 *     {"specversion":"1.0","id":"4711","source":"urn:store:bj:7","type":"pos.sale.completed",
 *      "time":"2026-03-01T08:00:00Z","data":{"storeId":"7", ...}}
 *
 * `data` is the typed message as proto3 writes it, personal fields included.  The attributes are those
 * of wire/cloud_attribute.h, as every adapter's `translate` writes them. */
#ifndef CLI_CLOUDEVENT_H
#define CLI_CLOUDEVENT_H

#include <carehub/carehub.h>

#include "base/slice.h"

#define CLOUDEVENT_WHY 320

/* Reads one line into an event, which is cleared first.  CH_FORMAT: no JSON object; CH_MISSING,
 * CH_INVALID, CH_VERSION, CH_UNKNOWN_TYPE, CH_TOO_LARGE; then `why` says what and where. */
enum ch_status cloudevent_read(struct slice line, struct ch_event *event, char why[CLOUDEVENT_WHY]);

/* The checks that the hub would make, as far as they need no state. */
enum ch_status cloudevent_check(struct ch_event *event, char why[CLOUDEVENT_WHY]);

/* Appends an event as one JSON object.  What cannot be read as its type goes out as data_base64. */
enum ch_status cloudevent_write(struct ch_event *event, struct buffer *out);

/* The same from the bytes of an encoded Event. */
enum ch_status cloudevent_write_bytes(
	struct ch_bytes event, struct ch_bytes personal, struct buffer *out);

#endif
