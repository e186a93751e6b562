/* Recovery: from what lies in the folder to a journal that may be served.
 *
 *     1. take the inventory: archive files by name, segments by label
 *     2. put the volumes in order: leave out what the archive holds too, finish what a crash
 *        interrupted, name the holes
 *     3. read the newest segment through, batch by batch: where does history end? (tail.c)
 *     4. write its labels, its last batch and zeros behind it, and sync
 *     5. publish the head
 *
 * Nothing is served before 4 is done.  The last batch may be whole in the page cache and yet not be
 * on the disk (a sync that failed, a process that died before it): a reader would pass on what the
 * next power cut takes back.
 *
 * Some findings are CH_CORRUPT, because to go on would give sequences a second time that
 * somebody may hold a receipt for: the newest segment is missing or wrecked, or there is history
 * and no manifest.  All other damage is named, and history goes on around it. */
#include "journal/recovery.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/archive.h"
#include "journal/inventory.h"
#include "journal/spare.h"
#include "journal/tail.h"

struct recovery {
	struct journal *journal;
	struct journal_recovery *found;
	struct inventory inventory;
	uint64_t next;      /* the sequence that history goes on with, as far as it is known */
	int64_t arrival_us; /* of the entry before it */
	uint8_t hash[JOURNAL_HASH_BYTES];
};

static void recovery_where(struct recovery *recovery, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void recovery_where(struct recovery *recovery, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(recovery->found->where, sizeof(recovery->found->where), format, args);
	va_end(args);
}

/* ---- Step 2: the order of volumes ---- */

static enum ch_status recovery_append(struct recovery *recovery, const struct volume *volume)
{
	struct catalog *catalog = &recovery->journal->catalog;
	enum ch_status status = catalog_reserve(catalog);
	if (status != CH_OK)
		return status;
	if (volume->first > recovery->next && recovery->found->damaged_first == 0) {
		recovery->found->damaged_first = recovery->next;
		recovery->found->damaged_last = volume->first - 1;
		recovery_where(recovery, "files missing before sequence %" PRIu64, volume->first);
	}
	catalog_append(catalog, volume, 0);
	recovery->next = volume->last == CATALOG_OPEN ? volume->first : volume->last + 1;
	return CH_OK;
}

static enum ch_status recovery_place_archive(struct recovery *recovery, const struct volume *volume)
{
	char name[ARCHIVE_NAME_BYTES];
	struct journal *journal = recovery->journal;
	if (volume->first >= recovery->next)
		return recovery_append(recovery, volume);
	if (volume->last > journal->manifest.removed || journal->read_only)
		return CH_OK; /* another file holds it too */
	/* Retention had removed it: a crash came before the file was gone. */
	archive_name(volume->first, volume->last, name);
	return unlinkat(journal->archive_fd, name, 0) == 0 ? CH_OK : CH_IO;
}

/* The last sequence of a segment that is sealed or has a successor. */
static uint64_t recovery_segment_last(const struct inventory *inventory, size_t i)
{
	const struct label *label = &inventory->used[i]->label;
	/* Without its sealed label, which may be damaged, the successor says where it ended. */
	return label->sealed ? label->last : inventory->used[i + 1]->label.base - 1;
}

static enum ch_status recovery_place_sealed(struct recovery *recovery, size_t i)
{
	struct journal *journal = recovery->journal;
	struct segment *segment = recovery->inventory.used[i];
	struct volume volume = {
		.first = segment->label.base,
		.last = recovery_segment_last(&recovery->inventory, i),
		.last_arrival_us = segment->label.last_arrival_us,
		.bytes = segment->label.file_bytes,
	};
	if (volume.last < recovery->next) {
		/* The archive has it, or retention had removed it: a crash came before the file was
		 * given its next use. */
		return journal->read_only ? CH_OK : spare_recycle(journal, segment_share(segment));
	}
	if (volume.first < recovery->next)
		volume.first = recovery->next;
	volume.segment = segment_share(segment);
	enum ch_status status = recovery_append(recovery, &volume);
	if (status != CH_OK)
		segment_release(segment);
	return status;
}

/* All but the segment that is still open, whose end is not known yet. */
static enum ch_status recovery_place_volumes(struct recovery *recovery)
{
	const struct inventory *inventory = &recovery->inventory;
	enum ch_status status = CH_OK;
	size_t archive = 0;
	for (size_t i = 0; i < inventory->used_count && status == CH_OK; i++) {
		const struct label *label = &inventory->used[i]->label;
		/* Archive files first where both begin alike: what they hold, no segment need
		 * hold. */
		for (; archive < inventory->archive_count && status == CH_OK &&
			inventory->archives[archive].first <= label->base;
			archive++)
			status = recovery_place_archive(recovery, &inventory->archives[archive]);
		bool open = i + 1 == inventory->used_count && !label->sealed;
		if (status == CH_OK && !open)
			status = recovery_place_sealed(recovery, i);
	}
	for (; archive < inventory->archive_count && status == CH_OK; archive++)
		status = recovery_place_archive(recovery, &inventory->archives[archive]);
	return status;
}

/* ---- Steps 3 and 4: the end of history ---- */

static bool recovery_has_spare(const struct recovery *recovery, uint64_t epoch)
{
	for (size_t i = 0; i < recovery->inventory.spare_count; i++) {
		if (recovery->inventory.spares[i].epoch == epoch)
			return true;
	}
	return false;
}

static enum ch_status recovery_lost(struct recovery *recovery, uint64_t epoch, const char *what)
{
	recovery_where(recovery, "%010" PRIu64 ".seg: %s", epoch, what);
	return CH_CORRUPT;
}

/* Is the newest segment that we have the newest that there was? */
static enum ch_status recovery_check_newest(struct recovery *recovery, const struct segment *newest)
{
	const struct inventory *inventory = &recovery->inventory;
	const struct label *label = &newest->label;
	if (recovery->next > (label->sealed ? label->last + 1 : label->base))
		return recovery_lost(
			recovery, newest->epoch, "the archive goes on behind the newest segment");
	/* Rolling seals one segment and then begins the next, which may be a spare until then. */
	if (label->sealed && !recovery_has_spare(recovery, label->next_epoch))
		return recovery_lost(recovery, label->next_epoch,
			"the newest segment is missing, or both its labels are damaged");
	/* A wreck leaves a hole where it was; without one it held what came last. */
	if (inventory->wreck_count > 0 && recovery->found->damaged_first == 0 &&
		recovery->next == label->base)
		return recovery_lost(
			recovery, inventory->wrecks[0].epoch, "both its labels are damaged");
	return CH_OK;
}

static enum ch_status recovery_open_newest(struct recovery *recovery, struct segment *newest)
{
	char name[SEGMENT_NAME_BYTES];
	struct journal *journal = recovery->journal;
	struct journal_recovery *found = recovery->found;
	struct tail tail;
	struct volume volume = {
		.first = newest->label.base,
		.last = CATALOG_OPEN,
		.bytes = newest->label.file_bytes,
		.segment = segment_share(newest),
	};
	enum ch_status status = recovery_append(recovery, &volume);
	if (status != CH_OK) {
		segment_release(newest);
		return status;
	}
	status = tail_read(journal, newest, &tail);
	if (status != CH_OK)
		return status;
	recovery->next = tail.head + 1;
	recovery->arrival_us = tail.arrival_us;
	memcpy(recovery->hash, tail.hash, sizeof(recovery->hash));
	found->torn_bytes = tail.torn_bytes;
	if (tail.damage != NULL && found->damaged_first == 0) {
		found->damaged_first = tail.damaged_first;
		found->damaged_last = tail.damaged_last;
		recovery_where(recovery, "%010" PRIu64 ".seg offset %" PRIu64 ": %s", newest->epoch,
			tail.damaged_at, tail.damage);
	}
	if (journal->read_only)
		return CH_OK;
	segment_name(newest->epoch, name);
	newest->fd = openat(journal->dir_fd, name, O_RDWR | O_CLOEXEC);
	if (newest->fd < 0)
		return file_status();
	journal->active = newest;
	return tail_make_good(newest, &tail);
}

static enum ch_status recovery_find_end(struct recovery *recovery)
{
	const struct inventory *inventory = &recovery->inventory;
	if (inventory->used_count == 0) {
		recovery_where(recovery, "there is no segment");
		return CH_CORRUPT;
	}
	struct segment *newest = inventory->used[inventory->used_count - 1];
	enum ch_status status = recovery_check_newest(recovery, newest);
	if (status != CH_OK)
		return status;
	if (!newest->label.sealed)
		return recovery_open_newest(recovery, newest);
	recovery->next = newest->label.last + 1;
	recovery->arrival_us = newest->label.last_arrival_us;
	memcpy(recovery->hash, newest->label.after, sizeof(recovery->hash));
	return CH_OK;
}

/* A copy has no segments: its end is what its last archive file says. */
static enum ch_status recovery_find_end_of_copy(struct recovery *recovery)
{
	struct volume volume = {0};
	struct tape *tape = NULL;
	struct catalog *catalog = &recovery->journal->catalog;
	memcpy(recovery->hash, recovery->journal->manifest.removed_hash, sizeof(recovery->hash));
	enum ch_status status = catalog_find(catalog, recovery->next - 1, &volume);
	if (status == CH_END)
		return CH_OK; /* an empty one */
	status = journal_open_tape(recovery->journal, &volume, &tape);
	if (status == CH_OK) {
		recovery->arrival_us = tape_label(tape)->last_arrival_us;
		memcpy(recovery->hash, tape_label(tape)->after, sizeof(recovery->hash));
	} else if (status == CH_CORRUPT && recovery->journal->read_only) {
		status = CH_OK; /* readers will name it; who writes must know the chain's end */
	}
	tape_close(tape);
	volume_release(&volume);
	return status;
}

/* ---- Spares, and a segment to write ---- */

static enum ch_status recovery_enroll_spare(
	struct recovery *recovery, const struct inventory_file *file)
{
	char name[SEGMENT_NAME_BYTES];
	struct segment *spare = NULL;
	struct journal *journal = recovery->journal;
	enum ch_status status = segment_create(file->epoch, &spare);
	if (status != CH_OK)
		return status;
	spare->label.file_bytes = file->bytes;
	segment_name(file->epoch, name);
	spare->fd = openat(journal->dir_fd, name, O_RDWR | O_CLOEXEC);
	if (spare->fd < 0)
		status = file_status();
	else if (catalog_put_spare(&journal->catalog, spare))
		spare = NULL; /* the catalog's now */
	segment_release(spare);
	return status;
}

static enum ch_status recovery_delete_spare(
	struct recovery *recovery, const struct inventory_file *file)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(file->epoch, name);
	return unlinkat(recovery->journal->dir_fd, name, 0) == 0 ? CH_OK : CH_IO;
}

/* Spares of the wrong size, or too many, go last: until the journal has a segment to write, a
 * missing spare would look like a lost one. */
static enum ch_status recovery_go_on(struct recovery *recovery)
{
	struct journal *journal = recovery->journal;
	const struct inventory *inventory = &recovery->inventory;
	enum ch_status status = CH_OK;
	size_t kept = 0;
	for (; kept < inventory->spare_count && status == CH_OK &&
		inventory->spares[kept].bytes == journal->segment_bytes &&
		catalog_spares(&journal->catalog) <= journal->spare_segments;
		kept++)
		status = recovery_enroll_spare(recovery, &inventory->spares[kept]);
	if (status == CH_OK && journal->active == NULL) {
		if (catalog_spares(&journal->catalog) == 0)
			status = spare_prepare(journal);
		if (status == CH_OK)
			status = catalog_reserve(&journal->catalog);
		if (status == CH_OK)
			status = journal_begin_segment(journal,
				catalog_take_spare(&journal->catalog), recovery->next,
				recovery->arrival_us, recovery->hash);
	}
	for (; kept < inventory->spare_count && status == CH_OK; kept++)
		status = recovery_delete_spare(recovery, &inventory->spares[kept]);
	return status;
}

/* ---- All of it ---- */

/* Step 5. */
static void recovery_publish(struct recovery *recovery)
{
	struct journal *journal = recovery->journal;
	uint64_t first = catalog_first(&journal->catalog);
	if (first == 0)
		first = recovery->next; /* an empty copy */
	memcpy(journal->hash, recovery->hash, sizeof(journal->hash));
	atomic_store(&journal->head, recovery->next - 1);
	atomic_store(&journal->head_arrival_us, recovery->arrival_us);
	atomic_store(&journal->first, first);
	recovery->found->head = recovery->next - 1;
	recovery->found->first = first;
}

static enum ch_status recovery_history(struct recovery *recovery)
{
	const struct journal *journal = recovery->journal;
	if (journal->manifest.kind == MANIFEST_NEW)
		return CH_OK; /* there is none */
	enum ch_status status = recovery_place_volumes(recovery);
	if (status != CH_OK)
		return status;
	return journal->manifest.kind == MANIFEST_EXPORT ? recovery_find_end_of_copy(recovery)
							 : recovery_find_end(recovery);
}

/* The last step of making a journal, or of adopting one: before it, there is none yet. */
static enum ch_status recovery_become_journal(struct recovery *recovery)
{
	struct manifest *manifest = &recovery->journal->manifest;
	recovery->found->created = manifest->kind == MANIFEST_NEW;
	recovery->found->adopted = manifest->kind == MANIFEST_EXPORT;
	if (manifest->kind == MANIFEST_JOURNAL)
		return CH_OK;
	manifest->kind = MANIFEST_JOURNAL;
	manifest->parent_last = recovery->next - 1;
	return manifest_write(recovery->journal->dir, manifest);
}

enum ch_status recovery_run(struct journal *journal, struct journal_recovery *found)
{
	struct recovery recovery = {
		.journal = journal,
		.found = found,
		.next = journal->manifest.removed + 1,
	};
	enum ch_status status = CH_OK;
	if (!journal->read_only) {
		status = inventory_tidy(journal->dir_fd);
		if (status == CH_OK)
			status = inventory_tidy(journal->archive_fd);
	}
	if (status == CH_OK)
		status = inventory_take(journal->dir_fd, journal->archive_fd, &recovery.inventory);
	journal->catalog.next_epoch = recovery.inventory.next_epoch;
	if (status == CH_OK)
		status = recovery_history(&recovery);
	if (status == CH_OK && !journal->read_only)
		status = recovery_go_on(&recovery);
	if (status == CH_OK && !journal->read_only)
		status = recovery_become_journal(&recovery);
	if (status == CH_OK)
		recovery_publish(&recovery);
	inventory_fini(&recovery.inventory);
	return status;
}
