/* What threads hand to each other: something to do, in whatever it is about. */
#ifndef FANOUT_TASK_H
#define FANOUT_TASK_H

#include "base/mailbox.h"

struct task {
	struct mailbox_node node; /* first: a node is its task */
	void (*run)(struct task *task);
};

static inline struct task *task_of(struct mailbox_node *node)
{
	return (struct task *)(void *)node;
}

#endif
