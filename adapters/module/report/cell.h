/* One value of a report, with its type: what it is stays known until the very end, so that people read
 * "95.2 %" where a program reads 1204 of 1265.  Nothing here is a float; a division happens when a cell is shown.
 *
 *     cell_share(1204, 1265)          95.2 %  (1,204 of 1,265)
 *     cell_duration(187200000000)     2.2 d
 *     cell_money(129900, text("CNY")) CNY 1,299.00
 *
 * A share or a rate of nothing (whole 0) is shown as a dash, and keeps its two numbers for programs. */
#ifndef REPORT_CELL_H
#define REPORT_CELL_H

#include "base/decimal.h"
#include "base/slice.h"

enum cell_kind {
	CELL_NONE, /* nothing to tell */
	CELL_TEXT,
	CELL_COUNT,
	CELL_SHARE,    /* `value` of `whole`, shown in percent */
	CELL_RATE,     /* `value` per `whole`, shown as a number */
	CELL_DURATION, /* microseconds */
	CELL_MONEY,    /* minor units of the currency in `text` */
	CELL_NUMBER,   /* value x 10^-scale */
	CELL_TIME,     /* microseconds UTC */
};

/* How a value stands to what was promised.  Shown by colour and by a word or sign, never by colour alone. */
enum cell_state { STATE_PLAIN, STATE_GOOD, STATE_WATCH, STATE_BAD, STATE_UNKNOWN };

struct cell {
	enum cell_kind kind;
	enum cell_state state;
	int64_t value;
	int64_t whole;
	uint32_t scale;
	struct slice text;
};

static inline struct cell cell_none(void)
{
	return (struct cell){.kind = CELL_NONE};
}

static inline struct cell cell_text(struct slice text)
{
	return (struct cell){.kind = CELL_TEXT, .text = text};
}

static inline struct cell cell_count(int64_t count)
{
	return (struct cell){.kind = CELL_COUNT, .value = count};
}

static inline struct cell cell_share(int64_t part, int64_t whole)
{
	return (struct cell){.kind = CELL_SHARE, .value = part, .whole = whole};
}

static inline struct cell cell_rate(int64_t part, int64_t whole)
{
	return (struct cell){.kind = CELL_RATE, .value = part, .whole = whole};
}

static inline struct cell cell_duration(int64_t duration_us)
{
	return (struct cell){.kind = CELL_DURATION, .value = duration_us};
}

static inline struct cell cell_money(int64_t minor_units, struct slice currency)
{
	return (struct cell){.kind = CELL_MONEY, .value = minor_units, .text = currency};
}

static inline struct cell cell_number(struct decimal number)
{
	return (struct cell){.kind = CELL_NUMBER, .value = number.unscaled, .scale = number.scale};
}

static inline struct cell cell_time(int64_t time_us)
{
	return (struct cell){.kind = CELL_TIME, .value = time_us};
}

static inline struct cell cell_in_state(struct cell cell, enum cell_state state)
{
	cell.state = state;
	return cell;
}

/* "good", "watch", "bad", "unknown"; "" for STATE_PLAIN. */
const char *cell_state_name(enum cell_state state);

/* The same as a sign for a terminal, one column wide. */
const char *cell_state_sign(enum cell_state state);

/* "count", "share" ...: the types of columns in JSON. */
const char *cell_kind_name(enum cell_kind kind);

/* For people, in English: thousands parted by commas, half a unit rounded away from nought, a dash for
 * nothing, times as clocks so far ahead of UTC show them.  `digits` stand behind the point of a share, a
 * rate or a number; a number that has fewer keeps its own. */
void cell_show(const struct cell *cell, unsigned digits, int64_t offset_us, struct buffer *out);

/* "1,204 of 1,265" of a share or a rate; nothing for others, and of nothing. */
void cell_show_parts(const struct cell *cell, struct buffer *out);

/* For programs: the plain number that CSV and JSON have.  A share and a rate as a fraction of 1 that reads
 * back as the same double, a duration in seconds, money with the digits of its currency, a time in RFC 3339;
 * nothing for CELL_NONE and a ratio of nothing.  Text is not quoted here. */
void cell_write(const struct cell *cell, struct buffer *out);

/* What a figure draws: a share in percent, a duration in seconds; NAN for nothing. */
double cell_real(const struct cell *cell);

#endif
