/* Puts a load on a server and says how it did.  A contestant is a table of five functions that know
 * how to talk to its server; the driver decides what is sent when, keeps the window, measures from
 * the acknowledgements and prints `metric<TAB>value<TAB>unit` lines.
 *
 * One thread runs everything: on two cores a second one would be taken from the server.
 *
 * Saturate and low load are closed loops: the next event leaves when one is acknowledged, and its
 * latency counts from when it was handed to the contestant.  The open loop has a timetable: event i
 * is due at start + i / rate, and its latency counts from then, whether or not the window let it
 * leave.  So a stall is charged to every event it delayed, not to the one that happened to be in
 * flight.  The first fifth of a run (at most one second) warms up and is not counted.
 *
 * Nothing is believed unseen: a refused event, one that is never acknowledged, or a server that
 * stores fewer events than it acknowledged fails the run. */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdint.h>

#include "base/status.h"
#include "bench/load/event.h"
#include "bench/load/options.h"

struct driver;

/* What a contestant does.  All run on the driver's thread.  A failure is said on standard error by
 * the contestant, who knows why, and ends the run. */
struct driver_peer {
	const char *name;
	uint32_t batch_max; /* events that a request can carry; 0: as many as are asked for */

	/* Requests that a connection has in flight at most; 0: as many as the window holds.  Where
	 * every request costs the server a sync of its own, few: what falls due meanwhile then leaves
	 * as one larger request, as in any sender that knows its server. */
	uint32_t depth_max;

	/* Connect options->connections times; in MODE_PREPARE also make what runs need.  `driver` is
	 * for driver_acked().  On failure nothing is left open. */
	enum ch_status (*open)(
		const struct options *options, struct driver *driver, void **out_peer);

	/* Put one request of `count` events on connection `connection` (from 0).  It may stay in a
	 * buffer until the next wait.  `slot` names the request in driver_acked(). */
	enum ch_status (*send)(void *peer, uint32_t connection, uint32_t slot,
		const struct event *events, uint32_t count);

	/* Push out what is buffered, wait until something comes in or `timeout_ns` has passed, and
	 * call driver_acked() for each request that was answered. */
	enum ch_status (*wait)(void *peer, int64_t timeout_ns);

	/* How many events the server holds, asked when nothing is in flight.  NULL for a server that
	 * keeps none. */
	enum ch_status (*stored)(void *peer, uint64_t *out_events);

	/* Prints what else it knows of the run, in which `acked` events were acknowledged.  NULL:
	 * nothing. */
	enum ch_status (*report)(void *peer, uint64_t acked);

	void (*close)(void *peer);
};

/* The request in `slot` is acknowledged as the server understands it.  Only from within wait(). */
void driver_acked(struct driver *driver, uint32_t slot);

/* The whole program: parse, open, run, print, close.  Returns main's exit status: 0, 1 when the run
 * failed or cannot be believed, 64 for a wrong command line. */
int driver_main(int argc, char **argv, const struct driver_peer *peer);

/* Nanoseconds of the clock that latencies are taken from. */
int64_t driver_now_ns(void);

#endif
