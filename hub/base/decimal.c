#include "base/decimal.h"

#include <inttypes.h>
#include <stdio.h>

enum ch_status decimal_parse(struct slice text, struct decimal *out_value)
{
	size_t at = 0;
	bool minus = false;
	bool point = false;
	size_t digits = 0;
	struct decimal value = {0, 0};
	if (at < text.len && (text.data[at] == '-' || text.data[at] == '+'))
		minus = text.data[at++] == '-';
	for (; at < text.len; at++) {
		if (text.data[at] == '.' && !point) {
			point = true;
			continue;
		}
		if (text.data[at] < '0' || text.data[at] > '9')
			return CH_FORMAT;
		int digit = text.data[at] - '0';
		if (digits < 18) /* fits, whatever they are */
			value.unscaled = value.unscaled * 10 + digit;
		else if (__builtin_mul_overflow(value.unscaled, 10, &value.unscaled) ||
			 __builtin_add_overflow(value.unscaled, digit, &value.unscaled))
			return CH_TOO_LARGE;
		value.scale += point;
		digits++;
	}
	if (digits == 0)
		return CH_FORMAT;
	if (value.scale > DECIMAL_SCALE_MAX)
		return CH_TOO_LARGE;
	if (minus)
		value.unscaled = -value.unscaled;
	*out_value = value;
	return CH_OK;
}

enum ch_status decimal_rescale(struct decimal value, uint32_t scale, struct decimal *out_value)
{
	if (scale > DECIMAL_SCALE_MAX)
		return CH_TOO_LARGE;
	for (; value.scale < scale; value.scale++) {
		if (__builtin_mul_overflow(value.unscaled, 10, &value.unscaled))
			return CH_TOO_LARGE;
	}
	for (; value.scale > scale; value.scale--) {
		if (value.unscaled % 10 != 0)
			return CH_INVALID;
		value.unscaled /= 10;
	}
	*out_value = value;
	return CH_OK;
}

enum ch_status decimal_add(struct decimal a, struct decimal b, struct decimal *out_sum)
{
	uint32_t scale = a.scale > b.scale ? a.scale : b.scale;
	enum ch_status status = decimal_rescale(a, scale, &a);
	if (status == CH_OK)
		status = decimal_rescale(b, scale, &b);
	if (status == CH_OK && __builtin_add_overflow(a.unscaled, b.unscaled, &a.unscaled))
		status = CH_TOO_LARGE;
	if (status == CH_OK)
		*out_sum = a;
	return status;
}

int decimal_compare(struct decimal a, struct decimal b)
{
	__int128_t left = a.unscaled;
	__int128_t right = b.unscaled;
	/* 2^63 x 10^18 is below 2^127: no overflow. */
	for (uint32_t scale = a.scale; scale < b.scale; scale++)
		left *= 10;
	for (uint32_t scale = b.scale; scale < a.scale; scale++)
		right *= 10;
	return (left > right) - (left < right);
}

char *decimal_format(struct decimal value, char text[DECIMAL_TEXT_BYTES])
{
	char digits[24];
	uint64_t magnitude =
		value.unscaled < 0 ? 0 - (uint64_t)value.unscaled : (uint64_t)value.unscaled;
	/* At least one digit stands before the point. */
	int width = (int)(value.scale < DECIMAL_SCALE_MAX ? value.scale : DECIMAL_SCALE_MAX) + 1;
	int len = snprintf(digits, sizeof(digits), "%0*" PRIu64, width, magnitude);
	int whole = len - (width - 1);
	(void)snprintf(text, DECIMAL_TEXT_BYTES, "%s%.*s%s%s", value.unscaled < 0 ? "-" : "", whole,
		digits, width > 1 ? "." : "",
		digits + whole); /* 24 digits and three signs at most */
	return text;
}
