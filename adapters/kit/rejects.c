#include "kit/rejects.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"

/* With `cut` the line that reaches the bound is the last but one. */
static enum ch_status rejects_put(int dir, const char *name, struct slice line, bool cut)
{
	struct stat info;
	struct buffer text = {0};
	enum ch_status status = CH_OK;
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return file_status();
	if (fstat(fd, &info) != 0) {
		status = CH_IO;
		goto out;
	}
	if (cut && (uint64_t)info.st_size >= LIMIT_REJECTS_BYTES)
		goto out;
	buffer_append_slice(&text, line);
	buffer_append_byte(&text, '\n');
	if (cut && (uint64_t)info.st_size + text.len >= LIMIT_REJECTS_BYTES)
		buffer_append_text(&text, REJECTS_MORE "\n");
	status = text.status;
	if (status == CH_OK)
		status = file_write_at(fd, text.data, text.len, (uint64_t)info.st_size);
	if (status == CH_OK)
		status = file_sync(fd);
	if (status != CH_OK)
		(void)ftruncate(fd, info.st_size); /* no half lines: it will be written again */
	/* A name that is not on the disk would be no name after a power cut. */
	if (status == CH_OK && info.st_size == 0 && fsync(dir) != 0)
		status = CH_IO;
out:
	(void)close(fd); /* synced, or failed already */
	buffer_fini(&text);
	return status;
}

enum ch_status rejects_append_at(int dir, const char *name, struct slice line)
{
	return rejects_put(dir, name, line, true);
}

/* ---- One that goes on ---- */

/* The folder, open, and the name within it. */
static enum ch_status rejects_enter(const char *path, int *out_dir, const char **out_name)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL && slash > path ? (size_t)(slash - path) : 1;
	if (len >= sizeof(folder))
		return CH_TOO_LARGE;
	memcpy(folder, slash != NULL ? path : ".", len);
	folder[len] = 0;
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return file_status();
	*out_dir = dir;
	*out_name = slash != NULL ? slash + 1 : path;
	return CH_OK;
}

static bool rejects_find_free(int dir, const char *name, char out[NAME_MAX + 1])
{
	for (unsigned i = 1; i <= REJECTS_OLDER; i++) {
		struct stat info;
		if (snprintf(out, NAME_MAX + 1, "%s.%u", name, i) > NAME_MAX)
			return false;
		if (fstatat(dir, out, &info, AT_SYMLINK_NOFOLLOW) != 0)
			return true;
	}
	return false;
}

static uint64_t rejects_size(int dir, const char *name)
{
	struct stat info;
	return fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)info.st_size : 0;
}

/* The name's change is synced with the first line behind it. */
static enum ch_status rejects_make_room(int dir, const char *name)
{
	char older[NAME_MAX + 1];
	uint64_t size = rejects_size(dir, name);
	if (size < LIMIT_REJECTS_BYTES)
		return CH_OK;
	if (rejects_find_free(dir, name, older))
		return renameat(dir, name, dir, older) == 0 ? CH_OK : file_status();
	return size < 2 * (uint64_t)LIMIT_REJECTS_BYTES ? CH_OK : CH_TOO_LARGE;
}

enum ch_status rejects_append(const char *path, struct slice line)
{
	int dir = -1;
	const char *name = NULL;
	enum ch_status status = rejects_enter(path, &dir, &name);
	if (status != CH_OK)
		return status;
	status = rejects_make_room(dir, name);
	if (status == CH_OK)
		status = rejects_put(dir, name, line, false);
	(void)close(dir); /* read only */
	return status;
}

bool rejects_have_room(const char *path)
{
	int dir = -1;
	const char *name = NULL;
	char older[NAME_MAX + 1];
	if (rejects_enter(path, &dir, &name) != CH_OK)
		return true; /* to write will say why not */
	bool room = rejects_size(dir, name) < LIMIT_REJECTS_BYTES ||
		    rejects_find_free(dir, name, older);
	(void)close(dir); /* read only */
	return room;
}
