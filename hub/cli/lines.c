#include "cli/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void lines_init(struct lines *lines, int fd, size_t max_bytes)
{
	lines->fd = fd;
	lines->max_bytes = max_bytes;
	lines->number = 0;
	lines->cut = false;
	lines->ended = false;
	lines->line = (struct buffer){0};
	lines->at = 0;
	lines->len = 0;
}

void lines_fini(struct lines *lines)
{
	buffer_fini(&lines->line);
}

static enum ch_status lines_fill(struct lines *lines, bool (*stopped)(void))
{
	ssize_t got;
	do {
		if (stopped())
			return CH_CLOSED;
		got = read(lines->fd, lines->block, sizeof(lines->block));
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return CH_IO;
	lines->at = 0;
	lines->len = (size_t)got;
	return got > 0 ? CH_OK : CH_END;
}

static void lines_keep(struct lines *lines, const uint8_t *data, size_t len)
{
	size_t room = lines->max_bytes - lines->line.len;
	lines->cut = lines->cut || len > room;
	buffer_append(&lines->line, data, len < room ? len : room);
}

enum ch_status lines_next(struct lines *lines, bool (*stopped)(void), struct slice *out_line)
{
	bool some = false; /* of a line, be it only its end */
	buffer_clear(&lines->line);
	lines->cut = false;
	while (!lines->ended) {
		if (lines->at == lines->len) {
			enum ch_status status = lines_fill(lines, stopped);
			lines->ended = status == CH_END;
			if (status != CH_OK && status != CH_END)
				return status;
			continue;
		}
		const uint8_t *from = lines->block + lines->at;
		const uint8_t *end = memchr(from, '\n', lines->len - lines->at);
		size_t len = end != NULL ? (size_t)(end - from) : lines->len - lines->at;
		lines_keep(lines, from, len);
		lines->at += len + (end != NULL);
		some = true;
		if (end != NULL)
			break;
	}
	if (!some)
		return CH_END;
	if (lines->line.status != CH_OK)
		return lines->line.status;
	lines->number++;
	*out_line = buffer_slice(&lines->line);
	return CH_OK;
}
