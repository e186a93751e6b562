#include "channel/repair/moment.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "channel/repair/row.h"

#define US_PER_S   INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)

/* What the letters of a pattern have read so far; -1: not there. */
struct moment_fields {
	int64_t year;
	int month;
	int day;
	int hour;
	int hour12;
	int half; /* 0 is AM */
	int minute;
	int second;
	int64_t fraction_us;
	bool has_offset;
	int32_t offset_s;
	bool has_epoch;
	int64_t epoch_us;
};

struct moment_reader {
	struct slice rest;
	struct moment_fields fields;
};

static bool moment_take_number(struct slice *rest, size_t least, size_t most, int64_t *out_value)
{
	size_t digits = 0;
	int64_t value = 0;
	while (digits < rest->len && digits < most && rest->data[digits] >= '0' &&
		rest->data[digits] <= '9')
		value = value * 10 + (rest->data[digits++] - '0');
	if (digits < least)
		return false;
	*rest = slice_sub(*rest, digits, rest->len);
	*out_value = value;
	return true;
}

static bool moment_take_small(struct slice *rest, int *out_value)
{
	int64_t value;
	if (!moment_take_number(rest, 1, 2, &value))
		return false;
	*out_value = (int)value;
	return true;
}

static bool moment_take_text(struct slice *rest, struct slice text)
{
	if (!slice_starts(*rest, text))
		return false;
	*rest = slice_sub(*rest, text.len, rest->len);
	return true;
}

static bool moment_take_fraction(struct slice *rest, int64_t *out_us)
{
	int64_t scale = US_PER_S;
	*out_us = 0;
	if (!moment_take_text(rest, SLICE_LITERAL(".")) &&
		!moment_take_text(rest, SLICE_LITERAL(",")))
		return true;
	size_t digits = 0;
	for (; digits < rest->len && rest->data[digits] >= '0' && rest->data[digits] <= '9';
		digits++) {
		scale /= 10; /* 0 beyond microseconds: those digits are dropped */
		*out_us += (rest->data[digits] - '0') * scale;
	}
	*rest = slice_sub(*rest, digits, rest->len);
	return digits > 0;
}

static bool moment_take_offset(struct slice *rest, struct moment_fields *fields)
{
	int64_t hours;
	int64_t minutes = 0;
	if (moment_take_text(rest, SLICE_LITERAL("Z"))) {
		fields->has_offset = true;
		return true;
	}
	bool west = moment_take_text(rest, SLICE_LITERAL("-"));
	if (!west && !moment_take_text(rest, SLICE_LITERAL("+")))
		return true;
	if (!moment_take_number(rest, 2, 2, &hours))
		return false;
	bool colon = moment_take_text(rest, SLICE_LITERAL(":"));
	if (!moment_take_number(rest, 2, 2, &minutes) && colon)
		return false;
	fields->has_offset = true;
	fields->offset_s = (int32_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return hours <= 23 && minutes <= 59;
}

static bool moment_take_half(struct slice *rest, int *out_half)
{
	static const struct {
		const char *text;
		int half;
	} words[] = {{"AM", 0}, {"am", 0}, {"PM", 1}, {"pm", 1}, {"上午", 0}, {"下午", 1}};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (moment_take_text(rest, slice_text(words[i].text))) {
			*out_half = words[i].half;
			return true;
		}
	}
	return false;
}

static bool moment_take_epoch(struct slice *rest, int64_t unit_us, struct moment_fields *fields)
{
	bool minus = moment_take_text(rest, SLICE_LITERAL("-"));
	if (!moment_take_number(rest, 1, 12 + (unit_us < US_PER_S) * 3u, &fields->epoch_us))
		return false;
	fields->epoch_us *= minus ? -unit_us : unit_us;
	fields->has_epoch = true;
	return true;
}

static bool moment_take(struct moment_reader *reader, uint8_t letter)
{
	struct slice *rest = &reader->rest;
	struct moment_fields *fields = &reader->fields;
	switch (letter) {
	case 'Y':
		return moment_take_number(rest, 4, 4, &fields->year);
	case 'y':
		if (!moment_take_number(rest, 2, 2, &fields->year))
			return false;
		fields->year += 2000;
		return true;
	case 'm':
		return moment_take_small(rest, &fields->month);
	case 'd':
		return moment_take_small(rest, &fields->day);
	case 'H':
		return moment_take_small(rest, &fields->hour);
	case 'I':
		return moment_take_small(rest, &fields->hour12);
	case 'p':
		return moment_take_half(rest, &fields->half);
	case 'M':
		return moment_take_small(rest, &fields->minute);
	case 'S':
		return moment_take_small(rest, &fields->second);
	case 'f':
		return moment_take_fraction(rest, &fields->fraction_us);
	case 'z':
		return moment_take_offset(rest, fields);
	case 's':
		return moment_take_epoch(rest, US_PER_S, fields);
	case 'Q':
		return moment_take_epoch(rest, 1000, fields);
	default:
		return letter == '%' && moment_take_text(rest, SLICE_LITERAL("%"));
	}
}

static bool moment_match(struct moment_reader *reader, struct slice pattern)
{
	for (size_t at = 0; at < pattern.len; at++) {
		struct slice *rest = &reader->rest;
		uint8_t byte = pattern.data[at];
		if (byte == '%' && at + 1 < pattern.len) {
			if (!moment_take(reader, pattern.data[++at]))
				return false;
		} else if (byte == ' ') {
			while (moment_take_text(rest, SLICE_LITERAL(" ")) ||
				moment_take_text(rest, SLICE_LITERAL("\xE3\x80\x80")))
				continue;
		} else if (!moment_take_text(rest, slice_of(&byte, 1))) {
			return false;
		}
	}
	return reader->rest.len == 0;
}

/* The hour of a day from either clock; -1 when there is no such hour. */
static int moment_hour(const struct moment_fields *fields)
{
	if (fields->hour12 < 0)
		return fields->hour;
	if (fields->hour12 == 0 || fields->hour12 > 12)
		return 99;
	return fields->hour12 % 12 + 12 * (fields->half == 1);
}

static enum ch_status moment_check_fields(
	const struct moment_fields *fields, int hour, struct moment *out_moment)
{
	int64_t year;
	unsigned month;
	unsigned day;
	unsigned given_month = (unsigned)(fields->month < 0 ? 1 : fields->month);
	unsigned given_day = (unsigned)(fields->day < 0 ? 1 : fields->day);
	int minute = fields->minute < 0 ? 0 : fields->minute;
	int second = fields->second < 0 ? 0 : fields->second;
	if (fields->year < 1 || given_month < 1 || given_month > 12 || given_day < 1 ||
		given_day > 31)
		return CH_INVALID;
	int64_t days = clock_days_from_date(fields->year, given_month, given_day);
	clock_date_from_days(days, &year, &month, &day);
	/* Midnight may be written as the end of its day; a leap second counts as the one before it. */
	bool end_of_day = hour == 24 && minute == 0 && second == 0 && fields->fraction_us == 0;
	if (day != given_day || (hour > 23 && !end_of_day) || minute > 59 || second > 60)
		return CH_INVALID;
	int64_t of_day_s = (hour < 0 ? 0 : hour) * INT64_C(3600) + minute * INT64_C(60) +
			   (second == 60 ? 59 : second);
	*out_moment = (struct moment){
		.civil_us = days * US_PER_DAY + of_day_s * US_PER_S + fields->fraction_us,
		.precision = fields->month < 0 ? MOMENT_YEAR
			     : fields->day < 0 ? MOMENT_MONTH
			     : hour < 0        ? MOMENT_DAY
					       : MOMENT_TIME,
		.has_offset = fields->has_offset,
		.offset_s = fields->offset_s,
	};
	return CH_OK;
}

static enum ch_status moment_read(
	struct slice text, struct slice pattern, struct moment *out_moment)
{
	struct moment_reader reader = {text, {.year = -1,
						     .month = -1,
						     .day = -1,
						     .hour = -1,
						     .hour12 = -1,
						     .half = -1,
						     .minute = -1,
						     .second = -1}};
	if (!moment_match(&reader, pattern))
		return CH_FORMAT;
	if (reader.fields.has_epoch) {
		*out_moment = (struct moment){
			reader.fields.epoch_us, MOMENT_TIME, .has_offset = true, .offset_s = 0};
		return CH_OK;
	}
	return moment_check_fields(&reader.fields, moment_hour(&reader.fields), out_moment);
}

enum ch_status moment_parse(struct slice text, struct slice pattern, struct moment *out_moment)
{
	static const char *const usual[] = {
		"%Y-%m-%dT%H:%M:%S%f%z",
		"%Y-%m-%d %H:%M:%S%f%z",
		"%Y-%m-%dT%H:%M%z",
		"%Y-%m-%d %H:%M",
		"%Y/%m/%d %H:%M:%S%f",
		"%Y/%m/%d %H:%M",
		"%Y.%m.%d %H:%M:%S",
		"%Y.%m.%d %H:%M",
		"%Y-%m-%d",
		"%Y/%m/%d",
		"%Y.%m.%d",
		"%Y年%m月%d日 %H:%M:%S",
		"%Y年%m月%d日 %H:%M",
		"%Y年%m月%d日 %H时%M分%S秒",
		"%Y年%m月%d日 %H时%M分",
		"%Y年%m月%d日",
		"%Y-%m",
		"%Y/%m",
		"%Y年%m月",
		"%Y年",
	};
	enum ch_status status = CH_FORMAT;
	text = row_trim(text);
	if (pattern.len > 0)
		return moment_read(text, pattern, out_moment);
	/* Digits alone are told apart by their number: 2026, 20260302, 20260302083000. */
	if (text.len == 4 || text.len == 8 || text.len == 14)
		status = moment_read(text,
			text.len == 4   ? SLICE_LITERAL("%Y")
			: text.len == 8 ? SLICE_LITERAL("%Y%m%d")
					: SLICE_LITERAL("%Y%m%d%H%M%S"),
			out_moment);
	for (size_t i = 0; status != CH_OK && i < sizeof(usual) / sizeof(*usual); i++) {
		enum ch_status again = moment_read(text, slice_text(usual[i]), out_moment);
		if (again != CH_FORMAT)
			status = again;
	}
	return status;
}

enum ch_status moment_check_pattern(struct slice pattern)
{
	bool reads = false;
	for (size_t at = 0; at < pattern.len; at++) {
		if (pattern.data[at] != '%')
			continue;
		if (++at == pattern.len || strchr("YymdHIpMSfzsQ%", pattern.data[at]) == NULL)
			return CH_INVALID;
		reads = reads || strchr("YysQ", pattern.data[at]) != NULL;
	}
	return reads ? CH_OK : CH_INVALID;
}

int64_t moment_to_utc(const struct moment *moment, const struct zone *zone)
{
	if (moment->has_offset)
		return moment->civil_us - moment->offset_s * US_PER_S;
	return zone_to_utc(zone, moment->civil_us);
}

char *moment_format_date(const struct moment *moment, char text[MOMENT_DATE_BYTES])
{
	int64_t year;
	unsigned month;
	unsigned day;
	int64_t days = moment->civil_us / US_PER_DAY - (moment->civil_us % US_PER_DAY < 0);
	clock_date_from_days(days, &year, &month, &day);
	unsigned shown = (unsigned)(year < 0 || year > 9999 ? 0 : year);
	if (moment->precision == MOMENT_YEAR)
		(void)snprintf(text, MOMENT_DATE_BYTES, "%04u", shown);
	else if (moment->precision == MOMENT_MONTH)
		(void)snprintf(text, MOMENT_DATE_BYTES, "%04u-%02u", shown, month % 13);
	else
		(void)snprintf(
			text, MOMENT_DATE_BYTES, "%04u-%02u-%02u", shown, month % 13, day % 32);
	return text;
}
