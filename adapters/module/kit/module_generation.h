/* Generations of a module's configuration: each reading of the file that was found good is one, counted from 1.
 *
 * A reload (SIGHUP, or `reload` by kit/control.h, which is answered) reads the file while the module goes on.  When
 * anything is wrong every mistake is logged, and nothing has happened.  When nothing is:
 *
 *  - and only the parts' settings are other ones (definitions, campaigns, what is measured by), the parts begin
 *    anew with them, while book and line to the hub stay as they are: taken_over;
 *  - else ([hub], [module]: the line, the book, their names) the run ends where the book stands, and another
 *    starts: started; the answer names the settings for which it had to.
 *
 * Should a new one not open (a folder, another process that has the book), the one before it is opened again.
 * Either way one line says which is active:
 *
 *     config.active module=carehub-marketing generation=2 how=taken_over
 *     config.kept module=carehub-marketing generation=2 problems=3 status=INVALID */
#ifndef MODULE_KIT_MODULE_GENERATION_H
#define MODULE_KIT_MODULE_GENERATION_H

#include "module/kit/module_run.h"

struct module_generations;

/* Reads the first.  CH_INVALID: all that is wrong is in `problems`; CH_NOMEM. */
enum ch_status module_generations_open(const struct module *module, const char *path,
	struct problems *problems, struct module_generations **out_generations);
void module_generations_close(struct module_generations *generations); /* NULL is fine */

/* Runs one generation after the other until *stop is set, or with `once` until there is no more to do.  When
 * *reload is set (by a signal) it is taken back and done.  As module_run, but for CH_RETRY. */
enum ch_status module_generations_run(struct module_generations *generations, bool once,
	const atomic_int *stop, atomic_int *reload, struct problems *problems);

#endif
