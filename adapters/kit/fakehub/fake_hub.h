/* A hub without a hub: a ROUTER with CURVE and ZAP in a thread, speaking docs/protocol.md over a log in
 * memory.  For tests of whoever speaks the protocol from the other side, adapters above all.
 *
 * It behaves unless told otherwise: every event gets a receipt (accepted, duplicate, conflict), durable
 * subscriptions keep what was acknowledged over connections, the newest instance fences the older.
 * Faults are asked for one by one; they take effect between two messages.
 *
 *     struct fake_hub *hub = fake_hub_start(NULL);
 *     ... connect to fake_hub_endpoint(hub) with fake_hub_server_key and fake_hub_secret_key ...
 *     fake_hub_hold_receipts(hub, true);
 *     assert_true(fake_hub_wait(hub, FAKE_PUBLISHES, 1, 5000));
 *     fake_hub_drop(hub);
 *     fake_hub_stop(hub);
 *
 * | promise of the bus that a client can meet      | asked for by                                   |
 * |------------------------------------------------|------------------------------------------------|
 * | a receipt for every event                      | nothing: it is the usual                       |
 * | DUPLICATE, CONFLICT by (source, id, digest)    | nothing; fake_hub_fill puts events there first |
 * | REFUSED with a field, RETRY_AFTER, CONFLICT    | fake_hub_answer, fake_hub_answer_next          |
 * | REFUSED for a whole message, fatal or not      | fake_hub_refuse_next                           |
 * | a smaller window, none at all                  | fake_hub_set_credit                            |
 * | slow receipts, split and gathered ones         | fake_hub_set_pace, fake_hub_hold_receipts,     |
 * |                                                |     fake_hub_hold_after                        |
 * | a connection that breaks, before or behind     | fake_hub_drop, fake_hub_drop_after,            |
 * |     what was stored                            |     fake_hub_lose_publishes                    |
 * | a hub that is away, silent, restarted, restored| fake_hub_go_away, _fall_silent, _restart,      |
 * |                                                |     _restore                                   |
 * | signs of life asked for                        | the clock: fake_hub_advance                    |
 * | checkpoints given back                         | nothing; fake_hub_set_checkpoint puts others   |
 *
 * Receipts always come in the order of their events: nothing else is allowed to a hub.
 *
 * Time is the hub's own: fake_hub_stop_clock holds it, fake_hub_advance moves it, and everything that is
 * due by it (slow receipts, redeliveries, signs of life) is done when fake_hub_advance returns.
 *
 * Every function may be called by any thread. */
#ifndef KIT_FAKE_HUB_H
#define KIT_FAKE_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/receipt.h"
#include "wire/subscribe.h"

struct fake_hub;

struct fake_hub_options {
	const char *endpoint;      /* NULL: a free port of the loopback */
	uint32_t credit;           /* for publishing; 0: 1024 */
	uint32_t heartbeat_ms;     /* 0: 10 000 */
	uint32_t events_per_frame; /* 0: 256 */
	uint32_t parts;            /* of each delivery group; 0: 1 */
};

/* NULL: something is badly wrong, errno says what. */
struct fake_hub *fake_hub_start(const struct fake_hub_options *options);
void fake_hub_stop(struct fake_hub *hub);

const char *fake_hub_endpoint(const struct fake_hub *hub);
const char *fake_hub_server_key(const struct fake_hub *hub); /* public, Z85 */
/* Of the one peer that may connect, "tester". */
const char *fake_hub_secret_key(const struct fake_hub *hub);

/* ---- Its clock ---- */

/* Time stands still until it is moved, or let go again; then it goes on from where it was. */
void fake_hub_stop_clock(struct fake_hub *hub);
void fake_hub_run_clock(struct fake_hub *hub);

/* So much later, at once, whether it stands or runs. */
void fake_hub_advance(struct fake_hub *hub, int64_t us);

/* ---- The connection ---- */

/* Breaks all connections and listens again, with the log and the cursors as they were. */
void fake_hub_drop(struct fake_hub *hub);

/* The same, as soon as so many more events are stored and before the receipt of the last goes out. */
void fake_hub_drop_after(struct fake_hub *hub, uint32_t events);

/* As fake_hub_drop, and does not listen until told to. */
void fake_hub_go_away(struct fake_hub *hub);
void fake_hub_come_back(struct fake_hub *hub);

/* Another process with the same log: connections break, and no session is known any more. */
void fake_hub_restart(struct fake_hub *hub);

/* Forgets the log, as a restore from before its first entry would: another incarnation. */
void fake_hub_restore(struct fake_hub *hub, uint64_t incarnation);

/* Reads nothing and says nothing, with the connections open. */
void fake_hub_fall_silent(struct fake_hub *hub, bool silent);

/* Raw bytes to all connections. */
void fake_hub_send_raw(struct fake_hub *hub, const void *bytes, size_t len);

/* The next message of this kind (FRAME_...) is answered by REFUSED. */
void fake_hub_refuse_next(struct fake_hub *hub, int kind, enum ch_status reason, bool fatal);

/* ---- What becomes of published events ---- */

struct fake_answer {
	struct receipt receipt; /* outcome and what belongs to it; texts are copied */
	uint32_t skip;          /* so many events first are taken as usual */
	uint32_t every;         /* then each so manieth: 3 is one of three; 0: 1 */
	uint32_t events;        /* and so many of those in all */
};

/* Events get this answer in place of being taken.  At most 16 answers may be under way; the oldest that
 * fits an event is given. */
void fake_hub_answer(struct fake_hub *hub, const struct fake_answer *answer);

/* The same for the next `events` events, from now on. */
void fake_hub_answer_next(struct fake_hub *hub, uint32_t events, const struct receipt *receipt);

struct fake_pace {
	int64_t delay_us;     /* from an event to its receipt */
	int64_t beat_us;      /* receipts go out only so often: those of many frames together */
	uint32_t per_message; /* at most so many receipts in a message; 0: as many as may be */
};

void fake_hub_set_pace(struct fake_hub *hub, const struct fake_pace *pace);

/* Events are stored, their receipts wait until the hold ends. */
void fake_hub_hold_receipts(struct fake_hub *hub, bool hold);

/* The same, as soon as so many more events have come: whatever the load, somebody waits for a receipt then. */
void fake_hub_hold_after(struct fake_hub *hub, uint32_t events);

/* The next `frames` frames are dropped unread: as if the connection broke before they arrived. */
void fake_hub_lose_publishes(struct fake_hub *hub, uint32_t frames);

/* A new window, told with CREDIT; 0: nothing may be sent. */
void fake_hub_set_credit(struct fake_hub *hub, uint32_t credit);

/* Welcomes bring this checkpoint for the source, as if an event had, if it is asked for. */
void fake_hub_set_checkpoint(
	struct fake_hub *hub, const char *source, const char *checkpoint, uint64_t sequence);

/* Adds events to the log as if they had been published: ids "<prefix>1", "<prefix>2" ... */
void fake_hub_fill(struct fake_hub *hub, const char *prefix, uint32_t events);

/* ---- What happens to subscriptions ---- */

/* No answer to DETACH. */
void fake_hub_keep_detaches(struct fake_hub *hub, bool keep);

/* A mark to all subscriptions. */
void fake_hub_mark(struct fake_hub *hub, const struct mark *mark);

/* An operator moves the cursor of a durable subscription back to this sequence. */
void fake_hub_seek(struct fake_hub *hub, const char *name, uint64_t cursor);

/* Another instance attaches to all subscriptions. */
void fake_hub_fence(struct fake_hub *hub);

/* Deliveries of this replay job to all subscriptions: the sequences first to last once more. */
void fake_hub_replay(struct fake_hub *hub, const char *job, uint64_t first, uint64_t last);

/* Snapshots consist of this many records; the subscription's own events follow. */
void fake_hub_set_snapshot(struct fake_hub *hub, uint32_t records);

/* ---- What it has seen ---- */

enum fake_counter {
	FAKE_HELLOS,
	FAKE_RESUMES,   /* hellos with a token that was known */
	FAKE_PUBLISHES, /* frames */
	FAKE_EVENTS,    /* in them */
	FAKE_STORED,    /* different ones: the head */
	FAKE_DUPLICATES,
	FAKE_CONFLICTS,
	FAKE_REFUSALS,       /* events that were refused */
	FAKE_RETRIES,        /* events that were put off */
	FAKE_RECEIPTS,       /* of them have been sent, whatever they said */
	FAKE_IMPATIENT,      /* events that were put off and came again before their time */
	FAKE_MOST_IN_FLIGHT, /* events without a receipt on one connection, at most */
	FAKE_MOST_IN_A_FRAME,
	FAKE_SUBSCRIBES,
	FAKE_DELIVERIES,
	FAKE_ACKS,   /* messages */
	FAKE_RANGES, /* in them */
	FAKE_ACKED,  /* groups */
	FAKE_NACKS,
	FAKE_PARKED,
	FAKE_GRANTS,
	FAKE_DETACHES,
	FAKE_DELETES,
	FAKE_REQUESTS,
	FAKE_PINGS,
	FAKE_PONGS,
	FAKE_LOST, /* connections without a sign of life */
	FAKE_BYES,
	FAKE_JOB_ACKED,  /* groups of replay jobs */
	FAKE_VIOLATIONS, /* of the protocol, by the client: should stay 0 */
	FAKE_COUNTERS,
};

uint64_t fake_hub_count(struct fake_hub *hub, enum fake_counter counter);

/* True as soon as the counter is at least that. */
bool fake_hub_wait(
	struct fake_hub *hub, enum fake_counter counter, uint64_t at_least, int64_t timeout_ms);

/* What the last violation was; "" when there was none. */
const char *fake_hub_violation(struct fake_hub *hub);

/* Copies the id, or the source, of the event at this sequence, as text; false: none. */
bool fake_hub_id_at(struct fake_hub *hub, uint64_t sequence, char *out, size_t size);
bool fake_hub_source_at(struct fake_hub *hub, uint64_t sequence, char *out, size_t size);

/* The cursor of a durable subscription; UINT64_MAX: there is none of that name. */
uint64_t fake_hub_cursor(struct fake_hub *hub, const char *name);

#endif
