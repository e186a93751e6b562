/* LMDB as it is used here, under the hub's store and under a module's book: default durable flags, a file that is as
 * long as it says, and values that can be told from damage, since LMDB itself has no checksums:
 *
 *     stored = value, CRC-32C of (table's number:byte, key, value):4 little-endian
 *
 * What tables there are, who reads them when, and when the map may grow, its users know. */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include <lmdb.h>
#include <stdbool.h>

#include "base/slice.h"

#define TREE_SUM_BYTES     4u
#define TREE_MAP_BYTES_MIN (UINT64_C(1) << 20)

/* What LMDB or the system says.  CH_RETRY: the map is full, or another process has made it larger; CH_TOO_LARGE: the
 * transaction is; CH_BUSY: too many readers; CH_CLOSED: a commit has failed in a way that ends all writing; CH_FULL:
 * the disk is; CH_DENIED, CH_NOT_FOUND, CH_VERSION, CH_CORRUPT, CH_NOMEM; all else is CH_IO. */
enum ch_status tree_status(int code);

struct tree_options {
	const char *dir;  /* it is there */
	uint32_t tables;  /* at most so many with names */
	uint32_t readers; /* at a time, those of other processes included */
	/* Of address space; less is taken where that is short.  0: as whoever wrote last. */
	uint64_t map_bytes;
	bool read_only;
};

/* Opens the file, and mends its length.  CH_NOT_FOUND (read_only); CH_CORRUPT, CH_VERSION, others as tree_status. */
enum ch_status tree_open(
	const struct tree_options *options, MDB_env **out_tree, uint64_t *out_map_bytes);

/* Pages that a transaction took at the end of the file and gave back are counted and not written, so the file may be
 * a little shorter than its meta page says; so is one that was cut off.  A read behind the end would be a SIGBUS.
 * Made long enough, the lost pages are zeros, which LMDB and the sums tell from pages.  A file that must not be
 * changed is refused instead: CH_CORRUPT.  CH_FULL, CH_IO. */
enum ch_status tree_mend_length(MDB_env *tree, bool read_only);

/* Of the file, as far as it has ever been in use. */
uint64_t tree_used_bytes(MDB_env *tree);

static inline MDB_val tree_val(struct slice s)
{
	/* LMDB's type has no const; it does not write through keys. */
	return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

/* What belongs behind a value. */
uint32_t tree_sum(uint32_t table, struct slice key, struct slice value);

/* The value without its sum, which is right; else CH_CORRUPT. */
enum ch_status tree_check(
	uint32_t table, struct slice key, const MDB_val *stored, struct slice *out_value);

#endif
