/* The bytes behind a segment's first page are anything, and read the same from memory, from the segment's file and
 * from an archive.  The key is known to the fuzzer, so that it can get past the CRCs of heads by way of the corpus;
 * an input of odd length has its sums and its chain put right besides, and lengths, sequences and times are then
 * its own. */
#include <sys/mman.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "folder.h"
#include "journal/archive.h"
#include "journal/scan.h"

#define EPOCH     9u
#define SALT      UINT64_C(0x1122334455667788)
#define BASE      431559u
#define INPUT_MAX (256u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct label label = {
	.epoch = EPOCH,
	.salt = SALT,
	.base = BASE,
	.file_bytes = 1024 * 1024,
};
static struct chain *chain;

/* ---- Mending ---- */

static void mend_entries(uint8_t *entries, size_t len, uint32_t count)
{
	for (; count > 0 && len >= BATCH_ENTRY_BYTES; count--) {
		size_t body = load_le32(entries + 4);
		if (body > len - BATCH_ENTRY_BYTES)
			return;
		store_le32(entries, crc32c(0, entries + 4, BATCH_ENTRY_BYTES - 4 + body));
		entries += BATCH_ENTRY_BYTES + body;
		len -= BATCH_ENTRY_BYTES + body;
	}
}

static void mend(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + BATCH_HEAD_BYTES <= size; at += BATCH_ALIGN_BYTES) {
		uint8_t *head = bytes + at;
		size_t left = size - at - BATCH_HEAD_BYTES;
		size_t len = load_le32(head + 44);
		if (!batch_claims(head, EPOCH) || len > left)
			continue;
		mend_entries(head + BATCH_HEAD_BYTES, len, load_le32(head + 48));
		memcpy(head + 96, head + 64, JOURNAL_HASH_BYTES);
		invariant(chain_link(chain, head + 96, slice_of(head + BATCH_HEAD_BYTES, len)) ==
			  CH_OK);
		store_le32(
			head + 4, crc32c(batch_key(EPOCH, SALT), head + 8, BATCH_HEAD_BYTES - 8));
	}
}

/* ---- Reading ---- */

struct told {
	uint64_t status; /* all of one width: compared as bytes */
	uint64_t at;
	uint64_t offset;
	uint64_t sequence;
	uint64_t last;
	uint64_t unlinked;
	uint64_t crc;
};

static void tell(struct buffer *story, const struct scan *scan, enum ch_status status)
{
	struct told told = {.status = status,
		.at = scan->at,
		.offset = scan->offset,
		.sequence = scan->sequence};
	if (status == CH_GAP)
		told.last = scan->gap_last;
	if (status == CH_OK) {
		told.unlinked = scan->unlinked;
		told.crc = crc32c(0, scan->bytes.data, scan->bytes.len);
	}
	buffer_append(story, &told, sizeof(told));
}

/* A good batch is what would be written of its entries, byte for byte but for what the head leaves out. */
static void write_again(const struct scan *scan)
{
	struct slice rest = slice_sub(scan->bytes, BATCH_HEAD_BYTES, scan->head.entries_bytes);
	uint8_t head[BATCH_HEAD_BYTES];
	struct buffer entries = {0};
	struct journal_entry entry;
	struct batch_head again;
	size_t bytes;
	for (uint32_t i = 0; i < scan->head.count; i++) {
		invariant(batch_get_entry(rest, scan->head.first + i, &entry, &bytes) == CH_OK);
		const struct slice parts[] = {slice_sub(entry.body, 0, entry.body.len / 2),
			slice_sub(entry.body, entry.body.len / 2, entry.body.len)};
		batch_put_entry(&entries, entry.sequence, entry.arrival_us, parts, 2);
		rest = slice_sub(rest, bytes, rest.len);
	}
	batch_put_head(head, &scan->head, batch_key(EPOCH, SALT));
	invariant(batch_get_head(head, EPOCH, batch_key(EPOCH, SALT), &again) == CH_OK);
	invariant(again.first == scan->head.first && again.length == scan->head.length);
	invariant(slice_equal(buffer_slice(&entries),
		slice_sub(scan->bytes, BATCH_HEAD_BYTES, scan->head.entries_bytes)));
	buffer_fini(&entries);
}

/* From wherever the tape says that a sequence or a time may stand, a good batch behind it is found. */
static void find(struct tape *tape, const struct scan *scan)
{
	struct batch_head head;
	uint64_t offset;
	uint64_t found;
	invariant(tape_find(tape, scan->head.first, &offset) == CH_OK);
	invariant(offset >= SEGMENT_PAGE_BYTES && offset <= scan->at);
	invariant(scan_find(tape, NULL, offset, scan->head.first, &found, &head) == CH_OK);
	invariant(batch_last(&head) >= scan->head.first);
	invariant(tape_find_time(tape, scan->head.first_arrival_us, &offset) == CH_OK);
	invariant(offset >= SEGMENT_PAGE_BYTES && offset <= tape_end(tape));
}

/* All that the tape gives, as a story that can be compared.  `found`: it tells where a sequence may stand. */
static void scan_all(struct tape *tape, bool found, struct buffer *story)
{
	struct scan scan;
	scan_begin(&scan, tape, chain);
	for (;;) {
		struct scan before = scan;
		enum ch_status status = scan_next(&scan);
		invariant(status == CH_OK || status == CH_GAP || status == CH_END);
		tell(story, &scan, status);
		if (status == CH_END)
			break;
		/* It only goes forward, and what it gives is inside and in order. */
		invariant(scan.offset >= before.offset && scan.sequence >= before.sequence);
		invariant(scan.offset <= tape_end(tape));
		if (status == CH_GAP) {
			invariant(scan.gap_first == before.sequence &&
				  scan.gap_last >= scan.gap_first);
			continue;
		}
		invariant(scan.bytes.len == scan.head.length && scan.head.first == before.sequence);
		invariant(scan.at + scan.head.length == scan.offset);
		write_again(&scan);
		if (found)
			find(tape, &scan);
	}
	tape_close(tape);
}

static void scan_memory(struct slice bytes, struct buffer *story)
{
	struct tape *tape = NULL;
	invariant(tape_open_memory(&label, bytes, &tape) == CH_OK);
	scan_all(tape, true, story);
}

/* Once more when the keeper has given the file another use: nothing of it may be taken then. */
static void scan_retired(int dir, struct segment *segment)
{
	struct tape *tape = NULL;
	struct scan scan;
	atomic_store(&segment->retired, true);
	invariant(tape_open_segment(dir, segment, &label, &tape) == CH_OK);
	scan_begin(&scan, tape, chain);
	enum ch_status status = scan_next(&scan);
	invariant(status == CH_RETRY || status == CH_END);
	tape_close(tape);
}

static void scan_segment(struct slice bytes, struct buffer *story)
{
	static int dir = -1;
	struct segment *segment = NULL;
	struct tape *tape = NULL;
	char name[SEGMENT_NAME_BYTES];
	if (dir < 0)
		dir = open(folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	segment_name(EPOCH, name);
	(void)folder_write(name, bytes, 0600); /* its path is not needed */
	invariant(segment_create(EPOCH, &segment) == CH_OK);
	segment_restore(segment, &label);
	invariant(tape_open_segment(dir, segment, &label, &tape) == CH_OK);
	scan_all(tape, true, story);
	scan_retired(dir, segment);
	segment_release(segment);
	invariant(unlinkat(dir, name, 0) == 0);
	invariant(segment_create(EPOCH, &segment) == CH_OK);
	invariant(tape_open_segment(dir, segment, &label, &tape) == CH_NOT_FOUND);
	segment_release(segment);
}

static void put_block(struct buffer *file, struct buffer *rows, struct slice bytes, uint64_t offset)
{
	static ZSTD_CCtx *zstd; /* made once */
	struct archive_row row = {.offset = file->len,
		.raw_offset = offset,
		.raw_length = (uint32_t)bytes.len,
		.first = BASE};
	if (zstd == NULL)
		zstd = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(bytes.len);
	uint8_t *to = buffer_reserve(file, room);
	invariant(zstd != NULL && to != NULL);
	size_t len = ZSTD_compressCCtx(zstd, to, room, bytes.data, bytes.len, 1);
	invariant(ZSTD_isError(len) == 0);
	file->len = row.offset + len;
	row.length = (uint32_t)len;
	row.crc = crc32c(0, to, len);
	archive_put_row(buffer_reserve(rows, ARCHIVE_ROW_BYTES), &row);
}

/* As the archiver writes it, in one block or cut in two where the input says. */
static int make_archive(struct slice batches, size_t cut)
{
	struct label sealed = label;
	struct buffer file = {0};
	struct buffer table = {0};
	uint8_t skip[ARCHIVE_SKIP_BYTES];
	sealed.sealed = true;
	sealed.last = UINT64_MAX - 1;
	sealed.end = SEGMENT_PAGE_BYTES + batches.len;
	label_put(buffer_reserve(&table, LABEL_BYTES), &sealed);
	if (cut > 0)
		put_block(&file, &table, slice_sub(batches, 0, cut), SEGMENT_PAGE_BYTES);
	put_block(&file, &table, slice_sub(batches, cut, batches.len), SEGMENT_PAGE_BYTES + cut);
	archive_put_trailer(&table, file.len, cut > 0 ? 2 : 1);
	store_le32(skip, ARCHIVE_SKIP_MAGIC);
	store_le32(skip + 4, (uint32_t)table.len);
	buffer_append(&file, skip, sizeof(skip));
	buffer_append_slice(&file, buffer_slice(&table));
	int fd = memfd_create("archive", MFD_CLOEXEC);
	invariant(fd >= 0 && file.status == CH_OK);
	invariant(pwrite(fd, file.data, file.len, 0) == (ssize_t)file.len);
	buffer_fini(&file);
	buffer_fini(&table);
	return fd;
}

static void scan_archive(struct slice batches, size_t cut, struct buffer *story)
{
	struct tape *tape = NULL;
	invariant(tape_open_archive(make_archive(batches, cut), &tape) == CH_OK);
	scan_all(tape, cut == 0, story); /* what a second block begins with is made up */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer memory = {0};
	struct buffer other = {0};
	if (size > INPUT_MAX)
		return 0;
	if (chain == NULL)
		invariant(chain_create(&chain) == CH_OK);
	uint8_t *bytes = calloc(1, SEGMENT_PAGE_BYTES + size);
	invariant(bytes != NULL);
	if (size > 0)
		memcpy(bytes + SEGMENT_PAGE_BYTES, data, size);
	if (size % 2 == 1)
		mend(bytes + SEGMENT_PAGE_BYTES, size);
	struct slice whole = slice_of(bytes, SEGMENT_PAGE_BYTES + size);
	struct slice batches = slice_sub(whole, SEGMENT_PAGE_BYTES, whole.len);
	scan_memory(whole, &memory);
	scan_segment(whole, &other);
	invariant(slice_equal(buffer_slice(&memory), buffer_slice(&other)));
	buffer_clear(&other);
	if (size > 0) {
		scan_archive(batches, 0, &other);
		invariant(slice_equal(buffer_slice(&memory), buffer_slice(&other)));
		buffer_clear(&other);
		scan_archive(batches, data[size - 1] * BATCH_ALIGN_BYTES % size, &other);
	}
	struct tape *none = NULL;
	int fd = memfd_create("none", MFD_CLOEXEC);
	invariant(fd >= 0 && pwrite(fd, bytes, whole.len, 0) == (ssize_t)whole.len);
	enum ch_status status = tape_open_archive(fd, &none);
	invariant(status == CH_CORRUPT || status == CH_VERSION || none != NULL);
	tape_close(none);
	buffer_fini(&memory);
	buffer_fini(&other);
	free(bytes);
	return 0;
}
