/* Preloaded into carehubd: records (record.h) what it does to its data folder.
 *
 * An operation and its record are made under one lock, so that the record's order is the order of
 * effect; a sync is recorded when it begins and again when it has succeeded, and runs without the lock,
 * for what is written meanwhile is not covered by it.  A process that is to die kills itself here,
 * between two operations, so that none is done and not recorded.
 *
 * carehubd has an fdatasync of its own in front of the C library's (hub/store/pace.c), which makes the
 * system call through syscall(2): so that is recorded too.  Writes through a mapping are not seen; nobody
 * makes any but LMDB's lock file, which is worth nothing after a power cut. */
#include "crash/record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DESCRIPTORS 4096
#define EXPORT      __attribute__((visibility("default")))

/* The C library's own. */
#define REAL(name) ((__typeof__(&name))(uintptr_t)record_real(#name))

struct descriptor {
	uint64_t node; /* 0: not below the folder */
	bool syncs;
};

static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;
static struct descriptor descriptors[DESCRIPTORS];
static const char *folder;
static size_t folder_len;
static int file = -1;
static uint64_t limit;
static const char *behind;
static size_t behind_len;
static uint64_t count;
static uint64_t syncs;

static void *record_real(const char *name)
{
	void *real = dlsym(RTLD_NEXT, name);
	if (real == NULL)
		abort();
	return real;
}

/* ---- Writing records; the lock is held ---- */

static void record_put(
	struct record record, const void *a, size_t a_len, const void *b, size_t b_len)
{
	record.magic = RECORD_MAGIC;
	record.payload = a_len + b_len;
	uint64_t zero = 0;
	size_t padding = -(a_len + b_len) & 7; /* each record begins at a multiple of 8 */
	struct iovec parts[4] = {
		{&record, sizeof(record)},
		{(void *)(uintptr_t)a, a_len},
		{(void *)(uintptr_t)b, b_len},
		{&zero, padding},
	};
	ssize_t whole = (ssize_t)(sizeof(record) + a_len + b_len + padding);
	if (REAL(writev)(file, parts, 4) != whole)
		abort();
	count++;
	bool here = behind_len == 0 || (record.kind == RECORD_WRITE && a_len >= behind_len &&
					       memcmp(a, behind, behind_len) == 0);
	if (limit != 0 && count >= limit && here)
		(void)kill(getpid(), SIGKILL);
}

static void record_name(struct record record, const char *name)
{
	record_put(record, name, strlen(name), NULL, 0);
}

__attribute__((constructor)) static void record_begin(void)
{
	struct stat info;
	const char *path = getenv(RECORD_ENV_FILE);
	const char *most = getenv(RECORD_ENV_LIMIT);
	folder = getenv(RECORD_ENV_FOLDER);
	if (path == NULL || folder == NULL || stat(folder, &info) != 0)
		return;
	folder_len = strlen(folder);
	limit = most != NULL ? strtoull(most, NULL, 10) : 0;
	behind = getenv(RECORD_ENV_BEHIND);
	behind_len = behind != NULL ? strlen(behind) : 0;
	file = REAL(openat)(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	syncs = (uint64_t)getpid() << 32;
	if (file >= 0)
		record_put((struct record){.kind = RECORD_LIFE, .node = info.st_ino}, NULL, 0, NULL,
			0);
}

/* ---- Who is who ---- */

static struct descriptor *descriptor_of(int fd)
{
	static struct descriptor none;
	none = (struct descriptor){0};
	return fd >= 0 && fd < DESCRIPTORS && file >= 0 ? &descriptors[fd] : &none;
}

/* The folder that `path` stands in and its last part; false when that is none of ours. */
static bool place_of(int dir_fd, const char *path, uint64_t *out_dir, const char **out_name)
{
	struct stat info;
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (file < 0)
		return false;
	if (slash == NULL) {
		*out_name = path;
		*out_dir = dir_fd == AT_FDCWD ? 0 : descriptor_of(dir_fd)->node;
		return *out_dir != 0;
	}
	if (strncmp(path, folder, folder_len) != 0 || path[folder_len] != '/')
		return false;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	if (stat(parent, &info) != 0)
		return false;
	*out_dir = info.st_ino;
	*out_name = slash + 1;
	return true;
}

static uint64_t node_at(int dir_fd, const char *path)
{
	struct stat info;
	return fstatat(dir_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0 ? info.st_ino : 0;
}

/* ---- Names ---- */

static void record_opened(int dir_fd, const char *path, int flags, int fd, uint64_t before)
{
	struct stat info;
	uint64_t dir;
	const char *name;
	bool whole = strcmp(path, folder) == 0;
	if (fstat(fd, &info) != 0 || fd >= DESCRIPTORS)
		abort();
	descriptors[fd] = (struct descriptor){0};
	if (!whole && !place_of(dir_fd, path, &dir, &name))
		return;
	descriptors[fd].node = info.st_ino;
	descriptors[fd].syncs = (flags & (O_DSYNC | O_SYNC)) != 0;
	if (!whole && before == 0)
		record_name((struct record){.kind = RECORD_CREATE, .node = info.st_ino, .dir = dir},
			name);
	else if ((flags & O_TRUNC) != 0)
		record_put((struct record){.kind = RECORD_SIZE, .node = info.st_ino}, NULL, 0, NULL,
			0);
}

static int record_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (file < 0)
		return REAL(openat)(dir_fd, path, flags, mode);
	(void)pthread_mutex_lock(&record_lock);
	uint64_t before = node_at(dir_fd, path);
	int fd = REAL(openat)(dir_fd, path, flags, mode);
	int error = errno;
	if (fd >= 0)
		record_opened(dir_fd, path, flags, fd, before);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return record_open(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int dir_fd, const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return record_open(dir_fd, path, flags, mode);
}

EXPORT int mkdirat(int dir_fd, const char *path, mode_t mode)
{
	uint64_t dir;
	const char *name;
	(void)pthread_mutex_lock(&record_lock);
	int result = REAL(mkdirat)(dir_fd, path, mode);
	int error = errno;
	if (result == 0 && place_of(dir_fd, path, &dir, &name))
		record_name(
			(struct record){
				.kind = RECORD_MKDIR, .node = node_at(dir_fd, path), .dir = dir},
			name);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return result;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

EXPORT int renameat(int old_fd, const char *old_path, int new_fd, const char *new_path)
{
	struct record record = {.kind = RECORD_RENAME};
	const char *old_name;
	const char *new_name;
	(void)pthread_mutex_lock(&record_lock);
	int result = REAL(renameat)(old_fd, old_path, new_fd, new_path);
	int error = errno;
	if (result == 0 && place_of(old_fd, old_path, &record.dir, &old_name) &&
		place_of(new_fd, new_path, &record.other, &new_name)) {
		record.node = node_at(new_fd, new_path);
		record_put(record, old_name, strlen(old_name) + 1, new_name, strlen(new_name));
	}
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return result;
}

EXPORT int rename(const char *old_path, const char *new_path)
{
	return renameat(AT_FDCWD, old_path, AT_FDCWD, new_path);
}

EXPORT int unlinkat(int dir_fd, const char *path, int flags)
{
	uint64_t dir;
	const char *name;
	(void)pthread_mutex_lock(&record_lock);
	uint64_t node = node_at(dir_fd, path);
	int result = REAL(unlinkat)(dir_fd, path, flags);
	int error = errno;
	if (result == 0 && place_of(dir_fd, path, &dir, &name))
		record_name((struct record){.kind = RECORD_UNLINK, .node = node, .dir = dir}, name);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return result;
}

EXPORT int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int close(int fd)
{
	if (fd >= 0 && fd < DESCRIPTORS)
		descriptors[fd] = (struct descriptor){0};
	return REAL(close)(fd);
}

/* ---- Bytes ---- */

static void record_bytes(
	const struct descriptor *descriptor, const void *data, ssize_t len, off_t offset)
{
	if (len > 0)
		record_put((struct record){.kind = RECORD_WRITE,
				   .durable = descriptor->syncs,
				   .node = descriptor->node,
				   .offset = (uint64_t)offset},
			data, (size_t)len, NULL, 0);
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	const struct descriptor *descriptor = descriptor_of(fd);
	if (descriptor->node == 0)
		return REAL(pwrite)(fd, data, len, offset);
	(void)pthread_mutex_lock(&record_lock);
	ssize_t n = REAL(pwrite)(fd, data, len, offset);
	int error = errno;
	record_bytes(descriptor, data, n, offset);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return n;
}

EXPORT ssize_t write(int fd, const void *data, size_t len)
{
	const struct descriptor *descriptor = descriptor_of(fd);
	if (descriptor->node == 0)
		return REAL(write)(fd, data, len);
	(void)pthread_mutex_lock(&record_lock);
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t n = REAL(write)(fd, data, len);
	int error = errno;
	record_bytes(descriptor, data, n, offset);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return n;
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int parts_count)
{
	const struct descriptor *descriptor = descriptor_of(fd);
	if (descriptor->node == 0)
		return REAL(writev)(fd, parts, parts_count);
	(void)pthread_mutex_lock(&record_lock);
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t n = REAL(writev)(fd, parts, parts_count);
	int error = errno;
	ssize_t left = n;
	for (int i = 0; i < parts_count && left > 0; i++) {
		ssize_t len = (ssize_t)parts[i].iov_len < left ? (ssize_t)parts[i].iov_len : left;
		record_bytes(descriptor, parts[i].iov_base, len, offset);
		offset += len;
		left -= len;
	}
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return n;
}

EXPORT int ftruncate(int fd, off_t size)
{
	const struct descriptor *descriptor = descriptor_of(fd);
	if (descriptor->node == 0)
		return REAL(ftruncate)(fd, size);
	(void)pthread_mutex_lock(&record_lock);
	int result = REAL(ftruncate)(fd, size);
	int error = errno;
	if (result == 0)
		record_put((struct record){.kind = RECORD_SIZE,
				   .node = descriptor->node,
				   .offset = (uint64_t)size},
			NULL, 0, NULL, 0);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return result;
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
	const struct descriptor *descriptor = descriptor_of(fd);
	if (descriptor->node == 0 || mode == FALLOC_FL_KEEP_SIZE)
		return REAL(fallocate)(fd, mode, offset, len);
	if (mode != 0)
		abort(); /* nobody does it yet; it would have to be recorded */
	(void)pthread_mutex_lock(&record_lock);
	int result = REAL(fallocate)(fd, mode, offset, len);
	int error = errno;
	if (result == 0)
		record_put((struct record){.kind = RECORD_RESERVE,
				   .node = descriptor->node,
				   .offset = (uint64_t)(offset + len)},
			NULL, 0, NULL, 0);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
	return result;
}

/* ---- Syncs ---- */

/* A sync takes its time here as it does on a disk: in memory it is over before anybody could be told
 * too early. */
#define SYNC_US 1000

static uint64_t record_sync(uint64_t node)
{
	(void)pthread_mutex_lock(&record_lock);
	uint64_t number = ++syncs;
	record_put((struct record){.kind = RECORD_SYNC, .node = node, .offset = number}, NULL, 0,
		NULL, 0);
	(void)pthread_mutex_unlock(&record_lock);
	(void)usleep(SYNC_US);
	return number;
}

static void record_synced(uint64_t node, uint64_t number)
{
	int error = errno;
	(void)pthread_mutex_lock(&record_lock);
	record_put((struct record){.kind = RECORD_SYNCED, .node = node, .offset = number}, NULL, 0,
		NULL, 0);
	(void)pthread_mutex_unlock(&record_lock);
	errno = error;
}

EXPORT int fsync(int fd)
{
	uint64_t node = descriptor_of(fd)->node;
	if (node == 0)
		return REAL(fsync)(fd);
	uint64_t number = record_sync(node);
	int result = REAL(fsync)(fd);
	if (result == 0)
		record_synced(node, number);
	return result;
}

EXPORT int fdatasync(int fd)
{
	uint64_t node = descriptor_of(fd)->node;
	if (node == 0)
		return REAL(fdatasync)(fd);
	uint64_t number = record_sync(node);
	int result = REAL(fdatasync)(fd);
	if (result == 0)
		record_synced(node, number);
	return result;
}

EXPORT long syscall(long call, ...)
{
	long values[6];
	va_list arguments;
	va_start(arguments, call);
	for (int i = 0; i < 6; i++)
		values[i] = va_arg(arguments, long);
	va_end(arguments);
	uint64_t node = 0;
	if (call == SYS_fdatasync || call == SYS_fsync)
		node = descriptor_of((int)values[0])->node;
	uint64_t number = node != 0 ? record_sync(node) : 0;
	long result = REAL(syscall)(
		call, values[0], values[1], values[2], values[3], values[4], values[5]);
	if (node != 0 && result == 0)
		record_synced(node, number);
	return result;
}
