/* A connection to an exchange that is always there, as far as it can be: looked up, made, wrapped in TLS where that is
 * wanted, and made again with growing pauses when it is lost.  What is said on it is somebody else's (ami_client,
 * esl_client).
 *
 *     down -> connecting -> (handshake) -> open
 *
 * Each pause is twice the last, from `first_ms` to `longest_ms`, and drawn from its upper half, so that many clients
 * do not come back in the same moment; where trying again soon cannot help (a refused login, a refused certificate)
 * it is the longest at once.  Every loss is logged, as `exchange.down` with the reason.
 *
 * On a loop of libuv's; everything on its thread, from within uv_run. */
#ifndef CALLCENTER_UPLINK_H
#define CALLCENTER_UPLINK_H

#include <uv.h>

#include "channel/callcenter/tls.h"

struct uplink_options {
	const char *host;
	const char *port;
	const struct tls *tls; /* NULL: plain */
	int64_t keepalive_ms;  /* how often whoever speaks on it asks for a sign of life */
	int64_t timeout_ms;    /* for a connection, a handshake, a login, an answer */
	int64_t first_ms;      /* pauses between tries: doubled from first to longest */
	int64_t longest_ms;
};

struct uplink_listener {
	/* It is there, and bytes may be sent; what was under way on the last one is forgotten. */
	void (*opened)(void *context);
	/* Some came.  The uplink may be lost by them: look at uplink_is_open before going on. */
	void (*came)(void *context, struct slice bytes);
	/* While it is open, often enough to see either of timeout and keepalive in time. */
	void (*tend)(void *context);
	void (*lost)(void *context); /* it was open */
	void *context;
};

struct uplink;

/* Texts and tls must outlive it.  Starts at once.  CH_NOMEM, CH_IO. */
enum ch_status uplink_open(uv_loop_t *loop, const struct uplink_options *options,
	const struct uplink_listener *listener, struct uplink **out_uplink);

/* Ends the connection; the loop must be run until it has no more handles, then uplink_free. */
void uplink_close(struct uplink *uplink);
void uplink_free(struct uplink *uplink); /* NULL is fine */

bool uplink_is_open(const struct uplink *uplink);

/* Bytes for the far side, copied; the copy is wiped when they are out.  Where that fails, or the far side does not
 * read, the connection is lost. */
void uplink_send(struct uplink *uplink, struct slice bytes);

/* Gives the connection up, with what is wrong in one line; `hopeless`: the next try is after the longest pause. */
void uplink_lose(struct uplink *uplink, bool hopeless, const char *why);

/* All is well with it: the next pause is the first again. */
void uplink_settle(struct uplink *uplink);

#endif
