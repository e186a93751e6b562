#include "journal/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/archive.h"
#include "journal/archiver.h"
#include "journal/inside.h"
#include "journal/inventory.h"

struct backup {
	struct journal *journal;
	const char *dir;
	int dir_fd; /* locked */
	int archive_fd;
	struct chain *chain;
	struct inventory there; /* what the copy held before */
	uint64_t upto;
	uint64_t head; /* of what has been copied */
};

/* ---- The copy's folder ---- */

static enum ch_status backup_open_dir(struct backup *backup)
{
	struct buffer path = {0};
	buffer_printf(&path, "%s/" JOURNAL_ARCHIVE_DIR, backup->dir);
	enum ch_status status = path.status;
	if (status == CH_OK)
		status = file_make_dirs(buffer_text(&path), 0700);
	buffer_fini(&path);
	if (status != CH_OK)
		return status;
	backup->dir_fd = open(backup->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (backup->dir_fd < 0)
		return file_status();
	if (flock(backup->dir_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? CH_BUSY : CH_IO;
	backup->archive_fd =
		openat(backup->dir_fd, JOURNAL_ARCHIVE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return backup->archive_fd < 0 ? file_status() : CH_OK;
}

/* Takes the folder for this journal's copy, or finds that it is. */
static enum ch_status backup_claim_dir(struct backup *backup)
{
	struct journal *journal = backup->journal;
	struct manifest manifest;
	struct manifest found;
	enum ch_status status = manifest_read(backup->dir, &found);
	if (status == CH_OK &&
		(found.kind != MANIFEST_EXPORT || found.incarnation != journal->incarnation))
		return CH_EXISTS;
	if (status == CH_NOT_FOUND && backup->there.archive_count + backup->there.used_count > 0)
		return CH_EXISTS;
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status == CH_CORRUPT || status == CH_VERSION ? CH_EXISTS : status;
	/* Now and not at the end: what is there already is a copy at any time. */
	(void)pthread_mutex_lock(&journal->lock);
	manifest = journal->manifest;
	(void)pthread_mutex_unlock(&journal->lock);
	manifest.kind = MANIFEST_EXPORT;
	return manifest_write(backup->dir, &manifest);
}

static bool backup_has(const struct backup *backup, const struct volume *volume)
{
	for (size_t i = 0; i < backup->there.archive_count; i++) {
		const struct volume *file = &backup->there.archives[i];
		if (file->first == volume->first && file->last == volume->last &&
			(volume->segment != NULL || file->bytes == volume->bytes))
			return true;
	}
	return false;
}

/* Shorter files that begin where a new one does: copies of a segment that went on since. */
static enum ch_status backup_delete_shorter(struct backup *backup, const struct volume *volume)
{
	char name[ARCHIVE_NAME_BYTES];
	for (size_t i = 0; i < backup->there.archive_count; i++) {
		const struct volume *file = &backup->there.archives[i];
		if (file->first != volume->first || file->last >= volume->last)
			continue;
		archive_name(file->first, file->last, name);
		if (unlinkat(backup->archive_fd, name, 0) != 0)
			return CH_IO;
	}
	return CH_OK;
}

/* ---- Files ---- */

static enum ch_status backup_copy_bytes(int from, int to)
{
	uint8_t bytes[64 * 1024];
	uint64_t offset = 0;
	struct stat file;
	if (fstat(from, &file) != 0)
		return CH_IO;
	while (offset < (uint64_t)file.st_size) {
		uint64_t left = (uint64_t)file.st_size - offset;
		size_t len = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
		enum ch_status status = file_read_at(from, bytes, len, offset);
		if (status == CH_OK)
			status = file_write_at(to, bytes, len, offset);
		if (status != CH_OK)
			return status == CH_END ? CH_IO : status;
		offset += len;
	}
	return fsync(to) == 0 ? CH_OK : CH_IO;
}

/* An archive file as it is, under its name. */
static enum ch_status backup_copy_archive(struct backup *backup, const struct volume *volume)
{
	static const char temporary[] = "backup.new";
	char name[ARCHIVE_NAME_BYTES];
	int to = -1;
	enum ch_status status;
	archive_name(volume->first, volume->last, name);
	int from = openat(backup->journal->archive_fd, name, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return file_status();
	to = openat(backup->archive_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0) {
		status = file_status();
		goto out;
	}
	status = backup_copy_bytes(from, to);
	if (status == CH_OK &&
		(renameat(backup->archive_fd, temporary, backup->archive_fd, name) != 0 ||
			fsync(backup->archive_fd) != 0))
		status = CH_IO;
out:
	(void)close(from); /* read only */
	if (to >= 0)
		(void)close(to); /* synced, or to be deleted */
	if (status != CH_OK)
		(void)unlinkat(backup->archive_fd, temporary, 0); /* the next export deletes it */
	return status;
}

/* Compressed anew: a segment, or the front of an archive file. */
static enum ch_status backup_compress(
	struct backup *backup, const struct volume *volume, uint64_t last)
{
	struct tape *tape = NULL;
	struct volume copy;
	enum ch_status status = journal_open_tape(backup->journal, volume, &tape);
	if (status == CH_OK) {
		struct archiver_order order = {tape, backup->chain, last, true};
		status = archiver_store(backup->archive_fd, &order, &copy);
	}
	tape_close(tape);
	if (status == CH_OK) {
		backup->head = copy.last;
		status = backup_delete_shorter(backup, &copy);
	}
	return status == CH_END ? CH_OK : status; /* nothing of it can be read */
}

static enum ch_status backup_volume(struct backup *backup, const struct volume *volume)
{
	struct volume wanted = *volume;
	if (wanted.last > backup->upto)
		wanted.last = backup->upto;
	if (backup_has(backup, &wanted)) {
		backup->head = wanted.last;
		return CH_OK;
	}
	if (volume->segment != NULL || wanted.last < volume->last)
		return backup_compress(backup, volume, wanted.last);
	enum ch_status status = backup_copy_archive(backup, volume);
	if (status == CH_OK) {
		backup->head = volume->last;
		status = backup_delete_shorter(backup, volume);
	}
	return status;
}

/* ---- All of it ---- */

/* The volume that was looked up is not there any more: by retention, or the archive has it now. */
static bool backup_moved(struct backup *backup, const struct volume *volume)
{
	struct volume again = {0};
	bool moved = catalog_find(&backup->journal->catalog, volume->first, &again) != CH_OK ||
		     again.first != volume->first || again.segment != volume->segment;
	volume_release(&again);
	return moved;
}

static enum ch_status backup_volumes(struct backup *backup)
{
	struct catalog *catalog = &backup->journal->catalog;
	struct volume volume = {0};
	enum ch_status status = CH_OK;
	uint64_t sequence = 1;
	while (status == CH_OK && sequence <= backup->upto &&
		catalog_find(catalog, sequence, &volume) == CH_OK && volume.first <= backup->upto) {
		status = backup_volume(backup, &volume);
		bool again = (status == CH_RETRY || status == CH_NOT_FOUND) &&
			     backup_moved(backup, &volume);
		if (again || status == CH_NOT_FOUND || status == CH_CORRUPT)
			status = CH_OK; /* what cannot be had leaves a hole, as it is one here */
		if (!again)
			sequence = volume.last + 1;
		if (!again && volume.last == CATALOG_OPEN)
			sequence = backup->upto + 1;
		volume_release(&volume);
	}
	volume_release(&volume);
	return status;
}

enum ch_status backup_export(
	struct journal *journal, uint64_t upto, const char *dir, uint64_t *out_head)
{
	struct backup backup = {
		.journal = journal,
		.dir = dir,
		.dir_fd = -1,
		.archive_fd = -1,
		.upto = journal_head(journal),
	};
	if (upto != 0 && upto < backup.upto)
		backup.upto = upto;
	enum ch_status status = chain_create(&backup.chain);
	if (status == CH_OK)
		status = backup_open_dir(&backup);
	if (status == CH_OK)
		status = inventory_take(backup.dir_fd, backup.archive_fd, &backup.there);
	if (status == CH_OK)
		status = backup_claim_dir(&backup);
	if (status == CH_OK)
		status = inventory_tidy(backup.archive_fd);
	if (status == CH_OK)
		status = backup_volumes(&backup);
	if (status == CH_OK)
		*out_head = backup.head;
	inventory_fini(&backup.there);
	if (backup.archive_fd >= 0)
		(void)close(backup.archive_fd); /* nothing was written through it */
	if (backup.dir_fd >= 0)
		(void)close(backup.dir_fd); /* and the lock is given up */
	chain_free(backup.chain);
	return status;
}

enum ch_status backup_restore(const char *from, const char *dir)
{
	struct journal_options source = {.dir = from, .read_only = true};
	struct journal_options target = {.dir = dir, .adopt = true};
	struct journal *journal = NULL;
	uint64_t head;
	enum ch_status status = journal_open(&source, &journal, NULL);
	if (status == CH_OK)
		status = backup_export(journal, 0, dir, &head);
	journal_close(journal);
	journal = NULL;
	if (status == CH_OK)
		status = journal_open(&target, &journal, NULL);
	journal_close(journal);
	return status;
}
