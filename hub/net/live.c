#include "net/live.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "net/links.h"
#include "net/message.h"
#include "net/pump.h"

#define LIVE_MESSAGES_TURN 256
#define LIVE_MESSAGE_BYTES 1024
#define LIVE_SWEEP_MS      250

/* One connection that has subscribed to something, allowed or not. */
struct subscriber {
	struct subscriber *next;
	struct peer *peer;     /* a reference */
	struct link *link;     /* NULL: the monitor has yet to tell of it */
	const char *condemned; /* why it is to be cut; NULL: it is not */
	int fd;
	uint64_t handshake;
	size_t topics; /* that were added for it */
	size_t asked;  /* that libzmq remembers for it, added or not */
};

struct live {
	struct loop *loop;
	struct zap *zap;
	void *socket;
	struct pump *pump;
	struct links *links;
	struct loop_timer *sweep;
	struct subscriber *first;
	size_t topics; /* of all */
	char address[LISTENER_ADDRESS_BYTES];
	struct metric *published;
	struct metric *subscriptions;
	struct metric *refused;
	struct metric *malformed;
};

/* ---- Rights ---- */

bool live_may_subscribe(const struct peer *peer, struct slice beginning)
{
	uint8_t pattern[LIMIT_PATTERN_BYTES];
	size_t len = beginning.len;
	if (len > 0 && beginning.data[len - 1] == 0)
		return peer_may_subscribe(peer, slice_sub(beginning, 0, len - 1));
	/* What begins inside a word is judged as if all words were wanted: `a.b` brings a.b, a.bc and
	 * a.b.d, and the one pattern that surely covers them is a.> */
	while (len > 0 && beginning.data[len - 1] != '.')
		len--;
	if (len + 1 > sizeof(pattern))
		return false;
	if (len > 0)
		memcpy(pattern, beginning.data, len);
	pattern[len] = '>';
	return peer_may_subscribe(peer, slice_of(pattern, len + 1));
}

/* ---- Subscribers ---- */

static void live_free_subscriber(struct subscriber *subscriber)
{
	peer_unref(subscriber->peer);
	free(subscriber);
}

static void live_forget(struct live *live, struct subscriber *subscriber)
{
	live->topics -= subscriber->topics;
	metric_set(live->subscriptions, (int64_t)live->topics);
	struct subscriber **at = &live->first;
	while (*at != subscriber)
		at = &(*at)->next;
	*at = subscriber->next;
	live_free_subscriber(subscriber);
}

static void live_link_closed(void *context, void *owner)
{
	live_forget(context, owner);
}

static struct peer *live_identify(struct live *live, const struct message *message)
{
	const char *name = message_property(message, "User-Id");
	const char *key_text = message_property(message, ZAP_KEY_PROPERTY);
	struct curve_key key;
	if (name == NULL || key_text == NULL || curve_parse(slice_text(key_text), &key) != CH_OK)
		return NULL;
	struct peer *peer = roster_by_name(zap_roster(live->zap), slice_text(name));
	return peer != NULL && curve_equal(&peer->public_key, &key) ? peer : NULL;
}

/* False: it is gone, and forgotten. */
static bool live_tie(struct live *live, struct subscriber *subscriber)
{
	if (links_claim(live->links, subscriber->fd, subscriber->handshake, subscriber,
		    &subscriber->link) != CH_CLOSED)
		return true;
	live_forget(live, subscriber);
	return false;
}

/* Those that the monitor was late to tell of.  Others may be forgotten meanwhile. */
static void live_tie_loose(struct live *live)
{
	struct subscriber *subscriber = live->first;
	while (subscriber != NULL) {
		bool here = subscriber->link != NULL || live_tie(live, subscriber);
		subscriber = here ? subscriber->next : live->first;
	}
}

/* Cutting reads the monitor, and whoever it tells of is forgotten: after each from the beginning. */
static void live_end_condemned(struct live *live)
{
	struct subscriber *subscriber = live->first;
	while (subscriber != NULL) {
		const char *reason = subscriber->condemned;
		if (reason == NULL || subscriber->link == NULL) {
			subscriber = subscriber->next;
			continue;
		}
		subscriber->condemned = NULL;
		if (links_cut(live->links, subscriber->link, reason)) {
			subscriber = live->first;
		} else {
			subscriber->condemned = reason; /* at the next sweep */
			subscriber = subscriber->next;
		}
	}
}

/* The one that a message came from, made at its first; NULL when it is gone or must go. */
static struct subscriber *live_sender(struct live *live, const struct message *message)
{
	int fd = message_fd(message);
	uint64_t handshake = message_number(message, ZAP_NUMBER_PROPERTY);
	struct link *link = NULL;
	for (struct subscriber *s = live->first; s != NULL; s = s->next) {
		if (s->handshake == handshake)
			return s;
	}
	struct peer *peer = live_identify(live, message);
	struct subscriber *subscriber = peer != NULL ? calloc(1, sizeof(*subscriber)) : NULL;
	if (subscriber == NULL) {
		if (links_claim(live->links, fd, handshake, NULL, &link) == CH_OK)
			(void)links_cut(live->links, link, "unidentified");
		return NULL;
	}
	subscriber->fd = fd;
	subscriber->handshake = handshake;
	subscriber->peer = peer_ref(peer);
	subscriber->next = live->first;
	live->first = subscriber;
	return live_tie(live, subscriber) ? subscriber : NULL;
}

static void live_add(struct live *live, struct subscriber *subscriber, struct slice topic)
{
	/* ZeroMQ remembers what was asked for even when it is not added. */
	if (++subscriber->asked > LIMIT_TOPICS_PER_PEER) {
		subscriber->condemned = "too_many_topics";
		return;
	}
	if (!live_may_subscribe(subscriber->peer, topic)) {
		metric_add(live->refused, 1);
		return;
	}
	/* Applies to the connection whose message was received last; refused when that is gone. */
	if (zmq_setsockopt(live->socket, ZMQ_SUBSCRIBE, topic.data, topic.len) != 0)
		return;
	subscriber->topics++;
	live->topics++;
	metric_set(live->subscriptions, (int64_t)live->topics);
}

static void live_remove(struct live *live, struct subscriber *subscriber, struct slice topic)
{
	if (subscriber->asked > 0)
		subscriber->asked--;
	if (!live_may_subscribe(subscriber->peer, topic) || subscriber->topics == 0)
		return; /* it was never added */
	if (zmq_setsockopt(live->socket, ZMQ_UNSUBSCRIBE, topic.data, topic.len) != 0)
		return;
	subscriber->topics--;
	live->topics--;
	metric_set(live->subscriptions, (int64_t)live->topics);
}

void live_recheck(struct live *live)
{
	const struct roster *roster = zap_roster(live->zap);
	for (struct subscriber *s = live->first; s != NULL; s = s->next) {
		const struct peer *peer = roster_by_name(roster, slice_text(s->peer->name));
		bool same = peer != NULL && curve_equal(&peer->public_key, &s->peer->public_key) &&
			    peer->roles == s->peer->roles &&
			    peer->topics.count == s->peer->topics.count;
		for (size_t i = 0; same && i < peer->topics.count; i++)
			same = strcmp(peer->topics.items[i], s->peer->topics.items[i]) == 0;
		if (!same)
			s->condemned = "peer_changed";
	}
	live_end_condemned(live);
}

/* ---- Receiving ---- */

/* One byte, 1 or 0 for a topic that is wanted or no longer wanted, and the topic. */
static void live_handle(struct live *live, const struct message *message)
{
	struct slice topic = slice_sub(message->bytes, 1, message->bytes.len);
	/* ZeroMQ itself takes back the topics of a connection that has ended: without a sender. */
	if (message_fd(message) < 0)
		return;
	struct subscriber *subscriber = live_sender(live, message);
	if (subscriber == NULL)
		return;
	if (subscriber->link != NULL)
		subscriber->link->messages++;
	if (message_has_more(message) || message->bytes.len == 0 || message->bytes.data[0] > 1) {
		metric_add(live->malformed, 1);
		subscriber->condemned = "malformed";
	} else if (message->bytes.data[0] == 1) {
		live_add(live, subscriber, topic);
	} else {
		live_remove(live, subscriber, topic);
	}
	if (subscriber->condemned != NULL)
		live_end_condemned(live);
}

static bool live_turn(void *context)
{
	struct live *live = context;
	struct message *message = NULL;
	for (int i = 0; i < LIVE_MESSAGES_TURN; i++) {
		if (message_receive(live->socket, &message) != CH_OK)
			return false;
		live_handle(live, message);
		message_free(message);
	}
	return true;
}

static void live_sweep(void *context)
{
	struct live *live = context;
	if (live_turn(live)) {
		pump_wake(live->pump);
		return;
	}
	links_sweep(live->links);
	live_tie_loose(live);
	live_end_condemned(live);
}

/* ---- Publishing ---- */

bool live_wanted(const struct live *live)
{
	return live->topics > 0;
}

void live_publish(struct live *live, struct slice type, struct slice bytes)
{
	uint8_t topic[LIMIT_TYPE_BYTES + 1];
	if (!live_wanted(live) || type.len > LIMIT_TYPE_BYTES)
		return;
	memcpy(topic, type.data, type.len);
	topic[type.len] = 0;
	pump_wake(live->pump);
	/* An XPUB never waits; when memory runs out, a message less is within what it promises, but the
	 * two parts must not be torn apart. */
	if (zmq_send(live->socket, topic, type.len + 1, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		return;
	if (zmq_send(live->socket, bytes.data, bytes.len, ZMQ_DONTWAIT) < 0)
		(void)zmq_send(live->socket, "", 0, ZMQ_DONTWAIT); /* needs no memory */
	metric_add(live->published, 1);
}

/* ---- Life ---- */

static void live_register(struct live *live)
{
	struct metrics *metrics = zap_metrics(live->zap);
	live->published = metric_counter(
		metrics, "carehub_live_published", "Events given to the live port.", NULL);
	live->subscriptions = metric_gauge(
		metrics, "carehub_live_subscriptions", "Topics that are subscribed to.", NULL);
	live->refused = metric_counter(metrics, "carehub_live_refused",
		"Topics that a peer asked for and may not see.", NULL);
	live->malformed = metric_counter(metrics, "carehub_live_malformed",
		"Messages to the live port that are no subscription.", NULL);
}

static enum ch_status live_listen(struct live *live, const struct live_options *options)
{
	const struct links_options links = {
		.name = "live",
		.connections_max = options->connections_max,
		.closed = live_link_closed,
		.context = live,
	};
	struct listener_options listener = options->listener;
	int on = 1;
	/* Of what subscribers send.  The handshake's own commands must pass too. */
	listener.message_bytes = LIVE_MESSAGE_BYTES;
	enum ch_status status = listener_create(live->zap, ZMQ_XPUB, &listener, &live->socket);
	if (status != CH_OK)
		return status;
	/* Nothing is subscribed to unless we say so. */
	if (zmq_setsockopt(live->socket, ZMQ_XPUB_MANUAL, &on, sizeof(on)) != 0)
		return CH_IO;
	status = links_create(live->loop, live->zap, live->socket, &links, &live->links);
	if (status != CH_OK)
		return status;
	status = pump_create(live->loop, live->socket, live_turn, live, &live->pump);
	if (status != CH_OK)
		return status;
	return listener_bind(live->socket, listener.address, live->address);
}

enum ch_status live_open(struct loop *loop, struct zap *zap, const struct live_options *options,
	struct live **out_live)
{
	enum ch_status status = CH_NOMEM;
	struct live *live = calloc(1, sizeof(*live));
	if (live == NULL)
		goto out;
	live->loop = loop;
	live->zap = zap;
	live_register(live);
	status = loop_timer_create(loop, live_sweep, live, &live->sweep);
	if (status != CH_OK)
		goto out;
	status = live_listen(live, options);
	if (status != CH_OK)
		goto out;
	loop_timer_start(live->sweep, LIVE_SWEEP_MS, LIVE_SWEEP_MS);
	*out_live = live;
	live = NULL; /* the caller's now */
out:
	live_close(live);
	return status;
}

void live_close(struct live *live)
{
	if (live == NULL)
		return;
	while (live->first != NULL) {
		struct subscriber *subscriber = live->first;
		live->first = subscriber->next;
		live_free_subscriber(subscriber);
	}
	loop_timer_free(live->sweep);
	pump_free(live->pump);
	links_free(live->links);
	if (live->socket != NULL)
		(void)zmq_close(live->socket); /* a valid socket */
	free(live);
}

const char *live_address(const struct live *live)
{
	return live->address;
}
