/* Who subscribes and takes: what the tests of subscriptions begin with. */
#ifndef UNIT_CLIENT_SUBSCRIBER_H
#define UNIT_CLIENT_SUBSCRIBER_H

#include <carehub/carehub.h>

#include "support/bus_client.h"
#include "support/unit.h"

__attribute__((unused)) static const struct ch_subscribe_options from_earliest = {
	CH_SUBSCRIBE_SIZE, .name = "marketing", .from = CH_FROM_EARLIEST};

__attribute__((unused)) static struct ch_subscription *subscribe(
	struct fixture *f, const struct ch_subscribe_options *options)
{
	struct ch_subscription *subscription = NULL;
	enum ch_status status = ch_subscribe(f->connection, options, 5000, &subscription);
	if (status != CH_OK)
		fail_msg("ch_subscribe: %s: %s", ch_status_name(status), ch_error_detail());
	return subscription;
}

__attribute__((unused)) static const struct ch_delivery *next(struct ch_subscription *subscription)
{
	const struct ch_delivery *delivery = NULL;
	enum ch_status status = ch_subscription_next(subscription, 5000, &delivery, NULL);
	if (status != CH_OK)
		fail_msg("next: %s: %s", ch_status_name(status), ch_error_detail());
	return delivery;
}

__attribute__((unused)) static struct ch_mark next_mark(struct ch_subscription *subscription)
{
	const struct ch_delivery *delivery = NULL;
	struct ch_mark mark;
	assert_int_equal(ch_subscription_next(subscription, 5000, &delivery, &mark), CH_OK);
	assert_null(delivery);
	return mark;
}

__attribute__((unused)) static enum ch_status next_status(
	struct ch_subscription *subscription, int64_t timeout_ms)
{
	const struct ch_delivery *delivery;
	return ch_subscription_next(subscription, timeout_ms, &delivery, NULL);
}

#endif
