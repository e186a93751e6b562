/* How threads hand things to each other: any thread posts, one thread takes.
 *
 * Items are linked through a node that they hold, so posting never allocates and never fails.  The
 * taker either blocks (mailbox_wait) or is woken by the callback given at init, which is called on
 * the posting thread when the box was empty: uv_async_send, a write to an eventfd. */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mailbox_node {
	struct mailbox_node *next;
};

struct mailbox {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct mailbox_node *first;
	struct mailbox_node **last;
	void (*wake)(void *context);
	void *context;
	bool closed;
};

/* `wake` may be NULL. */
void mailbox_init(struct mailbox *mailbox, void (*wake)(void *context), void *context);

/* The box must be empty: whoever owns the items has taken them out. */
void mailbox_fini(struct mailbox *mailbox);

/* False when the box is closed: the node is still the caller's. */
bool mailbox_post(struct mailbox *mailbox, struct mailbox_node *node);

/* The same for several that are linked by next, `first` to `last`: one lock and one wake-up. */
bool mailbox_post_all(
	struct mailbox *mailbox, struct mailbox_node *first, struct mailbox_node *last);

/* All that is there, in the order posted, linked by next; NULL when there is nothing. */
struct mailbox_node *mailbox_take(struct mailbox *mailbox);

/* The same, but waits up to `timeout_us` (< 0: for ever) while empty and open. */
struct mailbox_node *mailbox_wait(struct mailbox *mailbox, int64_t timeout_us);

/* No more posts; waiters return. */
void mailbox_close(struct mailbox *mailbox);

#endif
