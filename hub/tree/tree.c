#include "tree/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"

enum ch_status tree_status(int code)
{
	switch (code) {
	case MDB_SUCCESS:
		return CH_OK;
	case MDB_NOTFOUND:
		return CH_NOT_FOUND;
	case MDB_MAP_FULL:
	case MDB_MAP_RESIZED:
		return CH_RETRY;
	case MDB_READERS_FULL:
		return CH_BUSY;
	case MDB_TXN_FULL:
		return CH_TOO_LARGE;
	case MDB_VERSION_MISMATCH:
		return CH_VERSION;
	case MDB_PANIC: /* a meta page could not be written: nothing goes any more */
		return CH_CLOSED;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
		return CH_CORRUPT;
	case ENOMEM:
		return CH_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return CH_FULL;
	case ENOENT:
		return CH_NOT_FOUND;
	case EACCES:
	case EPERM:
		return CH_DENIED;
	default:
		return CH_IO; /* EIO, and what we do not know */
	}
}

/* ---- Opening ---- */

/* Reading ahead helps a file that fits into memory to get there and hurts one that does not. */
static unsigned tree_read_ahead_flag(const char *dir)
{
	char path[PATH_MAX];
	struct stat now;
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	if ((size_t)snprintf(path, sizeof(path), "%s/data.mdb", dir) >= sizeof(path) ||
		stat(path, &now) != 0)
		return 0;
	return (uint64_t)now.st_size > memory / 2 ? MDB_NORDAHEAD : 0;
}

static int tree_open_map(const struct tree_options *options, uint64_t map_bytes, MDB_env **out_tree)
{
	unsigned flags = MDB_NOTLS | tree_read_ahead_flag(options->dir);
	MDB_env *tree = NULL;
	if (options->read_only)
		flags |= MDB_RDONLY;
	int code = mdb_env_create(&tree);
	if (code != 0)
		return code;
	code = mdb_env_set_maxdbs(tree, options->tables);
	if (code == 0)
		code = mdb_env_set_maxreaders(tree, options->readers);
	if (code == 0 && map_bytes > 0)
		code = mdb_env_set_mapsize(tree, (size_t)map_bytes);
	if (code == 0)
		code = mdb_env_open(tree, options->dir, flags, 0600);
	if (code == 0)
		*out_tree = tree;
	else
		mdb_env_close(tree);
	return code;
}

enum ch_status tree_open(
	const struct tree_options *options, MDB_env **out_tree, uint64_t *out_map_bytes)
{
	MDB_env *tree = NULL;
	MDB_envinfo info;
	uint64_t bytes = options->map_bytes;
	if (bytes > 0 && bytes < TREE_MAP_BYTES_MIN)
		bytes = TREE_MAP_BYTES_MIN;
	/* The address space may be limited: asks for less and less of it. */
	int code = tree_open_map(options, bytes, &tree);
	while (code == ENOMEM && bytes > TREE_MAP_BYTES_MIN * 64) {
		bytes /= 4;
		code = tree_open_map(options, bytes, &tree);
	}
	if (code != 0)
		return tree_status(code);
	enum ch_status status = tree_mend_length(tree, options->read_only);
	if (status == CH_OK)
		status = tree_status(mdb_env_info(tree, &info));
	if (status != CH_OK) {
		mdb_env_close(tree);
		return status;
	}
	*out_tree = tree;
	*out_map_bytes = info.me_mapsize;
	return CH_OK;
}

enum ch_status tree_mend_length(MDB_env *tree, bool read_only)
{
	int fd = -1;
	struct stat now;
	uint64_t bytes = tree_used_bytes(tree);
	if (mdb_env_get_fd(tree, &fd) != 0 || fstat(fd, &now) != 0)
		return CH_IO;
	if ((uint64_t)now.st_size >= bytes)
		return CH_OK;
	if (read_only)
		return CH_CORRUPT;
	return ftruncate(fd, (off_t)bytes) == 0 ? CH_OK : file_status();
}

uint64_t tree_used_bytes(MDB_env *tree)
{
	MDB_stat stat;
	MDB_envinfo info;
	(void)mdb_env_stat(tree, &stat); /* neither fails on an open environment */
	(void)mdb_env_info(tree, &info);
	return (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
}

/* ---- Values and their sums ---- */

uint32_t tree_sum(uint32_t table, struct slice key, struct slice value)
{
	uint8_t number = (uint8_t)table;
	uint32_t sum = crc32c(0, &number, 1);
	sum = crc32c(sum, key.data, key.len);
	return crc32c(sum, value.data, value.len);
}

enum ch_status tree_check(
	uint32_t table, struct slice key, const MDB_val *stored, struct slice *out_value)
{
	if (stored->mv_size < TREE_SUM_BYTES)
		return CH_CORRUPT;
	struct slice value = slice_of(stored->mv_data, stored->mv_size - TREE_SUM_BYTES);
	if (load_le32(value.data + value.len) != tree_sum(table, key, value))
		return CH_CORRUPT;
	*out_value = value;
	return CH_OK;
}
