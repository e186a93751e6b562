#include "module/marketing/miner.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"

#define MINER_ROOT 0u
#define MINER_NONE UINT32_MAX
/* Below it, unneeded nodes are not worth a walk. */
#define MINER_CLEAR_LEAST 4096u
/* Half of them may have fallen below the support since they were opened. */
#define MINER_OPEN_SETS (2 * LIMIT_ITEM_SETS)
#define MINER_DEPTH     (LIMIT_ITEM_SET_LENGTH + 1)

struct node {
	uint32_t item;
	uint32_t count;
	uint32_t parent; /* of a free node: the next free one */
	uint32_t child_count;
	uint32_t child_capacity;
	bool open;
	bool waiting;       /* to be opened */
	uint32_t *children; /* nodes, by rising item */
};

struct numbers_vector {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

struct miner {
	const struct basket_store *store;
	struct support support;
	uint32_t baskets;   /* taken in */
	uint32_t least;     /* that they ask for */
	struct node *nodes; /* the root first */
	uint32_t node_count;
	uint32_t node_capacity;
	uint32_t free_nodes;
	size_t counted;
	size_t kept; /* by the last clearing */
	size_t open_sets;
	struct miner_figures figures;
	struct numbers_vector waiting;
	struct numbers_vector tids;              /* of the set being opened */
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

static enum ch_status miner_push(struct numbers_vector *vector, uint32_t number)
{
	enum ch_status status = miner_reserve(vector, vector->count + 1);
	if (status == CH_OK)
		vector->items[vector->count++] = number;
	return status;
}

/* ---- Nodes ---- */

static enum ch_status miner_new_node(
	struct miner *miner, uint32_t parent, uint32_t item, uint32_t *out_node)
{
	uint32_t node = miner->free_nodes;
	if (miner->counted == LIMIT_COUNTED_SETS)
		return CH_TOO_LARGE;
	if (node != MINER_NONE) {
		miner->free_nodes = miner->nodes[node].parent;
	} else {
		if (miner->node_count == miner->node_capacity) {
			uint32_t capacity = miner->node_capacity * 2 + 256;
			struct node *nodes =
				realloc(miner->nodes, capacity * sizeof(*miner->nodes));
			if (nodes == NULL)
				return CH_NOMEM;
			miner->nodes = nodes;
			miner->node_capacity = capacity;
		}
		node = miner->node_count++;
	}
	miner->nodes[node] = (struct node){.item = item, .parent = parent};
	miner->counted++;
	*out_node = node;
	return CH_OK;
}

static void miner_close(struct miner *miner, uint32_t node);

static void miner_free_node(struct miner *miner, uint32_t node)
{
	miner_close(miner, node);
	miner->nodes[node].parent = miner->free_nodes;
	miner->free_nodes = node;
	miner->counted--;
}

/* Its children go; itself stays counted. */
static void miner_close(struct miner *miner, uint32_t node)
{
	struct node *it = &miner->nodes[node];
	for (uint32_t i = 0; i < it->child_count; i++)
		miner_free_node(miner, it->children[i]);
	free(it->children);
	it->children = NULL;
	it->child_count = 0;
	it->child_capacity = 0;
	miner->open_sets -= it->open;
	it->open = false;
}

/* Where the child of that item is, or would be, from `from` on. */
static uint32_t miner_child_at(
	const struct miner *miner, const struct node *node, uint32_t from, uint32_t item)
{
	uint32_t low = from;
	uint32_t high = node->child_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (miner->nodes[node->children[middle]].item < item)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The child of that item, made with a count of 0 when need be.  *at moves to it. */
static enum ch_status miner_child(
	struct miner *miner, uint32_t parent, uint32_t item, uint32_t *at, uint32_t *out_child)
{
	struct node *node = &miner->nodes[parent];
	*at = miner_child_at(miner, node, *at, item);
	if (*at < node->child_count && miner->nodes[node->children[*at]].item == item) {
		*out_child = node->children[*at];
		return CH_OK;
	}
	if (node->child_count == node->child_capacity) {
		uint32_t capacity = node->child_capacity * 2 + 4;
		uint32_t *children = realloc(node->children, capacity * sizeof(*children));
		if (children == NULL)
			return CH_NOMEM;
		node->children = children;
		node->child_capacity = capacity;
	}
	enum ch_status status = miner_new_node(miner, parent, item, out_child);
	if (status != CH_OK)
		return status;
	node = &miner->nodes[parent]; /* the nodes may have moved */
	memmove(node->children + *at + 1, node->children + *at,
		(node->child_count - *at) * sizeof(*node->children));
	node->children[*at] = *out_child;
	node->child_count++;
	return CH_OK;
}

/* Puts the node among those to be opened when its set has become frequent. */
static enum ch_status miner_look(struct miner *miner, uint32_t node)
{
	struct node *it = &miner->nodes[node];
	if (it->open || it->waiting || it->count < miner->least)
		return CH_OK;
	it->waiting = true;
	return miner_push(&miner->waiting, node);
}

/* ---- Baskets ---- */

/* Adds one to the children of `node` for these items, and goes on with each open one and the open ones behind
 * it. */
static enum ch_status miner_count(
	struct miner *miner, uint32_t node, const uint32_t *items, size_t count, uint32_t depth)
{
	struct numbers_vector *open = &miner->open[depth];
	uint32_t at = 0;
	enum ch_status status = miner_reserve(open, 2 * count);
	size_t opened = 0;
	/* Open children in the first half, their items in the second. */
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		uint32_t child;
		status = miner_child(miner, node, items[i], &at, &child);
		if (status != CH_OK)
			break;
		miner->nodes[child].count++;
		if (miner->nodes[child].open) {
			open->items[opened] = child;
			open->items[count + opened] = items[i];
			opened++;
		}
		status = miner_look(miner, child);
	}
	for (size_t i = 0; i + 1 < opened && status == CH_OK; i++)
		status = miner_count(miner, open->items[i], open->items + count + i + 1,
			opened - i - 1, depth + 1);
	return status;
}

/* ---- Sets that become frequent ---- */

static bool miner_holds(struct numbers basket, const uint32_t *items, size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < basket.count && found < count; i++) {
		if (basket.items[i] == items[found])
			found++;
		else if (basket.items[i] > items[found])
			return false;
	}
	return found == count;
}

/* The items of a node, rising; how many. */
static uint32_t miner_items(const struct miner *miner, uint32_t node, uint32_t *out_items)
{
	uint32_t length = 0;
	for (uint32_t at = node; at != MINER_ROOT; at = miner->nodes[at].parent)
		length++;
	uint32_t left = length;
	for (uint32_t at = node; at != MINER_ROOT; at = miner->nodes[at].parent)
		out_items[--left] = miner->nodes[at].item;
	return length;
}

/* The baskets that hold the set, into miner->tids. */
static enum ch_status miner_find_baskets(
	struct miner *miner, const uint32_t *items, uint32_t length)
{
	struct numbers having = basket_store_having(miner->store, items[0]);
	for (uint32_t i = 1; i < length; i++) {
		struct numbers other = basket_store_having(miner->store, items[i]);
		if (other.count < having.count)
			having = other;
	}
	miner->tids.count = 0;
	enum ch_status status = miner_reserve(&miner->tids, having.count);
	for (size_t i = 0; i < having.count && status == CH_OK; i++) {
		struct numbers basket = basket_store_basket(miner->store, having.items[i]);
		if (length == 1 || miner_holds(basket, items, length))
			miner->tids.items[miner->tids.count++] = having.items[i];
	}
	return status;
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

/* The union of `node` and an open sibling, counted under the lower. */
static enum ch_status miner_join(struct miner *miner, uint32_t node, uint32_t sibling)
{
	uint32_t low = node;
	uint32_t high = sibling;
	uint32_t at = 0;
	uint32_t child;
	uint32_t count = miner->together.items[miner->nodes[sibling].item];
	if (count == 0)
		return CH_OK;
	if (miner->nodes[low].item > miner->nodes[high].item) {
		low = sibling;
		high = node;
	}
	enum ch_status status = miner_child(miner, low, miner->nodes[high].item, &at, &child);
	if (status != CH_OK)
		return status;
	miner->nodes[child].count = count;
	return miner_look(miner, child);
}

static enum ch_status miner_open(struct miner *miner, uint32_t node)
{
	uint32_t items[MINER_DEPTH] = {0};
	uint32_t parent = miner->nodes[node].parent;
	uint32_t length = miner_items(miner, node, items);
	if (length > LIMIT_ITEM_SET_LENGTH || miner->open_sets == MINER_OPEN_SETS)
		return CH_TOO_LARGE;
	enum ch_status status = miner_find_baskets(miner, items, length);
	if (status != CH_OK)
		return status;
	invariant(miner->tids.count == miner->nodes[node].count);
	miner_count_together(miner, false);
	for (uint32_t i = 0; i < miner->nodes[parent].child_count && status == CH_OK; i++) {
		uint32_t sibling = miner->nodes[parent].children[i];
		if (miner->nodes[sibling].open)
			status = miner_join(miner, node, sibling);
	}
	miner_count_together(miner, true);
	miner->nodes[node].open = true;
	miner->nodes[node].waiting = false;
	miner->open_sets++;
	miner->figures.opened++;
	return status;
}

/* ---- What is not needed ---- */

/* Whether the child is the union of two open children of `parent`, `child`'s own parent being one. */
static bool miner_is_needed(const struct miner *miner, uint32_t parent, uint32_t child)
{
	const struct node *node = &miner->nodes[parent];
	uint32_t item = miner->nodes[child].item;
	uint32_t at = miner_child_at(miner, node, 0, item);
	if (at == node->child_count)
		return false;
	const struct node *sibling = &miner->nodes[node->children[at]];
	return sibling->item == item && sibling->open;
}

static void miner_clear(struct miner *miner, uint32_t parent)
{
	const struct node *node = &miner->nodes[parent];
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (miner->nodes[node->children[i]].count < miner->least)
			miner_close(miner, node->children[i]);
	}
	for (uint32_t i = 0; i < node->child_count; i++) {
		struct node *child = &miner->nodes[node->children[i]];
		uint32_t kept = 0;
		for (uint32_t j = 0; j < child->child_count; j++) {
			if (miner_is_needed(miner, parent, child->children[j]))
				child->children[kept++] = child->children[j];
			else
				miner_free_node(miner, child->children[j]);
		}
		child->child_count = kept;
		if (child->open)
			miner_clear(miner, node->children[i]);
	}
}

/* ---- The whole ---- */

/* As it was at the start: no baskets, no sets. */
static void miner_reset(struct miner *miner)
{
	for (uint32_t i = 0; i < miner->node_count; i++)
		free(miner->nodes[i].children);
	miner->nodes[MINER_ROOT] = (struct node){.open = true};
	miner->node_count = 1;
	miner->free_nodes = MINER_NONE;
	miner->counted = 0;
	miner->kept = 0;
	miner->open_sets = 0;
	miner->baskets = 0;
	miner->least = 1;
	miner->waiting.count = 0;
	if (miner->together.items != NULL)
		memset(miner->together.items, 0,
			miner->together.capacity * sizeof(*miner->together.items));
}

enum ch_status miner_create(
	const struct basket_store *store, struct support support, struct miner **out_miner)
{
	enum ch_status status = CH_NOMEM;
	struct miner *miner = calloc(1, sizeof(*miner));
	if (miner == NULL)
		goto out;
	*miner = (struct miner){.store = store, .support = support};
	miner->nodes = calloc(256, sizeof(*miner->nodes));
	if (miner->nodes == NULL)
		goto out;
	miner->node_capacity = 256;
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
	for (uint32_t i = 0; i < miner->node_count; i++)
		free(miner->nodes[i].children);
	for (size_t i = 0; i < MINER_DEPTH; i++)
		free(miner->open[i].items);
	free(miner->waiting.items);
	free(miner->tids.items);
	free(miner->together.items);
	free(miner->nodes);
	free(miner);
}

static enum ch_status miner_take_in(struct miner *miner)
{
	uint32_t baskets = basket_store_baskets(miner->store);
	enum ch_status status = miner_reserve(&miner->together, basket_store_items(miner->store));
	miner->least = support_least(miner->support, baskets);
	for (; miner->baskets < baskets && status == CH_OK; miner->baskets++) {
		struct numbers basket = basket_store_basket(miner->store, miner->baskets);
		status = miner_count(miner, MINER_ROOT, basket.items, basket.count, 0);
	}
	/* Opening one may make others wait; the last come first, and any order gives the same tree. */
	while (miner->waiting.count > 0 && status == CH_OK)
		status = miner_open(miner, miner->waiting.items[--miner->waiting.count]);
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
	const struct node *node = &miner->nodes[parent];
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < node->child_count && status == CH_OK; i++) {
		const struct node *child = &miner->nodes[node->children[i]];
		if (child->count < miner->least)
			continue;
		items[length] = child->item;
		status = item_sets_add(sets, items, length + 1, child->count);
		if (status == CH_OK)
			status = miner_collect(miner, node->children[i], items, length + 1, sets);
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
	sets.baskets = miner->baskets;
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
