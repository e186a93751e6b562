#include "channel/repair/translate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "channel/repair/repair_source.h"
#include "kit/cloudevent.h"

struct translate_counts {
	unsigned long long events;
	unsigned long long rejected;
	unsigned long long incomplete;
	bool fatal; /* the file could not be read to its end */
};

static void translate_print_counts(
	FILE *errors, const char *path, const struct translate_counts *counts)
{
	fprintf(errors, "%s: %llu events", path, counts->events);
	if (counts->rejected > 0)
		fprintf(errors, ", %llu rejected", counts->rejected);
	if (counts->incomplete > 0)
		fprintf(errors, ", %llu incomplete", counts->incomplete);
	fprintf(errors, "\n");
}

static enum ch_status translate_print_event(
	FILE *out, const struct repair_event *event, struct buffer *line)
{
	buffer_clear(line);
	enum ch_status status = cloudevent_write(&event->envelope, event->message, line);
	if (status == CH_OK && fwrite(line->data, 1, line->len, out) != line->len)
		status = CH_IO;
	return status;
}

static enum ch_status translate_items(struct repair_source *source, const char *path, FILE *out,
	FILE *errors, struct translate_counts *counts)
{
	struct repair_item item;
	struct buffer line = {0};
	enum ch_status status;
	while ((status = repair_source_next(source, &item)) == CH_OK) {
		if (item.what == REPAIR_EVENT) {
			status = translate_print_event(out, &item.event, &line);
			if (status != CH_OK)
				break;
			counts->events++;
			continue;
		}
		buffer_clear(&line);
		reject_describe(&item.reject, &line);
		fprintf(errors, "%s: %s\n", path, buffer_text(&line));
		counts->rejected += item.what == REPAIR_REJECT;
		counts->incomplete += item.what == REPAIR_INCOMPLETE;
		counts->fatal = counts->fatal || (item.what == REPAIR_REJECT && item.reject.fatal);
	}
	buffer_fini(&line);
	return status == CH_END ? CH_OK : status;
}

/* 0, 1 or 2, as translate_files. */
static int translate_file(const struct mapping *mapping, const struct translate_options *options,
	const char *path, FILE *out, FILE *errors)
{
	struct translate_counts counts = {0};
	struct repair_source *source;
	enum ch_status status = repair_source_open(mapping, path, &source);
	if (status == CH_OK) {
		status = translate_items(source, path, out, errors, &counts);
		repair_source_close(source);
	}
	if (status != CH_OK) {
		fprintf(errors, "%s: %s\n", path,
			status == CH_INVALID ? "is no regular file" : ch_status_text(status));
		return 2;
	}
	if (!options->quiet)
		translate_print_counts(errors, path, &counts);
	/* A file of which nothing could be used is no file with a few bad rows. */
	if (counts.fatal && counts.events == 0)
		return 2;
	return counts.rejected > 0 || counts.incomplete > 0;
}

static enum ch_status translate_load(const struct translate_options *options, const char *name,
	FILE *errors, struct mapping **out_mapping)
{
	struct problems problems = {0};
	struct buffer text = {0};
	struct slice builtin = mapping_builtin(name);
	enum ch_status status =
		builtin.len > 0
			? mapping_parse(builtin, name, &options->overrides, &problems, out_mapping)
			: mapping_load(name, &options->overrides, &problems, out_mapping);
	problems_print(&problems, &text);
	if (status != CH_OK)
		fprintf(errors, "%s", problems_none(&problems) ? "" : buffer_text(&text));
	if (status != CH_OK && problems_none(&problems))
		fprintf(errors, "%s: %s\n", name, ch_status_text(status));
	buffer_fini(&text);
	problems_fini(&problems);
	return status;
}

int translate_files(const struct translate_options *options, char *const *paths, size_t count,
	FILE *out, FILE *errors)
{
	int worst = 0;
	struct mapping *mapping = NULL;
	if (options->mapping != NULL &&
		translate_load(options, options->mapping, errors, &mapping) != CH_OK)
		return 2;
	for (size_t i = 0; i < count; i++) {
		int result = 2;
		struct mapping *guessed = NULL;
		const char *guess =
			mapping == NULL ? repair_source_guess(paths[i]) : options->mapping;
		if (mapping == NULL && guess == NULL)
			fprintf(errors, "%s: %s\n", paths[i],
				strcmp(paths[i], "-") == 0 || access(paths[i], R_OK) == 0
					? "no built-in mapping fits; give one with --mapping"
					: strerror(errno));
		else if (mapping != NULL ||
			 translate_load(options, guess, errors, &guessed) == CH_OK)
			result = translate_file(mapping != NULL ? mapping : guessed, options,
				paths[i], out, errors);
		mapping_free(guessed);
		worst = result > worst ? result : worst;
	}
	if (fflush(out) != 0 || ferror(out)) {
		fprintf(errors, "standard output: cannot be written\n");
		worst = 2;
	}
	mapping_free(mapping);
	return worst;
}
