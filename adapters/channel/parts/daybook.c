#include "channel/parts/daybook.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/text.h"
#include "channel/parts/logbook.h"

#define NAME_BYTES      64u
#define ANSWER_BYTES    (64u * 1024u * 1024u)
#define PLACES_PER_NAME 64u /* resends that are remembered each with its answer */

/* One claim.  Those of one name are a list, the newest first. */
struct entry {
	struct entry *older;
	struct entry *repeated; /* of a duplicate: the newest claim before it that is none */
	uint64_t number;
	int64_t time_us;
	bool refused; /* as a whole: does not use up the name */
	bool ended;
	bool live;      /* of this life */
	bool duplicate; /* of another entry of the name */
	uint8_t digest[DAYBOOK_DIGEST_BYTES];
	struct slice key; /* both in `text` */
	struct slice place;
	char text[];
};

struct daybook {
	char folder[PATH_MAX - NAME_BYTES];
	int lock_fd;
	struct logbook *log;
	uint64_t next_number;
	uint64_t oldest;          /* number below which nothing is remembered */
	struct table by_key;      /* -> struct entry, the newest of its name */
	struct entry **by_number; /* from `oldest` on */
	size_t number_room;
	struct buffer line;
};

static bool daybook_path(const struct daybook *daybook, const char *name, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s/%s", daybook->folder, name) < PATH_MAX;
}

static bool daybook_answer_path(const struct daybook *daybook, uint64_t number, char out[PATH_MAX])
{
	char name[NAME_BYTES];
	(void)snprintf(name, sizeof(name), "%010" PRIu64 ".answer", number); /* fits */
	return daybook_path(daybook, name, out);
}

/* ---- In memory ---- */

static struct entry *daybook_find(const struct daybook *daybook, uint64_t number)
{
	if (number < daybook->oldest || number >= daybook->next_number)
		return NULL;
	return daybook->by_number[number - daybook->oldest];
}

static enum ch_status daybook_room(struct daybook *daybook, uint64_t number)
{
	size_t index = (size_t)(number - daybook->oldest);
	if (index < daybook->number_room)
		return CH_OK;
	size_t room = daybook->number_room == 0 ? 1024 : daybook->number_room;
	while (room <= index)
		room *= 2;
	struct entry **grown = realloc(daybook->by_number, room * sizeof(struct entry *));
	if (grown == NULL)
		return CH_NOMEM;
	memset(grown + daybook->number_room, 0, (room - daybook->number_room) * sizeof(*grown));
	daybook->by_number = grown;
	daybook->number_room = room;
	return CH_OK;
}

/* Takes the entry over. */
static enum ch_status daybook_add(struct daybook *daybook, struct entry *entry)
{
	enum ch_status status = daybook_room(daybook, entry->number);
	if (status != CH_OK) {
		free(entry);
		return status;
	}
	/* The table's key is the value's: the older entry must leave first. */
	entry->older = table_remove(&daybook->by_key, entry->key);
	if (entry->older != NULL)
		entry->repeated = entry->older->duplicate ? entry->older->repeated : entry->older;
	daybook->by_number[entry->number - daybook->oldest] = entry;
	daybook->next_number = entry->number + 1;
	return table_put(&daybook->by_key, entry->key, entry);
}

static struct entry *entry_create(struct slice key, struct slice place)
{
	struct entry *entry = calloc(1, sizeof(*entry) + key.len + place.len + 1);
	if (entry == NULL)
		return NULL;
	memcpy(entry->text, key.data, key.len);
	memcpy(entry->text + key.len, place.data, place.len);
	entry->key = slice_of(entry->text, key.len);
	entry->place = slice_of(entry->text + key.len, place.len);
	return entry;
}

/* ---- The file ---- */

static void put_claim(struct buffer *out, const struct entry *entry)
{
	buffer_printf(out, "%" PRIu64 " %" PRId64 " %s ", entry->number, entry->time_us,
		entry->duplicate ? "duplicate" : "claimed");
	text_append_hex(out, slice_of(entry->digest, sizeof(entry->digest)));
	buffer_append_byte(out, ' ');
	buffer_append_slice(out, entry->place);
	buffer_append_byte(out, ' ');
	buffer_append_slice(out, entry->key);
}

static void put_end(struct buffer *out, uint64_t number, bool accepted)
{
	buffer_printf(out, "%" PRIu64 " ended %s", number, accepted ? "accepted" : "refused");
}

/* Appends daybook->line. */
static enum ch_status daybook_append(struct daybook *daybook)
{
	return daybook->line.status == CH_OK
		       ? logbook_append(daybook->log, buffer_slice(&daybook->line))
		       : daybook->line.status;
}

static enum ch_status read_claim(struct daybook *daybook, uint64_t number, struct slice rest)
{
	struct slice time;
	struct slice word;
	struct slice digest;
	struct slice place;
	int64_t time_us;
	if (number < daybook->next_number || !text_split(&rest, ' ', &time) ||
		text_parse_i64(time, &time_us) != CH_OK || !text_split(&rest, ' ', &word) ||
		!text_split(&rest, ' ', &digest) || digest.len != 2 * DAYBOOK_DIGEST_BYTES ||
		!text_split(&rest, ' ', &place) || rest.len == 0)
		return CH_CORRUPT;
	struct entry *entry = entry_create(rest, place);
	if (entry == NULL)
		return CH_NOMEM;
	entry->number = number;
	entry->time_us = time_us;
	entry->duplicate = slice_equal(word, SLICE_LITERAL("duplicate"));
	if (text_parse_hex(digest, entry->digest) != CH_OK) {
		free(entry);
		return CH_CORRUPT;
	}
	if (daybook->next_number == daybook->oldest) {
		daybook->oldest = number; /* the first that is remembered */
		daybook->next_number = number;
	}
	return daybook_add(daybook, entry);
}

static enum ch_status read_line(void *context, struct slice line)
{
	struct daybook *daybook = context;
	struct slice rest = line;
	struct slice word;
	uint64_t number;
	if (!text_split(&rest, ' ', &word) || text_parse_u64(word, UINT32_MAX, &number) != CH_OK)
		return CH_CORRUPT;
	if (!slice_starts(rest, SLICE_LITERAL("ended ")))
		return read_claim(daybook, number, rest);
	struct entry *entry = daybook_find(daybook, number);
	if (entry != NULL)
		entry->refused = slice_equal(rest, SLICE_LITERAL("ended refused"));
	if (entry != NULL)
		entry->ended = true;
	return CH_OK;
}

/* The newest are kept, the others' answers deleted. */
static enum ch_status daybook_shorten(struct daybook *daybook, const char *path)
{
	struct buffer all = {0};
	uint64_t first = daybook->next_number - LIMIT_PARTS_REMEMBERED / 2;
	char answer[PATH_MAX];
	for (uint64_t number = daybook->oldest; number < daybook->next_number; number++) {
		const struct entry *entry = daybook_find(daybook, number);
		if (entry == NULL)
			continue;
		if (number < first) {
			if (daybook_answer_path(daybook, number, answer))
				(void)unlink(answer); /* there may be none */
			continue;
		}
		buffer_clear(&daybook->line);
		put_claim(&daybook->line, entry);
		logbook_put(&all, buffer_slice(&daybook->line));
		if (!entry->ended)
			continue;
		buffer_clear(&daybook->line);
		put_end(&daybook->line, number, !entry->refused);
		logbook_put(&all, buffer_slice(&daybook->line));
	}
	enum ch_status status = all.status;
	if (status == CH_OK)
		status = file_replace(path, buffer_slice(&all), 0600);
	buffer_fini(&all);
	return status;
}

static void daybook_forget(struct daybook *daybook)
{
	for (uint64_t number = daybook->oldest; number < daybook->next_number; number++)
		free(daybook->by_number[number - daybook->oldest]);
	free(daybook->by_number);
	daybook->by_number = NULL;
	daybook->number_room = 0;
	table_fini(&daybook->by_key);
	table_init(&daybook->by_key);
	daybook->oldest = 1;
	daybook->next_number = 1;
}

static enum ch_status daybook_load(struct daybook *daybook)
{
	char path[PATH_MAX];
	if (!daybook_path(daybook, "daybook", path))
		return CH_TOO_LARGE;
	enum ch_status status = logbook_open(path, read_line, daybook, &daybook->log);
	if (status != CH_OK || daybook->next_number - daybook->oldest <= LIMIT_PARTS_REMEMBERED)
		return status;
	logbook_close(daybook->log);
	daybook->log = NULL;
	status = daybook_shorten(daybook, path);
	daybook_forget(daybook);
	return status == CH_OK ? logbook_open(path, read_line, daybook, &daybook->log) : status;
}

enum ch_status daybook_open(const char *folder, struct daybook **out_daybook)
{
	enum ch_status status = CH_NOMEM;
	char path[PATH_MAX];
	struct daybook *daybook = calloc(1, sizeof(*daybook));
	if (daybook == NULL)
		goto out;
	daybook->lock_fd = -1;
	daybook->oldest = 1;
	daybook->next_number = 1;
	table_init(&daybook->by_key);
	status = CH_TOO_LARGE;
	if ((size_t)snprintf(daybook->folder, sizeof(daybook->folder), "%s", folder) >=
			sizeof(daybook->folder) ||
		!daybook_path(daybook, "lock", path))
		goto out;
	status = file_make_dirs(folder, 0700);
	if (status == CH_OK)
		status = file_lock(path, &daybook->lock_fd);
	if (status == CH_OK)
		status = daybook_load(daybook);
	if (status != CH_OK)
		goto out;
	*out_daybook = daybook;
	daybook = NULL; /* the caller's now */
out:
	daybook_close(daybook);
	return status;
}

void daybook_close(struct daybook *daybook)
{
	if (daybook == NULL)
		return;
	daybook_forget(daybook);
	table_fini(&daybook->by_key);
	buffer_fini(&daybook->line);
	logbook_close(daybook->log);
	if (daybook->lock_fd >= 0)
		(void)close(daybook->lock_fd); /* holds nothing but the lock */
	free(daybook);
}

/* ---- Taking and ending ---- */

/* CH_OK: the claim that this very file has made; CH_DUPLICATE: somebody else's stands; CH_NOT_FOUND.  Resends are
 * remembered so far and no further, but however many there were, what they repeat is found behind them. */
static enum ch_status daybook_look(const struct daybook *daybook,
	const struct daybook_interchange *interchange, struct entry **out_entry)
{
	bool taken = false;
	struct entry *newest = table_get(&daybook->by_key, interchange->key);
	struct entry *entry = newest;
	for (size_t i = 0; entry != NULL && i < PLACES_PER_NAME; i++, entry = entry->older) {
		if (slice_equal(entry->place, interchange->place) &&
			memcmp(entry->digest, interchange->digest, DAYBOOK_DIGEST_BYTES) == 0) {
			*out_entry = entry;
			return entry->duplicate ? CH_DUPLICATE : CH_OK;
		}
	}
	entry = newest != NULL && newest->duplicate ? newest->repeated : newest;
	for (size_t i = 0; entry != NULL && i < PLACES_PER_NAME && !taken; i++) {
		taken = !entry->refused && (entry->ended || entry->live);
		entry = entry->older != NULL && entry->older->duplicate ? entry->older->repeated
									: entry->older;
	}
	*out_entry = NULL;
	return taken ? CH_DUPLICATE : CH_NOT_FOUND;
}

enum ch_status daybook_take(struct daybook *daybook, const struct daybook_interchange *interchange,
	int64_t now_us, struct daybook_claim *out_claim)
{
	struct entry *known;
	enum ch_status found = daybook_look(daybook, interchange, &known);
	if (known != NULL) {
		known->live = true;
		*out_claim = (struct daybook_claim){known->number, known->time_us, known->ended};
		return found;
	}
	struct entry *entry = entry_create(interchange->key, interchange->place);
	if (entry == NULL)
		return CH_NOMEM;
	entry->number = daybook->next_number;
	entry->time_us = now_us;
	entry->duplicate = found == CH_DUPLICATE;
	entry->live = true;
	memcpy(entry->digest, interchange->digest, DAYBOOK_DIGEST_BYTES);
	buffer_clear(&daybook->line);
	put_claim(&daybook->line, entry);
	enum ch_status status = daybook_append(daybook);
	if (status != CH_OK) {
		free(entry);
		return status;
	}
	*out_claim = (struct daybook_claim){entry->number, entry->time_us, false};
	status = daybook_add(daybook, entry);
	return status != CH_OK ? status : found == CH_DUPLICATE ? CH_DUPLICATE : CH_OK;
}

enum ch_status daybook_end(struct daybook *daybook, uint64_t number, bool accepted)
{
	struct entry *entry = daybook_find(daybook, number);
	if (entry == NULL)
		return CH_OK; /* forgotten since */
	buffer_clear(&daybook->line);
	put_end(&daybook->line, number, accepted);
	enum ch_status status = daybook_append(daybook);
	if (status == CH_OK) {
		entry->refused = !accepted;
		entry->ended = true;
	}
	return status;
}

enum ch_status daybook_answer(const struct daybook *daybook, uint64_t number, struct buffer *out)
{
	char path[PATH_MAX];
	return daybook_answer_path(daybook, number, path) ? file_read_all(path, ANSWER_BYTES, out)
							  : CH_TOO_LARGE;
}

enum ch_status daybook_keep(struct daybook *daybook, uint64_t number, struct slice answer)
{
	char path[PATH_MAX];
	return daybook_answer_path(daybook, number, path) ? file_replace(path, answer, 0600)
							  : CH_TOO_LARGE;
}
