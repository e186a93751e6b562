/* A journal's folder in which everything is somebody else's: its manifest, the segments that lie there, and what
 * they say of themselves.  It is opened or told to be damaged, never by an invariant; what is open can be read
 * through twice with the same result, verified, and, for its owner, written on.
 *
 *     input = manifest's kind:byte, removed:byte, file ...
 *     file  = epoch and flags:byte, front label:12, back label:12, batches' length:2, batches
 *
 * A label is put together from 12 bytes (see fuzz_label), and its sum is right unless 16 is set in the flags; the
 * sums and links of batches are put right unless 32 is.  With 64 the file is one of the archive, named by what
 * the front label tells, and good in nothing but its name. */
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "folder.h"
#include "journal/archive.h"
#include "journal/batch.h"
#include "journal/journal.h"
#include "journal/keeper.h"
#include "journal/manifest.h"
#include "journal/reader.h"
#include "journal/segment.h"

#define FILES_MAX   4u
#define FILE_HEAD   27u
#define LABEL_INPUT 12u
#define READS_MAX   4096u
#define INPUT_MAX   16384u

enum { EPOCH_BITS = 15, BAD_LABELS = 16, BAD_BATCHES = 32, OF_THE_ARCHIVE = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct chain *chain;

static uint64_t fuzz_salt(uint64_t epoch)
{
	return epoch * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- Making the folder ---- */

/* there:1 epoch:1 base:2 sealed:1 last:2 end:2 (in units of 64) next epoch:1 arrival:2; a `there` of 0 is no label. */
static void fuzz_label(const uint8_t from[LABEL_INPUT], uint64_t epoch, bool bad, uint8_t *out)
{
	struct label label = {
		.incarnation = 7,
		.epoch = (from[1] & 1) != 0 ? from[1] / 2 : epoch,
		.salt = fuzz_salt(epoch),
		.base = load_le16(from + 2),
		.file_bytes = SEGMENT_BYTES_MIN,
		.arrival_before_us = load_le16(from + 10),
		.sealed = (from[4] & 1) != 0,
		.last = load_le16(from + 5),
		.end = load_le16(from + 7) * UINT64_C(64),
		.next_epoch = from[9],
		.last_arrival_us = load_le16(from + 10),
	};
	if (from[0] == 0)
		return;
	label_put(out, &label);
	if (bad)
		out[8] ^= from[0];
}

static void fuzz_mend_entries(uint8_t *entries, size_t len, uint32_t count)
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

/* Each batch goes on from the one before it. */
static void fuzz_mend_batches(uint8_t *bytes, size_t size, uint64_t epoch)
{
	uint8_t hash[JOURNAL_HASH_BYTES] = {0};
	for (size_t at = 0; at + BATCH_HEAD_BYTES <= size; at += BATCH_ALIGN_BYTES) {
		uint8_t *head = bytes + at;
		size_t len = load_le32(head + 44);
		if (memcmp(head, "CHba", 4) != 0)
			continue;
		if (len > size - at - BATCH_HEAD_BYTES)
			len = size - at - BATCH_HEAD_BYTES; /* torn: its head may be whole */
		store_le64(head + 8, epoch);
		fuzz_mend_entries(head + BATCH_HEAD_BYTES, len, load_le32(head + 48));
		memcpy(head + 64, hash, sizeof(hash));
		invariant(chain_link(chain, hash, slice_of(head + BATCH_HEAD_BYTES, len)) == CH_OK);
		memcpy(head + 96, hash, sizeof(hash));
		store_le32(head + 4,
			crc32c(batch_key(epoch, fuzz_salt(epoch)), head + 8, BATCH_HEAD_BYTES - 8));
	}
}

static void fuzz_segment(const uint8_t *head, struct slice batches)
{
	static uint8_t file[SEGMENT_BYTES_MIN];
	char name[SEGMENT_NAME_BYTES];
	char path[64];
	uint64_t epoch = (head[0] & EPOCH_BITS) + 1u;
	memset(file, 0, sizeof(file));
	fuzz_label(head + 1, epoch, (head[0] & BAD_LABELS) != 0, file);
	fuzz_label(head + 1 + LABEL_INPUT, epoch, (head[0] & BAD_LABELS) != 0,
		file + sizeof(file) - SEGMENT_PAGE_BYTES);
	if (batches.len > sizeof(file) - 2 * SEGMENT_PAGE_BYTES)
		batches.len = sizeof(file) - 2 * SEGMENT_PAGE_BYTES;
	if (batches.len > 0)
		memcpy(file + SEGMENT_PAGE_BYTES, batches.data, batches.len);
	if ((head[0] & BAD_BATCHES) == 0)
		fuzz_mend_batches(file + SEGMENT_PAGE_BYTES, batches.len, epoch);
	segment_name(epoch, name);
	(void)snprintf(path, sizeof(path), "journal/%s", name); /* fits */
	(void)folder_write(path, slice_of(file, sizeof(file)), 0600);
}

static void fuzz_archive(const uint8_t *head, struct slice bytes)
{
	char name[ARCHIVE_NAME_BYTES];
	char path[128];
	archive_name(load_le16(head + 3), load_le16(head + 6), name);
	(void)snprintf(path, sizeof(path), "journal/archive/%s", name); /* fits */
	(void)folder_write(path, bytes, 0600);
}

static void fuzz_make(struct slice input, const char *dir)
{
	const struct manifest manifest = {
		.kind = (enum manifest_kind)(MANIFEST_NEW + input.data[0] % 3),
		.incarnation = 7,
		.removed = input.data[1],
	};
	struct slice rest = slice_sub(input, 2, input.len);
	char archive[160];
	(void)snprintf(archive, sizeof(archive), "%s/archive", dir); /* fits */
	invariant(mkdir(dir, 0700) == 0 && mkdir(archive, 0700) == 0);
	invariant(manifest_write(dir, &manifest) == CH_OK);
	for (unsigned i = 0; i < FILES_MAX && rest.len >= FILE_HEAD; i++) {
		size_t len = load_le16(rest.data + FILE_HEAD - 2);
		if ((rest.data[0] & OF_THE_ARCHIVE) != 0)
			fuzz_archive(rest.data, slice_sub(rest, FILE_HEAD, len));
		else
			fuzz_segment(rest.data, slice_sub(rest, FILE_HEAD, len));
		rest = slice_sub(rest, FILE_HEAD + len, rest.len);
	}
}

/* ---- Reading it ---- */

/* A digest of all that a reader gives. */
static uint32_t fuzz_read(struct journal *journal)
{
	struct reader *reader = NULL;
	struct journal_entry entry;
	uint32_t story = 0;
	uint64_t sequence = 0;
	enum ch_status status = CH_OK;
	invariant(reader_open(journal, &reader) == CH_OK);
	(void)reader_seek(reader, journal_first(journal)); /* CH_GAP: the next call tells too */
	for (unsigned i = 0; i < READS_MAX && status != CH_END; i++) {
		status = reader_next(reader, &entry);
		invariant(status == CH_OK || status == CH_GAP || status == CH_END);
		invariant(reader_position(reader) <= journal_head(journal) + 1);
		if (status == CH_OK) {
			invariant(entry.sequence > sequence);
			sequence = entry.sequence;
			story = crc32c(story ^ (uint32_t)sequence, entry.body.data, entry.body.len);
		}
	}
	reader_close(reader);
	return story;
}

static void fuzz_look(struct journal *journal)
{
	struct verify_result result;
	struct journal_stats stats;
	invariant(journal_first(journal) <= journal_head(journal) + 1);
	uint32_t story = fuzz_read(journal);
	enum ch_status status = keeper_verify(journal, NULL, NULL, &result);
	invariant(status == CH_OK || status == CH_CORRUPT);
	invariant((result.bad_places == 0) == (result.where[0] == 0));
	journal_stats(journal, &stats);
	invariant(fuzz_read(journal) == story);
}

static void fuzz_write(struct journal *journal)
{
	static const struct slice body = {(const uint8_t *)"one more", 8};
	static const struct retention retention = {.floor = 1};
	int64_t arrival_us = journal_head_arrival_us(journal);
	uint64_t head = journal_head(journal);
	if (arrival_us < 0)
		arrival_us = 0;
	struct batch *batch = journal_begin(journal);
	invariant(journal_append(batch, arrival_us, &body, 1) == head + 1);
	invariant(journal_commit(batch) == CH_OK && journal_head(journal) == head + 1);
	for (int i = 0; i < 3; i++) {
		enum ch_status status = keeper_step(journal, &retention, arrival_us);
		invariant(status == CH_OK || status == CH_END || status == CH_CORRUPT);
	}
	fuzz_look(journal);
}

static void fuzz_open(const char *dir, bool read_only)
{
	const struct journal_options options = {.dir = dir,
		.segment_bytes = SEGMENT_BYTES_MIN,
		.spare_segments = 1,
		.read_only = read_only};
	struct journal_recovery recovery;
	struct journal *journal = NULL;
	enum ch_status status = journal_open(&options, &journal, &recovery);
	invariant(status == CH_OK || status == CH_CORRUPT || status == CH_VERSION ||
		  status == CH_INVALID || status == CH_NOT_FOUND);
	invariant(status != CH_CORRUPT || recovery.where[0] != 0);
	if (status == CH_OK) {
		fuzz_look(journal);
		if (!read_only)
			fuzz_write(journal);
	}
	journal_close(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[128];
	if (size < 2 || size > INPUT_MAX)
		return 0;
	if (chain == NULL)
		invariant(chain_create(&chain) == CH_OK);
	(void)snprintf(dir, sizeof(dir), "%s/journal", folder()); /* fits */
	fuzz_make(slice_of(data, size), dir);
	fuzz_open(dir, true);
	fuzz_open(dir, false);
	fuzz_open(dir, false); /* what it wrote is a journal */
	scratch_remove(dir);
	return 0;
}
