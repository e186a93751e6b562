/* Events as CloudEvents 1.0 in JSON, structured mode: what `translate` writes, one a line, and what a
 * station that knows the schema may send in JSON lines.
 *
 *     {"specversion":"1.0","id":"1/3","source":"/stations/sh12","type":"repair.order.repaired",
 *      "subject":"1","time":"2026-03-02T08:00:00.000000Z","datacontenttype":"application/json",
 *      "digest":"9f...","data":{"repairOrderId":"1", ...}}
 *
 * `data` is the typed message in proto3's JSON.  Beyond the standard's attributes there are the
 * extensions `senttime`, `correlationid`, `causationid`, `traceparent`, `tracestate` and `digest`: the
 * last keeps the identity of the record that an event was made of, so that writing and reading again
 * changes nothing. */
#ifndef REPAIR_CLOUDEVENT_H
#define REPAIR_CLOUDEVENT_H

#include <jansson.h>

#include "channel/repair/event.h"

/* Appends one object and a line end.  CH_NOMEM, CH_FORMAT (a text that is not UTF-8). */
enum ch_status cloudevent_write(const struct repair_event *event, struct buffer *out);

struct cloudevent_reader;

/* `mapping` gives the source of events that name none and the zone of times without offset. */
enum ch_status cloudevent_reader_create(
	const struct mapping *mapping, struct cloudevent_reader **out_reader); /* CH_NOMEM */
void cloudevent_reader_free(struct cloudevent_reader *reader);

/* One object, which must stay as long as the event.  CH_OK: *out_event, valid until the next call;
 * CH_NOMEM; any other: *out_reject. */
enum ch_status cloudevent_read(struct cloudevent_reader *reader, json_t *object, struct slice raw,
	struct place at, struct repair_event *out_event, struct repair_reject *out_reject);

#endif
