/* An exchange's logs, rotated ones too, in a folder of their own. */
#ifndef UNIT_CALLCENTER_LOG_PLACE_H
#define UNIT_CALLCENTER_LOG_PLACE_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "support/scratch.h"
#include "support/unit.h"

#define LOG_PATH_BYTES (SCRATCH_BYTES + 16u)

struct log_place {
	char folder[SCRATCH_BYTES];
	char log[LOG_PATH_BYTES];
	char old[LOG_PATH_BYTES]; /* as logrotate names them */
	char older[LOG_PATH_BYTES];
	char cdr[LOG_PATH_BYTES];
};

static inline void log_place_make(struct log_place *place)
{
	scratch_make(place->folder, "logs");
	(void)snprintf(place->log, LOG_PATH_BYTES, "%s/queue_log", place->folder);
	(void)snprintf(place->old, LOG_PATH_BYTES, "%s/queue_log.1", place->folder);
	(void)snprintf(place->older, LOG_PATH_BYTES, "%s/queue_log.2", place->folder);
	(void)snprintf(place->cdr, LOG_PATH_BYTES, "%s/Master.csv", place->folder);
}

static inline void put_file(const char *path, const char *text, const char *how)
{
	FILE *file = fopen(path, how);
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void set_written(const char *path, time_t at_s)
{
	const struct timespec times[2] = {{.tv_sec = at_s}, {.tv_sec = at_s}};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static inline void put_at(const char *path, const char *text, time_t written_s)
{
	put_file(path, text, "w");
	set_written(path, written_s);
}

#endif
