#include "channel/repair/template.h"

#include "base/text.h"

void columns_init(struct columns *columns, struct arena *arena)
{
	*columns = (struct columns){.arena = arena};
	columns->last = &columns->first;
	table_init(&columns->by_name);
}

void columns_fini(struct columns *columns)
{
	table_fini(&columns->by_name);
}

struct column *columns_use(struct columns *columns, struct slice name, bool optional)
{
	struct column *column = table_get(&columns->by_name, name);
	if (column != NULL) {
		column->optional = column->optional && optional;
		return column;
	}
	column = arena_alloc(columns->arena, sizeof(*column));
	if (column == NULL)
		return NULL;
	*column = (struct column){
		.name = arena_copy(columns->arena, name),
		.slot = columns->count,
		.optional = optional,
	};
	if (column->name.data == NULL ||
		table_put(&columns->by_name, column->name, column) != CH_OK)
		return NULL;
	*columns->last = column;
	columns->last = &column->next;
	columns->count++;
	return column;
}

void columns_bind(const struct columns *columns, const struct row *row, const struct cell **cells)
{
	for (size_t i = 0; i < columns->count; i++)
		cells[i] = NULL;
	for (size_t i = 0; i < row->count; i++) {
		const struct column *column = table_get(&columns->by_name, row->cells[i].name);
		if (column != NULL && cells[column->slot] == NULL)
			cells[column->slot] = &row->cells[i];
	}
}

/* ---- Parsing ---- */

struct template_reader {
	struct columns *columns;
	struct template_part **last;
	struct buffer literal; /* not yet a part */
	const char *reason;
};

static enum ch_status template_add(
	struct template_reader *reader, struct slice text, const struct column *column)
{
	struct template_part *part = arena_alloc(reader->columns->arena, sizeof(*part));
	if (part == NULL)
		return CH_NOMEM;
	*part = (struct template_part){.text = text, .column = column};
	*reader->last = part;
	reader->last = &part->next;
	return CH_OK;
}

static enum ch_status template_flush(struct template_reader *reader)
{
	if (reader->literal.len == 0)
		return reader->literal.status;
	struct slice text = arena_copy(reader->columns->arena, buffer_slice(&reader->literal));
	buffer_clear(&reader->literal);
	return text.data == NULL ? CH_NOMEM : template_add(reader, text, NULL);
}

/* `*at` stands behind an opening brace. */
static enum ch_status template_add_column(
	struct template_reader *reader, struct slice text, size_t *at)
{
	struct slice rest = slice_sub(text, *at, text.len);
	const uint8_t *end = rest.len > 0 ? memchr(rest.data, '}', rest.len) : NULL;
	if (end == NULL) {
		reader->reason = "a { without its }";
		return CH_INVALID;
	}
	struct slice name = slice_of(rest.data, (size_t)(end - rest.data));
	*at += name.len + 1;
	bool optional = slice_starts(name, SLICE_LITERAL("?"));
	name = row_trim(slice_sub(name, optional, name.len));
	if (name.len == 0) {
		reader->reason = "{} names no column";
		return CH_INVALID;
	}
	enum ch_status status = template_flush(reader);
	if (status != CH_OK)
		return status;
	const struct column *column = columns_use(reader->columns, name, optional);
	return column == NULL ? CH_NOMEM : template_add(reader, name, column);
}

static enum ch_status template_read(struct template_reader *reader, struct slice text)
{
	enum ch_status status = CH_OK;
	for (size_t at = 0; at < text.len && status == CH_OK;) {
		uint8_t byte = text.data[at++];
		bool brace = byte == '{' || byte == '}';
		if (!brace || (at < text.len && text.data[at] == byte)) {
			buffer_append_byte(&reader->literal, byte);
			at += brace;
		} else if (byte == '}') {
			reader->reason = "a } without its {";
			status = CH_INVALID;
		} else {
			status = template_add_column(reader, text, &at);
		}
	}
	return status == CH_OK ? template_flush(reader) : status;
}

enum ch_status template_parse(struct slice text, struct columns *columns,
	struct template *out_template, const char **out_reason)
{
	struct template template = {.first = NULL, .constant = true};
	struct template_reader reader = {.columns = columns, .last = &template.first};
	enum ch_status status = template_read(&reader, text);
	buffer_fini(&reader.literal);
	if (status == CH_OK && template.first == NULL)
		status = template_add(&reader, SLICE_LITERAL(""), NULL);
	if (status != CH_OK) {
		*out_reason = reader.reason != NULL ? reader.reason : "out of memory";
		return status;
	}
	for (const struct template_part *part = template.first; part != NULL; part = part->next)
		template.constant = template.constant && part->column == NULL;
	*out_template = template;
	return CH_OK;
}

/* ---- Filling ---- */

static void template_append_uri(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
				  (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
				  c == '~';
		if (unreserved)
			buffer_append_byte(out, c);
		else
			buffer_printf(out, "%%%02X", c);
	}
}

bool template_fill(const struct template *template, const struct cell *const *cells,
	enum template_style style, struct buffer *out)
{
	size_t len = out->len;
	bool filled = template->constant;
	for (const struct template_part *part = template->first; part != NULL; part = part->next) {
		if (part->column == NULL) {
			buffer_append_slice(out, part->text);
			continue;
		}
		const struct cell *cell = cells[part->column->slot];
		if (cell == NULL || cell->text.len == 0)
			continue;
		filled = true;
		if (style == TEMPLATE_URI)
			template_append_uri(out, cell->text);
		else
			buffer_append_slice(out, cell->text);
	}
	if (!filled)
		out->len = len;
	return filled && out->len > len;
}

struct slice template_missing(const struct template *template, const struct cell *const *cells)
{
	for (const struct template_part *part = template->first; part != NULL; part = part->next) {
		const struct column *column = part->column;
		if (column == NULL || column->optional)
			continue;
		if (cells[column->slot] == NULL || cells[column->slot]->text.len == 0)
			return column->name;
	}
	return (struct slice){NULL, 0};
}

const struct cell *template_cell(const struct template *template, const struct cell *const *cells)
{
	const struct cell *found = NULL;
	for (const struct template_part *part = template->first; part != NULL; part = part->next) {
		if (part->column == NULL || cells[part->column->slot] == NULL)
			continue;
		if (found == NULL || found->text.len == 0)
			found = cells[part->column->slot];
	}
	return found;
}
