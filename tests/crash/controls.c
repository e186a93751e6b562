#include "crash/controls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/engine.h"
#include "journal/reader.h"

#define FILE_MAX   (64u << 20)
#define LOSE_BATCH 512u

/* ---- A copy ---- */

static enum ch_status copy_file(const char *from, const char *to)
{
	struct buffer bytes = {0};
	enum ch_status status = file_read_all(from, FILE_MAX, &bytes);
	if (status == CH_OK)
		status = file_replace(to, buffer_slice(&bytes), 0600);
	buffer_fini(&bytes);
	return status;
}

static enum ch_status copy_folder(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	enum ch_status status = dir != NULL ? file_make_dirs(to, 0700) : CH_NOT_FOUND;
	for (struct dirent *item; status == CH_OK && (item = readdir(dir)) != NULL;) {
		char source[PATH_MAX];
		char target[PATH_MAX];
		struct stat info;
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(source, PATH_MAX, "%s/%s", from, item->d_name) >= PATH_MAX ||
			(size_t)snprintf(target, PATH_MAX, "%s/%s", to, item->d_name) >= PATH_MAX)
			status = CH_TOO_LARGE;
		else if (lstat(source, &info) != 0)
			status = CH_IO;
		else if (S_ISDIR(info.st_mode))
			status = copy_folder(source, target);
		else
			status = copy_file(source, target);
	}
	if (dir != NULL)
		(void)closedir(dir); /* read only */
	return status;
}

/* ---- The receipts' check, on a ledger of its own ---- */

static bool finds_violations(const struct ledger *ledger, const char *journal_dir)
{
	struct journal_options options = {.dir = journal_dir, .read_only = true};
	struct ledger trial = *ledger;
	struct journal *journal = NULL;
	struct ledger_result result;
	size_t bytes = ledger->count * sizeof(*ledger->items);
	trial.items = malloc(bytes + 1);
	if (trial.items == NULL)
		return false;
	memcpy(trial.items, ledger->items, bytes);
	trial.violations = 0;
	trial.silent = true;
	enum ch_status status = journal_open(&options, &journal, NULL);
	if (status == CH_OK)
		status = ledger_check(&trial, journal, UINT32_MAX, &result);
	journal_close(journal);
	free(trial.items);
	return status == CH_CORRUPT || status == CH_GAP || trial.violations > 0;
}

/* ---- Lost: the same history, but for the newest entry that somebody holds a receipt for ---- */

static uint64_t newest_receipt(const struct ledger *ledger)
{
	uint64_t newest = 0;
	for (uint32_t i = 0; i < ledger->count; i++) {
		if (ledger->items[i].sequence > newest)
			newest = ledger->items[i].sequence;
	}
	return newest;
}

/* Copies the entries below `end` into a fresh journal, all in their places. */
static enum ch_status copy_entries(struct reader *reader, uint64_t end, struct journal *to)
{
	struct journal_entry at;
	enum ch_status status = reader_seek(reader, 1);
	while (status == CH_OK && journal_head(to) + 1 < end) {
		struct batch *batch = journal_begin(to);
		for (uint32_t i = 0; i < LOSE_BATCH && status == CH_OK; i++) {
			status = reader_next(reader, &at);
			if (status != CH_OK || at.sequence >= end)
				break;
			(void)journal_append(batch, at.arrival_us, &at.body, 1);
		}
		enum ch_status stored = journal_commit(batch);
		status = status == CH_OK ? stored : status;
	}
	return status;
}

static enum ch_status lose(const char *from, const char *to, uint64_t sequence)
{
	struct journal_options options = {.dir = from, .read_only = true};
	struct journal_options fresh = {.dir = to, .create = true};
	struct journal *source = NULL;
	struct journal *target = NULL;
	struct reader *reader = NULL;
	enum ch_status status = journal_open(&options, &source, NULL);
	if (status == CH_OK)
		status = journal_open(&fresh, &target, NULL);
	if (status == CH_OK)
		status = reader_open(source, &reader);
	if (status == CH_OK)
		status = copy_entries(reader, sequence, target);
	reader_close(reader);
	journal_close(target);
	journal_close(source);
	return status;
}

/* ---- Doubled: the first event once more at the end ---- */

static enum ch_status repeat(const char *journal_dir, uint64_t sequence)
{
	struct journal_options options = {.dir = journal_dir};
	struct journal *journal = NULL;
	struct reader *reader = NULL;
	struct journal_entry at;
	enum ch_status status = journal_open(&options, &journal, NULL);
	if (status == CH_OK)
		status = reader_open(journal, &reader);
	if (status == CH_OK)
		status = reader_seek(reader, sequence);
	if (status == CH_OK)
		status = reader_next(reader, &at);
	if (status == CH_OK) {
		struct batch *batch = journal_begin(journal);
		(void)journal_append(batch, journal_head_arrival_us(journal) + 1, &at.body, 1);
		status = journal_commit(batch);
	}
	reader_close(reader);
	journal_close(journal);
	return status;
}

/* ---- Changed: one value of the store ---- */

struct found {
	struct buffer key;
	struct buffer value;
};

static bool take_first(void *context, struct slice key, struct slice value)
{
	struct found *found = context;
	buffer_append_slice(&found->key, key);
	buffer_append_slice(&found->value, value);
	return false;
}

static enum ch_status change_one(struct state *state)
{
	struct rtxn *rtxn = NULL;
	struct found found = {0};
	uint64_t applied = state_applied(state);
	enum ch_status status = rtxn_begin(state, &rtxn);
	if (status == CH_OK)
		status = rtxn_scan(
			rtxn, TABLE_CUSTOMER, (struct slice){NULL, 0}, take_first, &found);
	rtxn_end(rtxn);
	if (status == CH_OK && found.value.len == 0)
		status = CH_NOT_FOUND;
	if (status == CH_OK) {
		struct change *change = state_begin(state);
		found.value.data[found.value.len - 1] ^= 1;
		change_put(change, TABLE_CUSTOMER, buffer_slice(&found.key),
			buffer_slice(&found.value));
		status = change_publish(change, applied);
	}
	if (status == CH_OK)
		status = state_checkpoint(state);
	buffer_fini(&found.key);
	buffer_fini(&found.value);
	return status;
}

static enum ch_status alter(const char *store_dir)
{
	struct state_options options = {.dir = store_dir};
	struct state *state = NULL;
	enum ch_status status = state_open(&options, 0, &state);
	if (status == CH_OK)
		status = change_one(state);
	state_close(state);
	return status;
}

/* ---- All three ---- */

static enum ch_status control_copy(const struct server *server, struct server *out_copy)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	struct server copy = *server;
	copy.said = (struct buffer){0};
	(void)snprintf(copy.root, sizeof(copy.root), "%.2000s.control", server->root);
	enum ch_status status = engine_remove_folder(copy.root);
	(void)snprintf(from, sizeof(from), "%s/etc", server->root);
	(void)snprintf(to, sizeof(to), "%s/etc", copy.root);
	if (status == CH_OK)
		status = copy_folder(from, to);
	if (status == CH_OK)
		status = copy_folder(server_path(server, "", from), server_path(&copy, "", to));
	*out_copy = copy;
	return status;
}

static uint32_t control_told(const char *what, enum ch_status status, bool noticed)
{
	printf("control\t%s: %s\n", what,
		status != CH_OK ? ch_status_name(status)
		: noticed       ? "noticed"
				: "NOT NOTICED");
	return status == CH_OK && noticed ? 0 : 1;
}

uint32_t controls_run(const struct server *server, const struct ledger *ledger)
{
	static const char *const verify[] = {"verify", NULL};
	char path[PATH_MAX];
	char less[PATH_MAX];
	struct server copy;
	struct buffer out = {0};
	uint32_t failures = 0;
	enum ch_status status = control_copy(server, &copy);
	if (status == CH_OK)
		status = lose(server_path(&copy, "/journal", path),
			server_path(&copy, "/less", less), newest_receipt(ledger));
	failures += control_told("the newest receipt's entry is gone", status,
		status == CH_OK && finds_violations(ledger, less));

	status = control_copy(server, &copy);
	if (status == CH_OK)
		status = repeat(server_path(&copy, "/journal", path), ledger->items[0].sequence);
	failures += control_told("an event stands there twice", status,
		status == CH_OK && finds_violations(ledger, path));

	status = control_copy(server, &copy);
	if (status == CH_OK)
		status = alter(server_path(&copy, "/store", path));
	failures += control_told("a value in the store is another", status,
		status == CH_OK && server_run(&copy, verify, &out) == 1);
	buffer_fini(&out);
	(void)engine_remove_folder(copy.root); /* whoever made the root removes it too */
	return failures;
}
