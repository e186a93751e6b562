#include "channel/repair/mqtt_message.h"

#include <strings.h>

#include "base/text.h"

static bool mqtt_type_starts(struct slice type, const char *prefix)
{
	size_t len = strlen(prefix);
	return type.len >= len && strncasecmp((const char *)type.data, prefix, len) == 0;
}

/* CloudEvents 3: other user properties are the publisher's own business. */
static bool mqtt_is_attribute(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			return false;
	}
	return name.len > 0 && name.len <= 20;
}

static void mqtt_take_attributes(struct mqtt_message *message)
{
	size_t count = 0;
	for (size_t i = 0; i < message->property_count; i++) {
		if (mqtt_is_attribute(message->properties[i].name))
			message->attributes[count++] = message->properties[i];
	}
	if (message->content_type.len > 0)
		message->attributes[count++] = (struct message_attribute){
			SLICE_LITERAL("datacontenttype"), message->content_type};
	message->message.attributes = message->attributes;
	message->message.attribute_count = count;
	message->message.binary = true;
}

static bool mqtt_has_version(const struct mqtt_message *message)
{
	for (size_t i = 0; i < message->property_count; i++) {
		if (slice_equal(message->properties[i].name, SLICE_LITERAL("specversion")))
			return true;
	}
	return false;
}

static enum ch_status mqtt_choose_mode(
	struct mqtt_message *message, struct repair_reject *out_reject)
{
	struct place at = {.record = 0};
	struct slice type = message->content_type;
	struct slice field = SLICE_LITERAL("content type");
	if (message->properties_cut) {
		reject_fill(out_reject, CH_TOO_LARGE, at, SLICE_LITERAL("user properties"),
			"are more than %u", MESSAGE_ATTRIBUTES_MAX);
		return CH_TOO_LARGE;
	}
	if (mqtt_type_starts(type, "application/cloudevents-batch")) {
		reject_fill(out_reject, CH_UNSUPPORTED, at, field,
			"the MQTT binding knows no batch: one message is one event");
		return CH_UNSUPPORTED;
	}
	if (mqtt_type_starts(type, "application/cloudevents")) {
		if (mqtt_type_starts(type, "application/cloudevents+json"))
			return CH_OK;
		reject_fill(out_reject, CH_UNSUPPORTED, at, field,
			"of the structured forms only application/cloudevents+json is read");
		return CH_UNSUPPORTED;
	}
	if (mqtt_has_version(message))
		mqtt_take_attributes(message);
	return CH_OK;
}

static void mqtt_take_levels(struct mqtt_message *message)
{
	static const char *const names[MQTT_LEVELS_MAX] = {"mqtt:topic/1", "mqtt:topic/2",
		"mqtt:topic/3", "mqtt:topic/4", "mqtt:topic/5", "mqtt:topic/6", "mqtt:topic/7",
		"mqtt:topic/8"};
	struct slice rest = message->topic;
	struct slice level;
	size_t count = 0;
	message->context[count++] = (struct cell){
		.name = SLICE_LITERAL("mqtt:topic"), .text = row_trim(message->topic)};
	while (count <= MQTT_LEVELS_MAX && text_split(&rest, '/', &level)) {
		message->context[count] = (struct cell){
			.name = slice_text(names[count - 1]), .text = row_trim(level)};
		count++;
	}
	message->message.context = message->context;
	message->message.context_count = count;
}

enum ch_status mqtt_message_fill(
	struct mqtt_message *message, enum mapping_format format, struct repair_reject *out_reject)
{
	message->message = (struct message){.payload = message->payload};
	if (format == MAPPING_CLOUDEVENTS)
		return mqtt_choose_mode(message, out_reject);
	mqtt_take_levels(message);
	return CH_OK;
}
