#include "channel/repair/event.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "channel/repair/build.h"
#include "channel/repair/moment.h"
#include "kit/seal.h"

/* A rule with what follows from it: which columns have found their place in the event, so that the
 * others can be kept as attributes. */
struct event_rule {
	const struct rule *rule;
	bool *placed; /* by slot */
};

struct event_maker {
	const struct mapping *mapping;
	struct event_rule *rules;
	size_t rule_count;
	struct cell file_name;
	struct cell digest; /* {row:digest} */
	uint8_t record_digest[EVENT_DIGEST_BYTES];
	char digest_text[33];

	const struct row *row;
	const struct cell **cells; /* by slot */
	size_t next_rule;
	bool matched;
	bool told; /* that no rule fits, or that a column is unknown */

	/* Of the event given last. */
	struct arena arena;
	struct buffer attributes[MAPPING_ATTRIBUTES];
	struct buffer text;
	struct sealed sealed;
	uint8_t event_digest[EVENT_DIGEST_BYTES];
};

void event_digest(struct slice bytes, uint8_t out_digest[EVENT_DIGEST_BYTES])
{
	(void)crypto_generichash(out_digest, EVENT_DIGEST_BYTES, bytes.data, bytes.len, NULL,
		0); /* sizes are right */
}

static void event_mark_placed(bool *placed, const struct template *template)
{
	for (const struct template_part *part = template->first; part != NULL; part = part->next) {
		if (part->column != NULL)
			placed[part->column->slot] = true;
	}
}

static enum ch_status event_prepare_rules(struct event_maker *maker)
{
	const struct mapping *mapping = maker->mapping;
	size_t columns = mapping->columns.count;
	maker->rules = calloc(mapping->rule_count + 1, sizeof(*maker->rules));
	if (maker->rules == NULL)
		return CH_NOMEM;
	for (const struct rule *rule = mapping->rules; rule != NULL; rule = rule->next) {
		struct event_rule *prepared = &maker->rules[maker->rule_count++];
		prepared->rule = rule;
		prepared->placed = calloc(columns + 1, sizeof(*prepared->placed));
		if (prepared->placed == NULL)
			return CH_NOMEM;
		/* Columns that only choose or identify the event have no place in it of their own. */
		event_mark_placed(prepared->placed, &rule->attributes[MAPPING_TIME].template);
		event_mark_placed(prepared->placed, &rule->attributes[MAPPING_SENT].template);
		for (const struct assignment *assignment = rule->assignments; assignment != NULL;
			assignment = assignment->next)
			event_mark_placed(prepared->placed, &assignment->value.template);
	}
	return CH_OK;
}

enum ch_status event_maker_create(
	const struct mapping *mapping, struct slice file_name, struct event_maker **out_maker)
{
	enum ch_status status = CH_NOMEM;
	struct event_maker *maker = calloc(1, sizeof(*maker));
	if (maker == NULL)
		goto out;
	maker->mapping = mapping;
	maker->file_name.text = file_name;
	arena_init(&maker->arena);
	maker->cells = calloc(mapping->columns.count + 1, sizeof(*maker->cells));
	if (maker->cells == NULL)
		goto out;
	status = event_prepare_rules(maker);
	if (status != CH_OK)
		goto out;
	*out_maker = maker;
	maker = NULL; /* the caller's now */
out:
	event_maker_free(maker);
	return status;
}

void event_maker_free(struct event_maker *maker)
{
	if (maker == NULL)
		return;
	for (size_t i = 0; i < maker->rule_count; i++)
		free(maker->rules[i].placed);
	for (size_t i = 0; i < MAPPING_ATTRIBUTES; i++)
		buffer_fini(&maker->attributes[i]);
	free(maker->rules);
	free(maker->cells);
	arena_fini(&maker->arena);
	buffer_fini(&maker->text);
	sealed_fini(&maker->sealed);
	free(maker);
}

static void event_bind(struct event_maker *maker, const char *name, const struct cell *cell)
{
	const struct column *column = table_get(&maker->mapping->columns.by_name, slice_text(name));
	if (column != NULL)
		maker->cells[column->slot] = cell;
}

void event_maker_begin(struct event_maker *maker, const struct row *row)
{
	struct buffer hex = {0};
	maker->row = row;
	maker->next_rule = 0;
	maker->matched = false;
	maker->told = false;
	columns_bind(&maker->mapping->columns, row, maker->cells);
	event_digest(row->raw, maker->record_digest);
	text_append_hex(&hex, slice_of(maker->record_digest, 16));
	(void)snprintf(maker->digest_text, sizeof(maker->digest_text), "%s", buffer_text(&hex));
	buffer_fini(&hex);
	maker->digest = (struct cell){.text = slice_text(maker->digest_text), .at = row->at};
	maker->file_name.at = row->at;
	event_bind(maker, "row:digest", &maker->digest);
	event_bind(maker, "file:name", &maker->file_name);
}

/* ---- The envelope ---- */

static enum ch_status event_refuse(struct event_maker *maker, const struct template *template,
	enum ch_status status, const char *field, const char *reason,
	struct repair_reject *out_reject)
{
	const struct cell *cell = template != NULL ? template_cell(template, maker->cells) : NULL;
	struct slice name = cell != NULL && cell->name.len > 0 ? cell->name : slice_text(field);
	reject_fill(
		out_reject, status, cell != NULL ? cell->at : maker->row->at, name, "%s", reason);
	return status;
}

/* Fills one attribute.  Empty is fine where all its columns are optional, or it is not given. */
static enum ch_status event_fill_attribute(struct event_maker *maker, const struct rule *rule,
	enum mapping_attribute which, const char *field, size_t max, struct slice *out_text,
	struct repair_reject *out_reject)
{
	const struct expression *given = &rule->attributes[which];
	struct buffer *text = &maker->attributes[which];
	*out_text = (struct slice){NULL, 0};
	buffer_clear(text);
	if (given->template.first == NULL)
		return CH_OK;
	struct slice missing = template_missing(&given->template, maker->cells);
	if (missing.len > 0) {
		reject_fill(out_reject, CH_MISSING, maker->row->at, missing,
			"is empty, and the event's %s needs it", field);
		return CH_MISSING;
	}
	(void)template_fill(&given->template, maker->cells,
		which == MAPPING_SOURCE ? TEMPLATE_URI : TEMPLATE_PLAIN, text); /* may be empty */
	*out_text = buffer_slice(text);
	if (given->map != NULL && out_text->len > 0 &&
		!value_map_find(given->map, *out_text, out_text))
		return event_refuse(maker, &given->template, CH_INVALID, field,
			"is a value that its [values] section does not have", out_reject);
	if (out_text->len > max)
		return event_refuse(
			maker, &given->template, CH_TOO_LARGE, field, "is too long", out_reject);
	return text->status;
}

static enum ch_status event_fill_time(struct event_maker *maker, const struct rule *rule,
	enum mapping_attribute which, const char *field, int64_t *out_us,
	struct repair_reject *out_reject)
{
	struct slice text;
	struct moment moment;
	const struct expression *given = &rule->attributes[which];
	enum ch_status status = event_fill_attribute(
		maker, rule, which, field, LIMIT_SUBJECT_BYTES, &text, out_reject);
	if (status != CH_OK || text.len == 0)
		return status;
	status = moment_parse(text, given->conversion.date, &moment);
	if (status == CH_OK && moment.precision >= MOMENT_DAY) {
		*out_us = moment_to_utc(&moment, maker->mapping->zone);
		return CH_OK;
	}
	char reason[120];
	(void)snprintf(reason, sizeof(reason), "\"%.*s\": %s", (int)(text.len < 40 ? text.len : 40),
		(const char *)text.data,
		status == CH_OK        ? "a time needs its day"
		: status == CH_INVALID ? "there is no such day or time"
				       : "not a date or time in a known form");
	return event_refuse(maker, &given->template, status == CH_OK ? CH_INVALID : status, field,
		reason, out_reject);
}

static enum ch_status event_fill_envelope(struct event_maker *maker, const struct rule *rule,
	struct envelope *envelope, struct repair_reject *out_reject)
{
	const struct {
		enum mapping_attribute which;
		const char *field;
		size_t max;
		struct slice *text;
	} texts[] = {
		{MAPPING_ID, "id", LIMIT_ID_BYTES, &envelope->id},
		{MAPPING_SOURCE, "source", LIMIT_SOURCE_BYTES, &envelope->source},
		{MAPPING_SUBJECT, "subject", LIMIT_SUBJECT_BYTES, &envelope->subject},
		{MAPPING_CORRELATION, "correlation", LIMIT_ID_BYTES, &envelope->correlation_id},
		{MAPPING_CAUSATION, "causation", LIMIT_ID_BYTES, &envelope->causation_id},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		enum ch_status status = event_fill_attribute(maker, rule, texts[i].which,
			texts[i].field, texts[i].max, texts[i].text, out_reject);
		if (status != CH_OK)
			return status;
	}
	if (envelope->id.len == 0)
		return event_refuse(maker, &rule->attributes[MAPPING_ID].template, CH_MISSING, "id",
			"the event would have no id", out_reject);
	if (envelope->source.len == 0)
		envelope->source = maker->mapping->source;
	if (envelope->source.len == 0)
		return event_refuse(maker, &rule->attributes[MAPPING_SOURCE].template, CH_MISSING,
			"source", "the event would have no source", out_reject);
	enum ch_status status =
		event_fill_time(maker, rule, MAPPING_TIME, "time", &envelope->time_us, out_reject);
	if (status == CH_OK)
		status = event_fill_time(
			maker, rule, MAPPING_SENT, "sent", &envelope->sent_us, out_reject);
	return status;
}

/* ---- The message ---- */

static enum ch_status event_assign(struct event_maker *maker, struct build *build,
	const struct assignment *assignment, struct repair_reject *out_reject)
{
	const struct expression *value = &assignment->value;
	const struct template *template = &value->template;
	char reason[BUILD_REASON_BYTES];
	struct slice text;
	buffer_clear(&maker->text);
	bool filled = template_fill(template, maker->cells, TEMPLATE_PLAIN, &maker->text);
	text = buffer_slice(&maker->text);
	if (maker->text.status != CH_OK)
		return CH_NOMEM;
	if (filled && value->map != NULL && !value_map_find(value->map, text, &text)) {
		(void)snprintf(reason, sizeof(reason), "not in [values %.*s]",
			(int)value->map->name.len, (const char *)value->map->name.data);
	} else {
		if (!filled || text.len == 0)
			return CH_OK;
		enum ch_status status = build_set(build, &assignment->target, &value->conversion,
			text, template->constant, reason);
		if (status == CH_OK || status == CH_NOMEM)
			return status;
	}
	const struct cell *cell = template_cell(template, maker->cells);
	reject_fill(out_reject, CH_INVALID, cell != NULL ? cell->at : maker->row->at,
		cell != NULL ? cell->name : assignment->path, "for %.*s: %s%.*s%s%s",
		(int)assignment->path.len, (const char *)assignment->path.data,
		target_is_personal(&assignment->target) ? "" : "\"",
		target_is_personal(&assignment->target) ? 0 : (int)(text.len < 60 ? text.len : 60),
		(const char *)text.data, target_is_personal(&assignment->target) ? "" : "\" is ",
		reason);
	return CH_INVALID;
}

/* What is required has a value from one of the lines for it. */
static enum ch_status event_check_required(
	struct event_maker *maker, const struct rule *rule, struct repair_reject *out_reject)
{
	for (const struct assignment *assignment = rule->assignments; assignment != NULL;
		assignment = assignment->next) {
		bool filled = !assignment->required;
		for (const struct assignment *same = rule->assignments; same != NULL && !filled;
			same = same->next) {
			buffer_clear(&maker->text);
			filled = slice_equal(same->path, assignment->path) &&
				 template_fill(&same->value.template, maker->cells, TEMPLATE_PLAIN,
					 &maker->text);
		}
		if (filled)
			continue;
		const struct cell *cell = template_cell(&assignment->value.template, maker->cells);
		reject_fill(out_reject, CH_MISSING, cell != NULL ? cell->at : maker->row->at,
			cell != NULL ? cell->name : assignment->path,
			"is empty, and %.*s is required", (int)assignment->path.len,
			(const char *)assignment->path.data);
		return CH_MISSING;
	}
	return CH_OK;
}

static enum ch_status event_keep_extra(
	struct event_maker *maker, const struct event_rule *rule, struct build *build)
{
	const struct mapping *mapping = maker->mapping;
	for (size_t i = 0; i < maker->row->count && mapping->extra == MAPPING_EXTRA_KEEP; i++) {
		const struct cell *cell = &maker->row->cells[i];
		const struct column *column = table_get(&mapping->columns.by_name, cell->name);
		if (cell->text.len == 0 || cell->context ||
			(column != NULL && rule->placed[column->slot]))
			continue;
		enum ch_status status = build_add_attribute(build, cell->name, cell->text);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

static enum ch_status event_fill_message(struct event_maker *maker, const struct event_rule *rule,
	const ProtobufCMessage **out_message, struct repair_reject *out_reject)
{
	struct build build;
	arena_reset(&maker->arena);
	enum ch_status status =
		build_begin(&build, rule->rule->type->message, &maker->arena, maker->mapping->zone);
	/* Columns first: a constant beside them has no element of its own. */
	for (int constants = 0; constants < 2; constants++) {
		for (const struct assignment *assignment = rule->rule->assignments;
			status == CH_OK && assignment != NULL; assignment = assignment->next) {
			if (assignment->value.template.constant == (constants == 1))
				status = event_assign(maker, &build, assignment, out_reject);
		}
	}
	if (status == CH_OK)
		status = event_keep_extra(maker, rule, &build);
	if (status == CH_OK)
		status = event_check_required(maker, rule->rule, out_reject);
	if (status == CH_OK)
		*out_message = build.message;
	return status;
}

/* ---- One event ---- */

/* Of the columns that the event uses, each with its length: what a table's other columns do later
 * leaves it alone.  When it was sent is no part of it either: that is another one each time. */
static enum ch_status event_digest_fields(
	struct event_maker *maker, const struct rule *rule, uint8_t out_digest[EVENT_DIGEST_BYTES])
{
	buffer_clear(&maker->text);
	buffer_append_text(&maker->text, rule->type->name);
	for (const struct assignment *assignment = rule->assignments; assignment != NULL;
		assignment = assignment->next) {
		for (const struct template_part *part = assignment->value.template.first;
			part != NULL; part = part->next) {
			const struct cell *cell =
				part->column != NULL ? maker->cells[part->column->slot] : NULL;
			if (cell == NULL)
				continue;
			buffer_printf(&maker->text, "\n%zu ", cell->text.len);
			buffer_append_slice(&maker->text, cell->text);
		}
	}
	for (size_t i = 0; i < MAPPING_ATTRIBUTES; i++) {
		if (i == MAPPING_SENT)
			continue;
		buffer_printf(&maker->text, "\n%zu ", maker->attributes[i].len);
		buffer_append_slice(&maker->text, buffer_slice(&maker->attributes[i]));
	}
	event_digest(buffer_slice(&maker->text), out_digest);
	return maker->text.status;
}

static enum ch_status event_make(struct event_maker *maker, const struct event_rule *rule,
	struct repair_event *out_event, struct repair_reject *out_reject)
{
	struct envelope envelope = {.time_us = 0};
	const ProtobufCMessage *message;
	struct seal_fault fault;
	enum ch_status status = event_fill_envelope(maker, rule->rule, &envelope, out_reject);
	if (status == CH_OK)
		status = event_fill_message(maker, rule, &message, out_reject);
	if (status != CH_OK)
		return status;
	status = seal_event(rule->rule->type->name, message, &maker->sealed, &envelope, &fault);
	if (status != CH_OK && status != CH_NOMEM)
		reject_fill(out_reject, status, maker->row->at, slice_text(fault.field), "%s",
			fault.reason);
	if (status != CH_OK)
		return status;
	memcpy(maker->event_digest, maker->record_digest, sizeof(maker->event_digest));
	if (rule->rule->digest_fields)
		status = event_digest_fields(maker, rule->rule, maker->event_digest);
	if (status != CH_OK)
		return status;
	envelope.digest = slice_of(maker->event_digest, sizeof(maker->event_digest));
	*out_event = (struct repair_event){envelope, rule->rule->type, message, maker->row->at};
	return CH_OK;
}

static const struct cell *event_unknown_cell(const struct event_maker *maker)
{
	const struct mapping *mapping = maker->mapping;
	for (size_t i = 0; i < maker->row->count && mapping->extra == MAPPING_EXTRA_REJECT; i++) {
		const struct cell *cell = &maker->row->cells[i];
		if (!cell->context && table_get(&mapping->columns.by_name, cell->name) == NULL)
			return cell;
	}
	return NULL;
}

enum ch_status event_maker_next(
	struct event_maker *maker, struct repair_event *out_event, struct repair_reject *out_reject)
{
	const struct cell *unknown = maker->told ? NULL : event_unknown_cell(maker);
	if (unknown != NULL) {
		maker->told = true;
		maker->next_rule = maker->rule_count;
		reject_fill(out_reject, CH_INVALID, unknown->at, unknown->name,
			"is not in the mapping, which rejects what it does not know");
		return CH_INVALID;
	}
	while (maker->next_rule < maker->rule_count) {
		const struct event_rule *rule = &maker->rules[maker->next_rule++];
		if (!rule_matches(rule->rule, maker->cells))
			continue;
		maker->matched = true;
		return event_make(maker, rule, out_event, out_reject);
	}
	if (maker->matched || maker->told || maker->mapping->ignore_unmatched)
		return CH_END;
	maker->told = true;
	reject_fill(out_reject, CH_UNKNOWN_TYPE, maker->row->at, (struct slice){NULL, 0},
		"no [event] section's conditions hold for it");
	return CH_UNKNOWN_TYPE;
}
