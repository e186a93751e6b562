/* What the running module's book says, on the command line:
 *
 *     carehub-marketing levels   --config FILE [--json] [members LEVEL | why CUSTOMER]
 *     carehub-marketing segments --config FILE [--json] [members SEGMENT | of CUSTOMER | why SEGMENT CUSTOMER]
 *     carehub-marketing rules    --config FILE [--json] [--sets]
 *
 * The module may run meanwhile: each sees the book as of its last commit. */
#ifndef MARKETING_BOOK_COMMANDS_H
#define MARKETING_BOOK_COMMANDS_H

#include <stddef.h>

struct module;

/* `segments_part` and `rules_part` tell which of the module's parts those are.  `argv[0]` is the command.  They return
 * the exit status: 0 fine, 1 no such segment or customer, 2 unusable, 3 there is no book yet, 64 usage. */
int levels_command(int argc, char **argv, const struct module *module, size_t segments_part);
int segments_command(int argc, char **argv, const struct module *module, size_t segments_part);
int rules_command(int argc, char **argv, const struct module *module, size_t segments_part,
	size_t rules_part);

#endif
