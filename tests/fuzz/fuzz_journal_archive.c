/* An archive file of anything: its name, its table, its blocks, and the batches in them.  The sums of the table are
 * put right first, or no input but the corpus would ever get past them; one whose trailer has an odd byte where
 * nothing is said (its 20th) is left as it came, and one with the second bit there has the sums of its blocks put
 * right too. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/invariant.h"
#include "journal/archive.h"
#include "journal/scan.h"

#define INPUT_MAX (256u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_rows(uint8_t *file, uint8_t *rows, uint32_t count, uint64_t table_offset)
{
	for (; count > 0; count--, rows += ARCHIVE_ROW_BYTES) {
		uint64_t offset = load_le64(rows);
		uint32_t length = load_le32(rows + 8);
		if (offset <= table_offset && length <= table_offset - offset)
			store_le32(rows + 12, crc32c(0, file + offset, length));
	}
}

static void mend(uint8_t *file, size_t size)
{
	if (size < ARCHIVE_SKIP_BYTES + LABEL_BYTES + ARCHIVE_TRAILER_BYTES)
		return;
	uint8_t *trailer = file + size - ARCHIVE_TRAILER_BYTES;
	uint64_t room = size - ARCHIVE_SKIP_BYTES - LABEL_BYTES - ARCHIVE_TRAILER_BYTES;
	uint64_t rows_bytes = (uint64_t)load_le32(trailer + 8) * ARCHIVE_ROW_BYTES;
	if ((trailer[20] & 1) != 0 || rows_bytes > room)
		return;
	uint8_t *label = trailer - rows_bytes - LABEL_BYTES;
	store_le64(trailer, room - rows_bytes);
	if ((trailer[20] & 2) != 0)
		mend_rows(file, label + LABEL_BYTES, load_le32(trailer + 8), room - rows_bytes);
	store_le32(label + 8, crc32c(0, label + 12, LABEL_BYTES - 12));
	store_le32(trailer + 16, crc32c(0, label, LABEL_BYTES + (size_t)rows_bytes + 16));
}

static int fuzz_file(struct slice bytes)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	invariant(fd >= 0);
	invariant(bytes.len == 0 || pwrite(fd, bytes.data, bytes.len, 0) == (ssize_t)bytes.len);
	return fd;
}

/* A label that was taken is written as it was read. */
static void fuzz_label(const struct label *label)
{
	uint8_t first[LABEL_BYTES];
	uint8_t second[LABEL_BYTES];
	struct label again;
	label_put(first, label);
	invariant(label_get(first, &again) == CH_OK);
	label_put(second, &again);
	invariant(memcmp(first, second, LABEL_BYTES) == 0);
}

static bool fuzz_same_row(const struct archive_row *a, const struct archive_row *b)
{
	return a->offset == b->offset && a->length == b->length && a->crc == b->crc &&
	       a->raw_offset == b->raw_offset && a->raw_length == b->raw_length &&
	       a->first == b->first && a->first_arrival_us == b->first_arrival_us;
}

/* Its table, as the archiver would write it behind the same blocks. */
static void fuzz_again(const struct archive *archive, struct slice bytes)
{
	uint32_t count = archive_count(archive);
	size_t table_bytes =
		LABEL_BYTES + (size_t)count * ARCHIVE_ROW_BYTES + ARCHIVE_TRAILER_BYTES;
	struct buffer file = {0};
	struct buffer table = {0};
	struct archive *again = NULL;
	buffer_append_slice(&file, slice_sub(bytes, 0, bytes.len - table_bytes));
	label_put(buffer_reserve(&table, LABEL_BYTES), archive_label(archive));
	for (uint32_t i = 0; i < count; i++)
		archive_put_row(buffer_reserve(&table, ARCHIVE_ROW_BYTES), archive_row(archive, i));
	archive_put_trailer(&table, file.len - ARCHIVE_SKIP_BYTES, count);
	buffer_append_slice(&file, buffer_slice(&table));
	invariant(archive_open(fuzz_file(buffer_slice(&file)), &again) == CH_OK);
	invariant(archive_count(again) == count);
	for (uint32_t i = 0; i < count; i++)
		invariant(fuzz_same_row(archive_row(archive, i), archive_row(again, i)));
	archive_close(again);
	buffer_fini(&table);
	buffer_fini(&file);
}

static void fuzz_blocks(struct slice bytes)
{
	struct archive *archive = NULL;
	struct buffer block = {0};
	if (archive_open(fuzz_file(bytes), &archive) != CH_OK)
		return;
	fuzz_label(archive_label(archive));
	invariant(archive_bytes(archive) == bytes.len);
	for (uint32_t i = 0; i < archive_count(archive) && i < 64; i++) {
		const struct archive_row *row = archive_row(archive, i);
		/* A table may claim a gigabyte of blocks that are not there. */
		enum ch_status status = archive_read(archive, i, &block);
		invariant(status == CH_OK || status == CH_CORRUPT);
		invariant(status != CH_OK || block.len == row->raw_length);
		invariant(archive_find_offset(archive, row->raw_offset) == i);
		invariant(archive_row(archive, archive_find(archive, row->first))->first ==
			  row->first);
		invariant(
			archive_find_time(archive, row->first_arrival_us) < archive_count(archive));
	}
	fuzz_again(archive, bytes);
	buffer_fini(&block);
	archive_close(archive);
}

static void fuzz_batches(struct slice bytes)
{
	struct tape *tape = NULL;
	struct chain *chain = NULL;
	struct scan scan;
	enum ch_status status;
	if (tape_open_archive(fuzz_file(bytes), &tape) != CH_OK)
		return;
	/* Who reads what is not there asks block by block. */
	if (tape_label(tape)->end < 64 * 1024 * 1024) {
		invariant(chain_create(&chain) == CH_OK);
		scan_begin(&scan, tape, chain);
		do {
			status = scan_next(&scan);
			invariant(status == CH_OK || status == CH_GAP || status == CH_END);
		} while (status != CH_END);
		chain_free(chain);
	}
	tape_close(tape);
}

static void fuzz_name(struct slice bytes)
{
	char name[ARCHIVE_NAME_BYTES] = {0};
	char again[ARCHIVE_NAME_BYTES];
	uint64_t first;
	uint64_t last;
	if (bytes.len > 0)
		memcpy(name, bytes.data, bytes.len < sizeof(name) ? bytes.len : sizeof(name) - 1);
	if (!archive_parse_name(name, &first, &last))
		return;
	archive_name(first, last, again);
	invariant(strcmp(name, again) == 0 && first > 0 && first <= last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	uint8_t *file = malloc(size + 1);
	invariant(file != NULL);
	if (size > 0)
		memcpy(file, data, size);
	fuzz_name(slice_of(data, size));
	mend(file, size);
	fuzz_blocks(slice_of(file, size));
	fuzz_batches(slice_of(file, size));
	free(file);
	return 0;
}
