/* Everything that administrators write, read as a start or a reload would, without either. */
#ifndef DAEMON_CONFIGURATION_H
#define DAEMON_CONFIGURATION_H

#include "base/problem.h"

/* carehub.conf, hub.secret, peers.d and rules.conf under `root` (NULL: "/"): each is read whatever is
 * wrong with the others.  CH_INVALID when it added to `problems`; CH_NOMEM, CH_TOO_LARGE (the root). */
enum ch_status configuration_check(const char *root, struct problems *problems);

#endif
