/* A module at work: its book, its parts, its line to the hub; until it is told to stop. */
#ifndef MODULE_KIT_MODULE_RUN_H
#define MODULE_KIT_MODULE_RUN_H

#include <stdatomic.h>

#include "module/kit/module_settings.h"

struct module_life {
	const atomic_int *stop;   /* set by a signal or another thread */
	const atomic_int *reload; /* the same; CH_RETRY ends the run, for new settings */
	/* Asked once a reload was asked for, in the run's thread, perhaps again: whether new settings are good, so
	 * that the run may end for them.  It clears `reload` when not.  NULL: they are. */
	bool (*may_reload)(void *context);
	void *context;
	bool once;           /* ends when it is live and has nothing more to say */
	uint64_t generation; /* of the configuration; these are for the metrics */
	bool reload_failed;
};

/* Opens and closes everything itself.  CH_OK: stopped, or with `once` done; CH_RETRY: a reload was asked for;
 * CH_INVALID: a part has added to `problems`; CH_BUSY: another process has the book; CH_FENCED: another one has
 * taken the subscription.  Others: what it cannot go on with. */
enum ch_status module_run(const struct module *module, const struct module_settings *settings,
	const struct module_life *life, struct problems *problems);

#endif
