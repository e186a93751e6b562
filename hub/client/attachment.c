#include "client/attachment.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "client/teller.h"

/* When the hub says that somebody else still has the subscription, or that it has no room for it now. */
#define ATTACH_AGAIN_US 500000

/* Deliveries beyond twice the credit that a hub may send before it is taken for mad.  Twice, as the
 * taker can have what the attachment before this one brought; and the last group before the credit ends
 * is sent whole. */
#define SURPLUS (4u * LIMIT_DERIVED_PER_EVENT)

static struct ch_subscription *attachment_find(
	const struct ch_connection *connection, uint32_t handle)
{
	const struct session *session = &connection->session;
	for (uint32_t i = 0; i < session->subscription_count; i++) {
		if (session->subscriptions[i]->wish.handle == handle)
			return session->subscriptions[i];
	}
	return NULL;
}

static void attachment_push(struct ch_subscription *subscription, struct parcel *parcel)
{
	if (!mailbox_post(&subscription->inbox, &parcel->node))
		parcel_unref(parcel);
}

/* What an older attachment has left in the inbox would only take up room: it comes again. */
static void attachment_purge(struct ch_subscription *subscription)
{
	struct mailbox_node *node = mailbox_take(&subscription->inbox);
	while (node != NULL) {
		struct parcel *parcel = (struct parcel *)(void *)node;
		node = node->next;
		if (parcel->epoch == PARCEL_ALWAYS) {
			attachment_push(subscription, parcel);
			continue;
		}
		if (parcel->mark == NULL)
			(void)atomic_fetch_sub(&subscription->queued, parcel->deliver.count);
		parcel_unref(parcel);
	}
}

static void attachment_push_mark(
	struct ch_subscription *subscription, const struct mark *mark, enum ch_status after)
{
	/* Another attachment follows this one at once, and would take it for void. */
	uint32_t epoch = mark->what == MARK_MOVED ? PARCEL_ALWAYS : subscription->epoch;
	struct parcel *parcel = parcel_of_mark(mark, after, epoch);
	if (parcel != NULL)
		attachment_push(subscription, parcel);
	else if (after != CH_OK) /* the word may be lost for want of memory, its meaning not */
		subscription->ended = after;
}

/* ---- Coming and going of subscriptions ---- */

static enum ch_status attachment_add(
	struct ch_connection *connection, struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	enum ch_status status = CH_OK;
	if (session->state == SESSION_OVER)
		return CH_CLOSED;
	if (session->subscription_count == LIMIT_SUBSCRIPTIONS)
		return CH_FULL;
	(void)pthread_mutex_lock(&connection->lock);
	if (session->subscription_count == session->subscription_capacity) {
		uint32_t capacity = session->subscription_capacity == 0
					    ? 8
					    : 2 * session->subscription_capacity;
		struct ch_subscription **subscriptions = realloc(
			session->subscriptions, capacity * sizeof(struct ch_subscription *));
		if (subscriptions != NULL) {
			session->subscriptions = subscriptions;
			session->subscription_capacity = capacity;
		} else {
			status = CH_NOMEM;
		}
	}
	if (status == CH_OK)
		session->subscriptions[session->subscription_count++] = subscription;
	(void)pthread_mutex_unlock(&connection->lock);
	return status;
}

static void attachment_remove(
	struct ch_connection *connection, const struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	(void)pthread_mutex_lock(&connection->lock);
	for (uint32_t i = 0; i < session->subscription_count; i++) {
		if (session->subscriptions[i] != subscription)
			continue;
		session->subscriptions[i] = session->subscriptions[--session->subscription_count];
		break;
	}
	(void)pthread_cond_broadcast(&connection->changed);
	(void)pthread_mutex_unlock(&connection->lock);
	if (subscription->deferred)
		session->deferred--;
}

/* The last that the I/O thread does with a subscription outside of commands: its owner may free it in
 * the next instant. */
static void attachment_finish(struct ch_connection *connection,
	struct ch_subscription *subscription, enum ch_status status, const char *detail)
{
	attachment_remove(connection, subscription);
	(void)pthread_mutex_lock(&subscription->lock);
	subscription->state = SUBSCRIPTION_GONE;
	subscription->status = status;
	(void)snprintf(subscription->detail, sizeof(subscription->detail), "%s", detail);
	mailbox_close(
		&subscription->inbox); /* who wakes from it waits for the lock, and knows why */
	(void)pthread_cond_broadcast(&subscription->changed);
	(void)pthread_mutex_unlock(&subscription->lock);
}

enum subscription_state attachment_state(struct ch_subscription *subscription)
{
	(void)pthread_mutex_lock(&subscription->lock);
	enum subscription_state state = subscription->state;
	(void)pthread_mutex_unlock(&subscription->lock);
	return state;
}

static void attachment_set_state(
	struct ch_subscription *subscription, enum subscription_state state)
{
	(void)pthread_mutex_lock(&subscription->lock);
	subscription->state = state;
	(void)pthread_mutex_unlock(&subscription->lock);
}

/* ---- Attaching ---- */

/* Where an attachment that was lost goes on.  The hub knows it for a durable one that acknowledges;
 * for the others it was only known here. */
static void attachment_go_on(
	const struct ch_subscription *subscription, uint64_t position, struct subscribe *wish)
{
	bool snapshot_again = wish->start.from == FROM_SNAPSHOT && !subscription->snapshot_done;
	wish->update = false;
	wish->must_exist = wish->name.len > 0; /* gone meanwhile: never made anew in silence */
	wish->position = 0;
	wish->position_incarnation = 0;
	if (snapshot_again || (wish->name.len > 0 && subscription->takes_acks))
		return;
	if (wish->name.len > 0) {
		wish->position = position;
		wish->position_incarnation = subscription->connection->session.incarnation;
	} else {
		wish->start = (struct subscribe_start){.from = FROM_SEQUENCE,
			.sequence = position + 1,
			.incarnation = subscription->incarnation};
	}
}

static void attachment_ask(struct ch_connection *connection, struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	struct subscribe wish = subscription->wish;
	(void)pthread_mutex_lock(&subscription->lock);
	uint64_t position = ledger_position(&subscription->ledger);
	bool again = subscription->was_attached;
	/* Without acks nothing but the position tells what was taken: from here on it stands still. */
	if (again && !subscription->takes_acks)
		subscription->epoch++;
	(void)pthread_mutex_unlock(&subscription->lock);
	if (again)
		attachment_go_on(subscription, position, &wish);
	subscription->asked = true;
	subscribe_encode(&wish, &session->frame);
	session_send(connection);
}

void attachment_attach(struct ch_connection *connection, struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	enum ch_status status = attachment_add(connection, subscription);
	if (status != CH_OK) {
		attachment_finish(connection, subscription, status, ch_status_text(status));
		return;
	}
	subscription->wish.handle = ++session->last_handle;
	if (session->state == SESSION_UP)
		attachment_ask(connection, subscription);
}

void attachment_welcome(struct ch_connection *connection)
{
	const struct session *session = &connection->session;
	for (uint32_t i = 0; i < session->subscription_count; i++)
		attachment_ask(connection, session->subscriptions[i]);
}

static void attachment_first_time(
	struct ch_subscription *subscription, const struct subscribed *subscribed)
{
	subscription->was_attached = true;
	subscription->ledger.done = subscribed->cursor;
	if (subscription->wish.stop_at_head) {
		subscription->wish.stop_at_head = false;
		subscription->wish.stop_sequence = subscribed->head;
	}
}

/* After a restore the same sequences stand for other events; after an operator's move of the cursor what
 * comes again is meant to.  Otherwise the ledger knows what the application has. */
static void attachment_once_more(
	struct ch_subscription *subscription, const struct subscribed *subscribed)
{
	const struct subscribed *before = &subscription->subscribed;
	bool other_history =
		subscription->incarnation != subscription->connection->session.incarnation;
	bool moved = subscribed->moves != before->moves || subscribed->cursor < before->cursor;
	if (other_history)
		ledger_start_over(&subscription->ledger, subscribed->cursor);
	else if (moved)
		ledger_move(&subscription->ledger);
	else /* without memory for it, what comes again is not recognized: it is taken twice */
		(void)ledger_reattach(&subscription->ledger);
	for (struct subscription_job *job = subscription->jobs; job != NULL; job = job->next) {
		if (other_history)
			ledger_start_over(&job->ledger, 0);
		else
			(void)ledger_reattach(&job->ledger);
	}
	subscription->grant = 0;
}

enum ch_status attachment_take_subscribed(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct subscribed subscribed;
	(void)message;
	enum ch_status status = subscribed_parse(body, &subscribed);
	if (status != CH_OK)
		return status;
	struct ch_subscription *subscription = attachment_find(connection, subscribed.handle);
	if (subscription == NULL || !subscription->asked)
		return CH_OK; /* given up meanwhile */
	subscription->asked = false;
	subscription->told_us = 0;
	(void)pthread_mutex_lock(&subscription->lock);
	if (subscription->was_attached)
		attachment_once_more(subscription, &subscribed);
	else
		attachment_first_time(subscription, &subscribed);
	subscription->incarnation = connection->session.incarnation;
	subscription->epoch++;
	attachment_purge(subscription);
	subscription->subscribed = subscribed;
	if (subscription->state != SUBSCRIPTION_DETACHING)
		subscription->state = SUBSCRIPTION_ATTACHED;
	(void)pthread_cond_broadcast(&subscription->changed);
	(void)pthread_mutex_unlock(&subscription->lock);
	connection_set_head(connection, subscribed.head);
	return CH_OK;
}

void attachment_refused(struct ch_connection *connection, enum frame_kind kind, uint32_t handle,
	enum ch_status reason, const char *detail)
{
	struct ch_subscription *subscription = attachment_find(connection, handle);
	if (subscription == NULL)
		return;
	if (kind == FRAME_SUBSCRIBE && error_is_passing(reason) && subscription->was_attached) {
		subscription->asked = false;
		subscription->attach_us = clock_steady_us() + ATTACH_AGAIN_US;
		connection->session.attach_us = subscription->attach_us;
		return;
	}
	attachment_finish(connection, subscription, reason != CH_OK ? reason : CH_DENIED, detail);
}

void attachment_try_again(struct ch_connection *connection, int64_t now_us)
{
	struct session *session = &connection->session;
	int64_t next_us = 0;
	for (uint32_t i = 0; i < session->subscription_count; i++) {
		struct ch_subscription *subscription = session->subscriptions[i];
		if (subscription->attach_us != 0 && now_us >= subscription->attach_us) {
			subscription->attach_us = 0;
			attachment_ask(connection, subscription);
		}
		if (subscription->attach_us != 0 &&
			(next_us == 0 || subscription->attach_us < next_us))
			next_us = subscription->attach_us;
	}
	session->attach_us = next_us;
}

/* ---- Losing ---- */

void attachment_lost(struct ch_connection *connection)
{
	struct session *session = &connection->session;
	session->attach_us = 0;
	for (uint32_t i = session->subscription_count; i > 0; i--) {
		struct ch_subscription *subscription = session->subscriptions[i - 1];
		teller_forget(connection, subscription);
		subscription->asked = false;
		subscription->attach_us = 0;
		enum subscription_state state = attachment_state(subscription);
		if (state == SUBSCRIPTION_DETACHING || subscription->draining)
			attachment_finish(connection, subscription,
				subscription->draining && state != SUBSCRIPTION_DETACHING
					? CH_END
					: CH_CLOSED,
				"the connection was lost");
		else if (state == SUBSCRIPTION_ATTACHED)
			attachment_set_state(subscription, SUBSCRIPTION_WAITING);
	}
}

void attachment_end(struct ch_connection *connection)
{
	const struct session *session = &connection->session;
	while (session->subscription_count > 0) {
		struct ch_subscription *subscription = session->subscriptions[0];
		subscription->ended = CH_CLOSED;
		attachment_finish(connection, subscription, CH_CLOSED, "the connection is closed");
	}
}

/* ---- What comes ---- */

enum ch_status attachment_take_deliver(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct deliver deliver;
	enum ch_status status = deliver_parse(body, &deliver);
	if (status != CH_OK)
		return status;
	struct ch_subscription *subscription = attachment_find(connection, deliver.handle);
	if (subscription == NULL || subscription->asked || deliver.count == 0)
		return CH_OK; /* of an attachment that is no more */
	uint32_t queued = atomic_fetch_add(&subscription->queued, deliver.count) + deliver.count;
	if (queued > 2 * subscription->credit + SURPLUS)
		return CH_FULL;
	struct parcel *parcel = parcel_of_frame(message, &deliver, subscription->epoch);
	if (parcel == NULL)
		return CH_NOMEM; /* attached again it will come again */
	attachment_push(subscription, parcel);
	return CH_OK;
}

/* The answer to our DETACH; or nobody asked for it, and an operator has deleted the subscription. */
static void attachment_take_detached(struct ch_connection *connection,
	struct ch_subscription *subscription, const struct mark *mark)
{
	char detail[ERROR_DETAIL_BYTES];
	if (attachment_state(subscription) == SUBSCRIPTION_DETACHING) {
		attachment_finish(connection, subscription, CH_OK, "");
		return;
	}
	(void)snprintf(detail, sizeof(detail), "%.*s", (int)mark->detail.len,
		mark->detail.len > 0 ? (const char *)mark->detail.data : "");
	attachment_finish(
		connection, subscription, subscription->draining ? CH_END : CH_NOT_FOUND, detail);
}

enum ch_status attachment_take_mark(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct mark mark;
	(void)message;
	enum ch_status status = mark_parse(body, &mark);
	if (status != CH_OK)
		return status;
	struct ch_subscription *subscription = attachment_find(connection, mark.handle);
	if (subscription == NULL)
		return CH_OK;
	switch (mark.what) {
	case MARK_DETACHED:
		attachment_take_detached(connection, subscription, &mark);
		break;
	case MARK_DRAINED:
		(void)pthread_mutex_lock(&subscription->lock);
		subscription->drained = true;
		(void)pthread_mutex_unlock(&subscription->lock);
		attachment_push_mark(subscription, &(struct mark){.handle = mark.handle}, CH_END);
		connection_note(connection);
		break;
	case MARK_FENCED:
		/* Another instance gets what is queued here: it is void. */
		subscription->epoch++;
		attachment_push_mark(subscription, &mark, CH_FENCED);
		attachment_finish(connection, subscription, CH_FENCED,
			"another instance of the subscription has attached");
		break;
	case MARK_MOVED:
		/* What is queued here stood before the move. */
		subscription->epoch++;
		attachment_push_mark(subscription, &mark, CH_OK);
		attachment_set_state(subscription, SUBSCRIPTION_WAITING);
		attachment_ask(connection, subscription);
		break;
	case MARK_RESET:
		/* What was delivered before is void, here and there. */
		(void)pthread_mutex_lock(&subscription->lock);
		ledger_start_over(&subscription->ledger, mark.first > 0 ? mark.first - 1 : 0);
		subscription->epoch++;
		(void)pthread_mutex_unlock(&subscription->lock);
		attachment_push_mark(subscription, &mark, CH_OK);
		break;
	case MARK_END:
	case MARK_SUSPENDED:
		attachment_push_mark(subscription, &mark, mark.job.len > 0 ? CH_OK : CH_END);
		break;
	case MARK_SNAPSHOT_END:
		subscription->snapshot_done = true;
		attachment_push_mark(subscription, &mark, CH_OK);
		break;
	default:
		attachment_push_mark(subscription, &mark, CH_OK);
		break;
	}
	return CH_OK;
}

/* ---- Leaving ---- */

void attachment_detach(struct ch_connection *connection, struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	enum subscription_state state = attachment_state(subscription);
	if (state == SUBSCRIPTION_GONE)
		return;
	if (session->state != SESSION_UP ||
		(state != SUBSCRIPTION_ATTACHED && !subscription->asked)) {
		attachment_finish(connection, subscription, CH_CLOSED, "there is no connection");
		return;
	}
	if (state == SUBSCRIPTION_ATTACHED)
		teller_tell(connection, subscription);
	attachment_set_state(subscription, SUBSCRIPTION_DETACHING);
	detach_encode(&(struct detach){.handle = subscription->wish.handle,
			      .delete = subscription->delete},
		&session->frame);
	session_send(connection);
}

void attachment_drain(struct ch_connection *connection, struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	enum subscription_state state = attachment_state(subscription);
	if (state == SUBSCRIPTION_GONE || subscription->draining)
		return;
	subscription->draining = true;
	if (session->state != SESSION_UP || state != SUBSCRIPTION_ATTACHED) {
		attachment_finish(connection, subscription, CH_END, "drained");
		return;
	}
	detach_encode(&(struct detach){.handle = subscription->wish.handle, .drain = true},
		&session->frame);
	session_send(connection);
}

void attachment_forget(struct ch_connection *connection, struct ch_subscription *subscription)
{
	if (attachment_state(subscription) != SUBSCRIPTION_GONE)
		attachment_finish(connection, subscription, CH_TIMEOUT, "the hub did not answer");
}

/* The owner frees a subscription when it is gone and all its commands have been run. */
void attachment_run(struct ch_connection *connection, struct command *command)
{
	const struct subscription_command *mine = (struct subscription_command *)(void *)command;
	struct ch_subscription *subscription = mine->subscription;
	mine->act(connection, subscription);
	(void)pthread_mutex_lock(&subscription->lock);
	subscription->commands--;
	(void)pthread_cond_broadcast(&subscription->changed);
	(void)pthread_mutex_unlock(&subscription->lock);
}
