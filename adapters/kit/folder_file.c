#include "kit/folder_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "kit/rejects.h"

static bool file_path(const char *folder, const char *sub, const char *name, const char *suffix,
	char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s%s%s", folder, sub, name, suffix) < PATH_MAX;
}

static int64_t file_changed_us(const struct stat *info)
{
	return (int64_t)info->st_mtim.tv_sec * 1000000 + info->st_mtim.tv_nsec / 1000;
}

static bool file_is_moment(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

/* The same bytes, as far as can be told without reading them; a rename changes nothing of this. */
static bool file_is_as_it_was(const struct stat *before, const struct stat *now)
{
	return before->st_dev == now->st_dev && before->st_ino == now->st_ino &&
	       before->st_size == now->st_size && file_is_moment(&before->st_mtim, &now->st_mtim);
}

/* The time of the inode besides: a copy may bring the time of last change along. */
bool folder_file_is_same(const struct stat *before, const struct stat *now)
{
	return file_is_as_it_was(before, now) && file_is_moment(&before->st_ctim, &now->st_ctim);
}

enum ch_status folder_file_create(
	const char *folder, const char *name, struct folder_file **out_file)
{
	char path[PATH_MAX];
	struct stat info;
	if (!file_path(folder, "", name, "", path))
		return CH_TOO_LARGE;
	if (lstat(path, &info) != 0)
		return file_status();
	struct folder_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return CH_NOMEM;
	(void)snprintf(file->name, sizeof(file->name), "%s", name); /* a name of readdir */
	file->seen = info;
	file->fd = -1;
	*out_file = file;
	return CH_OK;
}

static void file_close_reader(struct folder_file *file)
{
	if (file->reader != NULL)
		file->format->close(file->reader);
	file->reader = NULL;
	if (file->fd >= 0)
		(void)close(file->fd); /* only read from */
	file->fd = -1;
}

/* Whoever may drop files must not make us read others, or wait for a pipe. */
enum ch_status folder_file_open(struct folder_file *file, const char *folder,
	const struct kit_format *format, void *decoder)
{
	char path[PATH_MAX];
	if (!file_path(folder, "", file->name, "", path))
		return CH_TOO_LARGE;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd < 0 && errno == ELOOP)
		return CH_NOT_FOUND;
	if (file->fd < 0)
		return errno == EACCES || errno == EPERM ? CH_DENIED : file_status();
	if (fstat(file->fd, &file->seen) != 0)
		return CH_IO;
	if (!S_ISREG(file->seen.st_mode))
		return CH_NOT_FOUND;
	file->format = format;
	return format->open(decoder, file->fd, path, &file->reader);
}

void folder_file_end(struct folder_file *file)
{
	if (file->format->finish == NULL)
		file_close_reader(file);
	file->read = true;
}

void folder_file_free(struct folder_file *file)
{
	if (file == NULL)
		return;
	file_close_reader(file);
	buffer_fini(&file->rejects);
	buffer_fini(&file->receipts);
	buffer_fini(&file->origin);
	free(file);
}

/* ---- Its items ---- */

/* A file of garbage must not fill the memory with its own list. */
void folder_file_reject(struct folder_file *file, struct slice line)
{
	if (file->rejects.len + line.len < LIMIT_REJECTS_BYTES) {
		buffer_append_slice(&file->rejects, line);
		buffer_append_byte(&file->rejects, '\n');
	} else if (!file->rejects_cut) {
		file->rejects_cut = true;
		buffer_append_text(&file->rejects, REJECTS_MORE "\n");
	}
}

void folder_file_note(struct folder_file *file, struct kit_item *item)
{
	item->token = file->number << 32 | (file->given & UINT32_MAX);
	switch (item->what) {
	case KIT_EVENT:
		file->given++;
		buffer_clear(&file->origin);
		buffer_printf(&file->origin, "%" PRIu64 " %" PRId64 " %" PRId64 " %s", file->given,
			(int64_t)file->seen.st_size, file_changed_us(&file->seen), file->name);
		item->origin = buffer_slice(&file->origin);
		item->since_us = file_changed_us(&file->seen);
		break;
	case KIT_REJECT:
		file->rejected++;
		file->fatal = file->fatal || item->fatal;
		folder_file_reject(file, item->reject);
		break;
	case KIT_INCOMPLETE:
		file->incomplete = true;
		file->again_us = item->again_us;
		break;
	case KIT_SKIPPED:
		break;
	}
}

/* ---- What became of them ---- */

static void file_put_refusal(struct buffer *out, uint64_t event, const struct ch_receipt *receipt)
{
	buffer_printf(out, "event %" PRIu64 ": %s: %s %s", event,
		ch_status_name(ch_receipt_status(receipt)), receipt->field, receipt->detail);
}

static void file_put_receipt(
	struct buffer *out, uint64_t event, const char *word, const struct ch_receipt *receipt)
{
	static const char *const words[] = {
		[CH_OUTCOME_NONE] = "none",
		[CH_OUTCOME_ACCEPTED] = "accepted",
		[CH_OUTCOME_DUPLICATE] = "duplicate",
		[CH_OUTCOME_CONFLICT] = "conflict",
		[CH_OUTCOME_REFUSED] = "refused",
		[CH_OUTCOME_RETRY_AFTER] = "retry_after",
	};
	buffer_printf(out, "%" PRIu64 "\t%s\t%" PRIu64 "\n", event,
		word != NULL ? word : words[receipt->outcome], receipt->sequence);
}

static bool receipt_refuses(const struct ch_receipt *receipt)
{
	return receipt->outcome == CH_OUTCOME_CONFLICT || receipt->outcome == CH_OUTCOME_REFUSED;
}

static void file_count(struct folder_file *file, uint64_t event, const struct ch_receipt *receipt)
{
	file->accepted += receipt->outcome == CH_OUTCOME_ACCEPTED;
	file->duplicates += receipt->outcome == CH_OUTCOME_DUPLICATE;
	file->conflicts += receipt->outcome == CH_OUTCOME_CONFLICT;
	file->refused += receipt->outcome == CH_OUTCOME_REFUSED;
	if (receipt_refuses(receipt)) {
		struct buffer line = {0};
		file_put_refusal(&line, event, receipt);
		folder_file_reject(file, buffer_slice(&line));
		buffer_fini(&line);
	}
}

void folder_file_settle(struct folder_file *file, const struct kit_settled *settled)
{
	const struct ch_receipt *receipt = &settled->receipt;
	uint64_t event = (settled->token & UINT32_MAX) + 1;
	file->settled++;
	file->spooled += settled->spooled;
	file->unanswered +=
		!settled->spooled &&
		(receipt->outcome == CH_OUTCOME_NONE || receipt->outcome == CH_OUTCOME_RETRY_AFTER);
	file_count(file, event, receipt);
	if (file->keep_receipts)
		file_put_receipt(
			&file->receipts, event, settled->spooled ? "spooled" : NULL, receipt);
}

void folder_file_late(struct folder_file *file, uint64_t event, const struct ch_receipt *receipt)
{
	file->spooled -= file->spooled > 0;
	file_count(file, event, receipt);
	if (file->keep_receipts)
		file_put_receipt(&file->receipts, event, NULL, receipt);
}

/* ---- Its result ---- */

static enum ch_status file_write(const struct folder_file *file, const char *folder,
	const char *sub, const char *suffix, struct slice text)
{
	char path[PATH_MAX];
	if (!file_path(folder, sub, file->name, suffix, path))
		return CH_TOO_LARGE;
	return file_replace(path, text, 0644);
}

bool folder_file_can_report(const char *name)
{
	return strlen(name) + strlen(".result.json.new") <= NAME_MAX;
}

/* What there need not be: an older file's of this name must not stay behind. */
static enum ch_status file_write_more(const struct folder_file *file, const char *folder,
	const char *sub, const char *suffix, const struct buffer *text)
{
	char stale[PATH_MAX];
	if (text->status != CH_OK)
		return text->status;
	if (text->len > 0)
		return file_write(file, folder, sub, suffix, buffer_slice(text));
	if (file_path(folder, sub, file->name, suffix, stale))
		(void)unlink(stale); /* mostly there is none */
	return CH_OK;
}

/* Whether there still is, under its name, what was read. */
static enum ch_status file_look_again(const struct folder_file *file, const char *folder)
{
	char path[PATH_MAX];
	struct stat now;
	if (!file_path(folder, "", file->name, "", path))
		return CH_TOO_LARGE;
	return lstat(path, &now) == 0 && folder_file_is_same(&file->seen, &now) ? CH_OK : CH_BUSY;
}

/* Somebody was quicker than the move, which took his file away unread.  Should there be a yet newer one by
 * now, it stays: this one would not have outlived it in any case. */
static enum ch_status file_give_back(const char *taken, const char *from)
{
	if (renameat2(AT_FDCWD, taken, AT_FDCWD, from, RENAME_NOREPLACE) != 0 && errno != EEXIST &&
		rename(taken, from) != 0) /* a share may not know the flag */
		return file_status();
	return CH_BUSY;
}

static enum ch_status file_move(const struct folder_file *file, const char *folder, const char *sub)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	char dir[PATH_MAX];
	struct stat moved;
	if (!file_path(folder, "", file->name, "", from) ||
		!file_path(folder, sub, file->name, "", to) || !file_path(folder, sub, "", "", dir))
		return CH_TOO_LARGE;
	if (rename(from, to) != 0) {
		enum ch_status status = file_status();
		return file_look_again(file, folder) == CH_BUSY ? CH_BUSY : status;
	}
	if (lstat(to, &moved) == 0 && !file_is_as_it_was(&file->seen, &moved))
		return file_give_back(to, from);
	return file_sync_dir(dir);
}

/* As it may stand between quotes in JSON and on a line; a file can be called anything. */
static const char *file_shown_name(const struct folder_file *file)
{
	for (const char *at = file->name; *at != 0; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f || *at == '"' || *at == '\\')
			return "?";
	}
	return text_is_utf8(slice_text(file->name)) ? file->name : "?";
}

static void file_put_result(const struct folder_file *file, struct buffer *out)
{
	char when[CLOCK_TEXT_BYTES];
	buffer_printf(out,
		"{\"file\": \"%s\", \"finished\": \"%s\", \"events\": %" PRIu64
		", \"accepted\": %" PRIu64 ", \"duplicates\": %" PRIu64 ", \"conflicts\": %" PRIu64
		", \"refused\": %" PRIu64 ", \"rejected\": %" PRIu64 ", \"spooled\": %" PRIu64
		", \"complete\": %s}\n",
		file_shown_name(file), clock_format(clock_wall_us(), when), file->given,
		file->accepted, file->duplicates, file->conflicts, file->refused, file->rejected,
		file->spooled, file->fatal ? "false" : "true");
}

static enum ch_status file_tell(const struct folder_file *file)
{
	const struct kit_tally tally = {
		.events = file->given,
		.accepted = file->accepted,
		.duplicates = file->duplicates,
		.conflicts = file->conflicts,
		.refused = file->refused,
		.rejected = file->rejected,
		.spooled = file->spooled,
		.complete = !file->fatal,
	};
	return file->reader != NULL && file->format->finish != NULL
		       ? file->format->finish(file->reader, &tally)
		       : CH_OK;
}

/* The result is written before the file moves: whoever sees the file in done/ finds its result.  And before
 * that we look whether it is what was read: a station may have put the next file under its name while this
 * one waited for receipts, or gone on writing, and what nobody has read must not go to done/. */
enum ch_status folder_file_finish(struct folder_file *file, const char *folder)
{
	struct buffer result = {0};
	bool failed = file->accepted + file->duplicates + file->spooled == 0 &&
		      (file->fatal || file->conflicts + file->refused + file->rejected > 0);
	const char *sub = failed ? "failed/" : "done/";
	bool reports = folder_file_can_report(file->name);
	enum ch_status status = file_look_again(file, folder);
	if (status == CH_OK)
		status = file_tell(file);
	file_put_result(file, &result);
	if (status == CH_OK)
		status = result.status;
	if (status == CH_OK && reports)
		status = file_write(file, folder, sub, ".result.json", buffer_slice(&result));
	if (status == CH_OK && reports)
		status = file_write_more(file, folder, sub, ".rejects", &file->rejects);
	if (status == CH_OK && reports)
		status = file_write_more(file, folder, sub, ".receipts", &file->receipts);
	if (status == CH_OK)
		status = file_move(file, folder, sub);
	buffer_fini(&result);
	if (status == CH_OK)
		log_info("file.done",
			"name=%s result=%s events=%" PRIu64 " accepted=%" PRIu64
			" duplicates=%" PRIu64 " conflicts=%" PRIu64 " refused=%" PRIu64
			" rejected=%" PRIu64 " spooled=%" PRIu64,
			file->name, failed ? "failed" : "done", file->given, file->accepted,
			file->duplicates, file->conflicts, file->refused, file->rejected,
			file->spooled);
	else if (status == CH_BUSY)
		log_warning("file.changed",
			"name=%s detail=\"replaced, written to or taken away since it was read\"",
			file->name);
	else
		log_error("file.result", "name=%s status=%s", file->name, ch_status_name(status));
	return status;
}

/* ---- Late receipts ---- */

enum ch_status folder_place_parse(struct slice origin, struct folder_place *out_place)
{
	struct folder_place place = {0};
	struct slice words[3];
	int64_t numbers[3];
	for (size_t i = 0; i < 3; i++) {
		if (!text_split(&origin, ' ', &words[i]) ||
			text_parse_i64(words[i], &numbers[i]) != CH_OK)
			return CH_FORMAT;
	}
	if (numbers[0] < 1 || origin.len == 0 || origin.len > NAME_MAX ||
		memchr(origin.data, '/', origin.len) != NULL ||
		memchr(origin.data, 0, origin.len) != NULL)
		return CH_FORMAT;
	place.event = (uint64_t)numbers[0];
	place.size = numbers[1];
	place.changed_us = numbers[2];
	memcpy(place.name, origin.data, origin.len);
	*out_place = place;
	return CH_OK;
}

static bool place_is_in(const struct folder_place *place, const struct stat *info)
{
	return info->st_size == place->size && file_changed_us(info) == place->changed_us;
}

bool folder_file_holds(const struct folder_file *file, const struct folder_place *place)
{
	return strcmp(file->name, place->name) == 0 && place_is_in(place, &file->seen);
}

/* Whether the file lies in done/ or failed/: then *out_sub. */
static bool place_find(const struct folder_place *place, const char *folder, const char **out_sub)
{
	static const char *const subs[] = {"done/", "failed/"};
	for (size_t i = 0; i < 2; i++) {
		char path[PATH_MAX];
		struct stat info;
		if (file_path(folder, subs[i], place->name, "", path) && lstat(path, &info) == 0 &&
			place_is_in(place, &info)) {
			*out_sub = subs[i];
			return true;
		}
	}
	return false;
}

static enum ch_status place_append_reject(const struct folder_place *place, const char *folder,
	const char *sub, const struct ch_receipt *receipt)
{
	char path[PATH_MAX];
	struct buffer line = {0};
	file_put_refusal(&line, place->event, receipt);
	enum ch_status status = line.status;
	if (status == CH_OK)
		status = file_path(folder, sub, place->name, ".rejects", path)
				 ? rejects_append(path, buffer_slice(&line))
				 : CH_TOO_LARGE;
	buffer_fini(&line);
	return status;
}

/* Not synced: who wants to know after a power cut asks the hub. */
static void place_append_receipt(const struct folder_place *place, const char *folder,
	const char *sub, const struct ch_receipt *receipt)
{
	char path[PATH_MAX];
	struct buffer line = {0};
	file_put_receipt(&line, place->event, NULL, receipt);
	int fd = line.status == CH_OK && file_path(folder, sub, place->name, ".receipts", path)
			 ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)
			 : -1;
	if (fd < 0 || write(fd, line.data, line.len) != (ssize_t)line.len)
		log_warning("file.receipt", "name=%s event=%" PRIu64, place->name, place->event);
	if (fd >= 0)
		(void)close(fd); /* nothing depends on it */
	buffer_fini(&line);
}

enum ch_status folder_place_late(const struct folder_place *place, const char *folder,
	bool keep_receipts, const struct ch_receipt *receipt)
{
	const char *sub;
	enum ch_status status = CH_OK;
	if (!keep_receipts && !receipt_refuses(receipt))
		return CH_OK;
	if (!place_find(place, folder, &sub))
		return CH_NOT_FOUND;
	if (receipt_refuses(receipt))
		status = place_append_reject(place, folder, sub, receipt);
	if (status == CH_OK && keep_receipts)
		place_append_receipt(place, folder, sub, receipt);
	return status;
}
