/* Takes events to the hub and brings back what became of each: the kit's side of libcarehub.  Receipts
 * come on the library's thread and land in a mailbox, so that everything else is on one; the bell of the
 * runner wakes it when it sleeps.
 *
 * What was sent is under way until it lands.  After a lost connection libcarehub sends it again, in order
 * and before anything newer. */
#ifndef KIT_COURIER_H
#define KIT_COURIER_H

#include "base/bell.h"
#include "base/mailbox.h"
#include "carehub/query.h"
#include "kit/settings.h"

struct courier;
struct mark;

/* One event under way; made by whoever sends it, and his again when it has landed. */
struct flight {
	struct mailbox_node node; /* first */
	struct courier *courier;
	struct flight *older; /* those under way, in the order of sending */
	struct flight *newer;

	/* The sender's own. */
	uint64_t token;
	uint64_t number;     /* in the spool; 0: it is not there */
	bool from_spool;     /* and was handed out by it */
	struct mark *mark;   /* see watermark.h; NULL: none */
	bool given_up;       /* it was settled before it landed, and only counts */
	int64_t sent_us;     /* by the steady clock */
	int64_t since_us;    /* as kit_item has it */
	struct buffer event; /* encoded, where it may be needed once more */
	struct buffer origin;

	/* When it has landed. */
	enum ch_status status; /* as kit_settled has it */
	struct ch_receipt receipt;
};

struct flight *flight_create(void);
void flight_free(struct flight *flight); /* not while it is under way */

/* What is wrong with endpoint and keys, as far as it can be told without a connection: all of it into
 * `problems`.  Those that are not there are passed over.  CH_INVALID when it added to them; CH_NOMEM. */
enum ch_status courier_check(const struct kit_settings *settings, struct problems *problems);

/* Tells the library where the hub is, who it is and who we are.  As the ch_options_set_... calls. */
enum ch_status courier_identify(
	const struct kit_settings *settings, const char *program, struct ch_options *options);

struct courier_options {
	const struct kit_settings *settings;
	const char *program;
	bool retry; /* what the hub puts off is sent again; else it lands as CH_RETRY */
	/* Sources whose checkpoints are wanted back, NULL behind the last; may be NULL. */
	const char *(*checkpoint_source)(void *source, size_t i);
	void *source;
	struct bell *bell; /* rung when something has landed, and when the line comes or goes */
};

/* Connects in the background, for ever; what the options point to must outlive it.  CH_FULL: too many
 * sources.  As the ch_options_set_... calls: CH_FORMAT, CH_NOT_FOUND, CH_IO,
 * CH_DENIED (key files), CH_INVALID, CH_NOMEM. */
enum ch_status courier_open(const struct courier_options *options, struct courier **out_courier);

/* Ends the connection: what is under way lands with CH_CLOSED.  Nothing may be sent any more. */
void courier_end(struct courier *courier);
void courier_free(
	struct courier *courier); /* ends it, too; nothing is under way or landed any more */

/* Hands one event over, without waiting.  `waited_us` is added to the time at which the source sent it, if
 * it said so.  CH_OK: *flight is the courier's and NULL.  CH_FULL: not now.  CH_CLOSED, CH_NOMEM: not
 * taken.  Others: never; what is wrong with the event. */
enum ch_status courier_send(struct courier *courier, const struct envelope *envelope,
	int64_t waited_us, struct flight **flight);

/* The next one that has landed.  NULL: none now. */
struct flight *courier_take(struct courier *courier);

bool courier_has_landed(struct courier *courier);

/* NULL after courier_end. */
struct ch_connection *courier_connection(const struct courier *courier);

/* As ch_query_async; CH_CLOSED after courier_end. */
enum ch_status courier_ask(struct courier *courier, const char *operation, struct ch_bytes body,
	ch_answer_callback *callback, void *context);

/* ---- How it is ---- */

/* The one under way that was sent first; then `newer`.  NULL: none is. */
struct flight *courier_oldest(const struct courier *courier);
uint64_t courier_under_way(const struct courier *courier);

/* For how long the hub has left what is under way without any answer; 0: nothing is. */
int64_t courier_silence_us(const struct courier *courier);

/* The hub has said welcome. */
bool courier_is_up(const struct courier *courier);

/* As of the last welcome, copied to `out`.  CH_NOT_FOUND: the hub has none; CH_CLOSED: no welcome yet. */
enum ch_status courier_checkpoint(
	const struct courier *courier, const char *source, struct buffer *out);

/* CH_OK; or why trying on is in vain until somebody changes something, as of the last try: CH_DENIED (our
 * key, or the hub's), CH_VERSION, CH_INVALID (the endpoint). */
enum ch_status courier_verdict(const struct courier *courier);

#endif
