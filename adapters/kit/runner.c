/* The loop: settle what has an answer, tend the source, ask it for its next items and hand them on; sleep
 * when there was nothing of all this (adapter.h has why in this order).  An item for which there is no room
 * now is held, and the source is asked for no other. */
#include "kit/runner.h"

#include <poll.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/log.h"
#include "kit/hub.h"
#include "kit/meter.h"
#include "kit/trace.h"

#define LOOK_UP_US  100000 /* how late the stop of another thread may be noticed */
#define ROUND_ITEMS 64     /* taken from the source before receipts are looked at again */

struct runner {
	const struct kit_adapter *adapter;
	void *source;
	const struct kit_settings *settings;
	const struct run_life *life;
	struct bell bell; /* rung by the library's thread, for receipts and answers */
	struct relay *relay;
	struct kit_hub *hub;
	struct meter *meter;
	struct kit_counts *counts;

	struct kit_item item;
	struct envelope envelope; /* of an item whose own is not as it is to be published */
	bool started;
	bool held;      /* the item waits for room */
	bool exhausted; /* the source had nothing when it was asked last */
	bool expectant; /* and said that something is coming */
	bool polls;     /* it cannot tell when it has something */
	int64_t ask_us; /* when it is asked again, if it cannot tell by itself */
	struct kit_wait wait;
};

/* Nobody's event is refused for a trace that somebody before him has broken. */
static void runner_settle_trace(struct runner *runner)
{
	runner->envelope = *runner->item.envelope;
	runner->counts->traces_dropped += trace_settle(&runner->envelope);
	runner->item.envelope = &runner->envelope;
}

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
		if (runner->exhausted && runner->polls)
			runner->ask_us = clock_steady_us() + runner->settings->poll_ms * 1000;
		if (status != CH_OK)
			return runner->exhausted ? CH_END : status;
		if (runner->item.what == KIT_REJECT)
			relay_reject(runner->relay, &runner->item);
		if (runner->item.what != KIT_EVENT)
			return CH_OK;
		runner_settle_trace(runner);
	}
	status = relay_put(runner->relay, &runner->item);
	runner->held = status == CH_FULL;
	return status == CH_FULL ? CH_END : status;
}

/* With --once there is nobody who would mend it while we wait. */
static enum ch_status runner_verdict(const struct runner *runner)
{
	enum ch_status verdict = runner->life->once ? relay_verdict(runner->relay) : CH_OK;
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

/* With checkpoints there is nothing to be read before it is known from where on. */
static enum ch_status runner_start(struct runner *runner)
{
	const struct kit_adapter *adapter = runner->adapter;
	bool waits = adapter->checkpoint_source != NULL &&
		     adapter->checkpoint_source(runner->source, 0) != NULL;
	if (runner->started || (waits && !kit_hub_is_up(runner->hub)))
		return CH_OK;
	runner->started = true;
	return adapter->start != NULL ? adapter->start(runner->source, runner->hub) : CH_OK;
}

static enum ch_status runner_tend_source(struct runner *runner)
{
	const struct kit_adapter *adapter = runner->adapter;
	runner->polls = adapter->tend == NULL;
	if (runner->polls)
		return CH_OK;
	enum ch_status status = adapter->tend(runner->source, &runner->wait);
	runner->polls = status == CH_UNSUPPORTED;
	return runner->polls ? CH_OK : status;
}

/* *out_busy: it did something that may have made work for the next round. */
static enum ch_status runner_round(struct runner *runner, bool *out_busy)
{
	bool was_idle = relay_is_idle(runner->relay);
	enum ch_status status = relay_tend(runner->relay);
	if (status == CH_OK)
		status = runner_verdict(runner);
	hub_tend(runner->hub);
	meter_tell(runner->meter, runner->counts, runner->relay, runner->life);
	if (relay_is_idle(runner->relay) && !was_idle)
		runner->ask_us = 0; /* what waited for it may be there now */
	runner->wait = (struct kit_wait){.fd = -1, .timeout_ms = -1};
	if (status == CH_OK)
		status = runner_start(runner);
	if (status == CH_OK && runner->started)
		status = runner_tend_source(runner);
	uint64_t settled = relay_settled(runner->relay);
	int items = 0;
	while (status == CH_OK && runner->started && items < ROUND_ITEMS) {
		status = runner_feed(runner);
		items += status == CH_OK;
	}
	*out_busy = items > 0 || relay_settled(runner->relay) != settled;
	return status == CH_END ? CH_OK : status;
}

static bool runner_is_done(const struct runner *runner)
{
	return runner->life->once && runner->exhausted && !runner->expectant &&
	       relay_is_idle(runner->relay);
}

static int64_t runner_due_us(const struct runner *runner, int64_t now_us)
{
	int64_t due_us = now_us + LOOK_UP_US;
	int64_t hub_us = hub_due_us(runner->hub);
	if (runner->wait.timeout_ms >= 0 && runner->wait.timeout_ms < LOOK_UP_US / 1000)
		due_us = now_us + runner->wait.timeout_ms * 1000;
	if (runner->exhausted && runner->polls && runner->ask_us < due_us)
		due_us = runner->ask_us;
	return relay_due_us(runner->relay, hub_us < due_us ? hub_us : due_us);
}

/* First say that we sleep, then look once more: see bell.h. */
static void runner_sleep(struct runner *runner)
{
	int64_t now_us = clock_steady_us();
	int64_t us = runner_due_us(runner, now_us) - now_us;
	const struct timespec time = {us / 1000000, us % 1000000 * 1000};
	struct pollfd places[] = {{runner->bell.fd, POLLIN, 0},
		{runner->wait.fd, runner->wait.events, 0}}; /* -1 is passed over */
	bell_sleep(&runner->bell);
	if (us > 0 && !relay_has_landed(runner->relay) && !hub_has_answers(runner->hub))
		(void)ppoll(places, 2, &time, NULL); /* whatever it says, we look */
	bell_awake(&runner->bell);
}

static enum ch_status runner_loop(struct runner *runner)
{
	bool busy = false;
	while (!*runner->life->stop) {
		enum ch_status status = runner_round(runner, &busy);
		if (status != CH_OK || runner_is_done(runner))
			return status;
		if (runner->life->reload != NULL &&
			runner->life->reload(runner->life->context, runner->source,
				runner->started ? RUN_AT_WORK : RUN_WAITS))
			return CH_OK;
		if (!busy)
			runner_sleep(runner);
	}
	return CH_OK;
}

enum ch_status runner_run(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, const struct run_life *life, struct kit_counts *counts)
{
	struct runner runner = {.adapter = adapter,
		.source = source,
		.settings = settings,
		.life = life,
		.counts = counts};
	enum ch_status status = bell_init(&runner.bell);
	if (status != CH_OK)
		return status;
	status = relay_open(adapter, source, settings, counts, &runner.bell, &runner.relay);
	if (status == CH_OK)
		status = hub_create(relay_courier(runner.relay), &runner.bell, &runner.hub);
	if (status == CH_OK)
		status = meter_create(adapter, source, settings->metrics, &runner.meter);
	if (status == CH_OK)
		status = runner_loop(&runner);
	if (runner.started && adapter->end != NULL)
		adapter->end(source);
	if (runner.relay != NULL)
		relay_end(runner.relay);
	if (runner.hub != NULL)
		hub_end(runner.hub);
	if (runner.relay != NULL)
		meter_write(runner.meter, counts, runner.relay, life);
	hub_free(runner.hub);
	relay_close(runner.relay);
	meter_free(runner.meter);
	bell_fini(&runner.bell);
	return status;
}
