/* The bytes behind a segment's first page are anything.  The key is known to the fuzzer, so it
 * can get past the CRCs of heads by way of the corpus; entries, links and lengths are then its
 * own. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/invariant.h"
#include "journal/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct label label = {
		.epoch = 9,
		.salt = UINT64_C(0x1122334455667788),
		.base = 431559,
		.file_bytes = 1024 * 1024,
	};
	struct tape *tape = NULL;
	struct chain *chain = NULL;
	struct scan scan;
	if (size > 256 * 1024)
		return 0;
	uint8_t *bytes = calloc(1, SEGMENT_PAGE_BYTES + size);
	if (bytes == NULL)
		return 0;
	if (size > 0)
		memcpy(bytes + SEGMENT_PAGE_BYTES, data, size);
	invariant(chain_create(&chain) == CH_OK);
	invariant(tape_open_memory(&label, slice_of(bytes, SEGMENT_PAGE_BYTES + size), &tape) ==
		  CH_OK);
	scan_begin(&scan, tape, chain);
	for (;;) {
		struct scan before = scan;
		enum ch_status status = scan_next(&scan);
		invariant(status == CH_OK || status == CH_GAP || status == CH_END);
		if (status == CH_END)
			break;
		/* It only goes forward, and what it gives is inside and in order. */
		invariant(scan.offset >= before.offset && scan.sequence >= before.sequence);
		invariant(scan.offset <= SEGMENT_PAGE_BYTES + size);
		if (status == CH_GAP) {
			invariant(scan.gap_first == before.sequence &&
				  scan.gap_last >= scan.gap_first);
			continue;
		}
		invariant(scan.bytes.len == scan.head.length && scan.head.first == before.sequence);
		invariant(scan.at + scan.head.length == scan.offset);
	}
	tape_close(tape);
	chain_free(chain);
	free(bytes);
	return 0;
}
