/* The newest groups, encoded once for all who are live.  A reader at the head fills it; live
 * subscriptions copy from it.  It holds a stretch of history without a hole; who falls out of it at the
 * old end reads the journal for himself.
 *
 * It costs memory and work only while it is followed. */
#ifndef FANOUT_RECENT_H
#define FANOUT_RECENT_H

#include "fanout/group.h"

struct recent;

/* CH_NOMEM. */
enum ch_status recent_create(struct journal *journal, struct recent **out_recent);
void recent_free(struct recent *recent);

/* Nobody follows any more: gives the memory back. */
void recent_rest(struct recent *recent);

/* Somebody follows from a sequence on, when nobody did before. */
void recent_follow(struct recent *recent, uint64_t sequence);

/* What is held: first to next - 1.  At rest both are 0. */
uint64_t recent_first(const struct recent *recent);
uint64_t recent_next(const struct recent *recent);

/* Takes up one more entry.  CH_END: at the synced head; CH_GAP: there is one that cannot be read; what was
 * held is given up and it begins anew behind it.  CH_IO, CH_NOMEM: try again later. */
enum ch_status recent_advance(struct recent *recent);

/* Shows one that is held, every part of it encoded; until the next recent_advance or recent_rest.
 * CH_NOMEM. */
enum ch_status recent_get(const struct recent *recent, uint64_t sequence, struct group *group);

#endif
