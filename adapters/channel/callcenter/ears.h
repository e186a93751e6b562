/* What a client of an exchange tells, whatever dialect it speaks with it: events in the words of exchange.h, and what
 * there is after each login. */
#ifndef CALLCENTER_EARS_H
#define CALLCENTER_EARS_H

#include "channel/callcenter/ami.h"

struct ears {
	/* An event. */
	void (*event)(void *context, const struct ami_message *message);
	/* A list of all channels: begin, each, end.  An end that is not `good` lacks some. */
	void (*list_begin)(void *context);
	void (*list_channel)(void *context, const struct ami_message *message);
	void (*list_end)(void *context, bool good);
	/* Who is a member of a queue, and who waits in one: QueueMember, QueueEntry. */
	void (*queue_item)(void *context, const struct ami_message *message);
	void (*up)(void *context);   /* logged in, and looked */
	void (*down)(void *context); /* after up */
	void *context;
};

#endif
