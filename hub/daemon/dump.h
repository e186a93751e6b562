/* A state in canonical form: tables in the order of their numbers, keys in byte order, everything in
 * hex.  Nothing of LMDB's layout shows, so equal records give equal bytes. */
#ifndef DAEMON_DUMP_H
#define DAEMON_DUMP_H

#include <stdio.h>

#include "store/state.h"

#define DUMP_HASH_BYTES 32

struct dump_result {
	uint64_t sequence;
	uint64_t rows;
	uint64_t inbox_items;
	uint8_t hash[DUMP_HASH_BYTES];
};

/* `out` NULL: only the hash.  CH_CORRUPT, CH_RETRY, CH_IO. */
enum ch_status dump_write(struct state *state, FILE *out, struct dump_result *out_result);

/* The first row in which two states differ: CH_OK when there is none, else CH_CORRUPT with words. */
enum ch_status dump_compare(struct state *a, struct state *b, char why[256]);

#endif
