#include "kit/translate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/limits.h"
#include "kit/cloudevent.h"
#include "kit/trace.h"
#include "wire/types.h"

#define SKIPPED_KINDS 8u

/* One file. */
struct translation {
	const char *path;
	FILE *out;
	FILE *errors;
	struct buffer line;
	uint64_t events;
	uint64_t rejected;
	uint64_t incomplete;
	uint64_t lacking;
	uint64_t skipped;
	uint64_t traces; /* that were none */
	bool fatal;
	struct {
		char name[LIMIT_NAME_BYTES + 1];
		uint64_t count;
	} kinds[SKIPPED_KINDS]; /* further kinds count in `skipped` alone */
};

/* Editors jump to FILE:LINE:COLUMN when nothing stands between. */
static void translate_say(const struct translation *tr, struct slice text)
{
	bool number = text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9';
	(void)fprintf(tr->errors, "%s:%s%.*s\n", tr->path, number ? "" : " ", (int)text.len,
		(const char *)text.data);
}

static void translate_say_of(
	struct translation *tr, const struct kit_item *item, const char *what, const char *field)
{
	buffer_clear(&tr->line);
	buffer_append_slice(&tr->line, item->place);
	buffer_append_text(&tr->line, item->place.len > 0 ? ": " : "");
	buffer_append_slice(&tr->line, item->envelope->id);
	buffer_printf(&tr->line, ": %s%s", what, field);
	translate_say(tr, buffer_slice(&tr->line));
}

static enum ch_status translate_event(struct translation *tr, const struct kit_item *item)
{
	struct envelope envelope = *item->envelope;
	const struct message_parts parts = {envelope.data, envelope.personal};
	const struct event_type *type = types_find(envelope.type);
	const char *lacking = NULL;
	tr->traces += trace_settle(&envelope);
	buffer_clear(&tr->line);
	enum ch_status status = cloudevent_write(&envelope, NULL, &tr->line);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK) {
		tr->rejected++;
		translate_say_of(tr, item, ch_status_text(status), "");
		return CH_OK;
	}
	tr->events++;
	if (fwrite(tr->line.data, 1, tr->line.len, tr->out) != tr->line.len)
		return CH_IO;
	if (type != NULL && types_check_mandatory(type, &parts, &lacking) != CH_OK) {
		tr->lacking++;
		translate_say_of(tr, item, "the hub will set it aside, for want of ", lacking);
	}
	return CH_OK;
}

static void translate_skip(struct translation *tr, struct slice name)
{
	tr->skipped++;
	if (name.len > LIMIT_NAME_BYTES)
		name.len = LIMIT_NAME_BYTES;
	for (size_t i = 0; i < SKIPPED_KINDS && name.len > 0; i++) {
		if (tr->kinds[i].count == 0)
			memcpy(tr->kinds[i].name, name.data, name.len);
		if (slice_equal(slice_text(tr->kinds[i].name), name)) {
			tr->kinds[i].count++;
			return;
		}
	}
}

static enum ch_status translate_item(struct translation *tr, const struct kit_item *item)
{
	switch (item->what) {
	case KIT_EVENT:
		return translate_event(tr, item);
	case KIT_REJECT:
	case KIT_INCOMPLETE:
		tr->rejected += item->what == KIT_REJECT;
		tr->incomplete += item->what == KIT_INCOMPLETE;
		tr->fatal = tr->fatal || item->fatal;
		translate_say(tr, item->reject);
		break;
	case KIT_SKIPPED:
		translate_skip(tr, item->reject);
		break;
	}
	return CH_OK;
}

static void translate_sum_up(const struct translation *tr)
{
	const struct {
		uint64_t count;
		const char *word;
	} counts[] = {{tr->rejected, "rejected"}, {tr->incomplete, "incomplete"},
		{tr->lacking, "lacking something"},
		{tr->traces, "without the trace they came with"}, {tr->skipped, "skipped"}};
	if (tr->rejected + tr->incomplete + tr->lacking + tr->traces + tr->skipped == 0)
		return;
	(void)fprintf(tr->errors, "%s: %" PRIu64 " events", tr->path, tr->events);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		if (counts[i].count > 0)
			(void)fprintf(
				tr->errors, ", %" PRIu64 " %s", counts[i].count, counts[i].word);
	}
	for (size_t i = 0; i < SKIPPED_KINDS && tr->kinds[i].count > 0; i++)
		(void)fprintf(tr->errors, "%s%s %" PRIu64, i == 0 ? " (" : ", ", tr->kinds[i].name,
			tr->kinds[i].count);
	(void)fprintf(tr->errors, "%s\n", tr->kinds[0].count > 0 ? ")" : "");
}

static enum translate_outcome translate_read(
	struct translation *tr, const struct translate_options *options, void *reader)
{
	struct kit_item item;
	enum ch_status status = CH_OK;
	while (status == CH_OK) {
		item = (struct kit_item){.what = KIT_SKIPPED};
		status = options->format->next(reader, &item);
		if (status == CH_OK)
			status = translate_item(tr, &item);
	}
	if (!options->quiet)
		translate_sum_up(tr);
	if (status != CH_END && status != CH_FORMAT) {
		(void)fprintf(tr->errors, "%s: %s\n", tr->path, ch_status_text(status));
		return TRANSLATE_UNUSABLE;
	}
	/* A file of which nothing could be used is no file with a few bad records. */
	if ((tr->fatal || status == CH_FORMAT) && tr->events + tr->skipped == 0)
		return TRANSLATE_UNUSABLE;
	return tr->rejected + tr->incomplete + tr->lacking > 0 || status == CH_FORMAT
		       ? TRANSLATE_SOME
		       : TRANSLATE_FINE;
}

static enum translate_outcome translate_file(
	const struct translate_options *options, const char *path, FILE *out, FILE *errors)
{
	enum translate_outcome outcome = TRANSLATE_UNUSABLE;
	struct translation tr = {.path = path, .out = out, .errors = errors};
	void *reader = NULL;
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)fprintf(errors, "%s: %s\n", path, strerror(errno));
		return TRANSLATE_UNUSABLE;
	}
	enum ch_status status = options->format->open(options->decoder, fd, path, &reader);
	if (status != CH_OK) {
		(void)fprintf(errors, "%s: %s\n", path,
			status == CH_INVALID ? "is no regular file" : ch_status_text(status));
		goto out;
	}
	outcome = translate_read(&tr, options, reader);
	options->format->close(reader);
out:
	buffer_fini(&tr.line);
	if (!standard)
		(void)close(fd); /* only read from */
	return outcome;
}

enum translate_outcome translate_files(const struct translate_options *options, char *const *paths,
	size_t count, FILE *out, FILE *errors)
{
	enum translate_outcome worst = TRANSLATE_FINE;
	for (size_t i = 0; i < count; i++) {
		enum translate_outcome outcome = translate_file(options, paths[i], out, errors);
		worst = outcome > worst ? outcome : worst;
	}
	if (fflush(out) != 0 || ferror(out)) {
		(void)fprintf(errors, "standard output: cannot be written\n");
		worst = TRANSLATE_UNUSABLE;
	}
	return worst;
}
