#include "daemon/rules_text.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "core/settings.h"

#define RULES_BYTES (1u << 20)

struct lines {
	struct slice *items;
	size_t count;
	size_t capacity;
	enum ch_status status;
};

static void lines_add(struct lines *lines, struct slice line)
{
	if (lines->status != CH_OK)
		return;
	if (lines->count == lines->capacity) {
		size_t capacity = lines->capacity < 64 ? 64 : lines->capacity * 2;
		struct slice *items = realloc(lines->items, capacity * sizeof(*items));
		if (items == NULL) {
			lines->status = CH_NOMEM;
			return;
		}
		lines->items = items;
		lines->capacity = capacity;
	}
	lines->items[lines->count++] = line;
}

static int lines_order(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* Every line is tried alone, so that all mistakes are found in one pass. */
static void rules_check_line(
	struct slice line, const char *path, unsigned number, struct problems *problems)
{
	struct settings trial;
	uint32_t at;
	settings_init(&trial);
	if (settings_parse(&trial, line, &at) == CH_INVALID)
		problems_add(problems, path, number, NULL, "\"%.*s\" is no setting of the rules",
			(int)line.len, (const char *)line.data);
	settings_fini(&trial);
}

static enum ch_status rules_read(
	const char *path, struct problems *problems, struct buffer *text, struct lines *lines)
{
	struct slice line;
	unsigned number = 0;
	enum ch_status status = file_read_all(path, RULES_BYTES, text);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status != CH_OK) {
		problems_add(problems, path, 0, NULL, "cannot be read: %s", file_why(status));
		return CH_INVALID;
	}
	struct slice rest = buffer_slice(text);
	size_t before = problems->count + problems->dropped;
	while (text_split(&rest, '\n', &line)) {
		number++;
		line = text_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		rules_check_line(line, path, number, problems);
		lines_add(lines, line);
	}
	return problems->count + problems->dropped > before ? CH_INVALID : lines->status;
}

static void rules_peers(const struct roster *roster, struct buffer *text)
{
	size_t at = 0;
	const struct peer *peer;
	while (roster != NULL && (peer = roster_next(roster, &at)) != NULL) {
		buffer_printf(text, "peer.%s.assurance=%s\n", peer->name,
			peer->assurance == PEER_VERIFIED ? "verified" : "claimed");
		if (peer->region != NULL && peer->region[0] != 0)
			buffer_printf(text, "peer.%s.region=%s\n", peer->name, peer->region);
		if (peer->scope != NULL && peer->scope[0] != 0)
			buffer_printf(text, "peer.%s.scope=%s\n", peer->name, peer->scope);
	}
}

enum ch_status rules_text(const char *path, const struct roster *roster, struct problems *problems,
	struct buffer *out)
{
	struct lines lines = {0};
	struct buffer file = {0};
	struct buffer peers = {0};
	struct slice line;
	enum ch_status status = rules_read(path, problems, &file, &lines);
	if (status == CH_OK) {
		rules_peers(roster, &peers);
		struct slice rest = buffer_slice(&peers);
		while (text_split(&rest, '\n', &line)) {
			if (line.len > 0)
				lines_add(&lines, line);
		}
		status = lines.status != CH_OK ? lines.status : peers.status;
	}
	if (status == CH_OK && lines.count > 0)
		qsort(lines.items, lines.count, sizeof(lines.items[0]), lines_order);
	for (size_t i = 0; i < lines.count && status == CH_OK; i++) {
		buffer_append_slice(out, lines.items[i]);
		buffer_append_byte(out, '\n');
	}
	if (status == CH_OK && out->len > LIMIT_VALUE_BYTES) {
		problems_add(problems, path, 0, NULL,
			"with what the peers' files add (assurance, region, scope) the rules are "
			"%zu bytes, and the journal keeps %u at most: give fewer peers a region, a "
			"scope or a long name",
			out->len, LIMIT_VALUE_BYTES);
		status = CH_INVALID;
	}
	free(lines.items);
	buffer_fini(&file);
	buffer_fini(&peers);
	return status == CH_OK ? out->status : status;
}
