/* The roster: every peer that may connect, by name and by key, as peers.d holds them.
 *
 * Loading finds all mistakes of all files in one pass, and a roster with a mistake is not used: at
 * start the hub does not start, at a reload the old one stays.  Loop thread. */
#ifndef NET_ROSTER_H
#define NET_ROSTER_H

#include "base/problem.h"
#include "net/peer.h"

struct roster;

/* Reads every NAME.conf of the folder, which is copied.  CH_INVALID when it added to `problems`
 * (also when the folder cannot be read); CH_NOMEM. */
enum ch_status roster_load(
	const char *folder, struct problems *problems, struct roster **out_roster);
void roster_free(struct roster *roster);

/* Puts `fresh` in the place of what the roster held, and frees it.  Afterwards the sockets must look at
 * their connections again (endpoint_recheck, live_recheck). */
void roster_replace(struct roster *roster, struct roster *fresh);

/* Reads the folder again.  All or nothing: on failure the roster is what it was. */
enum ch_status roster_reload(struct roster *roster, struct problems *problems);

/* NULL: nobody.  The roster's reference: peer_ref what is to be kept. */
struct peer *roster_by_name(const struct roster *roster, struct slice name);
struct peer *roster_by_key(const struct roster *roster, const struct curve_key *key);

/* Walks all in no order: start with *at = 0; NULL at the end. */
struct peer *roster_next(const struct roster *roster, size_t *at);
size_t roster_count(const struct roster *roster);

#endif
