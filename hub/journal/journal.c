/* The journal, and how a batch becomes history.
 *
 * Everything the hub knows is a fold of what stands here, so this folder makes few promises and
 * keeps them whatever happens to the process, the power or the disk:
 *
 *     what journal_commit has answered CH_OK for is there after any crash;
 *     what is there is whole, in order, and is what was written;
 *     what got lost all the same is told, never skipped.
 *
 * ## What lies on the disk
 *
 *     /var/lib/carehub/journal/
 *         manifest                        who this journal is, and what retention has removed
 *         archive/
 *             00000000000000000001-00000000000000152340.zst
 *             00000000000000152341-00000000000000298011.zst
 *         0000000007.seg                  sealed: 298012 to 431558, waits for the archiver
 *         0000000009.seg                  being written, from 431559 on
 *         0000000010.seg                  spare
 *         0000000011.seg                  spare
 *
 * A segment is a file that was filled with zeros before its first use and is used again and again;
 * each use is an epoch, and the epoch is its name.  In it stand batches, each at a multiple of 64
 * bytes:
 *
 *     4096  head   "CHba" crc epoch=9 first=431559 count=2 length=320  hash before, hash after
 *     4224  entry  crc length=71 sequence=431559 arrival=2026-03-01T08:00:00.000113Z  body
 *     4319  entry  crc length=60 sequence=431560 arrival=2026-03-01T08:00:00.000113Z  body
 *     4403         zeros
 *     4416  head   "CHba" crc epoch=9 first=431561 ...
 *
 * batch.h, label.h, archive.h and manifest.h show every byte; docs/formats.md explains them
 * together.
 *
 * ## The order of effects
 *
 * journal_commit does six things, and their order is the whole point:
 *
 * 1.  Refuse.  Whatever can be refused (too large, no segment to go on with, no memory) is refused
 *    before the first byte is written.  A refused batch leaves no trace and the journal goes on; so
 *    the disk may fill up and empty again without a restart.
 * 2.  Roll, when the batch does not fit behind the last one: seal the old segment and sync, then
 *    label the next one and sync.  Sealed before labelled, so that a sealed segment without a
 *    successor can only mean that its successor was lost or was about to begin, which recovery can
 *    tell apart; labelled before the first batch, so that a file without a label holds nothing.
 * 3.  Finish the bytes: the link of the chain over the entries, then the head around them.
 * 4.  Write them with one pwrite.
 * 5.  Sync.  The file was written once before, so this commits data and no metadata of the file
 *    system: some 100 us instead of 150 to 950 on a growing file.
 * 6.  Publish: first how far the segment may be read, then the head.  A reader that sees the head
 *    therefore sees the bytes, and nobody sees what could still be lost.
 *
 * A failure in 2, 4 or 5 leaves it unknown what the disk holds.  The kernel may even have marked
 * the pages clean and forgotten the error, so a second fsync that succeeds proves nothing.  The
 * status sticks, nothing more is taken, and the hub stops, restarts and recovers.
 *
 * ## At most one batch is in flight
 *
 * The next batch is written only when the one before is synced.  Everything else rests on that:
 *
 * - Torn or damaged?  A bad batch with a good one of the same epoch behind it had been synced: that
 *   is damage, it is named, and history goes on behind it.  A bad batch with nothing behind it is
 *   the one that was in flight: nobody was told that it is stored, so it is cut.
 * - What must recovery make good?  Only the last whole batch can be in the page cache without being
 *   on the disk.  It is written and synced again before anything is served.
 * - What can lie behind the head?  Parts of one batch at most, so LIMIT_BATCH_BYTES behind the head
 *   are made zero by recovery, and nothing of a cut batch can ever be read as a later one.
 *
 * ## Three checks, each for its own enemy
 *
 * A CRC32C per entry finds what the disk got wrong, and readers check every one.  The head's CRC32C
 * is seeded with the epoch and a random salt, against what earlier uses of the file left behind and
 * against batches that a customer hides in a message.  The chain of SHA-256 finds what somebody
 * changed on purpose, and proves two copies equal; recovery and verify check it.
 *
 * ## Who does what
 *
 * Writer thread: begin, append, commit (a long batch is committed by a thread that the writer waits for).  Keeper thread: spares, archive, retention (keeper.c).
 * Readers: any number, any thread (reader.c).  They meet in the catalog, under a lock that is
 * held for a look-up, and in the two numbers of step 6.  The writer waits for nobody. */
#include "journal/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/invariant.h"
#include "journal/archive.h"
#include "journal/batch.h"
#include "journal/inside.h"
#include "journal/spare.h"

/* ---- The open batch: nothing here touches the disk ---- */

struct batch *journal_begin(struct journal *journal)
{
	struct batch *batch = &journal->batch;
	invariant(!journal->read_only && !batch->open);
	batch->open = true;
	batch->status = atomic_load_explicit(&journal->status, memory_order_relaxed);
	batch->first = journal_head(journal) + 1;
	batch->count = 0;
	batch->last_arrival_us = journal_head_arrival_us(journal);
	buffer_clear(&batch->bytes);
	if (batch->status == CH_OK && buffer_reserve(&batch->bytes, BATCH_HEAD_BYTES) == NULL)
		batch->status = CH_NOMEM;
	return batch;
}

enum ch_status journal_batch_status(const struct batch *batch)
{
	return batch->status;
}

uint64_t journal_batch_bytes(const struct batch *batch)
{
	return batch->count > 0 ? batch->bytes.len - BATCH_HEAD_BYTES : 0;
}

uint32_t journal_batch_count(const struct batch *batch)
{
	return batch->count;
}

uint64_t journal_batch_next(const struct batch *batch)
{
	return batch->first + batch->count;
}

uint64_t journal_batch_room(const struct batch *batch)
{
	/* A batch never goes over the edge of a segment, so an empty one must hold it. */
	uint64_t most = batch->journal->segment_bytes - 2 * SEGMENT_PAGE_BYTES;
	if (most > LIMIT_BATCH_BYTES)
		most = LIMIT_BATCH_BYTES;
	most -= BATCH_HEAD_BYTES + BATCH_ENTRY_BYTES;
	uint64_t used = journal_batch_bytes(batch);
	uint64_t room = used < most ? most - used : 0;
	return room < LIMIT_ENTRY_BYTES ? room : LIMIT_ENTRY_BYTES;
}

uint64_t journal_append(
	struct batch *batch, int64_t arrival_us, const struct slice *parts, size_t part_count)
{
	uint64_t room = journal_batch_room(batch);
	if (batch->status != CH_OK)
		return 0;
	invariant(batch->open && arrival_us >= batch->last_arrival_us);
	for (size_t i = 0; i < part_count; i++) {
		if (parts[i].len > room) {
			batch->status = CH_TOO_LARGE;
			return 0;
		}
		room -= parts[i].len;
	}
	uint64_t sequence = journal_batch_next(batch);
	batch_put_entry(&batch->bytes, sequence, arrival_us, parts, part_count);
	if (batch->bytes.status != CH_OK) {
		batch->status = batch->bytes.status;
		return 0;
	}
	if (batch->count == 0)
		batch->first_arrival_us = arrival_us;
	batch->last_arrival_us = arrival_us;
	batch->count++;
	return sequence;
}

void journal_abort(struct batch *batch)
{
	invariant(batch->open);
	batch->open = false;
}

/* ---- Commit: the six steps ---- */

/* The disk's state is unknown from here on. */
static enum ch_status journal_fail(struct journal *journal, enum ch_status status)
{
	atomic_store_explicit(&journal->status, status, memory_order_relaxed);
	return status;
}

/* Step 1 of a roll: a spare in hand, and room for it in the catalog. */
static enum ch_status journal_take_spare(struct journal *journal, struct segment **out_spare)
{
	enum ch_status status = catalog_reserve(&journal->catalog);
	if (status != CH_OK)
		return status;
	struct segment *spare = catalog_take_spare(&journal->catalog);
	if (spare == NULL) {
		/* The keeper is behind.  Writing a file here makes everybody wait, which is better
		 * than to refuse them. */
		status = spare_prepare(journal);
		if (status != CH_OK)
			return status == CH_NOMEM ? CH_NOMEM : CH_FULL;
		spare = catalog_take_spare(&journal->catalog);
	}
	if (spare == NULL)
		return CH_FULL;
	*out_spare = spare;
	return CH_OK;
}

static enum ch_status journal_seal_active(struct journal *journal, uint64_t next_epoch)
{
	struct segment *segment = journal->active;
	struct label sealed = segment->label;
	sealed.sealed = true;
	sealed.next_epoch = next_epoch;
	sealed.last = journal_head(journal);
	sealed.end = atomic_load_explicit(&segment->end, memory_order_relaxed);
	sealed.last_arrival_us = journal_head_arrival_us(journal);
	memcpy(sealed.after, journal->hash, sizeof(sealed.after));
	enum ch_status status = segment_seal(segment, &sealed);
	(void)close(segment->fd); /* synced; readers have descriptors of their own */
	segment->fd = -1;
	segment->seal = sealed;
	return status;
}

enum ch_status journal_begin_segment(struct journal *journal, struct segment *spare, uint64_t base,
	int64_t arrival_before_us, const uint8_t before[JOURNAL_HASH_BYTES])
{
	struct label label = {
		.incarnation = journal->incarnation,
		.epoch = spare->epoch,
		.base = base,
		.file_bytes = spare->label.file_bytes,
		.arrival_before_us = arrival_before_us,
	};
	struct volume volume = {
		.first = base,
		.last = CATALOG_OPEN,
		.bytes = label.file_bytes,
		.segment = spare,
	};
	struct index *index = NULL;
	memcpy(label.before, before, sizeof(label.before));
	enum ch_status status = index_create(label.file_bytes, &index);
	if (status == CH_OK && getentropy(&label.salt, sizeof(label.salt)) != 0)
		status = CH_IO;
	if (status == CH_OK)
		status = segment_begin(spare, &label);
	if (status != CH_OK) {
		index_free(index);
		segment_release(spare);
		return status;
	}
	atomic_store_explicit(&spare->index, index, memory_order_release);
	catalog_append(&journal->catalog, &volume, arrival_before_us);
	journal->active = spare;
	return CH_OK;
}

/* Step 2. */
static enum ch_status journal_roll(struct journal *journal)
{
	struct segment *spare = NULL;
	enum ch_status status = journal_take_spare(journal, &spare);
	if (status != CH_OK)
		return status;
	status = journal_seal_active(journal, spare->epoch);
	if (status != CH_OK) {
		segment_release(spare);
		return journal_fail(journal, status);
	}
	status = journal_begin_segment(journal, spare, journal_head(journal) + 1,
		journal_head_arrival_us(journal), journal->hash);
	return status == CH_OK ? CH_OK : journal_fail(journal, status);
}

/* Step 3.  The head goes into the room that was left for it. */
static enum ch_status journal_finish(
	struct journal *journal, struct batch *batch, struct batch_head *out_head)
{
	struct slice entries = slice_sub(buffer_slice(&batch->bytes), BATCH_HEAD_BYTES, SIZE_MAX);
	struct batch_head head = {
		.epoch = journal->active->epoch,
		.first = batch->first,
		.first_arrival_us = batch->first_arrival_us,
		.last_arrival_us = batch->last_arrival_us,
		.length = (uint32_t)batch_length(entries.len),
		.entries_bytes = (uint32_t)entries.len,
		.count = batch->count,
	};
	memcpy(head.before, journal->hash, sizeof(head.before));
	memcpy(head.after, journal->hash, sizeof(head.after));
	enum ch_status status = chain_link(journal->chain, head.after, entries);
	if (status != CH_OK)
		return status;
	size_t padding = head.length - batch->bytes.len;
	if (padding > 0) {
		uint8_t *zeros = buffer_reserve(&batch->bytes, padding);
		if (zeros == NULL)
			return CH_NOMEM;
		memset(zeros, 0, padding);
	}
	batch_put_head(batch->bytes.data, &head, journal->active->key);
	*out_head = head;
	return CH_OK;
}

/* Steps 4 and 5. */
static enum ch_status journal_write(struct journal *journal, struct slice bytes)
{
	const struct segment *segment = journal->active;
	uint64_t end = atomic_load_explicit(&segment->end, memory_order_relaxed);
	enum ch_status status = file_fault("journal.write");
	atomic_store_explicit(&journal->syncing, true, memory_order_relaxed);
	if (status == CH_OK)
		status = file_write_at(segment->fd, bytes.data, bytes.len, end);
	if (status == CH_OK)
		status = file_fault("journal.sync");
	if (status == CH_OK)
		status = file_sync(segment->fd);
	atomic_store_explicit(&journal->syncing, false, memory_order_relaxed);
	if (status == CH_OK)
		status = file_fault("journal.synced");
	return status == CH_OK ? CH_OK : journal_fail(journal, status);
}

static void journal_count(_Atomic uint64_t *counter, uint64_t more)
{
	(void)atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

/* Step 6. */
static void journal_publish(struct journal *journal, const struct batch_head *head)
{
	struct segment *segment = journal->active;
	uint64_t end = atomic_load_explicit(&segment->end, memory_order_relaxed);
	index_add(atomic_load_explicit(&segment->index, memory_order_relaxed), head->first,
		head->first_arrival_us, end);
	(void)pthread_mutex_lock(&journal->lock);
	memcpy(journal->hash, head->after, sizeof(journal->hash));
	atomic_store_explicit(
		&journal->head_arrival_us, head->last_arrival_us, memory_order_relaxed);
	atomic_store_explicit(&segment->end, end + head->length, memory_order_release);
	atomic_store_explicit(&journal->head, batch_last(head), memory_order_release);
	(void)pthread_mutex_unlock(&journal->lock);
	journal_count(&journal->bytes_written, head->length);
	journal_count(&journal->entries, head->count);
	journal_count(&journal->batches, 1);
	journal_count(&journal->syncs, 1);
}

enum ch_status journal_commit(struct batch *batch)
{
	struct journal *journal = batch->journal;
	enum ch_status status = batch->status;
	struct batch_head head;
	invariant(batch->open);
	if (status != CH_OK || batch->count == 0)
		goto out;
	if (!segment_fits(journal->active, batch_length(journal_batch_bytes(batch))))
		status = journal_roll(journal);
	if (status == CH_OK)
		status = journal_finish(journal, batch, &head);
	if (status == CH_OK)
		status = journal_write(journal, buffer_slice(&batch->bytes));
	if (status == CH_OK)
		journal_publish(journal, &head);
out:
	batch->open = false;
	return status;
}

/* ---- What others may know ---- */

uint64_t journal_incarnation(const struct journal *journal)
{
	return journal->incarnation;
}

uint64_t journal_head(const struct journal *journal)
{
	return atomic_load_explicit(&journal->head, memory_order_acquire);
}

int64_t journal_head_arrival_us(const struct journal *journal)
{
	return atomic_load_explicit(&journal->head_arrival_us, memory_order_relaxed);
}

uint64_t journal_first(const struct journal *journal)
{
	return atomic_load_explicit(&journal->first, memory_order_acquire);
}

bool journal_is_syncing(const struct journal *journal)
{
	return atomic_load_explicit(&journal->syncing, memory_order_relaxed);
}

enum ch_status journal_status(const struct journal *journal)
{
	return atomic_load_explicit(&journal->status, memory_order_relaxed);
}

uint64_t journal_chain(struct journal *journal, uint8_t out_hash[JOURNAL_HASH_BYTES])
{
	(void)pthread_mutex_lock(&journal->lock);
	memcpy(out_hash, journal->hash, JOURNAL_HASH_BYTES);
	uint64_t head = journal_head(journal);
	(void)pthread_mutex_unlock(&journal->lock);
	return head;
}

uint64_t journal_removed(struct journal *journal, uint8_t out_hash[JOURNAL_HASH_BYTES])
{
	(void)pthread_mutex_lock(&journal->lock);
	uint64_t removed = journal->manifest.removed;
	memcpy(out_hash, journal->manifest.removed_hash, JOURNAL_HASH_BYTES);
	(void)pthread_mutex_unlock(&journal->lock);
	return removed;
}

void journal_stats(struct journal *journal, struct journal_stats *out_stats)
{
	*out_stats = (struct journal_stats){
		.bytes_written =
			atomic_load_explicit(&journal->bytes_written, memory_order_relaxed),
		.batches = atomic_load_explicit(&journal->batches, memory_order_relaxed),
		.entries = atomic_load_explicit(&journal->entries, memory_order_relaxed),
		.syncs = atomic_load_explicit(&journal->syncs, memory_order_relaxed),
		.damaged_segments =
			atomic_load_explicit(&journal->damaged_segments, memory_order_relaxed),
	};
	catalog_stats(&journal->catalog, out_stats);
}

enum ch_status journal_open_tape(
	struct journal *journal, const struct volume *volume, struct tape **out_tape)
{
	char name[ARCHIVE_NAME_BYTES];
	struct segment *segment = volume->segment;
	if (segment != NULL)
		return tape_open_segment(journal->dir_fd, segment,
			volume->last == CATALOG_OPEN ? &segment->label : &segment->seal, out_tape);
	archive_name(volume->first, volume->last, name);
	int fd = openat(journal->archive_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	return tape_open_archive(fd, out_tape);
}
