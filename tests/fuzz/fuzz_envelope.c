/* An event from a peer; what was read must be written and read again the same. */
#include "base/invariant.h"
#include "wire/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct envelope first;
	struct envelope second;
	struct buffer event = {0};
	const char *field = NULL;
	enum ch_status status = envelope_parse(slice_of(data, len), &first, &field);
	invariant((status == CH_OK) == (field == NULL));
	invariant(first.before.len + first.after.len <= len);
	if (status == CH_OK) {
		envelope_encode(&first, &event);
		invariant(envelope_parse(buffer_slice(&event), &second, &field) == CH_OK);
		invariant(slice_equal(first.id, second.id) && slice_equal(first.type, second.type));
		invariant(slice_equal(first.data, second.data));
		invariant(slice_equal(first.personal, second.personal));
		invariant(first.time_us == second.time_us && second.after.len == 0);
	}
	buffer_fini(&event);
	return 0;
}
