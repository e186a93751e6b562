#include "base/bell.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum ch_status bell_init(struct bell *bell)
{
	atomic_init(&bell->asleep, false);
	bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return bell->fd >= 0 ? CH_OK : CH_IO;
}

void bell_fini(struct bell *bell)
{
	if (bell->fd >= 0)
		(void)close(bell->fd); /* nothing was written to a file */
	bell->fd = -1;
}

void bell_ring(struct bell *bell)
{
	const uint64_t one = 1;
	if (!atomic_load(&bell->asleep) || !atomic_exchange(&bell->asleep, false))
		return;
	/* It can only fail when the counter is full, and then the sleeper is awake anyway. */
	ssize_t written = write(bell->fd, &one, sizeof(one));
	(void)written;
}

void bell_sleep(struct bell *bell)
{
	atomic_store(&bell->asleep, true);
}

void bell_awake(struct bell *bell)
{
	uint64_t count;
	/* Whoever took the flag has rung, or is about to: the worst is a waking for nothing. */
	if (!atomic_exchange(&bell->asleep, false)) {
		ssize_t got = read(bell->fd, &count, sizeof(count));
		(void)got;
	}
}
