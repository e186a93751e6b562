/* The keeper: the thread that may be slow.  It prepares spare segments, archives, removes old history,
 * and watches two things that a hub cannot choose: the disk (below the reserve it holds new input back
 * while deleting still works) and the clock (a jump is logged and becomes an entry, and a sign of life
 * is left for the next start). */
#ifndef DAEMON_KEEPER_THREAD_H
#define DAEMON_KEEPER_THREAD_H

#include "base/timekeeper.h"
#include "daemon/engine.h"
#include "daemon/settings.h"
#include "ingest/ingest.h"

struct keeper_thread;

struct keeper_options {
	const struct daemon_settings *settings;
	const struct engine *engine;
	struct timekeeper *clock;
	struct ingest *ingest;
	/* Nothing at or above the sequence it gives is removed; NULL: nobody needs any.  Any thread. */
	uint64_t (*hold)(void *context);
	void *context;
};

enum ch_status keeper_thread_start(
	const struct keeper_options *options, struct keeper_thread **out_keeper);
void keeper_thread_stop(struct keeper_thread *keeper); /* NULL is fine */

/* Free bytes where the data lies, as last looked at.  Any thread. */
uint64_t keeper_thread_free_bytes(const struct keeper_thread *keeper);

#endif
