/* The loop: ask the source for the next item, hand it on, tend what is under way.  An item for which there
 * is no room now is held, and the source is asked for no other. */
#include "kit/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "kit/meter.h"

#define LOOK_UP_US 100000 /* how late a signal may be noticed */

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
	int64_t ask_us; /* when it is asked again */
};

/* Takes one step with the source: CH_OK; CH_END: nothing to be done with it now. */
static enum ch_status runner_feed(struct runner *runner)
{
	enum ch_status status;
	if (!runner->held) {
		if (runner->exhausted && clock_steady_us() < runner->ask_us)
			return CH_END;
		status = runner->adapter->next(runner->source, &runner->item);
		runner->exhausted = status == CH_END;
		if (status == CH_END)
			runner->ask_us = clock_steady_us() + runner->settings->poll_ms * 1000;
		if (status != CH_OK)
			return status;
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

static enum ch_status runner_loop(struct runner *runner)
{
	enum ch_status status = CH_OK;
	bool busy = true;
	while (!*runner->stop) {
		bool was_idle = relay_is_idle(runner->relay);
		status = relay_tend(runner->relay, busy ? 0 : LOOK_UP_US);
		if (status == CH_OK)
			status = runner_verdict(runner);
		if (status != CH_OK)
			return status;
		meter_tell(runner->meter, &runner->counts, runner->relay);
		if (relay_is_idle(runner->relay) && !was_idle)
			runner->ask_us = 0; /* what waited for it may be there now */
		status = runner_feed(runner);
		if (status != CH_OK && status != CH_END)
			return status;
		busy = status == CH_OK;
		if (runner->once && runner->exhausted && relay_is_idle(runner->relay))
			return CH_OK;
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
