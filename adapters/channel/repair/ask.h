/* `carehub-repair ask`: the hub's side asks a station's own program, by request and response of MQTT 5.0.
 *
 *     question -> mqtt.station_questions, with a Response Topic and Correlation Data
 *     answer   <- that topic, with the same data; its payload is printed as it is
 *
 * What the station answers is told to whoever asked, and is no event: what is to be kept, the station sends
 * as one.  A station with a folder or a database has no program that listens, and cannot be asked so. */
#ifndef REPAIR_ASK_H
#define REPAIR_ASK_H

#include <stdio.h>

#include "channel/repair/mqtt_link.h"

/* Blocks until there is an answer or `patience_ms` are over.  CH_OK: *out_answer is the payload, the caller's.
 * CH_TIMEOUT: the station said nothing.  CH_UNSUPPORTED: a broker of 3.1.1, or no topic to ask at.
 * CH_DENIED: the broker refused us.  CH_CLOSED: it cannot be reached.  CH_NOMEM. */
enum ch_status ask_station(const struct mqtt_settings *settings, struct slice question,
	int64_t patience_ms, struct buffer *out_answer);

#endif
