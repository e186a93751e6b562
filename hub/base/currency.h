/* ISO 4217: how many digits of a currency stand behind the decimal mark, and amounts in minor units. */
#ifndef BASE_CURRENCY_H
#define BASE_CURRENCY_H

#include "base/decimal.h"

/* Three capital letters. */
bool currency_is_code(struct slice code);

/* 2 for CNY, 0 for JPY, 3 for KWD; 2 for a code that is not listed. */
uint32_t currency_exponent(struct slice code);

/* The value in minor units of that currency, half a unit rounded away from nought; *out_exact tells
 * whether nothing was rounded.  CH_TOO_LARGE. */
enum ch_status currency_minor_units(
	struct decimal value, struct slice code, int64_t *out_minor_units, bool *out_exact);

#endif
