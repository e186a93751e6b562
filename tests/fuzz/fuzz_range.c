/* Any text as a stretch of history: what is understood means entries that are kept, in order, whatever the history
 * is; what is not says where understanding ended. */
#include "base/invariant.h"
#include "base/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ENTRY_US INT64_C(1000000)          /* one a second */
#define BEGAN_US INT64_C(1772409600000000) /* 2026-03-02T00:00:00Z, of sequence 0 */

/* The history; the lookups fail when its head is odd and the machine does. */
struct history {
	uint64_t first;
	uint64_t head;
	enum ch_status failure;
};

static enum ch_status fuzz_find_time(void *context, int64_t time_us, uint64_t *out_sequence)
{
	const struct history *history = context;
	int64_t behind = time_us < BEGAN_US ? 0 : (time_us - BEGAN_US + ENTRY_US - 1) / ENTRY_US;
	uint64_t sequence = (uint64_t)behind < history->first ? history->first : (uint64_t)behind;
	*out_sequence = sequence > history->head ? history->head + 1 : sequence;
	return history->failure;
}

static enum ch_status fuzz_find_arrival(void *context, uint64_t sequence, int64_t *out_time_us)
{
	const struct history *history = context;
	invariant(sequence >= history->first && sequence <= history->head);
	*out_time_us = BEGAN_US + (int64_t)sequence * ENTRY_US;
	return history->failure;
}

static void fuzz_resolve(const struct range *range, const struct range_point *point, uint64_t first,
	uint64_t head, enum ch_status failure)
{
	struct history history = {first, head, failure};
	const struct range_history seen = {.first = first,
		.head = head,
		.now_us = BEGAN_US + 20000 * ENTRY_US,
		.find_time = fuzz_find_time,
		.find_arrival = fuzz_find_arrival,
		.context = &history};
	uint64_t from = 0;
	uint64_t to = 0;
	if (range != NULL) {
		enum ch_status status = range_resolve(range, &seen, &from, &to);
		invariant(status == CH_OK || status == CH_END || status == CH_INVALID ||
			  status == failure);
		invariant(status != CH_OK || (from >= first && from <= to && to <= head));
	}
	if (point != NULL) {
		enum ch_status status = range_resolve_point(point, &seen, &from);
		invariant(status == CH_OK || status == CH_END || status == CH_INVALID ||
			  status == failure);
		invariant(status != CH_OK || from <= head + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_of(data, len);
	struct range range;
	struct range_point point;
	size_t at = 0;
	enum ch_status status = range_parse(text, &range, &at);
	bool whole = status == CH_OK;
	invariant(whole || status == CH_FORMAT || status == CH_INVALID);
	invariant(at <= len);
	status = range_parse_point(text, &point, &at);
	bool lone = status == CH_OK;
	invariant(lone || status == CH_FORMAT || status == CH_INVALID);
	invariant(at <= len);
	for (int failing = 0; failing < 2; failing++) {
		enum ch_status failure = failing != 0 ? CH_IO : CH_OK;
		fuzz_resolve(whole ? &range : NULL, lone ? &point : NULL, 1, 10000, failure);
		fuzz_resolve(whole ? &range : NULL, lone ? &point : NULL, 5000, 5000, failure);
		fuzz_resolve(whole ? &range : NULL, lone ? &point : NULL, 1, 0, failure);
	}
	return 0;
}
