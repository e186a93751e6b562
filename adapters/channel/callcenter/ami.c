#include "channel/callcenter/ami.h"

#include <stdlib.h>
#include <strings.h>

#include "base/limits.h"

#define BANNER      SLICE_LITERAL("Asterisk Call Manager/")
#define END_COMMAND SLICE_LITERAL("--END COMMAND--")

/* Offsets, as the bytes move while they grow. */
struct ami_mark {
	size_t key;
	size_t key_len;
	size_t value;
	size_t value_len;
	bool output; /* a line of an old Command's output: it has no key of its own */
};

struct ami_reader {
	struct buffer bytes;
	size_t first;   /* where the message under way begins */
	size_t line;    /* where the line under way begins */
	size_t looked;  /* up to here there is no line end in it */
	uint64_t start; /* of the stream: offset of bytes[0] */
	bool skipping;  /* the message under way is over a bound */
	bool follows;   /* an old Command's output is under way */
	bool cr;        /* while skipping: the line so far is no more than a CR */
	bool empty;     /* while skipping: the line so far is empty */
	struct ami_mark *marks;
	struct ami_field *fields;
	size_t count;
};

bool ami_is(struct slice text, const char *word)
{
	size_t len = strlen(word);
	return text.len == len &&
	       (len == 0 || strncasecmp((const char *)text.data, word, len) == 0);
}

struct slice ami_get(const struct ami_message *message, const char *key)
{
	for (size_t i = 0; i < message->count; i++) {
		if (ami_is(message->fields[i].key, key))
			return message->fields[i].value;
	}
	return (struct slice){NULL, 0};
}

enum ch_status ami_reader_create(struct ami_reader **out_reader)
{
	enum ch_status status = CH_NOMEM;
	struct ami_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		goto out;
	/* Not zeroed: what is below count has been written, and a connection needs few of them. */
	reader->marks = malloc(LIMIT_AMI_FIELDS * sizeof(*reader->marks));
	reader->fields = malloc(LIMIT_AMI_FIELDS * sizeof(*reader->fields));
	if (reader->marks == NULL || reader->fields == NULL)
		goto out;
	status = CH_OK;
	*out_reader = reader;
	reader = NULL; /* the caller's now */
out:
	ami_reader_free(reader);
	return status;
}

void ami_reader_free(struct ami_reader *reader)
{
	if (reader == NULL)
		return;
	free(reader->marks);
	free(reader->fields);
	buffer_fini(&reader->bytes);
	free(reader);
}

/* Lets go of what lies before the message under way. */
static void ami_reader_compact(struct ami_reader *reader)
{
	size_t len = reader->first;
	if (len == 0)
		return;
	memmove(reader->bytes.data, reader->bytes.data + len, reader->bytes.len - len);
	reader->bytes.len -= len;
	reader->start += len;
	reader->line -= len;
	reader->looked -= len;
	reader->first = 0;
	for (size_t i = 0; i < reader->count; i++) {
		reader->marks[i].key -= reader->marks[i].output ? 0 : len;
		reader->marks[i].value -= len;
	}
}

enum ch_status ami_reader_feed(struct ami_reader *reader, struct slice bytes)
{
	ami_reader_compact(reader);
	if (bytes.len > 0)
		buffer_append_slice(&reader->bytes, bytes);
	return reader->bytes.status;
}

bool ami_reader_is_within(const struct ami_reader *reader)
{
	return reader->skipping || reader->count > 0 || reader->bytes.len > reader->line;
}

/* ---- Lines ---- */

static struct ami_mark ami_cut(struct slice text, size_t at)
{
	const uint8_t *colon = memmem(text.data, text.len, ": ", 2);
	size_t skip = 2;
	if (colon == NULL) {
		colon = memchr(text.data, ':', text.len);
		skip = 1;
	}
	if (colon == NULL)
		return (struct ami_mark){.key = at, .key_len = text.len, .value = at + text.len};
	size_t key_len = (size_t)(colon - text.data);
	return (struct ami_mark){
		.key = at,
		.key_len = key_len,
		.value = at + key_len + skip,
		.value_len = text.len - key_len - skip,
	};
}

static bool ami_key_is(const struct ami_reader *reader, size_t i, const char *word)
{
	const struct ami_mark *mark = &reader->marks[i];
	return ami_is(slice_of(reader->bytes.data + mark->key, mark->key_len), word);
}

/* In the answer to an old Command only these are lines of AMI, and only before the output. */
static bool ami_is_header(struct slice text)
{
	return (text.len >= 9 && strncasecmp((const char *)text.data, "ActionID:", 9) == 0) ||
	       (text.len >= 10 && strncasecmp((const char *)text.data, "Privilege:", 10) == 0) ||
	       (text.len >= 8 && strncasecmp((const char *)text.data, "Message:", 8) == 0);
}

/* One more line of the message.  False: it has too many. */
static bool ami_reader_add(struct ami_reader *reader, size_t at, size_t len)
{
	struct slice text = slice_of(reader->bytes.data + at, len);
	struct ami_mark mark = ami_cut(text, at);
	if (reader->count == LIMIT_AMI_FIELDS)
		return false;
	if (reader->follows) {
		bool output = reader->count > 0 && reader->marks[reader->count - 1].output;
		if (text.len >= END_COMMAND.len &&
			memcmp(text.data + text.len - END_COMMAND.len, END_COMMAND.data,
				END_COMMAND.len) == 0) {
			reader->follows = false;
			len -= END_COMMAND.len;
			if (len == 0)
				return true;
			output = true;
		}
		if (output || !ami_is_header(text))
			mark = (struct ami_mark){.value = at, .value_len = len, .output = true};
	}
	reader->marks[reader->count++] = mark;
	if (reader->count == 1 && ami_key_is(reader, 0, "Response") &&
		ami_is(slice_of(reader->bytes.data + mark.value, mark.value_len), "Follows"))
		reader->follows = true;
	return true;
}

/* ---- Messages ---- */

/* The next one begins at `at`. */
static void ami_reader_begin(struct ami_reader *reader, size_t at)
{
	reader->first = reader->line = reader->looked = at;
	reader->count = 0;
	reader->follows = false;
	reader->skipping = false;
}

static void ami_reader_finish(
	struct ami_reader *reader, size_t end, struct ami_message *out_message)
{
	const uint8_t *data = reader->bytes.data;
	struct ami_message message = {
		.kind = AMI_OTHER,
		.fields = reader->fields,
		.count = reader->count,
		.offset = reader->start + reader->first,
	};
	for (size_t i = 0; i < reader->count; i++) {
		const struct ami_mark *mark = &reader->marks[i];
		reader->fields[i] = (struct ami_field){
			mark->output ? SLICE_LITERAL("Output")
				     : slice_of(data + mark->key, mark->key_len),
			slice_of(data + mark->value, mark->value_len),
		};
	}
	for (size_t i = 0; i < reader->count && message.kind == AMI_OTHER; i++) {
		bool event = ami_is(reader->fields[i].key, "Event");
		if (!event && !ami_is(reader->fields[i].key, "Response"))
			continue;
		message.kind = event ? AMI_EVENT : AMI_RESPONSE;
		message.name = reader->fields[i].value;
	}
	ami_reader_begin(reader, end);
	*out_message = message;
}

/* Passes over the message under way as far as there are bytes.  CH_TOO_LARGE: to its end. */
static enum ch_status ami_reader_skip(struct ami_reader *reader)
{
	size_t at = reader->line;
	const uint8_t *data = reader->bytes.data;
	for (; at < reader->bytes.len; at++) {
		if (data[at] == '\n') {
			if (reader->empty || reader->cr) {
				ami_reader_begin(reader, at + 1);
				return CH_TOO_LARGE;
			}
			reader->empty = true;
			reader->cr = false;
			continue;
		}
		reader->cr = reader->empty && data[at] == '\r';
		reader->empty = false;
	}
	reader->first = reader->line = reader->looked = at;
	return CH_END;
}

/* What it had is forgotten; the line under way is still looked at. */
static void ami_reader_give_up(struct ami_reader *reader)
{
	reader->skipping = true;
	reader->empty = true;
	reader->cr = false;
	reader->count = 0;
}

static bool ami_reader_is_over(const struct ami_reader *reader, size_t end)
{
	return end - reader->line > LIMIT_AMI_LINE_BYTES ||
	       end - reader->first > LIMIT_AMI_MESSAGE_BYTES;
}

/* Takes the line that ends at `end`.  CH_OK: *out_message; CH_END: go on; CH_TOO_LARGE: give up. */
static enum ch_status ami_reader_take(
	struct ami_reader *reader, size_t end, struct ami_message *out_message)
{
	size_t line = reader->line;
	size_t len = end - line;
	if (len > 0 && reader->bytes.data[end - 1] == '\r')
		len--;
	struct slice text = slice_of(reader->bytes.data + line, len);
	if (reader->count == 0 && (len == 0 || slice_starts(text, BANNER))) {
		/* Empty lines between messages belong to none. */
		*out_message = (struct ami_message){
			.kind = AMI_BANNER, .name = text, .offset = reader->start + line};
		ami_reader_begin(reader, end + 1);
		return len == 0 ? CH_END : CH_OK;
	}
	if (len == 0 && !reader->follows) {
		ami_reader_finish(reader, end + 1, out_message);
		return CH_OK;
	}
	if (!ami_reader_add(reader, line, len))
		return CH_TOO_LARGE;
	reader->line = reader->looked = end + 1;
	return CH_END;
}

enum ch_status ami_reader_next(struct ami_reader *reader, struct ami_message *out_message)
{
	for (;;) {
		if (reader->skipping)
			return ami_reader_skip(reader);
		struct slice rest =
			slice_sub(buffer_slice(&reader->bytes), reader->looked, SIZE_MAX);
		const uint8_t *found = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;
		size_t end =
			found != NULL ? (size_t)(found - reader->bytes.data) : reader->bytes.len;
		enum ch_status status = CH_TOO_LARGE;
		if (!ami_reader_is_over(reader, end)) {
			reader->looked = end;
			if (found == NULL)
				return CH_END;
			status = ami_reader_take(reader, end, out_message);
		}
		if (status == CH_OK)
			return CH_OK;
		if (status == CH_TOO_LARGE)
			ami_reader_give_up(reader);
	}
}
