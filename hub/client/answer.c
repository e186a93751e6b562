#include "client/answer.h"

#include <stdlib.h>

/* Replay jobs that one subscription keeps apart at a time. */
#define JOBS 16u

bool answer_must_post(struct ch_subscription *subscription)
{
	bool post = !subscription->posted;
	subscription->posted = true;
	return post;
}

void answer_post(struct ch_subscription *subscription, bool post, bool plenty)
{
	struct ch_connection *connection = subscription->connection;
	/* False: the connection is closed, nobody wants to hear it any more. */
	if (post)
		(void)mailbox_post(&connection->answers, &subscription->answer_node);
	else if (plenty)
		bell_ring(&connection->bell);
}

static struct ledger *answer_find_job(struct ch_subscription *subscription, struct slice name)
{
	for (struct subscription_job *job = subscription->jobs; job != NULL; job = job->next) {
		if (slice_equal(slice_text(job->name), name))
			return &job->ledger;
	}
	return NULL;
}

static bool answer_job_is_idle(const struct subscription_job *job)
{
	return job->ledger.open == 0 && job->ledger.waiting == 0;
}

/* Makes room for a job by dropping the oldest one with nothing left to say. */
static void answer_drop_job(struct ch_subscription *subscription)
{
	struct subscription_job **idle = NULL;
	uint32_t count = 0;
	for (struct subscription_job **at = &subscription->jobs; *at != NULL; at = &(*at)->next) {
		count++;
		if (answer_job_is_idle(*at))
			idle = at;
	}
	if (count < JOBS || idle == NULL)
		return;
	struct subscription_job *job = *idle;
	*idle = job->next;
	ledger_fini(&job->ledger);
	free(job);
}

struct ledger *answer_ledger(struct ch_subscription *subscription, struct slice name)
{
	if (name.len == 0)
		return &subscription->ledger;
	struct ledger *ledger = answer_find_job(subscription, name);
	if (ledger != NULL || name.len > LIMIT_NAME_BYTES)
		return ledger;
	answer_drop_job(subscription);
	struct subscription_job *job = calloc(1, sizeof(*job));
	if (job == NULL || ledger_init(&job->ledger, subscription->credit, 0) != CH_OK) {
		free(job);
		return NULL;
	}
	memcpy(job->name, name.data, name.len);
	job->next = subscription->jobs;
	subscription->jobs = job;
	return &job->ledger;
}

/* ---- What the application says ---- */

/* Under the lock: whether answers still reach the hub. */
static enum ch_status answer_is_heard(const struct ch_subscription *subscription)
{
	if (!subscription->takes_acks)
		return error_set(CH_INVALID, "the subscription takes no acks");
	if (subscription->state == SUBSCRIPTION_GONE)
		return error_set(subscription->status == CH_FENCED ? CH_FENCED : CH_CLOSED, "%s",
			subscription->detail);
	return CH_OK;
}

/* A part that is not the last has no ack; a snapshot's record needs none. */
static bool answer_needs_ack(const struct ch_delivery *delivery)
{
	return delivery->last && delivery->mode != CH_SNAPSHOT_RECORD;
}

enum ch_status ch_ack(struct ch_subscription *subscription, const struct ch_delivery *delivery)
{
	bool post = false;
	bool plenty = false;
	error_clear();
	(void)pthread_mutex_lock(&subscription->lock);
	enum ch_status status = answer_is_heard(subscription);
	if (status == CH_OK && answer_needs_ack(delivery)) {
		struct ledger *ledger = answer_ledger(
			subscription, slice_of(delivery->job.data, delivery->job.len));
		status = CH_NOMEM;
		if (ledger != NULL)
			status = ledger_ack(ledger, delivery->reserved_number, delivery->sequence);
		if (status == CH_OK) {
			post = answer_must_post(subscription);
			plenty = ledger->waiting == subscription_plenty(subscription);
		}
	}
	(void)pthread_mutex_unlock(&subscription->lock);
	answer_post(subscription, post, plenty);
	return status;
}

enum ch_status ch_ack_up_to(struct ch_subscription *subscription, uint64_t sequence)
{
	bool post = false;
	error_clear();
	(void)pthread_mutex_lock(&subscription->lock);
	enum ch_status status = answer_is_heard(subscription);
	if (status == CH_OK) {
		ledger_ack_up_to(&subscription->ledger, sequence);
		post = answer_must_post(subscription);
	}
	(void)pthread_mutex_unlock(&subscription->lock);
	answer_post(subscription, post, false);
	return status;
}

static enum ch_status answer_refuse(struct ch_subscription *subscription,
	const struct ch_delivery *delivery, const struct nack *nack)
{
	bool post = false;
	(void)pthread_mutex_lock(&subscription->lock);
	enum ch_status status = answer_is_heard(subscription);
	if (status == CH_OK && delivery->mode != CH_SNAPSHOT_RECORD) {
		struct ledger *ledger = answer_ledger(
			subscription, slice_of(delivery->job.data, delivery->job.len));
		status = CH_NOMEM;
		if (ledger != NULL)
			status = ledger_nack(ledger, delivery->reserved_number, nack);
		if (status == CH_OK) {
			post = answer_must_post(subscription);
			/* The rest of its group is not to be taken any more. */
			if (!delivery->last)
				subscription->refused = delivery->sequence;
		}
	}
	(void)pthread_mutex_unlock(&subscription->lock);
	answer_post(subscription, post, false);
	return status;
}

static struct slice answer_reason(const char *reason)
{
	struct slice text = slice_text(reason);
	if (text.len > LIMIT_NACK_REASON_BYTES)
		text.len = LIMIT_NACK_REASON_BYTES;
	while (text.len > 0 && reason[text.len] != 0 && ((uint8_t)reason[text.len] & 0xc0) == 0x80)
		text.len--; /* not in the middle of a character */
	return text;
}

enum ch_status ch_nack(struct ch_subscription *subscription, const struct ch_delivery *delivery,
	uint32_t delay_ms, const char *reason)
{
	error_clear();
	return answer_refuse(subscription, delivery,
		&(struct nack){.sequence = delivery->sequence,
			.delay_ms = delay_ms,
			.reason = answer_reason(reason)});
}

enum ch_status ch_park(struct ch_subscription *subscription, const struct ch_delivery *delivery,
	const char *reason)
{
	error_clear();
	return answer_refuse(subscription, delivery,
		&(struct nack){.sequence = delivery->sequence,
			.park = true,
			.reason = answer_reason(reason)});
}
