/* Numbers as data files write them and as our reports print them. */
#ifndef MODULE_DATA_NUMBER_H
#define MODULE_DATA_NUMBER_H

#include "base/decimal.h"
#include "base/slice.h"

/* Sign, digits, a point, digits, an exponent, as 74.030, -1 or 2.5e-3; neither nan and inf nor hexadecimal
 * nor a comma, whatever the locale.  Exactly, without zeros at the end of its fraction.  CH_FORMAT;
 * CH_TOO_LARGE when it does not fit a decimal. */
enum ch_status number_parse(struct slice text, struct decimal *out_value);

/* Appends the shortest of "%.15g", "%.16g" and "%.17g" that reads back as the same double, so that a number
 * survives any reader of IEEE 754; "null" for what is not finite, as JSON has no word for it. */
void number_append(struct buffer *out, long double value);

/* Appends a JSON string (RFC 8259); the text is UTF-8. */
void number_append_string(struct buffer *out, struct slice text);

#endif
