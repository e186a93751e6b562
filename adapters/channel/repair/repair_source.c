#include "channel/repair/repair_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "channel/repair/cloudevent.h"
#include "channel/repair/input.h"
#include "channel/repair/jsonl.h"
#include "channel/repair/table_reader.h"
#include "channel/repair/xes.h"

/* Of the three readers one is open; so is one of the makers. */
struct repair_source {
	const struct mapping *mapping;
	char *name; /* the file's, without its folder */
	struct input *input;
	struct table_reader *table;
	struct jsonl_reader *lines;
	struct xes_reader *xes;
	struct event_maker *maker;
	struct cloudevent_reader *cloudevents;
	struct row row;
	bool in_row;      /* the maker has more of it */
	bool names_known; /* the table's header fits the mapping */
	bool ended;
};

/* ---- Opening ---- */

static enum ch_status repair_source_open_reader(struct repair_source *source)
{
	const struct mapping *mapping = source->mapping;
	const struct table_options table = {
		.charset = mapping->charset,
		.delimiter = mapping->delimiter,
		.header = mapping->header,
		.lenient_quotes = mapping->lenient_quotes,
		.accept_unterminated = mapping->accept_unterminated,
		.names = mapping->names,
		.name_count = mapping->name_count,
	};
	switch (mapping->format) {
	case MAPPING_CSV:
		return table_reader_open(source->input, &table, &source->table);
	case MAPPING_XES:
		return xes_open(source->input, &source->xes);
	case MAPPING_JSONL:
	case MAPPING_CLOUDEVENTS:
		return jsonl_open(source->input, mapping->accept_unterminated, &source->lines);
	}
	return CH_INTERNAL;
}

/* Takes over the input. */
static enum ch_status repair_source_create(const struct mapping *mapping, struct input *input,
	const char *path, struct repair_source **out_source)
{
	enum ch_status status = CH_NOMEM;
	const char *slash = strrchr(path, '/');
	struct repair_source *source = calloc(1, sizeof(*source));
	if (source == NULL) {
		input_close(input);
		goto out;
	}
	source->mapping = mapping;
	source->input = input;
	source->name = strdup(slash != NULL ? slash + 1 : path);
	if (source->name == NULL)
		goto out;
	status = repair_source_open_reader(source);
	if (status == CH_OK && mapping->format == MAPPING_CLOUDEVENTS)
		status = cloudevent_reader_create(mapping, &source->cloudevents);
	else if (status == CH_OK)
		status = event_maker_create(mapping, slice_text(source->name), &source->maker);
	if (status != CH_OK)
		goto out;
	*out_source = source;
	source = NULL; /* the caller's now */
out:
	repair_source_close(source);
	return status;
}

enum ch_status repair_source_open(
	const struct mapping *mapping, int fd, const char *path, struct repair_source **out_source)
{
	struct input *input;
	enum ch_status status = input_open(fd, &input);
	return status == CH_OK ? repair_source_create(mapping, input, path, out_source) : status;
}

enum ch_status repair_source_open_bytes(const struct mapping *mapping, struct slice bytes,
	const char *name, struct repair_source **out_source)
{
	struct input *input;
	enum ch_status status = input_open_bytes(bytes, &input);
	return status == CH_OK ? repair_source_create(mapping, input, name, out_source) : status;
}

void repair_source_close(struct repair_source *source)
{
	if (source == NULL)
		return;
	event_maker_free(source->maker);
	cloudevent_reader_free(source->cloudevents);
	table_reader_close(source->table);
	jsonl_close(source->lines);
	xes_close(source->xes);
	input_close(source->input);
	free(source->name);
	free(source);
}

/* ---- A table's header against the mapping ---- */

static bool is_pseudo(struct slice name)
{
	return slice_starts(name, SLICE_LITERAL("row:")) ||
	       slice_starts(name, SLICE_LITERAL("file:"));
}

static size_t count_names(const struct slice *names, size_t count, struct slice name)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += slice_equal(names[i], name);
	return found;
}

/* Columns that the mapping uses and the file lacks, as one text. */
static size_t repair_source_list_missing(const struct mapping *mapping, const struct slice *names,
	size_t count, struct buffer *out, size_t *out_wanted)
{
	size_t missing = 0;
	*out_wanted = 0;
	for (const struct column *column = mapping->columns.first; column != NULL;
		column = column->next) {
		if (is_pseudo(column->name) || column->optional)
			continue;
		++*out_wanted;
		if (count_names(names, count, column->name) > 0)
			continue;
		if (missing++ > 0)
			buffer_append_text(out, ", ");
		buffer_append_slice(out, column->name);
	}
	return missing;
}

static enum ch_status repair_source_check_names(struct repair_source *source,
	const struct slice *names, size_t count, struct repair_reject *out_reject)
{
	const struct mapping *mapping = source->mapping;
	struct place at = {.record = 1, .line = 1};
	struct buffer missing = {0};
	size_t wanted;
	size_t lacking = repair_source_list_missing(mapping, names, count, &missing, &wanted);
	const char *list = buffer_text(&missing);
	enum ch_status status = CH_OK;
	if (lacking > 0) {
		status = CH_MISSING;
		reject_fill(out_reject, status, at, (struct slice){NULL, 0},
			lacking == wanted && lacking > 1
				? "the first row is no header: it has none of the columns %s"
				: "the header lacks %s",
			list);
	}
	buffer_fini(&missing);
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		at.column = (uint32_t)i + 1;
		bool used = table_get(&mapping->columns.by_name, names[i]) != NULL;
		if (used && count_names(names, i, names[i]) > 0) {
			status = CH_INVALID;
			reject_fill(out_reject, status, at, names[i],
				"stands twice in the header, and the mapping uses it");
		} else if (!used && mapping->extra == MAPPING_EXTRA_REJECT) {
			status = CH_INVALID;
			reject_fill(out_reject, status, at, names[i],
				"is not in the mapping, which rejects what it does not know");
		}
	}
	if (status != CH_OK)
		out_reject->fatal = true;
	return status;
}

/* ---- Reading ---- */

static enum ch_status repair_source_read_table(
	struct repair_source *source, struct repair_reject *out_reject)
{
	if (!source->names_known) {
		const struct slice *names;
		size_t count;
		enum ch_status status =
			table_reader_names(source->table, &names, &count, out_reject);
		/* Without a header the mapping's own check has seen to the names. */
		if (status == CH_OK && source->mapping->header)
			status = repair_source_check_names(source, names, count, out_reject);
		if (status != CH_OK)
			return status;
		source->names_known = true;
	}
	return table_reader_next(source->table, &source->row, out_reject);
}

static enum ch_status repair_source_read_lines(
	struct repair_source *source, struct repair_item *item)
{
	json_t *object;
	struct slice raw;
	struct place at;
	enum ch_status status = jsonl_next(source->lines, &object, &raw, &at, &item->reject);
	if (status != CH_OK)
		return status;
	item->raw = raw;
	if (source->cloudevents == NULL)
		return jsonl_flatten(source->lines, &source->row, &item->reject);
	return cloudevent_read(source->cloudevents, object, raw, at, &item->event, &item->reject);
}

/* The next record: CH_OK with source->row, or with item->event when lines are events. */
static enum ch_status repair_source_read(struct repair_source *source, struct repair_item *item)
{
	if (source->ended)
		return CH_END;
	if (source->table != NULL)
		return repair_source_read_table(source, &item->reject);
	if (source->xes != NULL)
		return xes_next(source->xes, &source->row, &item->reject);
	return repair_source_read_lines(source, item);
}

static enum ch_status repair_source_give_reject(
	struct repair_source *source, struct repair_item *item)
{
	item->what = item->reject.incomplete ? REPAIR_INCOMPLETE : REPAIR_REJECT;
	source->ended = source->ended || item->reject.fatal;
	return CH_OK;
}

enum ch_status repair_source_next(struct repair_source *source, struct repair_item *out_item)
{
	for (;;) {
		enum ch_status status;
		out_item->what = REPAIR_EVENT;
		out_item->raw = (struct slice){NULL, 0};
		if (!source->in_row) {
			status = repair_source_read(source, out_item);
			if (status == CH_END || status == CH_NOMEM || status == CH_IO ||
				status == CH_INTERNAL)
				return status;
			if (status != CH_OK)
				return repair_source_give_reject(source, out_item);
			if (source->cloudevents != NULL)
				return CH_OK;
			event_maker_begin(source->maker, &source->row);
			source->in_row = true;
		}
		out_item->raw = source->row.raw;
		status = event_maker_next(source->maker, &out_item->event, &out_item->reject);
		if (status == CH_END) {
			source->in_row = false;
			continue;
		}
		if (status == CH_OK || status == CH_NOMEM || status == CH_INTERNAL)
			return status;
		return repair_source_give_reject(source, out_item);
	}
}

/* ---- Guessing ---- */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

const char *repair_source_guess(int fd, const char *path)
{
	static const struct slice ords = {(const uint8_t *)"id,data_provider,country,", 25};
	const char *guess = NULL;
	struct input *input;
	/* What is read of a pipe is gone. */
	if (lseek(fd, 0, SEEK_SET) != 0 || input_open(fd, &input) != CH_OK)
		return NULL;
	(void)input_fill(input); /* whatever there is will do */
	struct slice head = input_window(input);
	if (slice_starts(head, SLICE_LITERAL("\xEF\xBB\xBF")))
		head = slice_sub(head, 3, head.len);
	struct slice body = text_trim(head);
	if (ends_with(path, ".xes") || ends_with(path, ".xes.gz") ||
		slice_starts(body, SLICE_LITERAL("<")))
		guess = "xes";
	else if (slice_starts(body, SLICE_LITERAL("{")))
		guess = "cloudevents";
	else if (slice_starts(body, ords))
		guess = "ords-0.3";
	input_close(input);
	return lseek(fd, 0, SEEK_SET) == 0 ? guess : NULL;
}
