/* A carehubd of the bench's own, in a folder of its own: made, configured, started, looked at and
 * stopped.  The programs that measure the hub all stand on it.
 *
 * The folder is a whole root (etc/ and var/ below it) with two keys: the hub's, and that of the one
 * peer "till", who may do everything.  A second start of the same folder finds what the first left. */
#ifndef BENCH_HOUSE_H
#define BENCH_HOUSE_H

#include <sys/types.h>

#include "bench/load/options.h"

#define HOUSE_KEY  41
#define HOUSE_PATH 4096

struct house {
	char root[HOUSE_PATH];
	char endpoint[128];
	char server_key[HOUSE_KEY]; /* Z85 */
	char public_key[HOUSE_KEY];
	char secret_key[HOUSE_KEY];
	pid_t server;
	uint64_t began_bytes;   /* stored when it was started */
	uint64_t written_bytes; /* by the process that has ended */
};

/* Makes options->data a root when it is none, writes carehub.conf from options->settings, starts
 * carehubd and waits until it has recovered.  What fails is said on standard error.  On failure
 * nothing runs.  To be called before the process has threads: they do not survive a fork. */
enum ch_status house_open(const struct options *options, struct house *out_house);

/* Stops the hub, which writes what it holds into its store.  A second call does nothing.  CH_IO: it did not
 * end well. */
enum ch_status house_close(struct house *house);

/* Runs `carehubd WORD` on the folder, whose hub does not run; its standard output goes to `out`. */
enum ch_status house_offline(struct house *house, const char *word, struct buffer *out);

/* Anonymous memory of the hub in bytes: quickly, as the kernel counts it (RssAnon), or exactly, page by
 * page (Anonymous of smaps_rollup), which holds the hub up.  0 when it cannot be told. */
uint64_t house_anonymous(const struct house *house);
uint64_t house_anonymous_exact(const struct house *house);

/* What the hub's process has caused to be written to the disk so far, in bytes (write_bytes of
 * /proc/PID/io); after house_close all that it ever did. */
uint64_t house_written(const struct house *house);

/* What the folder below var/ takes on the disk, in bytes. */
uint64_t house_stored(const struct house *house);

#endif
