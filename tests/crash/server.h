/* One carehubd in a folder of its own: made, started, watched, killed. */
#ifndef CRASH_SERVER_H
#define CRASH_SERVER_H

#include <limits.h>
#include <sys/types.h>

#include "base/slice.h"

#define SERVER_KEY_TEXT 41

struct server {
	const char *program;
	char root[PATH_MAX / 2];
	char log_path[PATH_MAX]; /* everything it has said, all lives */
	char hub_public[SERVER_KEY_TEXT];
	char peer_public[SERVER_KEY_TEXT];
	char peer_secret[SERVER_KEY_TEXT];
	pid_t pid;
	int log;            /* reading end of its stderr */
	int store;          /* log_path */
	struct buffer said; /* in this life */
	char address[128];
	char hit[64]; /* the fault point that ended this life; "" for none */
	int wait_status;
};

struct server_options {
	const char *program; /* carehubd */
	const char *root;    /* absent or empty */
	const char *config;  /* lines of carehub.conf behind those every test has */
	const char *rules;   /* rules.conf */
};

/* Keys, peers and settings.  The data folder itself is made, with nothing in it. */
enum ch_status server_make(const struct server_options *options, struct server *out_server);
void server_fini(struct server *server); /* kills what still runs */

/* Starts it and does not wait.  `environment`: NULL, or pairs "NAME", "value" and a NULL. */
enum ch_status server_launch(struct server *server, const char *const *environment);

/* CH_OK: it has told where it listens; CH_END: it died before that; CH_TIMEOUT. */
enum ch_status server_await(struct server *server, int64_t timeout_us);

/* Reads what it says.  False: it is dead, and reaped; `hit` and `wait_status` are set. */
bool server_lives(struct server *server);

/* SIGKILL, and reaped. */
void server_kill(struct server *server);

/* SIGTERM; CH_OK when it ends with status 0. */
enum ch_status server_stop(struct server *server);

/* An off-line command: its standard output appended to `out`, its exit status returned; -1 when it
 * died otherwise. */
int server_run(const struct server *server, const char *const *words, struct buffer *out);

/* "<root>/var/lib/carehub<name>" */
const char *server_path(const struct server *server, const char *name, char out[PATH_MAX]);

#endif
