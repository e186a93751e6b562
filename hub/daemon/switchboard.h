/* Between control and the hub: requests of the bus's sessions go in, replies go out, and what
 * control wants to know of the hub as a whole is told here.  Loop thread. */
#ifndef DAEMON_SWITCHBOARD_H
#define DAEMON_SWITCHBOARD_H

#include "daemon/bus.h"
#include "daemon/engine.h"
#include "daemon/keeper_thread.h"
#include "daemon/outlet.h"
#include "net/roster.h"

struct switchboard;

struct switchboard_options {
	const struct daemon_settings *settings;
	struct loop *loop;
	struct engine *engine;
	struct timekeeper *clock;
	struct ingest *ingest;
	struct outlet *outlet;
	struct roster *roster;
	struct keeper_thread *keeper;
};

/* CH_NOMEM. */
enum ch_status switchboard_open(
	const struct switchboard_options *options, struct switchboard **out_switchboard);
void switchboard_close(struct switchboard *switchboard); /* before outlet_stop; NULL: fine */

/* The bus is opened with handlers that lead here, so it comes later.  Before its first message. */
void switchboard_join(struct switchboard *switchboard, struct bus *bus);

/* Peers' files and rules.conf are read again, all or nothing.  CH_INVALID when it added to
 * `problems`. */
enum ch_status switchboard_reload(struct switchboard *switchboard, struct problems *problems);

/* For struct bus_handlers; the context is the switchboard. */
void switchboard_request(
	void *context, struct session *session, struct message *message, struct slice body);
void switchboard_closed(void *context, struct session *session);
void switchboard_writable(void *context, struct session *session);

#endif
