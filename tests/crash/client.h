/* A producer on the raw protocol: keeps a window full of events of the load, new ones and resent ones,
 * and writes every receipt into the ledger.  What was on its way when the hub died is sent again by the
 * next client. */
#ifndef CRASH_CLIENT_H
#define CRASH_CLIENT_H

#include "crash/ledger.h"
#include "crash/server.h"

struct client;

struct client_options {
	struct ledger *ledger;
	const struct server *server;
	uint64_t seed;
	uint32_t lane;   /* of several clients at once; each sends again what falls into its lane */
	uint32_t lanes;  /* 0: it is alone */
	uint32_t window; /* events on their way */
	uint32_t frame_events; /* at most so many in a frame */
	uint32_t fresh;        /* new events in this life */
	uint32_t resends;      /* of a hundred events, so many are old ones */
	/* Called for each receipt that the ledger has taken; may be NULL. */
	void (*answered)(void *context, uint32_t index);
	void *context;
};

enum ch_status client_open(const struct client_options *options, struct client **out_client);
void client_close(struct client *client); /* NULL is fine */

/* Sends what the window allows and takes receipts, for at most so long.  CH_OK: there is more to do;
 * CH_END: everything was sent and answered; CH_IO, CH_NOMEM, CH_FORMAT: what the hub says is wrong. */
enum ch_status client_turn(struct client *client, int timeout_ms);

#endif
