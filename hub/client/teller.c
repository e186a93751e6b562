#include "client/teller.h"

#include "client/attachment.h"
#include "client/subscription.h"

/* Acks wait for company no longer than this. */
#define COMPANY_US 1000

void teller_forget(struct ch_connection *connection, struct ch_subscription *subscription)
{
	if (!subscription->deferred)
		return;
	subscription->deferred = false;
	connection->session.deferred--;
	(void)pthread_mutex_lock(&subscription->lock);
	subscription->posted = false;
	(void)pthread_mutex_unlock(&subscription->lock);
}

void teller_tell(struct ch_connection *connection, struct ch_subscription *subscription)
{
	struct session *session = &connection->session;
	uint32_t handle = subscription->wish.handle;
	(void)pthread_mutex_lock(&subscription->lock);
	connection->acknowledged += subscription->ledger.waiting;
	while (ledger_emit(&subscription->ledger, handle, (struct slice){NULL, 0}, &session->frame))
		session_send(connection);
	for (struct subscription_job *job = subscription->jobs; job != NULL; job = job->next) {
		connection->acknowledged += job->ledger.waiting;
		while (ledger_emit(&job->ledger, handle, slice_text(job->name), &session->frame))
			session_send(connection);
	}
	if (subscription->grant > 0) {
		grant_encode(&(struct grant){handle, subscription->grant}, &session->frame);
		session_send(connection);
		subscription->grant = 0;
	}
	(void)pthread_mutex_unlock(&subscription->lock);
}

static bool teller_has_plenty(struct ch_subscription *subscription)
{
	(void)pthread_mutex_lock(&subscription->lock);
	bool plenty = subscription->grant > 0 ||
		      subscription->ledger.waiting >= subscription_plenty(subscription);
	(void)pthread_mutex_unlock(&subscription->lock);
	return plenty;
}

bool teller_serve(struct ch_connection *connection)
{
	struct mailbox_node *node = mailbox_take(&connection->answers);
	bool busy = node != NULL;
	while (node != NULL) {
		struct ch_subscription *subscription = (struct ch_subscription *)(void *)node;
		node = node->next;
		if (attachment_state(subscription) == SUBSCRIPTION_GONE)
			continue;
		subscription->deferred = true;
		connection->session.deferred++;
	}
	return busy;
}

void teller_pump(struct ch_connection *connection, int64_t now_us)
{
	struct session *session = &connection->session;
	if (session->attach_us != 0 && now_us >= session->attach_us)
		attachment_try_again(connection, now_us);
	if (session->deferred == 0)
		return;
	bool told = false;
	for (uint32_t i = 0; i < session->subscription_count; i++) {
		struct ch_subscription *subscription = session->subscriptions[i];
		if (!subscription->deferred ||
			attachment_state(subscription) != SUBSCRIPTION_ATTACHED)
			continue;
		if (now_us - subscription->told_us < COMPANY_US && !teller_has_plenty(subscription))
			continue;
		/* What is added from now on posts itself again. */
		teller_forget(connection, subscription);
		teller_tell(connection, subscription);
		subscription->told_us = now_us;
		told = true;
	}
	if (told)
		connection_note(connection);
}

int64_t teller_due_us(const struct ch_connection *connection)
{
	const struct session *session = &connection->session;
	int64_t due_us = session->attach_us != 0 ? session->attach_us : INT64_MAX;
	for (uint32_t i = 0; session->deferred > 0 && i < session->subscription_count; i++) {
		struct ch_subscription *subscription = session->subscriptions[i];
		if (subscription->deferred &&
			attachment_state(subscription) == SUBSCRIPTION_ATTACHED &&
			subscription->told_us + COMPANY_US < due_us)
			due_us = subscription->told_us + COMPANY_US;
	}
	return due_us;
}

void teller_tell_all(struct ch_connection *connection)
{
	const struct session *session = &connection->session;
	for (uint32_t i = 0; i < session->subscription_count; i++) {
		if (attachment_state(session->subscriptions[i]) == SUBSCRIPTION_ATTACHED)
			teller_tell(connection, session->subscriptions[i]);
	}
}
