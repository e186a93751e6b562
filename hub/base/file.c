#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

enum ch_status file_status(void)
{
	switch (errno) {
	case ENOENT:
		return CH_NOT_FOUND;
	case ENOSPC:
	case EDQUOT:
		return CH_FULL;
	case EEXIST:
		return CH_EXISTS;
	case ENOMEM:
		return CH_NOMEM;
	default:
		return CH_IO;
	}
}

enum ch_status file_fault(const char *point)
{
	(void)point; /* fault_at is a constant in a product build */
	errno = fault_at(point);
	return errno == 0 ? CH_OK : file_status();
}

enum ch_status file_write_at(int fd, const void *data, size_t len, uint64_t offset)
{
	const uint8_t *p = data;
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_status();
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return CH_OK;
}

enum ch_status file_read_at(int fd, void *data, size_t len, uint64_t offset)
{
	uint8_t *p = data;
	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return CH_IO;
		if (n == 0)
			return CH_END;
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return CH_OK;
}

/* Reads to the end and closes. */
static enum ch_status file_drain(int fd, size_t max, struct buffer *out)
{
	enum ch_status status = CH_OK;
	int error = 0;
	size_t start = out->len;
	for (;;) {
		uint8_t *at = buffer_reserve(out, 65536);
		if (at == NULL) {
			status = CH_NOMEM;
			break;
		}
		ssize_t n = read(fd, at, 65536);
		out->len -= 65536 - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error = errno;
			status = CH_IO;
		} else if (out->len - start > max) {
			status = CH_TOO_LARGE;
		}
		if (n <= 0 || status != CH_OK)
			break;
	}
	(void)close(fd); /* read only: nothing to lose */
	if (error != 0)
		errno = error;
	return status;
}

enum ch_status file_read_all(const char *path, size_t max, struct buffer *out)
{
	struct stat info;
	/* To open a pipe waits for a writer, unless told not to; a file's reads are as ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return file_status();
	if (fstat(fd, &info) == 0 && !S_ISFIFO(info.st_mode))
		return file_drain(fd, max, out);
	(void)close(fd); /* read only: nothing to lose */
	return CH_UNSUPPORTED;
}

enum ch_status file_read_private(const char *path, size_t max, struct buffer *out)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return file_status();
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) == 0)
		return file_drain(fd, max, out);
	(void)close(fd); /* read only: nothing to lose */
	return CH_DENIED;
}

enum ch_status file_read_any(const char *path, size_t max, struct buffer *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? file_status() : file_drain(fd, max, out);
}

const char *file_why(enum ch_status status)
{
	switch (status) {
	case CH_TOO_LARGE:
		return "it is too large";
	case CH_UNSUPPORTED:
		return "it is a pipe";
	case CH_NOMEM:
		return "memory ran out";
	default:
		return strerror(errno);
	}
}

enum ch_status file_sync(int fd)
{
	return fdatasync(fd) == 0 ? CH_OK : CH_IO;
}

enum ch_status file_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	enum ch_status status = fsync(fd) == 0 ? CH_OK : CH_IO;
	(void)close(fd); /* read only */
	return status;
}

/* The folder that `path` stands in, in `out`; "." without a slash. */
static enum ch_status file_parent(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 1 : (slash == path ? 1 : (size_t)(slash - path));
	if (len >= PATH_MAX)
		return CH_TOO_LARGE;
	memcpy(out, slash == NULL ? "." : path, len);
	out[len] = 0;
	return CH_OK;
}

/* What a call before has left there is written over.  But in a folder that strangers may write to, a link could
 * lead the bytes elsewhere: it is removed. */
static int file_open_temporary(int dir, const char *path, unsigned mode)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dir, path, flags, (mode_t)mode);
	if (fd < 0 && errno == ELOOP && unlinkat(dir, path, 0) == 0)
		fd = openat(dir, path, flags, (mode_t)mode);
	return fd;
}

enum ch_status file_replace_at(int dir, const char *name, struct slice bytes, unsigned mode)
{
	char temporary[NAME_MAX + 1];
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", name) >= sizeof(temporary))
		return CH_TOO_LARGE;
	int fd = file_open_temporary(dir, temporary, mode);
	if (fd < 0)
		return file_status();
	enum ch_status status = file_write_at(fd, bytes.data, bytes.len, 0);
	if (status == CH_OK && fsync(fd) != 0)
		status = CH_IO;
	if (close(fd) != 0 && status == CH_OK)
		status = CH_IO;
	if (status == CH_OK && renameat(dir, temporary, dir, name) != 0)
		status = file_status();
	if (status != CH_OK) {
		(void)unlinkat(dir, temporary, 0); /* harmless: the next call truncates it */
		return status;
	}
	return fsync(dir) == 0 ? CH_OK : CH_IO;
}

enum ch_status file_replace(const char *path, struct slice bytes, unsigned mode)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	enum ch_status status = file_parent(path, parent);
	if (status != CH_OK)
		return status;
	int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return file_status();
	status = file_replace_at(dir, slash != NULL ? slash + 1 : path, bytes, mode);
	(void)close(dir); /* read only */
	return status;
}

static enum ch_status file_make_dir(const char *path, unsigned mode)
{
	char parent[PATH_MAX];
	struct stat info;
	if (mkdir(path, (mode_t)mode) != 0) {
		if (errno != EEXIST)
			return file_status();
		return stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? CH_OK : CH_IO;
	}
	enum ch_status status = file_parent(path, parent);
	return status == CH_OK ? file_sync_dir(parent) : status;
}

enum ch_status file_make_dirs(const char *path, unsigned mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	if (len >= sizeof(part))
		return CH_TOO_LARGE;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i < len; i++) {
		if (part[i] != '/')
			continue;
		part[i] = 0;
		enum ch_status status = file_make_dir(part, mode);
		if (status != CH_OK)
			return status;
		part[i] = '/';
	}
	return file_make_dir(part, mode);
}

static const char *file_right_fault(const char *path, int rights)
{
	return faccessat(AT_FDCWD, path, rights, AT_EACCESS) == 0 ? NULL : strerror(errno);
}

/* Going up, as far as nothing is there: where it would be made is where one must be allowed to write. */
const char *file_dir_fault(const char *path)
{
	char at[PATH_MAX];
	char above[PATH_MAX];
	struct stat info;
	size_t len = strlen(path);
	if (len == 0 || len >= sizeof(at))
		return len == 0 ? "is no name" : "is too long a name";
	memcpy(at, path, len + 1);
	while (stat(at, &info) != 0) {
		if (errno != ENOENT)
			return strerror(errno);
		if (lstat(at, &info) == 0)
			return "is a link that leads nowhere";
		while (len > 1 && at[len - 1] == '/')
			at[--len] = 0;
		if (file_parent(at, above) != CH_OK || strcmp(at, above) == 0)
			return "cannot be found"; /* where we stand is gone */
		len = strlen(above);
		memcpy(at, above, len + 1);
	}
	if (!S_ISDIR(info.st_mode))
		return "is no folder";
	return file_right_fault(at, W_OK | X_OK);
}

const char *file_write_fault(const char *path)
{
	char parent[PATH_MAX];
	struct stat info;
	if (stat(path, &info) == 0)
		return S_ISREG(info.st_mode) ? file_right_fault(path, W_OK) : "is no regular file";
	if (errno != ENOENT)
		return strerror(errno);
	if (file_parent(path, parent) != CH_OK)
		return "is too long a name";
	return stat(parent, &info) != 0 ? "there is no such folder"
					: file_right_fault(parent, W_OK | X_OK);
}

enum ch_status file_lock(const char *path, int *out_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return file_status();
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum ch_status status = errno == EWOULDBLOCK ? CH_BUSY : CH_IO;
		(void)close(fd);
		return status;
	}
	*out_fd = fd;
	return CH_OK;
}
