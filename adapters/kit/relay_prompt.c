/* The way of an adapter that answers whoever sends: nothing waits for the hub. */
#include <stdio.h>

#include "base/clock.h"
#include "kit/relay_inside.h"

/* What somebody who asks again may well find. */
#define RETRY_AFTER_MS 1000

static void relay_put_off(
	struct relay *relay, uint64_t token, enum ch_status reason, const char *detail)
{
	struct kit_settled settled = {.token = token, .status = CH_RETRY};
	settled.receipt.outcome = CH_OUTCOME_RETRY_AFTER;
	settled.receipt.reason = reason;
	settled.receipt.retry_after_ms = RETRY_AFTER_MS;
	(void)snprintf(settled.receipt.detail, sizeof(settled.receipt.detail), "%s", detail);
	relay->counts->put_off++;
	relay_tell(relay, &settled);
}

enum ch_status relay_put_prompt(struct relay *relay, const struct kit_item *item)
{
	enum ch_status status = CH_CLOSED;
	if (courier_is_up(relay->courier))
		status = relay_put_straight(relay, item);
	if (!relay_is_for_now(status))
		return status;
	relay_put_off(relay, item->token, status,
		status == CH_CLOSED  ? "the hub cannot be reached"
		: status == CH_NOMEM ? "memory runs out"
				     : "too much is under way");
	return CH_OK;
}

static int64_t relay_patience_us(const struct relay *relay)
{
	return relay->settings->patience_ms * 1000;
}

/* It may be stored all the same: nobody can take it back. */
void relay_give_up(struct relay *relay)
{
	int64_t before_us = clock_steady_us() - relay_patience_us(relay);
	for (struct flight *flight = courier_oldest(relay->courier);
		flight != NULL && flight->sent_us <= before_us; flight = flight->newer) {
		if (flight->given_up)
			continue;
		flight->given_up = true;
		relay_put_off(relay, flight->token, CH_TIMEOUT, "the hub has not answered in time");
	}
}

int64_t relay_give_up_due_us(const struct relay *relay)
{
	const struct flight *flight = courier_oldest(relay->courier);
	while (flight != NULL && flight->given_up)
		flight = flight->newer;
	return flight != NULL ? flight->sent_us + relay_patience_us(relay) : INT64_MAX;
}
