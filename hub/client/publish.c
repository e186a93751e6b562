#include <carehub/publish.h>

#include "client/connection.h"
#include "client/event.h"
#include "client/future.h"
#include "client/wait.h"

enum ch_status ch_receipt_status(const struct ch_receipt *receipt)
{
	switch (receipt->outcome) {
	case CH_OUTCOME_ACCEPTED:
	case CH_OUTCOME_DUPLICATE:
		return CH_OK;
	case CH_OUTCOME_CONFLICT:
		return CH_CONFLICT;
	case CH_OUTCOME_RETRY_AFTER:
		return CH_RETRY;
	default:
		return receipt->reason != CH_OK ? receipt->reason : CH_DENIED;
	}
}

static enum ch_status publish_put(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, ch_publish_callback *callback, void *context)
{
	enum ch_status status = ch_event_status(event);
	if (status != CH_OK)
		return status;
	if (connection_is_inside(connection))
		timeout_ms = 0; /* only this thread can make room */
	status = outbox_put(&connection->outbox, &event->envelope, timeout_ms, callback, context);
	if (status != CH_OK)
		(void)error_set(status, "%s",
			status == CH_TOO_LARGE ? "the event is larger than the hub takes"
					       : ch_status_text(status));
	return status;
}

enum ch_status ch_publish_async(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, ch_publish_callback *callback, void *context)
{
	return publish_put(connection, event, timeout_ms, callback, context);
}

enum ch_status ch_publish_future(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, struct ch_future **out_future)
{
	struct ch_future *future = future_create();
	if (future == NULL)
		return CH_NOMEM;
	enum ch_status status = publish_put(connection, event, timeout_ms, future_answer, future);
	if (status != CH_OK) {
		future_abandon(future);
		return status;
	}
	*out_future = future;
	return CH_OK;
}

enum ch_status ch_publish(struct ch_connection *connection, struct ch_event *event,
	int64_t timeout_ms, struct ch_receipt *out_receipt)
{
	struct ch_future *future;
	int64_t until_us = wait_until(timeout_ms);
	error_clear();
	if (connection_is_inside(connection))
		return error_set(CH_INVALID, "a callback must not wait");
	enum ch_status status = ch_publish_future(connection, event, timeout_ms, &future);
	if (status == CH_FULL)
		return error_set(CH_TIMEOUT, "the window is full");
	if (status != CH_OK)
		return status;
	status = ch_future_wait(future, wait_left(until_us), out_receipt);
	ch_future_free(future);
	return status;
}

static enum ch_status publish_check_batch(struct ch_event *const *events, size_t count)
{
	if (count > CH_BATCH_EVENTS)
		return error_set(CH_TOO_LARGE, "more than %d events", CH_BATCH_EVENTS);
	for (size_t i = 0; i < count; i++) {
		enum ch_status status = ch_event_status(events[i]);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

enum ch_status ch_publish_batch(struct ch_connection *connection, struct ch_event *const *events,
	size_t count, int64_t timeout_ms, struct ch_receipt *out_receipts)
{
	struct outbox_item items[CH_BATCH_EVENTS];
	struct future_member *members;
	int64_t until_us = wait_until(timeout_ms);
	error_clear();
	if (connection_is_inside(connection))
		return error_set(CH_INVALID, "a callback must not wait");
	enum ch_status status = publish_check_batch(events, count);
	if (status != CH_OK || count == 0)
		return status;
	struct future_group *group = future_group_create(count, &members);
	if (group == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct outbox_item){
			&events[i]->envelope, future_group_answer, &members[i]};
	status = outbox_put_all(&connection->outbox, items, (uint32_t)count, timeout_ms);
	if (status != CH_OK) {
		future_group_abandon(group);
		if (status == CH_FULL)
			status = CH_TIMEOUT;
		return error_set(status, "%s", ch_status_text(status));
	}
	return future_group_wait(group, wait_left(until_us), out_receipts);
}

enum ch_status ch_publish_flush(struct ch_connection *connection, int64_t timeout_ms)
{
	error_clear();
	if (connection_is_inside(connection))
		return error_set(CH_INVALID, "a callback must not wait");
	enum ch_status status = outbox_flush(&connection->outbox, timeout_ms);
	(void)pthread_mutex_lock(&connection->lock);
	if (connection->state == CH_FINISHED)
		status = error_set(CH_CLOSED, "the connection is closed");
	(void)pthread_mutex_unlock(&connection->lock);
	return status;
}
