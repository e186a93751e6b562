/* Generations of an adapter's configuration; generation.h has what they are.
 *
 * A source of the new one is opened beside the one that runs.  The adapter may take the settings over as it runs
 * (kit_adapter.reload), if only its own have changed, or take anew what they name (kit_adapter.renew), if not even they
 * have; the hub's keys in their files are the kit's own. */
#ifndef KIT_ADAPTER_GENERATION_H
#define KIT_ADAPTER_GENERATION_H

#include "kit/adapter.h"
#include "kit/generation.h"
#include "kit/relay.h"

struct adapter_service {
	const struct kit_adapter *adapter;
	struct kit_counts *counts; /* added to by all generations */
};

/* Reads and opens the first; `service` outlives them.  CH_INVALID: all that is wrong is in `problems`; CH_NOMEM,
 * others as kit_adapter.open.  generations_run is as runner_run. */
enum ch_status adapter_generations_open(const struct adapter_service *service, const char *path,
	struct problems *problems, struct generations **out_generations);

#endif
