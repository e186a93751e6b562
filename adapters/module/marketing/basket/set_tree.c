#include "module/marketing/basket/set_tree.h"

#include "base/invariant.h"

/* Half of them may have fallen below the support since they were opened. */
#define OPEN_SETS_MOST (2 * LIMIT_ITEM_SETS)

/* ---- Nodes ---- */

static size_t node_lines(uint32_t capacity)
{
	size_t bytes =
		sizeof(struct set_node) + capacity * (sizeof(uint16_t) + sizeof(struct set_child));
	return (bytes + LINE_BYTES - 1) / LINE_BYTES;
}

static uint32_t node_capacity(size_t lines)
{
	size_t bytes = lines * LINE_BYTES - sizeof(struct set_node);
	return (uint32_t)(bytes / (sizeof(uint16_t) + sizeof(struct set_child))) & ~1u;
}

static enum ch_status tree_more_nodes(struct set_tree *tree)
{
	uint32_t capacity = tree->node_capacity * 2 + 256;
	struct set_node **nodes = realloc(tree->nodes, capacity * sizeof(struct set_node *));
	if (nodes == NULL)
		return CH_NOMEM;
	tree->nodes = nodes;
	tree->node_capacity = capacity;
	return number_list_reserve(&tree->free_nodes, capacity);
}

static enum ch_status tree_new_node(
	struct set_tree *tree, uint32_t parent, uint32_t place, uint32_t *out_node)
{
	struct number_list *free_nodes = &tree->free_nodes;
	enum ch_status status = CH_OK;
	if (free_nodes->count == 0 && tree->node_count == tree->node_capacity)
		status = tree_more_nodes(tree);
	if (status != CH_OK)
		return status;
	struct set_node *node = line_pool_take(&tree->pool, 1);
	if (node == NULL)
		return CH_NOMEM;
	*node = (struct set_node){
		.place = place, .parent = parent, .child_capacity = node_capacity(1)};
	*out_node =
		free_nodes->count > 0 ? free_nodes->items[--free_nodes->count] : tree->node_count++;
	tree->nodes[*out_node] = node;
	return CH_OK;
}

enum ch_status set_tree_open(struct set_tree *tree, uint32_t parent, uint32_t at)
{
	uint32_t node = SET_NONE;
	if (tree->open_sets == OPEN_SETS_MOST)
		return CH_TOO_LARGE;
	enum ch_status status = tree_new_node(tree, parent, tree->nodes[parent]->places[at], &node);
	if (status != CH_OK)
		return status;
	set_children(tree->nodes[parent])[at].node = node;
	tree->open_sets++;
	return CH_OK;
}

/* The set stays counted; those that begin with it go. */
static void tree_close(struct set_tree *tree, struct set_child *child)
{
	if (!set_is_open(child))
		return;
	struct set_node *node = tree->nodes[child->node];
	for (uint32_t i = 0; i < node->child_count; i++)
		tree_close(tree, &set_children(node)[i]);
	tree->counted -= node->child_count;
	tree->open_sets--;
	line_pool_give(&tree->pool, node, node_lines(node->child_capacity));
	tree->nodes[child->node] = NULL;
	tree->free_nodes.items[tree->free_nodes.count++] = child->node;
	child->node = SET_NONE;
}

static enum ch_status tree_reserve_child(struct set_tree *tree, uint32_t number)
{
	struct set_node *node = tree->nodes[number];
	if (node->child_count < node->child_capacity)
		return CH_OK;
	size_t lines = node_lines(node->child_capacity);
	size_t more = lines + (lines + 1) / 2;
	struct set_node *larger = line_pool_take(&tree->pool, more);
	if (larger == NULL)
		return CH_NOMEM;
	*larger = *node;
	larger->child_capacity = node_capacity(more);
	memcpy(larger->places, node->places, node->child_count * sizeof(*node->places));
	memcpy(set_children(larger), set_children(node),
		node->child_count * sizeof(struct set_child));
	line_pool_give(&tree->pool, node, lines);
	tree->nodes[number] = larger;
	return CH_OK;
}

enum ch_status set_tree_add(struct set_tree *tree, uint32_t number, uint32_t at, uint32_t place)
{
	if (tree->counted == LIMIT_COUNTED_SETS)
		return CH_TOO_LARGE;
	enum ch_status status = tree_reserve_child(tree, number);
	if (status != CH_OK)
		return status;
	struct set_node *node = tree->nodes[number];
	struct set_child *children = set_children(node);
	uint32_t behind = node->child_count - at;
	memmove(node->places + at + 1, node->places + at, behind * sizeof(*node->places));
	memmove(children + at + 1, children + at, behind * sizeof(*children));
	node->places[at] = (uint16_t)place;
	children[at] = (struct set_child){0, SET_NONE};
	node->child_count++;
	tree->counted++;
	return CH_OK;
}

/* ---- The whole ---- */

enum ch_status set_tree_init(struct set_tree *tree)
{
	uint32_t root;
	enum ch_status status = tree_new_node(tree, SET_NONE, 0, &root);
	invariant(status != CH_OK || root == SET_ROOT);
	return status;
}

void set_tree_fini(struct set_tree *tree)
{
	/* Small ones go with the pool. */
	for (uint32_t i = 0; i < tree->node_count; i++) {
		struct set_node *node = tree->nodes[i];
		if (node != NULL && node_lines(node->child_capacity) > LINE_POOL_MOST)
			line_pool_give(&tree->pool, node, node_lines(node->child_capacity));
	}
	line_pool_fini(&tree->pool);
	number_list_fini(&tree->free_nodes);
	free(tree->nodes);
	*tree = (struct set_tree){0};
}

void set_tree_reset(struct set_tree *tree)
{
	struct set_node *root = tree->nodes[SET_ROOT];
	for (uint32_t i = 0; i < root->child_count; i++)
		tree_close(tree, &set_children(root)[i]);
	root->child_count = 0;
	tree->counted = 0;
	tree->open_sets = 0;
}

uint32_t set_tree_items(const struct set_tree *tree, uint32_t node, uint32_t *out_items)
{
	uint32_t length = 0;
	for (uint32_t at = node; at != SET_ROOT; at = tree->nodes[at]->parent)
		out_items[length++] = set_mirror(tree->nodes[at]->place);
	return length;
}

/* ---- What is not needed ---- */

/* Whether a child of an open child of `node` is the union of two open ones: its own place is open there, too. */
static bool tree_needs(struct set_node *node, uint32_t place)
{
	uint32_t at = set_child_at(node, 0, place);
	return at < node->child_count && node->places[at] == place &&
	       set_is_open(&set_children(node)[at]);
}

static void tree_clear(struct set_tree *tree, struct set_node *node, uint32_t least)
{
	struct set_child *children = set_children(node);
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (children[i].count < least)
			tree_close(tree, &children[i]);
	}
	for (uint32_t i = 0; i < node->child_count; i++) {
		if (!set_is_open(&children[i]))
			continue;
		struct set_node *open = tree->nodes[children[i].node];
		uint32_t kept = 0;
		for (uint32_t j = 0; j < open->child_count; j++) {
			if (tree_needs(node, open->places[j])) {
				open->places[kept] = open->places[j];
				set_children(open)[kept++] = set_children(open)[j];
			} else {
				tree_close(tree, &set_children(open)[j]);
				tree->counted--;
			}
		}
		open->child_count = kept;
		tree_clear(tree, open, least);
	}
}

void set_tree_clear(struct set_tree *tree, uint32_t least)
{
	tree_clear(tree, tree->nodes[SET_ROOT], least);
}

/* ---- Stored form ---- */

static void tree_write(const struct set_tree *tree, struct set_node *node, struct buffer *out)
{
	uint32_t last = 0;
	pb_put_varint(out, node->child_count);
	for (uint32_t i = 0; i < node->child_count; i++) {
		const struct set_child *child = &set_children(node)[i];
		pb_put_varint(out, (uint64_t)(node->places[i] - last) << 1 | set_is_open(child));
		pb_put_varint(out, child->count);
		last = node->places[i];
		if (set_is_open(child))
			tree_write(tree, tree->nodes[child->node], out);
	}
}

void set_tree_write(const struct set_tree *tree, struct buffer *out)
{
	tree_write(tree, tree->nodes[SET_ROOT], out);
}

struct reading {
	struct set_tree *tree;
	struct pb_reader *reader;
	uint32_t items;
	uint32_t most;
};

static enum ch_status tree_read(const struct reading *reading, uint32_t node, uint32_t depth)
{
	struct set_tree *tree = reading->tree;
	uint64_t count = 0;
	uint64_t head;
	uint64_t number;
	uint64_t place = 0;
	enum ch_status status = CH_OK;
	if (depth > LIMIT_ITEM_SET_LENGTH || !pb_next_varint(reading->reader, &count))
		return CH_CORRUPT;
	for (uint64_t i = 0; i < count && status == CH_OK; i++) {
		if (!pb_next_varint(reading->reader, &head) ||
			!pb_next_varint(reading->reader, &number) || (i > 0 && head < 2))
			return CH_CORRUPT;
		place += head >> 1;
		if (place > SET_LAST_PLACE || set_mirror((uint32_t)place) >= reading->items ||
			number > reading->most)
			return CH_CORRUPT;
		status = set_tree_add(tree, node, (uint32_t)i, (uint32_t)place);
		if (status != CH_OK)
			return status;
		set_children(tree->nodes[node])[i].count = (uint32_t)number;
		if ((head & 1) == 0)
			continue;
		status = set_tree_open(tree, node, (uint32_t)i);
		if (status == CH_OK)
			status = tree_read(
				reading, set_children(tree->nodes[node])[i].node, depth + 1);
	}
	return status;
}

enum ch_status set_tree_read(
	struct set_tree *tree, struct pb_reader *reader, uint32_t items, uint32_t most)
{
	const struct reading reading = {tree, reader, items, most};
	return tree_read(&reading, SET_ROOT, 0);
}
