/* The inside of struct ch_connection: who owns which part of it.
 *
 * The I/O thread (session.c) owns the session: the socket, what the hub was told and has answered, the
 * list of subscriptions and requests.  Other threads hand it commands, events (outbox) and acks
 * (answers), and ring the bell. */
#ifndef CLIENT_CONNECTION_H
#define CLIENT_CONNECTION_H

#include <carehub/connection.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/bell.h"
#include "base/mailbox.h"
#include "client/error.h"
#include "client/options.h"
#include "client/outbox.h"
#include "client/session.h"
#include "client/window.h"

/* Something to be done on the I/O thread.  It is done exactly once if posting it succeeded; after the
 * session is over too, so `run` looks at its state. */
struct command {
	struct mailbox_node node;
	void (*run)(struct ch_connection *connection, struct command *command);
};

struct ch_connection {
	atomic_uint references; /* the user's, and one for each subscription */
	struct ch_options *options;
	struct bell bell;
	struct mailbox commands;
	struct mailbox answers; /* subscriptions that have something to tell the hub */
	struct outbox outbox;
	struct window window; /* the I/O thread's, but for its counters */
	pthread_t thread;

	/* Guarded by lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum ch_state state;
	enum ch_status why;
	char detail[ERROR_DETAIL_BYTES];
	bool welcomed; /* at least once */
	bool draining;
	struct ch_info info;
	uint32_t checkpoint_count;
	struct kept_checkpoint *checkpoints;

	_Atomic uint64_t frames_sent;
	_Atomic uint64_t frames_received;
	_Atomic uint64_t bytes_sent;
	_Atomic uint64_t bytes_received;
	_Atomic uint64_t delivered;
	_Atomic uint64_t suppressed;
	_Atomic uint64_t acknowledged;
	_Atomic uint64_t connects;
	_Atomic uint64_t unreadable;
	_Atomic int64_t round_trip_us;

	struct session session;
};

struct kept_checkpoint {
	char source[LIMIT_SOURCE_BYTES + 1];
	uint8_t bytes[LIMIT_CHECKPOINT_BYTES];
	size_t len;
	uint64_t sequence;
};

struct ch_connection *connection_ref(struct ch_connection *connection);
void connection_unref(struct ch_connection *connection); /* the last one frees */

/* False: the session is over, `command` is still the caller's. */
bool connection_post(struct ch_connection *connection, struct command *command);

/* Whether the caller is the I/O thread, in a callback: then it must not wait. */
bool connection_is_inside(const struct ch_connection *connection);

/* Something has happened that ch_drain may wait for. */
void connection_note(struct ch_connection *connection);

/* ---- The I/O thread ---- */

/* Sets the state, wakes who waits for it, tells the callback. */
void connection_enter(struct ch_connection *connection, enum ch_state state, enum ch_status why,
	const char *detail);

/* What a welcome brought. */
void connection_welcome(struct ch_connection *connection, const struct welcome *welcome);

/* The hub has told a newer head. */
void connection_set_head(struct ch_connection *connection, uint64_t head);

#endif
