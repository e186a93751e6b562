#include "module/quality/chart/constants.h"

#include <math.h>
#include <pthread.h>

#include "base/invariant.h"

/* Beyond REACH the normal density is below 1e-32. */
#define CONSTANTS_REACH      12
#define CONSTANTS_INNER_STEP (1.0L / 8)
/* Where w = exp(t - exp(-t)) is 0 for all purposes, and where it is beyond twice REACH. */
#define CONSTANTS_OUTER_FROM   (-4.0L)
#define CONSTANTS_OUTER_STEP   (1.0L / 16)
#define CONSTANTS_OUTER_POINTS 116u /* to t = 3.25 */

static const long double constants_pi = 3.14159265358979323846264338327950288L;

static struct constants constants_table[CONSTANTS_SIZE_MAX + 1];
static pthread_mutex_t constants_lock = PTHREAD_MUTEX_INITIALIZER;

static long double constants_density(long double x)
{
	return expl(-x * x / 2) / sqrtl(2 * constants_pi);
}

/* Phi(x + w) - Phi(x) for w >= 0, from the tail that loses no digits. */
static long double constants_between(long double x, long double w)
{
	long double root = sqrtl(2);
	if (x + w / 2 < 0)
		return (erfcl(-(x + w) / root) - erfcl(-x / root)) / 2;
	return (erfcl(x / root) - erfcl((x + w) / root)) / 2;
}

static long double constants_power(long double base, unsigned exponent)
{
	long double power = 1;
	for (; exponent > 0; exponent--)
		power *= base;
	return power;
}

/* f(w). */
static long double constants_range_density(unsigned size, unsigned fineness, long double w)
{
	long double step = CONSTANTS_INNER_STEP / fineness;
	long double sum = 0;
	int steps = (int)(CONSTANTS_REACH / step);
	for (int i = -steps; i <= steps; i++) {
		/* Around -w / 2, where the two densities meet. */
		long double x = (long double)i * step - w / 2;
		sum += constants_density(x) * constants_density(x + w) *
		       constants_power(constants_between(x, w), size - 2);
	}
	return (long double)size * (size - 1) * sum * step;
}

void constants_range_moments(
	unsigned size, unsigned fineness, long double *out_mean, long double *out_deviation)
{
	long double at[CONSTANTS_OUTER_POINTS * CONSTANTS_FINENESS_MAX + 1];
	long double weight[CONSTANTS_OUTER_POINTS * CONSTANTS_FINENESS_MAX + 1];
	long double step = CONSTANTS_OUTER_STEP / fineness;
	long double mean = 0;
	long double variance = 0;
	invariant(fineness >= 1 && fineness <= CONSTANTS_FINENESS_MAX);
	unsigned points = CONSTANTS_OUTER_POINTS * fineness;
	for (unsigned i = 0; i <= points; i++) {
		long double t = CONSTANTS_OUTER_FROM + (long double)i * step;
		at[i] = expl(t - expl(-t));
		weight[i] = step * at[i] * (1 + expl(-t)) *
			    constants_range_density(size, fineness, at[i]);
		mean += at[i] * weight[i];
	}
	/* About the mean, so that no two large numbers are subtracted. */
	for (unsigned i = 0; i <= points; i++)
		variance += (at[i] - mean) * (at[i] - mean) * weight[i];
	*out_mean = mean;
	*out_deviation = sqrtl(variance);
}

static long double constants_not_below_zero(long double value)
{
	return value > 0 ? value : 0;
}

/* G(n/2) / G((n-1)/2), from 1 / sqrt(pi) at 2; with G(z + 1) = z G(z) the next is (n - 1) / 2 over this. */
static long double constants_gamma_ratio(unsigned size)
{
	long double ratio = 1 / sqrtl(constants_pi);
	for (unsigned n = CONSTANTS_SIZE_MIN; n < size; n++)
		ratio = (n - 1) / (2 * ratio);
	return ratio;
}

/* What follows from the size, d2 and d3. */
static void constants_derive(struct constants *constants, unsigned size)
{
	long double n = size;
	constants->c4 = sqrtl(2 / (n - 1)) * constants_gamma_ratio(size);
	constants->a2 = 3 / (constants->d2 * sqrtl(n));
	constants->a3 = 3 / (constants->c4 * sqrtl(n));
	long double s_part = 3 * sqrtl(1 - constants->c4 * constants->c4) / constants->c4;
	long double r_part = 3 * constants->d3 / constants->d2;
	constants->b3 = constants_not_below_zero(1 - s_part);
	constants->b4 = 1 + s_part;
	constants->d3_low = constants_not_below_zero(1 - r_part);
	constants->d4 = 1 + r_part;
}

void constants_given(unsigned size, long double d2, long double d3, struct constants *out_constants)
{
	invariant(size >= CONSTANTS_SIZE_MIN && size <= CONSTANTS_SIZE_MAX && d2 > 0 && d3 > 0);
	*out_constants = (struct constants){.d2 = d2, .d3 = d3};
	constants_derive(out_constants, size);
}

const struct constants *constants_of(unsigned size)
{
	invariant(size >= CONSTANTS_SIZE_MIN && size <= CONSTANTS_SIZE_MAX);
	struct constants *constants = &constants_table[size];
	(void)pthread_mutex_lock(&constants_lock);
	if (constants->c4 == 0) {
		constants_range_moments(size, 1, &constants->d2, &constants->d3);
		constants_derive(constants, size);
	}
	(void)pthread_mutex_unlock(&constants_lock);
	return constants;
}
