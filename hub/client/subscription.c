#include "client/subscription.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/attachment.h"
#include "client/wait.h"

#define DEFAULT_CREDIT 1024u

/* ---- Making ---- */

static enum ch_status subscription_copy_text(struct ch_subscription *subscription, const char *text,
	uint32_t max, const char *what, struct slice *out_copy)
{
	struct slice bytes = slice_text(text);
	if (bytes.len > max)
		return error_set(CH_TOO_LARGE, "%s: longer than %u bytes", what, max);
	if (bytes.len == 0) {
		*out_copy = (struct slice){NULL, 0};
		return CH_OK;
	}
	struct slice copy = arena_copy(&subscription->texts, bytes);
	if (copy.data == NULL)
		return CH_NOMEM;
	*out_copy = copy;
	return CH_OK;
}

static enum ch_status subscription_copy_list(struct ch_subscription *subscription,
	const char *const *texts, size_t count, uint32_t max_count, uint32_t max_bytes,
	const char *what, struct slice *copies, uint32_t *out_count)
{
	if (count > max_count)
		return error_set(CH_TOO_LARGE, "%s: more than %u", what, max_count);
	for (size_t i = 0; i < count; i++) {
		enum ch_status status =
			subscription_copy_text(subscription, texts[i], max_bytes, what, &copies[i]);
		if (status != CH_OK)
			return status;
		if (copies[i].len == 0)
			return error_set(CH_INVALID, "%s: an empty one", what);
	}
	*out_count = (uint32_t)count;
	return CH_OK;
}

static enum ch_status subscription_copy_filter(
	struct ch_subscription *subscription, const struct ch_subscribe_options *options)
{
	struct subscribe_filter *filter = &subscription->wish.filter;
	enum ch_status status = subscription_copy_list(subscription, options->types,
		options->type_count, LIMIT_FILTER_PATTERNS, LIMIT_PATTERN_BYTES, "types",
		filter->types, &filter->type_count);
	if (status == CH_OK)
		status = subscription_copy_list(subscription, options->sources,
			options->source_count, LIMIT_FILTER_PATTERNS, LIMIT_SOURCE_BYTES, "sources",
			filter->sources, &filter->source_count);
	if (status != CH_OK)
		return status;
	if (options->customer_count > LIMIT_FILTER_PATTERNS)
		return error_set(CH_TOO_LARGE, "customers: more than %u", LIMIT_FILTER_PATTERNS);
	filter->customer_count = (uint32_t)options->customer_count;
	for (size_t i = 0; i < options->customer_count; i++)
		filter->customers[i] = options->customers[i];
	return CH_OK;
}

static enum ch_status subscription_copy_wish(
	struct ch_subscription *subscription, const struct ch_subscribe_options *options)
{
	struct subscribe *wish = &subscription->wish;
	if (options->size != CH_SUBSCRIBE_SIZE)
		return error_set(CH_INVALID, "size is not CH_SUBSCRIBE_SIZE");
	if (options->from > CH_FROM_SNAPSHOT)
		return error_set(CH_INVALID, "from is none of its values");
	if (options->credit > LIMIT_INFLIGHT_PER_SUB)
		return error_set(CH_TOO_LARGE, "credit: more than %u", LIMIT_INFLIGHT_PER_SUB);
	enum ch_status status = subscription_copy_text(
		subscription, options->name, LIMIT_NAME_BYTES, "name", &wish->name);
	if (status == CH_OK)
		status = subscription_copy_filter(subscription, options);
	if (status == CH_OK)
		status = subscription_copy_list(subscription, options->snapshot,
			options->snapshot_count, LIMIT_SNAPSHOT_TABLES, LIMIT_NAME_BYTES,
			"snapshot", wish->start.snapshot, &wish->start.snapshot_count);
	if (status != CH_OK)
		return status;
	wish->start.from = (enum subscribe_from)options->from;
	wish->start.sequence = options->from_sequence;
	wish->start.time_us = options->from_time_us;
	wish->update = options->update;
	wish->must_exist = options->must_exist;
	wish->no_ack = options->no_ack;
	wish->position = options->position;
	wish->position_incarnation = options->position_incarnation;
	wish->credit = subscription->credit;
	wish->ack_wait_ms = options->ack_wait_ms;
	wish->max_attempts = options->max_attempts;
	wish->max_lag_events = options->max_lag_events;
	wish->stop_sequence = options->stop_sequence;
	wish->stop_at_head = options->stop_at_head;
	return CH_OK;
}

static void subscription_free(struct ch_subscription *subscription)
{
	struct mailbox_node *node = mailbox_take(&subscription->inbox);
	for (int round = 0; round < 2; round++, node = subscription->rest) {
		while (node != NULL) {
			struct mailbox_node *next = node->next;
			parcel_unref((struct parcel *)(void *)node);
			node = next;
		}
	}
	parcel_unref(subscription->parcel);
	while (subscription->jobs != NULL) {
		struct subscription_job *job = subscription->jobs;
		subscription->jobs = job->next;
		ledger_fini(&job->ledger);
		free(job);
	}
	ledger_fini(&subscription->ledger);
	mailbox_fini(&subscription->inbox);
	arena_fini(&subscription->texts);
	(void)pthread_cond_destroy(&subscription->changed);
	(void)pthread_mutex_destroy(&subscription->lock);
	connection_unref(subscription->connection);
	free(subscription);
}

static struct ch_subscription *subscription_create(
	struct ch_connection *connection, const struct ch_subscribe_options *options)
{
	struct ch_subscription *subscription = calloc(1, sizeof(*subscription));
	if (subscription == NULL)
		return NULL;
	subscription->connection = connection_ref(connection);
	subscription->credit = options->credit > 0 ? options->credit : DEFAULT_CREDIT;
	subscription->takes_acks = !options->no_ack;
	arena_init(&subscription->texts);
	mailbox_init(&subscription->inbox, NULL, NULL);
	(void)pthread_mutex_init(&subscription->lock, NULL);
	wait_init(&subscription->changed);
	subscription->attach = (struct subscription_command){
		{.run = attachment_run}, subscription, attachment_attach};
	subscription->detach = (struct subscription_command){
		{.run = attachment_run}, subscription, attachment_detach};
	subscription->drain = (struct subscription_command){
		{.run = attachment_run}, subscription, attachment_drain};
	subscription->forget = (struct subscription_command){
		{.run = attachment_run}, subscription, attachment_forget};
	if (ledger_init(&subscription->ledger, subscription->credit, 0) != CH_OK) {
		subscription_free(subscription);
		return NULL;
	}
	return subscription;
}

/* False: the session is over. */
static bool subscription_command(
	struct ch_subscription *subscription, struct subscription_command *command)
{
	(void)pthread_mutex_lock(&subscription->lock);
	subscription->commands++;
	(void)pthread_mutex_unlock(&subscription->lock);
	if (connection_post(subscription->connection, &command->command))
		return true;
	(void)pthread_mutex_lock(&subscription->lock);
	subscription->commands--;
	(void)pthread_mutex_unlock(&subscription->lock);
	return false;
}

/* Under the lock: the I/O thread will not touch it any more. */
static bool subscription_is_gone(const struct ch_subscription *subscription)
{
	return subscription->state == SUBSCRIPTION_GONE && subscription->commands == 0;
}

/* Waits until it is gone, or `attached` and it is attached.  False: time is up. */
static bool subscription_wait(struct ch_subscription *subscription, bool attached, int64_t until_us)
{
	bool more = true;
	bool there = false;
	(void)pthread_mutex_lock(&subscription->lock);
	for (;;) {
		there = subscription_is_gone(subscription) ||
			(attached && subscription->state == SUBSCRIPTION_ATTACHED);
		if (there || !more)
			break;
		more = wait_for(&subscription->changed, &subscription->lock, until_us);
	}
	(void)pthread_mutex_unlock(&subscription->lock);
	return there;
}

enum ch_status subscription_status(struct ch_subscription *subscription)
{
	(void)pthread_mutex_lock(&subscription->lock);
	enum ch_status status = CH_OK;
	if (subscription->state == SUBSCRIPTION_GONE && subscription->status != CH_OK)
		status = error_set(subscription->status, "%s", subscription->detail);
	(void)pthread_mutex_unlock(&subscription->lock);
	return status;
}

/* The I/O thread must know nothing of it when it is freed. */
static void subscription_forget(struct ch_subscription *subscription)
{
	/* False: the session is over, and lets go of all subscriptions. */
	(void)subscription_command(subscription, &subscription->forget);
	(void)subscription_wait(subscription, false, INT64_MAX);
}

enum ch_status ch_subscribe(struct ch_connection *connection,
	const struct ch_subscribe_options *options, int64_t timeout_ms,
	struct ch_subscription **out_subscription)
{
	static const struct ch_subscribe_options nothing = {.size = CH_SUBSCRIBE_SIZE};
	int64_t until_us = wait_until(timeout_ms);
	error_clear();
	if (connection_is_inside(connection))
		return error_set(CH_INVALID, "a callback must not wait");
	if (options == NULL)
		options = &nothing;
	struct ch_subscription *subscription = subscription_create(connection, options);
	if (subscription == NULL)
		return CH_NOMEM;
	enum ch_status status = subscription_copy_wish(subscription, options);
	if (status != CH_OK)
		goto out;
	if (!subscription_command(subscription, &subscription->attach)) {
		status = error_set(CH_CLOSED, "the connection is closed");
		goto out;
	}
	if (!subscription_wait(subscription, true, until_us)) {
		subscription_forget(subscription);
		status = error_set(CH_TIMEOUT, "the hub did not answer");
		goto out;
	}
	status = subscription_status(subscription);
	if (status != CH_OK) {
		(void)subscription_wait(subscription, false, INT64_MAX);
		goto out;
	}
	*out_subscription = subscription;
	subscription = NULL; /* the caller's now */
out:
	if (subscription != NULL)
		subscription_free(subscription);
	return status;
}

void ch_subscription_info(
	struct ch_subscription *subscription, struct ch_subscription_info *out_info)
{
	(void)pthread_mutex_lock(&subscription->lock);
	*out_info = (struct ch_subscription_info){
		.generation = subscription->subscribed.generation,
		.cursor = subscription->subscribed.cursor,
		.head = subscription->subscribed.head,
		.position = ledger_position(&subscription->ledger),
		.unacknowledged = subscription->ledger.open,
		.queued = subscription->queued,
	};
	(void)pthread_mutex_unlock(&subscription->lock);
}

/* ---- Leaving ---- */

enum ch_status ch_subscription_drain(struct ch_subscription *subscription)
{
	error_clear();
	(void)pthread_mutex_lock(&subscription->lock);
	bool first = !subscription->drain_posted;
	subscription->drain_posted = true;
	(void)pthread_mutex_unlock(&subscription->lock);
	if (first && !subscription_command(subscription, &subscription->drain))
		return error_set(CH_CLOSED, "the connection is closed");
	return CH_OK;
}

static enum ch_status subscription_leave(struct ch_subscription *subscription, int64_t timeout_ms)
{
	int64_t until_us = wait_until(timeout_ms);
	/* False: the session is over, and lets go of all subscriptions. */
	if (!subscription_command(subscription, &subscription->detach))
		until_us = INT64_MAX;
	if (!subscription_wait(subscription, false, until_us))
		subscription_forget(subscription);
	enum ch_status status = subscription_status(subscription);
	subscription_free(subscription);
	return status;
}

enum ch_status ch_subscription_close(struct ch_subscription *subscription, int64_t timeout_ms)
{
	error_clear();
	if (subscription == NULL)
		return CH_OK;
	if (connection_is_inside(subscription->connection))
		return error_set(CH_INVALID, "a callback must not wait");
	enum ch_status status = subscription_leave(subscription, timeout_ms);
	/* Whoever lost it to another instance, or drained it, has nothing left to detach. */
	return status == CH_FENCED || status == CH_END ? CH_OK : status;
}

enum ch_status ch_subscription_delete(struct ch_subscription *subscription, int64_t timeout_ms)
{
	error_clear();
	if (subscription == NULL)
		return CH_OK;
	if (connection_is_inside(subscription->connection))
		return error_set(CH_INVALID, "a callback must not wait");
	subscription->delete = true;
	return subscription_leave(subscription, timeout_ms);
}
