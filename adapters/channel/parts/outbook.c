#include "channel/parts/outbook.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/table.h"
#include "base/text.h"
#include "channel/parts/logbook.h"

#define NAME_BYTES 32u

/* Found by partner and event. */
struct kept {
	struct outbook_entry entry;
	size_t name_len;
	uint8_t name[LIMIT_PARTNER_NAME_BYTES + OUTBOOK_KEY_BYTES];
};

struct outbook {
	char folder[PATH_MAX - NAME_BYTES];
	int lock_fd;
	struct logbook *log;
	int64_t began_us;
	uint64_t oldest; /* number below which nothing is remembered */
	uint64_t next;
	uint64_t open;           /* number below which nothing waits for an acknowledgement */
	struct kept **by_number; /* from `oldest` on */
	size_t room;
	struct table by_name;
	struct buffer line;
};

static const char *const state_words[] = {
	[OUTBOOK_WRITTEN] = "written",
	[OUTBOOK_MISSING] = "missing",
	[OUTBOOK_ACKNOWLEDGED] = "acknowledged",
	[OUTBOOK_REJECTED] = "rejected",
};

/* ---- In memory ---- */

static size_t put_name(uint8_t *name, const char *partner, const uint8_t key[OUTBOOK_KEY_BYTES])
{
	size_t len = strlen(partner);
	memcpy(name, key, OUTBOOK_KEY_BYTES);
	memcpy(name + OUTBOOK_KEY_BYTES, partner, len);
	return OUTBOOK_KEY_BYTES + len;
}

static struct kept *outbook_kept(const struct outbook *outbook, uint64_t number)
{
	return number >= outbook->oldest && number < outbook->next
		       ? outbook->by_number[number - outbook->oldest]
		       : NULL;
}

static enum ch_status outbook_make_room(struct outbook *outbook, uint64_t number)
{
	size_t index = (size_t)(number - outbook->oldest);
	size_t room = outbook->room == 0 ? 1024 : outbook->room;
	while (room <= index)
		room *= 2;
	if (room == outbook->room)
		return CH_OK;
	struct kept **grown = realloc(outbook->by_number, room * sizeof(struct kept *));
	if (grown == NULL)
		return CH_NOMEM;
	memset(grown + outbook->room, 0, (room - outbook->room) * sizeof(*grown));
	outbook->by_number = grown;
	outbook->room = room;
	return CH_OK;
}

/* In two steps, so that the line between them cannot fail for want of memory. */
static enum ch_status outbook_prepare(
	struct outbook *outbook, const struct outbook_entry *entry, struct kept **out_kept)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	if (kept == NULL)
		return CH_NOMEM;
	kept->entry = *entry;
	kept->name_len = put_name(kept->name, entry->partner, entry->key);
	enum ch_status status = outbook_make_room(outbook, entry->number);
	if (status == CH_OK)
		status = table_put(&outbook->by_name, slice_of(kept->name, kept->name_len), kept);
	if (status != CH_OK) {
		free(kept);
		return status;
	}
	*out_kept = kept;
	return CH_OK;
}

static void outbook_enter(struct outbook *outbook, struct kept *kept)
{
	outbook->by_number[kept->entry.number - outbook->oldest] = kept;
	outbook->next = kept->entry.number + 1;
}

static void outbook_forget(struct outbook *outbook)
{
	for (uint64_t number = outbook->oldest; number < outbook->next; number++)
		free(outbook->by_number[number - outbook->oldest]);
	free(outbook->by_number);
	outbook->by_number = NULL;
	outbook->room = 0;
	table_fini(&outbook->by_name);
	table_init(&outbook->by_name);
	outbook->oldest = 1;
	outbook->next = 1;
	outbook->open = 1;
}

/* ---- The file ---- */

static void put_began(struct buffer *line, int64_t began_us)
{
	buffer_printf(line, "0 %" PRId64 " began", began_us);
}

static void put_entry(struct buffer *line, const struct outbook_entry *entry)
{
	buffer_printf(line, "%" PRIu64 " %" PRId64 " written %s %s ", entry->number, entry->time_us,
		entry->partner, entry->message);
	text_append_hex(line, slice_of(entry->key, sizeof(entry->key)));
	buffer_append_text(line, entry->awaited ? " awaited" : " -");
}

static void put_state(struct buffer *line, uint64_t number, enum outbook_state state)
{
	buffer_printf(line, "%" PRIu64 " %s", number, state_words[state]);
}

static bool take_word(struct slice *rest, char *out, size_t size)
{
	struct slice word;
	if (!text_split(rest, ' ', &word) || word.len == 0 || word.len >= size)
		return false;
	memcpy(out, word.data, word.len);
	out[word.len] = 0;
	return true;
}

static enum ch_status read_entry(
	struct outbook *outbook, struct outbook_entry *entry, struct slice rest)
{
	struct slice key;
	struct kept *kept;
	if (!take_word(&rest, entry->partner, sizeof(entry->partner)) ||
		!take_word(&rest, entry->message, sizeof(entry->message)) ||
		!text_split(&rest, ' ', &key) || key.len != sizeof(entry->key) * 2 ||
		text_parse_hex(key, entry->key) != CH_OK || entry->number < outbook->next)
		return CH_CORRUPT;
	entry->awaited = slice_equal(rest, SLICE_LITERAL("awaited"));
	if (outbook->next == outbook->oldest) {
		outbook->oldest = entry->number; /* the first that is remembered */
		outbook->next = entry->number;
	}
	enum ch_status status = outbook_prepare(outbook, entry, &kept);
	if (status == CH_OK)
		outbook_enter(outbook, kept);
	return status == CH_EXISTS ? CH_CORRUPT : status;
}

static enum ch_status read_state(struct outbook *outbook, uint64_t number, struct slice word)
{
	struct kept *kept = outbook_kept(outbook, number);
	for (size_t i = OUTBOOK_MISSING; i <= OUTBOOK_REJECTED; i++) {
		if (!slice_equal(word, slice_text(state_words[i])))
			continue;
		if (kept != NULL)
			kept->entry.state = (enum outbook_state)i;
		return CH_OK;
	}
	return CH_CORRUPT;
}

static enum ch_status read_line(void *context, struct slice line)
{
	struct outbook *outbook = context;
	struct outbook_entry entry = {.number = 0};
	struct slice word;
	if (!text_split(&line, ' ', &word) ||
		text_parse_u64(word, UINT32_MAX, &entry.number) != CH_OK ||
		!text_split(&line, ' ', &word))
		return CH_CORRUPT;
	if (text_parse_i64(word, &entry.time_us) != CH_OK)
		return read_state(outbook, entry.number, word);
	if (slice_equal(line, SLICE_LITERAL("began"))) {
		outbook->began_us = entry.time_us;
		return CH_OK;
	}
	return text_split(&line, ' ', &word) && slice_equal(word, SLICE_LITERAL("written"))
		       ? read_entry(outbook, &entry, line)
		       : CH_CORRUPT;
}

static enum ch_status outbook_append(struct outbook *outbook)
{
	return outbook->line.status == CH_OK
		       ? logbook_append(outbook->log, buffer_slice(&outbook->line))
		       : outbook->line.status;
}

/* The newer half is kept. */
static enum ch_status outbook_shorten(struct outbook *outbook, const char *path)
{
	struct buffer all = {0};
	uint64_t first = outbook->next - LIMIT_PARTS_REMEMBERED / 2;
	buffer_clear(&outbook->line);
	put_began(&outbook->line, outbook->began_us);
	logbook_put(&all, buffer_slice(&outbook->line));
	for (uint64_t number = first; number < outbook->next; number++) {
		const struct kept *kept = outbook_kept(outbook, number);
		if (kept == NULL)
			continue;
		buffer_clear(&outbook->line);
		put_entry(&outbook->line, &kept->entry);
		logbook_put(&all, buffer_slice(&outbook->line));
		if (kept->entry.state == OUTBOOK_WRITTEN)
			continue;
		buffer_clear(&outbook->line);
		put_state(&outbook->line, number, kept->entry.state);
		logbook_put(&all, buffer_slice(&outbook->line));
	}
	enum ch_status status = all.status;
	if (status == CH_OK)
		status = file_replace(path, buffer_slice(&all), 0600);
	buffer_fini(&all);
	return status;
}

/* ---- Opening ---- */

static bool outbook_path(const struct outbook *outbook, const char *name, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s", outbook->folder, name) < PATH_MAX;
}

static enum ch_status outbook_load(struct outbook *outbook, int64_t now_us)
{
	char path[PATH_MAX];
	if (!outbook_path(outbook, "outbook", path))
		return CH_TOO_LARGE;
	enum ch_status status = logbook_open(path, read_line, outbook, &outbook->log);
	if (status == CH_OK && outbook->next - outbook->oldest > LIMIT_PARTS_REMEMBERED) {
		logbook_close(outbook->log);
		outbook->log = NULL;
		status = outbook_shorten(outbook, path);
		outbook_forget(outbook);
		if (status == CH_OK)
			status = logbook_open(path, read_line, outbook, &outbook->log);
	}
	if (status != CH_OK || outbook->began_us != 0)
		return status;
	outbook->began_us = now_us;
	buffer_clear(&outbook->line);
	put_began(&outbook->line, now_us);
	return outbook_append(outbook);
}

enum ch_status outbook_open(const char *folder, int64_t now_us, struct outbook **out_outbook)
{
	enum ch_status status = CH_NOMEM;
	char path[PATH_MAX];
	struct outbook *outbook = calloc(1, sizeof(*outbook));
	if (outbook == NULL)
		goto out;
	outbook->lock_fd = -1;
	table_init(&outbook->by_name);
	outbook_forget(outbook);
	status = CH_TOO_LARGE;
	if ((size_t)snprintf(outbook->folder, sizeof(outbook->folder), "%s", folder) >=
			sizeof(outbook->folder) ||
		!outbook_path(outbook, "outbook.lock", path))
		goto out;
	status = file_make_dirs(folder, 0700);
	if (status == CH_OK)
		status = file_lock(path, &outbook->lock_fd);
	if (status == CH_OK)
		status = outbook_load(outbook, now_us);
	if (status != CH_OK)
		goto out;
	*out_outbook = outbook;
	outbook = NULL; /* the caller's now */
out:
	outbook_close(outbook);
	return status;
}

void outbook_close(struct outbook *outbook)
{
	if (outbook == NULL)
		return;
	outbook_forget(outbook);
	table_fini(&outbook->by_name);
	buffer_fini(&outbook->line);
	logbook_close(outbook->log);
	if (outbook->lock_fd >= 0)
		(void)close(outbook->lock_fd); /* holds nothing but the lock */
	free(outbook);
}

/* ---- Asking and adding ---- */

int64_t outbook_began_us(const struct outbook *outbook)
{
	return outbook->began_us;
}

uint64_t outbook_next(const struct outbook *outbook)
{
	return outbook->next;
}

const struct outbook_entry *outbook_find(
	const struct outbook *outbook, const char *partner, const uint8_t key[OUTBOOK_KEY_BYTES])
{
	uint8_t name[LIMIT_PARTNER_NAME_BYTES + OUTBOOK_KEY_BYTES];
	if (strlen(partner) > LIMIT_PARTNER_NAME_BYTES)
		return NULL;
	const struct kept *kept =
		table_get(&outbook->by_name, slice_of(name, put_name(name, partner, key)));
	return kept != NULL ? &kept->entry : NULL;
}

const struct outbook_entry *outbook_get(const struct outbook *outbook, uint64_t number)
{
	const struct kept *kept = outbook_kept(outbook, number);
	return kept != NULL ? &kept->entry : NULL;
}

enum ch_status outbook_add(struct outbook *outbook, const struct outbook_entry *entry)
{
	struct kept *kept = NULL;
	struct outbook_entry numbered = *entry;
	numbered.number = outbook->next;
	enum ch_status status = outbook_prepare(outbook, &numbered, &kept);
	if (status != CH_OK)
		return status;
	buffer_clear(&outbook->line);
	put_entry(&outbook->line, &numbered);
	status = outbook_append(outbook);
	if (status == CH_OK) {
		outbook_enter(outbook, kept);
		return CH_OK;
	}
	(void)table_remove(
		&outbook->by_name, slice_of(kept->name, kept->name_len)); /* it is there */
	free(kept);
	return status;
}

enum ch_status outbook_mark(struct outbook *outbook, uint64_t number, enum outbook_state state)
{
	struct kept *kept = outbook_kept(outbook, number);
	if (kept == NULL)
		return CH_OK; /* forgotten since */
	buffer_clear(&outbook->line);
	put_state(&outbook->line, number, state);
	enum ch_status status = outbook_append(outbook);
	if (status == CH_OK)
		kept->entry.state = state;
	return status;
}

static bool is_open(const struct kept *kept)
{
	return kept != NULL && kept->entry.awaited &&
	       (kept->entry.state == OUTBOOK_WRITTEN || kept->entry.state == OUTBOOK_MISSING);
}

const struct outbook_entry *outbook_awaited(struct outbook *outbook, uint64_t *number)
{
	if (outbook->open < outbook->oldest)
		outbook->open = outbook->oldest;
	while (outbook->open < outbook->next && !is_open(outbook_kept(outbook, outbook->open)))
		outbook->open++;
	for (uint64_t n = *number > outbook->open ? *number : outbook->open; n < outbook->next;
		n++) {
		const struct kept *kept = outbook_kept(outbook, n);
		if (!is_open(kept))
			continue;
		*number = n + 1;
		return &kept->entry;
	}
	return NULL;
}
