/* A wrong clock for one process: preloaded, it moves the time of day by the microseconds that stand as
 * a native 64-bit number in the file $WRONG_CLOCK.  Whoever writes there sets the clock, forward and
 * back, while the process runs.  A second number says whether NTP keeps it.  The other clocks, which
 * nobody can set, stay as they are. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static _Atomic(const volatile int64_t *) moved_us;

/* At the first question: other libraries ask before our constructor would have its turn. */
static const volatile int64_t *wrong_clock_open(void)
{
	const char *path = getenv("WRONG_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, 2 * sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0)
			    : MAP_FAILED;
	if (map == MAP_FAILED)
		abort(); /* a test that believes in a wrong clock would pass without one */
	(void)close(fd);
	moved_us = map; /* twice is fine: it is the same file */
	return map;
}

static const volatile int64_t *wrong_clock(void)
{
	const volatile int64_t *clock = moved_us;
	return clock != NULL ? clock : wrong_clock_open();
}

static int64_t wrong_clock_now_us(void)
{
	struct timespec now;
	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now); /* the process's own is us */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + wrong_clock()[0];
}

EXPORT int clock_gettime(clockid_t id, struct timespec *out)
{
	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, out);
	int64_t now_us = wrong_clock_now_us();
	out->tv_sec = (time_t)(now_us / 1000000);
	out->tv_nsec = (long)(now_us % 1000000 * 1000);
	return 0;
}

EXPORT int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	int64_t now_us = wrong_clock_now_us();
	(void)zone;
	out->tv_sec = (time_t)(now_us / 1000000);
	out->tv_usec = (suseconds_t)(now_us % 1000000);
	return 0;
}

EXPORT int adjtimex(struct timex *out)
{
	bool kept = wrong_clock()[1] != 0;
	*out = (struct timex){.status = kept ? STA_PLL : STA_UNSYNC};
	return kept ? TIME_OK : TIME_ERROR;
}

EXPORT time_t time(time_t *out)
{
	time_t now = (time_t)(wrong_clock_now_us() / 1000000);
	if (out != NULL)
		*out = now;
	return now;
}
