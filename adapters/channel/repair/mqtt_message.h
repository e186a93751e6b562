/* A message of an MQTT broker, by the CloudEvents binding for MQTT 1.0.2, made one that is read:
 *
 *     5.0, Content Type application/cloudevents+json    structured: the payload is the event
 *     5.0, User Property specversion                    binary: the user properties are the attributes,
 *                                                       Content Type the data's, the payload the data
 *     3.1.1, and anything else                          structured
 *     format = jsonl                                    the mapping reads the payload, with the columns
 *                                                       {mqtt:topic}, {mqtt:topic/1} to {mqtt:topic/8}
 */
#ifndef REPAIR_MQTT_MESSAGE_H
#define REPAIR_MQTT_MESSAGE_H

#include "channel/repair/message.h"

#define MQTT_LEVELS_MAX 8u

struct mqtt_message {
	struct slice topic;
	struct slice payload;
	struct slice content_type;            /* empty: none */
	struct message_attribute *properties; /* user properties, in their order */
	size_t property_count;
	bool properties_cut; /* there were more than MESSAGE_ATTRIBUTES_MAX */
	/* What the message looks at. */
	struct message_attribute attributes[MESSAGE_ATTRIBUTES_MAX + 1];
	struct cell context[MQTT_LEVELS_MAX + 1];
	struct message message;
};

/* Fills the rest from what came, which must stay as long as the message.  CH_UNSUPPORTED, CH_TOO_LARGE:
 * *out_reject says why it is none. */
enum ch_status mqtt_message_fill(
	struct mqtt_message *message, enum mapping_format format, struct repair_reject *out_reject);

#endif
