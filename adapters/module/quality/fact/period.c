#include "module/quality/fact/period.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

static int64_t period_floor(int64_t value, int64_t by)
{
	int64_t quotient = value / by;
	return value % by < 0 ? quotient - 1 : quotient;
}

int64_t period_day(int64_t offset_us, int64_t moment_us)
{
	return period_floor(moment_us + offset_us, DAY_US);
}

unsigned period_hour(int64_t offset_us, int64_t moment_us)
{
	int64_t into = moment_us + offset_us - period_day(offset_us, moment_us) * DAY_US;
	return (unsigned)(into / (DAY_US / 24));
}

/* 1970-01-01 was a Thursday. */
static int64_t period_monday(int64_t day)
{
	return period_floor(day + 3, 7) * 7 - 3;
}

int64_t period_start(enum period_unit unit, int64_t offset_us, int64_t moment_us)
{
	int64_t day = period_day(offset_us, moment_us);
	int64_t year;
	unsigned month;
	unsigned of_month;
	if (unit == PERIOD_WEEK)
		day = period_monday(day);
	if (unit == PERIOD_MONTH) {
		clock_date_from_days(day, &year, &month, &of_month);
		day -= (int64_t)of_month - 1;
	}
	return day * DAY_US - offset_us;
}

int64_t period_next(enum period_unit unit, int64_t offset_us, int64_t start_us)
{
	if (unit == PERIOD_MONTH)
		return period_add_months(offset_us, start_us, 1);
	return start_us + (unit == PERIOD_WEEK ? 7 : 1) * DAY_US;
}

/* The week of ISO 8601 is that of its Thursday. */
static char *period_week(int64_t day, char label[PERIOD_LABEL_BYTES])
{
	int64_t thursday = period_monday(day) + 3;
	int64_t year;
	unsigned month;
	unsigned of_month;
	clock_date_from_days(thursday, &year, &month, &of_month);
	int64_t week = (thursday - clock_days_from_date(year, 1, 1)) / 7 + 1;
	(void)snprintf(label, PERIOD_LABEL_BYTES, "%04d-W%02d", (int)year, (int)week);
	return label;
}

char *period_label(
	enum period_unit unit, int64_t offset_us, int64_t start_us, char label[PERIOD_LABEL_BYTES])
{
	int64_t day = period_day(offset_us, start_us);
	int64_t year;
	unsigned month;
	unsigned of_month;
	if (unit == PERIOD_WEEK)
		return period_week(day, label);
	clock_date_from_days(day, &year, &month, &of_month);
	if (unit == PERIOD_MONTH)
		(void)snprintf(label, PERIOD_LABEL_BYTES, "%04d-%02u", (int)year, month);
	else
		(void)snprintf(
			label, PERIOD_LABEL_BYTES, "%04d-%02u-%02u", (int)year, month, of_month);
	return label;
}

static unsigned period_month_days(int64_t year, unsigned month)
{
	int64_t next = month == 12 ? clock_days_from_date(year + 1, 1, 1)
				   : clock_days_from_date(year, month + 1, 1);
	return (unsigned)(next - clock_days_from_date(year, month, 1));
}

int64_t period_add_months(int64_t offset_us, int64_t moment_us, int64_t months)
{
	int64_t day = period_day(offset_us, moment_us);
	int64_t time = moment_us + offset_us - day * DAY_US;
	int64_t year;
	unsigned month;
	unsigned of_month;
	clock_date_from_days(day, &year, &month, &of_month);
	int64_t count = year * 12 + (int64_t)month - 1 + months;
	year = period_floor(count, 12);
	month = (unsigned)(count - year * 12) + 1;
	unsigned last = period_month_days(year, month);
	day = clock_days_from_date(year, month, of_month < last ? of_month : last);
	return day * DAY_US + time - offset_us;
}

/* Its parts; those not told are 0. */
static bool period_parse(
	struct slice date, int64_t *out_year, unsigned *out_month, unsigned *out_day)
{
	uint64_t parts[3] = {0, 0, 0};
	struct slice rest = date;
	struct slice part;
	size_t count = 0;
	while (date.len > 0 && text_split(&rest, '-', &part)) {
		if (count == 3 || part.len != (count == 0 ? 4 : 2) ||
			text_parse_u64(part, 9999, &parts[count]) != CH_OK)
			return false;
		count++;
	}
	if (count == 0 || parts[0] == 0 || (count > 1 && (parts[1] < 1 || parts[1] > 12)))
		return false;
	if (count > 2 && (parts[2] < 1 || parts[2] > period_month_days((int64_t)parts[0],
							     (unsigned)parts[1])))
		return false;
	*out_year = (int64_t)parts[0];
	*out_month = (unsigned)parts[1];
	*out_day = (unsigned)parts[2];
	return true;
}

bool period_of_date(struct slice date, int64_t offset_us, int64_t *out_start_us)
{
	int64_t year;
	unsigned month;
	unsigned day;
	if (!period_parse(date, &year, &month, &day))
		return false;
	*out_start_us =
		clock_days_from_date(year, month > 0 ? month : 1, day > 0 ? day : 1) * DAY_US -
		offset_us;
	return true;
}

bool period_after_date(struct slice date, int64_t offset_us, int64_t *out_end_us)
{
	int64_t year;
	unsigned month;
	unsigned day;
	int64_t start;
	if (!period_parse(date, &year, &month, &day) || !period_of_date(date, offset_us, &start))
		return false;
	*out_end_us =
		day > 0 ? start + DAY_US : period_add_months(offset_us, start, month > 0 ? 1 : 12);
	return true;
}

bool period_as_of(struct slice text, int64_t offset_us, int64_t *out_moment_us)
{
	int64_t end_us;
	if (clock_parse(text, out_moment_us) == CH_OK)
		return true;
	if (!period_after_date(text, offset_us, &end_us))
		return false;
	*out_moment_us = end_us - 1;
	return true;
}
