/* Opening and closing a journal: the folder, its lock, its manifest.  recovery.c does the rest. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/invariant.h"
#include "journal/inventory.h"
#include "journal/recovery.h"

#define OPENING_SEGMENT_BYTES (64u * 1024u * 1024u)
#define OPENING_SPARES        2u

static enum ch_status opening_open_archive_dir(struct journal *journal)
{
	struct buffer path = {0};
	buffer_printf(&path, "%s/" JOURNAL_ARCHIVE_DIR, journal->dir);
	enum ch_status status = path.status;
	if (status == CH_OK && !journal->read_only)
		status = file_make_dirs(buffer_text(&path), 0700);
	if (status == CH_OK) {
		journal->archive_fd = openat(
			journal->dir_fd, JOURNAL_ARCHIVE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* A copy without history may lack it, and then nobody needs it. */
		if (journal->archive_fd < 0 && !(journal->read_only && errno == ENOENT))
			status = file_status();
	}
	buffer_fini(&path);
	return status;
}

static enum ch_status opening_lock_dir(struct journal *journal, bool create)
{
	enum ch_status status = CH_OK;
	if (create)
		status = file_make_dirs(journal->dir, 0700);
	if (status != CH_OK)
		return status;
	/* The lock is on the folder itself: a tool that only reads leaves nothing behind. */
	journal->dir_fd = open(journal->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->dir_fd < 0)
		return file_status();
	if (flock(journal->dir_fd, (journal->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? CH_BUSY : CH_IO;
	return CH_OK;
}

static void opening_where(struct journal_recovery *found, const char *what)
{
	(void)snprintf(found->where, sizeof(found->where), MANIFEST_NAME ": %s", what);
}

/* Nothing but spares may lie in a folder without a manifest. */
static enum ch_status opening_check_empty(struct journal *journal, struct journal_recovery *found)
{
	struct inventory inventory;
	enum ch_status status = inventory_take(journal->dir_fd, journal->archive_fd, &inventory);
	if (status == CH_OK &&
		inventory.archive_count + inventory.used_count + inventory.wreck_count > 0) {
		opening_where(found, "missing, and there is history");
		status = CH_CORRUPT;
	}
	inventory_fini(&inventory);
	return status;
}

static enum ch_status opening_draw_incarnation(struct manifest *manifest)
{
	manifest->parent = manifest->incarnation;
	return getentropy(&manifest->incarnation, sizeof(manifest->incarnation)) == 0 ? CH_OK
										      : CH_IO;
}

static enum ch_status opening_load_manifest(
	struct journal *journal, bool create, struct journal_recovery *found)
{
	struct manifest *manifest = &journal->manifest;
	enum ch_status status = manifest_read(journal->dir, manifest);
	if (status == CH_OK && manifest->kind == MANIFEST_EXPORT && !journal->read_only) {
		if (journal->adopt)
			return opening_draw_incarnation(manifest);
		opening_where(found, "a copy, to be adopted first");
		return CH_INVALID;
	}
	if (status == CH_CORRUPT)
		opening_where(found, "unreadable");
	if (status != CH_NOT_FOUND)
		return status;
	status = opening_check_empty(journal, found);
	if (status != CH_OK)
		return status;
	if (!create)
		return CH_NOT_FOUND;
	*manifest = (struct manifest){.kind = MANIFEST_NEW};
	status = opening_draw_incarnation(manifest);
	if (status != CH_OK)
		return status;
	return manifest_write(journal->dir, manifest);
}

static enum ch_status opening_check_options(const struct journal_options *options)
{
	uint64_t bytes = options->segment_bytes;
	bool good = (bytes == 0 || (bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX &&
					   bytes % SEGMENT_PAGE_BYTES == 0)) &&
		    options->spare_segments < CATALOG_SPARES_MAX &&
		    !(options->read_only && (options->create || options->adopt));
	return good ? CH_OK : CH_INVALID;
}

static struct journal *opening_create(const struct journal_options *options)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (journal == NULL)
		return NULL;
	journal->dir_fd = -1;
	journal->archive_fd = -1;
	journal->read_only = options->read_only;
	journal->adopt = options->adopt;
	journal->segment_bytes =
		options->segment_bytes != 0 ? options->segment_bytes : OPENING_SEGMENT_BYTES;
	journal->spare_segments =
		options->spare_segments != 0 ? options->spare_segments : OPENING_SPARES;
	journal->batch.journal = journal;
	catalog_init(&journal->catalog);
	invariant(pthread_mutex_init(&journal->lock, NULL) == 0);
	journal->dir = strdup(options->dir);
	if (journal->dir == NULL || chain_create(&journal->chain) != CH_OK) {
		journal_close(journal);
		return NULL;
	}
	return journal;
}

enum ch_status journal_open(const struct journal_options *options, struct journal **out_journal,
	struct journal_recovery *out_recovery)
{
	struct journal_recovery found = {0};
	struct journal *journal = NULL;
	enum ch_status status = opening_check_options(options);
	if (status != CH_OK)
		goto out;
	status = CH_NOMEM;
	journal = opening_create(options);
	if (journal == NULL)
		goto out;
	status = opening_lock_dir(journal, options->create);
	if (status == CH_OK)
		status = opening_open_archive_dir(journal);
	if (status == CH_OK)
		status = opening_load_manifest(journal, options->create, &found);
	if (status != CH_OK)
		goto out;
	journal->incarnation = journal->manifest.incarnation;
	status = recovery_run(journal, &found);
	if (status != CH_OK)
		goto out;
	*out_journal = journal;
	journal = NULL; /* the caller's now */
out:
	journal_close(journal);
	if (out_recovery != NULL)
		*out_recovery = found;
	return status;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	invariant(!journal->batch.open);
	catalog_fini(&journal->catalog); /* and with the segments their descriptors */
	chain_free(journal->chain);
	buffer_fini(&journal->batch.bytes);
	if (journal->archive_fd >= 0)
		(void)close(journal->archive_fd); /* nothing was written through it */
	if (journal->dir_fd >= 0)
		(void)close(journal->dir_fd);        /* and the lock is given up */
	(void)pthread_mutex_destroy(&journal->lock); /* nothing to do about a failure */
	free(journal->dir);
	free(journal);
}
