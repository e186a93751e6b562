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
#include "base/limits.h"
#include "base/log.h"

#define FILES_PER_SCAN 10000u

/* One file on its way: it stays until all that it gave is settled. */
struct folder_file {
	struct folder_file *next;
	char name[NAME_MAX + 1];
	uint64_t number; /* upper half of its items' tokens */
	uint64_t given;
	uint64_t settled;
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t refused;
	uint64_t rejected;
	uint64_t unanswered;
	bool read;       /* to its end */
	bool incomplete; /* its last record is still being written */
	bool fatal;
	bool rejects_cut;
	struct buffer rejects;
	struct buffer receipts;
};

struct folder {
	struct folder_options options;
	char **names; /* what the last scan found, in order */
	size_t name_count;
	size_t name_next;
	struct folder_file *files; /* open ones and those that wait for receipts */
	struct folder_file *current;
	void *reader;
	uint64_t files_begun;
	enum ch_status broken; /* a result could not be written: reading on would be in vain */
	/* Files that are waited for: name and size at which they were incomplete. */
	struct folder_wait {
		struct folder_wait *next;
		int64_t size;
		char name[];
	} * waits;
};

static bool folder_path(const struct folder *folder, const char *sub, const char *name,
	const char *suffix, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s%s%s", folder->options.path, sub, name,
		       suffix) < PATH_MAX;
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

/* Whether a file is there to be read: regular, at rest, and not as it was when it was incomplete. */
static bool folder_is_ready(struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat info;
	if (name[0] == '.' || folder_ends(name, ".tmp") || folder_ends(name, ".part") ||
		folder_ends(name, ".filepart") || folder_is_busy(folder, name))
		return false;
	if (!folder_path(folder, "", name, "", path) || lstat(path, &info) != 0 ||
		!S_ISREG(info.st_mode))
		return false;
	int64_t changed_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
	/* A modification time in the future is a wrong clock, not a file that is being written. */
	int64_t age_us = clock_wall_us() - changed_us;
	if (age_us >= 0 && age_us < folder->options.settle_ms * 1000)
		return false;
	const struct folder_wait *wait = folder_waits_for(folder, name);
	return wait == NULL || wait->size != info.st_size;
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

static enum ch_status folder_scan(struct folder *folder)
{
	DIR *dir = opendir(folder->options.path);
	enum ch_status status = CH_OK;
	folder_forget_names(folder);
	if (dir == NULL)
		return CH_IO;
	folder->names = calloc(FILES_PER_SCAN, sizeof(*folder->names));
	if (folder->names == NULL)
		status = CH_NOMEM;
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

/* ---- Results ---- */

static enum ch_status folder_write(const struct folder *folder, const char *sub,
	const struct folder_file *file, const char *suffix, struct slice text)
{
	char path[PATH_MAX];
	if (!folder_path(folder, sub, file->name, suffix, path))
		return CH_TOO_LARGE;
	return file_replace(path, text, 0644);
}

/* What there need not be: an older file's of this name must not stay behind. */
static enum ch_status folder_write_more(const struct folder *folder, const char *sub,
	const struct folder_file *file, const char *suffix, const struct buffer *text)
{
	char stale[PATH_MAX];
	if (text->status != CH_OK)
		return text->status;
	if (text->len > 0)
		return folder_write(folder, sub, file, suffix, buffer_slice(text));
	if (folder_path(folder, sub, file->name, suffix, stale))
		(void)unlink(stale); /* mostly there is none */
	return CH_OK;
}

static enum ch_status folder_move(
	const struct folder *folder, const struct folder_file *file, const char *sub)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	char dir[PATH_MAX];
	if (!folder_path(folder, "", file->name, "", from) ||
		!folder_path(folder, sub, file->name, "", to) ||
		!folder_path(folder, sub, "", "", dir))
		return CH_TOO_LARGE;
	if (rename(from, to) != 0)
		return file_status();
	return file_sync_dir(dir);
}

/* The result is written before the file moves: whoever sees the file in done/ finds its result. */
static enum ch_status folder_finish(struct folder *folder, struct folder_file *file)
{
	char result[512];
	char when[CLOCK_TEXT_BYTES];
	bool failed = file->accepted + file->duplicates == 0 &&
		      (file->fatal || file->conflicts + file->refused + file->rejected > 0);
	const char *sub = failed ? "failed/" : "done/";
	int len = snprintf(result, sizeof(result),
		"{\"file\": \"%s\", \"finished\": \"%s\", \"events\": %llu, \"accepted\": %llu, "
		"\"duplicates\": %llu, \"conflicts\": %llu, \"refused\": %llu, \"rejected\": %llu, "
		"\"complete\": %s}\n",
		strpbrk(file->name, "\"\\") == NULL ? file->name : "?",
		clock_format(clock_wall_us(), when), (unsigned long long)file->given,
		(unsigned long long)file->accepted, (unsigned long long)file->duplicates,
		(unsigned long long)file->conflicts, (unsigned long long)file->refused,
		(unsigned long long)file->rejected, file->fatal ? "false" : "true");
	enum ch_status status = len > 0 && (size_t)len < sizeof(result)
					? folder_write(folder, sub, file, ".result.json",
						  slice_of(result, (size_t)len))
					: CH_TOO_LARGE;
	if (status == CH_OK)
		status = folder_write_more(folder, sub, file, ".rejects", &file->rejects);
	if (status == CH_OK)
		status = folder_write_more(folder, sub, file, ".receipts", &file->receipts);
	if (status == CH_OK)
		status = folder_move(folder, file, sub);
	if (status == CH_OK)
		log_info("file.done",
			"name=%s result=%s events=%llu accepted=%llu duplicates=%llu conflicts=%llu "
			"refused=%llu rejected=%llu",
			file->name, failed ? "failed" : "done", (unsigned long long)file->given,
			(unsigned long long)file->accepted, (unsigned long long)file->duplicates,
			(unsigned long long)file->conflicts, (unsigned long long)file->refused,
			(unsigned long long)file->rejected);
	else
		log_error("file.result", "name=%s status=%s", file->name, ch_status_name(status));
	return status;
}

static void folder_wait_for(struct folder *folder, const struct folder_file *file)
{
	char path[PATH_MAX];
	struct stat info;
	if (!folder_path(folder, "", file->name, "", path) || stat(path, &info) != 0)
		return;
	struct folder_wait *wait = folder_waits_for(folder, file->name);
	if (wait == NULL) {
		wait = malloc(sizeof(*wait) + strlen(file->name) + 1);
		if (wait == NULL)
			return; /* it is read again sooner than needed */
		memcpy(wait->name, file->name, strlen(file->name) + 1);
		wait->next = folder->waits;
		folder->waits = wait;
	}
	wait->size = info.st_size;
}

static void folder_drop_file(struct folder *folder, struct folder_file *file)
{
	struct folder_file **link = &folder->files;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	buffer_fini(&file->rejects);
	buffer_fini(&file->receipts);
	free(file);
}

/* Called when the file is read and when a receipt comes: whichever is last. */
static void folder_check_done(struct folder *folder, struct folder_file *file)
{
	if (!file->read || file->settled < file->given)
		return;
	if (file->unanswered == 0 && file->incomplete)
		folder_wait_for(folder, file);
	else if (file->unanswered == 0)
		folder->broken = folder_finish(folder, file);
	folder_drop_file(folder, file);
}

/* ---- The callbacks ---- */

/* A line for the station's clerk.  Nobody mends a thousand pages: a file of garbage must not fill the
 * memory with its own list. */
static void folder_reject(struct folder_file *file, struct slice line)
{
	if (file->rejects.len + line.len < LIMIT_REJECTS_BYTES) {
		buffer_append_slice(&file->rejects, line);
		buffer_append_byte(&file->rejects, '\n');
	} else if (!file->rejects_cut) {
		file->rejects_cut = true;
		buffer_append_text(&file->rejects, "and more, which are only counted\n");
	}
}

static enum ch_status folder_begin(struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct folder_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return CH_NOMEM;
	(void)snprintf(file->name, sizeof(file->name), "%s", name); /* a name of readdir */
	file->number = ++folder->files_begun;
	file->next = folder->files;
	folder->files = file;
	enum ch_status status = folder_path(folder, "", name, "", path)
					? folder->options.format->open(
						  folder->options.context, path, &folder->reader)
					: CH_TOO_LARGE;
	if (status == CH_OK) {
		folder->current = file;
		return CH_OK;
	}
	if (status == CH_NOMEM || status == CH_NOT_FOUND) {
		folder_drop_file(folder, file);
		return status == CH_NOMEM ? status : CH_OK; /* somebody took it away */
	}
	folder_reject(file, slice_text(ch_status_text(status)));
	file->fatal = true;
	file->rejected++;
	file->read = true;
	folder_check_done(folder, file);
	return CH_OK;
}

static void folder_end(struct folder *folder)
{
	struct folder_file *file = folder->current;
	folder->options.format->close(folder->reader);
	folder->reader = NULL;
	folder->current = NULL;
	file->read = true;
	folder_check_done(folder, file);
}

static void folder_note(struct folder_file *file, struct kit_item *item)
{
	item->token = file->number << 32 | (file->given & UINT32_MAX);
	switch (item->what) {
	case KIT_EVENT:
		file->given++;
		break;
	case KIT_REJECT:
		file->rejected++;
		file->fatal = file->fatal || item->fatal;
		folder_reject(file, item->reject);
		break;
	case KIT_INCOMPLETE:
		file->incomplete = true;
		break;
	case KIT_SKIPPED:
		break;
	}
}

enum ch_status folder_next(struct folder *folder, struct kit_item *out_item)
{
	enum ch_status status = CH_OK;
	for (;;) {
		if (folder->broken != CH_OK)
			return folder->broken;
		if (folder->current != NULL) {
			status = folder->options.format->next(folder->reader, out_item);
			if (status == CH_OK) {
				folder_note(folder->current, out_item);
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
				return CH_END;
		}
		status = folder_begin(folder, folder->names[folder->name_next++]);
		if (status != CH_OK)
			return status;
	}
}

static void folder_refused(struct folder_file *file, const struct kit_settled *settled)
{
	struct buffer line = {0};
	const struct ch_receipt *receipt = &settled->receipt;
	buffer_printf(&line, "event %llu: %s: %s %s",
		(unsigned long long)(settled->token & UINT32_MAX) + 1,
		ch_status_name(ch_receipt_status(receipt)), receipt->field, receipt->detail);
	folder_reject(file, buffer_slice(&line));
	buffer_fini(&line);
}

static void folder_keep_receipt(struct folder_file *file, const struct kit_settled *settled)
{
	static const char *const words[] = {
		[CH_OUTCOME_NONE] = "none",
		[CH_OUTCOME_ACCEPTED] = "accepted",
		[CH_OUTCOME_DUPLICATE] = "duplicate",
		[CH_OUTCOME_CONFLICT] = "conflict",
		[CH_OUTCOME_REFUSED] = "refused",
		[CH_OUTCOME_RETRY_AFTER] = "retry_after",
	};
	const struct ch_receipt *receipt = &settled->receipt;
	buffer_printf(&file->receipts, "%llu\t%s\t%llu\n",
		(unsigned long long)(settled->token & UINT32_MAX) + 1, words[receipt->outcome],
		(unsigned long long)receipt->sequence);
}

void folder_settle(struct folder *folder, const struct kit_settled *settled)
{
	struct folder_file *file = folder->files;
	while (file != NULL && file->number != settled->token >> 32)
		file = file->next;
	if (file == NULL)
		return; /* the adapter is closing */
	file->settled++;
	const struct ch_receipt *receipt = &settled->receipt;
	if (folder->options.receipts)
		folder_keep_receipt(file, settled);
	switch (receipt->outcome) {
	case CH_OUTCOME_ACCEPTED:
		file->accepted++;
		break;
	case CH_OUTCOME_DUPLICATE:
		file->duplicates++;
		break;
	case CH_OUTCOME_CONFLICT:
	case CH_OUTCOME_REFUSED:
		file->conflicts += receipt->outcome == CH_OUTCOME_CONFLICT;
		file->refused += receipt->outcome == CH_OUTCOME_REFUSED;
		folder_refused(file, settled);
		break;
	default:
		file->unanswered++;
		break;
	}
	folder_check_done(folder, file);
}

enum ch_status folder_open(const struct folder_options *options, struct folder **out_folder)
{
	char path[PATH_MAX];
	struct folder *folder = calloc(1, sizeof(*folder));
	if (folder == NULL)
		return CH_NOMEM;
	folder->options = *options;
	enum ch_status status = folder_path(folder, "done", "", "", path)
					? file_make_dirs(path, 0755)
					: CH_TOO_LARGE;
	if (status == CH_OK)
		status = folder_path(folder, "failed", "", "", path) ? file_make_dirs(path, 0755)
								     : CH_TOO_LARGE;
	if (status != CH_OK) {
		free(folder);
		return status;
	}
	*out_folder = folder;
	return CH_OK;
}

void folder_close(struct folder *folder)
{
	if (folder == NULL)
		return;
	if (folder->reader != NULL)
		folder->options.format->close(folder->reader);
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
