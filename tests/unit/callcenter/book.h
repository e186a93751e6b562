/* What the readers of calls tell, kept for a test to look at. */
#ifndef UNIT_CALLCENTER_BOOK_H
#define UNIT_CALLCENTER_BOOK_H

#include <stdio.h>

#include "channel/callcenter/call_event.h"
#include "support/unit.h"

#define BOOK_CALLS 64

/* One line a call: "completed t-1.1/q wait=2 ring=1 talk=5 hold=0 missed=0 end=1 exit=0 agent=Wang". */
struct book {
	char lines[BOOK_CALLS][256];
	bool partial[BOOK_CALLS];
	size_t legs[BOOK_CALLS];
	size_t count;
};

static inline void book_write(void *context, const struct call_record *call)
{
	static const char *const words[] = {"completed", "abandoned", "exited", "cut", "plain",
		"queued", "connected", "surveyed"};
	struct book *book = context;
	struct buffer id = {0};
	assert_true(book->count < BOOK_CALLS);
	call_event_id(call, &id);
	book->partial[book->count] = call->partial;
	book->legs[book->count] = call->leg_total;
	(void)snprintf(book->lines[book->count++], sizeof(book->lines[0]),
		"%s %s wait=%lld ring=%lld talk=%lld hold=%lld missed=%u end=%d exit=%d agent=%.*s",
		words[call->outcome], buffer_text(&id), (long long)call->wait_ms / 1000,
		(long long)call->ring_ms / 1000, (long long)call->talk_ms / 1000,
		(long long)call->hold_ms / 1000, (unsigned)call->missed, (int)call->ended_by,
		(int)call->exit, (int)call->agent_name.len, (const char *)call->agent_name.data);
	buffer_fini(&id);
}

#endif
