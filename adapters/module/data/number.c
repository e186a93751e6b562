#include "module/data/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

static size_t number_digits(struct slice text, size_t from)
{
	size_t at = from;
	while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
		at++;
	return at - from;
}

static bool number_is_sign(struct slice text, size_t at)
{
	return at < text.len && (text.data[at] == '-' || text.data[at] == '+');
}

/* Splits at the exponent; false when the text is no number. */
static bool number_split(struct slice text, struct slice *out_mantissa, struct slice *out_exponent)
{
	size_t at = number_is_sign(text, 0);
	size_t whole = number_digits(text, at);
	at += whole;
	size_t part = 0;
	if (at < text.len && text.data[at] == '.') {
		part = number_digits(text, at + 1);
		at += 1 + part;
	}
	if (whole + part == 0)
		return false;
	*out_mantissa = slice_sub(text, 0, at);
	*out_exponent = (struct slice){NULL, 0};
	if (at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
		size_t sign = number_is_sign(text, at + 1);
		size_t digits = number_digits(text, at + 1 + sign);
		if (digits == 0)
			return false;
		*out_exponent = slice_sub(text, at + 1, sign + digits);
		at += 1 + sign + digits;
	}
	return at == text.len;
}

/* 10^exponent times the value. */
static enum ch_status number_shift(struct decimal *value, struct slice exponent)
{
	bool minus = exponent.len > 0 && exponent.data[0] == '-';
	uint64_t places = 0;
	if (exponent.len > 0 &&
		text_parse_u64(slice_sub(exponent, number_is_sign(exponent, 0), exponent.len), 100,
			&places) != CH_OK)
		return value->unscaled == 0 ? CH_OK : CH_TOO_LARGE;
	for (; places > 0 && value->unscaled != 0; places--) {
		if (minus && value->scale == DECIMAL_SCALE_MAX)
			return CH_TOO_LARGE;
		if (minus)
			value->scale++;
		else if (value->scale > 0)
			value->scale--;
		else if (__builtin_mul_overflow(value->unscaled, 10, &value->unscaled))
			return CH_TOO_LARGE;
	}
	return CH_OK;
}

static void number_strip(struct decimal *value)
{
	while (value->scale > 0 && value->unscaled % 10 == 0)
		*value = (struct decimal){value->unscaled / 10, value->scale - 1};
}

enum ch_status number_parse(struct slice text, struct decimal *out_value)
{
	struct slice mantissa;
	struct slice exponent;
	struct decimal value;
	if (!number_split(text, &mantissa, &exponent))
		return CH_FORMAT;
	enum ch_status status = decimal_parse(mantissa, &value);
	if (status != CH_OK)
		return CH_TOO_LARGE;
	number_strip(&value);
	status = number_shift(&value, exponent);
	if (status != CH_OK)
		return status;
	number_strip(&value);
	*out_value = value;
	return CH_OK;
}

void number_append(struct buffer *out, long double value)
{
	char text[40];
	double number = (double)value;
	if (!isfinite(number)) {
		buffer_append_text(out, "null");
		return;
	}
	if (number == 0) /* no "-0" */
		number = 0;
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buffer_append_text(out, text);
}

void number_append_string(struct buffer *out, struct slice text)
{
	buffer_append_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c == '"' || c == '\\')
			buffer_append_byte(out, '\\');
		if (c < ' ')
			buffer_printf(out, "\\u%04x", (unsigned)c);
		else
			buffer_append_byte(out, c);
	}
	buffer_append_byte(out, '"');
}
