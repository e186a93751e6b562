/* The tree of counted sets that miner.h keeps: a child is its parent's set with one item more.
 *
 * A node is an open set; its children are counted, and some of them are open themselves.  Items stand in the tree
 * by their places: those that were seen first stand last.  Common ones are mostly seen early, and which unions are counted
 * hangs on the two sets that lack the union's last or last but one: with the common items left out those are
 * rare, so that fewer are counted in vain (of groceries 80 000 sets instead of 177 000), and fewer are passed by a basket.
 *
 * A node lies in whole cache lines, as few as it can: most have a handful of children, and what a basket looks for in
 * one is then fetched at once. */
#ifndef MARKETING_SET_TREE_H
#define MARKETING_SET_TREE_H

#include <stdbool.h>

#include "base/limits.h"
#include "module/marketing/basket/line_pool.h"
#include "module/marketing/basket/number_list.h"
#include "wire/pb.h"

#define SET_ROOT 0u
#define SET_NONE UINT32_MAX
/* In the place of a child's node: it is to be opened. */
#define SET_WAITING (UINT32_MAX - 1)

#define SET_LAST_PLACE (LIMIT_ITEMS - 1)

_Static_assert(SET_LAST_PLACE <= UINT16_MAX, "two bytes hold a place");

/* From an item to its place, and back. */
static inline uint32_t set_mirror(uint32_t number)
{
	return SET_LAST_PLACE - number;
}

/* A counted set. */
struct set_child {
	uint32_t count;
	uint32_t node; /* when it is open; else SET_NONE or SET_WAITING */
};

static inline bool set_is_open(const struct set_child *child)
{
	return child->node < SET_WAITING;
}

/* An open set. */
struct set_node {
	uint32_t place; /* of its last item */
	uint32_t parent;
	uint32_t child_count;
	uint32_t child_capacity; /* even, so that children are aligned */
	/* By rising place; the places alone, packed, as that is what a basket looks through.  Behind them the
	 * children, in the same order. */
	uint16_t places[];
};

static inline struct set_child *set_children(struct set_node *node)
{
	return (struct set_child *)(void *)(node->places + node->child_capacity);
}

struct set_tree {
	struct set_node **nodes; /* by number, the root first; NULL: free */
	uint32_t node_count;
	uint32_t node_capacity;
	struct line_pool pool;
	struct number_list free_nodes; /* with room for all */
	size_t counted;                /* children of all nodes */
	size_t open_sets;
};

/* `tree` is zeroed.  CH_NOMEM; then fini, too. */
enum ch_status set_tree_init(struct set_tree *tree);
void set_tree_fini(struct set_tree *tree);

/* No sets are left but the root, whose children are none. */
void set_tree_reset(struct set_tree *tree);

/* Where the child of that place is, or would be, from `from` on.  Baskets walk forward, mostly by little: the steps
 * double until the place is passed. */
static inline uint32_t set_child_at(const struct set_node *node, uint32_t from, uint32_t place)
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

/* Adds a child with a count of 0 at `at`, where set_child_at has it.  The node may move.  CH_TOO_LARGE
 * (LIMIT_COUNTED_SETS), CH_NOMEM. */
enum ch_status set_tree_add(struct set_tree *tree, uint32_t node, uint32_t at, uint32_t place);

/* The child of that place, added when need be.  *at moves to it. */
static inline enum ch_status set_tree_child(
	struct set_tree *tree, uint32_t number, uint32_t place, uint32_t *at)
{
	struct set_node *node = tree->nodes[number];
	*at = set_child_at(node, *at, place);
	if (*at < node->child_count && node->places[*at] == place)
		return CH_OK;
	return set_tree_add(tree, number, *at, place);
}

/* Makes the child at `at` a node.  CH_TOO_LARGE (as many sets as may be open), CH_NOMEM. */
enum ch_status set_tree_open(struct set_tree *tree, uint32_t parent, uint32_t at);

/* The items of a node, no more than LIMIT_ITEM_SET_LENGTH + 1; how many. */
uint32_t set_tree_items(const struct set_tree *tree, uint32_t node, uint32_t *out_items);

/* Drops what is not needed: closes sets that fewer than `least` baskets hold, and forgets those that are no union
 * of two open ones. */
void set_tree_clear(struct set_tree *tree, uint32_t least);

/* Stored form: depth first, each open set's children with their count and whether they are open. */
void set_tree_write(const struct set_tree *tree, struct buffer *out);

/* Into an empty tree; items are below `items`, and counts at most `most`.  CH_CORRUPT, CH_TOO_LARGE, CH_NOMEM: it is in
 * disorder, but for set_tree_reset. */
enum ch_status set_tree_read(
	struct set_tree *tree, struct pb_reader *reader, uint32_t items, uint32_t most);

#endif
