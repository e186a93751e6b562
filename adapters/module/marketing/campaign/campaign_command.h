/* The operator's side of campaigns:
 *
 *     carehub-marketing campaigns list|plan|dry-run|run|stop|report|uncertain|proof|settle --config FILE ...
 *
 * `run`, `stop` and `settle` do nothing themselves: they say in the journal what an operator wants, under the name his
 * machine knows him by, and the running module does it.  The others read the module's book beside it; `dry-run`
 * asks the hub for every record besides, and sends nothing. */
#ifndef MARKETING_CAMPAIGN_COMMAND_H
#define MARKETING_CAMPAIGN_COMMAND_H

#include "module/kit/module.h"

/* `argv[0]` is "campaigns"; `config_part` is the number of the campaigns' part.  Returns the exit status: 0 fine, 1
 * fine but something is to be looked at (uncertain messages, a definition that was changed), 2 unusable, 3 there is
 * no book yet, 64 usage. */
int campaign_command(int argc, char **argv, const struct module *module, size_t config_part);

#endif
