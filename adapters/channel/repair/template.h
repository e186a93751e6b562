/* A value of a mapping: text with columns in it.
 *
 *     {工单号}/{行号}        two columns and a slash
 *     SH-{?shop}             a column that a file may lack
 *     {{as it stands}}       braces are doubled to mean themselves
 *
 * A template whose columns are all empty is empty, whatever text stands between them; one without
 * columns is a constant. */
#ifndef REPAIR_TEMPLATE_H
#define REPAIR_TEMPLATE_H

#include "base/arena.h"
#include "base/table.h"
#include "channel/repair/row.h"

/* Every column that a mapping names, each once. */
struct column {
	struct slice name;
	size_t slot; /* its place in a row's cells, see columns_bind */
	bool optional;
	struct column *next;
};

struct columns {
	struct arena *arena;
	struct table by_name;
	struct column *first;
	struct column **last;
	size_t count;
};

void columns_init(struct columns *columns, struct arena *arena);
void columns_fini(struct columns *columns);

/* The column of that name, made when it is new.  Optional stays only what is optional everywhere.
 * NULL: out of memory. */
struct column *columns_use(struct columns *columns, struct slice name, bool optional);

/* Sorts a row's cells by slot: cells[slot] is the first cell of that name, or NULL.  `cells` has
 * columns->count places. */
void columns_bind(const struct columns *columns, const struct row *row, const struct cell **cells);

struct template_part {
	struct slice text; /* when column is NULL */
	const struct column *column;
	struct template_part *next;
};

struct template
{
	struct template_part *first; /* NULL: not given */
	bool constant;
};

/* CH_INVALID: *out_reason (constant text) says what is wrong; CH_NOMEM. */
enum ch_status template_parse(struct slice text, struct columns *columns,
	struct template *out_template, const char **out_reason);

/* How column values are written into it. */
enum template_style {
	TEMPLATE_PLAIN,
	TEMPLATE_URI, /* percent-encoded but for RFC 3986's unreserved characters */
};

/* Appends; false when it is empty because its columns are. */
bool template_fill(const struct template *template, const struct cell *const *cells,
	enum template_style style, struct buffer *out);

/* The name of a column that is not optional and has nothing here; empty when there is none.  What
 * identifies an event needs all its columns. */
struct slice template_missing(const struct template *template, const struct cell *const *cells);

/* The first column in it, for telling where a bad value stands: a filled one if there is, else NULL. */
const struct cell *template_cell(const struct template *template, const struct cell *const *cells);

#endif
