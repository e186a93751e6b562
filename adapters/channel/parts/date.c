#include "channel/parts/date.h"

#include "channel/parts/segment.h"

#define US_PER_DAY INT64_C(86400000000)

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
	/* Years begin in March here, so that the leap day is the last; none is below 0. */
	unsigned began = (unsigned)(year - (month <= 2));
	unsigned of_year =
		(unsigned)(153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + (unsigned)day - 1;
	unsigned days = began * 365 + began / 4 - began / 100 + began / 400 + of_year;
	return (int64_t)days - 719468;
}

/* Two of them, or a number that no part of a date has. */
static inline int pair(const uint8_t *c)
{
	unsigned tens = (unsigned)c[0] - '0';
	unsigned ones = (unsigned)c[1] - '0';
	return tens <= 9 && ones <= 9 ? (int)(tens * 10 + ones) : -100;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* YYMMDD or CCYYMMDD; YY is of the years 1970 to 2069. */
static enum ch_status parse_day(struct slice text, struct moment *out)
{
	const uint8_t *end = text.data + text.len;
	int century = text.len == 8 ? pair(text.data) : 0;
	int year = pair(end - 6);
	int month = pair(end - 4);
	int day = pair(end - 2);
	if (century < 0 || year < 0 || month < 0 || day < 0)
		return CH_FORMAT;
	if (text.len == 8)
		year += century * 100;
	else
		year += year < 70 ? 2000 : 1900;
	if (year < 1900 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return CH_INVALID;
	*out = (struct moment){.civil_us = days_of(year, month, day) * US_PER_DAY};
	return CH_OK;
}

static enum ch_status parse_time(struct slice text, struct moment *out)
{
	if (text.len == 0)
		return CH_OK;
	if (text.len < 4 || text.len == 5)
		return CH_FORMAT;
	int hour = pair(text.data);
	int minute = pair(text.data + 2);
	int second = text.len > 4 ? pair(text.data + 4) : 0;
	if (hour < 0 || minute < 0 || second < 0)
		return CH_FORMAT;
	if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0))
		return CH_INVALID;
	out->civil_us += (int64_t)((hour * 60 + minute) * 60 + second) * 1000000;
	out->has_time = true;
	return CH_OK;
}

enum ch_status date_parse_pair(struct slice date, struct slice time, struct moment *out_moment)
{
	struct moment moment;
	if (date.len != 6 && date.len != 8)
		return CH_FORMAT;
	enum ch_status status = parse_day(date, &moment);
	if (status == CH_OK)
		status = parse_time(time, &moment);
	if (status == CH_OK)
		*out_moment = moment;
	return status;
}

enum ch_status date_parse(struct slice text, struct slice format, struct moment *out_moment)
{
	static const struct {
		struct short_code format;
		size_t day;
		size_t time;
		size_t rest;
	} formats[] = {
		{{"102"}, 8, 0, 0},
		{{"203"}, 8, 4, 0},
		{{"204"}, 8, 6, 0},
		{{"101"}, 6, 0, 0},
		{{"201"}, 6, 4, 0},
		{{"303"}, 8, 4, 3}, /* with a zone's name, which is not to be relied on */
		{{"718"}, 8, 0, 9}, /* a period */
		{{"719"}, 8, 4, 13},
	};
	bool told = format.len > 0 && !slice_equal(format, SLICE_LITERAL("2"));
	struct short_code code = short_code_of(format);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		size_t len = formats[i].day + formats[i].time + formats[i].rest;
		if (told ? !short_code_equal(code, formats[i].format)
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
