/* The thread that takes deliveries out of a subscription: ch_subscription_next, one parcel after the
 * other, one delivery after the other, without a copy. */
#include <stdlib.h>

#include "client/answer.h"
#include "client/subscription.h"
#include "client/wait.h"

static struct ch_bytes taker_bytes(struct slice bytes)
{
	return (struct ch_bytes){bytes.data, bytes.len};
}

static void taker_fill(
	struct ch_subscription *subscription, const struct delivery *delivery, uint64_t index)
{
	subscription->delivery = (struct ch_delivery){
		.sequence = delivery->sequence,
		.part = delivery->part,
		.last = delivery->last,
		.attempt = delivery->attempt > 0 ? delivery->attempt : 1,
		.mode = (enum ch_mode)delivery->mode,
		.arrival_us = delivery->arrival_us,
		.customer = delivery->customer,
		.customer_now =
			delivery->customer_now != 0 ? delivery->customer_now : delivery->customer,
		.event = taker_bytes(delivery->event),
		.personal = taker_bytes(delivery->personal),
		.peer = taker_bytes(delivery->peer),
		.job = taker_bytes(delivery->job),
		.table = taker_bytes(delivery->table),
		.record = taker_bytes(delivery->record),
		.reserved = subscription->parcel,
		.reserved_number = index,
	};
}

/* Whether the rest of this group is passed over: the application has it, or has refused it. */
static bool taker_passes_over(struct ch_subscription *subscription, const struct ledger *ledger,
	const struct delivery *delivery)
{
	if (delivery->part == 0) {
		bool known =
			subscription->walk_epoch > 1 && ledger_knows(ledger, delivery->sequence);
		subscription->refused = 0;
		subscription->skipping = known ? delivery->sequence : 0;
		return known;
	}
	return subscription->refused == delivery->sequence ||
	       subscription->skipping == delivery->sequence;
}

/* Enters a delivery that wants an ack; false: the application is not to see it. */
static bool taker_enter(
	struct ch_subscription *subscription, const struct delivery *delivery, uint64_t *out_index)
{
	bool wanted = false;
	bool post = false;
	*out_index = LEDGER_NOWHERE;
	(void)pthread_mutex_lock(&subscription->lock);
	struct ledger *ledger = answer_ledger(subscription, delivery->job);
	if (subscription->walk_epoch != subscription->epoch) {
		/* Void since an instant ago. */
	} else if (ledger == NULL) {
		/* Acknowledged by its sequence alone, taken twice after a lost connection. */
		wanted = true;
	} else if (!taker_passes_over(subscription, ledger, delivery)) {
		wanted = true;
		if (delivery->last)
			*out_index = ledger_take(ledger, delivery->sequence);
	} else {
		subscription->connection->suppressed++;
		if (delivery->last && subscription->skipping == delivery->sequence) {
			/* No memory for telling: the hub will ask again. */
			(void)ledger_again(ledger, delivery->sequence);
			subscription->skipping = 0;
			post = answer_must_post(subscription);
		}
	}
	(void)pthread_mutex_unlock(&subscription->lock);
	answer_post(subscription, post, false);
	return wanted;
}

/* The same for one that is never acknowledged: its credit goes back when half of it is used up.
 * False: the attachment was lost, and where the next one begins is settled already. */
static bool taker_enter_unanswered(
	struct ch_subscription *subscription, const struct delivery *delivery)
{
	bool grant = ++subscription->consumed >= (subscription->credit + 1) / 2;
	bool post = false;
	(void)pthread_mutex_lock(&subscription->lock);
	bool wanted = subscription->walk_epoch == subscription->epoch;
	if (wanted && delivery->mode != DELIVERY_SNAPSHOT && delivery->last)
		ledger_pass(&subscription->ledger, delivery->sequence);
	if (wanted && grant) {
		subscription->grant += subscription->consumed;
		subscription->consumed = 0;
		post = answer_must_post(subscription);
	}
	(void)pthread_mutex_unlock(&subscription->lock);
	answer_post(subscription, post, post);
	return wanted;
}

/* The next delivery of the parcel that the application is to see.  CH_END: the parcel is used up. */
static enum ch_status taker_walk(struct ch_subscription *subscription)
{
	struct delivery delivery;
	while (deliver_next(&subscription->walk, &delivery)) {
		uint64_t index = LEDGER_NOWHERE;
		if (delivery.sequence == 0)
			return CH_FORMAT;
		bool answered = subscription->takes_acks && delivery.mode != DELIVERY_SNAPSHOT;
		if (answered ? !taker_enter(subscription, &delivery, &index)
			     : !taker_enter_unanswered(subscription, &delivery))
			continue;
		taker_fill(subscription, &delivery, index);
		return CH_OK;
	}
	return subscription->walk.rest.status == CH_OK ? CH_END : CH_FORMAT;
}

static void taker_drop_parcel(struct ch_subscription *subscription)
{
	struct parcel *parcel = subscription->parcel;
	if (parcel == NULL)
		return;
	if (parcel->mark == NULL) {
		(void)atomic_fetch_sub(&subscription->queued, parcel->deliver.count);
		subscription->connection->delivered += subscription->taken;
		subscription->taken = 0;
	}
	parcel_unref(parcel);
	subscription->parcel = NULL;
}

/* Waits for a parcel.  CH_TIMEOUT, or why there will be none.  The clock is only read when there is
 * something to wait for. */
static enum ch_status taker_next_parcel(
	struct ch_subscription *subscription, int64_t timeout_ms, int64_t *until_us)
{
	taker_drop_parcel(subscription);
	if (subscription->rest == NULL)
		subscription->rest = mailbox_take(&subscription->inbox);
	if (subscription->rest == NULL) {
		if (*until_us == 0)
			*until_us = wait_until(timeout_ms);
		int64_t left_ms = wait_left(*until_us);
		subscription->rest =
			mailbox_wait(&subscription->inbox, left_ms < 0 ? -1 : left_ms * 1000);
		enum ch_status status =
			subscription->rest == NULL ? subscription_status(subscription) : CH_OK;
		if (status != CH_OK)
			return status;
		/* It only wakes with nothing when the time is up, or when the inbox was closed. */
		if (subscription->rest == NULL)
			return wait_left(*until_us) == 0 ? CH_TIMEOUT : CH_CLOSED;
	}
	struct parcel *parcel = (struct parcel *)(void *)subscription->rest;
	subscription->rest = subscription->rest->next;
	subscription->parcel = parcel;
	subscription->walk = parcel->deliver;
	if (parcel->epoch != subscription->walk_epoch && parcel->epoch != PARCEL_ALWAYS) {
		subscription->walk_epoch = parcel->epoch;
		subscription->consumed = 0;
		subscription->skipping = 0;
	}
	return CH_OK;
}

/* A snapshot that came to no end before the connection was lost begins anew. */
static bool taker_begins_snapshot_again(struct ch_subscription *subscription)
{
	if (subscription->delivery.mode != CH_SNAPSHOT_RECORD)
		return false;
	bool again = subscription->snapshot_epoch != 0 &&
		     subscription->snapshot_epoch != subscription->walk_epoch;
	subscription->snapshot_epoch = subscription->walk_epoch;
	return again;
}

enum step { STEP_AGAIN, STEP_DELIVERY, STEP_MARK, STEP_STOP };

static enum step taker_take_mark(struct ch_subscription *subscription)
{
	const struct parcel *parcel = subscription->parcel;
	subscription->mark = parcel->mark;
	subscription->after = parcel->after;
	if (parcel->mark->what == CH_MARK_SNAPSHOT_AGAIN)
		subscription->snapshot_epoch = subscription->walk_epoch; /* that was said */
	if (parcel->after == CH_END)
		connection_note(subscription->connection);
	return parcel->mark->what != CH_MARK_NONE ? STEP_MARK : STEP_AGAIN;
}

static enum step taker_take_delivery(
	struct ch_subscription *subscription, enum ch_status *out_status)
{
	static const struct ch_mark snapshot_again = {.what = CH_MARK_SNAPSHOT_AGAIN};
	enum ch_status status = taker_walk(subscription);
	if (status == CH_END) {
		taker_drop_parcel(subscription);
		return STEP_AGAIN;
	}
	if (status != CH_OK) {
		subscription->after = status;
		*out_status = error_set(status, "a delivery cannot be read");
		return STEP_STOP;
	}
	subscription->taken++;
	if (!taker_begins_snapshot_again(subscription))
		return STEP_DELIVERY;
	subscription->held = true;
	subscription->mark = &snapshot_again;
	return STEP_MARK;
}

static enum step taker_step(struct ch_subscription *subscription, int64_t timeout_ms,
	int64_t *until_us, enum ch_status *out_status)
{
	*out_status = subscription->ended;
	if (*out_status == CH_OK)
		*out_status = subscription->after;
	if (*out_status != CH_OK)
		return STEP_STOP;
	if (subscription->held) {
		subscription->held = false;
		return STEP_DELIVERY;
	}
	if (subscription->parcel == NULL || subscription->parcel->mark != NULL) {
		*out_status = taker_next_parcel(subscription, timeout_ms, until_us);
		if (*out_status != CH_OK)
			return STEP_STOP;
	}
	if (subscription->parcel->epoch != subscription->epoch &&
		subscription->parcel->epoch != PARCEL_ALWAYS) {
		taker_drop_parcel(subscription); /* it comes again, or to somebody else */
		return STEP_AGAIN;
	}
	if (subscription->parcel->mark != NULL)
		return taker_take_mark(subscription);
	return taker_take_delivery(subscription, out_status);
}

enum ch_status ch_subscription_next(struct ch_subscription *subscription, int64_t timeout_ms,
	const struct ch_delivery **out_delivery, struct ch_mark *out_mark)
{
	int64_t until_us = 0;
	enum ch_status status;
	error_clear();
	if (connection_is_inside(subscription->connection))
		return error_set(CH_INVALID, "a callback must not wait");
	for (;;) {
		switch (taker_step(subscription, timeout_ms, &until_us, &status)) {
		case STEP_DELIVERY:
			*out_delivery = &subscription->delivery;
			return CH_OK;
		case STEP_MARK:
			if (out_mark == NULL)
				break;
			*out_mark = *subscription->mark;
			*out_delivery = NULL;
			return CH_OK;
		case STEP_STOP:
			return status;
		case STEP_AGAIN:
			break;
		}
	}
}

enum ch_status ch_delivery_keep(const struct ch_delivery *delivery, struct ch_delivery **out_kept)
{
	struct ch_delivery *kept = malloc(sizeof(*kept));
	error_clear();
	if (kept == NULL)
		return CH_NOMEM;
	*kept = *delivery;
	parcel_ref((struct parcel *)(uintptr_t)delivery->reserved);
	*out_kept = kept;
	return CH_OK;
}

void ch_delivery_free(struct ch_delivery *kept)
{
	if (kept == NULL)
		return;
	parcel_unref((struct parcel *)(uintptr_t)kept->reserved);
	free(kept);
}
