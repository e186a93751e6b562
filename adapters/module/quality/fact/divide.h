/* The one division behind a report's whole numbers. */
#ifndef QUALITY_DIVIDE_H
#define QUALITY_DIVIDE_H

#include <stdint.h>

/* a / b, halves away from nought; 0 when b is 0, and the nearest int64_t where the result is none. */
static inline int64_t divide_round(__int128_t a, __int128_t b)
{
	__int128_t result;
	if (b == 0)
		return 0;
	if (b < 0) {
		a = -a;
		b = -b;
	}
	result = a >= 0 ? (a + b / 2) / b : -((-a + b / 2) / b);
	return result > INT64_MAX ? INT64_MAX : result < INT64_MIN ? INT64_MIN : (int64_t)result;
}

#endif
