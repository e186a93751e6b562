/* How to write an adapter: three callbacks, and the kit does the rest - configuration, connection, flow,
 * retries, what happens at kill -9 and at a lost line.
 *
 *     static enum ch_status open(void *config, problems, void **source) here are your settings
 *     static enum ch_status next(void *source, struct kit_item *item)   what is there to publish?
 *     static void settle(void *source, const struct kit_settled *done)  it is stored: let go of it
 *
 * A source that only has to be looked at from time to time (a folder) needs no more.  One that is fed by a
 * socket, a thread or an event loop of its own has `tend` as well, and says with it what to sleep on:
 *
 *     static enum ch_status tend(void *source, struct kit_wait *wait)
 *     {
 *             uv_run(&loop, UV_RUN_NOWAIT);                     a loop of libuv's; libwebsockets on it
 *             *wait = (struct kit_wait){uv_backend_fd(&loop), POLLIN, uv_backend_timeout(&loop)};
 *             return CH_OK;
 *     }
 *
 * The contract: an item is let go of at its source only in settle.  A process that dies in between gives
 * the same item again, under the same id, and the hub knows it: nothing is lost, nothing counts twice.
 *
 * "Stored" is at the hub, with its receipt; or, when the hub cannot be reached and the adapter has a
 * spool (relay.h), on this machine's disk.  The receipt of such an item comes later, perhaps in another
 * life of the process, and is told by `late` under the words by which the item said where it stood.
 *
 * All callbacks run on one thread, and none of them may block: while one does, no receipt is told.  The
 * rounds on that thread are always the same:
 *
 *     settle, late   everything that has an answer
 *     tend           what the source's own descriptors have; what to sleep on
 *     next           until it says CH_END, or so many were given that receipts come first again
 *     sleep          only when this round did nothing: until there is a receipt, the descriptor is
 *                    ready, or the time is over
 *
 * So an event that the source has at hand when `tend` returns is handed to the hub at once, and its receipt
 * wakes the same thread.  Whatever `settle` makes ready (an answer to be written) is seen by `tend` before
 * anybody sleeps. */
#ifndef KIT_ADAPTER_H
#define KIT_ADAPTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/metric.h"
#include "base/option.h"
#include "base/problem.h"
#include "kit/item.h"

/* What to sleep on. */
struct kit_wait {
	/* -1: none.  One is enough: several go into an epoll or an event loop, whose own descriptor this
	 * is then.  Another thread that feeds the source writes to an eventfd, which tend empties. */
	int fd;
	short events;       /* of poll(2) */
	int64_t timeout_ms; /* tend is called again after so long at the latest; < 0: no need */
};

/* ---- What an adapter may ask of the hub, beside publishing ---- */

struct kit_hub; /* given by start, there until close */

struct kit_reply {
	enum ch_status
		status; /* CH_OK, or why there is no answer: the hub's refusal, CH_TIMEOUT, CH_CLOSED */
	struct slice body;  /* of CH_OK: a message of control.proto, encoded */
	bool more;          /* others follow; the last reply, whatever its status, has false */
	const char *detail; /* of a refusal, for people */
};

typedef void kit_answer(void *context, const struct kit_reply *reply);

/* Asks a question, whose answer changes nothing at the hub, as ch_query of libcarehub: also over lost connections,
 * until a reply has come.  `operation` names a request of control.proto, `body` is that message, encoded, and is
 * copied.  `answer` is called on this thread, in a later round before tend, at the latest
 * when `timeout_ms` are over or the adapter ends.  From any callback but open and close.  CH_FULL: too
 * many wait; CH_CLOSED, CH_TOO_LARGE, CH_NOMEM: there will be no answer. */
enum ch_status kit_ask(struct kit_hub *hub, const char *operation, struct slice body,
	int64_t timeout_ms, kit_answer *answer, void *context);

/* The hub has said welcome, and the line has not broken since. */
bool kit_hub_is_up(const struct kit_hub *hub);

/* Where the source stood when the newest event was stored: envelope.checkpoint, as the hub keeps it with that
 * event.  For sources of checkpoint_source, from start on; appended to `out`.  CH_NOT_FOUND: there is
 * none yet. */
enum ch_status kit_checkpoint(const struct kit_hub *hub, const char *source, struct buffer *out);

/* libcarehub's own connection, for a subscription (carehub/subscribe.h) on a thread that the adapter has for it.
 * From start until end. */
struct ch_connection;
struct ch_connection *kit_connection(struct kit_hub *hub);

/* ---- The adapter ---- */

struct kit_adapter {
	const char *program; /* "carehub-pos" */
	/* Somebody waits for the answer to each event (an HTTP client): nothing is kept for later.  There is
	 * no spool, and settle says CH_RETRY, at once when the hub cannot be reached or puts it off, after
	 * `adapter.patience` when it does not answer. */
	bool prompt;
	/* Its own part of the configuration file: read into a struct of `config_bytes`. */
	const struct option *options;
	size_t option_count;
	size_t config_bytes;

	/* May be NULL: there is nothing.  What is wrong with the settings beyond what the rows can tell, and with
	 * what they name; also when the rows have found something, so that all mistakes are told in one pass:
	 * what is wrong is as though it were not given, a text that is required may be NULL.  CH_INVALID
	 * when it added to `problems`; CH_NOMEM. */
	enum ch_status (*check)(const void *config, struct problems *problems);
	/* `config` has passed rows and check, and lives as long as the source.  What is found to be wrong with
	 * it all the same goes to `problems`: CH_INVALID.
	 * What only one process or source can have (a port, a queue's place) is taken in start, not here, and
	 * what is not there (a folder) is made there: `check` opens beside a service that runs, perhaps as
	 * another user, and a reload opens the new beside the old. */
	enum ch_status (*open)(void *config, struct problems *problems, void **out_source);
	/* May be NULL.  New settings for a source that runs, found good by an open of their own, whose
	 * source was closed again.  CH_OK: from now on `config` is the source's, and the one before is
	 * gone.  Others: it cannot in flight; the source is closed and one of `config` is opened. */
	enum ch_status (*reload)(void *source, void *config);
	/* May be NULL.  The settings say what they said, but what they name (tokens) may say something else: the
	 * source that runs looks at it again, and goes by it.  CH_OK: it does.  Others: nothing of it has
	 * changed that can change in flight, or something else has as well; a source is opened as at any
	 * reload. */
	enum ch_status (*renew)(void *source);
	/* May be NULL: it has no checkpoints.  The CloudEvents sources whose checkpoints it wants back, NULL
	 * behind the last; at most 64.  If there are any, start and all that follows waits for the hub's
	 * welcome.
	 *
	 * Such an adapter gives each event, in envelope.checkpoint, the place behind it (empty: the same as
	 * the one before).  The hub keeps it with the event; after a crash reading begins there.  The kit
	 * sends it only when everything before is settled (watermark.h), so some events may come again,
	 * and none is passed over. */
	const char *(*checkpoint_source)(void *source, size_t i);
	/* May be NULL.  Once, before anything else is asked.  Others than CH_OK stop the adapter. */
	enum ch_status (*start)(void *source, struct kit_hub *hub);
	/* Does what there is to be done without waiting, and says what to wait for; *out_wait comes in as
	 * "nothing".  Called in every round, so it must be cheap when there is nothing.  May be NULL: then
	 * next is asked again after `adapter.poll`; else in every round.  CH_UNSUPPORTED: as though it were
	 * NULL, for an adapter of several kinds of source, of which this one is only looked at.  Others than
	 * CH_OK stop the adapter. */
	enum ch_status (*tend)(void *source, struct kit_wait *out_wait);
	/* CH_OK: *out_item.  CH_END: nothing now.  CH_BUSY: nothing now, but something is coming by itself
	 * (a file that is not at rest yet), and `--once` waits for it.  Otherwise the adapter stops. */
	enum ch_status (*next)(void *source, struct kit_item *out_item);
	/* Once for every KIT_EVENT, in the order of receipts, which need not be that of next: what the hub
	 * put off for now comes later. */
	void (*settle)(void *source, const struct kit_settled *settled);
	/* What became of an item that was settled as spooled.  After a crash the same may be told again.
	 * CH_OK: it is noted, durably where it matters.  CH_NOT_FOUND: that place is no more; the kit
	 * writes refusals into the spool's own `rejects`.  Others stop the adapter, and it is told again.
	 * May be NULL: as CH_NOT_FOUND. */
	enum ch_status (*late)(void *source, struct slice origin, const struct ch_receipt *receipt);
	/* May be NULL.  Once after start, whatever came of that: the connection is about to be closed, and who uses
	 * it (kit_connection) has to have ended when this returns, which may take a second. */
	void (*end)(void *source);
	void (*close)(void *source);
	/* May be NULL.  Before the file of metrics is written: asks for its own series, which are found again
	 * under their names, and sets them. */
	void (*count)(void *source, struct metrics *metrics);
};

/* `PROGRAM run --config FILE [--once]`, `PROGRAM check --config FILE`, `PROGRAM reload --config FILE` and
 * `PROGRAM config`; with --help it answers with its usage.  With --once it ends when the source has nothing more
 * and everything is settled.  SIGHUP or `reload` reads FILE anew (generation.h).  Returns the exit status: 0 fine,
 * 1 something was rejected or refused, 2 unusable, 3 nobody to reload, 64 usage. */
int kit_main(int argc, char **argv, const struct kit_adapter *adapter);

#endif
