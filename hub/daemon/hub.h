/* The running hub: every part made, connected, run and stopped in order. */
#ifndef DAEMON_HUB_H
#define DAEMON_HUB_H

#include "daemon/settings.h"

/* Runs until SIGTERM or SIGINT, or until something it cannot live with.  CH_OK after a clean stop;
 * otherwise the reason, which has been logged. */
enum ch_status hub_run(struct daemon_settings *settings);

#endif
