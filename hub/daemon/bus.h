/* The bus's sessions: who is connected, and where each of his messages goes.
 *
 *     HELLO, PING, BYE              here
 *     PUBLISH                       ingest
 *     SUBSCRIBE, GRANT, ACK, DETACH fan-out
 *     REQUEST                       control
 *
 * Core and fan-out know nothing of each other; this is where they meet.  Loop thread. */
#ifndef DAEMON_BUS_H
#define DAEMON_BUS_H

#include "base/metric.h"
#include "daemon/settings.h"
#include "ingest/ingest.h"
#include "journal/journal.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/zap.h"

struct bus;
struct session;

/* What the bus hands on to others, by kind; a NULL one is refused as unsupported. */
struct bus_handlers {
	/* A subscriber's message: FRAME_SUBSCRIBE, GRANT, ACK, DETACH.  The message is the callee's. */
	void (*consume)(void *context, struct session *session, int kind, struct message *message,
		struct slice body);
	void (*request)(
		void *context, struct session *session, struct message *message, struct slice body);
	/* The connection is gone: nothing more may be sent to it. */
	void (*closed)(void *context, struct session *session);
	void (*writable)(void *context, struct session *session);
	/* The newest checkpoint of a source, appended to `out`; false: none. */
	bool (*checkpoint)(
		void *context, struct slice source, struct buffer *out, uint64_t *out_sequence);
	void *context;
};

struct bus_options {
	const struct daemon_settings *settings;
	struct loop *loop;
	struct zap *zap;
	struct ingest *ingest;
	struct journal *journal;
	struct metrics *metrics;
	struct bus_handlers handlers;
};

/* CH_BUSY, CH_INVALID, CH_DENIED: the address; CH_NOMEM, CH_IO. */
enum ch_status bus_open(const struct bus_options *options, struct bus **out_bus);
void bus_close(struct bus *bus);

const char *bus_address(const struct bus *bus);
size_t bus_sessions(const struct bus *bus);

/* After a reload of the peers. */
void bus_recheck(struct bus *bus);

/* ---- Sessions ---- */

uint64_t session_number(const struct session *session);
struct peer *session_peer(const struct session *session);
struct slice session_agent(const struct session *session);
void *session_user(const struct session *session);
void session_set_user(struct session *session, void *user);
struct session *session_find(struct bus *bus, uint64_t number);
struct session *session_next(const struct bus *bus, size_t *at);
int64_t session_connected_us(const struct session *session);
int64_t session_heard_us(const struct session *session);          /* its last message, UTC */
struct producer *session_producer(const struct session *session); /* NULL: has published nothing */

/* CH_FULL: try again when `writable` says so; CH_CLOSED. */
enum ch_status session_send(struct session *session, struct slice frame);
enum ch_status session_send_buffer(struct session *session, struct buffer *frame);

/* REFUSED, and when `fatal` the connection is closed. */
void session_refuse(struct session *session, int kind, enum ch_status reason, const char *detail,
	uint64_t about, bool fatal);

#endif
