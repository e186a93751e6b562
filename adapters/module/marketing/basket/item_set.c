#include "module/marketing/basket/item_set.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"

/* ---- Shares ---- */

enum ch_status share_parse(struct slice text, struct decimal *out_share)
{
	struct decimal share;
	if (decimal_parse(text, &share) != CH_OK)
		return CH_FORMAT;
	if (share.unscaled <= 0 || decimal_compare(share, (struct decimal){1, 0}) > 0)
		return CH_INVALID;
	*out_share = share;
	return CH_OK;
}

static __uint128_t share_power_of_ten(uint32_t exponent)
{
	__uint128_t power = 1;
	for (; exponent > 0; exponent--)
		power *= 10;
	return power;
}

bool share_reached(uint32_t part, uint32_t whole, struct decimal share)
{
	return part * share_power_of_ten(share.scale) >=
	       (__uint128_t)(uint64_t)share.unscaled * whole;
}

uint32_t share_least(uint32_t whole, struct decimal share)
{
	__uint128_t power = share_power_of_ten(share.scale);
	__uint128_t least = ((__uint128_t)(uint64_t)share.unscaled * whole + power - 1) / power;
	return least > 0 ? (uint32_t)least : 1;
}

uint32_t support_least(struct support support, uint32_t baskets)
{
	uint32_t least = share_least(baskets, support.share);
	return least > support.baskets ? least : support.baskets;
}

/* ---- The result ---- */

struct named_item {
	struct slice name;
	uint32_t item;
};

static int item_set_compare_names(const void *left, const void *right)
{
	const struct named_item *a = left;
	const struct named_item *b = right;
	return slice_compare(a->name, b->name);
}

enum ch_status item_sets_init(
	struct item_sets *sets, const struct basket_store *store, struct support support)
{
	uint32_t items = basket_store_items(store);
	uint32_t baskets = basket_store_live(store);
	*sets = (struct item_sets){.baskets = baskets, .least = support_least(support, baskets)};
	struct named_item *named = calloc((size_t)items + 1, sizeof(*named));
	sets->by_rank = calloc((size_t)items + 1, sizeof(*sets->by_rank));
	sets->rank_of = calloc((size_t)items + 1, sizeof(*sets->rank_of));
	if (named == NULL || sets->by_rank == NULL || sets->rank_of == NULL) {
		free(named);
		item_sets_fini(sets);
		return CH_NOMEM;
	}
	for (uint32_t i = 0; i < items; i++)
		named[i] = (struct named_item){basket_store_name(store, i), i};
	qsort(named, items, sizeof(*named), item_set_compare_names);
	for (uint32_t rank = 0; rank < items; rank++) {
		sets->by_rank[rank] = named[rank].item;
		sets->rank_of[named[rank].item] = rank;
	}
	free(named);
	return CH_OK;
}

void item_sets_fini(struct item_sets *sets)
{
	free(sets->sets);
	free(sets->ranks);
	free(sets->by_rank);
	free(sets->rank_of);
	*sets = (struct item_sets){0};
}

static enum ch_status item_sets_reserve(struct item_sets *sets, uint32_t length)
{
	if (sets->count == sets->capacity) {
		size_t capacity = sets->capacity == 0 ? 256 : sets->capacity * 2;
		struct item_set *grown = realloc(sets->sets, capacity * sizeof(*grown));
		if (grown == NULL)
			return CH_NOMEM;
		sets->sets = grown;
		sets->capacity = capacity;
	}
	if (length > sets->rank_capacity - sets->rank_count) {
		size_t capacity = sets->rank_capacity * 2 + 256;
		uint32_t *grown = realloc(sets->ranks, capacity * sizeof(*grown));
		if (grown == NULL)
			return CH_NOMEM;
		sets->ranks = grown;
		sets->rank_capacity = capacity;
	}
	return CH_OK;
}

enum ch_status item_sets_add(
	struct item_sets *sets, const uint32_t *items, uint32_t length, uint32_t count)
{
	if (sets->count == LIMIT_ITEM_SETS || length > LIMIT_ITEM_SET_LENGTH)
		return CH_TOO_LARGE;
	enum ch_status status = item_sets_reserve(sets, length);
	if (status != CH_OK)
		return status;
	uint32_t *ranks = sets->ranks + sets->rank_count;
	for (uint32_t i = 0; i < length; i++) {
		uint32_t rank = sets->rank_of[items[i]];
		uint32_t at = i;
		for (; at > 0 && ranks[at - 1] > rank; at--)
			ranks[at] = ranks[at - 1];
		ranks[at] = rank;
	}
	sets->sets[sets->count++] = (struct item_set){sets->rank_count, length, count};
	sets->rank_count += length;
	return CH_OK;
}

static int item_set_compare_ranks(
	const uint32_t *a, uint32_t a_length, const uint32_t *b, uint32_t b_length)
{
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	for (uint32_t i = 0; i < a_length; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

static int item_set_compare(const void *left, const void *right, void *context)
{
	const struct item_set *a = left;
	const struct item_set *b = right;
	const uint32_t *ranks = context;
	return item_set_compare_ranks(ranks + a->first, a->length, ranks + b->first, b->length);
}

void item_sets_sort(struct item_sets *sets)
{
	if (sets->count > 0)
		qsort_r(sets->sets, sets->count, sizeof(*sets->sets), item_set_compare,
			sets->ranks);
}

const struct item_set *item_sets_find(
	const struct item_sets *sets, const uint32_t *ranks, uint32_t length)
{
	size_t low = 0;
	size_t high = sets->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct item_set *set = &sets->sets[middle];
		int order = item_set_compare_ranks(
			sets->ranks + set->first, set->length, ranks, length);
		if (order == 0)
			return set;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- Mining in one go ---- */

/* A set's last item, and the baskets that hold the set: in the level's vector, or the item's own. */
struct extension {
	uint32_t item;
	uint32_t count;
	size_t first;
};

/* All frequent sets with one common prefix. */
struct level {
	struct extension *extensions;
	size_t count;
	size_t capacity;
	uint32_t *baskets;
	size_t basket_count;
	size_t basket_capacity;
};

struct eclat {
	const struct basket_store *store;
	struct item_sets *sets;
	uint32_t items[LIMIT_ITEM_SET_LENGTH];
	struct level levels[LIMIT_ITEM_SET_LENGTH + 1];
};

static enum ch_status level_reserve(struct level *level, size_t baskets)
{
	if (level->count == level->capacity) {
		size_t capacity = level->capacity * 2 + 16;
		struct extension *grown = realloc(level->extensions, capacity * sizeof(*grown));
		if (grown == NULL)
			return CH_NOMEM;
		level->extensions = grown;
		level->capacity = capacity;
	}
	if (baskets > level->basket_capacity - level->basket_count) {
		size_t capacity = level->basket_capacity * 2 + baskets;
		uint32_t *grown = realloc(level->baskets, capacity * sizeof(*grown));
		if (grown == NULL)
			return CH_NOMEM;
		level->baskets = grown;
		level->basket_capacity = capacity;
	}
	return CH_OK;
}

/* What both hold; `out` has room for the shorter. */
static uint32_t eclat_cut(struct numbers a, struct numbers b, uint32_t *out)
{
	uint32_t count = 0;
	for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
		uint32_t x = a.items[i];
		uint32_t y = b.items[j];
		if (x == y)
			out[count++] = x;
		i += x <= y;
		j += y <= x;
	}
	return count;
}

static struct numbers eclat_baskets(const struct level *level, size_t at)
{
	const struct extension *extension = &level->extensions[at];
	return (struct numbers){level->baskets + extension->first, extension->count};
}

/* Fills the next level with the frequent sets that begin as extension `at` of this one. */
static enum ch_status eclat_extend(struct eclat *eclat, uint32_t depth, size_t at)
{
	const struct level *level = &eclat->levels[depth];
	struct level *next = &eclat->levels[depth + 1];
	next->count = 0;
	next->basket_count = 0;
	for (size_t i = at + 1; i < level->count; i++) {
		struct numbers mine = eclat_baskets(level, at);
		struct numbers other = eclat_baskets(level, i);
		size_t room = mine.count < other.count ? mine.count : other.count;
		enum ch_status status = level_reserve(next, room);
		if (status != CH_OK)
			return status;
		uint32_t count = eclat_cut(mine, other, next->baskets + next->basket_count);
		if (count < eclat->sets->least)
			continue;
		next->extensions[next->count++] =
			(struct extension){level->extensions[i].item, count, next->basket_count};
		next->basket_count += count;
	}
	return CH_OK;
}

static enum ch_status eclat_descend(struct eclat *eclat, uint32_t depth)
{
	const struct level *level = &eclat->levels[depth];
	for (size_t i = 0; i < level->count; i++) {
		if (depth == LIMIT_ITEM_SET_LENGTH)
			return CH_TOO_LARGE;
		eclat->items[depth] = level->extensions[i].item;
		enum ch_status status = item_sets_add(
			eclat->sets, eclat->items, depth + 1, level->extensions[i].count);
		if (status == CH_OK)
			status = eclat_extend(eclat, depth, i);
		if (status == CH_OK)
			status = eclat_descend(eclat, depth + 1);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

static int eclat_compare(const void *left, const void *right)
{
	const struct extension *a = left;
	const struct extension *b = right;
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return (a->item > b->item) - (a->item < b->item);
}

/* The frequent items, rare ones first: their cuts are short. */
static enum ch_status eclat_begin(struct eclat *eclat)
{
	struct level *level = &eclat->levels[0];
	for (uint32_t item = 0; item < basket_store_items(eclat->store); item++) {
		struct numbers having = basket_store_having(eclat->store, item);
		if (having.count < eclat->sets->least)
			continue;
		enum ch_status status = level_reserve(level, having.count);
		if (status != CH_OK)
			return status;
		memcpy(level->baskets + level->basket_count, having.items,
			having.count * sizeof(*having.items));
		level->extensions[level->count++] =
			(struct extension){item, (uint32_t)having.count, level->basket_count};
		level->basket_count += having.count;
	}
	if (level->count > 0)
		qsort(level->extensions, level->count, sizeof(*level->extensions), eclat_compare);
	return CH_OK;
}

enum ch_status item_sets_mine(
	const struct basket_store *store, struct support support, struct item_sets *out_sets)
{
	struct item_sets sets = {0};
	enum ch_status status = CH_NOMEM;
	struct eclat *eclat = calloc(1, sizeof(*eclat));
	if (eclat == NULL)
		goto out;
	*eclat = (struct eclat){.store = store, .sets = &sets};
	status = item_sets_init(&sets, store, support);
	if (status == CH_OK)
		status = eclat_begin(eclat);
	if (status == CH_OK)
		status = eclat_descend(eclat, 0);
	if (status != CH_OK)
		goto out;
	item_sets_sort(&sets);
	*out_sets = sets;
	sets = (struct item_sets){0};
out:
	for (size_t i = 0; eclat != NULL && i <= LIMIT_ITEM_SET_LENGTH; i++) {
		free(eclat->levels[i].extensions);
		free(eclat->levels[i].baskets);
	}
	free(eclat);
	item_sets_fini(&sets);
	return status;
}
