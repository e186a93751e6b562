/* How long an adapter or a module goes on, and what is told of it: between what runs and who decides that. */
#ifndef KIT_RUN_LIFE_H
#define KIT_RUN_LIFE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How far a run has come.  Until it has begun it may still fail for what its configuration says. */
enum run_stage {
	RUN_WAITS, /* for the hub, before it begins */
	RUN_BEGUN, /* it has got all that it takes, but the hub */
	RUN_AT_WORK,
};

struct run_life {
	bool once;              /* ends when there is no more to do */
	const atomic_int *stop; /* set by a signal or another thread */
	/* May be NULL.  Asked in every round, in the run's thread; true: the run ends, with CH_OK.  `running` is what
	 * can be handed new settings meanwhile: an adapter's source, a module's run. */
	bool (*reload)(void *context, void *running, enum run_stage stage);
	void *context;
	uint64_t generation; /* of the configuration; these are for the metrics */
	bool reload_failed;
};

#endif
