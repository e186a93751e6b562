#include "channel/repair/mapping.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/inifile.h"
#include "base/limits.h"
#include "base/text.h"
#include "channel/repair/mapping_rule.h"

void mapping_problem(
	struct mapping_parser *parser, unsigned line, struct slice key, const char *format, ...)
{
	char reason[600];
	char name[100];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args); /* cut when long */
	va_end(args);
	(void)snprintf(name, sizeof(name), "%.*s", (int)key.len,
		key.len > 0 ? (const char *)key.data : "");
	problems_add(parser->problems, parser->file, line, name, "%s", reason);
}

/* ---- Collecting ---- */

static struct slice mapping_keep(struct mapping_parser *parser, const char *text)
{
	struct slice kept = arena_copy(&parser->mapping->arena, slice_text(text));
	if (kept.data == NULL && text[0] != 0)
		parser->status = CH_NOMEM;
	return kept;
}

static void mapping_begin_section(void *context, const char *text, unsigned line)
{
	struct mapping_parser *parser = context;
	struct section *section = arena_alloc(&parser->mapping->arena, sizeof(*section));
	if (section == NULL) {
		parser->status = CH_NOMEM;
		return;
	}
	*section = (struct section){.line = line};
	section->last = &section->first;
	section->name = mapping_keep(parser, text);
	(void)text_split(&section->name, ' ', &section->kind);
	section->name = text_trim(section->name);
	*parser->last_section = section;
	parser->last_section = &section->next;
}

static void mapping_take_setting(
	void *context, const char *name, const char *value, bool more, unsigned line)
{
	struct mapping_parser *parser = context;
	struct section *section = parser->sections;
	struct setting *setting;
	while (section != NULL && section->next != NULL)
		section = section->next;
	if (section == NULL || more) {
		mapping_problem(parser, line, slice_text(more ? "" : name), "%s",
			more ? "is indented: it would go on with the line above"
			     : "stands before any [section]");
		return;
	}
	setting = arena_alloc(&parser->mapping->arena, sizeof(*setting));
	if (setting == NULL) {
		parser->status = CH_NOMEM;
		return;
	}
	*setting = (struct setting){.line = line};
	setting->name = mapping_keep(parser, name);
	setting->value = mapping_keep(parser, value);
	*section->last = setting;
	section->last = &setting->next;
}

/* ---- [file], [station], [columns], [values] ---- */

struct word {
	const char *word;
	int value;
};

static const struct word format_words[] = {{"csv", MAPPING_CSV}, {"jsonl", MAPPING_JSONL},
	{"xes", MAPPING_XES}, {"cloudevents", MAPPING_CLOUDEVENTS}, {NULL, 0}};
static const struct word header_words[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
static const struct word quotes_words[] = {{"strict", 0}, {"lenient", 1}, {NULL, 0}};
static const struct word last_words[] = {{"terminated", 0}, {"whole", 1}, {NULL, 0}};
static const struct word extra_words[] = {{"keep", MAPPING_EXTRA_KEEP},
	{"ignore", MAPPING_EXTRA_IGNORE}, {"reject", MAPPING_EXTRA_REJECT}, {NULL, 0}};
static const struct word unmatched_words[] = {{"reject", 0}, {"ignore", 1}, {NULL, 0}};
/* A semicolon itself would begin a comment. */
static const struct word delimiter_words[] = {
	{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {",", ','}, {"|", '|'}, {NULL, 0}};

static bool mapping_take_word(struct mapping_parser *parser, const struct setting *setting,
	const struct word *words, int *out)
{
	char all[200] = "";
	size_t len = 0;
	for (const struct word *word = words; word->word != NULL; word++) {
		if (slice_equal(setting->value, slice_text(word->word))) {
			*out = word->value;
			return true;
		}
		len += (size_t)snprintf(
			all + len, sizeof(all) - len, "%s%s", len > 0 ? ", " : "", word->word);
	}
	mapping_problem(parser, setting->line, setting->name, "must be one of %s", all);
	return false;
}

static void mapping_read_file(struct mapping_parser *parser, const struct setting *setting)
{
	struct mapping *mapping = parser->mapping;
	static const struct {
		const char *name;
		const struct word *words;
	} keys[] = {{"format", format_words}, {"header", header_words}, {"quotes", quotes_words},
		{"last_line", last_words}, {"extra_columns", extra_words},
		{"unmatched_rows", unmatched_words}, {"delimiter", delimiter_words}};
	if (slice_equal(setting->name, SLICE_LITERAL("charset"))) {
		enum charset charset = CHARSET_UTF8;
		if (charset_parse(setting->value, &charset) != CH_OK ||
			(charset != CHARSET_UTF8 && charset != CHARSET_GB18030))
			mapping_problem(
				parser, setting->line, setting->name, "must be UTF-8 or GB18030");
		else
			mapping->charset = charset;
		return;
	}
	int value = 0;
	size_t i = 0;
	while (i < sizeof(keys) / sizeof(*keys) &&
		!slice_equal(setting->name, slice_text(keys[i].name)))
		i++;
	if (i == sizeof(keys) / sizeof(*keys)) {
		mapping_problem(parser, setting->line, setting->name, "is no setting of [file]");
		return;
	}
	if (!mapping_take_word(parser, setting, keys[i].words, &value))
		return;
	switch (i) {
	case 0:
		mapping->format = (enum mapping_format)value;
		break;
	case 1:
		mapping->header = value != 0;
		break;
	case 2:
		mapping->lenient_quotes = value != 0;
		break;
	case 3:
		mapping->accept_unterminated = value != 0;
		break;
	case 4:
		mapping->extra = (enum mapping_extra)value;
		break;
	case 5:
		mapping->ignore_unmatched = value != 0;
		break;
	default:
		mapping->delimiter = (char)value;
		break;
	}
}

static void mapping_set_zone(struct mapping_parser *parser, struct slice name, unsigned line)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(name, &zone);
	if (status == CH_NOMEM) {
		parser->status = CH_NOMEM;
	} else if (status != CH_OK) {
		mapping_problem(parser, line, SLICE_LITERAL("zone"), "%s",
			status == CH_NOT_FOUND ? "is not known on this machine"
			: status == CH_FORMAT  ? "is neither an offset nor the name of a zone"
					       : "cannot be read from the zone database");
	} else {
		zone_free(parser->mapping->zone);
		parser->mapping->zone = zone;
	}
}

static void mapping_read_station(struct mapping_parser *parser, const struct setting *setting)
{
	struct mapping *mapping = parser->mapping;
	if (slice_equal(setting->name, SLICE_LITERAL("source")))
		mapping->source = setting->value;
	else if (slice_equal(setting->name, SLICE_LITERAL("id")))
		mapping->station_id = setting->value;
	else if (slice_equal(setting->name, SLICE_LITERAL("zone")))
		mapping_set_zone(parser, setting->value, setting->line);
	else
		mapping_problem(parser, setting->line, setting->name, "is no setting of [station]");
}

static void mapping_read_columns(struct mapping_parser *parser, const struct section *section)
{
	struct mapping *mapping = parser->mapping;
	uint64_t most = 0;
	uint64_t number;
	for (const struct setting *setting = section->first; setting != NULL;
		setting = setting->next) {
		if (text_parse_u64(setting->name, LIMIT_ROW_COLUMNS, &number) != CH_OK ||
			number == 0)
			mapping_problem(parser, setting->line, setting->name,
				"must be a column's number, from 1");
		else if (number > most)
			most = number;
	}
	mapping->names = arena_alloc(&mapping->arena, (most + 1) * sizeof(*mapping->names));
	if (mapping->names == NULL) {
		parser->status = CH_NOMEM;
		return;
	}
	memset(mapping->names, 0, (most + 1) * sizeof(*mapping->names));
	mapping->name_count = most;
	for (const struct setting *setting = section->first; setting != NULL;
		setting = setting->next) {
		if (text_parse_u64(setting->name, most, &number) != CH_OK || number == 0)
			continue;
		if (mapping->names[number - 1].data != NULL)
			mapping_problem(parser, setting->line, setting->name, "is given twice");
		mapping->names[number - 1] = setting->value;
	}
}

static void mapping_read_values(struct mapping_parser *parser, const struct section *section)
{
	struct arena *arena = &parser->mapping->arena;
	struct value_map *map = arena_alloc(arena, sizeof(*map));
	if (map == NULL) {
		parser->status = CH_NOMEM;
		return;
	}
	*map = (struct value_map){
		.name = section->name, .line = section->line, .next = parser->maps};
	map->last = &map->first;
	if (section->name.len == 0)
		mapping_problem(parser, section->line, SLICE_LITERAL("values"), "needs a name");
	for (const struct value_map *other = parser->maps; other != NULL; other = other->next) {
		if (slice_equal(other->name, map->name))
			mapping_problem(parser, section->line, map->name, "is given twice");
	}
	for (const struct setting *setting = section->first; setting != NULL;
		setting = setting->next) {
		struct slice seen;
		if (slice_equal(setting->name, SLICE_LITERAL("*"))) {
			map->has_default = true;
			map->otherwise = setting->value;
			continue;
		}
		if (value_map_find(map, setting->name, &seen) && !map->has_default)
			mapping_problem(parser, setting->line, setting->name, "is given twice");
		struct value_map_entry *entry = arena_alloc(arena, sizeof(*entry));
		if (entry == NULL) {
			parser->status = CH_NOMEM;
			return;
		}
		*entry = (struct value_map_entry){setting->name, setting->value, NULL};
		*map->last = entry;
		map->last = &entry->next;
	}
	parser->maps = map;
}

/* ---- As a whole ---- */

static bool mapping_knows_column(const struct mapping *mapping, struct slice name)
{
	uint64_t number;
	if (slice_starts(name, SLICE_LITERAL("row:")) || slice_starts(name, SLICE_LITERAL("file:")))
		return true;
	if (slice_starts(name, SLICE_LITERAL("#")) &&
		text_parse_u64(slice_sub(name, 1, name.len), LIMIT_ROW_COLUMNS, &number) == CH_OK)
		return number > 0 && (mapping->name_count == 0 || number <= mapping->name_count);
	for (size_t i = 0; i < mapping->name_count; i++) {
		if (slice_equal(mapping->names[i], name))
			return true;
	}
	return false;
}

static void mapping_check_columns(struct mapping_parser *parser)
{
	const struct mapping *mapping = parser->mapping;
	for (const struct column *column = mapping->columns.first; column != NULL;
		column = column->next) {
		if (slice_starts(column->name, SLICE_LITERAL("row:")) &&
			!slice_equal(column->name, SLICE_LITERAL("row:digest")))
			mapping_problem(
				parser, 0, column->name, "is not known; there is row:digest");
		if (slice_starts(column->name, SLICE_LITERAL("file:")) &&
			!slice_equal(column->name, SLICE_LITERAL("file:name")))
			mapping_problem(
				parser, 0, column->name, "is not known; there is file:name");
		if (mapping->format == MAPPING_CSV && !mapping->header &&
			!mapping_knows_column(mapping, column->name))
			mapping_problem(parser, 0, column->name,
				"is a column that [columns] does not name");
	}
}

static void mapping_check(struct mapping_parser *parser)
{
	struct mapping *mapping = parser->mapping;
	bool csv = mapping->format == MAPPING_CSV;
	if (mapping->format == MAPPING_CLOUDEVENTS && mapping->rules != NULL)
		mapping_problem(parser, mapping->rules->line, SLICE_LITERAL("event"),
			"has no place in a mapping of cloudevents: each line says what it is");
	if (mapping->format != MAPPING_CLOUDEVENTS && mapping->rules == NULL)
		mapping_problem(parser, 0, (struct slice){NULL, 0}, "has no [event] section");
	if (mapping->delimiter == '|' && mapping->charset == CHARSET_GB18030)
		mapping_problem(parser, 0, SLICE_LITERAL("delimiter"),
			"| can be half of a GB18030 character: use comma, semicolon or tab");
	if (mapping->name_count > 0 && (!csv || mapping->header))
		mapping_problem(
			parser, 0, SLICE_LITERAL("columns"), "are for csv files with header = no");
	if (!csv && mapping->charset != CHARSET_UTF8)
		mapping_problem(parser, 0, SLICE_LITERAL("charset"),
			"is for csv files: JSON is UTF-8, XML says it itself");
	if (mapping->source.len > LIMIT_SOURCE_BYTES)
		mapping_problem(parser, 0, SLICE_LITERAL("source"), "is longer than %u bytes",
			LIMIT_SOURCE_BYTES);
	mapping_check_columns(parser);
}

static void mapping_read_head(
	struct mapping_parser *parser, const struct section *section, bool *seen_columns)
{
	if (slice_equal(section->kind, SLICE_LITERAL("columns"))) {
		if (*seen_columns)
			mapping_problem(parser, section->line, section->kind, "is given twice");
		*seen_columns = true;
		mapping_read_columns(parser, section);
	} else if (slice_equal(section->kind, SLICE_LITERAL("values"))) {
		mapping_read_values(parser, section);
	} else if (slice_equal(section->kind, SLICE_LITERAL("file")) ||
		   slice_equal(section->kind, SLICE_LITERAL("station"))) {
		bool file = slice_equal(section->kind, SLICE_LITERAL("file"));
		for (const struct setting *setting = section->first; setting != NULL;
			setting = setting->next)
			(file ? mapping_read_file : mapping_read_station)(parser, setting);
	} else if (!slice_equal(section->kind, SLICE_LITERAL("all")) &&
		   !slice_equal(section->kind, SLICE_LITERAL("event"))) {
		mapping_problem(parser, section->line, section->kind,
			"is no section: there are file, station, columns, all, event and values");
	}
}

static void mapping_read_sections(
	struct mapping_parser *parser, const struct mapping_overrides *overrides)
{
	struct section *all = NULL;
	bool seen_columns = false;
	mapping_set_zone(parser, SLICE_LITERAL("UTC"), 0);
	for (struct section *section = parser->sections; section != NULL; section = section->next) {
		mapping_read_head(parser, section, &seen_columns);
		if (!slice_equal(section->kind, SLICE_LITERAL("all")))
			continue;
		if (all != NULL)
			mapping_problem(parser, section->line, section->kind, "is given twice");
		all = section;
	}
	if (overrides != NULL && overrides->source.len > 0) {
		parser->mapping->source = arena_copy(&parser->mapping->arena, overrides->source);
		parser->source_forced = true;
	}
	if (overrides != NULL && overrides->station_id.len > 0)
		parser->mapping->station_id =
			arena_copy(&parser->mapping->arena, overrides->station_id);
	if (overrides != NULL && overrides->zone.len > 0)
		mapping_set_zone(parser, overrides->zone, 0);
	for (struct section *section = parser->sections; section != NULL; section = section->next) {
		if (slice_equal(section->kind, SLICE_LITERAL("event")))
			mapping_add_rule(parser, section, all);
	}
	if (all != NULL)
		mapping_check_all(parser, all);
	mapping_check(parser);
}

enum ch_status mapping_parse(struct slice text, const char *file,
	const struct mapping_overrides *overrides, struct problems *problems,
	struct mapping **out_mapping)
{
	size_t before = problems->count + problems->dropped;
	enum ch_status status = CH_NOMEM;
	struct mapping *mapping = calloc(1, sizeof(*mapping));
	if (mapping == NULL)
		goto out;
	arena_init(&mapping->arena);
	columns_init(&mapping->columns, &mapping->arena);
	mapping->header = true;
	mapping->delimiter = ',';
	struct mapping_parser parser = {
		.mapping = mapping, .file = file, .problems = problems, .status = CH_OK};
	const struct inifile_calls calls = {&parser, mapping_begin_section, mapping_take_setting};
	parser.last_section = &parser.sections;
	parser.last_rule = &mapping->rules;
	if (!text_is_utf8(text))
		mapping_problem(&parser, 0, (struct slice){NULL, 0}, "is not UTF-8");
	else
		parser.status = inifile_read(text, file, &calls, problems);
	if (parser.status == CH_OK)
		mapping_read_sections(&parser, overrides);
	status = parser.status;
	if (status == CH_OK && problems->count + problems->dropped > before)
		status = CH_INVALID;
	if (status != CH_OK)
		goto out;
	*out_mapping = mapping;
	mapping = NULL; /* the caller's now */
out:
	mapping_free(mapping);
	return status;
}

enum ch_status mapping_load(const char *path, const struct mapping_overrides *overrides,
	struct problems *problems, struct mapping **out_mapping)
{
	struct buffer text = {0};
	enum ch_status status = file_read_all(path, LIMIT_MAPPING_BYTES, &text);
	if (status == CH_OK)
		status = mapping_parse(buffer_slice(&text), path, overrides, problems, out_mapping);
	else if (status != CH_NOMEM)
		problems_add(problems, path, 0, NULL, "cannot be read: %s", file_why(status));
	buffer_fini(&text);
	return status;
}

void mapping_free(struct mapping *mapping)
{
	if (mapping == NULL)
		return;
	zone_free(mapping->zone);
	columns_fini(&mapping->columns);
	arena_fini(&mapping->arena);
	free(mapping);
}
