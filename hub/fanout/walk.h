/* The walk through the records that a subscription begins with: tables one after the other, as they
 * stood at one sequence S.  The events after S follow, so nothing is missing and nothing comes twice.
 *
 * S is that of the store's last checkpoint, a few seconds old: no checkpoint is forced for a
 * subscriber.  A view of the store does not last for ever (state.h); when it is taken away, the records
 * that were sent are void and the walk begins anew with another S. */
#ifndef FANOUT_WALK_H
#define FANOUT_WALK_H

#include "fanout/fanout.h"
#include "wire/subscribe.h"

struct walk;

struct walk_table {
	const char *name; /* as subscribers write it */
	enum store_table table;
};

#define WALK_TABLES 8u
extern const struct walk_table walk_tables[WALK_TABLES];

/* Which tables a SUBSCRIBE names, a bit each; none: customers.  CH_INVALID: no such table. */
enum ch_status walk_choose(const struct subscribe_start *start, uint32_t *out_tables);

/* CH_UNSUPPORTED: there is no state; CH_BUSY: too many views, later there may be room; what
 * snapshot_begin gives. */
enum ch_status walk_open(
	const struct fanout_options *options, uint32_t tables, struct walk **out_walk);
void walk_close(struct walk *walk); /* NULL is fine */

uint64_t walk_sequence(const struct walk *walk);

/* The number of the last record, from 0 on. */
uint32_t walk_part(const struct walk *walk);

/* The next record and its table's name, until the next call.  CH_END: that was all; CH_RETRY: the view is
 * gone; CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status walk_next(
	struct walk *walk, const struct snapshot_record **out_record, struct slice *out_table);

#endif
