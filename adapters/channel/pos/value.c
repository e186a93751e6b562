#include "channel/pos/value.h"

#include <strings.h>

#include "base/clock.h"
#include "base/text.h"

#define TIME_BYTES 40u

enum ch_status value_number(struct slice text, struct number *out_number)
{
	enum ch_status status = decimal_parse(text, &out_number->value);
	out_number->told = status == CH_OK;
	return status;
}

enum ch_status value_amount(struct slice text, struct amount *out_amount)
{
	enum ch_status status = decimal_parse(text, &out_amount->value);
	out_amount->told = status == CH_OK;
	return status;
}

static bool text_is(struct slice text, const char *word)
{
	return text.len == strlen(word) &&
	       strncasecmp((const char *)text.data, word, text.len) == 0;
}

enum ch_status value_flag(struct slice text, bool *out_flag)
{
	bool yes = text_is(text, "true") || text_is(text, "1");
	if (!yes && !text_is(text, "false") && !text_is(text, "0"))
		return CH_FORMAT;
	*out_flag = yes;
	return CH_OK;
}

enum ch_status value_seconds(struct slice text, int64_t *out_ms)
{
	struct decimal value;
	if (decimal_parse(text, &value) != CH_OK || decimal_rescale(value, 3, &value) != CH_OK ||
		value.unscaled < 0)
		return CH_FORMAT;
	*out_ms = value.unscaled;
	return CH_OK;
}

enum ch_status value_date(struct slice text, struct slice *out_date)
{
	char padded[] = "2026-03-02T00:00:00Z";
	int64_t ignored_us;
	if (text.len < 10 || (text.len > 10 && strchr("TZ+-", text.data[10]) == NULL))
		return CH_FORMAT;
	memcpy(padded, text.data, 10);
	if (clock_parse(slice_text(padded), &ignored_us) != CH_OK)
		return CH_FORMAT;
	*out_date = slice_sub(text, 0, 10);
	return CH_OK;
}

static bool ends_with_offset(struct slice text)
{
	if (text.len < 20)
		return false;
	uint8_t last = text.data[text.len - 1];
	uint8_t sign = text.data[text.len - 6];
	return last == 'Z' || last == 'z' || sign == '+' || sign == '-';
}

/* "07:00:00", "-03:30:00": how far east of Greenwich the clock stands. */
static bool parse_offset_us(struct slice text, int64_t *out_us)
{
	bool west = text.len > 0 && text.data[0] == '-';
	uint64_t hours;
	uint64_t minutes;
	text = slice_sub(text, west, text.len);
	if (text.len < 5 || text.data[2] != ':' ||
		text_parse_u64(slice_sub(text, 0, 2), 23, &hours) != CH_OK ||
		text_parse_u64(slice_sub(text, 3, 2), 59, &minutes) != CH_OK)
		return false;
	int64_t us = (int64_t)(hours * 60 + minutes) * 60 * INT64_C(1000000);
	*out_us = west ? -us : us;
	return true;
}

enum ch_status value_time(struct slice text, struct slice offset, const struct zone *zone,
	int64_t *out_time_us, bool *out_assumed)
{
	char padded[TIME_BYTES + 1];
	int64_t civil_us;
	int64_t offset_us;
	if (text.len > TIME_BYTES)
		return CH_FORMAT;
	if (ends_with_offset(text))
		return clock_parse(text, out_time_us);
	memcpy(padded, text.data, text.len);
	padded[text.len] = 'Z';
	if (clock_parse(slice_of(padded, text.len + 1), &civil_us) != CH_OK)
		return CH_FORMAT;
	if (offset.len > 0) {
		if (!parse_offset_us(offset, &offset_us))
			return CH_FORMAT;
		*out_time_us = civil_us - offset_us;
	} else if (zone != NULL) {
		*out_time_us = zone_to_utc(zone, civil_us);
	} else {
		*out_time_us = civil_us;
		*out_assumed = true;
	}
	return CH_OK;
}

bool value_all_noughts(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '0')
			return false;
	}
	return true;
}

const char *value_reason(enum form form, enum ch_status status)
{
	bool number = form == FORM_NUMBER || form == FORM_AMOUNT;
	if (status == CH_TOO_LARGE)
		return number ? "more digits than can be kept" : "too many or too long";
	switch (form) {
	case FORM_NUMBER:
	case FORM_AMOUNT:
		return "not a decimal number";
	case FORM_COUNT:
		return "not a count";
	case FORM_SECONDS:
		return "not a number of seconds";
	case FORM_TIME:
		return "not a date and time";
	case FORM_DATE:
		return "not a date";
	case FORM_FLAG:
	case FORM_ANSWER:
		return "neither true nor false";
	default:
		return "cannot be read";
	}
}
