/* A desk's line: an event that the hub takes at its first look, or a reason. */
#include "base/invariant.h"
#include "channel/callcenter/desk.h"
#include "wire/check.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct desk *desk;
	struct desk_event event;
	struct envelope envelope;
	struct buffer bytes = {0};
	char reason[DESK_REASON_BYTES];
	char path[CHECK_PATH_BYTES];
	const char *field;
	if (desk == NULL)
		invariant(desk_create(slice_text("/f"), &desk) == CH_OK);
	if (desk_read(desk, slice_of(data, len), &event, reason) != CH_OK) {
		invariant(reason[0] != 0);
		return 0;
	}
	envelope_encode(&event.envelope, &bytes);
	invariant(envelope_parse(buffer_slice(&bytes), &envelope, &field) == CH_OK);
	const struct event_type *type = types_find(envelope.type);
	invariant(type != NULL && check_message(type->message, envelope.data, path) == CH_OK);
	invariant(check_message(type->message, envelope.personal, path) == CH_OK);
	buffer_fini(&bytes);
	return 0;
}
