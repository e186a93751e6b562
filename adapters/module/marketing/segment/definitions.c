#include "module/marketing/segment/definitions.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/inifile.h"
#include "base/text.h"

#define YEAR_US    (INT64_C(365) * 86400 * 1000000)
#define PIECES_MAX 256u /* lines of one condition */

/* The definition that is being read; its condition is parsed when the next begins. */
struct draft {
	struct definition *definition; /* NULL: outside of any */
	struct buffer where;
	unsigned lines[PIECES_MAX]; /* of the file, by line of `where` */
	uint32_t line_count;
	unsigned section_line;
};

struct reading {
	struct definitions *definitions;
	const char *file;
	struct problems *problems;
	struct condition_options options;
	struct draft draft;
	enum ch_status status;
};

static void digest_hex(struct slice bytes, char out[DEFINITION_VERSION_BYTES])
{
	uint8_t digest[crypto_generichash_BYTES_MIN];
	(void)crypto_generichash(digest, sizeof(digest), bytes.data, bytes.len, NULL, 0);
	(void)sodium_bin2hex(out, DEFINITION_VERSION_BYTES, digest, 8);
}

static char *copy_text(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	if (copy != NULL)
		memcpy(copy, text, len + 1);
	return copy;
}

/* ---- One definition ---- */

static void draft_add(struct reading *reading, const char *value, unsigned line)
{
	struct draft *draft = &reading->draft;
	if (draft->line_count == PIECES_MAX) {
		problems_add(reading->problems, reading->file, line, "where",
			"has more than %u lines", PIECES_MAX);
		return;
	}
	if (draft->line_count > 0)
		buffer_append_byte(&draft->where, '\n');
	buffer_append_text(&draft->where, value);
	draft->lines[draft->line_count++] = line;
}

static void draft_end(struct reading *reading)
{
	struct draft *draft = &reading->draft;
	struct definition *definition = draft->definition;
	struct condition_error error;
	draft->definition = NULL;
	if (definition == NULL)
		return;
	if (draft->line_count == 0) {
		problems_add(reading->problems, reading->file, draft->section_line, "where",
			"is missing: say whom %s is for, with 'everybody' for all",
			definition->name);
		return;
	}
	if (draft->where.status != CH_OK) {
		reading->status = draft->where.status;
		return;
	}
	reading->options.with_level = !definition->is_level;
	enum ch_status status = condition_parse(
		buffer_slice(&draft->where), &reading->options, &definition->condition, &error);
	if (status == CH_OK)
		digest_hex(buffer_slice(&draft->where), definition->version);
	else if (status == CH_NOMEM)
		reading->status = status;
	else
		problems_add(reading->problems, reading->file, draft->lines[error.line - 1],
			"where", "at character %u: %s", error.column, error.reason);
}

static bool is_name(struct slice name)
{
	if (name.len == 0 || name.len > LIMIT_SEGMENT_NAME)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (i > 0 && (c == '-' || c == '_' || c == '.'));
		if (!good)
			return false;
	}
	return true;
}

/* Levels stand by number, segments by name: where the new one goes, or NULL with its mistake. */
static struct definition *place(struct reading *reading, struct definition *list, size_t *count,
	size_t limit, const struct definition *wanted)
{
	size_t at = *count;
	for (; at > 0; at--) {
		int order = wanted->is_level ? (list[at - 1].level > wanted->level) -
						       (list[at - 1].level < wanted->level)
					     : strcmp(list[at - 1].name, wanted->name);
		if (order == 0) {
			problems_add(reading->problems, reading->file, wanted->line, NULL,
				"%s is defined twice, first in line %u", wanted->name,
				list[at - 1].line);
			return NULL;
		}
		if (order < 0)
			break;
	}
	if (*count == limit) {
		problems_add(reading->problems, reading->file, wanted->line, NULL,
			"more than %zu of them", limit);
		return NULL;
	}
	memmove(list + at + 1, list + at, (*count - at) * sizeof(*list));
	list[at] = *wanted;
	++*count;
	return &list[at];
}

static void begin_definition(
	struct reading *reading, bool is_level, struct slice name, uint32_t level, unsigned line)
{
	struct definitions *all = reading->definitions;
	struct definition wanted = {.is_level = is_level, .level = level, .line = line};
	struct buffer text = {0};
	buffer_append_slice(&text, name);
	wanted.name = copy_text(buffer_text(&text));
	wanted.title = copy_text("");
	bool copied = text.status == CH_OK && wanted.name != NULL && wanted.title != NULL;
	buffer_fini(&text);
	if (!copied)
		reading->status = CH_NOMEM;
	else if (is_level)
		reading->draft.definition =
			place(reading, all->levels, &all->level_count, LIMIT_LEVELS, &wanted);
	else
		reading->draft.definition =
			place(reading, all->segments, &all->segment_count, LIMIT_SEGMENTS, &wanted);
	if (reading->draft.definition == NULL) {
		free(wanted.name);
		free(wanted.title);
	}
}

/* ---- The file ---- */

static void on_section(void *context, const char *section, unsigned line)
{
	struct reading *reading = context;
	struct slice rest = slice_text(section);
	struct slice kind;
	uint64_t level = 0;
	draft_end(reading);
	buffer_clear(&reading->draft.where);
	reading->draft.line_count = 0;
	reading->draft.section_line = line;
	(void)text_split(&rest, ' ', &kind);
	rest = text_trim(rest);
	if (slice_equal(kind, SLICE_LITERAL("level"))) {
		if (text_parse_u64(rest, UINT32_MAX, &level) == CH_OK && level > 0)
			begin_definition(reading, true, rest, (uint32_t)level, line);
		else
			problems_add(reading->problems, reading->file, line, NULL,
				"a level is a number from 1 on: [level 2]");
	} else if (slice_equal(kind, SLICE_LITERAL("segment"))) {
		if (is_name(rest))
			begin_definition(reading, false, rest, 0, line);
		else
			problems_add(reading->problems, reading->file, line, NULL,
				"a segment's name is up to %u of a-z, 0-9, '-', '_', '.': [segment tv-fans]",
				LIMIT_SEGMENT_NAME);
	} else {
		problems_add(reading->problems, reading->file, line, NULL,
			"is neither [level NUMBER] nor [segment NAME]");
	}
}

static void on_setting(void *context, const char *name, const char *value, bool more, unsigned line)
{
	struct reading *reading = context;
	struct definition *definition = reading->draft.definition;
	if (definition == NULL) {
		/* In a section that is wrong already, or before any. */
		if (reading->draft.section_line == 0)
			problems_add(reading->problems, reading->file, line, name,
				"stands before any section");
		return;
	}
	if (strcmp(name, "where") == 0) {
		if (!more && reading->draft.line_count > 0)
			problems_add(
				reading->problems, reading->file, line, name, "is given twice");
		else
			draft_add(reading, value, line);
	} else if (strcmp(name, "title") == 0 && !more) {
		char *copy = copy_text(value);
		if (copy == NULL) {
			reading->status = CH_NOMEM;
			return;
		}
		free(definition->title);
		definition->title = copy;
	} else {
		problems_add(reading->problems, reading->file, line, name, "is no setting here");
	}
}

/* What decides, in one text, for the version; and how far back it looks. */
static void definitions_sum(struct definitions *all, struct slice currency, struct slice settings,
	enum ch_status *status)
{
	struct buffer sum = {0};
	int64_t level_reach_us = 0;
	buffer_append_slice(&sum, currency);
	buffer_append_byte(&sum, 0);
	buffer_append_slice(&sum, settings);
	for (size_t i = 0; i < all->level_count + all->segment_count; i++) {
		const struct definition *it = i < all->level_count
						      ? &all->levels[i]
						      : &all->segments[i - all->level_count];
		int64_t reach_us = it->condition != NULL ? condition_reach_us(it->condition) : 0;
		buffer_printf(&sum, "%c%s%c%s", 0, it->name, 0, it->version);
		if (reach_us > all->reach_us)
			all->reach_us = reach_us;
		if (it->is_level && reach_us > level_reach_us)
			level_reach_us = reach_us;
	}
	all->level_period_us =
		level_reach_us > 0 && level_reach_us != PERIOD_EVER ? level_reach_us : YEAR_US;
	if (all->level_period_us > all->reach_us)
		all->reach_us = all->level_period_us;
	if (sum.status != CH_OK)
		*status = sum.status;
	else
		digest_hex(buffer_slice(&sum), all->version);
	buffer_fini(&sum);
}

enum ch_status definitions_parse(struct slice text, const char *file, struct slice currency,
	struct slice settings, struct problems *problems, struct definitions **out_definitions)
{
	struct reading reading = {
		.file = file, .problems = problems, .options = {.currency = currency}};
	const struct inifile_calls calls = {&reading, on_section, on_setting};
	size_t before = problems->count + problems->dropped;
	reading.definitions = calloc(1, sizeof(*reading.definitions));
	if (reading.definitions == NULL)
		return CH_NOMEM;
	reading.status = inifile_read(text, file, &calls, problems);
	draft_end(&reading);
	definitions_sum(reading.definitions, currency, settings, &reading.status);
	if (reading.status == CH_OK && problems->count + problems->dropped > before)
		reading.status = CH_INVALID;
	if (reading.status == CH_OK) {
		*out_definitions = reading.definitions;
		reading.definitions = NULL; /* the caller's now */
	}
	buffer_fini(&reading.draft.where);
	definitions_free(reading.definitions);
	return reading.status;
}

enum ch_status definitions_read(const char *path, struct slice currency, struct slice settings,
	struct problems *problems, struct definitions **out_definitions)
{
	struct buffer text = {0};
	enum ch_status status = file_read_all(path, LIMIT_CONFIG_BYTES, &text);
	if (status == CH_OK) {
		status = definitions_parse(
			buffer_slice(&text), path, currency, settings, problems, out_definitions);
	} else if (status != CH_NOMEM) {
		problems_add(problems, path, 0, NULL, "%s", file_why(status));
		status = CH_INVALID;
	}
	buffer_fini(&text);
	return status;
}

static void definition_fini(struct definition *definition)
{
	free(definition->name);
	free(definition->title);
	condition_free(definition->condition);
}

void definitions_free(struct definitions *definitions)
{
	if (definitions == NULL)
		return;
	for (size_t i = 0; i < definitions->level_count; i++)
		definition_fini(&definitions->levels[i]);
	for (size_t i = 0; i < definitions->segment_count; i++)
		definition_fini(&definitions->segments[i]);
	free(definitions);
}

const struct definition *definitions_segment(
	const struct definitions *definitions, struct slice name)
{
	for (size_t i = 0; i < definitions->segment_count; i++) {
		if (slice_equal(name, slice_text(definitions->segments[i].name)))
			return &definitions->segments[i];
	}
	return NULL;
}

const struct definition *definitions_level(const struct definitions *definitions, uint32_t level)
{
	for (size_t i = 0; i < definitions->level_count; i++) {
		if (definitions->levels[i].level == level)
			return &definitions->levels[i];
	}
	return NULL;
}
