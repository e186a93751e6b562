/* Generations of a module's configuration; kit/generation.h has what they are.
 *
 * When only the parts' settings are other ones (definitions, campaigns, what is measured by), the parts begin anew
 * with them, while book and line to the hub stay as they are: taken_over.  Else ([hub], [module]: the line, the book,
 * their names) the run ends where the book stands, and another starts: started; the answer names the settings for
 * which it had to. */
#ifndef MODULE_KIT_MODULE_GENERATION_H
#define MODULE_KIT_MODULE_GENERATION_H

#include "kit/generation.h"
#include "module/kit/module.h"

/* Reads the first; `module` outlives them.  CH_INVALID: all that is wrong is in `problems`; CH_NOMEM.
 * generations_run is as module_run. */
enum ch_status module_generations_open(const struct module *module, const char *path,
	struct problems *problems, struct generations **out_generations);

#endif
