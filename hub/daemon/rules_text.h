/* The settings of the rules as one canonical text, from rules.conf and the peers' files: what the
 * journal keeps, so that deciding never depends on a file. */
#ifndef DAEMON_RULES_TEXT_H
#define DAEMON_RULES_TEXT_H

#include "base/problem.h"
#include "base/slice.h"
#include "net/roster.h"

/* Sorted `name=value` lines.  `path` may be absent, `roster` NULL: only to check
 * the file.  The text is LIMIT_VALUE_BYTES at most: some 2000 peers with a region.  CH_INVALID when
 * it added to `problems`. */
enum ch_status rules_text(const char *path, const struct roster *roster, struct problems *problems,
	struct buffer *out);

#endif
