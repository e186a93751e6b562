/* What the hub is told by /etc/carehub/carehub.conf.  Everything stands under one root, so that a test
 * runs a whole hub in a temporary folder. */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include <limits.h>

#include "base/option.h"
#include "base/problem.h"

struct settings_paths {
	char config[PATH_MAX]; /* carehub.conf                                    */
	char rules[PATH_MAX];  /* rules.conf: settings of the rules, may be absent */
	char peers[PATH_MAX];  /* peers.d                                         */
	char secret[PATH_MAX]; /* the hub's key                                   */
	char data[PATH_MAX];   /* everything below is under it                    */
	char journal[PATH_MAX];
	char store[PATH_MAX];
	char desk[PATH_MAX];
	char lock[PATH_MAX];
};

struct daemon_settings {
	/* [hub] */
	char *data; /* under the root */
	int log_level;
	/* [bus], [live], [http]: where it listens */
	char *bus_listen;
	char *live_listen;
	char *http_listen;
	int64_t bus_connections;
	int64_t bus_credit;
	int64_t bus_heartbeat_ms;
	int64_t bus_io_threads;
	/* [journal] */
	int64_t segment_bytes;
	int64_t spare_segments;
	int64_t archive_after_ms;
	int64_t keep_bytes;
	int64_t keep_ms;
	int64_t reserve_bytes;
	/* [store] */
	int64_t freeze_changes;
	int64_t freeze_ms;
	int64_t map_bytes;
	int64_t cache_bytes;
	bool projector;
	/* [clock] */
	int64_t jump_ms;

	struct settings_paths paths;
};

/* Where the files that administrators write stand under `root`; `data` and what is below it stay empty.
 * CH_TOO_LARGE. */
enum ch_status daemon_settings_find(const char *root, struct settings_paths *out_paths);

/* `root` NULL: "/".  A missing file is all defaults.  CH_INVALID when it added to `problems`. */
enum ch_status daemon_settings_read(
	const char *root, struct problems *problems, struct daemon_settings *out_settings);
void daemon_settings_free(struct daemon_settings *settings);

/* A commented carehub.conf with every setting, its meaning, bounds and default. */
void daemon_settings_describe(struct buffer *out);

#endif
