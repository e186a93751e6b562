/* A source that another thread feeds, here the test itself: events are laid on a desk. */
#ifndef TESTS_UNIT_KIT_DESK_H
#define TESTS_UNIT_KIT_DESK_H

#include "station.h"

#include <poll.h>
#include <sys/eventfd.h>

struct desk {
	int bell; /* eventfd: something was laid on the desk, or this many were */
	atomic_uint laid;
	uint64_t seen;  /* by tend */
	uint64_t given; /* by next */
	atomic_uint settled;
	atomic_uint tended;
	pthread_mutex_t lock;
	struct kit_settled last; /* under the lock */
	char id[32];
	struct envelope envelope;
};

static inline enum ch_status desk_tend(void *source, struct kit_wait *out_wait)
{
	struct desk *desk = source;
	uint64_t count;
	desk->tended++;
	assert_int_equal(out_wait->fd, -1); /* comes in as "nothing" */
	if (read(desk->bell, &count, sizeof(count)) > 0)
		desk->seen = desk->laid;
	out_wait->fd = desk->bell;
	out_wait->events = POLLIN;
	return CH_OK;
}

static inline enum ch_status desk_next(void *source, struct kit_item *out_item)
{
	struct desk *desk = source;
	if (desk->given == desk->seen)
		return CH_END;
	(void)snprintf(desk->id, sizeof(desk->id), "%llu", (unsigned long long)++desk->given);
	desk->envelope = (struct envelope){
		.id = slice_text(desk->id),
		.source = SLICE_LITERAL("urn:test"),
		.type = SLICE_LITERAL("website.feedback.given"),
		.digest = slice_text(desk->id),
		.time_us = 1,
	};
	*out_item = (struct kit_item){
		.what = KIT_EVENT, .token = desk->given, .envelope = &desk->envelope};
	return CH_OK;
}

static inline void desk_settle(void *source, const struct kit_settled *settled)
{
	struct desk *desk = source;
	assert_int_equal(pthread_mutex_lock(&desk->lock), 0);
	desk->last = *settled;
	assert_int_equal(pthread_mutex_unlock(&desk->lock), 0);
	desk->settled++;
}

static inline void desk_begin(struct desk *desk, struct station *station)
{
	*desk = (struct desk){
		.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .lock = PTHREAD_MUTEX_INITIALIZER};
	assert_true(desk->bell >= 0);
	station_begin(station);
	station->source = desk;
	station->adapter = (struct kit_adapter){.program = "carehub-desk",
		.tend = desk_tend,
		.next = desk_next,
		.settle = desk_settle};
	station->settings.poll_ms = 3600000;
}

static inline void desk_end(struct desk *desk, struct station *station)
{
	station_end(station);
	assert_int_equal(close(desk->bell), 0);
}

static inline struct kit_settled desk_last(struct desk *desk)
{
	assert_int_equal(pthread_mutex_lock(&desk->lock), 0);
	struct kit_settled last = desk->last;
	assert_int_equal(pthread_mutex_unlock(&desk->lock), 0);
	return last;
}

static inline void desk_lay(struct desk *desk, unsigned count)
{
	const uint64_t one = 1;
	desk->laid += count;
	assert_int_equal(write(desk->bell, &one, sizeof(one)), sizeof(one));
}

static inline void wait_until_settled(struct desk *desk, unsigned count)
{
	for (int i = 0; i < 100000 && desk->settled < count; i++)
		assert_int_equal(usleep(100), 0);
	assert_int_equal(desk->settled, count);
}

#endif
