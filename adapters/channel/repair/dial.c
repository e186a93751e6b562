#include "channel/repair/dial.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct dial {
	void (*work)(void *context);
	void (*drop)(void *context);
	void *context;
	int fd;
	pthread_mutex_t lock; /* of the rest */
	bool done;
	bool abandoned;
};

static void dial_destroy(struct dial *dial)
{
	(void)pthread_mutex_destroy(&dial->lock); /* nobody holds it any more */
	if (dial->fd >= 0)
		(void)close(dial->fd); /* an eventfd has nothing to lose */
	free(dial);
}

static void *dial_run(void *argument)
{
	struct dial *dial = argument;
	dial->work(dial->context);
	(void)pthread_mutex_lock(&dial->lock); /* never fails for a plain one */
	bool abandoned = dial->abandoned;
	dial->done = true;
	if (!abandoned)
		(void)eventfd_write(dial->fd, 1); /* the counter is at zero */
	(void)pthread_mutex_unlock(&dial->lock);
	if (abandoned) {
		dial->drop(dial->context);
		dial_destroy(dial);
	}
	return NULL;
}

enum ch_status dial_start(void (*work)(void *context), void *context, void (*drop)(void *context),
	struct dial **out_dial)
{
	pthread_t thread;
	pthread_attr_t detached;
	struct dial *dial = calloc(1, sizeof(*dial));
	if (dial == NULL)
		return CH_NOMEM;
	dial->work = work;
	dial->drop = drop;
	dial->context = context;
	(void)pthread_mutex_init(&dial->lock, NULL); /* never fails for a plain one */
	dial->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dial->fd < 0)
		goto fail;
	(void)pthread_attr_init(&detached); /* these two never fail on Linux */
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	int failed = pthread_create(&thread, &detached, dial_run, dial);
	(void)pthread_attr_destroy(&detached);
	if (failed != 0)
		goto fail;
	*out_dial = dial;
	return CH_OK;
fail:
	dial_destroy(dial);
	return CH_IO;
}

bool dial_is_done(struct dial *dial)
{
	(void)pthread_mutex_lock(&dial->lock);
	bool done = dial->done;
	(void)pthread_mutex_unlock(&dial->lock);
	return done;
}

int dial_fd(const struct dial *dial)
{
	return dial->fd;
}

bool dial_free(struct dial *dial)
{
	(void)pthread_mutex_lock(&dial->lock);
	bool done = dial->done;
	dial->abandoned = true;
	(void)pthread_mutex_unlock(&dial->lock);
	if (done)
		dial_destroy(dial);
	return done;
}
