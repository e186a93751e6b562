/* What a module says to the hub: events of its own, each exactly once, however often it is told to.
 *
 * A fold, or a part that acts, says something in the same transaction as the facts behind it.  It is put into
 * the book's outbox and published after the commit, as soon as the feed is live; the hub's receipt takes it
 * out again.  Its id follows from what caused it, never from a clock or a counter:
 *
 *  - after a crash between publishing and the receipt it is published once more, and is a duplicate;
 *  - a book that is made anew from the journal hears what the module said in earlier lives before it is
 *    live, and what was heard is not said again.
 *
 * So the same saying must have the same id whenever the same facts lead to it, and another id when it says
 * something else ("late by now", "corrected to").
 *
 *     char id[VOICE_ID_BYTES];
 *     voice_id("breach", (struct slice[]){station, repair}, 2, id);
 *     status = voice_say(txn, &(struct saying){.type = "quality.promise.breached", .id = slice_text(id),
 *             .time_us = due_us, .cause = event, .message = &breached.base}); */
#ifndef MODULE_KIT_VOICE_H
#define MODULE_KIT_VOICE_H

#include "module/kit/feed.h"

#define VOICE_ID_BYTES 96u

/* "WHAT-" and a digest of the parts, so that the same parts give the same id and others another.  `what` is
 * short constant text. */
void voice_id(const char *what, const struct slice *parts, size_t count, char out[VOICE_ID_BYTES]);

struct saying {
	const char *type; /* of the registry; the module's peer has the right to it */
	struct slice id;  /* unique for this module; UTF-8, 200 bytes */
	/* When it became true: the cause's or the deadline's time, never the clock's. */
	int64_t time_us;
	struct slice subject;           /* empty: as the registry makes it of the message */
	const struct feed_event *cause; /* may be NULL: no one event led to it */
	const ProtobufCMessage *message;
};

/* To be said; nothing happens when it was said before, or waits already.  `saying` is copied.  CH_OK; what is wrong
 * with it (CH_MISSING, CH_UNKNOWN_TYPE, CH_TOO_LARGE, CH_FORMAT, CH_INVALID): our own error, the caller
 * reports it; what stuck in the transaction. */
enum ch_status voice_say(struct book_txn *txn, const struct saying *saying);

enum voice_stage {
	VOICE_UNSAID,  /* never said, or taken back in time */
	VOICE_WAITING, /* in the outbox: on its way, or refused for now */
	VOICE_SAID,    /* the hub has it: *out_sequence */
	VOICE_REFUSED, /* and never will: see `status` and the log */
};

/* What has become of it.  `out_sequence` may be NULL.  CH_CORRUPT, CH_IO. */
enum ch_status voice_stage(
	struct book_txn *txn, struct slice id, enum voice_stage *out_stage, uint64_t *out_sequence);

/* Whether anything waits whose id was made with this `what`.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status voice_any_waits(struct book_txn *txn, const char *what, bool *out_any);

/* Whether it was said, or waited, when the journal was another one: the hub was restored from a backup since,
 * and the book emptied.  What the saying stood for (a message that was sent) may have happened, although no
 * event says so any more.  It may be said again; whether to do it again is the part's to decide.  CH_CORRUPT, CH_IO. */
enum ch_status voice_was_said_before(struct book_txn *txn, struct slice id, bool *out_said);

/* Takes back what still waits: a later event has shown that it was not so.  What is on its way may be said all
 * the same, and is then known as said; who must be sure says the correction as well. */
void voice_take_back(struct book_txn *txn, struct slice id);

#endif
