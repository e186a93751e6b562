/* An archive file: a sealed segment, compressed.  The blocks are zstd frames that stand alone, each
 * of whole batches, so that reading can begin in the middle; a table at the end says where each
 * block is and what it begins with.
 *
 *     zstd frame       the segment's first page
 *     zstd frame ...   blocks: whole batches, about 1 MiB before compression
 *     skippable frame  the table: 8 bytes of zstd's own (magic 0x184D2A5C, length), then
 *          label       256 bytes, sealed (label.h)
 *          rows        48 bytes each
 *          trailer     32 bytes
 *
 *     offset  size  row                                  offset  size  trailer
 *          0     8  offset of the block in this file          0     8  offset of the table's frame
 *          8     4  its length there                          8     4  number of rows
 *         12     4  CRC32C of these bytes                    12     4  version, 1
 *         16     8  offset in the segment                    16     4  CRC32C of label, rows and
 *         24     4  length in the segment                               trailer bytes 0 to 15
 *         28     4  zero                                     20     4  zero
 *         32     8  first sequence                           24     8  "CHarctbl"
 *         40     8  first arrival, UTC microseconds
 *
 * `zstd -dc` gives the segment back, byte for byte, up to its end: history can be read without
 * us. */
#ifndef JOURNAL_ARCHIVE_H
#define JOURNAL_ARCHIVE_H

#include "base/limits.h"
#include "base/slice.h"
#include "journal/label.h"

#define ARCHIVE_VERSION         1u
#define ARCHIVE_ROW_BYTES       48u
#define ARCHIVE_TRAILER_BYTES   32u
#define ARCHIVE_SKIP_BYTES      8u
#define ARCHIVE_SKIP_MAGIC      0x184D2A5Cu
#define ARCHIVE_BLOCK_BYTES     (1024u * 1024u)
#define ARCHIVE_BLOCK_BYTES_MAX (ARCHIVE_BLOCK_BYTES + LIMIT_BATCH_BYTES)
#define ARCHIVE_NAME_BYTES      64

struct archive_row {
	uint64_t offset;
	uint32_t length;
	uint32_t crc;
	uint64_t raw_offset;
	uint32_t raw_length;
	uint64_t first;
	int64_t first_arrival_us;
};

struct archive;

/* "00000000000000000001-00000000000000152340.zst" */
void archive_name(uint64_t first, uint64_t last, char out_name[ARCHIVE_NAME_BYTES]);
bool archive_parse_name(const char *name, uint64_t *out_first, uint64_t *out_last);

/* Reads the table.  `fd` is the archive's from here on, also on failure.  CH_CORRUPT, CH_VERSION,
 * CH_IO, CH_NOMEM. */
enum ch_status archive_open(int fd, struct archive **out_archive);
void archive_close(struct archive *archive);

const struct label *archive_label(const struct archive *archive);
uint64_t archive_bytes(const struct archive *archive);
uint32_t archive_count(const struct archive *archive);
const struct archive_row *archive_row(const struct archive *archive, uint32_t row);

/* The row whose block holds this offset of the segment, this sequence, or the first entry that
 * arrived at or after that time; the last row when it lies beyond, the first when before. */
uint32_t archive_find_offset(const struct archive *archive, uint64_t raw_offset);
uint32_t archive_find(const struct archive *archive, uint64_t sequence);
uint32_t archive_find_time(const struct archive *archive, int64_t arrival_us);

/* Replaces what is in `out` by the block's bytes.  CH_CORRUPT: this block cannot be read; CH_IO,
 * CH_NOMEM. */
enum ch_status archive_read(struct archive *archive, uint32_t row, struct buffer *out);

/* ---- For the archiver ---- */

void archive_put_row(uint8_t out[ARCHIVE_ROW_BYTES], const struct archive_row *row);

/* `table` holds label and rows; the trailer is put behind them. */
void archive_put_trailer(struct buffer *table, uint64_t offset, uint32_t count);

#endif
