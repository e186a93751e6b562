/* An event from a peer; what was read must be written and read again the same. */
#include "base/invariant.h"
#include "wire/envelope.h"

#define ARRIVAL_US INT64_C(1772409600000000) /* 2026-03-02T00:00:00Z */
#define YEAR_US    INT64_C(31556952000000)

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
	/* Whatever clocks say, it has not happened more than a year after it came. */
	int64_t occurred_us = envelope_occurred(&first, ARRIVAL_US);
	invariant(occurred_us > 0 && occurred_us < ARRIVAL_US + 2 * YEAR_US);
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
