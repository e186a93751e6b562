#include "net/roster.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/table.h"

#define SUFFIX ".conf"

struct roster {
	char *folder;
	struct table by_name; /* holds the references */
	struct table by_key;
};

static void roster_empty(struct roster *roster)
{
	size_t at = 0;
	struct peer *peer;
	while ((peer = table_next(&roster->by_name, &at)) != NULL)
		peer_unref(peer);
	table_fini(&roster->by_name);
	table_fini(&roster->by_key);
}

void roster_free(struct roster *roster)
{
	if (roster == NULL)
		return;
	roster_empty(roster);
	free(roster->folder);
	free(roster);
}

static struct slice roster_key(const struct peer *peer)
{
	return slice_of(peer->public_key.bytes, CURVE_KEY_BYTES);
}

/* Takes over the reference. */
static enum ch_status roster_add(
	struct roster *roster, struct peer *peer, const char *path, struct problems *problems)
{
	/* Two files cannot have one name; two names with one key could not be told apart. */
	const struct peer *other = table_get(&roster->by_key, roster_key(peer));
	if (other != NULL) {
		problems_add(problems, path, 0, "public_key", "is also the key of %s", other->name);
		peer_unref(peer);
		return CH_OK;
	}
	enum ch_status status = table_put(&roster->by_name, slice_text(peer->name), peer);
	if (status != CH_OK) {
		peer_unref(peer);
		return status;
	}
	return table_put(&roster->by_key, roster_key(peer), peer);
}

/* One file; what is wrong with it is a problem, not a failure. */
static enum ch_status roster_read(
	struct roster *roster, const char *file_name, struct problems *problems)
{
	char path[PATH_MAX];
	char name[NAME_MAX + 1];
	struct buffer text = {0};
	struct peer *peer = NULL;
	size_t stem = strlen(file_name) - strlen(SUFFIX);
	memcpy(name, file_name, stem);
	name[stem] = 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", roster->folder, file_name) >=
		sizeof(path)) {
		problems_add(problems, roster->folder, 0, NULL, "has too long a path");
		return CH_OK;
	}
	enum ch_status status = file_read_all(path, LIMIT_CONFIG_BYTES, &text);
	if (status == CH_OK) {
		status = peer_parse(name, buffer_slice(&text), path, problems, &peer);
		if (status == CH_OK)
			status = roster_add(roster, peer, path, problems);
		else if (status == CH_INVALID)
			status = CH_OK; /* reported */
	} else if (status != CH_NOMEM) {
		problems_add(problems, path, 0, NULL, "cannot be read: %s", file_why(status));
		status = CH_OK;
	}
	buffer_fini(&text);
	return status;
}

static bool roster_is_peer_file(const char *name)
{
	size_t len = strlen(name);
	return name[0] != '.' && len > strlen(SUFFIX) &&
	       strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static int roster_select(const struct dirent *entry)
{
	return roster_is_peer_file(entry->d_name);
}

/* In the order of names, so that mistakes are reported in the same order every time. */
static enum ch_status roster_read_folder(struct roster *roster, struct problems *problems)
{
	struct dirent **entries = NULL;
	enum ch_status status = CH_OK;
	size_t before = problems->count + problems->dropped;
	int count = scandir(roster->folder, &entries, roster_select, alphasort);
	if (count < 0 && errno == ENOMEM)
		return CH_NOMEM;
	if (count < 0)
		problems_add(
			problems, roster->folder, 0, NULL, "cannot be read: %s", strerror(errno));
	if (count > (int)LIMIT_PEERS)
		problems_add(
			problems, roster->folder, 0, NULL, "has more than %u peers", LIMIT_PEERS);
	for (int i = 0; i < count; i++) {
		if (status == CH_OK && i < (int)LIMIT_PEERS)
			status = roster_read(roster, entries[i]->d_name, problems);
		free(entries[i]);
	}
	free(entries);
	if (status == CH_OK && problems->count + problems->dropped > before)
		status = CH_INVALID;
	return status;
}

enum ch_status roster_load(
	const char *folder, struct problems *problems, struct roster **out_roster)
{
	enum ch_status status = CH_NOMEM;
	struct roster *roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		goto out;
	roster->folder = strdup(folder);
	if (roster->folder == NULL)
		goto out;
	status = roster_read_folder(roster, problems);
	if (status != CH_OK)
		goto out;
	*out_roster = roster;
	roster = NULL; /* the caller's now */
out:
	roster_free(roster);
	return status;
}

void roster_replace(struct roster *roster, struct roster *fresh)
{
	struct roster old = *roster;
	roster->by_name = fresh->by_name;
	roster->by_key = fresh->by_key;
	fresh->by_name = old.by_name;
	fresh->by_key = old.by_key;
	roster_free(fresh);
}

enum ch_status roster_reload(struct roster *roster, struct problems *problems)
{
	struct roster *fresh = NULL;
	enum ch_status status = roster_load(roster->folder, problems, &fresh);
	if (status == CH_OK)
		roster_replace(roster, fresh);
	return status;
}

struct peer *roster_by_name(const struct roster *roster, struct slice name)
{
	return table_get(&roster->by_name, name);
}

struct peer *roster_by_key(const struct roster *roster, const struct curve_key *key)
{
	return table_get(&roster->by_key, slice_of(key->bytes, CURVE_KEY_BYTES));
}

struct peer *roster_next(const struct roster *roster, size_t *at)
{
	return table_next(&roster->by_name, at);
}

size_t roster_count(const struct roster *roster)
{
	return roster->by_name.count;
}
