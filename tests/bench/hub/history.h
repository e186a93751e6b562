/* The journal's files as the bench sees them: what of them is compressed, and what the page cache holds of
 * them.  See docs/formats.md for the labels. */
#ifndef BENCH_HISTORY_H
#define BENCH_HISTORY_H

#include <stdint.h>

#include "base/status.h"

struct history {
	uint64_t sealed;         /* full segments that are not in the archive */
	uint64_t archived;       /* files of the archive */
	uint64_t bytes;          /* of all files */
	uint64_t resident_bytes; /* of them in the page cache */
};

/* Looks at the journal of the hub whose root this is; it may run.  CH_IO, said on standard error. */
enum ch_status history_look(const char *root, struct history *out_history);

/* Asks the kernel to forget what it caches of them; what is not yet written stays. */
enum ch_status history_drop(const char *root);

#endif
