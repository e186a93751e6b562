/* One recording: a hub lives three times under load and dies twice in between, with everything that it
 * does to its data folder and every receipt that comes back in one record.  Beside it the truth: what the
 * state must be when the journal ends at any sequence. */
#ifndef CRASH_RECORDING_H
#define CRASH_RECORDING_H

#include "crash/ledger.h"
#include "crash/server.h"
#include "daemon/dump.h"

struct recording_options {
	const char *program; /* carehubd */
	const char *preload; /* libcrash_record.so */
	const char *root;
	uint64_t seed;
};

struct recording {
	struct load load;
	struct ledger ledger; /* item->mark: the record's place of the first receipt */
	struct server server;
	struct buffer bytes; /* the record */
	uint64_t head;
	uint8_t (*truth)[DUMP_HASH_BYTES]; /* of the fold up to each sequence, 0 too */
};

/* CH_OK; else it could not be made, which is told on stderr. */
enum ch_status recording_make(
	const struct recording_options *options, struct recording *out_recording);
void recording_fini(struct recording *recording);

#endif
