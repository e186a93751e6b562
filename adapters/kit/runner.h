/* Carries a source's items to the hub and brings back what became of them. */
#ifndef KIT_RUNNER_H
#define KIT_RUNNER_H

#include "kit/adapter.h"
#include "kit/relay.h"
#include "kit/run_life.h"
#include "kit/settings.h"

/* Runs until *life->stop is set, or with `once` until the source is exhausted and the hub has given a receipt for
 * everything, what is in the spool included.  With `once` it also ends when the hub refuses this
 * adapter: CH_DENIED, CH_VERSION, CH_INVALID, as courier_verdict; without, somebody may let it in while it
 * runs.  `counts` is added to.  CH_OK; otherwise what the source, the spool or the connection failed
 * with. */
enum ch_status runner_run(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, const struct run_life *life,
	struct kit_counts *counts);

#endif
