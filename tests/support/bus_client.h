/* A fake hub, a connection to it and an event to publish: what the tests of libcarehub begin with. */
#ifndef SUPPORT_BUS_CLIENT_H
#define SUPPORT_BUS_CLIENT_H

#include <carehub/carehub.h>

#include "kit/fakehub/fake_hub.h"

struct fixture {
	struct fake_hub *bus;
	struct ch_options *options;
	struct ch_connection *connection;
	struct ch_event *event;
};

/* For cmocka: a fresh bus, connected; torn down with a look at the bus's violations. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
#define WITH_BUS(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

/* A bus of one's own, and options for it; no connection yet. */
struct fixture *fixture_make(const struct fake_hub_options *bus);
void fixture_connect(struct fixture *fixture);
void fixture_free(struct fixture *fixture);

/* The fixture's event with this id and nothing special else; valid until the next call. */
struct ch_event *event(struct fixture *fixture, const char *id);
struct ch_event *event_number(struct fixture *fixture, uint64_t number);

/* Waits until a condition holds, looking every millisecond, for 10 s at most. */
#define WAIT_UNTIL(condition)                                                                      \
	do {                                                                                       \
		for (int ticks_ = 0; !(condition) && ticks_ < 10000; ticks_++)                     \
			sleep_ms(1);                                                               \
		assert_true(condition);                                                            \
	} while (0)
void sleep_ms(int64_t ms);

#endif
