/* Association rules: "who has X in the basket has y too", X a set of items and y one item that is not in it
 * (Agrawal, Imielinski and Swami 1993).  With N baskets, and n(X) the baskets that hold all of X:
 *
 *   support     n(Xy) / N
 *   confidence  n(Xy) / n(X)
 *   lift        n(Xy) N / (n(X) n(y))                          1 when X and y know nothing of each other
 *   leverage    n(Xy) / N - n(X) n(y) / N^2                    (Piatetsky-Shapiro 1991)
 *   conviction  n(X) (N - n(y)) / (N (n(X) - n(Xy)))           (Brin et al. 1997); none without exception
 *
 * A rule is its three counts, whole numbers; the measures are divided out of them when they are asked for,
 * each with one rounding, and thresholds and order look at the counts alone. */
#ifndef MARKETING_RULE_H
#define MARKETING_RULE_H

#include "module/marketing/basket/item_set.h"

struct rule {
	const struct item_set *left; /* of the sets it was made from */
	uint32_t right;              /* a rank */
	uint32_t count;              /* n(Xy) */
	uint32_t left_count;
	uint32_t right_count;
};

struct rules {
	struct rule *
		items; /* by falling confidence, falling count, then left and right in the sets' order */
	size_t count;
};

struct rule_measures {
	long double support;
	long double confidence;
	long double lift;
	long double leverage;
	long double conviction; /* infinite without exception */
};

/* All rules of at least that confidence whose items are frequent together; X is never empty.  `sets` are
 * sorted and outlive the rules.  CH_NOMEM. */
enum ch_status rules_make(
	const struct item_sets *sets, struct decimal confidence, struct rules *out_rules);
void rules_fini(struct rules *rules);

struct rule_measures rule_measure(const struct rule *rule, uint32_t baskets);

#endif
