/* JSON from a stranger, of the event type that its first line names.  What was read must be written,
 * read again, and be the same message. */
#include <stdlib.h>

#include "base/invariant.h"
#include "base/text.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_of(data, len);
	struct slice name = {NULL, 0};
	(void)text_split(&text, '\n', &name); /* an empty input finds no type */
	const struct event_type *row = types_find(name);
	if (row == NULL)
		return 0;
	const ProtobufCMessageDescriptor *type = row->message;
	ProtobufCMessage *message = NULL;
	ProtobufCMessage *again = NULL;
	struct json_error error;
	if (json_decode(text, type, JSON_IGNORE_UNKNOWN, &message, &error) != CH_OK)
		return 0;
	struct buffer out = {0};
	invariant(json_encode(message, row->id & JSON_PRETTY, &out, &error) == CH_OK);
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
