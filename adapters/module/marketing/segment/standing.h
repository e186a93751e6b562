/* How a customer stands: his level, the segments that he is in, and until when that is sure without news.
 *
 * Judging a customer is one walk over what he holds, and a pass over the definitions.  What comes out is compared
 * with what was last said of him, and each difference is said, in the same transaction: marketing.level.changed,
 * marketing.segment.entered, marketing.segment.left.  The sayings about one customer and one segment are numbered;
 * the number is in the event, so a book that is made anew hears how far it has come, and says nothing twice.
 *
 *   standings   customer          -> level, its turn, due, and of each segment that ever had him: in it?, turn, since
 *   members     segment, customer -> since when he is in it
 *   due         time, customer    -> at that time, and not before, time alone may change something
 *
 * Nobody is judged while the module catches up: whom events concern is noted as stale, and judged when everything
 * is known, what it said itself in earlier lives included. */
#ifndef MARKETING_STANDING_H
#define MARKETING_STANDING_H

#include "base/zone.h"
#include "module/kit/voice.h"
#include "module/marketing/segment/definitions.h"
#include "module/marketing/segment/profile.h"

struct membership {
	struct slice segment;
	bool member;
	uint32_t turn;    /* sayings about it so far */
	int64_t since_us; /* of the last */
};

struct standing {
	uint32_t level;
	uint32_t level_turn;
	int64_t level_since_us;
	int64_t due_us;                                    /* 0: never */
	struct membership memberships[2 * LIMIT_SEGMENTS]; /* defined ones and such as were once */
	uint32_t count;
};

/* Texts look into the book until the next change.  CH_NOT_FOUND: not judged yet; CH_CORRUPT, CH_IO. */
enum ch_status standing_read(
	struct book_txn *txn, uint64_t customer, struct standing *out_standing);

/* The same of a stored row, which the texts look into.  CH_CORRUPT. */
enum ch_status standing_decode(struct slice bytes, struct standing *out_standing);

/* What judging takes. */
struct bench {
	const struct definitions *definitions;
	struct slice currency;
	const struct zone *zone;
	struct profile profile; /* room */
	struct standing after;  /* room */
	struct buffer scratch;  /* room */
	struct buffer stored;   /* room */
	uint64_t judged;        /* figures */
	uint64_t entered;
	uint64_t left;
	uint64_t level_changes;
};

void bench_init(struct bench *bench);
void bench_fini(struct bench *bench);

/* Judges him as of `now_us` and says what changed; `since_us` is when it became so (the due time, or `now_us`).
 * CH_CORRUPT, CH_IO, CH_NOMEM, what sticks in the transaction. */
enum ch_status standing_judge(struct bench *bench, struct book_txn *txn, uint64_t customer,
	int64_t now_us, int64_t since_us);

/* An event of the module's own: how far its sayings have come. */
enum ch_status standing_hear(
	struct bench *bench, struct book_txn *txn, const struct feed_event *event);

/* ---- Whom to judge when ---- */

void standing_put_stale(struct book_txn *txn, uint64_t customer);

/* The next who is stale, taken out.  CH_END. */
enum ch_status standing_take_stale(struct book_txn *txn, uint64_t *out_customer);

/* The next whose time has come by `now_us`.  CH_END: none; then *out_due_us is when one will be, INT64_MAX for
 * never. */
enum ch_status standing_next_due(
	struct book_txn *txn, int64_t now_us, uint64_t *out_customer, int64_t *out_due_us);

#endif
