/* Where campaigns are worked off: the desk picks who is next, reads his record, says the intent, hands the mail to
 * the office or the task to the call center, and says what became of it.
 *
 *     desk_tend, again and again, while the feed is live:
 *       1  the office's gates and results                        -> outcomes
 *       2  intents that came back out of the journal             -> to the mail server
 *       3  who is next: deferred ones that are due, those to be sent again, the segments of the campaigns that run
 *       4  their records                                         -> intents, or why not
 *       5  all that is to be said, in one transaction
 *
 * What makes it once:
 *
 *  - Nobody is written to before his intent has come back from the journal with the nonce of this very attempt.
 *    Of two desks that mean to write the same message the hub takes one intent, for its name is the
 *    message's.
 *  - An intent without an outcome is somebody's who died.  It is said to be uncertain, once the desk has looked
 *    through the book, and left to an operator; unless the book has the note that the mail server certainly had
 *    not taken it ('w' and 't' in campaign.care): it was deferred, or the desk closed before it was spoken to.  The
 *    note is taken away, durably, before the server is spoken to again.  Who deletes the book loses the notes:
 *    these messages are then uncertain, too.
 *  - A task for the call center is an event: saying it twice is saying it once.  One that the hub has not taken after
 *    a minute is taken back, with a note, and he is judged anew; should it have been on its way all the same, it is
 *    handed over, whatever the note says.
 *
 * A server that wants none of us (it is away, or says 4xx or 5xx before the recipient) holds all mails: after a
 * second, then after twice as long, up to five minutes, one is tried.  Tasks have jobs of their own.
 *
 * What makes that nobody is left out: whoever cannot be judged now (another campaign is busy with him, the hub does not
 * tell his record) is passed by, holds nobody else up, and the segment is looked through once more. */
#ifndef MARKETING_INTENT_DESK_H
#define MARKETING_INTENT_DESK_H

#include "base/metric.h"
#include "module/marketing/campaign/intent.h"

/* What the desk asks of others. */
struct desk_ports {
	void *context;
	/* Appends the encoded CustomerReply of one customer with ADDRESSEE_TIMELINE lines.  CH_NOT_FOUND: no such
	 * record; others: not now. */
	enum ch_status (*ask)(void *context, struct ch_connection *connection, uint64_t customer,
		struct buffer *out_reply);
	/* The first member of the segment above `after`.  CH_END; CH_RETRY: there may be more, look again later;
	 * CH_NOT_FOUND: no such segment. */
	enum ch_status (*member)(void *context, struct book_txn *txn, const char *segment,
		uint64_t after, uint64_t *out_customer);
};

struct desk;

/* Reads the campaigns and opens the office.  Settings and metrics (which may be NULL) outlive it.  CH_INVALID when it
 * added to the problems; CH_NOMEM, CH_IO. */
enum ch_status desk_open(const struct campaign_settings *settings, const struct desk_ports *ports,
	struct metrics *metrics, struct problems *problems, struct desk **out_desk);

/* What the mail server may have is waited for, up to `grace_ms`; what became of it is put into the book, which must
 * still be open, and is said in the next life.  NULL is fine. */
void desk_close(struct desk *desk, int64_t grace_ms);

/* The book is another one: what the desk remembers of it is forgotten. */
void desk_forget(struct desk *desk);

/* A campaign was started: its definition may be newer than what was read. */
void desk_notice_start(struct desk *desk);

/* One round; see module_part.tend. */
enum ch_status desk_tend(struct desk *desk, struct module_turn *turn);

#endif
