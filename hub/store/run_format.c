#include "store/run_format.h"

#include "base/crc32c.h"
#include "store/filter.h"

#define MAGIC   "CHIDRUN\n"
#define VERSION 1u

/* Offsets in the header. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_NUMBER = 16,
	AT_ITEMS = 24,
	AT_FILTER_BLOCKS = 32,
	AT_FIRST_SEQUENCE = 40,
	AT_LAST_SEQUENCE = 48,
	AT_FILE_BYTES = 56,
	AT_FENCES_SUM = 64,
	AT_HEADER_SUM = 68, /* of all before it */
};

/* Offsets in a block's footer. */
enum {
	AT_BLOCK_RUN = 4064,
	AT_BLOCK_NUMBER = 4072,
	AT_BLOCK_COUNT = 4080,
	AT_BLOCK_SUM = 4092, /* of all before it */
};

struct run_layout run_layout(uint64_t items, uint64_t filter_blocks)
{
	struct run_layout layout = {.items = items, .filter_blocks = filter_blocks};
	uint64_t filter_bytes = filter_blocks * FILTER_BLOCK_BYTES;
	layout.blocks = (items + RUN_BLOCK_RECORDS - 1) / RUN_BLOCK_RECORDS;
	layout.blocks_offset = RUN_FILTER_OFFSET + (filter_bytes + RUN_BLOCK_BYTES - 1) /
							   RUN_BLOCK_BYTES * RUN_BLOCK_BYTES;
	layout.fences_offset = layout.blocks_offset + layout.blocks * RUN_BLOCK_BYTES;
	layout.file_bytes = layout.fences_offset + layout.blocks * RUN_FENCE_BYTES;
	return layout;
}

void run_header_encode(
	const struct run_header *header, uint64_t number, uint8_t out[RUN_BLOCK_BYTES])
{
	memset(out, 0, RUN_BLOCK_BYTES);
	memcpy(out + AT_MAGIC, MAGIC, 8);
	store_le32(out + AT_VERSION, VERSION);
	store_le64(out + AT_NUMBER, number);
	store_le64(out + AT_ITEMS, header->layout.items);
	store_le64(out + AT_FILTER_BLOCKS, header->layout.filter_blocks);
	store_le64(out + AT_FIRST_SEQUENCE, header->first_sequence);
	store_le64(out + AT_LAST_SEQUENCE, header->last_sequence);
	store_le64(out + AT_FILE_BYTES, header->layout.file_bytes);
	store_le32(out + AT_FENCES_SUM, header->fences_sum);
	store_le32(out + AT_HEADER_SUM, crc32c(0, out, AT_HEADER_SUM));
}

enum ch_status run_header_decode(struct slice file, uint64_t number, struct run_header *out_header)
{
	const uint8_t *p = file.data;
	if (file.len < RUN_BLOCK_BYTES || memcmp(p + AT_MAGIC, MAGIC, 8) != 0)
		return CH_CORRUPT;
	if (load_le32(p + AT_HEADER_SUM) != crc32c(0, p, AT_HEADER_SUM))
		return CH_CORRUPT;
	if (load_le32(p + AT_VERSION) != VERSION)
		return CH_VERSION;
	uint64_t items = load_le64(p + AT_ITEMS);
	uint64_t filter = load_le64(p + AT_FILTER_BLOCKS);
	if (items == 0 || items > RUN_ITEMS_MAX || filter == 0 || filter > RUN_ITEMS_MAX)
		return CH_CORRUPT;
	struct run_layout layout = run_layout(items, filter);
	if (load_le64(p + AT_NUMBER) != number || load_le64(p + AT_FILE_BYTES) != file.len ||
		layout.file_bytes != file.len)
		return CH_CORRUPT;
	*out_header = (struct run_header){
		.layout = layout,
		.first_sequence = load_le64(p + AT_FIRST_SEQUENCE),
		.last_sequence = load_le64(p + AT_LAST_SEQUENCE),
		.fences_sum = load_le32(p + AT_FENCES_SUM),
	};
	return CH_OK;
}

uint32_t run_block_count(const struct run_layout *layout, uint64_t number)
{
	uint64_t before = number * RUN_BLOCK_RECORDS;
	uint64_t left = layout->items - before;
	return left < RUN_BLOCK_RECORDS ? (uint32_t)left : RUN_BLOCK_RECORDS;
}

void run_block_seal(uint8_t block[RUN_BLOCK_BYTES], uint64_t run, uint64_t number, uint32_t count)
{
	store_le64(block + AT_BLOCK_RUN, run);
	store_le64(block + AT_BLOCK_NUMBER, number);
	store_le32(block + AT_BLOCK_COUNT, count);
	store_le32(block + AT_BLOCK_SUM, crc32c(0, block, AT_BLOCK_SUM));
}

bool run_block_check(
	const uint8_t block[RUN_BLOCK_BYTES], uint64_t run, uint64_t number, uint32_t count)
{
	return load_le64(block + AT_BLOCK_RUN) == run &&
	       load_le64(block + AT_BLOCK_NUMBER) == number &&
	       load_le32(block + AT_BLOCK_COUNT) == count &&
	       load_le32(block + AT_BLOCK_SUM) == crc32c(0, block, AT_BLOCK_SUM);
}
