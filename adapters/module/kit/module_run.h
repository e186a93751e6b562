/* A module at work: its book, its parts, its line to the hub; until it is told to stop. */
#ifndef MODULE_KIT_MODULE_RUN_H
#define MODULE_KIT_MODULE_RUN_H

#include "kit/run_life.h"
#include "module/kit/module_settings.h"

struct run;

/* Opens and closes everything itself.  CH_OK: stopped, ended for a reload, or with `once` done;
 * CH_INVALID: a part has added to `problems`; CH_BUSY: another process has the book; CH_FENCED: another one has
 * taken the subscription.  Others: what it cannot go on with. */
enum ch_status module_run(const struct module *module, const struct module_settings *settings,
	const struct run_life *life, struct problems *problems);

/* The parts are closed, and go on with `settings`, which outlive the run; book and line stay as they are, so the
 * kit's own settings must be the same (module_settings_differ).  CH_INVALID, CH_NOMEM, what a part does not open
 * with: everything is as before. */
enum ch_status module_run_take_over(
	struct run *run, const struct module_settings *settings, struct problems *problems);

#endif
