/* A disk that can lose its power.  The linker puts these functions in front of the C library's
 * (--wrap), so that every write, sync, rename and deletion of the code under test passes here.
 *
 * What was written and not synced is remembered with what stood there before, in sectors of 512
 * bytes.  When the power is cut, each such sector is either new or old, by chance; renames and
 * deletions that the folder's sync did not cover are undone from some point on, as a journaling
 * file system does it.  Between the cut and disk_power_on every call fails, so that the code
 * under test comes to its end.  A sync that fails is the last one that tries: later ones succeed
 * and write nothing. */
#ifndef TEST_JOURNAL_DISK_H
#define TEST_JOURNAL_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_SECTOR_BYTES 512u
#define DISK_FILES_MAX    256u
#define DISK_CHANGES_MAX  64u

struct disk_sector {
	uint64_t number;
	bool stuck; /* a sync failed: the kernel takes it for clean until the next write */
	uint8_t before[DISK_SECTOR_BYTES];
};

struct disk_file {
	ino_t inode;
	int fd; /* our own, to write old sectors back */
	struct disk_sector *sectors;
	size_t count;
	size_t capacity;
};

/* A rename or deletion whose folder is not synced yet. */
struct disk_change {
	ino_t folder;
	int folder_fd;
	bool renamed;  /* else deleted */
	char name[64]; /* that is gone */
	char to[64];   /* that it has now */
	char hidden
		[64]; /* a second link to what the name, or the target, held before; "": nothing */
};

struct disk {
	uint64_t random;
	uint64_t left; /* calls until the power goes; 0: it is off */
	bool lying;    /* syncs do nothing, which must show */
	uint64_t cuts;
	uint64_t hidden;
	struct disk_file files[DISK_FILES_MAX];
	size_t file_count;
	struct disk_change changes[DISK_CHANGES_MAX];
	size_t change_count;
};

static struct disk disk = {.random = 1, .left = UINT64_MAX};

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t offset);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_rename(const char *from, const char *to);
int __real_unlinkat(int fd, const char *name, int flags);

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlinkat(int fd, const char *name, int flags);

#define disk_must(expression) ((expression) ? (void)0 : (perror("disk.h: " #expression), abort()))

static inline uint64_t disk_draw(uint64_t below)
{
	disk.random = disk.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (disk.random >> 33) % below;
}

/* True when this call still happens. */
static inline bool disk_tick(void)
{
	if (disk.left == 0) {
		errno = EIO;
		return false;
	}
	disk.left--;
	return true;
}

static inline struct disk_file *disk_find(int fd)
{
	struct stat file;
	char path[64];
	disk_must(fstat(fd, &file) == 0);
	for (size_t i = 0; i < disk.file_count; i++) {
		if (disk.files[i].inode == file.st_ino)
			return &disk.files[i];
	}
	disk_must(disk.file_count < DISK_FILES_MAX);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct disk_file *found = &disk.files[disk.file_count++];
	*found = (struct disk_file){.inode = file.st_ino, .fd = open(path, O_RDWR | O_CLOEXEC)};
	disk_must(found->fd >= 0);
	return found;
}

static inline void disk_remember(struct disk_file *file, uint64_t number)
{
	for (size_t i = 0; i < file->count; i++) {
		if (file->sectors[i].number == number) {
			file->sectors[i].stuck = false;
			return;
		}
	}
	if (file->count == file->capacity) {
		file->capacity = file->capacity * 2 + 64;
		file->sectors = realloc(file->sectors, file->capacity * sizeof(*file->sectors));
		disk_must(file->sectors != NULL);
	}
	struct disk_sector *sector = &file->sectors[file->count++];
	*sector = (struct disk_sector){.number = number};
	disk_must(pread(file->fd, sector->before, DISK_SECTOR_BYTES,
			  (off_t)(number * DISK_SECTOR_BYTES)) >= 0);
}

static inline void disk_forget(size_t i)
{
	(void)close(disk.files[i].fd);
	free(disk.files[i].sectors);
	disk.files[i] = disk.files[--disk.file_count];
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (!disk_tick())
		return -1;
	struct disk_file *file = disk_find(fd);
	for (uint64_t at = (uint64_t)offset / DISK_SECTOR_BYTES * DISK_SECTOR_BYTES;
		at < (uint64_t)offset + len; at += DISK_SECTOR_BYTES)
		disk_remember(file, at / DISK_SECTOR_BYTES);
	return __real_pwrite(fd, data, len, offset);
}

/* All sectors reach the disk, or none ever does by itself. */
static inline void disk_settle(ino_t inode, bool good)
{
	for (size_t i = 0; i < disk.file_count; i++) {
		struct disk_file *file = &disk.files[i];
		size_t kept = 0;
		if (file->inode != inode)
			continue;
		for (size_t j = 0; j < file->count; j++) {
			file->sectors[j].stuck = file->sectors[j].stuck || !good;
			if (file->sectors[j].stuck)
				file->sectors[kept++] = file->sectors[j];
		}
		file->count = kept;
	}
}

static inline int disk_sync(int fd)
{
	struct stat file;
	if (disk.lying)
		return disk_tick() ? 0 : -1;
	if (!disk_tick()) {
		disk_must(fstat(fd, &file) == 0);
		disk_settle(file.st_ino, false);
		errno = EIO;
		return -1;
	}
	disk_must(fstat(fd, &file) == 0);
	if (S_ISDIR(file.st_mode)) {
		size_t kept = 0;
		for (size_t i = 0; i < disk.change_count; i++) {
			struct disk_change *change = &disk.changes[i];
			if (change->folder != file.st_ino) {
				disk.changes[kept++] = *change;
				continue;
			}
			if (change->hidden[0] != 0)
				(void)__real_unlinkat(change->folder_fd, change->hidden, 0);
			(void)close(change->folder_fd);
		}
		disk.change_count = kept;
		return 0;
	}
	disk_settle(file.st_ino, true);
	return 0;
}

int __wrap_fdatasync(int fd)
{
	return disk_sync(fd);
}

int __wrap_fsync(int fd)
{
	return disk_sync(fd);
}

static inline struct disk_change *disk_change(int folder_fd, const char *name, const char *keep)
{
	struct stat folder;
	disk_must(disk.change_count < DISK_CHANGES_MAX);
	struct disk_change *change = &disk.changes[disk.change_count++];
	*change = (struct disk_change){0};
	disk_must(fstat(folder_fd, &folder) == 0);
	change->folder = folder.st_ino;
	/* Not a duplicate: that would hold the journal's lock. */
	change->folder_fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	disk_must(change->folder_fd >= 0);
	(void)snprintf(change->name, sizeof(change->name), "%s", name);
	(void)snprintf(change->hidden, sizeof(change->hidden), "undo-%llu",
		(unsigned long long)disk.hidden++);
	if (linkat(folder_fd, keep, folder_fd, change->hidden, 0) != 0)
		change->hidden[0] = 0;
	return change;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (!disk_tick())
		return -1;
	struct disk_change *change = disk_change(to_fd, from, to);
	change->renamed = true;
	(void)snprintf(change->to, sizeof(change->to), "%s", to);
	return __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_rename(const char *from, const char *to)
{
	char folder[512];
	const char *slash = strrchr(to, '/');
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - to), to);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	disk_must(fd >= 0);
	int result = __wrap_renameat(fd, strrchr(from, '/') + 1, fd, slash + 1);
	int error = errno;
	(void)close(fd);
	errno = error;
	return result;
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	if (!disk_tick())
		return -1;
	(void)disk_change(fd, name, name);
	return __real_unlinkat(fd, name, flags);
}

static inline void disk_undo(const struct disk_change *change)
{
	int fd = change->folder_fd;
	if (change->renamed) {
		disk_must(__real_renameat(fd, change->to, fd, change->name) == 0);
		if (change->hidden[0] != 0)
			disk_must(__real_renameat(fd, change->hidden, fd, change->to) == 0);
	} else {
		disk_must(__real_renameat(fd, change->hidden, fd, change->name) == 0);
	}
}

/* So many calls still happen. */
static inline void disk_power_cut_after(uint64_t calls)
{
	disk.left = calls;
}

/* What a restart finds; the code under test holds nothing open any more. */
static inline void disk_power_on(void)
{
	bool cut = disk.left == 0;
	disk.cuts += cut;
	while (disk.file_count > 0) {
		struct disk_file *file = &disk.files[0];
		for (size_t i = 0; i < file->count && cut; i++) {
			if (disk_draw(2) == 0)
				disk_must(__real_pwrite(file->fd, file->sectors[i].before,
						  DISK_SECTOR_BYTES,
						  (off_t)(file->sectors[i].number *
							  DISK_SECTOR_BYTES)) > 0);
		}
		disk_forget(0);
	}
	size_t kept = cut ? disk_draw(disk.change_count + 1) : disk.change_count;
	while (disk.change_count > 0) {
		struct disk_change *change = &disk.changes[--disk.change_count];
		if (disk.change_count >= kept)
			disk_undo(change);
		else if (change->hidden[0] != 0)
			(void)__real_unlinkat(change->folder_fd, change->hidden, 0);
		(void)close(change->folder_fd);
	}
	disk.left = UINT64_MAX;
}

#endif
