/* What a checkpoint says about itself, in its own transaction: how far LMDB has folded the
 * journal, of which journal, and which runs of the inbox belong to it.  Lives in a table of its
 * own that dumps and folds do not see. */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "store/env.h"
#include "store/inbox.h"

#define MANIFEST_FORMAT 1u

struct manifest {
	uint64_t incarnation; /* the journal's; 0: not known yet */
	uint64_t applied;     /* last sequence folded */
	uint64_t *runs;       /* numbers */
	uint32_t run_count;
};

/* CH_NOT_FOUND: a new environment; CH_VERSION: written by another version; CH_CORRUPT; CH_NOMEM. */
enum ch_status manifest_load(
	const struct env_read *read, uint32_t table, struct manifest *out_manifest);
void manifest_fini(struct manifest *manifest);

/* Only the applied sequence. */
enum ch_status manifest_applied(const struct env_read *read, uint32_t table, uint64_t *out_applied);

/* For what may go wrong, env_write_status. */
void manifest_save(
	struct env_write *write, uint32_t table, uint64_t incarnation, const struct runset *runs);

#endif
