/* A run file of the inbox.  The sums of header, fences and blocks are put right first, or no
 * input but the corpus would ever get past them; every other one is left as it came, to meet the
 * refusals too. */
#include <stdlib.h>

#include "base/crc32c.h"
#include "store/filter.h"
#include "store/run_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(uint8_t *file, size_t size)
{
	struct run_header header;
	store_le32(file + 68, crc32c(0, file, 68));
	if (run_header_decode(slice_of(file, size), load_le64(file + 16), &header) != CH_OK)
		return;
	const struct run_layout *layout = &header.layout;
	uint64_t fences_bytes = layout->blocks * RUN_FENCE_BYTES;
	store_le32(file + 64, crc32c(0, file + layout->fences_offset, fences_bytes));
	store_le32(file + 68, crc32c(0, file, 68));
	for (uint64_t i = 0; i < layout->filter_blocks; i++)
		filter_seal(
			file + RUN_FILTER_OFFSET + i * FILTER_BLOCK_BYTES, load_le64(file + 16), i);
	for (uint64_t i = 0; i < layout->blocks; i++)
		run_block_seal(file + layout->blocks_offset + i * RUN_BLOCK_BYTES,
			load_le64(file + 16), i, run_block_count(layout, i));
}

static void get(const struct run *run, const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	struct id_record found;
	struct filter_mask mask;
	filter_mask_of(fingerprint, &mask);
	(void)run_get(run, fingerprint, &mask, &found);
}

static void walk(const struct run *run)
{
	struct id_record record;
	struct run_cursor cursor = {.run = run};
	while (run_next(&cursor, &record) == CH_OK)
		get(run, record.fingerprint);
	memset(record.fingerprint, 0x5a, sizeof(record.fingerprint));
	run_prefetch(run, record.fingerprint);
	get(run, record.fingerprint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run;
	/* Its own copy, so that a read behind the end is seen; aligned as a mapping is. */
	uint8_t *file = malloc(size + 1);
	if (file == NULL)
		return 0;
	if (size > 0)
		memcpy(file, data, size);
	if (size >= RUN_BLOCK_BYTES && file[size - 1] % 2 == 0)
		mend(file, size);
	uint64_t number = size >= 24 ? load_le64(file + 16) : 1;
	if (run_attach(slice_of(file, size), number, &run) == CH_OK) {
		walk(run);
		run_release(run);
	}
	free(file);
	return 0;
}
