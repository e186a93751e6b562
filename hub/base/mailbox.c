#include "base/mailbox.h"

#include <stddef.h>
#include <time.h>

#include "base/invariant.h"

void mailbox_init(struct mailbox *mailbox, void (*wake)(void *context), void *context)
{
	pthread_condattr_t attr;
	*mailbox = (struct mailbox){.wake = wake, .context = context};
	mailbox->last = &mailbox->first;
	invariant(pthread_mutex_init(&mailbox->lock, NULL) == 0);
	invariant(pthread_condattr_init(&attr) == 0);
	invariant(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	invariant(pthread_cond_init(&mailbox->filled, &attr) == 0);
	(void)pthread_condattr_destroy(&attr); /* nothing to do about a failure */
}

void mailbox_fini(struct mailbox *mailbox)
{
	invariant(mailbox->first == NULL);
	(void)pthread_cond_destroy(&mailbox->filled);
	(void)pthread_mutex_destroy(&mailbox->lock);
}

bool mailbox_post_all(
	struct mailbox *mailbox, struct mailbox_node *first, struct mailbox_node *last)
{
	last->next = NULL;
	(void)pthread_mutex_lock(&mailbox->lock);
	bool open = !mailbox->closed;
	bool was_empty = mailbox->first == NULL;
	if (open) {
		*mailbox->last = first;
		mailbox->last = &last->next;
		if (was_empty)
			(void)pthread_cond_signal(&mailbox->filled);
	}
	(void)pthread_mutex_unlock(&mailbox->lock);
	if (open && was_empty && mailbox->wake != NULL)
		mailbox->wake(mailbox->context);
	return open;
}

bool mailbox_post(struct mailbox *mailbox, struct mailbox_node *node)
{
	return mailbox_post_all(mailbox, node, node);
}

static struct mailbox_node *mailbox_take_locked(struct mailbox *mailbox)
{
	struct mailbox_node *first = mailbox->first;
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	return first;
}

struct mailbox_node *mailbox_take(struct mailbox *mailbox)
{
	(void)pthread_mutex_lock(&mailbox->lock);
	struct mailbox_node *first = mailbox_take_locked(mailbox);
	(void)pthread_mutex_unlock(&mailbox->lock);
	return first;
}

struct mailbox_node *mailbox_wait(struct mailbox *mailbox, int64_t timeout_us)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	if (timeout_us >= 0) {
		int64_t ns = until.tv_nsec + timeout_us % 1000000 * 1000;
		until.tv_sec += (time_t)(timeout_us / 1000000 + ns / 1000000000);
		until.tv_nsec = (long)(ns % 1000000000);
	}
	(void)pthread_mutex_lock(&mailbox->lock);
	int error = 0;
	while (mailbox->first == NULL && !mailbox->closed && error == 0) {
		if (timeout_us < 0)
			error = pthread_cond_wait(&mailbox->filled, &mailbox->lock);
		else
			error = pthread_cond_timedwait(&mailbox->filled, &mailbox->lock, &until);
	}
	struct mailbox_node *first = mailbox_take_locked(mailbox);
	(void)pthread_mutex_unlock(&mailbox->lock);
	return first;
}

void mailbox_close(struct mailbox *mailbox)
{
	(void)pthread_mutex_lock(&mailbox->lock);
	mailbox->closed = true;
	(void)pthread_cond_broadcast(&mailbox->filled);
	(void)pthread_mutex_unlock(&mailbox->lock);
}
