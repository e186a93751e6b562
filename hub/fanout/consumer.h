/* A consumer: one session's side of the fan-out.  All of its calls are the loop thread's. */
#ifndef FANOUT_CONSUMER_H
#define FANOUT_CONSUMER_H

#include "fanout/fanout.h"
#include "wire/frame.h"

struct consumer;

struct consumer_options {
	/* The peer's name; a subscription belongs to the peer that made it. */
	struct slice peer;
	/* An operator may attach to the subscriptions of others. */
	bool is_operator;
	/* Whether the peer may see all that a pattern over types can match.  Called by consumer_open and
	 * consumer_recheck only.  A snapshot of a table needs the topic `snapshot.` and the table's name, the values
	 * in news of a record the topic `values.` and the field's (news.h). */
	bool (*may_subscribe)(void *context, struct slice pattern);
	/* Takes over the frame's memory and leaves it empty; false: the socket is full, it is offered again
	 * by consumer_writable.  It must not close the consumer. */
	bool (*send)(void *context, struct buffer *frame);
	void *context;
};

enum ch_status consumer_open(struct fanout *fanout, const struct consumer_options *options,
	struct consumer **out_consumer); /* CH_NOMEM */

/* The session is over: its subscriptions rest, what it had not answered will come again.  Nothing is sent
 * any more.  NULL is fine. */
void consumer_close(struct consumer *consumer);

/* A subscriber's message: FRAME_SUBSCRIBE, GRANT, ACK or DETACH; answers come as frames.  CH_FORMAT,
 * CH_TOO_LARGE, CH_INVALID: it cannot be read, and *out_field (constant text) is the field at fault;
 * CH_FULL: it asks without taking the answers, the connection should be closed; CH_NOMEM. */
enum ch_status consumer_message(
	struct consumer *consumer, enum frame_kind kind, struct slice body, const char **out_field);

/* The socket takes frames again. */
void consumer_writable(struct consumer *consumer);

/* The peer's rights have changed: what is attached is judged anew.  CH_NOMEM: it is not; the connection
 * should be closed. */
enum ch_status consumer_recheck(struct consumer *consumer);

#endif
