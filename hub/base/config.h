/* INI files into option tables.  The reading is inih's; here every line that is not understood is
 * found too, with its number, and nothing stops at the first mistake.
 *
 *     # a comment; another begins with a semicolon, also behind a value and a blank
 *     [bus]
 *     listen = tcp://127.0.0.1:7710
 *     [peer]
 *     types = repair.*.received,
 *             repair.*.returned           more of a list stands on indented lines
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/option.h"

/* Reads `text` into the groups: option_begin, one option_set for each value, option_end.  `file` is
 * what mistakes are reported under.  CH_INVALID when it added to `problems`; the settings without a
 * mistake are set all the same.  CH_NOMEM.  Either way the groups are freed by their owner. */
enum ch_status config_parse(struct slice text, const char *file, const struct option_group *groups,
	size_t count, struct problems *problems);

/* The same for a file of at most LIMIT_CONFIG_BYTES; that it cannot be read is a problem too. */
enum ch_status config_read(const char *path, const struct option_group *groups, size_t count,
	struct problems *problems);

#endif
