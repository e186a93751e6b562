#include "kit/folder_shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "kit/rejects.h"

enum ch_status folder_shelf_open(
	const char *folder, const char *name, struct folder_shelf *out_shelf)
{
	struct folder_shelf shelf = {.shelf = -1};
	shelf.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (shelf.folder < 0)
		return errno == ENOENT || errno == ENOTDIR ? CH_BUSY : file_status();
	shelf.shelf = openat(shelf.folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (shelf.shelf < 0) {
		enum ch_status status =
			errno == ENOTDIR || errno == ELOOP ? CH_DENIED : file_status();
		(void)close(shelf.folder); /* nothing was written */
		return status;
	}
	*out_shelf = shelf;
	return CH_OK;
}

void folder_shelf_close(struct folder_shelf *shelf)
{
	(void)close(shelf->shelf); /* what matters was synced */
	(void)close(shelf->folder);
}

/* ---- What is told ---- */

static bool shelf_name(const char *name, const char *suffix, char out[NAME_MAX + 1])
{
	return (size_t)snprintf(out, NAME_MAX + 1, "%s%s", name, suffix) <= NAME_MAX;
}

enum ch_status folder_shelf_write(
	const struct folder_shelf *shelf, const char *name, const char *suffix, struct slice text)
{
	char full[NAME_MAX + 1];
	if (!shelf_name(name, suffix, full))
		return CH_TOO_LARGE;
	if (text.len > 0)
		return file_replace_at(shelf->shelf, full, text, 0644);
	(void)unlinkat(shelf->shelf, full, 0); /* mostly there is none */
	return CH_OK;
}

enum ch_status folder_shelf_append(
	const struct folder_shelf *shelf, const char *name, const char *suffix, struct slice line)
{
	char full[NAME_MAX + 1];
	return shelf_name(name, suffix, full) ? rejects_append_at(shelf->shelf, full, line)
					      : CH_TOO_LARGE;
}

enum ch_status folder_shelf_append_lazily(
	const struct folder_shelf *shelf, const char *name, const char *suffix, struct slice line)
{
	char full[NAME_MAX + 1];
	if (!shelf_name(name, suffix, full))
		return CH_TOO_LARGE;
	int fd = openat(
		shelf->shelf, full, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return file_status();
	enum ch_status status =
		write(fd, line.data, line.len) == (ssize_t)line.len ? CH_OK : file_status();
	(void)close(fd); /* nothing depends on it */
	return status;
}

/* ---- The file ---- */

bool folder_shelf_see(const struct folder_shelf *shelf, const char *name, struct stat *out_info)
{
	return fstatat(shelf->folder, name, out_info, AT_SYMLINK_NOFOLLOW) == 0;
}

bool folder_shelf_see_taken(
	const struct folder_shelf *shelf, const char *name, struct stat *out_info)
{
	return fstatat(shelf->shelf, name, out_info, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool shelf_is_moment(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

/* The same bytes, as far as can be told without reading them; a rename changes nothing of this. */
static bool shelf_is_as_it_was(const struct stat *before, const struct stat *now)
{
	return before->st_dev == now->st_dev && before->st_ino == now->st_ino &&
	       before->st_size == now->st_size && shelf_is_moment(&before->st_mtim, &now->st_mtim);
}

/* The time of the inode besides: a copy may bring the time of last change along. */
bool folder_shelf_is_same(const struct stat *before, const struct stat *now)
{
	return shelf_is_as_it_was(before, now) && shelf_is_moment(&before->st_ctim, &now->st_ctim);
}

static enum ch_status shelf_look_again(
	const struct folder_shelf *shelf, const char *name, const struct stat *seen)
{
	struct stat now;
	return folder_shelf_see(shelf, name, &now) && folder_shelf_is_same(seen, &now) ? CH_OK
										       : CH_BUSY;
}

/* Somebody was quicker than the move, which took his file away unread.  Should there be a yet newer one by
 * now, it stays: this one would not have outlived it in any case. */
static enum ch_status shelf_give_back(const struct folder_shelf *shelf, const char *name)
{
	if (renameat2(shelf->shelf, name, shelf->folder, name, RENAME_NOREPLACE) != 0 &&
		errno != EEXIST && renameat(shelf->shelf, name, shelf->folder, name) != 0)
		return file_status(); /* a share may not know the flag */
	return CH_BUSY;
}

enum ch_status folder_shelf_take(
	const struct folder_shelf *shelf, const char *name, const struct stat *seen)
{
	struct stat taken;
	enum ch_status status = shelf_look_again(shelf, name, seen);
	if (status != CH_OK)
		return status;
	if (renameat(shelf->folder, name, shelf->shelf, name) != 0) {
		status = file_status();
		return shelf_look_again(shelf, name, seen) == CH_BUSY ? CH_BUSY : status;
	}
	if (folder_shelf_see_taken(shelf, name, &taken) && !shelf_is_as_it_was(seen, &taken))
		return shelf_give_back(shelf, name);
	return fsync(shelf->shelf) == 0 ? CH_OK : CH_IO;
}
