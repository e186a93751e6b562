/* Carries a source's items to the hub and brings back what became of them. */
#ifndef KIT_RUNNER_H
#define KIT_RUNNER_H

#include "kit/adapter.h"
#include "kit/settings.h"

struct runner_counts {
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t refused;
	uint64_t rejected;
};

/* Runs until *stop is set, or with `once` until the source is exhausted and all is settled.  CH_OK;
 * otherwise what the source or the connection failed with. */
enum ch_status runner_run(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, bool once, const volatile int *stop,
	struct runner_counts *out_counts);

#endif
