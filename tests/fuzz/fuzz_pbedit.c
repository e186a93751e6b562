/* Two messages, cut where the first byte says, merged and added to each other. */
#include "base/invariant.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	struct slice all = slice_of(data + 1, len - 1);
	struct slice message = slice_sub(all, 0, data[0]);
	struct slice partial = slice_sub(all, data[0], all.len);
	struct buffer out = {0};
	struct pb_field field;
	struct slice bytes;
	uint64_t number;
	if (pbedit_merge(message, partial, &out) == CH_OK) {
		struct pb_reader reader = pb_read(buffer_slice(&out));
		invariant(out.len <= all.len);
		while (pb_next(&reader, &field))
			continue;
		invariant(reader.status == CH_OK);
	}
	buffer_clear(&out);
	if (pbedit_add(message, data[0], partial, &out) == CH_OK)
		invariant(out.len == message.len + partial.len);
	buffer_clear(&out);
	if (pbedit_drop(message, data[0], &out) == CH_OK)
		invariant(!pbedit_get_bytes(buffer_slice(&out), data[0], &bytes));
	(void)pbedit_get_uint(message, 1, &number);
	(void)pbedit_get_bytes(message, 2, &bytes);
	(void)pbedit_same(message, 1, partial);
	buffer_fini(&out);
	return 0;
}
