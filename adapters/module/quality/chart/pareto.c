#include "module/quality/chart/pareto.h"

#include <stdlib.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"

void pareto_init(struct pareto *pareto, const char *other)
{
	*pareto = (struct pareto){.other = other};
	table_init(&pareto->by_name);
	arena_init(&pareto->arena);
}

void pareto_fini(struct pareto *pareto)
{
	table_fini(&pareto->by_name);
	arena_fini(&pareto->arena);
	free(pareto->classes);
	*pareto = (struct pareto){0};
}

static bool pareto_is(struct slice name, const char *word)
{
	return name.len == strlen(word) &&
	       strncasecmp((const char *)name.data, word, name.len) == 0;
}

static bool pareto_is_other(const struct pareto *pareto, struct slice name)
{
	if (pareto->other != NULL)
		return pareto_is(name, pareto->other);
	static const char *const others[] = {"other", "others", "其他", "其它"};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (pareto_is(name, others[i]))
			return true;
	return false;
}

static enum ch_status pareto_new_class(
	struct pareto *pareto, struct slice name, struct pareto_class **out_class)
{
	if (pareto->count == LIMIT_PARETO_CLASSES)
		return CH_TOO_LARGE;
	if (pareto->count == pareto->capacity) {
		size_t capacity = pareto->capacity == 0 ? 16 : pareto->capacity * 2;
		struct pareto_class **classes =
			realloc(pareto->classes, capacity * sizeof(struct pareto_class *));
		if (classes == NULL)
			return CH_NOMEM;
		pareto->classes = classes;
		pareto->capacity = capacity;
	}
	struct pareto_class *class = arena_alloc(&pareto->arena, sizeof(*class));
	struct slice copy = arena_copy(&pareto->arena, name);
	if (class == NULL || (copy.data == NULL && name.len > 0))
		return CH_NOMEM;
	*class = (struct pareto_class){.name = copy, .other = pareto_is_other(pareto, name)};
	enum ch_status status = table_put(&pareto->by_name, copy, class);
	if (status != CH_OK)
		return status;
	pareto->classes[pareto->count++] = class;
	*out_class = class;
	return CH_OK;
}

enum ch_status pareto_add(struct pareto *pareto, struct slice name, int64_t count)
{
	if (count > INT64_MAX - pareto->total)
		return CH_TOO_LARGE;
	struct pareto_class *class = table_get(&pareto->by_name, name);
	if (class == NULL) {
		enum ch_status status = pareto_new_class(pareto, name, &class);
		if (status != CH_OK)
			return status;
	}
	class->count += count;
	pareto->total += count;
	return CH_OK;
}

static int pareto_compare(const void *left, const void *right)
{
	const struct pareto_class *a = *(struct pareto_class *const *)left;
	const struct pareto_class *b = *(struct pareto_class *const *)right;
	if (a->other != b->other)
		return a->other ? 1 : -1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return slice_compare(a->name, b->name);
}

void pareto_rank(struct pareto *pareto)
{
	int64_t sum = 0;
	if (pareto->count > 0)
		qsort(pareto->classes, pareto->count, sizeof(struct pareto_class *),
			pareto_compare);
	for (size_t i = 0; i < pareto->count; i++) {
		sum += pareto->classes[i]->count;
		pareto->classes[i]->cumulative = sum;
	}
}

int64_t pareto_tenths(int64_t part, int64_t whole)
{
	return (int64_t)(((__int128_t)part * 2000 + whole) / ((__int128_t)whole * 2));
}

/* ---- From a file ---- */

#define PARETO_NONE SIZE_MAX

struct pareto_columns {
	size_t category;
	size_t count; /* PARETO_NONE: each row counts one */
	size_t fields;
	bool header;
};

/* "#2", or a name of this row, which is the header then. */
static enum ch_status pareto_find_column(const char *name, const struct data_row *row, bool *header,
	size_t *out_column, struct refusal *out_refusal)
{
	struct slice text = slice_text(name);
	uint64_t number = 0;
	if (text.len > 1 && text.data[0] == '#' &&
		text_parse_u64(slice_sub(text, 1, text.len), row->count, &number) == CH_OK &&
		number > 0) {
		*out_column = (size_t)number - 1;
		return CH_OK;
	}
	for (size_t i = 0; i < row->count; i++) {
		if (slice_equal(row->fields[i].text, text)) {
			*header = true;
			*out_column = i;
			return CH_OK;
		}
	}
	return refuse(out_refusal, CH_MISSING, row->at, "there is no column %s", name);
}

static enum ch_status pareto_take_columns(const struct pareto_options *options,
	const struct data_row *row, struct pareto_columns *out_columns, struct refusal *out_refusal)
{
	struct pareto_columns columns = {0, PARETO_NONE, row->count, false};
	enum ch_status status = CH_OK;
	uint64_t number;
	if (options->category != NULL)
		status = pareto_find_column(
			options->category, row, &columns.header, &columns.category, out_refusal);
	else if (row->count > 1)
		columns.count = 1;
	if (status == CH_OK && options->count != NULL)
		status = pareto_find_column(
			options->count, row, &columns.header, &columns.count, out_refusal);
	if (status != CH_OK)
		return status;
	if (columns.count != PARETO_NONE &&
		text_parse_u64(row->fields[columns.count].text, INT64_MAX, &number) == CH_FORMAT)
		columns.header = true;
	*out_columns = columns;
	return CH_OK;
}

static enum ch_status pareto_take_row(struct pareto *pareto, const struct pareto_columns *columns,
	const struct data_row *row, struct refusal *out_refusal)
{
	char word[REFUSAL_WORD_BYTES];
	uint64_t count = 1;
	if (row->count != columns->fields)
		return refuse(out_refusal, CH_FORMAT, row->at,
			"%zu fields where the first row has %zu", row->count, columns->fields);
	const struct data_field *name = &row->fields[columns->category];
	if (name->text.len == 0)
		return refuse(out_refusal, CH_MISSING, name->at, "field %zu: no class is named",
			columns->category + 1);
	if (columns->count != PARETO_NONE) {
		const struct data_field *field = &row->fields[columns->count];
		enum ch_status status = text_parse_u64(field->text, INT64_MAX, &count);
		if (status != CH_OK)
			return refuse(out_refusal, status == CH_FORMAT ? CH_FORMAT : CH_TOO_LARGE,
				field->at, "field %zu: \"%s\" is %s", columns->count + 1,
				refusal_word(field->text, word),
				status == CH_FORMAT ? "no count" : "too large");
	}
	enum ch_status status = pareto_add(pareto, name->text, (int64_t)count);
	if (status != CH_OK)
		return refuse(out_refusal, status, row->at, "%s",
			status == CH_NOMEM ? "out of memory"
					   : "too many classes, or too large a total");
	return CH_OK;
}

enum ch_status pareto_read(struct data_file *file, const struct pareto_options *options,
	struct pareto *pareto, struct refusal *out_refusal)
{
	struct pareto_columns columns = {0};
	struct data_row row;
	enum ch_status status;
	while ((status = data_file_next(file, &row, out_refusal)) == CH_OK) {
		bool first = columns.fields == 0;
		if (first)
			status = pareto_take_columns(options, &row, &columns, out_refusal);
		if (status == CH_OK && !(first && columns.header))
			status = pareto_take_row(pareto, &columns, &row, out_refusal);
		if (status != CH_OK)
			return status;
	}
	if (status == CH_END && pareto->total == 0)
		return refuse(out_refusal, CH_INVALID, (struct place){0, 0},
			"nothing is counted in it, so there are no shares");
	return status == CH_END ? CH_OK : status;
}
