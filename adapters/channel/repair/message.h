/* One message, as a database or a broker hands it over: a JSON object, with what its carrier says beside
 * it.  It becomes events as the mapping says:
 *
 *     format = cloudevents   structured: the object is a CloudEvent ("specversion" stands in it);
 *                            else binary: the carrier's attributes are those of the event, the object
 *                            is its data
 *     format = jsonl         the object is the station's own, one row for the mapping, with what the
 *                            carrier says as columns: {outbox:type}, {mqtt:topic}
 *
 *     message_begin(reader, &message);
 *     while ((status = message_next(reader, &item)) == CH_OK)
 *             ...
 *
 * The same message gives the same items with the same ids and digests. */
#ifndef REPAIR_MESSAGE_H
#define REPAIR_MESSAGE_H

#include "channel/repair/repair_source.h"

#define MESSAGE_ATTRIBUTES_MAX 64u

/* "id", "type", "time": names of CloudEvents and its extensions, in small letters. */
struct message_attribute {
	struct slice name;
	struct slice value;
};

/* All of it must stay until message_next has said CH_END. */
struct message {
	struct slice payload;
	const struct message_attribute *attributes;
	size_t attribute_count;
	bool binary;                /* for certain, whatever stands in the object */
	const struct cell *context; /* columns of the carrier, for format = jsonl */
	size_t context_count;
};

struct message_reader;

/* `mapping`, of one of those formats, must live until free.  CH_NOMEM. */
enum ch_status message_reader_create(
	const struct mapping *mapping, struct message_reader **out_reader);
void message_reader_free(struct message_reader *reader);

void message_begin(struct message_reader *reader, const struct message *message);

/* The message's next item, valid until the next call; none is incomplete.  CH_END: no more.  CH_NOMEM,
 * CH_INTERNAL. */
enum ch_status message_next(struct message_reader *reader, struct repair_item *out_item);

#endif
