#include "module/quality/measure/sorter.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* The memory grows up to its bound as it is needed. */
#define SORTER_FIRST 1024u

/* A sorted piece of the file, and a window on it while pieces are merged. */
struct sorter_run {
	uint64_t at; /* of the file: what the window has not seen yet */
	uint64_t left;
	unsigned char *window;
	size_t first; /* items of the window: the next, and how many are behind it, itself included */
	size_t count;
};

struct sorter {
	size_t item_size;
	sorter_order *order;
	size_t most;          /* items in memory */
	unsigned char *items; /* or, when pieces are merged, their windows */
	size_t capacity;
	size_t count;
	size_t next; /* of the items, when there is no file */
	int fd;      /* -1: all are in memory */
	uint64_t written;
	struct sorter_run *runs;
	size_t run_count;
	size_t run_capacity;
	size_t window; /* items in each run's */
	size_t *heap;  /* numbers of runs, the least item's on top */
	size_t heap_count;
};

enum ch_status sorter_create(
	size_t item_size, sorter_order *order, size_t memory_bytes, struct sorter **out_sorter)
{
	struct sorter *sorter = calloc(1, sizeof(*sorter));
	if (sorter == NULL)
		return CH_NOMEM;
	sorter->item_size = item_size;
	sorter->order = order;
	sorter->most = memory_bytes / item_size;
	if (sorter->most < SORTER_FIRST)
		sorter->most = SORTER_FIRST;
	sorter->fd = -1;
	*out_sorter = sorter;
	return CH_OK;
}

void sorter_free(struct sorter *sorter)
{
	if (sorter == NULL)
		return;
	if (sorter->fd >= 0)
		(void)close(sorter->fd);
	free(sorter->runs);
	free(sorter->heap);
	free(sorter->items);
	free(sorter);
}

/* ---- The file ---- */

static enum ch_status sorter_open_file(struct sorter *sorter)
{
	char path[PATH_MAX];
	const char *folder = getenv("TMPDIR");
	if (folder == NULL || folder[0] == '\0')
		folder = "/var/tmp";
	sorter->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (sorter->fd >= 0)
		return CH_OK;
	/* Not every file system knows files without a name. */
	int len = snprintf(path, sizeof(path), "%s/carehub-XXXXXX", folder);
	if (len <= 0 || (size_t)len >= sizeof(path))
		return CH_TOO_LARGE;
	sorter->fd = mkostemp(path, O_CLOEXEC);
	if (sorter->fd < 0)
		return file_status();
	return unlink(path) == 0 ? CH_OK : file_status();
}

/* What is in memory becomes a sorted piece of the file. */
static enum ch_status sorter_spill(struct sorter *sorter)
{
	size_t len = sorter->count * sorter->item_size;
	enum ch_status status = sorter->fd < 0 ? sorter_open_file(sorter) : CH_OK;
	if (status != CH_OK)
		return status;
	if (sorter->run_count == sorter->run_capacity) {
		size_t capacity = sorter->run_capacity == 0 ? 16 : 2 * sorter->run_capacity;
		struct sorter_run *runs = realloc(sorter->runs, capacity * sizeof(*runs));
		if (runs == NULL)
			return CH_NOMEM;
		sorter->runs = runs;
		sorter->run_capacity = capacity;
	}
	qsort(sorter->items, sorter->count, sorter->item_size, sorter->order);
	status = file_write_at(sorter->fd, sorter->items, len, sorter->written);
	if (status != CH_OK)
		return status;
	sorter->runs[sorter->run_count++] =
		(struct sorter_run){.at = sorter->written, .left = sorter->count};
	sorter->written += len;
	sorter->count = 0;
	return CH_OK;
}

static enum ch_status sorter_grow(struct sorter *sorter)
{
	size_t capacity = sorter->capacity == 0 ? SORTER_FIRST : 2 * sorter->capacity;
	if (capacity > sorter->most)
		capacity = sorter->most;
	unsigned char *items = realloc(sorter->items, capacity * sorter->item_size);
	if (items == NULL)
		return CH_NOMEM;
	sorter->items = items;
	sorter->capacity = capacity;
	return CH_OK;
}

enum ch_status sorter_add(struct sorter *sorter, const void *item)
{
	enum ch_status status = CH_OK;
	if (sorter->count == sorter->capacity)
		status = sorter->capacity < sorter->most ? sorter_grow(sorter)
							 : sorter_spill(sorter);
	if (status == CH_OK)
		memcpy(sorter->items + sorter->count++ * sorter->item_size, item,
			sorter->item_size);
	return status;
}

/* ---- Merging ---- */

/* The window's next items; count is 0 at the end of the run. */
static enum ch_status sorter_fill(struct sorter *sorter, struct sorter_run *run)
{
	size_t count = run->left < sorter->window ? (size_t)run->left : sorter->window;
	enum ch_status status =
		file_read_at(sorter->fd, run->window, count * sorter->item_size, run->at);
	if (status != CH_OK)
		return status == CH_END ? CH_IO : status;
	run->at += count * sorter->item_size;
	run->left -= count;
	run->first = 0;
	run->count = count;
	return CH_OK;
}

static const void *sorter_head(const struct sorter *sorter, size_t place)
{
	const struct sorter_run *run = &sorter->runs[sorter->heap[place]];
	return run->window + run->first * sorter->item_size;
}

static void sorter_sift(struct sorter *sorter, size_t place)
{
	for (;;) {
		size_t least = place;
		for (size_t child = 2 * place + 1; child <= 2 * place + 2; child++) {
			if (child < sorter->heap_count && sorter->order(sorter_head(sorter, child),
								  sorter_head(sorter, least)) < 0)
				least = child;
		}
		if (least == place)
			return;
		size_t run = sorter->heap[place];
		sorter->heap[place] = sorter->heap[least];
		sorter->heap[least] = run;
		place = least;
	}
}

/* The memory that held items holds a window of each run from now on. */
static enum ch_status sorter_begin_merge(struct sorter *sorter)
{
	sorter->window = sorter->most / sorter->run_count;
	if (sorter->window == 0)
		sorter->window = 1;
	unsigned char *windows =
		realloc(sorter->items, sorter->run_count * sorter->window * sorter->item_size);
	if (windows == NULL)
		return CH_NOMEM;
	sorter->items = windows;
	sorter->heap = calloc(sorter->run_count, sizeof(*sorter->heap));
	if (sorter->heap == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < sorter->run_count; i++) {
		sorter->runs[i].window = windows + i * sorter->window * sorter->item_size;
		enum ch_status status = sorter_fill(sorter, &sorter->runs[i]);
		if (status != CH_OK)
			return status;
		sorter->heap[sorter->heap_count++] = i;
	}
	for (size_t i = sorter->heap_count; i > 0; i--)
		sorter_sift(sorter, i - 1);
	return CH_OK;
}

enum ch_status sorter_sort(struct sorter *sorter)
{
	if (sorter->fd >= 0) {
		enum ch_status status = sorter_spill(sorter);
		return status == CH_OK ? sorter_begin_merge(sorter) : status;
	}
	if (sorter->count > 0)
		qsort(sorter->items, sorter->count, sorter->item_size, sorter->order);
	return CH_OK;
}

enum ch_status sorter_next(struct sorter *sorter, void *out_item)
{
	enum ch_status status = CH_OK;
	if (sorter->fd < 0) {
		if (sorter->next == sorter->count)
			return CH_END;
		memcpy(out_item, sorter->items + sorter->next++ * sorter->item_size,
			sorter->item_size);
		return CH_OK;
	}
	if (sorter->heap_count == 0)
		return CH_END;
	struct sorter_run *run = &sorter->runs[sorter->heap[0]];
	memcpy(out_item, sorter_head(sorter, 0), sorter->item_size);
	run->first++;
	if (run->first == run->count && run->left > 0)
		status = sorter_fill(sorter, run);
	else if (run->first == run->count)
		sorter->heap[0] = sorter->heap[--sorter->heap_count];
	if (status == CH_OK && sorter->heap_count > 0)
		sorter_sift(sorter, 0);
	return status;
}
