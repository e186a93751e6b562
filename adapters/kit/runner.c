/* The loop: settle what has an answer, tend the source, ask it for its next items and hand them on; sleep
 * when there was nothing of all this (adapter.h has why in this order).  An item for which there is no room
 * now is held, and the source is asked for no other. */
#include "kit/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "kit/meter.h"

#define LOOK_UP_US  100000 /* how late the stop of another thread may be noticed */
#define ROUND_ITEMS 64     /* taken from the source before receipts are looked at again */

struct runner {
	const struct kit_adapter *adapter;
	void *source;
	const struct kit_settings *settings;
	bool once;
	const atomic_int *stop;
	struct relay *relay;
	struct meter *meter;
	struct kit_counts counts;

	struct kit_item item;
	bool held;      /* the item waits for room */
	bool exhausted; /* the source had nothing when it was asked last */
	bool expectant; /* and said that something is coming */
	int64_t ask_us; /* when it is asked again, if it cannot tell by itself */
	struct kit_wait wait;
};

/* Takes one step with the source: CH_OK; CH_END: nothing to be done with it now. */
static enum ch_status runner_feed(struct runner *runner)
{
	enum ch_status status;
	if (!runner->held) {
		if (runner->exhausted && clock_steady_us() < runner->ask_us)
			return CH_END;
		status = runner->adapter->next(runner->source, &runner->item);
		runner->exhausted = status == CH_END || status == CH_BUSY;
		runner->expectant = status == CH_BUSY;
		if (runner->exhausted && runner->adapter->tend == NULL)
			runner->ask_us = clock_steady_us() + runner->settings->poll_ms * 1000;
		if (status != CH_OK)
			return runner->exhausted ? CH_END : status;
		if (runner->item.what == KIT_REJECT)
			runner->counts.rejected++;
		if (runner->item.what != KIT_EVENT)
			return CH_OK;
	}
	status = relay_put(runner->relay, &runner->item);
	runner->held = status == CH_FULL;
	return status == CH_FULL ? CH_END : status;
}

/* With --once there is nobody who would mend it while we wait. */
static enum ch_status runner_verdict(const struct runner *runner)
{
	enum ch_status verdict = runner->once ? relay_verdict(runner->relay) : CH_OK;
	if (verdict != CH_OK)
		log_error("hub.refused", "adapter=%s endpoint=%s status=%s detail=\"%s\"",
			runner->adapter->program, runner->settings->endpoint,
			ch_status_name(verdict),
			verdict == CH_DENIED    ? "the hub does not know this adapter's key, or "
						  "has another key than it was told"
			: verdict == CH_VERSION ? "the hub speaks another version"
						: "the endpoint cannot be used");
	return verdict;
}

/* *out_busy: it did something that may have made work for the next round. */
static enum ch_status runner_round(struct runner *runner, bool *out_busy)
{
	bool was_idle = relay_is_idle(runner->relay);
	enum ch_status status = relay_tend(runner->relay);
	if (status == CH_OK)
		status = runner_verdict(runner);
	meter_tell(runner->meter, &runner->counts, runner->relay);
	if (relay_is_idle(runner->relay) && !was_idle)
		runner->ask_us = 0; /* what waited for it may be there now */
	runner->wait = (struct kit_wait){.fd = -1, .timeout_ms = -1};
	if (status == CH_OK && runner->adapter->tend != NULL)
		status = runner->adapter->tend(runner->source, &runner->wait);
	uint64_t settled = relay_settled(runner->relay);
	int items = 0;
	while (status == CH_OK && items < ROUND_ITEMS) {
		status = runner_feed(runner);
		items += status == CH_OK;
	}
	*out_busy = items > 0 || relay_settled(runner->relay) != settled;
	return status == CH_END ? CH_OK : status;
}

static bool runner_is_done(const struct runner *runner)
{
	return runner->once && runner->exhausted && !runner->expectant &&
	       relay_is_idle(runner->relay);
}

static void runner_sleep(struct runner *runner)
{
	int64_t most_us = LOOK_UP_US;
	if (runner->exhausted && runner->adapter->tend == NULL) {
		int64_t left_us = runner->ask_us - clock_steady_us();
		most_us = left_us < most_us ? left_us : most_us;
	}
	relay_sleep(runner->relay, &runner->wait, most_us > 0 ? most_us : 0);
}

static enum ch_status runner_loop(struct runner *runner)
{
	bool busy = false;
	while (!*runner->stop) {
		enum ch_status status = runner_round(runner, &busy);
		if (status != CH_OK || runner_is_done(runner))
			return status;
		if (!busy)
			runner_sleep(runner);
	}
	return CH_OK;
}

enum ch_status runner_run(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, bool once, const atomic_int *stop,
	struct kit_counts *out_counts)
{
	struct runner runner = {.adapter = adapter,
		.source = source,
		.settings = settings,
		.once = once,
		.stop = stop};
	enum ch_status status =
		relay_open(adapter, source, settings, &runner.counts, &runner.relay);
	if (status == CH_OK)
		status = meter_create(adapter->program, settings->metrics, &runner.meter);
	if (status == CH_OK)
		status = runner_loop(&runner);
	relay_close(runner.relay);
	meter_free(runner.meter);
	*out_counts = runner.counts;
	return status;
}
