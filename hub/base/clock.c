#include "base/clock.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

#define US_PER_S   INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)

static int64_t clock_read_us(clockid_t id)
{
	struct timespec now;
	(void)clock_gettime(id, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* The process has one wall clock, as it has one locale: whoever asks for the time of day means it. */
static atomic_int_fast64_t held_back_us;

int64_t clock_machine_us(void)
{
	return clock_read_us(CLOCK_REALTIME);
}

bool clock_is_kept(void)
{
	struct timex kernel = {0}; /* no modes: only asks */
	return adjtimex(&kernel) != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
}

int64_t clock_wall_us(void)
{
	return clock_machine_us() - atomic_load_explicit(&held_back_us, memory_order_relaxed);
}

void clock_hold_back(int64_t ahead_us)
{
	atomic_store_explicit(&held_back_us, ahead_us, memory_order_relaxed);
}

int64_t clock_steady_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

int64_t clock_up_us(void)
{
	return clock_read_us(CLOCK_BOOTTIME);
}

/* Both after Howard Hinnant's description of the civil calendar: years begin in March, so that the
 * leap day is the last one. */
int64_t clock_days_from_date(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (int64_t)((153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day) - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

void clock_date_from_days(int64_t days, int64_t *out_year, unsigned *out_month, unsigned *out_day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	*out_day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1);
	*out_month = (unsigned)(month < 10 ? month + 3 : month - 9);
	*out_year = year_of_era + era * 400 + (*out_month <= 2);
}

/* Exactly `digits` decimal digits at *at; moves it on.  -1 when they are not there. */
static int clock_digits(struct slice text, size_t *at, int digits)
{
	int value = 0;
	for (int i = 0; i < digits; i++, (*at)++) {
		if (*at >= text.len || text.data[*at] < '0' || text.data[*at] > '9')
			return -1;
		value = value * 10 + (text.data[*at] - '0');
	}
	return value;
}

static bool clock_char(struct slice text, size_t *at, char a, char b)
{
	if (*at >= text.len || (text.data[*at] != (uint8_t)a && text.data[*at] != (uint8_t)b))
		return false;
	(*at)++;
	return true;
}

static bool clock_parse_fraction(struct slice text, size_t *at, int64_t *out_us)
{
	*out_us = 0;
	if (!clock_char(text, at, '.', ','))
		return true;
	int64_t scale = US_PER_S;
	size_t start = *at;
	for (; *at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9'; (*at)++) {
		scale /= 10;
		*out_us += (text.data[*at] - '0') * scale;
	}
	return *at > start && *at - start <= 9;
}

static bool clock_parse_offset(struct slice text, size_t *at, int64_t *out_us)
{
	*out_us = 0;
	if (clock_char(text, at, 'Z', 'z'))
		return true;
	bool west = clock_char(text, at, '-', '-');
	if (!west && !clock_char(text, at, '+', '+'))
		return false;
	int hours = clock_digits(text, at, 2);
	if (!clock_char(text, at, ':', ':'))
		return false;
	int minutes = clock_digits(text, at, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*out_us = (hours * INT64_C(3600) + minutes * INT64_C(60)) * US_PER_S * (west ? -1 : 1);
	return true;
}

static unsigned clock_days_in_month(int year, int month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29u : days[month - 1];
}

enum ch_status clock_parse(struct slice text, int64_t *out_time_us)
{
	size_t at = 0;
	int year = clock_digits(text, &at, 4);
	bool punctuated = clock_char(text, &at, '-', '-');
	int month = clock_digits(text, &at, 2);
	punctuated = clock_char(text, &at, '-', '-') && punctuated;
	int day = clock_digits(text, &at, 2);
	punctuated =
		(clock_char(text, &at, 'T', 't') || clock_char(text, &at, ' ', ' ')) && punctuated;
	int hour = clock_digits(text, &at, 2);
	punctuated = clock_char(text, &at, ':', ':') && punctuated;
	int minute = clock_digits(text, &at, 2);
	punctuated = clock_char(text, &at, ':', ':') && punctuated;
	int second = clock_digits(text, &at, 2);
	int64_t fraction_us;
	int64_t offset_us;
	if (!punctuated || year < 0 || month < 1 || month > 12 || day < 1 ||
		(unsigned)day > clock_days_in_month(year, month) || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 60 ||
		!clock_parse_fraction(text, &at, &fraction_us) ||
		!clock_parse_offset(text, &at, &offset_us) || at != text.len)
		return CH_FORMAT;
	if (second == 60)
		second = 59;
	int64_t days = clock_days_from_date(year, (unsigned)month, (unsigned)day);
	*out_time_us = days * US_PER_DAY +
		       (hour * INT64_C(3600) + minute * INT64_C(60) + second) * US_PER_S +
		       fraction_us - offset_us;
	return CH_OK;
}

char *clock_format(int64_t time_us, char text[CLOCK_TEXT_BYTES])
{
	int64_t days = time_us / US_PER_DAY;
	int64_t rest_us = time_us % US_PER_DAY;
	if (rest_us < 0) { /* rounded towards nought: the day began earlier */
		days--;
		rest_us += US_PER_DAY;
	}
	int64_t year;
	unsigned month;
	unsigned day;
	clock_date_from_days(days, &year, &month, &day);
	int64_t s = rest_us / US_PER_S;
	if (year < 0 || year > 9999)
		year = year < 0
			       ? 0
			       : 9999; /* RFC 3339 has no others; stored values are checked before */
	(void)snprintf(text, CLOCK_TEXT_BYTES, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", (int)year,
		month, day, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60),
		(int)(rest_us % US_PER_S));
	return text;
}
