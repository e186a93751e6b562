/* Master.csv: rows are calls or rejects, however the file is cut. */
#include "callcenter.h"

#include "channel/callcenter/cdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_reject(void *context, uint64_t row, const char *reason)
{
	(void)context;
	invariant(row > 0 && reason[0] != 0);
}

static size_t read_all(struct slice bytes, size_t piece, uint64_t *out_rows)
{
	size_t calls = 0;
	struct cdr *cdr = NULL;
	const struct cdr_options options = {fuzz_call, fuzz_reject, &calls, NULL};
	enum ch_status status = CH_OK;
	invariant(cdr_create(&options, &cdr) == CH_OK);
	for (size_t at = 0; at < bytes.len && status == CH_OK; at += piece)
		status = cdr_feed(cdr, slice_sub(bytes, at, piece));
	if (status == CH_OK && bytes.len % 2 == 0) {
		cdr_flush(cdr, INT64_MAX);
		invariant(cdr_open(cdr) == 0);
	}
	if (status == CH_OK)
		invariant(cdr_end(cdr, true) == CH_OK);
	*out_rows = cdr_rows(cdr);
	cdr_free(cdr);
	return calls;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t rows;
	uint64_t cut_rows;
	struct slice bytes = slice_of(data, len);
	size_t calls = read_all(bytes, len > 0 ? len : 1, &rows);
	invariant(calls <= rows);
	invariant(read_all(bytes, len > 0 ? data[0] % 13u + 1 : 1, &cut_rows) == calls);
	invariant(rows == cut_rows);
	return 0;
}
