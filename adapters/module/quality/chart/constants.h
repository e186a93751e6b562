/* The constants of Shewhart's control charts for subgroups of n normal values, computed, not typed from
 * rounded tables.  Names and definitions are those of ISO 7870-2 and ASTM E2587; R is the range, s the
 * standard deviation with n - 1, both of a subgroup from a process with standard deviation sigma:
 *
 *     c4 = E(s) / sigma    d2 = E(R) / sigma           d3 = sd(R) / sigma
 *     A2 = 3 / (d2 sqrt n)   D3, D4 = 1 -+ 3 d3 / d2     (D3 and B3 not below 0)
 *     A3 = 3 / (c4 sqrt n)   B3, B4 = 1 -+ 3 sqrt(1 - c4^2) / c4
 *
 * How: c4 = sqrt(2 / (n - 1)) G(n/2) / G((n-1)/2) by the recurrence of the gamma function from G(1/2)
 * = sqrt(pi) and G(1) = 1.  d2 and d3 as mean and standard deviation of the distribution of the range,
 *
 *     f(w) = n (n-1) Integral phi(x) phi(x + w) (Phi(x + w) - Phi(x))^(n-2) dx     (w >= 0),
 *
 * all integrals by the trapezoid rule in long double, which converges faster than any power of its step for
 * such integrands: the inner one as it stands, the outer ones after w = exp(t - exp(-t)) (Takahasi and
 * Mori 1974).  Error, where long double has 64 bits: halving both steps moves no d2 and d3 by more than
 * 2e-18, and the closed forms (d2 for n = 2 to 5, d3 for n = 2 and 3) are met within 2e-18,
 * while a unit in the last place of such doubles is 1e-16 to 4e-16. */
#ifndef QUALITY_CONSTANTS_H
#define QUALITY_CONSTANTS_H

#define CONSTANTS_SIZE_MIN 2u
#define CONSTANTS_SIZE_MAX 25u

struct constants {
	long double c4, d2, d3;
	long double a2, a3;
	long double b3, b4;     /* limits of s, in units of its mean */
	long double d3_low, d4; /* D3 and D4: limits of R, in units of its mean */
};

/* `size` is CONSTANTS_SIZE_MIN to CONSTANTS_SIZE_MAX.  Computed on the first call for a size, then
 * remembered; any thread. */
const struct constants *constants_of(unsigned size);

/* The same for a program whose d2 and d3 are others, as tables round them; neither is 0 or less. */
void constants_given(
	unsigned size, long double d2, long double d3, struct constants *out_constants);

/* Mean and standard deviation of the range of `size` standard normal values, with the usual steps divided
 * by `fineness`, at most CONSTANTS_FINENESS_MAX: how the error above is measured. */
#define CONSTANTS_FINENESS_MAX 4u
void constants_range_moments(
	unsigned size, unsigned fineness, long double *out_mean, long double *out_deviation);

#endif
