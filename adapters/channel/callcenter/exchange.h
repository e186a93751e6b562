/* What goes on in a telephone exchange, followed through its events: many of them are one call.
 *
 *     Newchannel, QueueCallerJoin           WAITING    a caller stands in a queue: *changed*
 *     AgentCalled                           OFFERED    a phone rings: *offered*, time for the screen pop
 *     AgentConnect                          TALKING    *changed*
 *     AgentComplete                         OVER       *finished*
 *     QueueCallerAbandon                    LEFT       nobody took him; why is told, or follows, below
 *
 * A stay in a queue is told by its caller's channel (Uniqueid); legs of a call are joined by Linkedid.  Each
 * stay that is over is one finished call; a call that never came to a queue is one when its last channel has
 * hung up.
 *
 * QueueCallerAbandon does not say that the caller hung up: the exchange sends it when his time in the queue
 * was up as well.  What tells the two apart, the first that is known:
 *
 *     QUEUESTATUS   set on the channel behind it (VarSet, or the site's UserEvent): TIMEOUT and the like
 *     before it     a HangupRequest on his channel: he hung up
 *     behind it     the dial plan goes on with his channel (Newexten, another queue): he did not
 *     at the end    his channel's Hangup.  An exchange that tells HangupRequests, and told none before, took
 *                   him out of the queue itself.
 *
 * What a caller answers behind it, by the keys of his telephone, is told when his channel is gone: *surveyed*.
 *
 * Bounded: LIMIT_CALLS and LIMIT_CALL_CHANNELS; over them the oldest call is given up (CALL_CUT).  What never
 * ends is given up after EXCHANGE_CALL_AGE_US.
 *
 * Pure: no clock, no socket; times are given.  One thread. */
#ifndef CALLCENTER_EXCHANGE_H
#define CALLCENTER_EXCHANGE_H

#include "base/zone.h"
#include "channel/callcenter/ami.h"
#include "channel/callcenter/call.h"
#include "channel/callcenter/survey.h"

#define EXCHANGE_CALL_AGE_US (INT64_C(24) * 3600 * 1000000)
/* Rows of its book-keeping follow the last hang-up of a call: the first within this, the others close behind
 * it. */
#define EXCHANGE_LINGER_US INT64_C(5000000)
#define EXCHANGE_ROWS_US   INT64_C(1000000)

/* A phone rings for a caller in a queue. */
struct call_offer {
	struct slice call_id;
	struct slice uniqueid;
	struct slice queue;
	struct slice system;
	struct slice dialled;
	struct slice language;
	struct slice caller_number;
	struct slice caller_name;
	struct slice agent_name;
	struct slice agent_interface;
	int64_t time_us;   /* 0: not known */
	int64_t waited_ms; /* 0: not known */
};

/* All is valid during the call only. */
struct exchange_listener {
	void (*finished)(void *context, const struct call_record *call);
	void (*offered)(void *context, const struct call_offer *offer); /* may be NULL */
	/* A stay has come so far: CALL_QUEUED, CALL_CONNECTED, each once at most.  May be NULL. */
	void (*changed)(void *context, const struct call_record *call);
	/* A caller has answered a survey: CALL_SURVEYED, when his channel is gone.  May be NULL. */
	void (*surveyed)(void *context, const struct call_record *call);
	/* What was told as an answer and is none.  May be NULL. */
	void (*refused)(void *context, struct slice uniqueid, const char *reason);
	void *context;
};

/* All must outlive the exchange. */
struct exchange_options {
	const struct zone *zone; /* of its clock, for rows of its book-keeping; NULL: UTC */
	const struct survey_rules *survey; /* NULL: none */
};

struct exchange_counts {
	uint64_t events;
	uint64_t calls;    /* under way */
	uint64_t channels; /* of these */
	uint64_t finished;
	uint64_t given_up; /* over a bound or too old */
	uint64_t passed;   /* events that could not be used: no Uniqueid, or one that is too long */
};

struct exchange;

enum ch_status exchange_create(const struct exchange_listener *listener,
	const struct exchange_options *options, struct exchange **out_exchange); /* CH_NOMEM */
void exchange_free(struct exchange *exchange);

/* One event; others than events are passed over.  `now_us` is when it came, UTC, where the event does not
 * say it itself (Timestamp); 0: not known, times are then reckoned from ids and durations.  CH_NOMEM: it is
 * lost. */
enum ch_status exchange_take(
	struct exchange *exchange, const struct ami_message *message, int64_t now_us);

/* Finishes what has waited long enough, by the clock that `now_us` of exchange_take is from, whatever the
 * exchange's own says. */
void exchange_tend(struct exchange *exchange, int64_t now_us);

/* ---- A lost connection ---- */

/* Events are missed from now on: every call under way is partial. */
void exchange_lost(struct exchange *exchange);

/* The exchange lists its channels: those between begin and end are still there, whatever else was thought
 * to be under way has ended meanwhile, and is finished as CALL_CUT. */
void exchange_list_begin(struct exchange *exchange);
void exchange_list_channel(struct exchange *exchange, struct slice uniqueid);
void exchange_list_end(struct exchange *exchange, int64_t now_us);

/* Nothing comes any more: what has ended is finished as it is, the rest as CALL_CUT. */
void exchange_end(struct exchange *exchange, int64_t now_us);

void exchange_look(const struct exchange *exchange, struct exchange_counts *out_counts);

#endif
