#include "client/drain.h"

#include "client/attachment.h"
#include "client/wait.h"

struct drain_command {
	struct command command; /* first */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
};

static void drain_run(struct ch_connection *connection, struct command *command)
{
	struct drain_command *all = (struct drain_command *)(void *)command;
	const struct session *session = &connection->session;
	for (uint32_t i = session->subscription_count; i > 0; i--)
		attachment_drain(connection, session->subscriptions[i - 1]);
	(void)pthread_mutex_lock(&all->lock);
	all->done = true;
	(void)pthread_cond_broadcast(&all->changed);
	(void)pthread_mutex_unlock(&all->lock);
}

/* Whether the taker has seen everything and the hub has heard all about it. */
static bool drain_is_through(struct ch_subscription *subscription)
{
	(void)pthread_mutex_lock(&subscription->lock);
	bool through = subscription->drained && subscription->queued == 0 &&
		       subscription->ledger.open == 0 && !subscription->posted;
	for (const struct subscription_job *job = subscription->jobs; job != NULL; job = job->next)
		through = through && job->ledger.open == 0;
	(void)pthread_mutex_unlock(&subscription->lock);
	return through;
}

static bool drain_all_through(const struct ch_connection *connection)
{
	const struct session *session = &connection->session;
	for (uint32_t i = 0; i < session->subscription_count; i++) {
		if (!drain_is_through(session->subscriptions[i]))
			return false;
	}
	return true;
}

enum ch_status drain_all(struct ch_connection *connection, int64_t until_us)
{
	struct drain_command all = {.command.run = drain_run};
	(void)pthread_mutex_init(&all.lock, NULL);
	wait_init(&all.changed);
	bool posted = connection_post(connection, &all.command);
	(void)pthread_mutex_lock(&all.lock);
	while (posted && !all.done) /* the I/O thread never keeps anybody waiting */
		(void)wait_for(&all.changed, &all.lock, INT64_MAX);
	(void)pthread_mutex_unlock(&all.lock);
	(void)pthread_cond_destroy(&all.changed);
	(void)pthread_mutex_destroy(&all.lock);
	if (!posted)
		return error_set(CH_CLOSED, "the connection is closed");

	bool more = true;
	(void)pthread_mutex_lock(&connection->lock);
	while (!drain_all_through(connection) && more)
		more = wait_for(&connection->changed, &connection->lock, until_us);
	enum ch_status status = CH_OK;
	if (!drain_all_through(connection))
		status = error_set(CH_TIMEOUT, "deliveries are left without an answer");
	(void)pthread_mutex_unlock(&connection->lock);
	return status;
}
