#include "module/marketing/basket/miner.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "module/marketing/basket/line_pool.h"
#include "wire/pb.h"

#define MINER_ROOT 0u
#define MINER_NONE UINT32_MAX
/* In the place of a child's node: it is to be opened. */
#define MINER_WAITING (UINT32_MAX - 1)
/* Below it, unneeded nodes are not worth a walk. */
#define MINER_CLEAR_LEAST 4096u
/* Half of them may have fallen below the support since they were opened. */
#define MINER_OPEN_SETS (2 * LIMIT_ITEM_SETS)
#define MINER_DEPTH     (LIMIT_ITEM_SET_LENGTH + 1)

/* Places that are counted together, some thousand baskets': their tails stay in the caches, too. */
#define CROWD_PLACES 16384u
#define TAIL_NUMBERS 3u

/* A list so many times as long is leapt through. */
#define LIST_FAR 16u

/* A counted set: its parent's with one item more. */
struct child {
	uint32_t count;
	uint32_t node; /* when it is open; else MINER_NONE or MINER_WAITING */
};

/* Where an item stands in the tree: those that were seen first stand last.  Common ones are mostly seen early, and a
 * set's place in the tree hangs on the two sets that lack its last or its last but one: with the common items
 * left out those are rare, so that fewer unions are counted in vain (of groceries 80 000 instead of 177 000), and what is
 * counted is passed by fewer baskets. */
#define MINER_LAST_PLACE (LIMIT_ITEMS - 1)

_Static_assert(MINER_LAST_PLACE <= UINT16_MAX, "two bytes hold a place");

/* From an item to its place, and back. */
static inline uint32_t miner_mirror(uint32_t number)
{
	return MINER_LAST_PLACE - number;
}

/* An open set, in whole cache lines, as few as it can: most have a handful of children, and what a basket looks
 * for in one is then fetched at once. */
struct node {
	uint32_t place; /* of its last item */
	uint32_t parent;
	uint32_t child_count;
	uint32_t child_capacity; /* even, so that children are aligned */
	/* By rising place; the places alone, packed, as that is what a basket looks through.  Behind them the
	 * children, in the same order. */
	uint16_t places[];
};

static inline struct child *node_children(struct node *node)
{
	return (struct child *)(void *)(node->places + node->child_capacity);
}

static size_t node_lines(uint32_t capacity)
{
	size_t bytes = sizeof(struct node) + capacity * (sizeof(uint16_t) + sizeof(struct child));
	return (bytes + LINE_BYTES - 1) / LINE_BYTES;
}

static uint32_t node_capacity(size_t lines)
{
	size_t bytes = lines * LINE_BYTES - sizeof(struct node);
	return (uint32_t)(bytes / (sizeof(uint16_t) + sizeof(struct child))) & ~1u;
}

struct numbers_vector {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

struct miner {
	const struct basket_store *store;
	struct support support;
	uint32_t baskets;    /* taken in, those that were taken out again included */
	uint32_t live;       /* without them */
	uint32_t least;      /* that they ask for */
	struct node **nodes; /* the root first; NULL: free */
	uint32_t node_count;
	uint32_t node_capacity;
	struct line_pool pool;
	size_t counted;
	size_t kept; /* by the last clearing */
	size_t open_sets;
	struct miner_figures figures;
	struct numbers_vector free_nodes; /* numbers; with room for all */
	struct numbers_vector waiting;    /* parent and place of each */
	struct numbers_vector basket;     /* places of the one at hand */
	struct numbers_vector crowd;      /* open places of many baskets */
	struct numbers_vector tails;      /* of them: where, how many, the branch's next one */
	struct numbers_vector branches;   /* by item: its first tail's end, 0: none */
	struct numbers_vector seats;      /* by item: place of the child, and one; 0: none */
	struct numbers_vector tids;       /* of the set being opened */
	struct numbers_vector open[MINER_DEPTH]; /* of a basket, on the way down */
	struct numbers_vector together; /* by item: how often beside the set being opened */
};

static enum ch_status miner_reserve(struct numbers_vector *vector, size_t capacity)
{
	if (capacity <= vector->capacity)
		return CH_OK;
	capacity += capacity / 2;
	uint32_t *items = realloc(vector->items, capacity * sizeof(*items));
	if (items == NULL)
		return CH_NOMEM;
	memset(items + vector->capacity, 0, (capacity - vector->capacity) * sizeof(*items));
	vector->items = items;
	vector->capacity = capacity;
	return CH_OK;
}

static void miner_zero(struct numbers_vector *vector)
{
	if (vector->items != NULL)
		memset(vector->items, 0, vector->capacity * sizeof(*vector->items));
}

static enum ch_status miner_push(struct numbers_vector *vector, uint32_t number)
{
	enum ch_status status = miner_reserve(vector, vector->count + 1);
	if (status == CH_OK)
		vector->items[vector->count++] = number;
	return status;
}

/* ---- Nodes ---- */

static bool miner_is_open(const struct child *child)
{
	return child->node < MINER_WAITING;
}

static enum ch_status miner_more_nodes(struct miner *miner)
{
	uint32_t capacity = miner->node_capacity * 2 + 256;
	struct node **nodes = realloc(miner->nodes, capacity * sizeof(struct node *));
	if (nodes == NULL)
		return CH_NOMEM;
	miner->nodes = nodes;
	miner->node_capacity = capacity;
	return miner_reserve(&miner->free_nodes, capacity);
}

static enum ch_status miner_new_node(
	struct miner *miner, uint32_t parent, uint32_t place, uint32_t *out_node)
{
	enum ch_status status = CH_OK;
	if (miner->free_nodes.count == 0 && miner->node_count == miner->node_capacity)
		status = miner_more_nodes(miner);
	if (status != CH_OK)
		return status;
	struct node *node = line_pool_take(&miner->pool, 1);
	if (node == NULL)
		return CH_NOMEM;
	*node = (struct node){.place = place, .parent = parent, .child_capacity = node_capacity(1)};
	*out_node = miner->free_nodes.count > 0 ? miner->free_nodes.items[--miner->free_nodes.count]
						: miner->node_count++;
	miner->nodes[*out_node] = node;
	return CH_OK;
}

/* The set stays counted; those that begin with it go. */
static void miner_close(struct miner *miner, struct child *child)
{
	if (!miner_is_open(child))
		return;
	struct node *node = miner->nodes[child->node];
	for (uint32_t i = 0; i < node->child_count; i++)
		miner_close(miner, &node_children(node)[i]);
	miner->counted -= node->child_count;
	miner->open_sets--;
	line_pool_give(&miner->pool, node, node_lines(node->child_capacity));
	miner->nodes[child->node] = NULL;
	miner->free_nodes.items[miner->free_nodes.count++] = child->node;
	child->node = MINER_NONE;
}

/* Where the child of that place is, or would be, from `from` on.  Baskets walk forward, mostly by little: the steps
 * double until the place is passed. */
static inline uint32_t miner_child_at(const struct node *node, uint32_t from, uint32_t place)
{
	const uint16_t *places = node->places;
	uint32_t low = from;
	uint32_t step = 1;
	while (low + step < node->child_count && places[low + step] < place) {
		low += step;
		step *= 2;
	}
	uint32_t high = low + step < node->child_count ? low + step : node->child_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (places[middle] < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum ch_status miner_reserve_child(struct miner *miner, uint32_t number)
{
	struct node *node = miner->nodes[number];
	if (node->child_count < node->child_capacity)
		return CH_OK;
	size_t lines = node_lines(node->child_capacity);
	size_t more = lines + (lines + 1) / 2;
	struct node *larger = line_pool_take(&miner->pool, more);
	if (larger == NULL)
		return CH_NOMEM;
	*larger = *node;
	larger->child_capacity = node_capacity(more);
	memcpy(larger->places, node->places, node->child_count * sizeof(*node->places));
	memcpy(node_children(larger), node_children(node),
		node->child_count * sizeof(struct child));
	line_pool_give(&miner->pool, node, lines);
	miner->nodes[number] = larger;
	return CH_OK;
}

static enum ch_status miner_add_child(
	struct miner *miner, uint32_t number, uint32_t at, uint32_t place)
{
	if (miner->counted == LIMIT_COUNTED_SETS)
		return CH_TOO_LARGE;
	enum ch_status status = miner_reserve_child(miner, number);
	if (status != CH_OK)
		return status;
	struct node *node = miner->nodes[number];
	struct child *children = node_children(node);
	uint32_t behind = node->child_count - at;
	memmove(node->places + at + 1, node->places + at, behind * sizeof(*node->places));
	memmove(children + at + 1, children + at, behind * sizeof(*children));
	node->places[at] = (uint16_t)place;
	children[at] = (struct child){0, MINER_NONE};
	node->child_count++;
	miner->counted++;
	return CH_OK;
}

/* The child of that place, made with a count of 0 when need be.  *at moves to it. */
static inline enum ch_status miner_child(
	struct miner *miner, uint32_t parent, uint32_t place, uint32_t *at)
{
	struct node *node = miner->nodes[parent];
	*at = miner_child_at(node, *at, place);
	if (*at < node->child_count && node->places[*at] == place)
		return CH_OK;
	return miner_add_child(miner, parent, *at, place);
}

/* Puts the child among those to be opened when its set has become frequent. */
static inline enum ch_status miner_look(struct miner *miner, uint32_t parent, uint32_t at)
{
	struct child *child = &node_children(miner->nodes[parent])[at];
	if (child->node != MINER_NONE || child->count < miner->least)
		return CH_OK;
	child->node = MINER_WAITING;
	enum ch_status status = miner_push(&miner->waiting, parent);
	return status == CH_OK ? miner_push(&miner->waiting, miner->nodes[parent]->places[at])
			       : status;
}

/* ---- Baskets ----
 *
 * The tree is larger than the caches, a branch of the root is not: baskets are counted by the thousand, and one branch
 * after the other.  Where many pass a node its children have seats, so that nobody looks for them. */

static void miner_seat(struct miner *miner, uint32_t node)
{
	struct node *it = miner->nodes[node];
	for (uint32_t i = 0; i < it->child_count; i++)
		miner->seats.items[miner_mirror(it->places[i])] = i + 1;
}

static void miner_unseat(struct miner *miner, uint32_t node)
{
	struct node *it = miner->nodes[node];
	for (uint32_t i = 0; i < it->child_count; i++)
		miner->seats.items[miner_mirror(it->places[i])] = 0;
}

/* As miner_child, where the children have seats. */
static inline enum ch_status miner_seated_child(
	struct miner *miner, uint32_t node, uint32_t place, uint32_t *at)
{
	uint32_t seat = miner->seats.items[miner_mirror(place)];
	*at = seat > 0 ? seat - 1 : 0;
	if (seat > 0)
		return CH_OK;
	enum ch_status status = miner_child(miner, node, place, at);
	if (status == CH_OK)
		miner_seat(miner, node); /* those behind it have moved */
	return status;
}

/* Adds one to the child of that place, behind which nothing goes on. */
static inline enum ch_status miner_count_one(struct miner *miner, uint32_t node, uint32_t place)
{
	uint32_t at = 0;
	enum ch_status status = miner_child(miner, node, place, &at);
	if (status != CH_OK)
		return status;
	node_children(miner->nodes[node])[at].count++;
	return miner_look(miner, node, at);
}

/* Adds one to the children of `node` for these places, and goes on with each open one and the open ones behind
 * it. */
static enum ch_status miner_count(struct miner *miner, uint32_t node, const uint32_t *places,
	size_t count, uint32_t depth, bool seated)
{
	struct numbers_vector *open = &miner->open[depth];
	uint32_t at = 0;
	enum ch_status status = miner_reserve(open, 2 * count);
	size_t opened = 0;
	/* Nodes of open children in the first half, their places in the second. */
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		status = seated ? miner_seated_child(miner, node, places[i], &at)
				: miner_child(miner, node, places[i], &at);
		if (status != CH_OK)
			break;
		struct child *child = &node_children(miner->nodes[node])[at];
		child->count++;
		if (miner_is_open(child)) {
			__builtin_prefetch(miner->nodes[child->node]);
			open->items[opened] = child->node;
			open->items[count + opened] = places[i];
			opened++;
		} else {
			status = miner_look(miner, node, at);
		}
	}
	/* What comes next is asked for before its turn. */
	for (size_t i = 0; i + 1 < opened; i++) {
		const struct node *next = miner->nodes[open->items[i]];
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
		miner->basket.items[i] = miner_mirror(items.items[items.count - 1 - i]);
}

/* Notes for each open place the ones behind it, which go down its branch. */
static enum ch_status miner_add_tails(struct miner *miner, size_t first)
{
	const struct numbers_vector *crowd = &miner->crowd;
	struct numbers_vector *tails = &miner->tails;
	enum ch_status status =
		miner_reserve(tails, tails->count + TAIL_NUMBERS * (crowd->count - first));
	for (size_t i = first; i + 1 < crowd->count && status == CH_OK; i++) {
		uint32_t *branch = &miner->branches.items[miner_mirror(crowd->items[i])];
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
	struct numbers_vector *crowd = &miner->crowd;
	size_t first = crowd->count;
	uint32_t at = 0;
	miner_take_places(miner, basket);
	enum ch_status status = miner_reserve(crowd, first + miner->basket.count);
	for (size_t i = 0; i < miner->basket.count && status == CH_OK; i++) {
		uint32_t place = miner->basket.items[i];
		status = miner_seated_child(miner, MINER_ROOT, place, &at);
		if (status != CH_OK)
			return status;
		struct child *child = &node_children(miner->nodes[MINER_ROOT])[at];
		child->count++;
		if (miner_is_open(child))
			crowd->items[crowd->count++] = place;
		else
			status = miner_look(miner, MINER_ROOT, at);
	}
	return status == CH_OK ? miner_add_tails(miner, first) : status;
}

/* All tails of one item. */
static enum ch_status miner_count_branch(struct miner *miner, uint32_t item, uint32_t first)
{
	struct node *root = miner->nodes[MINER_ROOT];
	uint32_t node = node_children(root)[miner_child_at(root, 0, miner_mirror(item))].node;
	enum ch_status status = CH_OK;
	uint32_t places = 0;
	for (uint32_t tail = first; tail != 0; tail = miner->tails.items[tail - 1])
		places += miner->tails.items[tail - 2];
	bool seated = places >= miner->nodes[node]->child_count;
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
	miner_seat(miner, MINER_ROOT);
	for (; miner->baskets < until && miner->crowd.count < CROWD_PLACES && status == CH_OK;
		miner->baskets++)
		status = miner_join_crowd(miner, miner->baskets);
	miner_unseat(miner, MINER_ROOT);
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
		struct node *it = miner->nodes[node];
		at = miner_child_at(it, at, places[i]);
		if (at == it->child_count)
			return;
		if (it->places[at] != places[i])
			continue;
		invariant(node_children(it)[at].count > 0);
		node_children(it)[at].count--;
		if (miner_is_open(&node_children(it)[at]))
			miner_discount(
				miner, node_children(it)[at].node, places + i + 1, count - i - 1);
	}
}

void miner_take_out(struct miner *miner, uint32_t basket)
{
	if (basket >= miner->baskets)
		return; /* and never comes in */
	miner_take_places(miner, basket);
	miner_discount(miner, MINER_ROOT, miner->basket.items, miner->basket.count);
	miner->live--;
}

/* ---- Sets that become frequent ---- */

/* The items of a node; how many. */
static uint32_t miner_items(const struct miner *miner, uint32_t node, uint32_t *out_items)
{
	uint32_t length = 0;
	for (uint32_t at = node; at != MINER_ROOT; at = miner->nodes[at]->parent)
		out_items[length++] = miner_mirror(miner->nodes[at]->place);
	return length;
}

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
static void miner_cut(struct numbers_vector *tids, struct numbers list)
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
	enum ch_status status = miner_reserve(&miner->tids, lists[0].count);
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
	uint32_t count = miner->together.items[miner_mirror(miner->nodes[sibling]->place)];
	if (count == 0)
		return CH_OK;
	if (miner->nodes[low]->place > miner->nodes[high]->place) {
		low = sibling;
		high = node;
	}
	enum ch_status status = miner_child(miner, low, miner->nodes[high]->place, &at);
	if (status != CH_OK)
		return status;
	struct child *child = &node_children(miner->nodes[low])[at];
	child->count = count;
	return miner_is_open(child) ? CH_OK : miner_look(miner, low, at);
}

static enum ch_status miner_open(struct miner *miner, uint32_t parent, uint32_t place)
{
	uint32_t items[MINER_DEPTH] = {0};
	uint32_t at = miner_child_at(miner->nodes[parent], 0, place);
	uint32_t node = MINER_NONE;
	invariant(at < miner->nodes[parent]->child_count &&
		  node_children(miner->nodes[parent])[at].node == MINER_WAITING);
	if (miner->open_sets == MINER_OPEN_SETS)
		return CH_TOO_LARGE;
	enum ch_status status = miner_new_node(miner, parent, place, &node);
	if (status != CH_OK)
		return status;
	struct child *child = &node_children(miner->nodes[parent])[at];
	child->node = node;
	miner->open_sets++;
	miner->figures.opened++;
	uint32_t length = miner_items(miner, node, items);
	if (length > LIMIT_ITEM_SET_LENGTH)
		return CH_TOO_LARGE;
	status = miner_find_baskets(miner, items, length);
	if (status != CH_OK)
		return status;
	invariant(miner->tids.count == child->count);
	miner_count_together(miner, false);
	for (uint32_t i = 0; i < miner->nodes[parent]->child_count && status == CH_OK; i++) {
		const struct child *sibling = &node_children(miner->nodes[parent])[i];
		if (miner_is_open(sibling) && sibling->node != node)
			status = miner_join(miner, node, sibling->node);
	}
	miner_count_together(miner, true);
	return status;
}

/* ---- What is not needed ---- */

/* Whether a child of an open child of `parent` is the union of two open ones: its own place is open there, too. */
static bool miner_is_needed(const struct miner *miner, uint32_t parent, uint32_t place)
{
	struct node *node = miner->nodes[parent];
	uint32_t at = miner_child_at(node, 0, place);
	return at < node->child_count && node->places[at] == place &&
	       miner_is_open(&node_children(node)[at]);
}

static void miner_clear(struct miner *miner, uint32_t parent)
{
	struct node *node = miner->nodes[parent];
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (node_children(node)[i].count < miner->least)
			miner_close(miner, &node_children(node)[i]);
	}
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (!miner_is_open(&node_children(node)[i]))
			continue;
		struct node *open = miner->nodes[node_children(node)[i].node];
		uint32_t kept = 0;
		for (uint32_t j = 0; j < open->child_count; j++) {
			if (miner_is_needed(miner, parent, open->places[j])) {
				open->places[kept] = open->places[j];
				node_children(open)[kept++] = node_children(open)[j];
			} else {
				miner_close(miner, &node_children(open)[j]);
				miner->counted--;
			}
		}
		open->child_count = kept;
		miner_clear(miner, node_children(node)[i].node);
	}
}

/* When baskets were taken out the support may ask for less than before: what reaches it now is to be opened. */
static enum ch_status miner_look_again(struct miner *miner, uint32_t parent)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < miner->nodes[parent]->child_count && status == CH_OK; i++) {
		const struct child *child = &node_children(miner->nodes[parent])[i];
		status = miner_is_open(child) ? miner_look_again(miner, child->node)
					      : miner_look(miner, parent, i);
	}
	return status;
}

/* ---- The whole ---- */

/* As it was at the start: no baskets, no sets. */
static void miner_reset(struct miner *miner)
{
	struct node *root = miner->nodes[MINER_ROOT];
	for (uint32_t i = 0; i < root->child_count; i++)
		miner_close(miner, &node_children(root)[i]);
	root->child_count = 0;
	miner->counted = 0;
	miner->kept = 0;
	miner->open_sets = 0;
	miner->baskets = 0;
	miner->live = 0;
	miner->least = 1;
	miner->waiting.count = 0;
	miner_zero(&miner->together);
	miner_zero(&miner->branches);
	miner_zero(&miner->seats);
}

enum ch_status miner_create(
	const struct basket_store *store, struct support support, struct miner **out_miner)
{
	enum ch_status status = CH_NOMEM;
	struct miner *miner = calloc(1, sizeof(*miner));
	if (miner == NULL)
		goto out;
	*miner = (struct miner){.store = store, .support = support};
	uint32_t root;
	status = miner_new_node(miner, MINER_NONE, 0, &root);
	if (status != CH_OK)
		goto out;
	invariant(root == MINER_ROOT);
	status = miner_reserve(&miner->basket, LIMIT_BASKET_ITEMS);
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
	/* Small ones go with the pool. */
	for (uint32_t i = 0; i < miner->node_count; i++) {
		struct node *node = miner->nodes[i];
		if (node != NULL && node_lines(node->child_capacity) > LINE_POOL_MOST)
			line_pool_give(&miner->pool, node, node_lines(node->child_capacity));
	}
	line_pool_fini(&miner->pool);
	free(miner->free_nodes.items);
	for (size_t i = 0; i < MINER_DEPTH; i++)
		free(miner->open[i].items);
	free(miner->waiting.items);
	free(miner->basket.items);
	free(miner->crowd.items);
	free(miner->tails.items);
	free(miner->branches.items);
	free(miner->seats.items);
	free(miner->tids.items);
	free(miner->together.items);
	free(miner->nodes);
	free(miner);
}

static enum ch_status miner_take_in(struct miner *miner)
{
	uint32_t baskets = basket_store_baskets(miner->store);
	uint32_t live = basket_store_live(miner->store);
	uint32_t least = miner->least;
	enum ch_status status = miner_reserve(&miner->together, basket_store_items(miner->store));
	if (status == CH_OK)
		status = miner_reserve(&miner->branches, basket_store_items(miner->store));
	if (status == CH_OK)
		status = miner_reserve(&miner->seats, basket_store_items(miner->store));
	miner->least = support_least(miner->support, live);
	while (miner->baskets < baskets && status == CH_OK)
		status = miner_count_crowd(miner, baskets);
	miner->live = live;
	if (status == CH_OK && miner->least < least)
		status = miner_look_again(miner, MINER_ROOT);
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
	if (miner->counted > 2 * miner->kept + MINER_CLEAR_LEAST) {
		miner_clear(miner, MINER_ROOT);
		miner->kept = miner->counted;
		miner->figures.cleared++;
	}
	return CH_OK;
}

static enum ch_status miner_collect(const struct miner *miner, uint32_t parent, uint32_t *items,
	uint32_t length, struct item_sets *sets)
{
	struct node *node = miner->nodes[parent];
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < node->child_count && status == CH_OK; i++) {
		const struct child *child = &node_children(node)[i];
		if (child->count < miner->least)
			continue;
		items[length] = miner_mirror(node->places[i]);
		status = item_sets_add(sets, items, length + 1, child->count);
		if (status == CH_OK && miner_is_open(child))
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
	status = miner_collect(miner, MINER_ROOT, items, 0, &sets);
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
	figures.counted = miner->counted;
	return figures;
}

/* ---- Stored form: depth first, each open set's children with their count and whether they are open ---- */

static void miner_write_node(const struct miner *miner, uint32_t node, struct buffer *out)
{
	struct node *it = miner->nodes[node];
	uint32_t last = 0;
	pb_put_varint(out, it->child_count);
	for (uint32_t i = 0; i < it->child_count; i++) {
		const struct child *child = &node_children(it)[i];
		pb_put_varint(out, (uint64_t)(it->places[i] - last) << 1 | miner_is_open(child));
		pb_put_varint(out, child->count);
		last = it->places[i];
		if (miner_is_open(child))
			miner_write_node(miner, child->node, out);
	}
}

void miner_write(const struct miner *miner, struct buffer *out)
{
	pb_put_varint(out, miner->baskets);
	pb_put_varint(out, miner->live);
	pb_put_varint(out, miner->least);
	miner_write_node(miner, MINER_ROOT, out);
}

static enum ch_status miner_read_node(
	struct miner *miner, uint32_t node, struct pb_reader *reader, uint32_t depth)
{
	uint64_t count = 0;
	uint64_t head;
	uint64_t number;
	uint64_t place = 0;
	enum ch_status status = CH_OK;
	if (depth > LIMIT_ITEM_SET_LENGTH || !pb_next_varint(reader, &count))
		return CH_CORRUPT;
	for (uint64_t i = 0; i < count && status == CH_OK; i++) {
		if (!pb_next_varint(reader, &head) || !pb_next_varint(reader, &number))
			return CH_CORRUPT;
		place += head >> 1;
		if (place > MINER_LAST_PLACE ||
			miner_mirror((uint32_t)place) >= basket_store_items(miner->store) ||
			number > miner->baskets)
			return CH_CORRUPT;
		status = miner_add_child(miner, node, (uint32_t)i, (uint32_t)place);
		if (status != CH_OK)
			return status;
		node_children(miner->nodes[node])[i].count = (uint32_t)number;
		if ((head & 1) == 0)
			continue;
		uint32_t open = MINER_NONE;
		status = miner_new_node(miner, node, (uint32_t)place, &open);
		if (status != CH_OK)
			return status;
		node_children(miner->nodes[node])[i].node = open;
		miner->open_sets++;
		status = miner_read_node(miner, open, reader, depth + 1);
	}
	return status;
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
	enum ch_status status = miner_read_node(miner, MINER_ROOT, &reader, 0);
	if (status == CH_OK && pb_rest(&reader).len > 0)
		status = CH_CORRUPT;
	miner->kept = miner->counted;
	if (status != CH_OK)
		miner_reset(miner);
	return status;
}
