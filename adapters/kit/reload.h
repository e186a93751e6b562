/* The words of a reload, on both sides of control.h: what came of it, and what that is to whoever asked.
 *
 *     active 3 taken_over         the new settings are in effect; nothing was interrupted
 *     active 3 started            what ran has ended, and the new generation has started in its place
 *     active 3 waits_for_the_hub  the same, and the hub is not there yet
 *     kept 2                      as before; why stands on the lines behind
 *
 * What else there is to be said stands on lines behind the first. */
#ifndef KIT_RELOAD_H
#define KIT_RELOAD_H

#include "base/problem.h"
#include "kit/control.h"

/* To whoever asked; when nobody did, nobody.  `more`: further lines; NULL: none. */
void reload_answer_active(
	struct control *control, uint64_t generation, const char *how, const char *more);

/* The mistakes, or without any what `why` means. */
void reload_answer_kept(struct control *control, uint64_t generation,
	const struct problems *problems, enum ch_status why);

/* `PROGRAM reload --config FILE`: asks and prints.  `what` runs with the file: "adapter".  Returns the exit
 * status: 0 active, 2 kept, 3 nobody runs with it or has answered. */
int reload_command(const char *program, const char *what, const char *config);

#endif
