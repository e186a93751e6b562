/* RECEIPTS from a hub that has gone mad; what was read must be written and read again the same. */
#include "base/invariant.h"
#include "wire/frame.h"
#include "wire/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct receipts first;
	static struct receipts second;
	struct receipts_writer writer;
	struct buffer frame = {0};
	struct slice body;
	enum frame_kind kind;
	if (receipts_parse(slice_of(data, len), &first) != CH_OK)
		return 0;
	receipts_begin(&writer, &frame);
	for (uint32_t i = 0; i < first.count; i++)
		receipts_add(&writer, &first.receipts[i]);
	receipts_end(&writer, first.durability);
	if (frame.len <= LIMIT_FRAME_BYTES) {
		invariant(frame_parse(buffer_slice(&frame), &kind, &body) == CH_OK);
		invariant(receipts_parse(body, &second) == CH_OK);
		invariant(first.count == second.count && first.durability == second.durability);
	}
	for (uint32_t i = 0; frame.len <= LIMIT_FRAME_BYTES && i < first.count; i++) {
		const struct receipt *a = &first.receipts[i];
		const struct receipt *b = &second.receipts[i];
		invariant(a->frame == b->frame && a->index == b->index);
		invariant(a->outcome == b->outcome && a->sequence == b->sequence);
		invariant(a->customer == b->customer && a->reason == b->reason);
		invariant(slice_equal(a->field, b->field) && slice_equal(a->detail, b->detail));
	}
	buffer_fini(&frame);
	return 0;
}
