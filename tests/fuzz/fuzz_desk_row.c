/* A row of the desk that was damaged, of the kind that the first byte says: what can be read is written and read
 * again as it is, and a set of sequences is in order and apart, whatever is then added, taken out and cut off. */
#include "base/invariant.h"
#include "fanout/ranges.h"
#include "fanout/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

union row {
	struct subscription_row subscription;
	struct cursor_row cursor;
	struct pending_row pending;
	struct letter_row letter;
	struct job_row job;
	struct audit_row audit;
};

static const struct form *const forms[] = {
	&subscription_form, &cursor_form, &pending_form, &letter_form, &job_form, &audit_form};

static void fuzz_row(const struct form *form, struct slice bytes)
{
	union row row;
	union row again;
	struct buffer once = {0};
	struct buffer twice = {0};
	enum ch_status status = row_read(form, bytes, &row);
	invariant(status == CH_OK || status == CH_CORRUPT);
	if (status == CH_OK) {
		form_encode(form, &row, &once);
		invariant(row_read(form, buffer_slice(&once), &again) == CH_OK);
		form_encode(form, &again, &twice);
		invariant(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
	}
	buffer_fini(&once);
	buffer_fini(&twice);
}

static void fuzz_key(struct slice bytes)
{
	uint8_t key[ROW_KEY_BYTES];
	char text[LIMIT_NAME_BYTES + 1];
	struct slice name;
	uint64_t sequence;
	if (row_split(bytes, &name, &sequence) != CH_OK)
		return;
	invariant(name.len + 9 == bytes.len);
	if (name.len > LIMIT_NAME_BYTES || memchr(name.data, 0, name.len) != NULL)
		return;
	memcpy(text, name.data, name.len);
	text[name.len] = 0;
	invariant(slice_equal(row_key(key, text, sequence), bytes));
	invariant(slice_starts(bytes, row_prefix(key, text)));
}

static void fuzz_order(const struct ranges *ranges, uint64_t above)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct span *span = &ranges->spans[i];
		uint64_t last;
		invariant(span->first > above && span->first <= span->last);
		invariant(ranges_find(ranges, span->first, &last) && last == span->last);
		invariant(span->last == UINT64_MAX || !ranges_find(ranges, span->last + 1, &last));
		above = span->last;
	}
}

static void fuzz_ranges(struct slice bytes, uint64_t base)
{
	struct ranges ranges;
	struct ranges again;
	struct buffer once = {0};
	uint64_t last;
	ranges_init(&ranges);
	ranges_init(&again);
	enum ch_status status = ranges_decode(bytes, base, &ranges);
	invariant(status == CH_OK || status == CH_CORRUPT);
	if (status != CH_OK)
		goto out;
	fuzz_order(&ranges, base);
	ranges_encode(&ranges, base, &once);
	invariant(ranges_decode(buffer_slice(&once), base, &again) == CH_OK);
	invariant(again.count == ranges.count);
	for (size_t i = 0; i < bytes.len && i < 32; i++) {
		uint64_t at = base + 1 + bytes.data[i];
		if (i % 3 == 0)
			invariant(ranges_remove(&ranges, at) == CH_OK &&
				  !ranges_find(&ranges, at, &last));
		else
			invariant(ranges_add(&ranges, at, at + i) == CH_OK &&
				  ranges_find(&ranges, at, &last) && last >= at + i);
		fuzz_order(&ranges, base);
	}
	ranges_cut(&ranges, base + 16);
	fuzz_order(&ranges, base + 16);
	ranges_clear(&ranges);
	invariant(ranges.count == 0);
out:
	buffer_fini(&once);
	ranges_fini(&ranges);
	ranges_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice all = slice_of(data, len);
	if (len == 0)
		return 0;
	struct slice bytes = slice_sub(all, 1, len);
	fuzz_row(forms[data[0] % (sizeof(forms) / sizeof(*forms))], bytes);
	fuzz_key(bytes);
	fuzz_ranges(bytes, data[0]);
	return 0;
}
