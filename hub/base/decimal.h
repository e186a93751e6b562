/* Exact decimal numbers as text has them: no float ever holds money or a weight. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>

#include "base/slice.h"

/* unscaled x 10^-scale; 0.420 is {420, 3}. */
struct decimal {
	int64_t unscaled;
	uint32_t scale; /* at most DECIMAL_SCALE_MAX */
};

#define DECIMAL_SCALE_MAX  18u
#define DECIMAL_TEXT_BYTES 32

/* XML Schema's decimal lexical form: optional sign, digits, optional point and digits.  CH_FORMAT;
 * CH_TOO_LARGE when it does not fit. */
enum ch_status decimal_parse(struct slice text, struct decimal *out_value);

/* The same value at another scale; CH_INVALID when digits other than 0 would be lost, CH_TOO_LARGE. */
enum ch_status decimal_rescale(struct decimal value, uint32_t scale, struct decimal *out_value);

/* a + b at the larger scale; CH_TOO_LARGE. */
enum ch_status decimal_add(struct decimal a, struct decimal b, struct decimal *out_sum);

/* Numeric order, whatever the scales: -1, 0, 1. */
int decimal_compare(struct decimal a, struct decimal b);

/* "-0.42"; returns `text`. */
char *decimal_format(struct decimal value, char text[DECIMAL_TEXT_BYTES]);

#endif
