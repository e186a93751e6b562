/* The bytes of a run file: shared by run.c, which reads, and run_writer.c, which writes.
 *
 *	header   4096 bytes
 *	filter   64 bytes a block, zeros up to a multiple of 4096
 *	blocks   4096 bytes each: 127 records and a footer
 *	fences   8 bytes a block
 */
#ifndef STORE_RUN_FORMAT_H
#define STORE_RUN_FORMAT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "store/run.h"

#define RUN_RECORD_BYTES  32u
#define RUN_FENCE_BYTES   8u
#define RUN_FILTER_OFFSET 4096u
#define RUN_ITEMS_MAX     (UINT64_C(1) << 48)

struct run_layout {
	uint64_t items;
	uint64_t filter_blocks;
	uint64_t blocks;
	uint64_t blocks_offset;
	uint64_t fences_offset;
	uint64_t file_bytes;
};

struct run_header {
	struct run_layout layout;
	uint64_t first_sequence; /* lowest and highest of the records */
	uint64_t last_sequence;
	uint32_t fences_sum;
};

/* Where everything lies in a run of so many items and filter blocks. */
struct run_layout run_layout(uint64_t items, uint64_t filter_blocks);

void run_header_encode(
	const struct run_header *header, uint64_t number, uint8_t out[RUN_BLOCK_BYTES]);

/* `file` is the whole file.  CH_CORRUPT, CH_VERSION. */
enum ch_status run_header_decode(struct slice file, uint64_t number, struct run_header *out_header);

/* Records in this block: all are full but the last. */
uint32_t run_block_count(const struct run_layout *layout, uint64_t number);

/* The footer behind the records, which are in place; what follows them is zero. */
void run_block_seal(uint8_t block[RUN_BLOCK_BYTES], uint64_t run, uint64_t number, uint32_t count);
bool run_block_check(
	const uint8_t block[RUN_BLOCK_BYTES], uint64_t run, uint64_t number, uint32_t count);

static inline void run_record_encode(const struct id_record *record, uint8_t out[RUN_RECORD_BYTES])
{
	memcpy(out, record->fingerprint, ID_FINGERPRINT_BYTES);
	store_le64(out + 16, record->sequence);
	memcpy(out + 24, record->digest, ID_DIGEST_BYTES);
}

static inline void run_record_decode(
	const uint8_t bytes[RUN_RECORD_BYTES], struct id_record *out_record)
{
	memcpy(out_record->fingerprint, bytes, ID_FINGERPRINT_BYTES);
	out_record->sequence = load_le64(bytes + 16);
	memcpy(out_record->digest, bytes + 24, ID_DIGEST_BYTES);
}

#endif
