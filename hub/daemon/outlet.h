/* The way out: the fan-out with its desk, the live port, and the consumers of the bus's sessions.
 * Loop thread, but where it says otherwise. */
#ifndef DAEMON_OUTLET_H
#define DAEMON_OUTLET_H

#include "daemon/bus.h"
#include "daemon/engine.h"
#include "fanout/fanout.h"

struct outlet;

struct outlet_options {
	const struct daemon_settings *settings;
	struct loop *loop;
	struct zap *zap;
	struct engine *engine;
	/* The desk failed: the hub must stop.  Any thread. */
	void (*failed)(void *context, enum ch_status status, const char *what);
	void *context;
};

/* CH_CORRUPT, CH_VERSION: the desk; CH_BUSY, CH_INVALID: the live port's address; CH_NOMEM, CH_IO. */
enum ch_status outlet_open(const struct outlet_options *options, struct outlet **out_outlet);

/* Two steps, NULL is fine in both: stop after the bus; free after loop_free, which still runs the tasks
 * that were posted. */
void outlet_stop(struct outlet *outlet);
void outlet_free(struct outlet *outlet);

struct fanout *outlet_fanout(struct outlet *outlet);
const char *outlet_live_address(const struct outlet *outlet); /* "": there is no live port */
void outlet_wake(struct outlet *outlet);            /* the synced head has moved; any thread */
uint64_t outlet_floor(const struct outlet *outlet); /* any thread */

/* After a reload of the peers and bus_recheck. */
void outlet_recheck(struct outlet *outlet, struct bus *bus);

/* For struct bus_handlers.  The message is taken over. */
void outlet_consume(struct outlet *outlet, struct session *session, int kind,
	struct message *message, struct slice body);
void outlet_closed(struct session *session);
void outlet_writable(struct session *session);

#endif
