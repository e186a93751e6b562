/* What a module counts, for whoever watches it: a file of OpenMetrics, written anew every ten seconds, when
 * something of weight has changed, and at the end.  A module listens on no port. */
#ifndef MODULE_KIT_TALLY_H
#define MODULE_KIT_TALLY_H

#include "module/kit/feed.h"

struct metrics;
struct tally;

struct tally_sight {
	struct feed_state feed;
	bool up; /* the hub is connected */
	bool live;
	bool reload_failed;
	uint64_t generation; /* of the configuration */
	uint64_t said;       /* sayings that the hub took, in this life */
	uint64_t book_bytes;
	int64_t now_us; /* the hub's time */
};

/* `path` may be NULL: nothing is written.  CH_NOMEM. */
enum ch_status tally_create(const char *program, const char *path, struct tally **out_tally);
void tally_free(struct tally *tally); /* NULL is fine */

/* Where parts make series of their own. */
struct metrics *tally_metrics(struct tally *tally);

/* Writes when it is time; with `now` in any case.  A file that cannot be written is logged once. */
void tally_tell(struct tally *tally, const struct tally_sight *sight, bool now);

#endif
