#include "client/future.h"

#include <pthread.h>
#include <stdlib.h>

#include "client/error.h"
#include "client/wait.h"

struct ch_future {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned holders;
	bool done;
	enum ch_status status;
	struct ch_receipt receipt;
};

struct ch_future *future_create(void)
{
	struct ch_future *future = calloc(1, sizeof(*future));
	if (future == NULL)
		return NULL;
	(void)pthread_mutex_init(&future->lock, NULL); /* cannot fail with these attributes */
	wait_init(&future->changed);
	future->holders = 2;
	return future;
}

static void future_release(struct ch_future *future)
{
	(void)pthread_mutex_lock(&future->lock);
	bool last = --future->holders == 0;
	(void)pthread_mutex_unlock(&future->lock);
	if (!last)
		return;
	(void)pthread_cond_destroy(&future->changed);
	(void)pthread_mutex_destroy(&future->lock);
	free(future);
}

void future_answer(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct ch_future *future = context;
	(void)pthread_mutex_lock(&future->lock);
	future->done = true;
	future->status = status;
	future->receipt = *receipt;
	(void)pthread_cond_broadcast(&future->changed);
	(void)pthread_mutex_unlock(&future->lock);
	future_release(future);
}

void future_abandon(struct ch_future *future)
{
	future_release(future);
	future_release(future);
}

enum ch_status ch_future_wait(
	struct ch_future *future, int64_t timeout_ms, struct ch_receipt *out_receipt)
{
	int64_t until_us = wait_until(timeout_ms);
	bool more = true;
	error_clear();
	(void)pthread_mutex_lock(&future->lock);
	while (!future->done && more)
		more = wait_for(&future->changed, &future->lock, until_us);
	enum ch_status status = future->done ? future->status : CH_TIMEOUT;
	if (future->done && out_receipt != NULL)
		*out_receipt = future->receipt;
	if (future->done && status != CH_OK && future->receipt.field[0] != 0)
		(void)error_set(status, "%s: %s", future->receipt.field, future->receipt.detail);
	else if (future->done && status != CH_OK)
		(void)error_set(status, "%s", future->receipt.detail);
	(void)pthread_mutex_unlock(&future->lock);
	return status;
}

void ch_future_free(struct ch_future *future)
{
	if (future != NULL)
		future_release(future);
}

/* ---- Several at once ---- */

struct future_group {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t holders; /* the waiter and the events under way */
	size_t count;
	size_t missing;
	struct future_member *members;
	struct ch_receipt *receipts;
	enum ch_status *statuses;
};

static void future_group_free(struct future_group *group)
{
	if (group == NULL)
		return;
	free(group->members);
	free(group->receipts);
	free(group->statuses);
	(void)pthread_cond_destroy(&group->changed);
	(void)pthread_mutex_destroy(&group->lock);
	free(group);
}

struct future_group *future_group_create(size_t count, struct future_member **out_members)
{
	struct future_group *group = calloc(1, sizeof(*group));
	if (group == NULL)
		return NULL;
	(void)pthread_mutex_init(&group->lock, NULL);
	wait_init(&group->changed);
	group->holders = count + 1;
	group->count = count;
	group->missing = count;
	group->members = calloc(count, sizeof(*group->members));
	group->receipts = calloc(count, sizeof(*group->receipts));
	group->statuses = calloc(count, sizeof(*group->statuses));
	if (group->members == NULL || group->receipts == NULL || group->statuses == NULL) {
		future_group_free(group);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		group->members[i] = (struct future_member){group, i};
		group->statuses[i] = CH_TIMEOUT;
	}
	*out_members = group->members;
	return group;
}

void future_group_answer(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	const struct future_member *member = context;
	struct future_group *group = member->group;
	(void)pthread_mutex_lock(&group->lock);
	group->statuses[member->index] = status;
	group->receipts[member->index] = *receipt;
	if (--group->missing == 0)
		(void)pthread_cond_broadcast(&group->changed);
	bool last = --group->holders == 0;
	(void)pthread_mutex_unlock(&group->lock);
	if (last)
		future_group_free(group);
}

enum ch_status future_group_wait(
	struct future_group *group, int64_t timeout_ms, struct ch_receipt *out_receipts)
{
	int64_t until_us = wait_until(timeout_ms);
	enum ch_status status = CH_OK;
	bool more = true;
	(void)pthread_mutex_lock(&group->lock);
	while (group->missing > 0 && more)
		more = wait_for(&group->changed, &group->lock, until_us);
	for (size_t i = group->count; i > 0; i--) {
		if (group->statuses[i - 1] != CH_OK)
			status = error_set(group->statuses[i - 1], "event %zu: %s", i - 1,
				group->receipts[i - 1].detail);
		if (out_receipts != NULL)
			out_receipts[i - 1] = group->receipts[i - 1];
	}
	bool last = --group->holders == 0;
	(void)pthread_mutex_unlock(&group->lock);
	if (last)
		future_group_free(group);
	return status;
}

void future_group_abandon(struct future_group *group)
{
	future_group_free(group);
}
