/* carehub-quality repairs: the repairs behind a report's figures, one JSON object a line. */
#ifndef QUALITY_REPAIR_LIST_H
#define QUALITY_REPAIR_LIST_H

#include "module/kit/module.h"

/* `argv[0]` is the command itself.  `config_part` is the part with the settings.  Exit status: 0 fine, 1 the book
 * has gaps or rejects, 2 it cannot be read, 3 there is none yet, 64 usage. */
int repair_list_command(int argc, char **argv, const struct module *module, size_t config_part);

#endif
