#include "channel/parts/show.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "channel/parts/answer.h"
#include "channel/parts/event.h"
#include "channel/parts/parts_file.h"

struct show {
	const char *path;
	const struct parts_options *options;
	FILE *out;
	struct scanner *scanner;
	struct slice bytes;
	struct arena arena;
	struct event_writer writer;
	struct buffer line;
	int result;
};

static void show_line(struct show *show)
{
	(void)fprintf(
		show->out, "%s: %s\n", show->path, buffer_text(&show->line)); /* checked later */
	buffer_clear(&show->line);
}

static void show_flaw(struct show *show, const struct flaw *flaw)
{
	flaw_describe(flaw, &show->line);
	show_line(show);
	show->result = show->result == 2 ? 2 : 1;
}

/* What only shows when a message is made into events. */
static enum ch_status show_read(
	struct show *show, struct interchange *interchange, struct message *message)
{
	struct reading reading = {.interchange = interchange,
		.message = message,
		.options = show->options,
		.arena = &show->arena};
	if (interchange_refuses(interchange, message))
		return CH_OK;
	arena_reset(&show->arena);
	enum ch_status status = reading_run(&reading, show->scanner, show->bytes);
	if (status != CH_OK || reading.first == NULL)
		return status;
	event_writer_begin(&show->writer, &reading, show->bytes);
	return event_check(&show->writer, &reading);
}

static void show_message(
	struct show *show, const struct interchange *x, const struct message *message)
{
	buffer_printf(&show->line, "byte %" PRIu64 ": message ", message->offset);
	buffer_append_slice(&show->line, message->reference);
	buffer_append_byte(&show->line, ' ');
	message_type_text(message, &show->line);
	buffer_printf(&show->line, ", %" PRIu32 " segments: %s", message->segments,
		interchange_refuses(x, message) ? "refused" : "fine");
	show_line(show);
	for (const struct flaw_note *note = message->flaws.first; note != NULL; note = note->next)
		show_flaw(show, &note->flaw);
}

static void show_interchange(struct show *show, const struct interchange *x)
{
	buffer_printf(&show->line, "byte %" PRIu64 ": %s ", x->offset, standard_name(x->standard));
	buffer_append_slice(&show->line, x->syntax);
	if (x->standard == STANDARD_EDIFACT) {
		buffer_append_byte(&show->line, ':');
		buffer_append_slice(&show->line, x->version);
	}
	buffer_append_text(&show->line, ", ");
	buffer_append_slice(&show->line, x->reference);
	buffer_append_text(&show->line, " from ");
	buffer_append_slice(&show->line, x->sender.id);
	buffer_append_text(&show->line, " to ");
	buffer_append_slice(&show->line, x->recipient.id);
	buffer_printf(&show->line, ": %" PRIu32 " segments, %" PRIu32 " messages%s", x->segments,
		x->message_count, x->test ? ", a test" : "");
	show_line(show);
	if (x->flaw.kind != FLAW_NONE)
		show_flaw(show, &x->flaw);
	for (uint32_t i = 0; i < x->group_count; i++) {
		if (x->groups[i].flaw.kind != FLAW_NONE)
			show_flaw(show, &x->groups[i].flaw);
	}
	for (uint32_t i = 0; i < x->message_count; i++)
		show_message(show, x, &x->messages[i]);
}

static enum ch_status show_answer(struct show *show, const struct interchange *x, int64_t now_us)
{
	const struct answer_options options = {
		.number = 1, .prepared_us = now_us, .zone = show->options->zone};
	if (!x->answerable || interchange_only_acknowledges(x))
		return CH_OK;
	buffer_clear(&show->line);
	enum ch_status status = answer_write(x, &options, &show->line);
	if (status == CH_OK)
		(void)fwrite(show->line.data, 1, show->line.len, show->out); /* checked later */
	buffer_clear(&show->line);
	return status;
}

static enum ch_status show_all(struct show *show, bool answers, int64_t now_us)
{
	uint64_t at = 0;
	uint64_t found = 0;
	for (;;) {
		struct interchange interchange;
		struct flaw flaw;
		enum ch_status status =
			interchange_next(show->scanner, show->bytes, &at, &interchange, &flaw);
		if (status == CH_END)
			break;
		if (status == CH_FORMAT && !answers)
			show_flaw(show, &flaw);
		if (status == CH_FORMAT)
			continue;
		if (status != CH_OK)
			return status;
		found++;
		parts_file_agree(show->options, &interchange);
		for (uint32_t i = 0; i < interchange.message_count && status == CH_OK; i++)
			status = show_read(show, &interchange, &interchange.messages[i]);
		if (status == CH_OK && answers)
			status = show_answer(show, &interchange, now_us);
		else if (status == CH_OK)
			show_interchange(show, &interchange);
		interchange_fini(&interchange);
		if (status != CH_OK)
			return status;
	}
	if (found == 0)
		show->result = 2;
	return CH_OK;
}

int show_file(const char *path, const struct parts_options *options, bool answers, int64_t now_us,
	FILE *out, FILE *errors)
{
	struct show show = {.path = path, .options = options, .out = out};
	struct buffer bytes = {0};
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)fprintf(errors, "%s: %s\n", path, strerror(errno));
		return 2;
	}
	arena_init(&show.arena);
	enum ch_status status = scanner_create(&show.scanner);
	if (status == CH_OK)
		status = parts_file_read(fd, &bytes);
	show.bytes = buffer_slice(&bytes);
	if (status == CH_OK)
		status = show_all(&show, answers, now_us);
	if (status != CH_OK) {
		(void)fprintf(errors, "%s: %s\n", path, ch_status_text(status));
		show.result = 2;
	}
	event_writer_fini(&show.writer);
	arena_fini(&show.arena);
	scanner_free(show.scanner);
	buffer_fini(&show.line);
	buffer_fini(&bytes);
	if (!standard)
		(void)close(fd); /* only read from */
	return show.result;
}
