#include "store/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "store/filter.h"
#include "store/run_format.h"

/* How far a cursor asks for the file ahead of itself. */
#define AHEAD_BLOCKS 256u

struct run {
	struct run_layout layout;
	uint64_t number;
	const uint8_t *data;
	uint64_t *fences; /* the first eight bytes of each block's first fingerprint */
	size_t mapped_bytes;
	atomic_uint holders;
};

char *run_name(uint64_t number, char name[RUN_NAME_BYTES])
{
	(void)snprintf(name, RUN_NAME_BYTES, "run-%020" PRIu64, number); /* always fits */
	return name;
}

/* ---- Opening ---- */

/* A copy, checked once: from then on a lookup needs no other sum than its blocks'. */
static enum ch_status run_load_fences(struct run *run, uint32_t sum)
{
	const uint8_t *stored = run->data + run->layout.fences_offset;
	size_t count = (size_t)run->layout.blocks;
	if (crc32c(0, stored, count * RUN_FENCE_BYTES) != sum)
		return CH_CORRUPT;
	run->fences = malloc(count * sizeof(*run->fences));
	if (run->fences == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < count; i++) {
		run->fences[i] = load_be64(stored + i * RUN_FENCE_BYTES);
		if (i > 0 && run->fences[i] < run->fences[i - 1])
			return CH_CORRUPT;
	}
	return CH_OK;
}

enum ch_status run_attach(struct slice bytes, uint64_t number, struct run **out_run)
{
	struct run_header header;
	enum ch_status status = run_header_decode(bytes, number, &header);
	if (status != CH_OK)
		return status;
	struct run *run = calloc(1, sizeof(*run));
	if (run == NULL)
		return CH_NOMEM;
	run->holders = 1;
	run->number = number;
	run->data = bytes.data;
	run->layout = header.layout;
	status = run_load_fences(run, header.fences_sum);
	if (status == CH_OK) {
		*out_run = run;
		run = NULL; /* the caller's now */
	}
	run_release(run);
	return status;
}

/* Filters are needed at once and whole, blocks one here and one there. */
static void run_advise(const struct run *run)
{
	uint8_t *start = (uint8_t *)(uintptr_t)run->data;
	const struct run_layout *layout = &run->layout;
	/* Hints. */
	(void)madvise(start, layout->blocks_offset, MADV_WILLNEED);
	(void)madvise(start + layout->blocks_offset, layout->fences_offset - layout->blocks_offset,
		MADV_RANDOM);
}

enum ch_status run_open(const char *dir, uint64_t number, struct run **out_run)
{
	char path[PATH_MAX];
	char name[RUN_NAME_BYTES];
	struct stat stat;
	struct run *run = NULL;
	enum ch_status status = CH_IO;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, run_name(number, name)) >=
		sizeof(path))
		return CH_TOO_LARGE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	if (fstat(fd, &stat) != 0)
		goto out;
	status = CH_CORRUPT;
	if (stat.st_size < (off_t)RUN_BLOCK_BYTES)
		goto out;
	size_t bytes = (size_t)stat.st_size;
	void *data = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	status = data == MAP_FAILED ? file_status() : CH_OK;
	if (data == MAP_FAILED)
		goto out;
	status = run_attach(slice_of(data, bytes), number, &run);
	if (status != CH_OK) {
		(void)munmap(data, bytes); /* cannot fail: it is our mapping */
		goto out;
	}
	run->mapped_bytes = bytes;
	run_advise(run);
	*out_run = run;
out:
	(void)close(fd); /* read only */
	return status;
}

void run_hold(struct run *run)
{
	(void)atomic_fetch_add(&run->holders, 1);
}

void run_release(struct run *run)
{
	if (run == NULL || atomic_fetch_sub(&run->holders, 1) > 1)
		return;
	if (run->mapped_bytes > 0)
		(void)munmap((void *)(uintptr_t)run->data, run->mapped_bytes); /* our mapping */
	free(run->fences);
	free(run);
}

bool run_is_mine(const struct run *run)
{
	return atomic_load(&run->holders) == 1;
}

uint64_t run_number(const struct run *run)
{
	return run->number;
}

uint64_t run_items(const struct run *run)
{
	return run->layout.items;
}

uint64_t run_bytes(const struct run *run)
{
	return run->layout.file_bytes;
}

/* ---- Looking up ---- */

static const uint8_t *run_filter_block(const struct run *run, uint64_t number)
{
	return run->data + RUN_FILTER_OFFSET + number * FILTER_BLOCK_BYTES;
}

void run_prefetch(const struct run *run, const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	__builtin_prefetch(
		run_filter_block(run, filter_block(fingerprint, run->layout.filter_blocks)));
}

/* The block, once its sum, number and count have been found right; NULL else. */
static const uint8_t *run_block(const struct run *run, uint64_t number)
{
	const uint8_t *block = run->data + run->layout.blocks_offset + number * RUN_BLOCK_BYTES;
	uint32_t count = run_block_count(&run->layout, number);
	if (!run_block_check(block, run->number, number, count))
		return NULL;
	if (load_be64(block) != run->fences[number])
		return NULL;
	return block;
}

/* The first block whose fence is not below `head`. */
static uint64_t run_first_fence(const struct run *run, uint64_t head)
{
	uint64_t low = 0;
	uint64_t high = run->layout.blocks;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (run->fences[middle] < head)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum ch_status run_search_block(const struct run *run, uint64_t number,
	const uint8_t fingerprint[ID_FINGERPRINT_BYTES], struct id_record *out_record)
{
	const uint8_t *block = run_block(run, number);
	if (block == NULL)
		return CH_CORRUPT;
	uint32_t low = 0;
	uint32_t high = run_block_count(&run->layout, number);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(
			block + middle * RUN_RECORD_BYTES, fingerprint, ID_FINGERPRINT_BYTES);
		if (order == 0) {
			run_record_decode(block + middle * RUN_RECORD_BYTES, out_record);
			return CH_OK;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return CH_NOT_FOUND;
}

enum ch_status run_get(const struct run *run, const uint8_t fingerprint[ID_FINGERPRINT_BYTES],
	const struct filter_mask *mask, struct id_record *out_record)
{
	uint64_t head = load_be64(fingerprint);
	uint64_t number = filter_block(fingerprint, run->layout.filter_blocks);
	switch (filter_test(run_filter_block(run, number), run->number, number, mask)) {
	case FILTER_NEW:
		return CH_NOT_FOUND;
	case FILTER_CORRUPT:
		return CH_CORRUPT;
	case FILTER_MAYBE:
		break;
	}
	/* The block before the first fence that is not below; more only when fences are equal. */
	uint64_t block = run_first_fence(run, head);
	block -= block > 0;
	for (; block < run->layout.blocks && run->fences[block] <= head; block++) {
		enum ch_status status = run_search_block(run, block, fingerprint, out_record);
		if (status != CH_NOT_FOUND)
			return status;
	}
	return CH_NOT_FOUND;
}

/* ---- Walking ---- */

static void run_read_ahead(const struct run *run, uint64_t block)
{
	uint64_t offset = run->layout.blocks_offset + block * RUN_BLOCK_BYTES;
	uint64_t left = run->layout.fences_offset - offset;
	uint64_t bytes = AHEAD_BLOCKS * RUN_BLOCK_BYTES;
	if (run->mapped_bytes > 0) /* a hint */
		(void)madvise((uint8_t *)(uintptr_t)run->data + offset, bytes < left ? bytes : left,
			MADV_WILLNEED);
}

enum ch_status run_next(struct run_cursor *cursor, struct id_record *out_record)
{
	const struct run *run = cursor->run;
	if (cursor->block < run->layout.blocks &&
		cursor->at == run_block_count(&run->layout, cursor->block)) {
		cursor->block++;
		cursor->at = 0;
		cursor->checked = false;
	}
	if (cursor->block == run->layout.blocks)
		return CH_END;
	if (!cursor->checked) {
		if (cursor->block % AHEAD_BLOCKS == 0)
			run_read_ahead(run, cursor->block);
		if (run_block(run, cursor->block) == NULL)
			return CH_CORRUPT;
		cursor->checked = true;
	}
	run_record_decode(run->data + run->layout.blocks_offset + cursor->block * RUN_BLOCK_BYTES +
				  cursor->at * RUN_RECORD_BYTES,
		out_record);
	cursor->at++;
	return CH_OK;
}
