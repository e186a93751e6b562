#include "channel/callcenter/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"
#include "channel/callcenter/call.h"
#include "wire/json.h"

/* Piece by piece, as scrubbing bounds what it is given. */
static enum ch_status put_text(struct buffer *out, struct slice text)
{
	char piece[800];
	struct buffer clean = {0};
	while (text.len > 0) {
		struct slice part = slice_sub(text, 0, 256);
		size_t good = text_utf8_prefix(part);
		part.len = good > 0 ? good : 1;
		buffer_append(&clean, piece, call_scrub(part, piece));
		text = slice_sub(text, part.len, SIZE_MAX);
	}
	enum ch_status status = clean.status;
	if (status == CH_OK)
		status = json_append_string(out, buffer_slice(&clean));
	buffer_fini(&clean);
	return status;
}

static enum ch_status put_message(struct buffer *line, const struct ami_message *message)
{
	static const char *const kinds[] = {
		[AMI_BANNER] = "banner",
		[AMI_EVENT] = "event",
		[AMI_RESPONSE] = "response",
		[AMI_OTHER] = "other",
	};
	buffer_clear(line);
	buffer_printf(line, "{\"kind\":\"%s\",\"name\":", kinds[message->kind]);
	enum ch_status status = put_text(line, message->name);
	buffer_printf(line, ",\"offset\":%llu,\"fields\":[", (unsigned long long)message->offset);
	for (size_t i = 0; i < message->count && status == CH_OK; i++) {
		buffer_append_text(line, i > 0 ? ",[" : "[");
		status = put_text(line, message->fields[i].key);
		buffer_append_byte(line, ',');
		if (status == CH_OK)
			status = put_text(line, message->fields[i].value);
		buffer_append_byte(line, ']');
	}
	buffer_append_text(line, "]}\n");
	return status == CH_OK ? line->status : status;
}

/* All messages that there are by now. */
static enum ch_status messages_drain(
	struct ami_reader *reader, struct buffer *line, FILE *out, bool *out_some)
{
	struct ami_message message;
	enum ch_status status;
	while ((status = ami_reader_next(reader, &message)) != CH_END) {
		if (status == CH_TOO_LARGE) {
			*out_some = true;
			continue;
		}
		if (status == CH_OK)
			status = put_message(line, &message);
		if (status == CH_OK && fwrite(line->data, 1, line->len, out) != line->len)
			status = CH_IO;
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

static enum ch_status messages_read(int fd, FILE *out, bool *out_some)
{
	char piece[65536];
	struct buffer line = {0};
	struct ami_reader *reader = NULL;
	enum ch_status status = ami_reader_create(&reader);
	ssize_t got = 1;
	while (status == CH_OK && got > 0) {
		got = read(fd, piece, sizeof(piece));
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		status = got < 0 ? CH_IO : ami_reader_feed(reader, slice_of(piece, (size_t)got));
		if (status == CH_OK)
			status = messages_drain(reader, &line, out, out_some);
	}
	if (status == CH_OK && ami_reader_is_within(reader))
		*out_some = true;
	ami_reader_free(reader);
	buffer_fini(&line);
	return status;
}

int messages_print(char *const *paths, size_t count, FILE *out, FILE *errors)
{
	int worst = 0;
	for (size_t i = 0; i < count; i++) {
		bool some = false;
		int fd = strcmp(paths[i], "-") == 0 ? dup(STDIN_FILENO)
						    : open(paths[i], O_RDONLY | O_CLOEXEC);
		enum ch_status status = fd >= 0 ? messages_read(fd, out, &some) : file_status();
		if (fd >= 0)
			(void)close(fd); /* only read */
		if (status != CH_OK)
			fprintf(errors, "%s: %s\n", paths[i], ch_status_text(status));
		int result = status != CH_OK ? 2 : some;
		worst = result > worst ? result : worst;
	}
	return fflush(out) != 0 || ferror(out) ? 2 : worst;
}
