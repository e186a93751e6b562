#include "module/marketing/basket/miner.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "module/marketing/basket/set_tree.h"

/* Below it, unneeded nodes are not worth a walk. */
#define MINER_CLEAR_LEAST 4096u
#define MINER_DEPTH       (LIMIT_ITEM_SET_LENGTH + 1)

/* Places that are counted together, some thousand baskets': their tails stay in the caches, too. */
#define CROWD_PLACES 16384u
#define TAIL_NUMBERS 3u

/* A list so many times as long is leapt through. */
#define LIST_FAR 16u

struct miner {
	const struct basket_store *store;
	struct support support;
	uint32_t baskets; /* taken in, those that were taken out again included */
	uint32_t live;    /* without them */
	uint32_t least;   /* that they ask for */
	struct set_tree tree;
	size_t kept; /* sets, by the last clearing */
	struct miner_figures figures;
	struct number_list waiting;           /* parent and place of each */
	struct number_list basket;            /* places of the one at hand */
	struct number_list crowd;             /* open places of many baskets */
	struct number_list tails;             /* of them: where, how many, the branch's next one */
	struct number_list branches;          /* by item: its first tail's end, 0: none */
	struct number_list seats;             /* by item: place of the child, and one; 0: none */
	struct number_list tids;              /* of the set being opened */
	struct number_list open[MINER_DEPTH]; /* of a basket, on the way down */
	struct number_list together;          /* by item: how often beside the set being opened */
};

/* Puts the child among those to be opened when its set has become frequent. */
static inline enum ch_status miner_look(struct miner *miner, uint32_t parent, uint32_t at)
{
	struct set_child *child = &set_children(miner->tree.nodes[parent])[at];
	if (child->node != SET_NONE || child->count < miner->least)
		return CH_OK;
	child->node = SET_WAITING;
	enum ch_status status = number_list_push(&miner->waiting, parent);
	return status == CH_OK
		       ? number_list_push(&miner->waiting, miner->tree.nodes[parent]->places[at])
		       : status;
}

/* ---- Baskets ----
 *
 * The tree is larger than the caches, a branch of the root is not: baskets are counted by the thousand, and one branch
 * after the other.  Where many pass a node its children have seats, so that nobody looks for them. */

static void miner_seat(struct miner *miner, uint32_t node)
{
	struct set_node *it = miner->tree.nodes[node];
	for (uint32_t i = 0; i < it->child_count; i++)
		miner->seats.items[set_mirror(it->places[i])] = i + 1;
}

static void miner_unseat(struct miner *miner, uint32_t node)
{
	struct set_node *it = miner->tree.nodes[node];
	for (uint32_t i = 0; i < it->child_count; i++)
		miner->seats.items[set_mirror(it->places[i])] = 0;
}

/* As set_tree_child, where the children have seats. */
static inline enum ch_status miner_seated_child(
	struct miner *miner, uint32_t node, uint32_t place, uint32_t *at)
{
	uint32_t seat = miner->seats.items[set_mirror(place)];
	*at = seat > 0 ? seat - 1 : 0;
	if (seat > 0)
		return CH_OK;
	enum ch_status status = set_tree_child(&miner->tree, node, place, at);
	if (status == CH_OK)
		miner_seat(miner, node); /* those behind it have moved */
	return status;
}

/* Adds one to the child of that place, behind which nothing goes on. */
static inline enum ch_status miner_count_one(struct miner *miner, uint32_t node, uint32_t place)
{
	uint32_t at = 0;
	enum ch_status status = set_tree_child(&miner->tree, node, place, &at);
	if (status != CH_OK)
		return status;
	set_children(miner->tree.nodes[node])[at].count++;
	return miner_look(miner, node, at);
}

/* Adds one to the children of `node` for these places, and goes on with each open one and the open ones behind
 * it. */
static enum ch_status miner_count(struct miner *miner, uint32_t node, const uint32_t *places,
	size_t count, uint32_t depth, bool seated)
{
	struct number_list *open = &miner->open[depth];
	uint32_t at = 0;
	enum ch_status status = number_list_reserve(open, 2 * count);
	size_t opened = 0;
	/* Nodes of open children in the first half, their places in the second. */
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		status = seated ? miner_seated_child(miner, node, places[i], &at)
				: set_tree_child(&miner->tree, node, places[i], &at);
		if (status != CH_OK)
			break;
		struct set_child *child = &set_children(miner->tree.nodes[node])[at];
		child->count++;
		if (set_is_open(child)) {
			__builtin_prefetch(miner->tree.nodes[child->node]);
			open->items[opened] = child->node;
			open->items[count + opened] = places[i];
			opened++;
		} else {
			status = miner_look(miner, node, at);
		}
	}
	/* What comes next is asked for before its turn. */
	for (size_t i = 0; i + 1 < opened; i++) {
		const struct set_node *next = miner->tree.nodes[open->items[i]];
		__builtin_prefetch((const uint8_t *)next + LINE_BYTES);
	}
	const uint32_t *opened_places = open->items + count;
	for (size_t i = 0; i + 2 < opened && status == CH_OK; i++)
		status = miner_count(miner, open->items[i], opened_places + i + 1, opened - i - 1,
			depth + 1, false);
	if (opened > 1 && status == CH_OK)
		status = miner_count_one(miner, open->items[opened - 2], opened_places[opened - 1]);
	return status;
}

/* The basket's places, rising, into miner->basket. */
static void miner_take_places(struct miner *miner, uint32_t basket)
{
	struct numbers items = basket_store_basket(miner->store, basket);
	miner->basket.count = items.count;
	for (size_t i = 0; i < items.count; i++)
		miner->basket.items[i] = set_mirror(items.items[items.count - 1 - i]);
}

/* Notes for each open place the ones behind it, which go down its branch. */
static enum ch_status miner_add_tails(struct miner *miner, size_t first)
{
	const struct number_list *crowd = &miner->crowd;
	struct number_list *tails = &miner->tails;
	enum ch_status status =
		number_list_reserve(tails, tails->count + TAIL_NUMBERS * (crowd->count - first));
	for (size_t i = first; i + 1 < crowd->count && status == CH_OK; i++) {
		uint32_t *branch = &miner->branches.items[set_mirror(crowd->items[i])];
		uint32_t *tail = tails->items + tails->count;
		tail[0] = (uint32_t)i + 1;
		tail[1] = (uint32_t)(crowd->count - i - 1);
		tail[2] = *branch;
		tails->count += TAIL_NUMBERS;
		*branch = (uint32_t)tails->count;
	}
	return status;
}

/* One basket at the root. */
static enum ch_status miner_join_crowd(struct miner *miner, uint32_t basket)
{
	struct number_list *crowd = &miner->crowd;
	size_t first = crowd->count;
	uint32_t at = 0;
	miner_take_places(miner, basket);
	enum ch_status status = number_list_reserve(crowd, first + miner->basket.count);
	for (size_t i = 0; i < miner->basket.count && status == CH_OK; i++) {
		uint32_t place = miner->basket.items[i];
		status = miner_seated_child(miner, SET_ROOT, place, &at);
		if (status != CH_OK)
			return status;
		struct set_child *child = &set_children(miner->tree.nodes[SET_ROOT])[at];
		child->count++;
		if (set_is_open(child))
			crowd->items[crowd->count++] = place;
		else
			status = miner_look(miner, SET_ROOT, at);
	}
	return status == CH_OK ? miner_add_tails(miner, first) : status;
}

/* All tails of one item. */
static enum ch_status miner_count_branch(struct miner *miner, uint32_t item, uint32_t first)
{
	struct set_node *root = miner->tree.nodes[SET_ROOT];
	uint32_t node = set_children(root)[set_child_at(root, 0, set_mirror(item))].node;
	enum ch_status status = CH_OK;
	uint32_t places = 0;
	for (uint32_t tail = first; tail != 0; tail = miner->tails.items[tail - 1])
		places += miner->tails.items[tail - 2];
	bool seated = places >= miner->tree.nodes[node]->child_count;
	if (seated)
		miner_seat(miner, node);
	for (uint32_t tail = first; tail != 0 && status == CH_OK;) {
		const uint32_t *it = miner->tails.items + tail - TAIL_NUMBERS;
		status = miner_count(miner, node, miner->crowd.items + it[0], it[1], 1, seated);
		tail = it[2];
	}
	if (seated)
		miner_unseat(miner, node);
	return status;
}

/* As many of the baskets before `until` as go together. */
static enum ch_status miner_count_crowd(struct miner *miner, uint32_t until)
{
	enum ch_status status = CH_OK;
	miner->crowd.count = 0;
	miner->tails.count = 0;
	miner_seat(miner, SET_ROOT);
	for (; miner->baskets < until && miner->crowd.count < CROWD_PLACES && status == CH_OK;
		miner->baskets++)
		status = miner_join_crowd(miner, miner->baskets);
	miner_unseat(miner, SET_ROOT);
	for (uint32_t item = 0; item < basket_store_items(miner->store) && status == CH_OK;
		item++) {
		uint32_t first = miner->branches.items[item];
		miner->branches.items[item] = 0;
		if (first != 0)
			status = miner_count_branch(miner, item, first);
	}
	return status;
}

/* Takes one from every counted subset. */
static void miner_discount(struct miner *miner, uint32_t node, const uint32_t *places, size_t count)
{
	uint32_t at = 0;
	for (size_t i = 0; i < count; i++) {
		struct set_node *it = miner->tree.nodes[node];
		at = set_child_at(it, at, places[i]);
		if (at == it->child_count)
			return;
		if (it->places[at] != places[i])
			continue;
		invariant(set_children(it)[at].count > 0);
		set_children(it)[at].count--;
		if (set_is_open(&set_children(it)[at]))
			miner_discount(
				miner, set_children(it)[at].node, places + i + 1, count - i - 1);
	}
}

void miner_take_out(struct miner *miner, uint32_t basket)
{
	if (basket >= miner->baskets)
		return; /* and never comes in */
	miner_take_places(miner, basket);
	miner_discount(miner, SET_ROOT, miner->basket.items, miner->basket.count);
	miner->live--;
}

/* ---- Sets that become frequent ---- */

/* Where `wanted` is in the list, or would be, from `from` on.  Steps that double, then halves. */
static size_t miner_seek(struct numbers list, size_t from, uint32_t wanted)
{
	size_t low = from;
	size_t step = 1;
	while (low + step < list.count && list.items[low + step] < wanted) {
		low += step;
		step *= 2;
	}
	size_t high = low + step < list.count ? low + step : list.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list.items[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Leaves in `tids` those that are in the other list, too. */
static void miner_cut(struct number_list *tids, struct numbers list)
{
	size_t kept = 0;
	size_t at = 0;
	bool far = list.count / LIST_FAR > tids->count;
	for (size_t i = 0; i < tids->count && at < list.count;) {
		uint32_t wanted = tids->items[i];
		if (far)
			at = miner_seek(list, at, wanted);
		if (at == list.count)
			break;
		uint32_t there = list.items[at];
		/* Without a branch, as none could be foretold. */
		tids->items[kept] = wanted;
		kept += there == wanted;
		i += wanted <= there;
		at += there <= wanted;
	}
	tids->count = kept;
}

static int miner_compare_lists(const void *left, const void *right)
{
	const struct numbers *a = left;
	const struct numbers *b = right;
	return (a->count > b->count) - (a->count < b->count);
}

/* The baskets that hold the set, into miner->tids: the shortest list cut with the others.  The lists are walked in
 * order; the baskets themselves would be all over memory. */
static enum ch_status miner_find_baskets(
	struct miner *miner, const uint32_t *items, uint32_t length)
{
	struct numbers lists[MINER_DEPTH];
	for (uint32_t i = 0; i < length; i++)
		lists[i] = basket_store_having(miner->store, items[i]);
	qsort(lists, length, sizeof(lists[0]), miner_compare_lists);
	enum ch_status status = number_list_reserve(&miner->tids, lists[0].count);
	if (status != CH_OK)
		return status;
	miner->tids.count = lists[0].count;
	if (lists[0].count > 0)
		memcpy(miner->tids.items, lists[0].items, lists[0].count * sizeof(uint32_t));
	for (uint32_t i = 1; i < length; i++)
		miner_cut(&miner->tids, lists[i]);
	return CH_OK;
}

/* Counts the items of all baskets in miner->tids, or takes the counts back. */
static void miner_count_together(struct miner *miner, bool back)
{
	for (size_t i = 0; i < miner->tids.count; i++) {
		struct numbers basket = basket_store_basket(miner->store, miner->tids.items[i]);
		for (size_t j = 0; j < basket.count; j++)
			miner->together.items[basket.items[j]] =
				back ? 0 : miner->together.items[basket.items[j]] + 1;
	}
}

/* The union of the open set `node` and an open sibling, counted under the lower. */
static enum ch_status miner_join(struct miner *miner, uint32_t node, uint32_t sibling)
{
	uint32_t low = node;
	uint32_t high = sibling;
	uint32_t at = 0;
	uint32_t count = miner->together.items[set_mirror(miner->tree.nodes[sibling]->place)];
	if (count == 0)
		return CH_OK;
	if (miner->tree.nodes[low]->place > miner->tree.nodes[high]->place) {
		low = sibling;
		high = node;
	}
	enum ch_status status =
		set_tree_child(&miner->tree, low, miner->tree.nodes[high]->place, &at);
	if (status != CH_OK)
		return status;
	struct set_child *child = &set_children(miner->tree.nodes[low])[at];
	child->count = count;
	return set_is_open(child) ? CH_OK : miner_look(miner, low, at);
}

static enum ch_status miner_open(struct miner *miner, uint32_t parent, uint32_t place)
{
	uint32_t items[MINER_DEPTH] = {0};
	uint32_t at = set_child_at(miner->tree.nodes[parent], 0, place);
	invariant(at < miner->tree.nodes[parent]->child_count &&
		  set_children(miner->tree.nodes[parent])[at].node == SET_WAITING);
	enum ch_status status = set_tree_open(&miner->tree, parent, at);
	if (status != CH_OK)
		return status;
	const struct set_child *child = &set_children(miner->tree.nodes[parent])[at];
	uint32_t node = child->node;
	miner->figures.opened++;
	uint32_t length = set_tree_items(&miner->tree, node, items);
	if (length > LIMIT_ITEM_SET_LENGTH)
		return CH_TOO_LARGE;
	status = miner_find_baskets(miner, items, length);
	if (status != CH_OK)
		return status;
	invariant(miner->tids.count == child->count);
	miner_count_together(miner, false);
	for (uint32_t i = 0; i < miner->tree.nodes[parent]->child_count && status == CH_OK; i++) {
		const struct set_child *sibling = &set_children(miner->tree.nodes[parent])[i];
		if (set_is_open(sibling) && sibling->node != node)
			status = miner_join(miner, node, sibling->node);
	}
	miner_count_together(miner, true);
	return status;
}

/* When baskets were taken out the support may ask for less than before: what reaches it now is to be opened. */
static enum ch_status miner_look_again(struct miner *miner, uint32_t parent)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < miner->tree.nodes[parent]->child_count && status == CH_OK; i++) {
		const struct set_child *child = &set_children(miner->tree.nodes[parent])[i];
		status = set_is_open(child) ? miner_look_again(miner, child->node)
					    : miner_look(miner, parent, i);
	}
	return status;
}

/* ---- The whole ---- */

/* As it was at the start: no baskets, no sets. */
static void miner_reset(struct miner *miner)
{
	set_tree_reset(&miner->tree);
	miner->kept = 0;
	miner->baskets = 0;
	miner->live = 0;
	miner->least = 1;
	miner->waiting.count = 0;
	number_list_zero(&miner->together);
	number_list_zero(&miner->branches);
	number_list_zero(&miner->seats);
}

enum ch_status miner_create(
	const struct basket_store *store, struct support support, struct miner **out_miner)
{
	enum ch_status status = CH_NOMEM;
	struct miner *miner = calloc(1, sizeof(*miner));
	if (miner == NULL)
		goto out;
	*miner = (struct miner){.store = store, .support = support};
	status = set_tree_init(&miner->tree);
	if (status != CH_OK)
		goto out;
	status = number_list_reserve(&miner->basket, LIMIT_BASKET_ITEMS);
	if (status != CH_OK)
		goto out;
	miner_reset(miner);
	*out_miner = miner;
	miner = NULL; /* the caller's now */
	status = CH_OK;
out:
	miner_free(miner);
	return status;
}

void miner_free(struct miner *miner)
{
	if (miner == NULL)
		return;
	set_tree_fini(&miner->tree);
	for (size_t i = 0; i < MINER_DEPTH; i++)
		number_list_fini(&miner->open[i]);
	number_list_fini(&miner->waiting);
	number_list_fini(&miner->basket);
	number_list_fini(&miner->crowd);
	number_list_fini(&miner->tails);
	number_list_fini(&miner->branches);
	number_list_fini(&miner->seats);
	number_list_fini(&miner->tids);
	number_list_fini(&miner->together);
	free(miner);
}

static enum ch_status miner_take_in(struct miner *miner)
{
	uint32_t baskets = basket_store_baskets(miner->store);
	uint32_t live = basket_store_live(miner->store);
	uint32_t least = miner->least;
	enum ch_status status =
		number_list_reserve(&miner->together, basket_store_items(miner->store));
	if (status == CH_OK)
		status = number_list_reserve(&miner->branches, basket_store_items(miner->store));
	if (status == CH_OK)
		status = number_list_reserve(&miner->seats, basket_store_items(miner->store));
	miner->least = support_least(miner->support, live);
	while (miner->baskets < baskets && status == CH_OK)
		status = miner_count_crowd(miner, baskets);
	miner->live = live;
	if (status == CH_OK && miner->least < least)
		status = miner_look_again(miner, SET_ROOT);
	/* Opening one may make others wait; the last come first, and any order gives the same tree. */
	while (miner->waiting.count > 0 && status == CH_OK) {
		uint32_t place = miner->waiting.items[--miner->waiting.count];
		uint32_t parent = miner->waiting.items[--miner->waiting.count];
		status = miner_open(miner, parent, place);
	}
	return status;
}

enum ch_status miner_update(struct miner *miner)
{
	enum ch_status status = miner_take_in(miner);
	if (status != CH_OK) {
		miner_reset(miner);
		return status;
	}
	if (miner->tree.counted > 2 * miner->kept + MINER_CLEAR_LEAST) {
		set_tree_clear(&miner->tree, miner->least);
		miner->kept = miner->tree.counted;
		miner->figures.cleared++;
	}
	return CH_OK;
}

static enum ch_status miner_collect(const struct miner *miner, uint32_t parent, uint32_t *items,
	uint32_t length, struct item_sets *sets)
{
	struct set_node *node = miner->tree.nodes[parent];
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < node->child_count && status == CH_OK; i++) {
		const struct set_child *child = &set_children(node)[i];
		if (child->count < miner->least)
			continue;
		items[length] = set_mirror(node->places[i]);
		status = item_sets_add(sets, items, length + 1, child->count);
		if (status == CH_OK && set_is_open(child))
			status = miner_collect(miner, child->node, items, length + 1, sets);
	}
	return status;
}

enum ch_status miner_sets(const struct miner *miner, struct item_sets *out_sets)
{
	struct item_sets sets;
	uint32_t items[MINER_DEPTH + 1];
	enum ch_status status = item_sets_init(&sets, miner->store, miner->support);
	if (status != CH_OK)
		return status;
	sets.baskets = miner->live;
	sets.least = miner->least;
	status = miner_collect(miner, SET_ROOT, items, 0, &sets);
	if (status != CH_OK) {
		item_sets_fini(&sets);
		return status;
	}
	item_sets_sort(&sets);
	*out_sets = sets;
	return CH_OK;
}

struct miner_figures miner_figures(const struct miner *miner)
{
	struct miner_figures figures = miner->figures;
	figures.counted = miner->tree.counted;
	return figures;
}

void miner_write(const struct miner *miner, struct buffer *out)
{
	pb_put_varint(out, miner->baskets);
	pb_put_varint(out, miner->live);
	pb_put_varint(out, miner->least);
	set_tree_write(&miner->tree, out);
}

enum ch_status miner_read(struct miner *miner, struct slice stored)
{
	struct pb_reader reader = pb_read(stored);
	uint64_t baskets;
	uint64_t live;
	uint64_t least;
	miner_reset(miner);
	if (!pb_next_varint(&reader, &baskets) || !pb_next_varint(&reader, &live) ||
		!pb_next_varint(&reader, &least) || least == 0 || least > UINT32_MAX ||
		baskets > basket_store_baskets(miner->store) || live > baskets)
		return CH_CORRUPT;
	miner->baskets = (uint32_t)baskets;
	miner->live = (uint32_t)live;
	miner->least = (uint32_t)least;
	enum ch_status status = set_tree_read(
		&miner->tree, &reader, basket_store_items(miner->store), miner->baskets);
	if (status == CH_OK && pb_rest(&reader).len > 0)
		status = CH_CORRUPT;
	miner->kept = miner->tree.counted;
	if (status != CH_OK)
		miner_reset(miner);
	return status;
}
