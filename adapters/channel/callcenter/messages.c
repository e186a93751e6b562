#include "channel/callcenter/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"
#include "channel/callcenter/call.h"
#include "channel/callcenter/esl.h"
#include "channel/callcenter/recording.h"
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

static enum ch_status put_fields(
	struct buffer *line, const struct ami_field *fields, size_t count, uint64_t offset)
{
	enum ch_status status = CH_OK;
	buffer_printf(line, ",\"offset\":%llu,\"fields\":[", (unsigned long long)offset);
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		buffer_append_text(line, i > 0 ? ",[" : "[");
		status = put_text(line, fields[i].key);
		buffer_append_byte(line, ',');
		if (status == CH_OK)
			status = put_text(line, fields[i].value);
		buffer_append_byte(line, ']');
	}
	buffer_append_byte(line, ']');
	return status;
}

static enum ch_status put_ami(struct buffer *line, const struct ami_message *message)
{
	static const char *const kinds[] = {
		[AMI_BANNER] = "banner",
		[AMI_EVENT] = "event",
		[AMI_RESPONSE] = "response",
		[AMI_OTHER] = "other",
	};
	buffer_printf(line, "{\"kind\":\"%s\",\"name\":", kinds[message->kind]);
	enum ch_status status = put_text(line, message->name);
	if (status == CH_OK)
		status = put_fields(line, message->fields, message->count, message->offset);
	return status;
}

static enum ch_status put_esl(struct buffer *line, const struct esl_message *message)
{
	static const char *const kinds[] = {
		[ESL_AUTH] = "auth",
		[ESL_REPLY] = "reply",
		[ESL_ANSWER] = "answer",
		[ESL_EVENT] = "event",
		[ESL_BYE] = "bye",
		[ESL_DENIED] = "denied",
		[ESL_OTHER] = "other",
	};
	buffer_printf(line, "{\"kind\":\"%s\",\"name\":", kinds[message->kind]);
	enum ch_status status = put_text(line, message->name);
	if (status == CH_OK)
		status = put_fields(line, message->fields, message->count, message->offset);
	if (status == CH_OK && message->body.len > 0) {
		buffer_append_text(line, ",\"body\":");
		status = put_text(line, message->body);
	}
	return status;
}

/* A stream, by either of its readers. */
struct stream {
	struct ami_reader *ami;
	struct esl_reader *esl;
	struct buffer line;
	FILE *out;
	bool some; /* something was passed over, or is missing */
};

static enum ch_status stream_feed(struct stream *stream, struct slice bytes)
{
	enum ch_status status = CH_OK;
	if (stream->ami == NULL && stream->esl == NULL)
		status = recording_is_esl(bytes) ? esl_reader_create(&stream->esl)
						 : ami_reader_create(&stream->ami);
	if (status == CH_OK)
		status = stream->esl != NULL ? esl_reader_feed(stream->esl, bytes)
					     : ami_reader_feed(stream->ami, bytes);
	return status;
}

/* The next message as a line of JSON. */
static enum ch_status stream_next(struct stream *stream)
{
	struct ami_message ami;
	struct esl_message esl;
	enum ch_status status = stream->esl != NULL ? esl_reader_next(stream->esl, &esl)
						    : ami_reader_next(stream->ami, &ami);
	buffer_clear(&stream->line);
	if (status == CH_OK)
		status = stream->esl != NULL ? put_esl(&stream->line, &esl)
					     : put_ami(&stream->line, &ami);
	buffer_append_text(&stream->line, "}\n");
	return status == CH_OK ? stream->line.status : status;
}

/* All messages that there are by now. */
static enum ch_status stream_drain(struct stream *stream)
{
	enum ch_status status;
	while ((status = stream_next(stream)) != CH_END) {
		stream->some |= status == CH_TOO_LARGE;
		if (status == CH_OK && fwrite(stream->line.data, 1, stream->line.len,
					       stream->out) != stream->line.len)
			status = CH_IO;
		if (status != CH_OK && status != CH_TOO_LARGE)
			return status;
	}
	return CH_OK;
}

static enum ch_status messages_read(int fd, FILE *out, bool *out_some)
{
	char piece[65536];
	struct stream stream = {.out = out};
	enum ch_status status = CH_OK;
	ssize_t got = 1;
	while (status == CH_OK && got > 0) {
		got = read(fd, piece, sizeof(piece));
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		status = got < 0 ? CH_IO : stream_feed(&stream, slice_of(piece, (size_t)got));
		if (status == CH_OK)
			status = stream_drain(&stream);
	}
	if (status == CH_OK)
		stream.some |= stream.esl != NULL ? esl_reader_is_within(stream.esl)
						  : ami_reader_is_within(stream.ami);
	*out_some = stream.some;
	ami_reader_free(stream.ami);
	esl_reader_free(stream.esl);
	buffer_fini(&stream.line);
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
