#include "channel/parts/logbook.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/text.h"

#define LOGBOOK_BYTES (1024u * 1024u * 1024u)

struct logbook {
	int fd;
	uint64_t size;
	struct buffer line;
};

void logbook_put(struct buffer *out, struct slice line)
{
	buffer_printf(out, "%08" PRIx32 " ", crc32c(0, line.data, line.len));
	buffer_append_slice(out, line);
	buffer_append_byte(out, '\n');
}

static enum ch_status read_line(
	struct slice line, enum ch_status (*each)(void *context, struct slice line), void *context)
{
	struct slice sum;
	char want[16];
	if (!text_split(&line, ' ', &sum) || line.len == 0)
		return CH_CORRUPT;
	(void)snprintf(want, sizeof(want), "%08" PRIx32, crc32c(0, line.data, line.len));
	return slice_equal(sum, slice_text(want)) ? each(context, line) : CH_CORRUPT;
}

static enum ch_status read_lines(struct slice text,
	enum ch_status (*each)(void *context, struct slice line), void *context, uint64_t *out_size)
{
	size_t at = 0;
	while (at < text.len) {
		const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
		if (end == NULL)
			break; /* torn */
		size_t len = (size_t)(end - (text.data + at));
		enum ch_status status = read_line(slice_of(text.data + at, len), each, context);
		if (status == CH_CORRUPT && at + len + 1 == text.len)
			break; /* the same */
		if (status != CH_OK)
			return status;
		at += len + 1;
	}
	*out_size = at;
	return CH_OK;
}

/* Opens it for adding, and syncs the folder: it may be new. */
static enum ch_status logbook_begin(struct logbook *logbook, const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	if (len >= sizeof(parent))
		return CH_TOO_LARGE;
	memcpy(parent, path, len);
	parent[len] = 0;
	logbook->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (logbook->fd < 0)
		return file_status();
	if (ftruncate(logbook->fd, (off_t)logbook->size) != 0)
		return CH_IO;
	enum ch_status status = file_sync(logbook->fd);
	return status == CH_OK ? file_sync_dir(len > 0 ? parent : ".") : status;
}

enum ch_status logbook_open(const char *path,
	enum ch_status (*each)(void *context, struct slice line), void *context,
	struct logbook **out_logbook)
{
	enum ch_status status = CH_NOMEM;
	struct buffer text = {0};
	struct logbook *logbook = calloc(1, sizeof(*logbook));
	if (logbook == NULL)
		goto out;
	logbook->fd = -1;
	status = file_read_all(path, LOGBOOK_BYTES, &text);
	if (status == CH_NOT_FOUND)
		status = CH_OK;
	if (status == CH_OK)
		status = read_lines(buffer_slice(&text), each, context, &logbook->size);
	if (status == CH_OK)
		status = logbook_begin(logbook, path);
	if (status != CH_OK)
		goto out;
	*out_logbook = logbook;
	logbook = NULL; /* the caller's now */
out:
	buffer_fini(&text);
	logbook_close(logbook);
	return status;
}

void logbook_close(struct logbook *logbook)
{
	if (logbook == NULL)
		return;
	if (logbook->fd >= 0)
		(void)close(logbook->fd); /* every line was synced */
	buffer_fini(&logbook->line);
	free(logbook);
}

enum ch_status logbook_append(struct logbook *logbook, struct slice line)
{
	buffer_clear(&logbook->line);
	logbook_put(&logbook->line, line);
	enum ch_status status = logbook->line.status;
	if (status == CH_OK)
		status = file_write_at(
			logbook->fd, logbook->line.data, logbook->line.len, logbook->size);
	if (status == CH_OK)
		status = file_sync(logbook->fd);
	if (status == CH_OK)
		logbook->size += logbook->line.len;
	return status;
}
