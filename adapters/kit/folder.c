#include "kit/folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "kit/folder_file.h"
#include "kit/folder_shelf.h"

#define FILES_PER_SCAN 10000u

struct folder {
	struct folder_options options;
	char **names; /* what the last scan found, in order */
	size_t name_count;
	size_t name_next;
	bool expectant;              /* that scan has seen files that are not at rest yet */
	struct folder_file *files;   /* open ones and those that wait for receipts */
	struct folder_file *current; /* the one that is being read */
	uint64_t files_begun;
	bool gone;             /* the folder itself was not there when it was looked at last */
	enum ch_status broken; /* a result could not be written: reading on would be in vain */
	/* Files that are waited for, as they were when they were incomplete. */
	struct folder_wait {
		struct folder_wait *next;
		struct stat seen;
		int64_t again_us; /* 0: when it has changed */
		char name[];
	} * waits;
};

static bool folder_path(const struct folder *folder, const char *name, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s", folder->options.path, name) < PATH_MAX;
}

/* ---- Scanning ---- */

static bool folder_ends(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t suffix_len = strlen(suffix);
	return len >= suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static struct folder_wait *folder_waits_for(struct folder *folder, const char *name)
{
	for (struct folder_wait *wait = folder->waits; wait != NULL; wait = wait->next) {
		if (strcmp(wait->name, name) == 0)
			return wait;
	}
	return NULL;
}

static bool folder_is_busy(const struct folder *folder, const char *name)
{
	for (const struct folder_file *file = folder->files; file != NULL; file = file->next) {
		if (strcmp(file->name, name) == 0)
			return true;
	}
	return false;
}

/* Whether a file is there to be read: regular, at rest, and not as it was when it was incomplete, or it is
 * time to look at it again all the same. */
static bool folder_is_ready(struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat info;
	if (name[0] == '.' || folder_ends(name, ".tmp") || folder_ends(name, ".part") ||
		folder_ends(name, ".filepart") || folder_is_busy(folder, name))
		return false;
	if (!folder_path(folder, name, path) || lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
		return false;
	int64_t changed_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
	/* A modification time in the future is a wrong clock, not a file that is being written. */
	int64_t age_us = clock_wall_us() - changed_us;
	if (age_us >= 0 && age_us < folder->options.settle_ms * 1000) {
		folder->expectant = true;
		return false;
	}
	const struct folder_wait *wait = folder_waits_for(folder, name);
	bool due = wait != NULL && wait->again_us > 0 && clock_wall_us() >= wait->again_us;
	return wait == NULL || !folder_shelf_is_same(&wait->seen, &info) || due;
}

static int folder_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void folder_forget_names(struct folder *folder)
{
	for (size_t i = 0; i < folder->name_count; i++)
		free(folder->names[i]);
	free(folder->names);
	folder->names = NULL;
	folder->name_count = 0;
	folder->name_next = 0;
}

/* A link in place of a shelf is found now, not with the first file. */
static enum ch_status folder_make_dirs(const struct folder *folder)
{
	static const char *const shelves[] = {FOLDER_SHELF_DONE, FOLDER_SHELF_FAILED};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < 2 && status == CH_OK; i++) {
		struct folder_shelf shelf;
		char path[PATH_MAX];
		status = folder_path(folder, shelves[i], path) ? file_make_dirs(path, 0755)
							       : CH_TOO_LARGE;
		if (status == CH_OK)
			status = folder_shelf_open(folder->options.path, shelves[i], &shelf);
		if (status == CH_OK)
			folder_shelf_close(&shelf);
	}
	return status;
}

/* A share that is not mounted, say: somebody will bring it back, and it may be another one. */
static void folder_tell_gone(struct folder *folder, bool gone)
{
	if (gone && !folder->gone)
		log_warning("folder.gone", "path=\"%s\" status=%s", folder->options.path,
			ch_status_name(file_status()));
	else if (!gone && folder->gone)
		log_info("folder.back", "path=\"%s\"", folder->options.path);
	folder->gone = gone;
}

static enum ch_status folder_scan(struct folder *folder)
{
	DIR *dir = opendir(folder->options.path);
	enum ch_status status = CH_OK;
	folder_forget_names(folder);
	folder->expectant = dir == NULL;
	if (dir != NULL && folder->gone)
		status = folder_make_dirs(folder);
	folder_tell_gone(folder, dir == NULL);
	if (dir == NULL)
		return CH_OK;
	if (status == CH_OK) {
		folder->names = calloc(FILES_PER_SCAN, sizeof(*folder->names));
		status = folder->names != NULL ? CH_OK : CH_NOMEM;
	}
	for (struct dirent *item; status == CH_OK && folder->name_count < FILES_PER_SCAN &&
				  (item = readdir(dir)) != NULL;) {
		if (!folder_is_ready(folder, item->d_name))
			continue;
		char *name = strdup(item->d_name);
		if (name == NULL)
			status = CH_NOMEM;
		else
			folder->names[folder->name_count++] = name;
	}
	(void)closedir(dir); /* read only */
	if (status == CH_OK && folder->name_count > 0)
		qsort(folder->names, folder->name_count, sizeof(*folder->names), folder_order);
	return status;
}

/* ---- Files on their way: each stays until all that it gave is settled ---- */

static void folder_wait_for(struct folder *folder, const struct folder_file *file)
{
	struct folder_wait *wait = folder_waits_for(folder, file->name);
	if (wait == NULL) {
		wait = malloc(sizeof(*wait) + strlen(file->name) + 1);
		if (wait == NULL)
			return; /* it is read again sooner than needed */
		memcpy(wait->name, file->name, strlen(file->name) + 1);
		wait->next = folder->waits;
		folder->waits = wait;
	}
	wait->seen = file->seen;
	wait->again_us = file->again_us;
}

static void folder_drop_file(struct folder *folder, struct folder_file *file)
{
	struct folder_file **link = &folder->files;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	folder_file_free(file);
}

/* Called when the file is read and when a receipt comes: whichever is last. */
static void folder_check_done(struct folder *folder, struct folder_file *file)
{
	enum ch_status finished = CH_OK;
	if (!file->read || file->settled < file->given)
		return;
	if (file->unanswered == 0 && file->incomplete)
		folder_wait_for(folder, file);
	else if (file->unanswered == 0)
		finished = folder_file_finish(file, folder->options.path);
	if (folder->broken == CH_OK && finished != CH_BUSY) /* that one the next scan finds */
		folder->broken = finished;
	folder_drop_file(folder, file);
}

/* ---- The callbacks ---- */

static enum ch_status folder_begin(struct folder *folder, const char *name)
{
	struct folder_file *file = NULL;
	enum ch_status created = folder_file_create(folder->options.path, name, &file);
	if (created != CH_OK)
		return created == CH_NOT_FOUND ? CH_OK : created; /* somebody took it away */
	file->number = ++folder->files_begun;
	file->keep_receipts = folder->options.receipts;
	file->next = folder->files;
	folder->files = file;
	enum ch_status status = folder_file_can_report(name)
					? folder_file_open(file, folder->options.path,
						  folder->options.format, folder->options.decoder)
					: CH_TOO_LARGE;
	if (status == CH_OK) {
		folder->current = file;
		return CH_OK;
	}
	if (status == CH_NOMEM || status == CH_NOT_FOUND) {
		folder_drop_file(folder, file);
		return status == CH_NOMEM ? status : CH_OK; /* somebody took it away */
	}
	log_warning("file.unreadable", "name=%s status=%s", name, ch_status_name(status));
	folder_file_reject(file, slice_text(ch_status_text(status)));
	file->fatal = true;
	file->rejected++;
	file->read = true;
	folder_check_done(folder, file);
	return CH_OK;
}

static void folder_end(struct folder *folder)
{
	struct folder_file *file = folder->current;
	folder->current = NULL;
	folder_file_end(file);
	folder_check_done(folder, file);
}

enum ch_status folder_next(struct folder *folder, struct kit_item *out_item)
{
	enum ch_status status = CH_OK;
	for (;;) {
		if (folder->broken != CH_OK)
			return folder->broken;
		if (folder->current != NULL) {
			struct kit_item item = {.what = KIT_SKIPPED};
			status = folder->options.format->next(folder->current->reader, &item);
			if (status == CH_OK) {
				folder_file_note(folder->current, &item);
				*out_item = item;
				return CH_OK;
			}
			if (status == CH_NOMEM)
				return status;
			if (status != CH_END) {
				folder->current->fatal = true;
				log_warning("file.unreadable", "name=%s status=%s",
					folder->current->name, ch_status_name(status));
			}
			folder_end(folder);
			continue;
		}
		if (folder->name_next == folder->name_count) {
			status = folder_scan(folder);
			if (status != CH_OK)
				return status;
			if (folder->name_count == 0)
				return folder->expectant ? CH_BUSY : CH_END;
		}
		status = folder_begin(folder, folder->names[folder->name_next++]);
		if (status != CH_OK)
			return status;
	}
}

void folder_settle(struct folder *folder, const struct kit_settled *settled)
{
	struct folder_file *file = folder->files;
	while (file != NULL && file->number != settled->token >> 32)
		file = file->next;
	if (file == NULL)
		return; /* the adapter is closing */
	folder_file_settle(file, settled);
	folder_check_done(folder, file);
}

enum ch_status folder_late(
	struct folder *folder, struct slice origin, const struct ch_receipt *receipt)
{
	struct folder_place place;
	if (folder_place_parse(origin, &place) != CH_OK)
		return CH_NOT_FOUND; /* of another kind of source */
	for (struct folder_file *file = folder->files; file != NULL; file = file->next) {
		if (!folder_file_holds(file, &place))
			continue;
		folder_file_late(file, place.event, receipt);
		return CH_OK; /* should it be lost: the file is then read again, all of it */
	}
	return folder_place_late(&place, folder->options.path, folder->options.receipts, receipt);
}

static const char *folder_fault(const char *path, bool is_shelf)
{
	struct stat info;
	if (is_shelf && lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
		return "is a symbolic link, which could lead files anywhere";
	return file_dir_fault(path);
}

enum ch_status folder_check(const char *path, const char *key, struct problems *problems)
{
	static const char *const subs[] = {"", "/done", "/failed"};
	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++) {
		char sub[PATH_MAX];
		bool fits = (size_t)snprintf(sub, sizeof(sub), "%s%s", path, subs[i]) < sizeof(sub);
		const char *fault = fits ? folder_fault(sub, i > 0) : "is too long a name";
		if (fault == NULL)
			continue;
		problems_add(problems, NULL, 0, key, "%s: %s", sub, fault);
		return CH_INVALID;
	}
	return CH_OK;
}

enum ch_status folder_open(const struct folder_options *options, struct folder **out_folder)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	if (folder == NULL)
		return CH_NOMEM;
	folder->options = *options;
	*out_folder = folder;
	return CH_OK;
}

enum ch_status folder_start(struct folder *folder)
{
	enum ch_status status = folder_make_dirs(folder);
	if (status != CH_OK)
		log_error("folder.unusable", "path=\"%s\" status=%s", folder->options.path,
			ch_status_name(status));
	return status;
}

void folder_close(struct folder *folder)
{
	if (folder == NULL)
		return;
	while (folder->files != NULL)
		folder_drop_file(folder, folder->files);
	while (folder->waits != NULL) {
		struct folder_wait *wait = folder->waits;
		folder->waits = wait->next;
		free(wait);
	}
	folder_forget_names(folder);
	free(folder);
}
