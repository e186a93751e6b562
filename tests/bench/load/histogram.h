/* Counts of values over the whole range of 64 bits in a fixed 58 KiB: linear within each power of two,
 * so that a value is known to better than one part in 128 whatever its size.  Latencies go in as
 * nanoseconds.  A quantile never flatters: it is the highest value that its bucket can hold. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 7u
#define HISTOGRAM_BUCKETS   ((64u - HISTOGRAM_STEP_BITS + 1u) << HISTOGRAM_STEP_BITS)

struct histogram {
	uint64_t total;
	uint64_t max;
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *histogram);

/* Note `value` `times` times. */
void histogram_record(struct histogram *histogram, uint64_t value, uint64_t times);

/* Add everything that `other` holds. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The smallest value that at least `parts` of a million of the values do not exceed, at most 0.8 %
 * too high and never too low: 500 000 is the median, 999 000 is p99.9, 1 000 000 the exact maximum.
 * 0 when nothing was recorded. */
uint64_t histogram_quantile(const struct histogram *histogram, uint32_t parts);

#endif
