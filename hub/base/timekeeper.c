#include "base/timekeeper.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"

struct timekeeper {
	struct timekeeper_options options;
	pthread_mutex_t lock;
	/* Where the hub's time has got to; when it is believed, the highest that it was, going on at
	 * the machine's pace: a clock that was set back and is set right again has not jumped. */
	int64_t line_us;
	int64_t up_us; /* when the line was there */
	bool held;
	bool waking; /* nothing has been believed yet since the start */
};

static struct timekeeper_reading timekeeper_read_machine(void *context)
{
	(void)context;
	return (struct timekeeper_reading){clock_machine_us(), clock_up_us()};
}

static bool timekeeper_machine_is_kept(void *context)
{
	(void)context;
	return clock_is_kept();
}

/* Having been away is no jump: there is nothing to see of it but a clock that is ahead. */
static bool timekeeper_was_away(const struct timekeeper *timekeeper)
{
	return timekeeper->waking && timekeeper->options.is_kept(timekeeper->options.context);
}

/* The line follows the clock, or waits for it. */
static struct timekeeper_view timekeeper_look(struct timekeeper *timekeeper)
{
	struct timekeeper_reading now = timekeeper->options.read(timekeeper->options.context);
	int64_t line_us = timekeeper->line_us + (now.up_us - timekeeper->up_us);
	timekeeper->held = now.machine_us - line_us > timekeeper->options.jump_us &&
			   !timekeeper_was_away(timekeeper);
	if (!timekeeper->held) {
		timekeeper->waking = false;
		if (now.machine_us > line_us)
			line_us = now.machine_us;
	}
	timekeeper->line_us = line_us;
	timekeeper->up_us = now.up_us;
	clock_hold_back(timekeeper->held ? now.machine_us - line_us : 0);
	return (struct timekeeper_view){.held = timekeeper->held,
		.hub_us = timekeeper->held ? line_us : now.machine_us,
		.machine_us = now.machine_us};
}

enum ch_status timekeeper_create(
	const struct timekeeper_options *options, struct timekeeper **out_timekeeper)
{
	struct timekeeper *timekeeper = calloc(1, sizeof(*timekeeper));
	if (timekeeper == NULL)
		return CH_NOMEM;
	invariant(pthread_mutex_init(&timekeeper->lock, NULL) == 0);
	timekeeper->options = *options;
	if (timekeeper->options.read == NULL)
		timekeeper->options.read = timekeeper_read_machine;
	if (timekeeper->options.is_kept == NULL)
		timekeeper->options.is_kept = timekeeper_machine_is_kept;
	timekeeper->waking = true;
	struct timekeeper_reading now = timekeeper->options.read(options->context);
	timekeeper->line_us = options->known_us != 0 ? options->known_us : now.machine_us;
	timekeeper->up_us = now.up_us;
	(void)timekeeper_look(timekeeper); /* so that time is held from the first moment */
	*out_timekeeper = timekeeper;
	return CH_OK;
}

void timekeeper_free(struct timekeeper *timekeeper)
{
	if (timekeeper == NULL)
		return;
	clock_hold_back(0);
	(void)pthread_mutex_destroy(&timekeeper->lock);
	free(timekeeper);
}

struct timekeeper_view timekeeper_view(struct timekeeper *timekeeper)
{
	if (timekeeper == NULL) {
		int64_t now_us = clock_machine_us();
		return (struct timekeeper_view){.hub_us = now_us, .machine_us = now_us};
	}
	(void)pthread_mutex_lock(&timekeeper->lock);
	struct timekeeper_view view = timekeeper_look(timekeeper);
	(void)pthread_mutex_unlock(&timekeeper->lock);
	return view;
}

int64_t timekeeper_now_us(struct timekeeper *timekeeper)
{
	return timekeeper_view(timekeeper).hub_us;
}

void timekeeper_accept(struct timekeeper *timekeeper, int64_t known_us)
{
	if (timekeeper == NULL)
		return;
	(void)pthread_mutex_lock(&timekeeper->lock);
	if (known_us > timekeeper->line_us)
		timekeeper->line_us = known_us;
	(void)timekeeper_look(timekeeper);
	(void)pthread_mutex_unlock(&timekeeper->lock);
}
