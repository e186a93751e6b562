/* The inside of the exchange: calls (exchange.c), their stays in queues (stay.c), and what each event means
 * (exchange_event.c).
 *
 * Three kinds of things, each found by an id: a call (Linkedid) has channels (Uniqueid), a channel has stays in queues.
 * All of a call is in memory of its own and goes with it. */
#ifndef CALLCENTER_EXCHANGE_INSIDE_H
#define CALLCENTER_EXCHANGE_INSIDE_H

#include <stddef.h>

#include "base/table.h"
#include "channel/callcenter/exchange.h"

#define ID_BYTES         150u /* of Uniqueid and Linkedid, as the exchange bounds them */
#define CHANNELS_IN_CALL 256u
#define STAYS_IN_CHANNEL 64u

enum stay_state { WAITING, OFFERED, TALKING, LEFT, OVER, STATES };

struct stay {
	struct stay *older; /* of the same channel */
	enum stay_state state;
	uint32_t ordinal;
	struct slice queue;
	struct slice agent_name;
	struct slice agent_interface;
	struct slice transferred_to;
	int64_t joined_us;
	int64_t connected_us;
	int64_t wait_ms;
	int64_t ring_ms;
	int64_t talk_ms;
	int64_t hold_ms;
	int64_t hold_since_us; /* 0: not on hold */
	uint32_t position;
	uint32_t joined_position;
	uint32_t waiting; /* with him, when he came */
	uint32_t missed;
	enum call_exit exit;
	bool partial;
};

/* What the channel's caller answers. */
struct form {
	struct form *next;
	struct survey survey;
};

struct channel {
	struct channel *next; /* of the same call */
	struct call *call;
	struct slice uniqueid;
	struct slice caller_number;
	struct slice caller_name;
	struct slice dialled;
	struct slice language;
	struct stay *stay; /* the newest */
	struct form *forms;
	uint32_t stays;
	bool asked;  /* somebody wants it hung up */
	bool gone;   /* it is */
	bool listed; /* by the list under way */
};

struct scrap {
	struct scrap *next;
	max_align_t bytes[];
};

struct call {
	struct call *older; /* by first event; ended ones too */
	struct call *newer;
	struct slice call_id;
	struct slice system;
	struct scrap *scraps; /* all memory of it */
	struct channel *channels;
	uint32_t channel_count;
	uint32_t alive;
	struct call_leg *legs;
	size_t leg_count;
	size_t leg_total;
	int64_t first_us;
	int64_t last_us; /* of its last event */
	/* The same by our clock, which an exchange's may be days away from: what waits is measured with
	 * it. */
	int64_t came_us;
	int64_t heard_us;
	int64_t ended_us; /* its last channel hung up; 0: not yet, or not known when */
	uint32_t hangup_cause;
	bool linked;  /* by a Linkedid: all its legs are in it */
	bool queued;  /* came to a queue */
	bool partial; /* something of it was missed */
};

struct exchange {
	struct exchange_listener listener;
	struct exchange_options options;
	struct table calls;    /* by Linkedid */
	struct table channels; /* by Uniqueid */
	struct call *oldest;
	struct call *newest;
	struct exchange_counts counts;
	bool tells_requests; /* it sends HangupRequest */
};

/* ---- exchange.c ---- */

/* Memory that lives as long as the call, zeroed; NULL: it ran out. */
void *call_alloc(struct call *call, size_t len);

/* Keeps a value the first time it is told, cut to LIMIT_CALL_TEXT_BYTES. */
void call_keep(struct call *call, struct slice *to, struct slice text);

/* ---- stay.c ---- */

void exchange_tell(struct exchange *exchange, const struct call_record *record);

/* What is known of the call by its channel. */
struct call_record call_record_begin(const struct call *call, const struct channel *channel);

/* A new stay in the message's queue; NULL: it names none, or there are too many. */
struct stay *stay_create(struct channel *channel, const struct ami_message *message);

/* It has come so far, CALL_QUEUED or CALL_CONNECTED: tells it. */
void stay_tell(struct exchange *exchange, const struct channel *channel, const struct stay *stay,
	enum call_outcome outcome, int64_t now_us);

/* The channel is gone: tells what its caller answered. */
void channel_tell_forms(struct exchange *exchange, struct channel *channel, int64_t now_us);

/* It is over: tells it. */
void stay_finish(struct exchange *exchange, struct channel *channel, struct stay *stay,
	enum call_outcome outcome, enum call_end ended_by, int64_t now_us);

/* What can happen to a stay. */
enum signal {
	SIGNAL_OFFER,   /* a phone rings */
	SIGNAL_MISS,    /* nobody took it */
	SIGNAL_CONNECT, /* somebody did */
	SIGNAL_COMPLETE,
	SIGNAL_ABANDON, /* out of the queue without an agent, or so the exchange says */
	SIGNAL_STATUS,  /* why */
	SIGNAL_GOES_ON, /* the dial plan has him again */
	SIGNAL_HANGUP,  /* his channel is no more */
	SIGNALS,
};

/* An event, and where it belongs. */
struct occasion {
	struct exchange *exchange;
	const struct ami_message *message;
	struct channel *channel;
	struct stay *stay;
	int64_t now_us;
};

/* Does to the channel's newest stay what the table of states says. */
void stay_signal(struct occasion *at, enum signal signal);

/* A number, 0 when there is none; seconds, in milliseconds. */
uint64_t take_number(const struct ami_message *message, const char *key);
int64_t take_ms(const struct ami_message *message, const char *key);

/* ---- exchange_event.c ---- */

/* Which channel an event is about, and whether it may be the first to tell of it. */
struct event_row {
	const char *event;
	const char *channel; /* the key of its Uniqueid */
	void (*take)(struct occasion *at);
	bool makes;    /* the channel, when it is not known */
	bool snapshot; /* it tells what the channel is, too */
};

const struct event_row *event_row_of(struct slice name); /* NULL: of no interest */

#endif
