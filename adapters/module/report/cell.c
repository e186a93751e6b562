#include "module/report/cell.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/currency.h"
#include "module/data/number.h"

#define CELL_DASH       "\xe2\x80\x93" /* U+2013 */
#define CELL_SECOND_US  INT64_C(1000000)
#define CELL_DIGITS_MAX 6u

const char *cell_state_name(enum cell_state state)
{
	static const char *const names[] = {"", "good", "watch", "bad", "unknown"};
	return names[state];
}

const char *cell_state_sign(enum cell_state state)
{
	/* U+2714, U+25B2, U+2718, U+25CB. */
	static const char *const signs[] = {
		"", "\xe2\x9c\x94", "\xe2\x96\xb2", "\xe2\x9c\x98", "\xe2\x97\x8b"};
	return signs[state];
}

const char *cell_kind_name(enum cell_kind kind)
{
	static const char *const names[] = {
		"none", "text", "count", "share", "rate", "duration", "money", "number", "time"};
	return names[kind];
}

static int64_t cell_power_of_ten(unsigned exponent)
{
	int64_t power = 1;
	for (; exponent > 0; exponent--)
		power *= 10;
	return power;
}

/* The magnitude of value / divisor, half rounded away from nought; a quotient that has no room in 64 bits
 * is the largest that has. */
static uint64_t cell_divide(__int128_t value, __int128_t divisor)
{
	__uint128_t above = (__uint128_t)(value < 0 ? -value : value);
	__uint128_t below = (__uint128_t)(divisor < 0 ? -divisor : divisor);
	__uint128_t quotient = above / below + (above % below >= below - above % below ? 1 : 0);
	return quotient > UINT64_MAX ? UINT64_MAX : (uint64_t)quotient;
}

static void cell_group(uint64_t number, struct buffer *out)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buffer_append_byte(out, ',');
		buffer_append_byte(out, (uint8_t)digits[i]);
	}
}

/* magnitude x 10^-digits, with its sign unless it is nought. */
static void cell_show_fixed(bool negative, uint64_t magnitude, unsigned digits, struct buffer *out)
{
	uint64_t power = (uint64_t)cell_power_of_ten(digits);
	if (negative && magnitude > 0)
		buffer_append_byte(out, '-');
	cell_group(magnitude / power, out);
	if (digits > 0)
		buffer_printf(out, ".%0*" PRIu64, (int)digits, magnitude % power);
}

static bool cell_is_ratio(const struct cell *cell)
{
	return cell->kind == CELL_SHARE || cell->kind == CELL_RATE;
}

static void cell_show_ratio(const struct cell *cell, unsigned digits, struct buffer *out)
{
	int64_t factor = cell->kind == CELL_SHARE ? 100 : 1;
	if (cell->whole == 0) {
		buffer_append_text(out, CELL_DASH);
		return;
	}
	if (digits > CELL_DIGITS_MAX)
		digits = CELL_DIGITS_MAX;
	cell_show_fixed((cell->value < 0) != (cell->whole < 0),
		cell_divide(
			(__int128_t)cell->value * factor * cell_power_of_ten(digits), cell->whole),
		digits, out);
	if (cell->kind == CELL_SHARE)
		buffer_append_text(out, " %");
}

/* In the largest unit of which there are at least two, to a tenth: numbers that can be compared at a glance. */
static void cell_show_duration(int64_t duration_us, struct buffer *out)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t at = 0;
	uint64_t magnitude =
		duration_us < 0 ? (uint64_t)0 - (uint64_t)duration_us : (uint64_t)duration_us;
	while (at < 3 && magnitude < 2 * (uint64_t)(units[at].seconds * CELL_SECOND_US))
		at++;
	cell_show_fixed(duration_us < 0,
		cell_divide((__int128_t)duration_us * 10, units[at].seconds * CELL_SECOND_US), 1,
		out);
	buffer_printf(out, " %s", units[at].name);
}

static void cell_show_number(const struct cell *cell, unsigned digits, struct buffer *out)
{
	if (digits > cell->scale)
		digits = cell->scale;
	cell_show_fixed(cell->value < 0,
		cell_divide(cell->value, cell_power_of_ten(cell->scale - digits)), digits, out);
}

static void cell_show_time(int64_t time_us, struct buffer *out)
{
	char text[CLOCK_TEXT_BYTES];
	clock_format(time_us, text);
	buffer_printf(out, "%.10s %.5s", text, text + 11);
}

void cell_show(const struct cell *cell, unsigned digits, int64_t offset_us, struct buffer *out)
{
	uint32_t exponent;
	switch (cell->kind) {
	case CELL_NONE:
		buffer_append_text(out, CELL_DASH);
		break;
	case CELL_TEXT:
		buffer_append_slice(out, cell->text);
		break;
	case CELL_COUNT:
		cell_show_fixed(cell->value < 0, cell_divide(cell->value, 1), 0, out);
		break;
	case CELL_SHARE:
	case CELL_RATE:
		cell_show_ratio(cell, digits, out);
		break;
	case CELL_DURATION:
		cell_show_duration(cell->value, out);
		break;
	case CELL_MONEY:
		exponent = currency_exponent(cell->text);
		buffer_append_slice(out, cell->text);
		buffer_append_byte(out, ' ');
		cell_show_fixed(cell->value < 0, cell_divide(cell->value, 1), exponent, out);
		break;
	case CELL_NUMBER:
		cell_show_number(cell, digits, out);
		break;
	case CELL_TIME:
		cell_show_time(cell->value + offset_us, out);
		break;
	}
}

void cell_show_parts(const struct cell *cell, struct buffer *out)
{
	if (!cell_is_ratio(cell) || cell->whole == 0)
		return;
	cell_show_fixed(cell->value < 0, cell_divide(cell->value, 1), 0, out);
	buffer_append_text(out, " of ");
	cell_show_fixed(cell->whole < 0, cell_divide(cell->whole, 1), 0, out);
}

void cell_write(const struct cell *cell, struct buffer *out)
{
	char text[CLOCK_TEXT_BYTES > DECIMAL_TEXT_BYTES ? CLOCK_TEXT_BYTES : DECIMAL_TEXT_BYTES];
	switch (cell->kind) {
	case CELL_NONE:
		break;
	case CELL_TEXT:
		buffer_append_slice(out, cell->text);
		break;
	case CELL_COUNT:
		buffer_printf(out, "%" PRId64, cell->value);
		break;
	case CELL_SHARE:
	case CELL_RATE:
		if (cell->whole != 0)
			number_append(out, (long double)cell->value / (long double)cell->whole);
		break;
	case CELL_DURATION:
		buffer_append_text(out, decimal_format((struct decimal){cell->value, 6}, text));
		break;
	case CELL_MONEY:
		buffer_append_text(out,
			decimal_format((struct decimal){cell->value, currency_exponent(cell->text)},
				text));
		break;
	case CELL_NUMBER:
		buffer_append_text(
			out, decimal_format((struct decimal){cell->value, cell->scale}, text));
		break;
	case CELL_TIME:
		buffer_append_text(out, clock_format(cell->value, text));
		break;
	}
}

double cell_real(const struct cell *cell)
{
	long double value = (long double)cell->value;
	switch (cell->kind) {
	case CELL_NONE:
	case CELL_TEXT:
		return NAN;
	case CELL_SHARE:
		return cell->whole == 0 ? NAN : (double)(100 * value / (long double)cell->whole);
	case CELL_RATE:
		return cell->whole == 0 ? NAN : (double)(value / (long double)cell->whole);
	case CELL_DURATION:
	case CELL_TIME:
		return (double)(value / CELL_SECOND_US);
	case CELL_MONEY:
		return (double)(value /
				(long double)cell_power_of_ten(currency_exponent(cell->text)));
	case CELL_NUMBER:
		return (double)(value / (long double)cell_power_of_ten(cell->scale));
	case CELL_COUNT:
		break;
	}
	return (double)value;
}
