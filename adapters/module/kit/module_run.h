/* A module at work: its book, its parts, its line to the hub; until it is told to stop. */
#ifndef MODULE_KIT_MODULE_RUN_H
#define MODULE_KIT_MODULE_RUN_H

#include <stdatomic.h>

#include "module/kit/module_settings.h"

struct run;

struct module_life {
	const atomic_int *stop; /* set by a signal or another thread */
	/* May be NULL.  Asked in every round, in the run's thread, `attached` while it follows the journal; true:
	 * the run ends, with CH_RETRY.  Meanwhile it may be given new settings, with module_run_take_over. */
	bool (*reload)(void *context, struct run *run, bool attached);
	void *context;
	bool once;           /* ends when it is live and has nothing more to say */
	uint64_t generation; /* of the configuration; these are for the metrics */
	bool reload_failed;
};

/* Opens and closes everything itself.  CH_OK: stopped, or with `once` done; CH_RETRY: for a reload;
 * CH_INVALID: a part has added to `problems`; CH_BUSY: another process has the book; CH_FENCED: another one has
 * taken the subscription.  Others: what it cannot go on with. */
enum ch_status module_run(const struct module *module, const struct module_settings *settings,
	const struct module_life *life, struct problems *problems);

/* The parts are closed, and go on with `settings`, which outlive the run; book and line stay as they are, so the
 * kit's own settings must be the same (module_settings_differ).  CH_INVALID, CH_NOMEM, what a part does not open
 * with: everything is as before. */
enum ch_status module_run_take_over(
	struct run *run, const struct module_settings *settings, struct problems *problems);

#endif
