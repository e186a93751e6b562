#include "kit/rejects.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"

enum ch_status rejects_append_at(int dir, const char *name, struct slice line)
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
	if ((uint64_t)info.st_size >= LIMIT_REJECTS_BYTES)
		goto out;
	buffer_append_slice(&text, line);
	buffer_append_byte(&text, '\n');
	if ((uint64_t)info.st_size + text.len >= LIMIT_REJECTS_BYTES)
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

enum ch_status rejects_append(const char *path, struct slice line)
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
	enum ch_status status = rejects_append_at(dir, slash != NULL ? slash + 1 : path, line);
	(void)close(dir); /* read only */
	return status;
}
