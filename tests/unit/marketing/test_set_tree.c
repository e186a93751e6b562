#include "module/marketing/basket/set_tree.h"

#include "support/unit.h"

#include "base/hash.h"

static void count(struct set_tree *tree, uint32_t node, uint32_t item, uint32_t times)
{
	uint32_t at = 0;
	assert_int_equal(set_tree_child(tree, node, set_mirror(item), &at), CH_OK);
	set_children(tree->nodes[node])[at].count += times;
}

static uint32_t open_child(struct set_tree *tree, uint32_t node, uint32_t item)
{
	uint32_t at = set_child_at(tree->nodes[node], 0, set_mirror(item));
	assert_int_equal(set_tree_open(tree, node, at), CH_OK);
	return set_children(tree->nodes[node])[at].node;
}

/* Items 0 to 3, common ones first; of 1 and 2, and of 0 and 2, some baskets. */
static void grow(struct set_tree *tree)
{
	for (uint32_t i = 0; i < 4; i++)
		count(tree, SET_ROOT, i, 10 - i);
	uint32_t two = open_child(tree, SET_ROOT, 2);
	(void)open_child(tree, SET_ROOT, 1);
	(void)open_child(tree, SET_ROOT, 0);
	count(tree, two, 1, 5);
	count(tree, two, 0, 2);
	(void)open_child(tree, two, 1);
}

static void test_usage(void **state)
{
	struct set_tree tree = {0};
	uint32_t items[LIMIT_ITEM_SET_LENGTH + 1];
	(void)state;
	assert_int_equal(set_tree_init(&tree), CH_OK);
	grow(&tree);
	assert_int_equal(tree.counted, 6);
	assert_int_equal(tree.open_sets, 4);
	struct set_node *root = tree.nodes[SET_ROOT];
	assert_int_equal(set_mirror(root->places[0]), 3); /* seen last, stands first */
	const struct set_child *two = &set_children(root)[1];
	assert_int_equal(two->count, 8);
	struct set_node *node = tree.nodes[two->node];
	assert_int_equal(set_tree_items(&tree, set_children(node)[0].node, items), 2);
	assert_int_equal(items[0], 1);
	assert_int_equal(items[1], 2);
	/* 2 reaches no 9 any more, and takes its unions along. */
	set_tree_clear(&tree, 9);
	assert_int_equal(tree.counted, 4);
	assert_int_equal(tree.open_sets, 2);
	set_tree_reset(&tree);
	assert_int_equal(tree.counted, 0);
	grow(&tree);
	assert_int_equal(tree.counted, 6);
	set_tree_fini(&tree);
}

/* In whatever order they come, and however often their node has to move. */
static void test_many_children(void **state)
{
	enum { ITEMS = 5000 };
	struct set_tree tree = {0};
	uint64_t seed = 1;
	size_t counts = 0;
	(void)state;
	assert_int_equal(set_tree_init(&tree), CH_OK);
	for (unsigned i = 0; i < 4 * ITEMS; i++) {
		seed = hash_mix(seed + i, UINT64_C(0x9e3779b97f4a7c15));
		count(&tree, SET_ROOT, (uint32_t)(seed % ITEMS), 1);
	}
	struct set_node *root = tree.nodes[SET_ROOT];
	for (uint32_t i = 0; i < root->child_count; i++) {
		assert_true(i == 0 || root->places[i - 1] < root->places[i]);
		assert_true(set_children(root)[i].count > 0);
		counts += set_children(root)[i].count;
	}
	assert_int_equal(counts, 4 * ITEMS);
	assert_int_equal(tree.counted, root->child_count);
	set_tree_fini(&tree);
}

static enum ch_status read_tree(struct set_tree *tree, struct slice stored, uint32_t items)
{
	struct pb_reader reader = pb_read(stored);
	set_tree_reset(tree);
	return set_tree_read(tree, &reader, items, 100);
}

static void test_stored(void **state)
{
	struct set_tree tree = {0};
	struct buffer first = {0};
	struct buffer second = {0};
	(void)state;
	assert_int_equal(set_tree_init(&tree), CH_OK);
	grow(&tree);
	set_tree_write(&tree, &first);
	struct slice stored = buffer_slice(&first);
	assert_int_equal(read_tree(&tree, stored, 4), CH_OK);
	assert_int_equal(tree.open_sets, 4);
	set_tree_write(&tree, &second);
	assert_true(slice_equal(stored, buffer_slice(&second)));
	assert_int_equal(read_tree(&tree, stored, 3), CH_CORRUPT); /* an item that nobody knows */
	for (size_t len = 0; len < stored.len; len++)
		assert_int_equal(read_tree(&tree, slice_sub(stored, 0, len), 4), CH_CORRUPT);
	/* Two children of one place. */
	static const uint8_t twice[] = {2, 0xfe, 0xff, 0x07, 1, 0, 1};
	assert_int_equal(read_tree(&tree, slice_of(twice, sizeof(twice)), 4), CH_CORRUPT);
	set_tree_fini(&tree);
	buffer_fini(&first);
	buffer_fini(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_many_children),
		cmocka_unit_test(test_stored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
