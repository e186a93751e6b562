#include "tree/tree.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "support/scratch.h"
#include "support/unit.h"

static int make_folder(void **state)
{
	char *folder = malloc(SCRATCH_BYTES);
	scratch_make(folder, "tree");
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static enum ch_status open_tree(const char *folder, bool read_only, MDB_env **out_tree)
{
	const struct tree_options options = {.dir = folder,
		.tables = 1,
		.readers = 8,
		.map_bytes = read_only ? 0 : 4 << 20,
		.read_only = read_only};
	uint64_t map_bytes = 0;
	enum ch_status status = tree_open(&options, out_tree, &map_bytes);
	if (status == CH_OK)
		assert_true(map_bytes >= TREE_MAP_BYTES_MIN);
	return status;
}

static void put(MDB_env *tree, const char *key, const char *value)
{
	uint8_t bytes[64];
	size_t len = strlen(value);
	MDB_txn *txn = NULL;
	MDB_dbi table;
	MDB_val where = tree_val(slice_text(key));
	MDB_val stored = {len + TREE_SUM_BYTES, bytes};
	memcpy(bytes, value, len);
	store_le32(bytes + len, tree_sum(0, slice_text(key), slice_text(value)));
	assert_int_equal(mdb_txn_begin(tree, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "only", MDB_CREATE, &table), 0);
	assert_int_equal(mdb_put(txn, table, &where, &stored, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static void test_a_value_comes_back_with_its_sum(void **state)
{
	MDB_env *tree = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi table;
	MDB_val stored;
	MDB_val where = tree_val(SLICE_LITERAL("key"));
	struct slice value;
	assert_int_equal(open_tree(*state, false, &tree), CH_OK);
	put(tree, "key", "value");
	mdb_env_close(tree);
	assert_int_equal(open_tree(*state, true, &tree), CH_OK);
	assert_int_equal(mdb_txn_begin(tree, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "only", 0, &table), 0);
	assert_int_equal(mdb_get(txn, table, &where, &stored), 0);
	assert_int_equal(tree_check(0, SLICE_LITERAL("key"), &stored, &value), CH_OK);
	assert_slice_text(value, "value");
	/* The same bytes at another place are damage, and so is what has no room for a sum. */
	assert_int_equal(tree_check(1, SLICE_LITERAL("key"), &stored, &value), CH_CORRUPT);
	assert_int_equal(tree_check(0, SLICE_LITERAL("kez"), &stored, &value), CH_CORRUPT);
	stored.mv_size = TREE_SUM_BYTES - 1;
	assert_int_equal(tree_check(0, SLICE_LITERAL("key"), &stored, &value), CH_CORRUPT);
	mdb_txn_abort(txn);
	mdb_env_close(tree);
}

/* Reading behind its end would be a SIGBUS: who may change it makes it long enough, who may not refuses it. */
static void test_a_file_that_is_cut_off(void **state)
{
	char path[SCRATCH_BYTES + 16];
	MDB_env *tree = NULL;
	assert_int_equal(open_tree(*state, false, &tree), CH_OK);
	put(tree, "key", "value");
	uint64_t bytes = tree_used_bytes(tree);
	mdb_env_close(tree);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", (const char *)*state);
	assert_int_equal(truncate(path, (off_t)bytes - 1), 0);
	assert_int_equal(open_tree(*state, true, &tree), CH_CORRUPT);
	assert_int_equal(open_tree(*state, false, &tree), CH_OK);
	mdb_env_close(tree);
	assert_int_equal(open_tree(*state, true, &tree), CH_OK);
	assert_int_equal(tree_used_bytes(tree), bytes);
	mdb_env_close(tree);
}

static void test_what_is_not_there(void **state)
{
	MDB_env *tree = NULL;
	assert_int_equal(open_tree(*state, true, &tree), CH_NOT_FOUND);
	assert_int_equal(open_tree("/nowhere/at/all", false, &tree), CH_NOT_FOUND);
	assert_null(tree);
	assert_int_equal(tree_status(MDB_MAP_FULL), CH_RETRY);
	assert_int_equal(tree_status(MDB_PANIC), CH_CLOSED);
	assert_int_equal(tree_status(EACCES), CH_DENIED);
	assert_int_equal(tree_status(ENOSPC), CH_FULL);
	assert_int_equal(tree_status(EIO), CH_IO);
	assert_int_equal(tree_status(ENOTDIR), CH_IO);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(test_a_value_comes_back_with_its_sum),
		IN_A_FOLDER(test_a_file_that_is_cut_off),
		IN_A_FOLDER(test_what_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
