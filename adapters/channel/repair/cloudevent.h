/* CloudEvents 1.0 in JSON, as a station that knows the schema may send them in JSON lines, and as `translate`
 * writes them (kit/cloudevent.h): attributes, the extensions named there, and the typed message as data.
 * Reading what was written gives the same event, digest and all. */
#ifndef REPAIR_CLOUDEVENT_H
#define REPAIR_CLOUDEVENT_H

#include <jansson.h>

#include "channel/repair/event.h"

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
