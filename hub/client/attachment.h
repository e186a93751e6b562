/* The I/O thread's side of subscriptions: attaching, attaching again, handing on what comes, leaving. */
#ifndef CLIENT_ATTACHMENT_H
#define CLIENT_ATTACHMENT_H

#include <zmq.h>

#include "base/slice.h"
#include "client/connection.h"
#include "client/subscription.h"
#include "wire/frame.h"

/* What subscription commands do; attachment_run is how they are run. */
void attachment_attach(struct ch_connection *connection, struct ch_subscription *subscription);
void attachment_detach(struct ch_connection *connection, struct ch_subscription *subscription);
void attachment_drain(struct ch_connection *connection, struct ch_subscription *subscription);
void attachment_forget(struct ch_connection *connection, struct ch_subscription *subscription);
void attachment_run(struct ch_connection *connection, struct command *command);

/* The connection is up: everybody attaches.  It is lost.  It is over, for good. */
void attachment_welcome(struct ch_connection *connection);
void attachment_lost(struct ch_connection *connection);
void attachment_end(struct ch_connection *connection);

/* Messages of the hub. */
enum ch_status attachment_take_subscribed(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message);
enum ch_status attachment_take_deliver(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message);
enum ch_status attachment_take_mark(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message);
void attachment_refused(struct ch_connection *connection, enum frame_kind kind, uint32_t handle,
	enum ch_status reason, const char *detail);

/* Those whom the hub had put off try attaching again when it is time. */
void attachment_try_again(struct ch_connection *connection, int64_t now_us);

enum subscription_state attachment_state(struct ch_subscription *subscription);

#endif
