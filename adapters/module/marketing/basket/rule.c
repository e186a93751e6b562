#include "module/marketing/basket/rule.h"

#include <math.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"

struct rule_maker {
	const struct item_sets *sets;
	struct decimal confidence;
	struct rules rules;
	size_t capacity;
};

static enum ch_status rule_add(struct rule_maker *maker, struct rule rule)
{
	if (maker->rules.count == maker->capacity) {
		size_t capacity = maker->capacity * 2 + 256;
		struct rule *items = realloc(maker->rules.items, capacity * sizeof(*items));
		if (items == NULL)
			return CH_NOMEM;
		maker->rules.items = items;
		maker->capacity = capacity;
	}
	maker->rules.items[maker->rules.count++] = rule;
	return CH_OK;
}

/* The rules of one set: each of its items on the right once. */
static enum ch_status rule_split(struct rule_maker *maker, const struct item_set *set)
{
	const struct item_sets *sets = maker->sets;
	const uint32_t *ranks = sets->ranks + set->first;
	uint32_t rest[LIMIT_ITEM_SET_LENGTH];
	enum ch_status status = CH_OK;
	for (uint32_t right = 0; right < set->length && status == CH_OK; right++) {
		uint32_t length = 0;
		for (uint32_t i = 0; i < set->length; i++) {
			if (i != right)
				rest[length++] = ranks[i];
		}
		const struct item_set *left = item_sets_find(sets, rest, length);
		const struct item_set *item = item_sets_find(sets, &ranks[right], 1);
		/* A part of a frequent set is frequent. */
		invariant(left != NULL && item != NULL);
		if (share_reached(set->count, left->count, maker->confidence))
			status = rule_add(maker, (struct rule){left, ranks[right], set->count,
							 left->count, item->count});
	}
	return status;
}

static int rule_compare(const void *left, const void *right)
{
	const struct rule *a = left;
	const struct rule *b = right;
	uint64_t ours = (uint64_t)a->count * b->left_count;
	uint64_t theirs = (uint64_t)b->count * a->left_count;
	if (ours != theirs)
		return ours > theirs ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->left != b->left)
		return a->left < b->left ? -1 : 1;
	return (a->right > b->right) - (a->right < b->right);
}

enum ch_status rules_make(
	const struct item_sets *sets, struct decimal confidence, struct rules *out_rules)
{
	struct rule_maker maker = {.sets = sets, .confidence = confidence};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sets->count && status == CH_OK; i++) {
		if (sets->sets[i].length > 1)
			status = rule_split(&maker, &sets->sets[i]);
	}
	if (status != CH_OK) {
		rules_fini(&maker.rules);
		return status;
	}
	if (maker.rules.count > 0)
		qsort(maker.rules.items, maker.rules.count, sizeof(*maker.rules.items),
			rule_compare);
	*out_rules = maker.rules;
	return CH_OK;
}

void rules_fini(struct rules *rules)
{
	free(rules->items);
	*rules = (struct rules){0};
}

struct rule_measures rule_measure(const struct rule *rule, uint32_t baskets)
{
	__int128_t n = baskets;
	__int128_t both = rule->count;
	__int128_t left = rule->left_count;
	__int128_t right = rule->right_count;
	struct rule_measures measures = {
		.support = (long double)both / (long double)n,
		.confidence = (long double)both / (long double)left,
		.lift = (long double)(both * n) / (long double)(left * right),
		.leverage = (long double)(both * n - left * right) / (long double)(n * n),
		.conviction = HUGE_VALL,
	};
	if (left > both)
		measures.conviction =
			(long double)(left * (n - right)) / (long double)(n * (left - both));
	return measures;
}
