/* Events as CloudEvents 1.0 in JSON, structured mode, one a line: what every adapter's `translate` writes.
 *
 *     {"specversion":"1.0","id":"1/3","source":"/stations/sh12","type":"repair.order.repaired",
 *      "subject":"1","time":"2026-03-02T08:00:00.000000Z","digest":"9f...",
 *      "datacontenttype":"application/json","data":{"repairOrderId":"1", ...}}
 *
 * `data` is the typed message in proto3's JSON.  The extensions are those of wire/cloud_attribute.h, of which
 * `digest` keeps the identity of the record that an event was made of: `carehub publish` takes these
 * lines, and writing and reading again changes nothing. */
#ifndef KIT_CLOUDEVENT_H
#define KIT_CLOUDEVENT_H

#include <protobuf-c/protobuf-c.h>

#include "wire/envelope.h"

/* Appends one object and a line end; `message` is data and personal part as a whole, or NULL: then they are
 * taken out of the envelope.  CH_FORMAT: a text that is not UTF-8, or bytes that are no message of the
 * type; CH_UNKNOWN_TYPE; CH_NOMEM.  On failure `out` is as long as before. */
enum ch_status cloudevent_write(
	const struct envelope *envelope, const ProtobufCMessage *message, struct buffer *out);

#endif
