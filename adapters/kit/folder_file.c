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
#include "kit/folder_shelf.h"
#include "kit/rejects.h"

static bool file_path(const char *folder, const char *name, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

static int64_t file_changed_us(const struct stat *info)
{
	return (int64_t)info->st_mtim.tv_sec * 1000000 + info->st_mtim.tv_nsec / 1000;
}

enum ch_status folder_file_create(
	const char *folder, const char *name, struct folder_file **out_file)
{
	char path[PATH_MAX];
	struct stat info;
	if (!file_path(folder, name, path))
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
	if (!file_path(folder, file->name, path))
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

bool folder_file_can_report(const char *name)
{
	return strlen(name) + strlen(".result.json.new") <= NAME_MAX;
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

/* Whoever sees the result finds the rejects.  What need not be there must not stay behind of an older file. */
static enum ch_status file_report(const struct folder_file *file, const struct folder_shelf *shelf)
{
	struct buffer result = {0};
	enum ch_status status = file->rejects.status;
	file_put_result(file, &result);
	if (status == CH_OK)
		status = file->receipts.status;
	if (status == CH_OK)
		status = result.status;
	if (status == CH_OK)
		status = folder_shelf_write(
			shelf, file->name, ".rejects", buffer_slice(&file->rejects));
	if (status == CH_OK)
		status = folder_shelf_write(
			shelf, file->name, ".receipts", buffer_slice(&file->receipts));
	if (status == CH_OK)
		status = folder_shelf_write(
			shelf, file->name, ".result.json", buffer_slice(&result));
	buffer_fini(&result);
	return status;
}

/* Whoever sees the file on its shelf finds the result.  And before anything is written we look whether it is
 * what was read: a station may have put the next file under its name while this one waited for receipts, or
 * gone on writing, and what nobody has read must not go to done/. */
static enum ch_status file_put_away(
	const struct folder_file *file, const struct folder_shelf *shelf)
{
	struct stat now;
	if (!folder_shelf_see(shelf, file->name, &now) || !folder_shelf_is_same(&file->seen, &now))
		return CH_BUSY;
	enum ch_status status = file_tell(file);
	if (status == CH_OK && folder_file_can_report(file->name))
		status = file_report(file, shelf);
	return status == CH_OK ? folder_shelf_take(shelf, file->name, &file->seen) : status;
}

enum ch_status folder_file_finish(struct folder_file *file, const char *folder)
{
	struct folder_shelf shelf;
	bool failed = file->accepted + file->duplicates + file->spooled == 0 &&
		      (file->fatal || file->conflicts + file->refused + file->rejected > 0);
	const char *name = failed ? FOLDER_SHELF_FAILED : FOLDER_SHELF_DONE;
	enum ch_status status = folder_shelf_open(folder, name, &shelf);
	if (status == CH_OK) {
		status = file_put_away(file, &shelf);
		folder_shelf_close(&shelf);
	}
	if (status == CH_OK)
		log_info("file.done",
			"name=%s result=%s events=%" PRIu64 " accepted=%" PRIu64
			" duplicates=%" PRIu64 " conflicts=%" PRIu64 " refused=%" PRIu64
			" rejected=%" PRIu64 " spooled=%" PRIu64,
			file->name, name, file->given, file->accepted, file->duplicates,
			file->conflicts, file->refused, file->rejected, file->spooled);
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

/* On which of its shelves the file lies: then *out_shelf is open. */
static bool place_find(
	const struct folder_place *place, const char *folder, struct folder_shelf *out_shelf)
{
	static const char *const names[] = {FOLDER_SHELF_DONE, FOLDER_SHELF_FAILED};
	for (size_t i = 0; i < 2; i++) {
		struct stat info;
		if (folder_shelf_open(folder, names[i], out_shelf) != CH_OK)
			continue;
		if (folder_shelf_see_taken(out_shelf, place->name, &info) &&
			place_is_in(place, &info))
			return true;
		folder_shelf_close(out_shelf);
	}
	return false;
}

static enum ch_status place_append_reject(const struct folder_place *place,
	const struct folder_shelf *shelf, const struct ch_receipt *receipt)
{
	struct buffer line = {0};
	file_put_refusal(&line, place->event, receipt);
	enum ch_status status = line.status;
	if (status == CH_OK)
		status = folder_shelf_append(shelf, place->name, ".rejects", buffer_slice(&line));
	buffer_fini(&line);
	return status;
}

/* Not synced: who wants to know after a power cut asks the hub. */
static void place_append_receipt(const struct folder_place *place, const struct folder_shelf *shelf,
	const struct ch_receipt *receipt)
{
	struct buffer line = {0};
	file_put_receipt(&line, place->event, NULL, receipt);
	enum ch_status status = line.status;
	if (status == CH_OK)
		status = folder_shelf_append_lazily(
			shelf, place->name, ".receipts", buffer_slice(&line));
	if (status != CH_OK)
		log_warning("file.receipt", "name=%s event=%" PRIu64, place->name, place->event);
	buffer_fini(&line);
}

enum ch_status folder_place_late(const struct folder_place *place, const char *folder,
	bool keep_receipts, const struct ch_receipt *receipt)
{
	struct folder_shelf shelf;
	enum ch_status status = CH_OK;
	if (!keep_receipts && !receipt_refuses(receipt))
		return CH_OK;
	if (!place_find(place, folder, &shelf))
		return CH_NOT_FOUND;
	if (receipt_refuses(receipt))
		status = place_append_reject(place, &shelf, receipt);
	if (status == CH_OK && keep_receipts)
		place_append_receipt(place, &shelf, receipt);
	folder_shelf_close(&shelf);
	return status;
}
