#include "bench/load/histogram.h"

#include <stddef.h>
#include <string.h>

#define MILLION 1000000u

void histogram_init(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

/* Values below 2^(STEP_BITS + 1) have a bucket each.  Above that, every power of two is cut into
 * 2^STEP_BITS equal buckets: the leading bits choose one, and `shift` low bits are forgotten. */
static unsigned bucket_shift(uint64_t value)
{
	unsigned bits = value == 0 ? 0 : 64u - (unsigned)__builtin_clzll(value);
	return bits > HISTOGRAM_STEP_BITS + 1 ? bits - HISTOGRAM_STEP_BITS - 1 : 0;
}

static size_t bucket_of(uint64_t value)
{
	unsigned shift = bucket_shift(value);
	return ((size_t)shift << HISTOGRAM_STEP_BITS) + (size_t)(value >> shift);
}

static uint64_t bucket_highest(size_t bucket)
{
	if (bucket < (2u << HISTOGRAM_STEP_BITS))
		return bucket;
	unsigned shift = (unsigned)(bucket >> HISTOGRAM_STEP_BITS) - 1;
	uint64_t leading = bucket - ((size_t)shift << HISTOGRAM_STEP_BITS);
	return (leading << shift) | ((UINT64_C(1) << shift) - 1);
}

void histogram_record(struct histogram *histogram, uint64_t value, uint64_t times)
{
	if (times == 0)
		return;
	histogram->counts[bucket_of(value)] += times;
	histogram->total += times;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
		histogram->counts[bucket] += other->counts[bucket];
	histogram->total += other->total;
	if (other->max > histogram->max)
		histogram->max = other->max;
}

/* ceil(total * parts / 1e6) without running over 64 bits. */
static uint64_t rank_of(uint64_t total, uint32_t parts)
{
	uint64_t whole = total / MILLION * parts;
	uint64_t rest = total % MILLION * parts;
	return whole + rest / MILLION + (rest % MILLION != 0);
}

uint64_t histogram_quantile(const struct histogram *histogram, uint32_t parts)
{
	uint64_t rank = rank_of(histogram->total, parts < MILLION ? parts : MILLION);
	uint64_t seen = 0;
	if (rank >= histogram->total)
		return histogram->max;
	for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		seen += histogram->counts[bucket];
		if (seen > 0 && seen >= rank) {
			uint64_t highest = bucket_highest(bucket);
			return highest < histogram->max ? highest : histogram->max;
		}
	}
	return histogram->max;
}
