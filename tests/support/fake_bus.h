/* A hub's bus without a hub: a ROUTER with CURVE and ZAP in a thread, speaking docs/protocol.md over a
 * log in memory.  For tests of whoever speaks the protocol from the other side.
 *
 * It behaves unless told otherwise: every event gets a receipt (accepted, duplicate, conflict), durable
 * subscriptions keep what was acknowledged over connections, the newest instance fences the older.
 * Faults are asked for one by one; they take effect between two messages.
 *
 *     struct fake_bus *bus = fake_bus_start(NULL);
 *     ... connect to fake_bus_endpoint(bus) with fake_bus_server_key and fake_bus_secret_key ...
 *     fake_bus_hold_receipts(bus, true);
 *     assert_true(fake_bus_wait(bus, FAKE_PUBLISHES, 1, 5000));
 *     fake_bus_drop(bus);
 *     fake_bus_stop(bus);
 */
#ifndef SUPPORT_FAKE_BUS_H
#define SUPPORT_FAKE_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/receipt.h"
#include "wire/subscribe.h"

struct fake_bus;

struct fake_bus_options {
	const char *endpoint;        /* NULL: a free port of the loopback */
	uint32_t credit;             /* for publishing; 0: 1024 */
	uint32_t heartbeat_ms;       /* 0: 10 000 */
	uint32_t events_per_frame;   /* 0: 256 */
	uint32_t parts;              /* of each delivery group; 0: 1 */
	const char *server_key_text; /* secret, Z85; NULL: a new one */
};

/* NULL: something is badly wrong, errno says what. */
struct fake_bus *fake_bus_start(const struct fake_bus_options *options);
void fake_bus_stop(struct fake_bus *bus);

const char *fake_bus_endpoint(const struct fake_bus *bus);
const char *fake_bus_server_key(const struct fake_bus *bus); /* public, Z85 */
const char *fake_bus_secret_key(
	const struct fake_bus *bus); /* of the one peer that may connect, "tester" */

/* ---- Faults and wishes ---- */

/* Breaks all connections and listens again, with the log and the cursors as they were. */
void fake_bus_drop(struct fake_bus *bus);

/* The same, and does not listen until told to. */
void fake_bus_go_away(struct fake_bus *bus);
void fake_bus_come_back(struct fake_bus *bus);

/* Reads nothing and says nothing, with the connections open. */
void fake_bus_fall_silent(struct fake_bus *bus, bool silent);

/* Events are stored, their receipts wait until the hold ends. */
void fake_bus_hold_receipts(struct fake_bus *bus, bool hold);

/* The next `frames` frames are dropped unread: as if the connection broke before they arrived. */
void fake_bus_lose_publishes(struct fake_bus *bus, uint32_t frames);

/* A new window, told with CREDIT. */
void fake_bus_set_credit(struct fake_bus *bus, uint32_t credit);

/* The next `events` events get this answer in place of being taken. */
void fake_bus_answer_next(struct fake_bus *bus, uint32_t events, const struct receipt *receipt);

/* The next message of this kind is answered by REFUSED. */
void fake_bus_refuse_next(struct fake_bus *bus, int kind, enum ch_status reason, bool fatal);

/* No answer to DETACH. */
void fake_bus_keep_detaches(struct fake_bus *bus, bool keep);

/* A mark to all subscriptions. */
void fake_bus_mark(struct fake_bus *bus, const struct mark *mark);

/* An operator moves the cursor of a durable subscription back to this sequence. */
void fake_bus_seek(struct fake_bus *bus, const char *name, uint64_t cursor);

/* Forgets the log, as a restore from before its first entry would: another incarnation. */
void fake_bus_restore(struct fake_bus *bus, uint64_t incarnation);

/* Another instance attaches to all subscriptions. */
void fake_bus_fence(struct fake_bus *bus);

/* Raw bytes to all connections. */
void fake_bus_send_raw(struct fake_bus *bus, const void *bytes, size_t len);

/* The welcome brings this checkpoint for the source, if it is asked for. */
void fake_bus_set_checkpoint(
	struct fake_bus *bus, const char *source, const char *checkpoint, uint64_t sequence);

/* Adds events to the log as if they had been published: ids "<prefix>1", "<prefix>2" ... */
void fake_bus_fill(struct fake_bus *bus, const char *prefix, uint32_t events);

/* Deliveries of this replay job to all subscriptions: the sequences first to last once more. */
void fake_bus_replay(struct fake_bus *bus, const char *job, uint64_t first, uint64_t last);

/* Snapshots consist of this many records; the subscription's own events follow. */
void fake_bus_set_snapshot(struct fake_bus *bus, uint32_t records);

/* ---- What it has seen ---- */

enum fake_counter {
	FAKE_HELLOS,
	FAKE_RESUMES,   /* hellos with a token that was known */
	FAKE_PUBLISHES, /* frames */
	FAKE_EVENTS,    /* in them */
	FAKE_STORED,    /* different ones: the head */
	FAKE_CONFLICTS,
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
	FAKE_BYES,
	FAKE_JOB_ACKED,  /* groups of replay jobs */
	FAKE_VIOLATIONS, /* of the protocol, by the client: should stay 0 */
	FAKE_COUNTERS,
};

uint64_t fake_bus_count(struct fake_bus *bus, enum fake_counter counter);

/* True as soon as the counter is at least that. */
bool fake_bus_wait(
	struct fake_bus *bus, enum fake_counter counter, uint64_t at_least, int64_t timeout_ms);

/* What the last violation was; "" when there was none. */
const char *fake_bus_violation(struct fake_bus *bus);

/* Copies the id of the event at this sequence, as text; false: none. */
bool fake_bus_id_at(struct fake_bus *bus, uint64_t sequence, char *out, size_t size);

/* The cursor of a durable subscription; UINT64_MAX: there is none of that name. */
uint64_t fake_bus_cursor(struct fake_bus *bus, const char *name);

#endif
