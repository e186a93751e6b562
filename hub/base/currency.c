#include "base/currency.h"

/* All others have two (ISO 4217 list one, 2024). */
static const struct {
	char code[4];
	uint8_t exponent;
} currencies[] = {
	{"BHD", 3},
	{"BIF", 0},
	{"CLF", 4},
	{"CLP", 0},
	{"DJF", 0},
	{"GNF", 0},
	{"IQD", 3},
	{"ISK", 0},
	{"JOD", 3},
	{"JPY", 0},
	{"KMF", 0},
	{"KRW", 0},
	{"KWD", 3},
	{"LYD", 3},
	{"OMR", 3},
	{"PYG", 0},
	{"RWF", 0},
	{"TND", 3},
	{"UGX", 0},
	{"UYI", 0},
	{"UYW", 4},
	{"VND", 0},
	{"VUV", 0},
	{"XAF", 0},
	{"XOF", 0},
	{"XPF", 0},
};

bool currency_is_code(struct slice code)
{
	if (code.len != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (code.data[i] < 'A' || code.data[i] > 'Z')
			return false;
	}
	return true;
}

uint32_t currency_exponent(struct slice code)
{
	for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++) {
		if (slice_equal(code, slice_of(currencies[i].code, 3)))
			return currencies[i].exponent;
	}
	return 2;
}

enum ch_status currency_minor_units(
	struct decimal value, struct slice code, int64_t *out_minor_units, bool *out_exact)
{
	uint32_t exponent = currency_exponent(code);
	*out_exact = true;
	if (value.scale > exponent) {
		int64_t unit = 1;
		for (uint32_t i = exponent; i < value.scale; i++)
			unit *= 10; /* a scale is at most 18: 10^18 fits */
		int64_t rest = value.unscaled % unit;
		int64_t whole = value.unscaled / unit;
		*out_exact = rest == 0;
		/* Towards nought so far; |rest| < unit, so nothing here overflows. */
		if (rest >= unit - rest && rest > 0)
			whole++;
		if (-rest >= unit + rest && rest < 0)
			whole--;
		*out_minor_units = whole;
		return CH_OK;
	}
	enum ch_status status = decimal_rescale(value, exponent, &value);
	if (status == CH_OK)
		*out_minor_units = value.unscaled;
	return status;
}
