/* A spool in a folder of its own, and what can happen to its files. */
#ifndef TESTS_UNIT_KIT_SPOOL_PLACE_H
#define TESTS_UNIT_KIT_SPOOL_PLACE_H

#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit/spool.h"
#include "support/scratch.h"

#define PATH_BYTES 512
#define NAME_BYTES 256

struct place {
	char path[PATH_BYTES / 2];
	uint64_t max_bytes;
	struct spool *spool;
};

static inline void place_open(struct place *place)
{
	const struct spool_options options = {place->path, place->max_bytes};
	assert_int_equal(spool_open(&options, &place->spool), CH_OK);
}

static inline void place_begin(struct place *place)
{
	*place = (struct place){.max_bytes = SPOOL_LEAST_BYTES};
	scratch_make(place->path, "spool");
	place_open(place);
}

static inline void place_again(struct place *place)
{
	spool_close(place->spool);
	place_open(place);
}

static inline void place_end(struct place *place)
{
	spool_close(place->spool);
	scratch_remove(place->path);
}

static inline enum ch_status put(struct place *place, const char *event)
{
	uint64_t number;
	const struct spool_record record = {
		.since_us = 1700000000000000, .event = slice_text(event)};
	return spool_append(place->spool, &record, &number);
}

/* Records with the bodies "1", "2" ..., synced. */
static inline void put_many(struct place *place, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		char text[16];
		(void)snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(put(place, text), CH_OK);
	}
	assert_int_equal(spool_sync(place->spool), CH_OK);
}

static inline void expect(struct place *place, unsigned body, uint64_t *out_number)
{
	struct spool_record record;
	struct spool_damage damage;
	char text[16];
	(void)snprintf(text, sizeof(text), "%u", body);
	assert_int_equal(spool_next(place->spool, &record, &damage), CH_OK);
	assert_slice_text(record.event, text);
	if (out_number != NULL)
		*out_number = record.number;
}

static inline void expect_end(struct place *place)
{
	struct spool_record record;
	struct spool_damage damage;
	assert_int_equal(spool_next(place->spool, &record, &damage), CH_END);
}

static inline void take_many(struct place *place, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		uint64_t number;
		expect(place, i, &number);
		assert_int_equal(spool_done(place->spool, number), CH_OK);
	}
}

/* The segments that are there, in order; how many. */
static inline unsigned segments(const struct place *place, char names[64][NAME_BYTES])
{
	struct dirent **items;
	unsigned count = 0;
	int n = scandir(place->path, &items, NULL, alphasort);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		if (strstr(items[i]->d_name, ".spool") != NULL && count < 64)
			(void)snprintf(names[count++], NAME_BYTES, "%s", items[i]->d_name);
		free(items[i]);
	}
	free(items);
	return count;
}

static inline void path_of(const struct place *place, const char *name, char out[PATH_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "%s/%s", place->path, name);
}

static inline int64_t size_of(const struct place *place, const char *name)
{
	char path[PATH_BYTES];
	struct stat info;
	path_of(place, name, path);
	return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

static inline void cut(const struct place *place, const char *name, int64_t size)
{
	char path[PATH_BYTES];
	path_of(place, name, path);
	assert_int_equal(truncate(path, size), 0);
}

static inline void flip(const struct place *place, const char *name, int64_t at)
{
	char path[PATH_BYTES];
	uint8_t byte;
	path_of(place, name, path);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	assert_int_equal(close(fd), 0);
}

static inline struct spool_state look(const struct place *place)
{
	struct spool_state state;
	spool_look(place->spool, &state);
	return state;
}

#endif
