#include "client/wait.h"

#include <time.h>

#include "base/clock.h"
#include "base/invariant.h"

void wait_init(pthread_cond_t *condition)
{
	pthread_condattr_t attr;
	invariant(pthread_condattr_init(&attr) == 0);
	invariant(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	invariant(pthread_cond_init(condition, &attr) == 0);
	(void)pthread_condattr_destroy(&attr); /* nothing to do about a failure */
}

int64_t wait_until(int64_t timeout_ms)
{
	int64_t now_us = clock_steady_us();
	if (timeout_ms < 0 || timeout_ms > (INT64_MAX - now_us) / 1000)
		return INT64_MAX;
	return now_us + timeout_ms * 1000;
}

int64_t wait_left(int64_t until_us)
{
	if (until_us == INT64_MAX)
		return -1;
	int64_t left_us = until_us - clock_steady_us();
	return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

bool wait_for(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_us)
{
	if (until_us == INT64_MAX)
		return pthread_cond_wait(condition, lock) == 0;
	struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000 * 1000)};
	return pthread_cond_timedwait(condition, lock, &until) == 0;
}
