#include "support/bus_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/unit.h"

struct fixture *fixture_make(const struct fake_hub_options *bus)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	fixture->bus = fake_hub_start(bus);
	assert_non_null(fixture->bus);
	fixture->options = ch_options_create();
	fixture->event = ch_event_create();
	assert_int_equal(
		ch_options_set_endpoint(fixture->options, fake_hub_endpoint(fixture->bus)), CH_OK);
	assert_int_equal(
		ch_options_set_server_key(fixture->options, fake_hub_server_key(fixture->bus)),
		CH_OK);
	assert_int_equal(
		ch_options_set_key(fixture->options, fake_hub_secret_key(fixture->bus)), CH_OK);
	ch_options_set_reconnect(fixture->options, 5, 50);
	return fixture;
}

void fixture_connect(struct fixture *fixture)
{
	enum ch_status status = ch_connect(fixture->options, &fixture->connection);
	if (status != CH_OK)
		fail_msg("ch_connect: %s: %s", ch_status_name(status), ch_error_detail());
}

void fixture_free(struct fixture *fixture)
{
	ch_close(fixture->connection);
	assert_string_equal(fake_hub_violation(fixture->bus), "");
	fake_hub_stop(fixture->bus);
	ch_options_free(fixture->options);
	ch_event_free(fixture->event);
	free(fixture);
}

int fixture_set_up(void **state)
{
	struct fixture *fixture = fixture_make(NULL);
	fixture_connect(fixture);
	*state = fixture;
	return 0;
}

int fixture_tear_down(void **state)
{
	fixture_free(*state);
	return 0;
}

struct ch_event *event(struct fixture *fixture, const char *id)
{
	struct ch_event *event = fixture->event;
	ch_event_clear(event);
	ch_event_set_text(event, CH_ID, id);
	ch_event_set_text(event, CH_SOURCE, "/pos/shop-1");
	ch_event_set_text(event, CH_TYPE, "pos.sale.completed");
	ch_event_set(event, CH_DATA, ch_bytes_of("\x08\x01", 2));
	ch_event_set(event, CH_PERSONAL, ch_bytes_of("\xa0\x06\x01", 3));
	return event;
}

struct ch_event *event_number(struct fixture *fixture, uint64_t number)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)number); /* fits */
	return event(fixture, id);
}

void sleep_ms(int64_t ms)
{
	struct timespec time = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};
	(void)nanosleep(&time, NULL);
}
