#include "daemon/keeper_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/keeper.h"
#include "wire/envelope.h"
#include "wire/pb.h"

#define KEEPER_PAUSE_US 100000                  /* between looks, when there is nothing to do */
#define KEEPER_SIGN_US  (INT64_C(60) * 1000000) /* between signs of life */

struct keeper_thread {
	struct keeper_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stopping;
	bool holding;    /* input, for the disk's sake */
	bool held;       /* the clock */
	int64_t sign_us; /* when the last sign of life was left, by the steady clock */
	uint64_t damaged_segments;
	enum ch_status last; /* of keeper_step: logged when it changes */
	atomic_uint_fast64_t free_bytes;
};

static void keeper_watch_disk(struct keeper_thread *keeper)
{
	struct statvfs info;
	const struct daemon_settings *settings = keeper->options.settings;
	if (statvfs(settings->paths.data, &info) != 0)
		return;
	uint64_t free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
	uint64_t reserve = (uint64_t)settings->reserve_bytes;
	atomic_store(&keeper->free_bytes, free_bytes);
	/* A tenth more before it opens again, so that it does not flap. */
	bool low = keeper->holding ? free_bytes < reserve + reserve / 10 : free_bytes < reserve;
	if (low == keeper->holding)
		return;
	keeper->holding = low;
	ingest_hold(keeper->options.ingest, low ? "disk.low" : NULL);
	log_warning(low ? "disk.low" : "disk.ok", "free_bytes=%llu reserve_bytes=%llu",
		(unsigned long long)free_bytes, (unsigned long long)reserve);
}

/* That time is held becomes an entry too, so that subscribers hear of it. */
static void keeper_tell_held(struct keeper_thread *keeper, const struct timekeeper_view *view)
{
	struct buffer data = {0};
	struct buffer event = {0};
	char id[40];
	uint64_t sequence;
	int len = snprintf(id, sizeof(id), "clock-held-%lld", (long long)view->machine_us);
	pb_put_int(&data, 1, view->hub_us);
	pb_put_int(&data, 2, view->machine_us);
	struct envelope envelope = {
		.id = slice_of(id, (size_t)len),
		.source = SLICE_LITERAL("urn:carehub:hub"),
		.type = SLICE_LITERAL("hub.clock.held"),
		.data = buffer_slice(&data),
	};
	envelope_encode(&envelope, &event);
	enum ch_status status = data.status != CH_OK ? data.status : event.status;
	if (status == CH_OK)
		status = ingest_operate(keeper->options.ingest, buffer_slice(&event),
			SLICE_LITERAL("hub"), &sequence);
	if (status != CH_OK)
		log_warning("clock.untold", "status=%s", ch_status_name(status));
	buffer_fini(&data);
	buffer_fini(&event);
}

static void keeper_watch_clock(struct keeper_thread *keeper)
{
	struct timekeeper_view view = timekeeper_view(keeper->options.clock);
	char hub[CLOCK_TEXT_BYTES];
	char machine[CLOCK_TEXT_BYTES];
	int64_t now_us = clock_steady_us();
	if (keeper->sign_us == 0 || now_us - keeper->sign_us >= KEEPER_SIGN_US) {
		keeper->sign_us = now_us;
		engine_sign(keeper->options.engine, view.hub_us);
	}
	if (view.held == keeper->held)
		return;
	keeper->held = view.held;
	log_warning(view.held ? "clock.held" : "clock.follows", "hub=%s machine=%s",
		clock_format(view.hub_us, hub), clock_format(view.machine_us, machine));
	if (view.held)
		keeper_tell_held(keeper, &view);
}

static enum ch_status keeper_work(struct keeper_thread *keeper)
{
	const struct daemon_settings *settings = keeper->options.settings;
	struct retention retention = {
		.archive_after_us = settings->archive_after_ms * 1000,
		.keep_bytes = (uint64_t)settings->keep_bytes,
		.keep_us = settings->keep_ms * 1000,
		.floor = keeper->options.hold != NULL
				 ? keeper->options.hold(keeper->options.context)
				 : UINT64_MAX,
	};
	enum ch_status status = keeper_step(keeper->options.engine->journal, &retention,
		timekeeper_now_us(keeper->options.clock));
	if (status != CH_OK && status != CH_END && status != keeper->last)
		log_error("keeper.step", "status=%s", ch_status_name(status));
	keeper->last = status;
	return status;
}

/* False when it is time to stop. */
static bool keeper_pause(struct keeper_thread *keeper)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* the other one may be set back by a year */
	until.tv_nsec += KEEPER_PAUSE_US * 1000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&keeper->lock);
	if (!keeper->stopping)
		(void)pthread_cond_timedwait(&keeper->stopped, &keeper->lock, &until);
	bool go_on = !keeper->stopping;
	(void)pthread_mutex_unlock(&keeper->lock);
	return go_on;
}

static bool keeper_goes_on(struct keeper_thread *keeper)
{
	(void)pthread_mutex_lock(&keeper->lock);
	bool go_on = !keeper->stopping;
	(void)pthread_mutex_unlock(&keeper->lock);
	return go_on;
}

/* What is damaged cannot be compressed, so this is where rot in old history shows. */
static void keeper_watch_damage(struct keeper_thread *keeper)
{
	struct journal_stats stats;
	journal_stats(keeper->options.engine->journal, &stats);
	if (stats.damaged_segments != keeper->damaged_segments)
		log_error("journal.damage", "segments=%llu what=\"carehubd verify names it\"",
			(unsigned long long)stats.damaged_segments);
	keeper->damaged_segments = stats.damaged_segments;
}

static void keeper_watch(struct keeper_thread *keeper)
{
	keeper_watch_damage(keeper);
	keeper_watch_disk(keeper);
	keeper_watch_clock(keeper);
}

static void *keeper_main(void *context)
{
	struct keeper_thread *keeper = context;
	(void)pthread_setname_np(pthread_self(), "keeper"); /* for whoever looks at the threads */
	do {
		keeper_watch(keeper);
		while (keeper_goes_on(keeper) && keeper_work(keeper) == CH_OK)
			keeper_watch(keeper);
	} while (keeper_pause(keeper));
	engine_sign(keeper->options.engine, timekeeper_now_us(keeper->options.clock));
	return NULL;
}

enum ch_status keeper_thread_start(
	const struct keeper_options *options, struct keeper_thread **out_keeper)
{
	pthread_condattr_t attr;
	struct keeper_thread *keeper = calloc(1, sizeof(*keeper));
	if (keeper == NULL)
		return CH_NOMEM;
	keeper->options = *options;
	keeper->last = CH_OK;
	if (pthread_mutex_init(&keeper->lock, NULL) != 0 || pthread_condattr_init(&attr) != 0 ||
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
		pthread_cond_init(&keeper->stopped, &attr) != 0 ||
		pthread_create(&keeper->thread, NULL, keeper_main, keeper) != 0) {
		free(keeper);
		return CH_NOMEM;
	}
	*out_keeper = keeper;
	return CH_OK;
}

void keeper_thread_stop(struct keeper_thread *keeper)
{
	if (keeper == NULL)
		return;
	(void)pthread_mutex_lock(&keeper->lock);
	keeper->stopping = true;
	(void)pthread_cond_signal(&keeper->stopped);
	(void)pthread_mutex_unlock(&keeper->lock);
	(void)pthread_join(keeper->thread, NULL);
	(void)pthread_cond_destroy(&keeper->stopped);
	(void)pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

uint64_t keeper_thread_free_bytes(const struct keeper_thread *keeper)
{
	return atomic_load(&keeper->free_bytes);
}
