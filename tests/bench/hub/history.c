#include "bench/hub/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/slice.h"
#include "bench/load/complaint.h"

#define PATH_BYTES   4352
#define PAGE         4096u
#define LABEL_EPOCH  24u /* numbers of 8 bytes; a spare's label has another file's epoch */
#define LABEL_SEALED 96u /* 1 when sealed */

typedef enum ch_status visitor(struct history *history, int fd, const char *name, uint64_t size);

static enum ch_status fail(const char *path)
{
	complaint("hub", "%s: %s", path, strerror(errno));
	return CH_IO;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

static bool is_sealed(int fd, const char *name, uint64_t size)
{
	uint8_t label[LABEL_SEALED + 8];
	return size > PAGE && file_read_at(fd, label, sizeof(label), size - PAGE) == CH_OK &&
	       memcmp(label, "CHseglbl", 8) == 0 && load_le64(label + LABEL_SEALED) == 1 &&
	       load_le64(label + LABEL_EPOCH) == strtoull(name, NULL, 10);
}

static uint64_t resident(int fd, uint64_t size)
{
	uint64_t bytes = 0;
	size_t pages = (size_t)(size + PAGE - 1) / PAGE;
	unsigned char *seen = malloc(pages + 1);
	void *map = seen != NULL && size > 0 ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0)
					     : MAP_FAILED;
	if (map != MAP_FAILED && mincore(map, size, seen) == 0) {
		for (size_t i = 0; i < pages; i++)
			bytes += (seen[i] & 1) * PAGE;
	}
	if (map != MAP_FAILED)
		(void)munmap(map, size); /* it is a map of ours */
	free(seen);
	return bytes;
}

static enum ch_status look(struct history *history, int fd, const char *name, uint64_t size)
{
	if (ends_with(name, ".seg"))
		history->sealed += is_sealed(fd, name, size);
	else if (ends_with(name, ".zst"))
		history->archived++;
	history->bytes += size;
	history->resident_bytes += resident(fd, size);
	return CH_OK;
}

static enum ch_status drop(struct history *history, int fd, const char *name, uint64_t size)
{
	(void)history;
	(void)size;
	/* Dirty pages are not dropped. */
	if (fdatasync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0)
		return CH_OK;
	return fail(name);
}

static enum ch_status visit_file(
	struct history *history, const char *folder, const char *name, visitor *visit)
{
	char path[PATH_BYTES + NAME_MAX + 2];
	struct stat info;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name); /* room for both */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? CH_OK : fail(path); /* the hub has just renamed it */
	enum ch_status status = CH_OK;
	if (fstat(fd, &info) != 0)
		status = fail(path);
	else if (S_ISREG(info.st_mode))
		status = visit(history, fd, name, (uint64_t)info.st_size);
	(void)close(fd); /* read only */
	return status;
}

static enum ch_status visit_folder(
	const char *root, const char *name, struct history *history, visitor *visit)
{
	char folder[PATH_BYTES];
	if ((size_t)snprintf(folder, sizeof(folder), "%s/var/lib/carehub/journal%s", root, name) >=
		sizeof(folder))
		return CH_TOO_LARGE;
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return errno == ENOENT ? CH_OK : fail(folder);
	enum ch_status status = CH_OK;
	for (struct dirent *item; status == CH_OK && (item = readdir(dir)) != NULL;) {
		if (ends_with(item->d_name, ".seg") || ends_with(item->d_name, ".zst"))
			status = visit_file(history, folder, item->d_name, visit);
	}
	(void)closedir(dir); /* read only */
	return status;
}

static enum ch_status visit_all(const char *root, struct history *history, visitor *visit)
{
	enum ch_status status = visit_folder(root, "", history, visit);
	return status == CH_OK ? visit_folder(root, "/archive", history, visit) : status;
}

enum ch_status history_look(const char *root, struct history *out_history)
{
	struct history history = {0};
	enum ch_status status = visit_all(root, &history, look);
	if (status == CH_OK)
		*out_history = history;
	return status;
}

enum ch_status history_drop(const char *root)
{
	return visit_all(root, NULL, drop);
}
