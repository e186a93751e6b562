/* Any message of a broker: reading ends, what becomes an event passes the hub's first look, and reading it
 * again gives the same one.  The input is the Content Type, then a user property a line ("name value"), an
 * empty line, and the payload. */
#include "base/text.h"
#include "channel/repair/mqtt_message.h"
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_twice(
	struct mqtt_message *message, const struct mapping *mapping, const struct mapping *native)
{
	struct message_reader *reader = NULL;
	struct repair_reject reject;
	struct repair_item item;
	uint8_t digests[2][EVENT_DIGEST_BYTES] = {{0}};
	size_t counts[2] = {0, 0};
	if (mqtt_message_fill(message, mapping->format, &reject) != CH_OK)
		return;
	invariant(message_reader_create(mapping, &reader) == CH_OK);
	for (int turn = 0; turn < 2; turn++) {
		enum ch_status status;
		message_begin(reader, &message->message);
		while ((status = message_next(reader, &item)) == CH_OK) {
			invariant(counts[turn]++ <= mapping->rule_count);
			if (item.what != REPAIR_EVENT) {
				invariant(item.reject.at.byte <= message->payload.len);
				continue;
			}
			memcpy(digests[turn], item.event.envelope.digest.data,
				item.event.envelope.digest.len);
			repair_file_check_event(native, &item.event);
		}
		invariant(status == CH_END);
	}
	invariant(counts[0] == counts[1]);
	invariant(memcmp(digests[0], digests[1], EVENT_DIGEST_BYTES) == 0);
	message_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *own;
	static struct mapping *native;
	struct message_attribute properties[MESSAGE_ATTRIBUTES_MAX];
	struct mqtt_message message = {
		.topic = SLICE_LITERAL("stations/SH12/repair"), .properties = properties};
	struct slice rest = slice_of(data, len);
	struct slice line;
	if (native == NULL) {
		native = repair_file_mapping(
			"[file]\nformat = cloudevents\nlast_line = whole\n[station]\nsource = /s\n");
		own = repair_file_mapping("[file]\nformat = jsonl\n[station]\nsource = /s\n"
					  "[event repair.order.repaired]\nid = {?id}{mqtt:topic}\n"
					  "repair_order_id = {order.number}\n"
					  "station.station_id = {mqtt:topic/2}\n");
	}
	if (text_split(&rest, '\n', &line))
		message.content_type = line;
	while (text_split(&rest, '\n', &line) && line.len > 0) {
		struct slice name = {NULL, 0};
		if (message.property_count == MESSAGE_ATTRIBUTES_MAX) {
			message.properties_cut = true;
			break;
		}
		(void)text_split(&line, ' ', &name); /* without a blank: no value */
		properties[message.property_count++] = (struct message_attribute){name, line};
	}
	message.payload = rest;
	read_twice(&message, native, native);
	read_twice(&message, own, native);
	return 0;
}
