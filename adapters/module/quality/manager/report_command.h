/* carehub-quality report: the manager's report from the module's book, whether the module runs or not. */
#ifndef QUALITY_REPORT_COMMAND_H
#define QUALITY_REPORT_COMMAND_H

#include "module/kit/module.h"

/* `argv[0]` is "report".  The part `config_part` of the module has struct quality_settings for its configuration.
 * Returns the exit status: 0 fine, 1 the report was made but the log has gaps, events could not be read or
 * the book is not caught up, 2 unusable, 3 there is no book yet, 64 usage. */
int report_command(int argc, char **argv, const struct module *module, size_t config_part);

#endif
