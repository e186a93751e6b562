/* What a module has to show, before anybody has said how: a title, a period, the place in the log that it was
 * reckoned at, promises kept and missed, sections with tables and figures.  render.h makes a terminal's text,
 * JSON, CSV or a web page of it.
 *
 *     static const struct report_column columns[] = {
 *             {"station", "Station", CELL_TEXT, 0}, {"fourDay", "Within 4 days", CELL_SHARE, 1}};
 *     struct report report;
 *     report_init(&report, &head);
 *     struct report_section *section = report_section(&report, "stations", "Stations", "Ranked.");
 *     struct report_table *table = report_table(section, "ranking", "", columns, 2);
 *     report_row(table, (struct cell[]){cell_text(name), cell_share(91, 95)}, 2);
 *     ...
 *     report_fini(&report);
 *
 * Everything given is copied.  Text is made fit for showing on the way in: what is no UTF-8 becomes U+FFFD,
 * control characters become blanks, marks that turn the direction of writing are left out, and what is longer
 * than LIMIT_REPORT_TEXT_BYTES is cut between characters.
 *
 * The status sticks: after CH_NOMEM every call does nothing and gives NULL, which every call takes, so
 * that building reads like the report and `status` is looked at once, at the end.  Not for threads to share. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/arena.h"
#include "module/report/cell.h"

#define REPORT_COLUMNS_MAX 16u
#define REPORT_SERIES_MAX  4u

struct report_head {
	const char *product; /* "Carehub quality" */
	const char *title;
	struct slice scope; /* "all stations" */
	int64_t from_us;    /* the period; it ends before `to_us` */
	int64_t to_us;
	uint64_t sequence; /* the last entry of the log that was taken in */
	int64_t as_of_us;  /* and the moment that open things are as old as */
	int64_t offset_us; /* days are those of clocks so far ahead of UTC, */
	struct slice zone; /* called so: "UTC+08:00" */
	size_t columns;    /* of the terminal that the text is for; 0: as wide as it comes */
};

/* Something that whoever reads on must know first: a gap in the log, rejected events. */
struct report_note {
	struct report_note *next;
	enum cell_state state;
	struct slice text;
};

enum report_trend { TREND_UNKNOWN, TREND_BETTER, TREND_SAME, TREND_WORSE };

#define REPORT_HISTORY_MAX 24u

/* A promise: what was promised, what came of it, and where it goes. */
struct report_promise {
	const char *key;
	const char *title;
	struct slice target; /* "95 % or more"; empty: there is none */
	struct cell achieved;
	unsigned digits;
	enum cell_state state;
	const char *verdict; /* the state in a word: "kept", "close", "missed", "no data" */
	enum report_trend trend;
	struct cell before; /* the period before; CELL_NONE: not known */
	struct slice detail;
	/* The periods up to this one, oldest first, for a small line; cells of nothing are passed over. */
	const struct cell *history;
	size_t history_count; /* at most REPORT_HISTORY_MAX; the newest are taken */
	struct report_promise *next;
};

struct report_column {
	const char *key;   /* in JSON and CSV */
	const char *title; /* for people */
	enum cell_kind kind;
	unsigned digits;
};

struct report_row {
	struct report_row *next;
	struct cell cells[]; /* as many as the table has columns */
};

struct report_table {
	struct report_table *next;
	struct report *report;
	const char *key;
	const char *title;
	struct report_column columns[REPORT_COLUMNS_MAX];
	size_t column_count;
	struct report_row *rows;
	struct report_row *last;
	size_t row_count;
	size_t shown;   /* people see so many rows, and how many more there are; 0: all */
	size_t omitted; /* beyond LIMIT_REPORT_ROWS */
};

enum figure_kind {
	FIGURE_BAR,     /* one or more series side by side */
	FIGURE_STACK,   /* series upon one another */
	FIGURE_RANK,    /* lying bars, one a name */
	FIGURE_LINE,    /* points in order */
	FIGURE_PARETO,  /* two series: count, and cumulative share in percent */
	FIGURE_CONTROL, /* four series: value, center, lower and upper limit */
};

struct figure_point {
	struct figure_point *next;
	struct slice label;
	double values[REPORT_SERIES_MAX]; /* NAN: none */
	enum cell_state state;            /* other than STATE_PLAIN: marked */
	struct slice why;                 /* it is */
	bool trial;                       /* FIGURE_CONTROL: took part in setting the limits */
};

struct report_figure {
	struct report_figure *next;
	struct report *report;
	enum figure_kind kind;
	const char *key;
	struct slice title;
	struct slice
		text; /* what it says, in a sentence: also what stands for the picture where there is none */
	const char *unit;  /* "days", "%", "repairs" */
	const char *label; /* what its points are: "week", "defect" */
	const char *series[REPORT_SERIES_MAX];
	size_t series_count;
	double target; /* a line across; NAN: none */
	const char *target_name;
	struct figure_point *points;
	struct figure_point *last;
	size_t point_count;
	size_t omitted; /* beyond LIMIT_REPORT_POINTS */
};

/* Tables and figures stand in the order in which they were added. */
struct report_part {
	struct report_part *next;
	struct report_table *table; /* one of the two */
	struct report_figure *figure;
};

struct report_section {
	struct report_section *next;
	struct report *report;
	const char *key;
	const char *title;
	struct slice text;
	struct report_part *parts;
	struct report_part *last;
};

struct report {
	struct report_head head;
	struct report_note *notes;
	struct report_promise *promises;
	struct report_section *sections;
	enum ch_status status;
	/* Ends of the lists above. */
	struct report_note *last_note;
	struct report_promise *last_promise;
	struct report_section *last_section;
	struct arena arena;
};

/* Keys, titles, units and names of series are not copied: they are words of the program. */
void report_init(struct report *report, const struct report_head *head);
void report_fini(struct report *report);

/* Text that lives as long as the report, fit for showing. */
struct slice report_text(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
struct slice report_copy(struct report *report, struct slice text);

/* "1 repair", "0 repairs", "12 repairs". */
struct slice report_counted(
	struct report *report, int64_t count, const char *one, const char *several);

void report_note(struct report *report, enum cell_state state, struct slice text);

/* `next` is not looked at. */
void report_promise(struct report *report, const struct report_promise *promise);

/* `text` may be NULL. */
struct report_section *report_section(
	struct report *report, const char *key, const char *title, const char *text);

/* `title` may be "" when the section's says it. */
struct report_table *report_table(struct report_section *section, const char *key,
	const char *title, const struct report_column *columns, size_t column_count);

/* One cell a column, each of the column's kind or of nothing. */
void report_row(struct report_table *table, const struct cell *cells, size_t cell_count);

/* With its points still to come; its other fields may be set by the caller. */
struct report_figure *report_figure(struct report_section *section, enum figure_kind kind,
	const char *key, struct slice title, const char *const *series, size_t series_count);

/* As many values as there are series.  Returns the point, to be marked; NULL. */
struct figure_point *report_point(
	struct report_figure *figure, struct slice label, const double *values);

#endif
