/* A WebSocket that agents' programs listen on: each gets a line of JSON for every telephone that rings and that it may
 * hear of.
 *
 * Whoever connects shows a token (passes.h): "Authorization: Bearer TOKEN", or ?token=TOKEN where a browser cannot set
 * headers.  With an agent's own he hears of his own calls; with the one for all of every call, or with ?agent=ID in the
 * address of that agent's.  Without any, with one that is nobody's, and for another agent's calls it is refused with
 * 403; with 503 when too many listen.
 *
 * What they send is passed over.  A program that does not read loses the oldest lines: a screen pop that is late is
 * worth nothing.
 *
 * On a loop of libuv's, by libwebsockets; one thread: from within uv_run, or between two runs. */
#ifndef CALLCENTER_SOCKETS_H
#define CALLCENTER_SOCKETS_H

#include <uv.h>

#include "channel/callcenter/passes.h"

struct sockets_options {
	const char *host; /* "127.0.0.1" */
	int port;         /* 0: any that is free */
	const struct passes *passes;
};

struct sockets_counts {
	uint64_t sent;
	uint64_t dropped; /* lines that were not read in time */
	uint64_t refused; /* connections that may not, or too many */
	uint64_t open;
};

struct sockets;

/* CH_BUSY: it cannot be bound; CH_NOMEM. */
enum ch_status sockets_open(
	uv_loop_t *loop, const struct sockets_options *options, struct sockets **out_sockets);
int sockets_port(const struct sockets *sockets);

/* Other passes from now on, and the ones before may go: who has none of them any more is cut off.  Not from within
 * uv_run. */
void sockets_renew(struct sockets *sockets, const struct passes *passes);

/* To all that want it; `agent` is the ID that they may ask for. */
void sockets_send(struct sockets *sockets, struct slice agent, struct slice line);

void sockets_look(const struct sockets *sockets, struct sockets_counts *out_counts);

/* Turns the loop until all is closed; NULL is fine.  Not from within uv_run. */
void sockets_close(struct sockets *sockets);

#endif
