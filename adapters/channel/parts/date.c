#include "channel/parts/date.h"

#include "base/text.h"

#define US_PER_DAY INT64_C(86400000000)

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	/* Years begin in March here, so that the leap day is the last. */
	year -= month <= 2;
	int64_t era = year / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
	return era * 146097 + day_of_era - 719468;
}

/* Two or four of them. */
static bool digits(struct slice text, size_t from, size_t len, int64_t *out)
{
	int64_t value = 0;
	if (text.len < from + len)
		return false;
	for (size_t i = from; i < from + len; i++) {
		unsigned digit = (unsigned)text.data[i] - '0';
		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

static int month_days(int64_t year, int64_t month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* YYMMDD is of the years 1970 to 2069. */
static enum ch_status parse_day(struct slice text, size_t year_digits, struct moment *out)
{
	int64_t year;
	int64_t month;
	int64_t day;
	if (!digits(text, 0, year_digits, &year) || !digits(text, year_digits, 2, &month) ||
		!digits(text, year_digits + 2, 2, &day))
		return CH_FORMAT;
	if (year_digits == 2)
		year += year < 70 ? 2000 : 1900;
	if (year < 1900 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return CH_INVALID;
	*out = (struct moment){.civil_us = days_of(year, month, day) * US_PER_DAY};
	return CH_OK;
}

static enum ch_status parse_time(struct slice text, struct moment *out)
{
	int64_t hour;
	int64_t minute;
	int64_t second = 0;
	if (text.len == 0)
		return CH_OK;
	if (!digits(text, 0, 2, &hour) || !digits(text, 2, 2, &minute) ||
		(text.len > 4 && !digits(text, 4, 2, &second)))
		return CH_FORMAT;
	if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0))
		return CH_INVALID;
	out->civil_us += ((hour * 60 + minute) * 60 + second) * 1000000;
	out->has_time = true;
	return CH_OK;
}

enum ch_status date_parse_pair(struct slice date, struct slice time, struct moment *out_moment)
{
	struct moment moment;
	if (date.len != 6 && date.len != 8)
		return CH_FORMAT;
	enum ch_status status = parse_day(date, date.len - 4, &moment);
	if (status == CH_OK)
		status = parse_time(time, &moment);
	if (status == CH_OK)
		*out_moment = moment;
	return status;
}

enum ch_status date_parse(struct slice text, struct slice format, struct moment *out_moment)
{
	static const struct {
		const char *format;
		size_t day;
		size_t time;
		size_t rest;
	} formats[] = {
		{"102", 8, 0, 0},
		{"203", 8, 4, 0},
		{"204", 8, 6, 0},
		{"101", 6, 0, 0},
		{"201", 6, 4, 0},
		{"303", 8, 4, 3}, /* with a zone's name, which is not to be relied on */
		{"718", 8, 0, 9}, /* a period */
		{"719", 8, 4, 13},
	};
	bool told = format.len > 0 && !slice_equal(format, SLICE_LITERAL("2"));
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		size_t len = formats[i].day + formats[i].time + formats[i].rest;
		if (told ? !slice_equal(format, slice_text(formats[i].format))
			 : text.len != len || formats[i].rest > 0)
			continue;
		size_t least = formats[i].day + formats[i].time;
		if (text.len < least || text.len > len + 1)
			return CH_FORMAT;
		return date_parse_pair(slice_sub(text, 0, formats[i].day),
			slice_sub(text, formats[i].day, formats[i].time), out_moment);
	}
	return told ? CH_UNSUPPORTED : CH_FORMAT;
}

char *date_format(const struct moment *moment, char text[DATE_BYTES])
{
	int64_t days = moment->civil_us / US_PER_DAY - (moment->civil_us % US_PER_DAY < 0);
	/* The inverse of days_of. */
	int64_t z = days + 719468;
	int64_t era = z / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t mp = (5 * of_year + 2) / 153;
	int day = (int)(of_year - (153 * mp + 2) / 5 + 1);
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);
	int year = (int)(year_of_era + era * 400 + (month <= 2));
	/* By hand: a printf costs more than the rest of a segment. */
	memcpy(text, "0000-00-00", DATE_BYTES);
	for (int i = 3; i >= 0; i--, year /= 10)
		text[i] = (char)('0' + year % 10);
	text[5] = (char)('0' + month / 10);
	text[6] = (char)('0' + month % 10);
	text[8] = (char)('0' + day / 10);
	text[9] = (char)('0' + day % 10);
	return text;
}

int64_t date_to_utc(const struct moment *moment, const struct zone *zone)
{
	return zone != NULL ? zone_to_utc(zone, moment->civil_us) : moment->civil_us;
}
