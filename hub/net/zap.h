/* Who may connect: the ZAP handler (ZeroMQ RFC 27) that every CURVE handshake of the hub asks.
 *
 * A CURVE server without a running handler accepts any key.  So this is what owns the ZeroMQ context:
 * no listening socket can be made without a `struct zap`, and zap_start returns one only after it has
 * proved, with throw-away connections, that a known key is accepted and an unknown one refused.
 *
 * A key that the roster knows gets the peer's name as its User-Id; that, and never a routing id, is
 * who a message is from.  The key itself goes along as a property, so that a handshake from before a
 * reload does not count as one with the peer's new key. */
#ifndef NET_ZAP_H
#define NET_ZAP_H

#include "base/metric.h"
#include "net/curve.h"
#include "net/loop.h"
#include "net/roster.h"

struct zap;

struct zap_options {
	struct roster *roster;           /* outlives the handler */
	const struct curve_pair *server; /* the hub's own; copied, wiped by zap_stop */
	int64_t io_threads;              /* of ZeroMQ, 1 to 16 */
	struct metrics *metrics;         /* may be NULL */
};

/* Turns the loop for as long as the proof takes, at most 10 s.  CH_DENIED: an unknown key was not
 * refused, or a known one was; nothing may be bound.  CH_NOMEM, CH_IO. */
enum ch_status zap_start(
	struct loop *loop, const struct zap_options *options, struct zap **out_zap);

/* After the sockets have been closed; waits until what they still had to send is sent or their
 * linger has passed. */
void zap_stop(struct zap *zap);

/* ---- For this folder ---- */

/* Where the proof happens; one key is good there, and only while zap_start runs. */
#define ZAP_PROBE_DOMAIN "carehub.probe"

/* The properties of each message that hold the key (Z85) and the number of its handshake.  Numbers count
 * up from 1 and are given on the loop thread. */
#define ZAP_KEY_PROPERTY    "X-Carehub-Key"
#define ZAP_NUMBER_PROPERTY "X-Carehub-Handshake"

/* The newest number; 0: none yet. */
uint64_t zap_handshakes(const struct zap *zap);

/* Somebody who wants to know all that has happened before a number is given.  The caller's, until it is
 * removed; removing one that was never added is fine. */
struct zap_watch {
	void (*hear)(void *context);
	void *context;
	struct zap_watch *next;
};
void zap_add_watch(struct zap *zap, struct zap_watch *watch);
void zap_remove_watch(struct zap *zap, struct zap_watch *watch);

void *zap_context(struct zap *zap);
const struct curve_pair *zap_server(const struct zap *zap);
struct roster *zap_roster(struct zap *zap);
struct metrics *zap_metrics(struct zap *zap);

#endif
