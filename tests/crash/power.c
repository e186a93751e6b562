#include "crash/power.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "crash/image.h"
#include "crash/load.h"
#include "daemon/engine.h"

#define RECORD_MAX (1u << 30)

static bool power_put(int fd, struct record record, struct slice payload)
{
	static const uint8_t zeros[8];
	record.magic = RECORD_MAGIC;
	record.payload = payload.len;
	struct iovec parts[] = {
		{&record, sizeof(record)},
		{(void *)(uintptr_t)payload.data, payload.len},
		{(void *)(uintptr_t)zeros, -payload.len & 7},
	};
	ssize_t whole = (ssize_t)(parts[0].iov_len + parts[1].iov_len + parts[2].iov_len);
	return writev(fd, parts, 3) == whole;
}

static bool power_sync(int fd, uint64_t node)
{
	struct record record = {.kind = RECORD_SYNC, .node = node, .offset = node};
	bool put = power_put(fd, record, (struct slice){NULL, 0});
	record.kind = RECORD_SYNCED;
	return put && power_put(fd, record, (struct slice){NULL, 0});
}

static enum ch_status power_tell_file(int fd, const char *path, uint64_t node)
{
	struct buffer bytes = {0};
	enum ch_status status = file_read_all(path, RECORD_MAX, &bytes);
	struct record record = {.kind = RECORD_WRITE, .node = node};
	if (status == CH_OK &&
		(!power_put(fd, record, buffer_slice(&bytes)) || !power_sync(fd, node)))
		status = CH_IO;
	buffer_fini(&bytes);
	return status;
}

/* What is in the folder now, as if somebody had just made and synced it. */
static enum ch_status power_tell(int fd, const char *path, uint64_t node)
{
	DIR *dir = opendir(path);
	enum ch_status status = dir != NULL ? CH_OK : CH_NOT_FOUND;
	for (struct dirent *item; status == CH_OK && (item = readdir(dir)) != NULL;) {
		char inner[PATH_MAX];
		struct stat info;
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(inner, sizeof(inner), "%s/%s", path, item->d_name) >=
				sizeof(inner) ||
			stat(inner, &info) != 0) {
			status = CH_IO;
			break;
		}
		bool folder = S_ISDIR(info.st_mode);
		struct record record = {.kind = folder ? RECORD_MKDIR : RECORD_CREATE,
			.node = info.st_ino,
			.dir = node};
		if (!power_put(fd, record, slice_text(item->d_name)))
			status = CH_IO;
		else
			status = folder ? power_tell(fd, inner, info.st_ino)
					: power_tell_file(fd, inner, info.st_ino);
	}
	if (dir != NULL)
		(void)closedir(dir); /* read only */
	return status == CH_OK && !power_sync(fd, node) ? CH_IO : status;
}

/* The data folder becomes an image of what could have been left. */
static enum ch_status power_replace(const struct power_options *options)
{
	struct buffer bytes = {0};
	struct disk *disk = NULL;
	uint64_t draw = load_mix(options->seed, 1, 1);
	struct cut cut = {
		.mode = (enum cut_mode)(CUT_DROP + draw % (CUT_MODES - CUT_DROP)),
		.seed = options->seed,
	};
	enum ch_status status = file_read_all(options->record, RECORD_MAX, &bytes);
	if (status == CH_OK)
		status = disk_create(buffer_slice(&bytes), LIE_NONE, &disk);
	if (status == CH_OK)
		status = disk_play(disk, disk_count(disk));
	if (status == CH_OK)
		status = engine_remove_folder(options->folder);
	if (status == CH_OK)
		status = image_make(disk, &cut, options->folder);
	disk_free(disk);
	buffer_fini(&bytes);
	return status;
}

enum ch_status power_fail(const struct power_options *options)
{
	struct stat info;
	enum ch_status status = power_replace(options);
	if (status != CH_OK)
		return status;
	if (stat(options->folder, &info) != 0)
		return CH_IO;
	struct record record = {.kind = RECORD_POWER, .node = info.st_ino};
	if (!power_put(options->record_fd, record, (struct slice){NULL, 0}))
		return CH_IO;
	return power_tell(options->record_fd, options->folder, info.st_ino);
}
