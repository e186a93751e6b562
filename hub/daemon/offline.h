/* What is done to a hub that does not run: verify, rebuild, dump, restore.  Each takes the hub's lock,
 * so none can meet a running one.  Progress goes to stderr, results to stdout.
 *
 * Exit status: 0 fine, 1 something was found, 2 it could not be done. */
#ifndef DAEMON_OFFLINE_H
#define DAEMON_OFFLINE_H

#include <stdbool.h>

#include "daemon/settings.h"

/* Reads everything: CRCs, sequences and chain of the journal; folds it anew, deciding each input again;
 * compares the result with the store.  Names the first difference.  Changes nothing. */
int offline_verify(struct daemon_settings *settings);

/* Throws the store away and folds the journal from its first entry.  `past_damage`: what cannot be read
 * is left out, each stretch with a line in the log; otherwise it is unable. */
int offline_rebuild(struct daemon_settings *settings, bool past_damage);

/* The state in canonical form, one row a line: table, key, value, the last line a hash over all
 * others.  Free of LMDB's layout, so that two hubs compare by their hashes.  `at` 0: at the head;
 * else the journal folded up to that sequence.  `hash_only`: only the last line. */
int offline_dump(struct daemon_settings *settings, uint64_t at, bool hash_only);

/* Mends what is damaged in the journal with a backup, byte for byte. */
int offline_repair(struct daemon_settings *settings, const char *from);

/* Makes the data folder from a backup, under a new incarnation.  The folder must not exist. */
int offline_restore(struct daemon_settings *settings, const char *from);

#endif
