/* JSON from a stranger, of the event type that its first line names, or of another of our messages, by its
 * number.  What was read must be written, read again, and be the same message. */
#include <stdlib.h>

#include "base/invariant.h"
#include "base/text.h"
#include "carehub/v1/bus.pb-c.h"
#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/event.pb-c.h"
#include "wire/json.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct slice fuzz_pack(const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(len + 1);
	invariant(bytes != NULL);
	return slice_of(bytes, protobuf_c_message_pack(message, bytes));
}

/* They have the kinds of fields that no event has. */
static const ProtobufCMessageDescriptor *const others[] = {
	&carehub__v1__event__descriptor,
	&carehub__v1__welcome__descriptor,
	&carehub__v1__hello__descriptor,
	&carehub__v1__deliver__descriptor,
	&carehub__v1__status_reply__descriptor,
	&carehub__v1__find_request__descriptor,
	&carehub__v1__record_reply__descriptor,
	&carehub__v1__replay_request__descriptor,
};

static const ProtobufCMessageDescriptor *fuzz_type(struct slice name)
{
	const struct event_type *row = types_find(name);
	uint64_t number;
	if (row != NULL)
		return row->message;
	if (text_parse_u64(name, sizeof(others) / sizeof(others[0]) - 1, &number) != CH_OK)
		return NULL;
	return others[number];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_of(data, len);
	struct slice name = {NULL, 0};
	(void)text_split(&text, '\n', &name); /* an empty input finds no type */
	const ProtobufCMessageDescriptor *type = fuzz_type(name);
	ProtobufCMessage *message = NULL;
	ProtobufCMessage *again = NULL;
	struct json_error error;
	enum ch_status status =
		type != NULL ? json_decode(text, type, 0, &message, &error) : CH_END;
	if (status == CH_INVALID)
		status = json_decode(text, type, JSON_IGNORE_UNKNOWN, &message, &error);
	if (status != CH_OK)
		return 0;
	struct buffer out = {0};
	invariant(json_encode(message, len % 2 == 0 ? JSON_PRETTY : 0, &out, &error) == CH_OK);
	invariant(json_decode(buffer_slice(&out), type, 0, &again, &error) == CH_OK);
	struct slice first = fuzz_pack(message);
	struct slice second = fuzz_pack(again);
	invariant(slice_equal(first, second));
	free((void *)(uintptr_t)first.data);
	free((void *)(uintptr_t)second.data);
	protobuf_c_message_free_unpacked(message, NULL);
	protobuf_c_message_free_unpacked(again, NULL);
	buffer_fini(&out);
	return 0;
}
