/* How the journal gets into a book.
 *
 * A feed is one durable subscription, from the earliest event on.  What has arrived is taken together, as
 * much as there is and no more than fits one batch, and folded in one transaction, which also notes how far
 * the journal has been read.  Behind its commit, and not before, the hub is told.  So whatever happens in
 * between, an event is in the book exactly once, or the next life folds it:
 *
 *     take a batch -> begin -> fold each event -> note the position -> commit -> acknowledge
 *
 * The book's own position wins over the hub's cursor at every attach.  A position of another incarnation of
 * the journal (a restore) makes the book void: it is emptied and folded from the earliest event.  History
 * that is gone (retention) is noted in the book as a gap, and every report says so.  An operator's move of
 * the cursor and replays change nothing: what is in the book is in it, and `rebuild` is the way to fold
 * anew.
 *
 * A feed is live when everything that the journal held at the time of attaching is in the book, what this
 * module itself once said included.  Only from then on does it speak (voice.h) and act (module_part.tend).
 *
 * An event that a fold cannot take (it is refused with a status, and nothing was put) is noted with its
 * reason in the book and stops nobody. */
#ifndef MODULE_KIT_FEED_H
#define MODULE_KIT_FEED_H

#include <carehub/subscribe.h>
#include <protobuf-c/protobuf-c.h>

#include "module/kit/book.h"
#include "module/kit/key.h"
#include "wire/envelope.h"

/* One event, as the folds get it; all of it lives until the fold returns. */
struct feed_event {
	uint64_t sequence; /* of its entry in the journal; sequence and part name its place */
	uint32_t part;
	int64_t arrival_us; /* by the hub's clock; never goes back from one event to the next */
	/* When it happened, the source's clock corrected by what it said at sending; the arrival where it
	 * says nothing or nonsense.  What facts are reckoned by. */
	int64_t occurred_us;
	struct stamp stamp;   /* of occurred_us, source and id */
	uint64_t customer;    /* as filed by the hub; 0: nobody.  Ask people.h whose it is now */
	bool own;             /* this module said it, in this life or another */
	bool live;            /* the feed was live when it came: no part of catching up */
	struct slice peer;    /* who published it; empty: the hub derived it */
	struct envelope head; /* id, source, type, subject, time_us, sent_us, correlation_id ... */
	/* Of the type's row in wire/types.h, personal fields included; NULL only for who skims (module.h). */
	const ProtobufCMessage *message;
};

/* How far a book has come; kept in the book itself, and told in each report. */
struct feed_state {
	uint64_t incarnation; /* of the journal; 0: nothing was folded yet */
	uint64_t position;    /* everything up to this sequence is in the book */
	int64_t arrival_us;   /* of the newest event that is: what a report stands for */
	uint64_t events;      /* folded since the book was begun */
	uint64_t rejects;     /* of them could not be */
	uint64_t gaps;        /* ranges of the journal that are missing */
	uint64_t missing;     /* sequences in them */
	uint64_t waiting;     /* sayings that wait for the hub */
	uint64_t refused;     /* sayings that the hub did not take */
	int64_t begun_us;     /* when the book was begun, by this machine's clock */
	bool caught_up;       /* it was live at least once since it was begun */
};

/* CH_CORRUPT, CH_IO. */
enum ch_status feed_state_read(struct book_txn *txn, struct feed_state *out_state);

struct feed_gap {
	uint64_t first;
	uint64_t last;
	int64_t noticed_us; /* arrival of the event before it; 0: none */
};

/* In order; false ends it.  CH_CORRUPT, CH_IO. */
enum ch_status feed_each_gap(struct book_txn *txn,
	bool (*each)(void *context, const struct feed_gap *gap), void *context);

struct feed_reject {
	uint64_t sequence;
	uint32_t part;
	enum ch_status status;
	struct slice type;
	struct slice reason; /* no personal value */
};

/* The newest first, at most as many as are kept (LIMIT_MODULE_REJECTS); false ends it. */
enum ch_status feed_each_reject(struct book_txn *txn,
	bool (*each)(void *context, const struct feed_reject *reject), void *context);

#endif
