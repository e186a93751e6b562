#include "daemon/keeper_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/keeper.h"

#define KEEPER_PAUSE_US 100000 /* between looks, when there is nothing to do */

struct keeper_thread {
	struct keeper_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stopping;
	bool holding;
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
	enum ch_status status = keeper_step(keeper->options.journal, &retention, clock_wall_us());
	if (status != CH_OK && status != CH_END && status != keeper->last)
		log_error("keeper.step", "status=%s", ch_status_name(status));
	keeper->last = status;
	return status;
}

/* False when it is time to stop. */
static bool keeper_pause(struct keeper_thread *keeper)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
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

static void *keeper_main(void *context)
{
	struct keeper_thread *keeper = context;
	do {
		keeper_watch_disk(keeper);
		while (keeper_goes_on(keeper) && keeper_work(keeper) == CH_OK)
			keeper_watch_disk(keeper);
	} while (keeper_pause(keeper));
	return NULL;
}

enum ch_status keeper_thread_start(
	const struct keeper_options *options, struct keeper_thread **out_keeper)
{
	struct keeper_thread *keeper = calloc(1, sizeof(*keeper));
	if (keeper == NULL)
		return CH_NOMEM;
	keeper->options = *options;
	keeper->last = CH_OK;
	if (pthread_mutex_init(&keeper->lock, NULL) != 0 ||
		pthread_cond_init(&keeper->stopped, NULL) != 0 ||
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
