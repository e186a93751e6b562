/* One recording: a hub lives three times under load and dies twice in between, with everything that it
 * does to its data folder and every receipt that comes back in one record.  At one of the deaths the power
 * fails too: the next life begins on a drawn image of what could have been left, so that what recovery
 * makes of a power cut is itself cut.  Beside it the truth: what the state must be when the journal ends
 * at any sequence. */
#ifndef CRASH_RECORDING_H
#define CRASH_RECORDING_H

#include "crash/ledger.h"
#include "crash/server.h"
#include "crash/truth.h"

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
	uint32_t power_at;   /* the record of the power cut ... */
	uint32_t resume_at;  /* ... and behind it the first place where a cut makes sense again */
	struct truth
		before; /* history up to the power cut; what was not synced may differ behind it */
	struct truth after;
};

/* CH_OK; else it could not be made, which is told on stderr. */
enum ch_status recording_make(
	const struct recording_options *options, struct recording *out_recording);
void recording_fini(struct recording *recording);

#endif
