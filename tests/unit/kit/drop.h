/* A drop folder of one's own, and a kind of file so simple that a test can write it: a line is an event
 * whose id is the line, behind a "^" its traceparent, "!why" is a reject, "~" is passed over, and a line without an end is not
 * finished; one that ends in "..." may be looked at again at once. */
#ifndef TESTS_UNIT_KIT_DROP_H
#define TESTS_UNIT_KIT_DROP_H

#include "support/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "kit/folder.h"
#include "support/scratch.h"

#define DROP_PATH 1024

struct drop {
	char path[DROP_PATH / 2];
	struct folder *folder;
};

/* ---- The kind of file ---- */

struct lines {
	struct buffer text;
	size_t at;
	struct envelope envelope;
};

static inline void lines_close(void *reader)
{
	struct lines *lines = reader;
	buffer_fini(&lines->text);
	free(lines);
}

static inline enum ch_status lines_open(void *decoder, int fd, const char *path, void **out_reader)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	char piece[4096];
	ssize_t got;
	(void)decoder;
	(void)path;
	assert_non_null(lines);
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		buffer_append(&lines->text, piece, (size_t)got);
	assert_int_equal(got, 0);
	*out_reader = lines;
	return CH_OK;
}

static inline enum ch_status lines_next(void *reader, struct kit_item *out_item)
{
	struct lines *lines = reader;
	struct slice rest = slice_sub(buffer_slice(&lines->text), lines->at, SIZE_MAX);
	if (rest.len == 0)
		return CH_END;
	const uint8_t *end = memchr(rest.data, '\n', rest.len);
	struct slice line = {rest.data, end != NULL ? (size_t)(end - rest.data) : rest.len};
	lines->at += line.len + (end != NULL);
	if (end == NULL) {
		bool again = line.len > 3 && memcmp(line.data + line.len - 3, "...", 3) == 0;
		*out_item = (struct kit_item){.what = KIT_INCOMPLETE, .again_us = again};
	} else if (slice_equal(line, SLICE_LITERAL("?"))) {
		return CH_FORMAT;
	} else if (slice_starts(line, SLICE_LITERAL("!"))) {
		*out_item = (struct kit_item){
			.what = KIT_REJECT, .reject = slice_sub(line, 1, SIZE_MAX)};
	} else if (slice_starts(line, SLICE_LITERAL("~"))) {
		*out_item = (struct kit_item){.what = KIT_SKIPPED};
	} else {
		struct slice trace = line;
		struct slice id = {NULL, 0};
		(void)text_split(&trace, '^', &id); /* the line is not empty */
		lines->envelope = (struct envelope){
			.id = id,
			.traceparent = trace,
			.source = SLICE_LITERAL("urn:test"),
			.type = SLICE_LITERAL("website.feedback.given"),
			.digest = id,
			.time_us = 1,
		};
		*out_item = (struct kit_item){.what = KIT_EVENT, .envelope = &lines->envelope};
	}
	return CH_OK;
}

static const struct kit_format lines_format = {
	.open = lines_open, .next = lines_next, .close = lines_close};

/* ---- The folder ---- */

static inline void drop_open_folder(struct drop *drop, int64_t settle_ms)
{
	const struct folder_options options = {.path = drop->path,
		.settle_ms = settle_ms,
		.receipts = true,
		.format = &lines_format};
	assert_int_equal(folder_open(&options, &drop->folder), CH_OK);
	assert_int_equal(folder_start(drop->folder), CH_OK);
}

static inline void drop_begin(struct drop *drop)
{
	*drop = (struct drop){0};
	scratch_make(drop->path, "drop");
	drop_open_folder(drop, 0);
}

/* As the process that dies: nothing is said to the folder. */
static inline void drop_again(struct drop *drop)
{
	folder_close(drop->folder);
	drop_open_folder(drop, 0);
}

static inline void drop_end(struct drop *drop)
{
	folder_close(drop->folder);
	scratch_remove(drop->path);
}

static inline void drop_put(struct drop *drop, const char *name, const char *text)
{
	char path[DROP_PATH];
	(void)snprintf(path, sizeof(path), "%s/%s", drop->path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline bool drop_has(const struct drop *drop, const char *name)
{
	char path[DROP_PATH];
	(void)snprintf(path, sizeof(path), "%s/%s", drop->path, name);
	return access(path, F_OK) == 0;
}

/* Whether a file of the folder says this somewhere. */
static inline bool drop_says(const struct drop *drop, const char *name, const char *words)
{
	char path[DROP_PATH];
	struct buffer text = {0};
	(void)snprintf(path, sizeof(path), "%s/%s", drop->path, name);
	bool found = file_read_all(path, 16u << 20, &text) == CH_OK &&
		     strstr(buffer_text(&text), words) != NULL;
	buffer_fini(&text);
	return found;
}

#endif
