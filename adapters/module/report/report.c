#include "module/report/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/text.h"

/* ---- Text fit for showing ---- */

/* The character at the start of well-formed `text`, and its bytes. */
static uint32_t report_first(struct slice text, size_t *out_len)
{
	uint8_t lead = text.data[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t point = len == 1 ? lead : lead & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		point = point << 6 | (text.data[i] & 0x3fu);
	*out_len = len;
	return point;
}

static bool report_is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
	       point == 0x2029;
}

/* They could make a name look like another text: left out. */
static bool report_is_turn(uint32_t point)
{
	return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* At most `room` bytes, whole characters. */
static size_t report_clean(struct slice text, uint8_t *to, size_t room)
{
	static const uint8_t unknown[] = {0xef, 0xbf, 0xbd};
	size_t used = 0;
	size_t well = text_utf8_prefix(text);
	for (size_t at = 0; at < text.len;) {
		size_t len = 1;
		const uint8_t *from = unknown;
		size_t from_len = sizeof(unknown);
		if (at < well) {
			uint32_t point = report_first(slice_sub(text, at, text.len), &len);
			from = report_is_control(point) ? (const uint8_t *)" " : text.data + at;
			from_len = report_is_control(point) ? 1 : report_is_turn(point) ? 0 : len;
		}
		at += len;
		if (at > well)
			well = at + text_utf8_prefix(slice_sub(text, at, text.len));
		if (used + from_len > room)
			break;
		memcpy(to + used, from, from_len);
		used += from_len;
	}
	return used;
}

/* NULL, and the report's status, when memory runs out. */
static void *report_alloc(struct report *report, size_t size)
{
	if (report == NULL || report->status != CH_OK)
		return NULL;
	void *memory = arena_alloc(&report->arena, size);
	if (memory == NULL)
		report->status = CH_NOMEM;
	else
		memset(memory, 0, size);
	return memory;
}

struct slice report_counted(
	struct report *report, int64_t count, const char *one, const char *several)
{
	return report_text(report, "%" PRId64 " %s", count, count == 1 ? one : several);
}

struct slice report_copy(struct report *report, struct slice text)
{
	static const uint8_t unknown_factor = 3; /* a byte that is no UTF-8 becomes three */
	size_t room = text.len * unknown_factor;
	if (room > LIMIT_REPORT_TEXT_BYTES)
		room = LIMIT_REPORT_TEXT_BYTES;
	uint8_t *copy = text.len == 0 ? NULL : report_alloc(report, room);
	return copy == NULL ? (struct slice){NULL, 0}
			    : slice_of(copy, report_clean(text, copy, room));
}

struct slice report_text(struct report *report, const char *format, ...)
{
	char text[LIMIT_REPORT_TEXT_BYTES + 1];
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return report_copy(report, slice_of(text, len < 0 ? 0 : strlen(text)));
}

static struct cell report_cell(struct report *report, struct cell cell)
{
	cell.text = report_copy(report, cell.text);
	return cell;
}

/* ---- Building ---- */

void report_init(struct report *report, const struct report_head *head)
{
	*report = (struct report){.head = *head, .status = CH_OK};
	arena_init(&report->arena);
	report->head.scope = report_copy(report, head->scope);
	report->head.zone = report_copy(report, head->zone);
}

void report_fini(struct report *report)
{
	arena_fini(&report->arena);
	*report = (struct report){.status = CH_CLOSED};
}

void report_note(struct report *report, enum cell_state state, struct slice text)
{
	struct report_note *note = report_alloc(report, sizeof(*note));
	if (note == NULL)
		return;
	*note = (struct report_note){.state = state, .text = report_copy(report, text)};
	*(report->notes == NULL ? &report->notes : &report->last_note->next) = note;
	report->last_note = note;
}

void report_promise(struct report *report, const struct report_promise *promise)
{
	struct report_promise *copy = report_alloc(report, sizeof(*copy));
	size_t count = promise->history_count < REPORT_HISTORY_MAX ? promise->history_count
								   : REPORT_HISTORY_MAX;
	struct cell *history = report_alloc(report, (count + 1) * sizeof(*history));
	if (history == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		history[i] =
			report_cell(report, promise->history[promise->history_count - count + i]);
	*copy = *promise;
	copy->target = report_copy(report, promise->target);
	copy->detail = report_copy(report, promise->detail);
	copy->achieved = report_cell(report, promise->achieved);
	copy->before = report_cell(report, promise->before);
	copy->history = history;
	copy->history_count = count;
	copy->next = NULL;
	*(report->promises == NULL ? &report->promises : &report->last_promise->next) = copy;
	report->last_promise = copy;
}

struct report_section *report_section(
	struct report *report, const char *key, const char *title, const char *text)
{
	struct report_section *section = report_alloc(report, sizeof(*section));
	if (section == NULL)
		return NULL;
	*section = (struct report_section){.report = report, .key = key, .title = title};
	section->text = report_copy(report, slice_text(text));
	*(report->sections == NULL ? &report->sections : &report->last_section->next) = section;
	report->last_section = section;
	return section;
}

static void report_append_part(
	struct report_section *section, struct report_table *table, struct report_figure *figure)
{
	struct report_part *part = report_alloc(section->report, sizeof(*part));
	if (part == NULL)
		return;
	part->table = table;
	part->figure = figure;
	*(section->parts == NULL ? &section->parts : &section->last->next) = part;
	section->last = part;
}

struct report_table *report_table(struct report_section *section, const char *key,
	const char *title, const struct report_column *columns, size_t column_count)
{
	invariant(column_count > 0 && column_count <= REPORT_COLUMNS_MAX);
	struct report *report = section != NULL ? section->report : NULL;
	struct report_table *table = report_alloc(report, sizeof(*table));
	if (table == NULL)
		return NULL;
	*table = (struct report_table){
		.report = report, .key = key, .title = title, .column_count = column_count};
	memcpy(table->columns, columns, column_count * sizeof(*columns));
	report_append_part(section, table, NULL);
	return table;
}

void report_row(struct report_table *table, const struct cell *cells, size_t cell_count)
{
	if (table == NULL)
		return;
	invariant(cell_count == table->column_count);
	if (table->row_count == LIMIT_REPORT_ROWS) {
		table->omitted++;
		return;
	}
	struct report_row *row =
		report_alloc(table->report, sizeof(*row) + cell_count * sizeof(*cells));
	if (row == NULL)
		return;
	for (size_t i = 0; i < cell_count; i++) {
		invariant(cells[i].kind == CELL_NONE || cells[i].kind == table->columns[i].kind);
		row->cells[i] = report_cell(table->report, cells[i]);
	}
	*(table->rows == NULL ? &table->rows : &table->last->next) = row;
	table->last = row;
	table->row_count++;
}

struct report_figure *report_figure(struct report_section *section, enum figure_kind kind,
	const char *key, struct slice title, const char *const *series, size_t series_count)
{
	invariant(series_count > 0 && series_count <= REPORT_SERIES_MAX);
	invariant(kind != FIGURE_CONTROL || series_count == 4);
	invariant(kind != FIGURE_PARETO || series_count == 2);
	struct report *report = section != NULL ? section->report : NULL;
	struct report_figure *figure = report_alloc(report, sizeof(*figure));
	if (figure == NULL)
		return NULL;
	*figure = (struct report_figure){.report = report,
		.kind = kind,
		.key = key,
		.title = report_copy(report, title),
		.unit = "",
		.label = "",
		.series_count = series_count,
		.target = NAN,
		.target_name = ""};
	memcpy(figure->series, series, series_count * sizeof(*series));
	report_append_part(section, NULL, figure);
	return figure;
}

struct figure_point *report_point(
	struct report_figure *figure, struct slice label, const double *values)
{
	if (figure == NULL)
		return NULL;
	if (figure->point_count == LIMIT_REPORT_POINTS) {
		figure->omitted++;
		return NULL;
	}
	struct figure_point *point = report_alloc(figure->report, sizeof(*point));
	if (point == NULL)
		return NULL;
	point->label = report_copy(figure->report, label);
	for (size_t i = 0; i < figure->series_count; i++)
		point->values[i] = values[i];
	*(figure->points == NULL ? &figure->points : &figure->last->next) = point;
	figure->last = point;
	figure->point_count++;
	return point;
}
