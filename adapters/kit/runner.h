/* Carries a source's items to the hub and brings back what became of them. */
#ifndef KIT_RUNNER_H
#define KIT_RUNNER_H

#include <stdatomic.h>

#include "kit/adapter.h"
#include "kit/relay.h"
#include "kit/settings.h"

/* How long it goes on; and what is told of it. */
struct runner_life {
	bool once;
	const atomic_int *stop; /* set by a signal or another thread */
	/* May be NULL.  Asked in every round, `started` once the adapter is; true: it ends, with CH_OK. */
	bool (*reload)(void *context, bool started);
	void *context;
	uint64_t generation; /* of the configuration; these are for the meter */
	bool reload_failed;
	bool began; /* of whoever reloads */
};

/* Runs until *stop is set, or with `once` until the source is exhausted and the hub has given a receipt for
 * everything, what is in the spool included.  With `once` it also ends when the hub refuses this
 * adapter: CH_DENIED, CH_VERSION, CH_INVALID, as courier_verdict; without, somebody may let it in while it
 * runs.  `counts` is added to.  CH_OK; otherwise what the source, the spool or the connection failed
 * with. */
enum ch_status runner_run(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, const struct runner_life *life,
	struct kit_counts *counts);

#endif
