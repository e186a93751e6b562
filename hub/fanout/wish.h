/* What somebody asks for with a SUBSCRIBE: judged by itself, against what exists, and turned into a place
 * to begin. */
#ifndef FANOUT_WISH_H
#define FANOUT_WISH_H

#include "fanout/inside.h"

/* What is wrong with it by itself: form, bounds, rights to snapshots.  CH_INVALID, CH_TOO_LARGE, CH_DENIED,
 * CH_UNKNOWN_TYPE; then `detail` says what. */
enum ch_status wish_check(
	const struct consumer *consumer, const struct subscribe *wish, struct buffer *detail);

/* Whether one may attach to what exists with it.  CH_DENIED, CH_CONFLICT.  Leaves what was asked for
 * before in fanout->stored. */
enum ch_status wish_compare(const struct consumer *consumer, const struct subscribe *wish,
	const struct subscription *subscription, struct buffer *detail);

struct place {
	bool stay; /* where the hub knows it to be */
	bool snapshot;
	uint64_t base;
	int64_t arrival_us; /* of base; 0: not known */
};

/* Where it begins.  CH_RESET: a position of another journal; CH_GAP: one whose history is gone;
 * CH_INVALID: beyond the head; CH_IO, CH_NOMEM. */
enum ch_status wish_place(struct fanout *fanout, const struct subscribe *wish, bool made,
	struct place *out_place, struct buffer *detail);

#endif
