/* The keeper: what is done to segment files behind the writer's back.
 *
 * A step does one thing, so that whoever calls it can stop in between, and the order of steps is by
 * need: first a segment to write when there is none, since without it events are refused; then what
 * frees room; then what saves room; then the comfort of more spares.  A step that finds the disk
 * full lets the next one try, because that may be the one that makes room.
 *
 * The order of effects, where a crash may come between any two:
 *
 *     archive   file written, synced, read back | renamed, folder synced | segment recycled
 *     remove    manifest stored | out of the catalog | file deleted or recycled
 *
 * So history is at every moment in at least one place, and recovery finds it twice at worst. */
#include "journal/keeper.h"

#include <unistd.h>

#include "base/file.h"
#include "base/invariant.h"
#include "journal/archive.h"
#include "journal/archiver.h"
#include "journal/inside.h"
#include "journal/spare.h"

struct keeper {
	struct journal *journal;
	const struct retention *retention;
	int64_t now_us;
};

/* ---- Spares ---- */

static enum ch_status keeper_make_first_spare(const struct keeper *keeper)
{
	struct journal *journal = keeper->journal;
	return catalog_spares(&journal->catalog) > 0 ? CH_END : spare_prepare(journal);
}

static enum ch_status keeper_make_spare(const struct keeper *keeper)
{
	struct journal *journal = keeper->journal;
	return catalog_spares(&journal->catalog) >= journal->spare_segments
		       ? CH_END
		       : spare_prepare(journal);
}

/* ---- The archive ---- */

static enum ch_status keeper_delete_archive(struct journal *journal, const struct volume *volume)
{
	char name[ARCHIVE_NAME_BYTES];
	archive_name(volume->first, volume->last, name);
	enum ch_status status = file_fault("journal.retention.unlink");
	if (status == CH_OK && unlinkat(journal->archive_fd, name, 0) != 0)
		status = file_status();
	return status == CH_NOT_FOUND ? CH_OK : status; /* then somebody else did it */
}

/* CH_CORRUPT when it cannot be archived as it is. */
static enum ch_status keeper_store_archive(
	struct journal *journal, const struct volume *volume, struct volume *out_archive)
{
	struct tape *tape = NULL;
	struct chain *chain = NULL;
	enum ch_status status = chain_create(&chain);
	if (status == CH_OK)
		status = journal_open_tape(journal, volume, &tape);
	if (status == CH_OK) {
		struct archiver_order order = {tape, chain, volume->last, false};
		status = archiver_store(journal->archive_fd, &order, out_archive);
	}
	tape_close(tape);
	chain_free(chain);
	if (status == CH_NOT_FOUND || status == CH_END)
		return CH_CORRUPT;
	if (status == CH_OK &&
		(out_archive->first != volume->first || out_archive->last != volume->last)) {
		status = keeper_delete_archive(journal, out_archive);
		return status == CH_OK ? CH_CORRUPT : status;
	}
	return status;
}

static enum ch_status keeper_archive_volume(struct journal *journal, const struct volume *volume)
{
	struct volume archive;
	enum ch_status status = keeper_store_archive(journal, volume, &archive);
	if (status == CH_CORRUPT) {
		/* What is left of it stays where it is: a repair may put the rest back. */
		volume->segment->damaged = true;
		(void)atomic_fetch_add(&journal->damaged_segments, 1);
		return CH_OK;
	}
	if (status != CH_OK)
		return status;
	return spare_recycle(journal, catalog_archive(&journal->catalog, &archive));
}

static enum ch_status keeper_archive(const struct keeper *keeper)
{
	struct journal *journal = keeper->journal;
	int64_t before_us = keeper->now_us - keeper->retention->archive_after_us;
	struct volume volume = {0};
	uint64_t sequence = 1;
	enum ch_status status = CH_END;
	while (status == CH_END &&
		catalog_find_sealed(&journal->catalog, sequence, &volume) == CH_OK) {
		if (!volume.segment->damaged && volume.last_arrival_us <= before_us)
			status = keeper_archive_volume(journal, &volume);
		sequence = volume.last + 1;
		volume_release(&volume);
	}
	return status;
}

/* ---- Retention ---- */

/* Where history begins when `oldest` is gone: the chain there, and how old the last entry before
 * it is. */
static enum ch_status keeper_look_behind(struct journal *journal, const struct volume *oldest,
	struct manifest *manifest, int64_t *out_last_arrival_us)
{
	struct volume next = {0};
	struct tape *tape = NULL;
	enum ch_status status = catalog_find(&journal->catalog, oldest->last + 1, &next);
	if (status == CH_OK)
		status = journal_open_tape(journal, &next, &tape);
	if (status == CH_OK) {
		/* A hole between the two goes with the older one. */
		manifest->removed = next.first - 1;
		memcpy(manifest->removed_hash, tape_label(tape)->before, JOURNAL_HASH_BYTES);
		*out_last_arrival_us = tape_label(tape)->arrival_before_us;
	}
	tape_close(tape);
	volume_release(&next);
	return status;
}

static bool keeper_is_over(const struct keeper *keeper, uint64_t bytes, int64_t last_arrival_us)
{
	const struct retention *retention = keeper->retention;
	return (retention->keep_bytes != 0 && bytes > retention->keep_bytes) ||
	       (retention->keep_us != 0 && last_arrival_us < keeper->now_us - retention->keep_us);
}

static enum ch_status keeper_remove_oldest(struct journal *journal, const struct manifest *manifest)
{
	struct volume volume;
	enum ch_status status = manifest_write(journal->dir, manifest);
	if (status != CH_OK)
		return status;
	(void)pthread_mutex_lock(&journal->lock);
	journal->manifest = *manifest;
	(void)pthread_mutex_unlock(&journal->lock);
	catalog_remove_first(&journal->catalog, &volume);
	atomic_store_explicit(
		&journal->first, catalog_first(&journal->catalog), memory_order_release);
	if (volume.segment != NULL)
		return spare_recycle(journal, volume.segment);
	return keeper_delete_archive(journal, &volume);
}

static enum ch_status keeper_remove(const struct keeper *keeper)
{
	struct journal *journal = keeper->journal;
	struct volume oldest = {0};
	struct manifest manifest = journal->manifest;
	int64_t last_arrival_us = 0;
	if (keeper->retention->keep_bytes == 0 && keeper->retention->keep_us == 0)
		return CH_END;
	enum ch_status status = catalog_find(&journal->catalog, 1, &oldest);
	if (status != CH_OK)
		return status;
	if (oldest.last == CATALOG_OPEN || oldest.last >= keeper->retention->floor) {
		status = CH_END;
		goto out;
	}
	status = keeper_look_behind(journal, &oldest, &manifest, &last_arrival_us);
	if (status == CH_CORRUPT || status == CH_NOT_FOUND) {
		status = CH_END; /* without a link to begin the chain with, nothing is removed */
		goto out;
	}
	if (status != CH_OK)
		goto out;
	if (keeper_is_over(keeper, catalog_bytes(&journal->catalog), last_arrival_us))
		status = keeper_remove_oldest(journal, &manifest);
	else
		status = CH_END;
out:
	volume_release(&oldest);
	return status;
}

/* ---- Steps ---- */

enum ch_status keeper_step(
	struct journal *journal, const struct retention *retention, int64_t now_us)
{
	static enum ch_status (*const steps[])(const struct keeper *keeper) = {
		keeper_make_first_spare,
		keeper_remove,
		keeper_archive,
		keeper_make_spare,
	};
	struct keeper keeper = {journal, retention, now_us};
	enum ch_status refused = CH_END;
	invariant(!journal->read_only);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum ch_status status = steps[i](&keeper);
		if (status == CH_FULL)
			refused = CH_FULL; /* one of the others may make room */
		else if (status != CH_END)
			return status;
	}
	return refused;
}
