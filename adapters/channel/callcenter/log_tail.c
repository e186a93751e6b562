#include "channel/callcenter/log_tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

#define HEAD_BYTES                                                                                 \
	64u /* by which a copy is known: queue_log's first line has a time and a call's id */

struct log_tail {
	const char *path;
	const char *name; /* within its folder */
	char *folder;
	int fd; /* -1: not open */
	uint64_t offset;
	int64_t written_ns; /* when the file was last written to, as it was last looked at */
	uint8_t head[HEAD_BYTES];
	size_t head_len;
	bool complained;
	bool complained_folder;
};

/* An earlier file of the log. */
struct earlier {
	char name[NAME_MAX + 1]; /* empty: none */
	int64_t written_ns;
	ino_t inode;
};

static int64_t written_ns(const struct stat *about)
{
	return (int64_t)about->st_mtim.tv_sec * INT64_C(1000000000) + about->st_mtim.tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static void tail_close(struct log_tail *tail)
{
	if (tail->fd >= 0)
		(void)close(tail->fd); /* only read */
	tail->fd = -1;
}

/* From its beginning. */
static void tail_take(struct log_tail *tail, int fd)
{
	tail_close(tail);
	tail->fd = fd;
	tail->offset = 0;
	tail->head_len = 0;
	tail->complained = false;
}

static void tail_complain(struct log_tail *tail)
{
	if (!tail->complained)
		log_warning("logs.unreadable", "file=%s detail=\"%s\"", tail->path,
			ch_status_text(file_status()));
	tail->complained = true;
}

/* ---- Earlier files ---- */

static bool is_earlier_name(const struct log_tail *tail, const char *name)
{
	size_t len = strlen(tail->name);
	if (strncmp(name, tail->name, len) != 0 || (name[len] != '.' && name[len] != '-'))
		return false;
	const char *behind = name + len + 1;
	return *behind != 0 && behind[strspn(behind, "0123456789-.")] == 0;
}

/* Whether the file goes on in that one: it begins alike, and is as long at least. */
static bool tail_is_copied(const struct log_tail *tail, int dir, const char *name)
{
	uint8_t head[HEAD_BYTES];
	struct stat about;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool same = fstat(fd, &about) == 0 && (uint64_t)about.st_size >= tail->offset &&
		    file_read_at(fd, head, tail->head_len, 0) == CH_OK &&
		    memcmp(head, tail->head, tail->head_len) == 0;
	(void)close(fd); /* only read */
	return same;
}

/* The first that was written to after `after_ns`, and is not this one; with `copy`, only one that this goes on in.
 * A folder that cannot be listed has none. */
static void tail_find_earlier(
	struct log_tail *tail, int64_t after_ns, bool copy, struct earlier *out_earlier)
{
	struct stat here = {.st_ino = 0};
	struct stat about;
	struct dirent *entry;
	size_t looked = 0;
	out_earlier->name[0] = 0;
	DIR *folder = opendir(tail->folder);
	if (folder == NULL && !tail->complained_folder && errno != ENOENT)
		log_warning("logs.unlisted", "folder=%s detail=\"%s\"", tail->folder,
			"calls in rotated logs are not found");
	tail->complained_folder = folder == NULL;
	if (folder == NULL || (tail->fd >= 0 && fstat(tail->fd, &here) != 0))
		goto out;
	while (looked++ < LIMIT_LOG_FOLDER && (entry = readdir(folder)) != NULL) {
		if (!is_earlier_name(tail, entry->d_name) ||
			fstatat(dirfd(folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(about.st_mode) || (tail->fd >= 0 && is_same(&about, &here)) ||
			written_ns(&about) <= after_ns)
			continue;
		if (out_earlier->name[0] != 0 && written_ns(&about) >= out_earlier->written_ns)
			continue;
		if (copy && !tail_is_copied(tail, dirfd(folder), entry->d_name))
			continue;
		(void)snprintf(out_earlier->name, sizeof(out_earlier->name), "%s",
			entry->d_name); /* fits: both are NAME_MAX */
		out_earlier->written_ns = written_ns(&about);
		out_earlier->inode = about.st_ino;
	}
out:
	if (folder != NULL)
		(void)closedir(folder);
}

/* CH_BUSY: a rotation goes on, and the name is another file's by now. */
static enum ch_status tail_open_earlier(
	const struct log_tail *tail, const struct earlier *earlier, int *out_fd)
{
	struct stat about;
	int dir = open(tail->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return file_status();
	enum ch_status status = CH_OK;
	int fd = openat(dir, earlier->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0) {
		status = errno == ENOENT ? CH_BUSY : file_status();
	} else if (fstat(fd, &about) != 0 || about.st_ino != earlier->inode) {
		(void)close(fd); /* only read */
		status = CH_BUSY;
	}
	(void)close(dir); /* only read */
	if (status == CH_OK)
		*out_fd = fd;
	return status;
}

/* ---- From file to file ---- */

/* The one that was written to next, at last the log itself.  CH_END: none for now. */
static enum ch_status tail_open_next(struct log_tail *tail)
{
	struct earlier earlier;
	int fd = -1;
	tail_find_earlier(tail, tail->written_ns, false, &earlier);
	if (earlier.name[0] != 0) {
		enum ch_status status = tail_open_earlier(tail, &earlier, &fd);
		if (status == CH_BUSY)
			return CH_END;
		if (status == CH_OK) {
			tail_take(tail, fd);
			tail->written_ns = earlier.written_ns;
			return CH_OK;
		}
		log_warning("logs.unreadable", "file=%s/%s detail=\"%s\"", tail->folder,
			earlier.name, ch_status_text(status));
		tail->written_ns = earlier.written_ns; /* passed over, once */
	}
	fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		tail_take(tail, fd);
		return CH_OK;
	}
	if (errno != ENOENT)
		tail_complain(tail);
	return CH_END;
}

/* Another file has the name now, and is written to: this one will get no more. */
static bool tail_is_over(const struct log_tail *tail)
{
	struct stat now;
	struct stat here;
	return stat(tail->path, &now) == 0 && fstat(tail->fd, &here) == 0 &&
	       !is_same(&now, &here) && now.st_size > 0;
}

/* It is shorter than what was read of it, or begins otherwise. */
static bool tail_is_cut(struct log_tail *tail)
{
	uint8_t head[HEAD_BYTES];
	struct stat here;
	if (fstat(tail->fd, &here) != 0)
		return false;
	if ((uint64_t)here.st_size < tail->offset)
		return true;
	if (file_read_at(tail->fd, head, tail->head_len, 0) != CH_OK ||
		memcmp(head, tail->head, tail->head_len) != 0)
		return true;
	tail->written_ns = written_ns(&here);
	return false;
}

/* On in the copy, where there is one; else with what was written next.  *out_other: not in the copy. */
static enum ch_status tail_leave_cut(struct log_tail *tail, bool *out_other)
{
	struct earlier copy;
	int fd = -1;
	tail_find_earlier(tail, INT64_MIN, true, &copy);
	if (copy.name[0] != 0 && tail_open_earlier(tail, &copy, &fd) == CH_OK) {
		tail_close(tail);
		tail->fd = fd; /* offset and first bytes are the same */
		tail->written_ns = copy.written_ns;
		return CH_OK;
	}
	*out_other = true;
	return tail_open_next(tail);
}

static ssize_t tail_read_piece(struct log_tail *tail, uint8_t *piece, size_t room)
{
	ssize_t got;
	do
		got = pread(tail->fd, piece, room, (off_t)tail->offset);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got;
	if (tail->head_len < HEAD_BYTES && tail->offset == tail->head_len) {
		size_t more = HEAD_BYTES - tail->head_len;
		more = more < (size_t)got ? more : (size_t)got;
		memcpy(tail->head + tail->head_len, piece, more);
		tail->head_len += more;
	}
	tail->offset += (uint64_t)got;
	tail->complained = false;
	return got;
}

enum ch_status log_tail_read(
	struct log_tail *tail, uint8_t *piece, size_t room, size_t *out_len, bool *out_other)
{
	*out_other = false;
	for (size_t files = 0; files < LIMIT_LOG_FOLDER; files++) {
		enum ch_status status = CH_OK;
		if (tail->fd < 0)
			status = tail_open_next(tail);
		else if (tail_is_cut(tail))
			status = tail_leave_cut(tail, out_other);
		if (status != CH_OK)
			return status;
		/* Asked before it is read: what was written to it meanwhile is not missed. */
		bool over = tail_is_over(tail);
		ssize_t got = tail_read_piece(tail, piece, room);
		if (got > 0) {
			*out_len = (size_t)got;
			return CH_OK;
		}
		if (got < 0)
			tail_complain(tail);
		if (!over)
			return CH_END;
		*out_other = true;
		if (tail_open_next(tail) != CH_OK)
			return CH_END;
	}
	return CH_END;
}

int64_t log_tail_written_us(const struct log_tail *tail)
{
	return tail->written_ns / 1000;
}

/* ---- Life ---- */

enum ch_status log_tail_create(const char *path, int64_t since_us, struct log_tail **out_tail)
{
	const char *slash = strrchr(path, '/');
	struct log_tail *tail = calloc(1, sizeof(*tail));
	if (tail == NULL)
		return CH_NOMEM;
	tail->path = path;
	tail->name = slash != NULL ? slash + 1 : path;
	tail->folder = slash == NULL   ? strdup(".")
		       : slash == path ? strdup("/")
				       : strndup(path, (size_t)(slash - path));
	tail->fd = -1;
	tail->written_ns = since_us > INT64_MIN / 1000 && since_us < INT64_MAX / 1000
				   ? since_us * 1000
				   : INT64_MIN;
	if (tail->folder == NULL) {
		log_tail_free(tail);
		return CH_NOMEM;
	}
	*out_tail = tail;
	return CH_OK;
}

void log_tail_free(struct log_tail *tail)
{
	if (tail == NULL)
		return;
	tail_close(tail);
	free(tail->folder);
	free(tail);
}
