/* What the state must be: the hash of its dump when the journal ends at any sequence, by one fold of
 * the journal that lies there. */
#ifndef CRASH_TRUTH_H
#define CRASH_TRUTH_H

#include "crash/server.h"
#include "daemon/dump.h"

struct truth {
	uint64_t head;
	uint8_t (*hashes)[DUMP_HASH_BYTES]; /* of the fold up to each sequence, 0 too */
};

/* The hub must not run.  Whatever the journal or the fold fails with. */
enum ch_status truth_make(const struct server *server, struct truth *out_truth);
void truth_fini(struct truth *truth);

#endif
