#include "channel/repair/mapping_rule.h"

#include <stdio.h>

#include "base/text.h"
#include "channel/repair/build.h"
#include "channel/repair/moment.h"

#define LIST_SEPARATORS ";；、|,，\n"

struct attribute_name {
	const char *name;
	enum mapping_attribute attribute;
};

static const struct attribute_name attribute_names[] = {
	{"id", MAPPING_ID},
	{"source", MAPPING_SOURCE},
	{"subject", MAPPING_SUBJECT},
	{"time", MAPPING_TIME},
	{"sent", MAPPING_SENT},
	{"correlation", MAPPING_CORRELATION},
	{"causation", MAPPING_CAUSATION},
};

static const struct attribute_name *attribute_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(attribute_names) / sizeof(*attribute_names); i++) {
		if (slice_equal(name, slice_text(attribute_names[i].name)))
			return &attribute_names[i];
	}
	return NULL;
}

static bool slice_is(struct slice text, const char *word)
{
	return slice_equal(text, slice_text(word));
}

static void *mapping_alloc(struct mapping_parser *parser, size_t bytes)
{
	void *memory = arena_alloc(&parser->mapping->arena, bytes);
	if (memory == NULL)
		parser->status = CH_NOMEM;
	else
		memset(memory, 0, bytes);
	return memory;
}

/* ---- Expressions: "{金额} -> money CNY" ---- */

static bool conversion_parse_unit(struct slice word, int64_t *out_ms)
{
	static const struct {
		const char *word;
		int64_t ms;
	} units[] = {{"milliseconds", 1}, {"seconds", 1000}, {"minutes", 60000}, {"hours", 3600000},
		{"days", 86400000}};
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (slice_is(word, units[i].word)) {
			*out_ms = units[i].ms;
			return true;
		}
	}
	return false;
}

static const struct value_map *mapping_find_map(struct mapping_parser *parser, struct slice name)
{
	for (const struct value_map *map = parser->maps; map != NULL; map = map->next) {
		if (slice_equal(map->name, name))
			return map;
	}
	return NULL;
}

static bool currency_ok(struct slice code)
{
	bool good = code.len == 3;
	for (size_t i = 0; i < code.len; i++)
		good = good && code.data[i] >= 'A' && code.data[i] <= 'Z';
	return good;
}

/* What follows `->`; NULL, or what is wrong with it. */
static const char *conversion_parse(
	struct mapping_parser *parser, struct slice text, struct expression *expression)
{
	struct slice rest = text;
	struct slice word;
	if (!text_split(&rest, ' ', &word))
		return "nothing follows the ->";
	rest = text_trim(rest);
	if (slice_is(word, "map")) {
		expression->map = mapping_find_map(parser, rest);
		return expression->map != NULL ? NULL : "there is no [values] section of that name";
	}
	if (slice_is(word, "date")) {
		expression->conversion.date = rest;
		return rest.len > 0 ? NULL : "`-> date` needs a pattern: %d/%m/%Y";
	}
	if (slice_is(word, "money")) {
		expression->conversion.currency = rest;
		return currency_ok(rest) ? NULL : "`-> money` needs a currency: CNY";
	}
	if (slice_is(word, "list")) {
		bool quoted = rest.len > 2 && rest.data[0] == '"' && rest.data[rest.len - 1] == '"';
		if (rest.len > 0 && !quoted)
			return "separators stand in double quotes: `-> list \"/\"`";
		expression->conversion.separators =
			quoted ? slice_sub(rest, 1, rest.len - 2) : SLICE_LITERAL(LIST_SEPARATORS);
		return NULL;
	}
	if (rest.len == 0 && conversion_parse_unit(word, &expression->conversion.unit_ms))
		return NULL;
	return "after -> comes map, date, money, list, seconds, minutes, hours or days";
}

/* The last " -> " of a value. */
static bool expression_cut(struct slice text, struct slice *out_template, struct slice *out_after)
{
	for (size_t at = text.len; at-- > 0;) {
		if (!slice_starts(slice_sub(text, at, text.len), SLICE_LITERAL("->")))
			continue;
		*out_template = text_trim(slice_sub(text, 0, at));
		*out_after = text_trim(slice_sub(text, at + 2, text.len));
		return true;
	}
	return false;
}

/* False when it has been reported. */
static bool expression_parse(
	struct mapping_parser *parser, const struct setting *setting, struct expression *out)
{
	struct slice text = setting->value;
	struct slice after;
	const char *reason = NULL;
	*out = (struct expression){.line = setting->line};
	if (expression_cut(setting->value, &text, &after))
		reason = conversion_parse(parser, after, out);
	if (reason == NULL) {
		enum ch_status status =
			template_parse(text, &parser->mapping->columns, &out->template, &reason);
		if (status == CH_NOMEM)
			parser->status = CH_NOMEM;
		if (status == CH_OK)
			return true;
	}
	mapping_problem(parser, setting->line, setting->name, "%s", reason);
	return false;
}

/* ---- Conditions: "{动作} is not 收机 | 检测" ---- */

static const char *condition_parse_values(
	struct mapping_parser *parser, struct slice text, struct condition *condition)
{
	struct slice value;
	struct slice rest = text;
	size_t count = 0;
	if (slice_is(text, "filled") || slice_is(text, "empty")) {
		condition->any = true;
		/* `is not empty` is `is filled`. */
		condition->negated = condition->negated != slice_is(text, "empty");
		return NULL;
	}
	while (text_split(&rest, '|', &value))
		count++;
	condition->values = mapping_alloc(parser, count * sizeof(*condition->values));
	if (condition->values == NULL)
		return "out of memory";
	rest = text;
	while (text_split(&rest, '|', &value)) {
		value = text_trim(value);
		if (value.len == 0)
			return "an empty value; `is empty` asks for one";
		condition->values[condition->value_count++] = value;
	}
	return NULL;
}

static const char *condition_parse(
	struct mapping_parser *parser, struct slice text, struct condition *condition)
{
	static const char usage[] =
		"must read `{column} is A | B`, `is not A`, `is filled` or `is empty`";
	struct slice rest = text;
	struct slice name;
	if (!slice_starts(text, SLICE_LITERAL("{")) || !text_split(&rest, '}', &name) ||
		rest.data == NULL)
		return usage;
	name = slice_sub(name, 1, name.len);
	bool optional = slice_starts(name, SLICE_LITERAL("?"));
	name = text_trim(slice_sub(name, optional, name.len));
	rest = text_trim(rest);
	if (name.len == 0 || !slice_starts(rest, SLICE_LITERAL("is ")))
		return usage;
	rest = text_trim(slice_sub(rest, 3, rest.len));
	condition->negated = slice_starts(rest, SLICE_LITERAL("not "));
	if (condition->negated)
		rest = text_trim(slice_sub(rest, 4, rest.len));
	if (rest.len == 0)
		return usage;
	condition->column = columns_use(&parser->mapping->columns, name, optional);
	return condition->column != NULL ? condition_parse_values(parser, rest, condition)
					 : "out of memory";
}

static void rule_add_condition(
	struct mapping_parser *parser, struct rule *rule, const struct setting *setting)
{
	struct condition *condition = mapping_alloc(parser, sizeof(*condition));
	if (condition == NULL)
		return;
	const char *reason = condition_parse(parser, setting->value, condition);
	if (reason != NULL) {
		mapping_problem(parser, setting->line, setting->name, "%s", reason);
		return;
	}
	condition->next = rule->conditions;
	rule->conditions = condition;
}

/* ---- Trying values out before any file comes ---- */

/* A constant, or a value of a map, must fit the field that it is for. */
static void assignment_try(struct mapping_parser *parser, const struct rule *rule,
	const struct assignment *assignment, struct slice text, unsigned line)
{
	struct arena arena;
	struct build build;
	char reason[BUILD_REASON_BYTES];
	arena_init(&arena);
	enum ch_status status =
		build_begin(&build, rule->type->message, &arena, parser->mapping->zone);
	if (status == CH_OK && text.len > 0)
		status = build_set(&build, &assignment->target, &assignment->value.conversion, text,
			false, reason);
	if (status == CH_NOMEM)
		parser->status = CH_NOMEM;
	else if (status != CH_OK)
		mapping_problem(parser, line, assignment->path, "\"%.*s\" is %s", (int)text.len,
			(const char *)text.data, reason);
	arena_fini(&arena);
}

static void assignment_try_all(
	struct mapping_parser *parser, const struct rule *rule, const struct assignment *assignment)
{
	const struct expression *value = &assignment->value;
	struct buffer text = {0};
	if (value->map != NULL) {
		for (const struct value_map_entry *entry = value->map->first; entry != NULL;
			entry = entry->next)
			assignment_try(parser, rule, assignment, entry->to, value->map->line);
		if (value->map->has_default && !slice_is(value->map->otherwise, "*"))
			assignment_try(
				parser, rule, assignment, value->map->otherwise, value->map->line);
	} else if (value->template.constant) {
		(void)template_fill(&value->template, NULL, TEMPLATE_PLAIN, &text); /* no columns */
		assignment_try(parser, rule, assignment, buffer_slice(&text), value->line);
	}
	buffer_fini(&text);
}

/* ---- Assignments ---- */

static struct assignment *rule_find(const struct rule *rule, struct slice path)
{
	struct assignment *assignment = rule->assignments;
	while (assignment != NULL && !slice_equal(assignment->path, path))
		assignment = assignment->next;
	return assignment;
}

/* At the end, so that lists fill in the order of the file. */
static void rule_append(struct rule *rule, struct assignment *assignment)
{
	struct assignment **last = &rule->assignments;
	while (*last != NULL)
		last = &(*last)->next;
	*last = assignment;
}

/* CH_NOT_FOUND: the event has no such field. */
static enum ch_status rule_assign(
	struct mapping_parser *parser, struct rule *rule, const struct setting *setting)
{
	const char *reason;
	struct assignment *assignment = mapping_alloc(parser, sizeof(*assignment));
	if (assignment == NULL)
		return CH_NOMEM;
	assignment->path = setting->name;
	enum ch_status status = target_parse(setting->name, rule->type->message,
		&parser->mapping->arena, &assignment->target, &reason);
	if (status == CH_OK && !expression_parse(parser, setting, &assignment->value))
		return CH_OK; /* reported */
	if (status == CH_OK)
		reason = target_check(&assignment->target, &assignment->value.conversion);
	if (status == CH_OK && reason == NULL) {
		rule_append(rule, assignment);
		assignment_try_all(parser, rule, assignment);
		return CH_OK;
	}
	if (status != CH_NOT_FOUND)
		mapping_problem(parser, setting->line, setting->name, "%s", reason);
	return status == CH_NOT_FOUND ? CH_NOT_FOUND : CH_INVALID;
}

static bool target_is_list(const struct assignment *assignment)
{
	const struct target *target = &assignment->target;
	return target->steps[target->depth - 1].field->label == PROTOBUF_C_LABEL_REPEATED;
}

/* One `required` line: in [all] it is for those events that have the field. */
static void rule_require(struct mapping_parser *parser, struct rule *rule,
	const struct setting *setting, bool must_be_there)
{
	struct slice rest = setting->value;
	struct slice path;
	while (text_split(&rest, ',', &path)) {
		path = text_trim(path);
		bool found = false;
		for (struct assignment *assignment = rule->assignments; assignment != NULL;
			assignment = assignment->next) {
			if (slice_equal(assignment->path, path))
				assignment->required = found = true;
		}
		if (!found && must_be_there)
			mapping_problem(parser, setting->line, setting->name,
				"nothing is put into %.*s", (int)path.len, (const char *)path.data);
	}
}

static void rule_require_all(struct mapping_parser *parser, struct rule *rule,
	const struct section *section, bool must_be_there)
{
	for (const struct setting *setting = section->first; setting != NULL;
		setting = setting->next) {
		if (slice_is(setting->name, "required"))
			rule_require(parser, rule, setting, must_be_there);
	}
}

/* Settings that are no fields.  False: it is a field. */
static bool rule_apply_special(struct mapping_parser *parser, struct rule *rule,
	const struct setting *setting, bool from_all)
{
	const struct attribute_name *attribute = attribute_find(setting->name);
	if (attribute != NULL) {
		struct expression *place = &rule->attributes[attribute->attribute];
		if (place->template.first == NULL)
			(void)expression_parse(parser, setting, place); /* reported */
		else if (!from_all)
			mapping_problem(parser, setting->line, setting->name, "is given twice");
		return true;
	}
	if (slice_is(setting->name, "digest")) {
		rule->digest_fields = slice_is(setting->value, "fields");
		if (!rule->digest_fields && !slice_is(setting->value, "record"))
			mapping_problem(parser, setting->line, setting->name,
				"is neither record nor fields");
		return true;
	}
	return slice_is(setting->name, "required") || slice_is(setting->name, "when");
}

static void rule_read_own(
	struct mapping_parser *parser, struct rule *rule, const struct section *section)
{
	for (struct setting *setting = section->first; setting != NULL; setting = setting->next) {
		if (slice_is(setting->name, "when"))
			rule_add_condition(parser, rule, setting);
		if (rule_apply_special(parser, rule, setting, false))
			continue;
		const struct assignment *twice = rule_find(rule, setting->name);
		if (twice != NULL && !target_is_list(twice)) {
			mapping_problem(parser, setting->line, setting->name, "is given twice");
			continue;
		}
		if (rule_assign(parser, rule, setting) == CH_NOT_FOUND)
			mapping_problem(parser, setting->line, setting->name, "is no field of %s",
				rule->type->name);
	}
}

/* What the event's own section says goes before what [all] says. */
static void rule_read_all(struct mapping_parser *parser, struct rule *rule, struct section *all)
{
	const struct assignment *own_last = rule->assignments;
	while (own_last != NULL && own_last->next != NULL)
		own_last = own_last->next;
	for (struct setting *setting = all->first; setting != NULL; setting = setting->next) {
		if (setting->told || slice_is(setting->name, "when"))
			continue;
		size_t before = parser->problems->count + parser->problems->dropped;
		if (rule_apply_special(parser, rule, setting, true)) {
			setting->used = true;
		} else {
			bool own = false;
			for (const struct assignment *assignment = rule->assignments;
				own_last != NULL && assignment != own_last->next;
				assignment = assignment->next)
				own = own || slice_equal(assignment->path, setting->name);
			if (own || rule_assign(parser, rule, setting) != CH_NOT_FOUND)
				setting->used = true;
			const struct assignment *made = rule_find(rule, setting->name);
			setting->list = setting->list || (made != NULL && target_is_list(made));
		}
		/* Once is enough, however many events there are. */
		setting->told = parser->problems->count + parser->problems->dropped > before;
	}
}

/* A setting that the file does not have. */
static void rule_add_default(
	struct mapping_parser *parser, struct rule *rule, const char *name, struct slice value)
{
	struct setting setting = {
		.name = slice_text(name), .value = value, .line = rule->line, .used = true};
	if (!rule_apply_special(parser, rule, &setting, true) &&
		rule_find(rule, setting.name) == NULL)
		(void)rule_assign(parser, rule, &setting); /* an event without it does without */
}

static void rule_finish(struct mapping_parser *parser, struct rule *rule)
{
	struct mapping *mapping = parser->mapping;
	char id[160];
	if (parser->source_forced)
		rule->attributes[MAPPING_SOURCE].template.first = NULL;
	(void)snprintf(id, sizeof(id), "{row:digest}/%s", rule->type->name); /* names are short */
	rule_add_default(parser, rule, "id", slice_text(id));
	if (mapping->station_id.len > 0)
		rule_add_default(parser, rule, "station.station_id", mapping->station_id);
	if (rule->attributes[MAPPING_SOURCE].template.first == NULL && mapping->source.len == 0)
		mapping_problem(parser, rule->line, SLICE_LITERAL("source"),
			"is given neither here nor in [station]");
	for (size_t i = 0; i < MAPPING_ATTRIBUTES; i++) {
		const struct expression *given = &rule->attributes[i];
		bool time = i == MAPPING_TIME || i == MAPPING_SENT;
		const struct conversion *conversion = &given->conversion;
		if (conversion->currency.len > 0 || conversion->separators.len > 0 ||
			conversion->unit_ms > 0 || (!time && conversion->date.len > 0))
			mapping_problem(parser, given->line, slice_text(attribute_names[i].name),
				"cannot be read in this way");
		else if (conversion->date.len > 0 &&
			 moment_check_pattern(conversion->date) != CH_OK)
			mapping_problem(parser, given->line, slice_text(attribute_names[i].name),
				"the date pattern cannot be read");
	}
}

void mapping_add_rule(struct mapping_parser *parser, struct section *section, struct section *all)
{
	struct mapping *mapping = parser->mapping;
	const struct event_type *type = types_find(section->name);
	if (type == NULL || (type->flags & TYPE_DERIVED) != 0) {
		mapping_problem(parser, section->line, section->name, "%s",
			type == NULL ? "is no event type" : "is written by the hub alone");
		return;
	}
	struct rule *rule = mapping_alloc(parser, sizeof(*rule));
	if (rule == NULL)
		return;
	rule->type = type;
	rule->line = section->line;
	rule_read_own(parser, rule, section);
	if (all != NULL)
		rule_read_all(parser, rule, all);
	rule_require_all(parser, rule, section, true);
	if (all != NULL)
		rule_require_all(parser, rule, all, false);
	rule_finish(parser, rule);
	*parser->last_rule = rule;
	parser->last_rule = &rule->next;
	mapping->rule_count++;
}

void mapping_check_all(struct mapping_parser *parser, const struct section *all)
{
	for (const struct setting *setting = all->first; setting != NULL; setting = setting->next) {
		if (slice_is(setting->name, "when"))
			mapping_problem(parser, setting->line, setting->name,
				"belongs into an [event] section");
		else if (!setting->used && !setting->told)
			mapping_problem(parser, setting->line, setting->name,
				"is a field of none of the events");
		for (const struct setting *other = all->first; other != setting && !setting->list;
			other = other->next) {
			if (slice_equal(other->name, setting->name))
				mapping_problem(
					parser, setting->line, setting->name, "is given twice");
		}
	}
}

bool value_map_find(const struct value_map *map, struct slice from, struct slice *out_to)
{
	for (const struct value_map_entry *entry = map->first; entry != NULL; entry = entry->next) {
		if (slice_equal(entry->from, from)) {
			*out_to = entry->to;
			return true;
		}
	}
	if (!map->has_default)
		return false;
	*out_to = slice_is(map->otherwise, "*") ? from : map->otherwise;
	return true;
}

static bool condition_holds(const struct condition *condition, const struct cell *const *cells)
{
	const struct cell *cell = cells[condition->column->slot];
	struct slice text = cell != NULL ? cell->text : (struct slice){NULL, 0};
	bool found = condition->any && text.len > 0;
	for (size_t i = 0; i < condition->value_count; i++)
		found = found || slice_equal(condition->values[i], text);
	return found != condition->negated;
}

bool rule_matches(const struct rule *rule, const struct cell *const *cells)
{
	for (const struct condition *condition = rule->conditions; condition != NULL;
		condition = condition->next) {
		if (!condition_holds(condition, cells))
			return false;
	}
	return true;
}
