/* The fake hub, by way of libcarehub: what a client is promised, and what it can be made to meet. */
#include "support/unit.h"

#include "kit/fakehub/fake_hub.h"
#include "support/bus_client.h"

#define PATIENCE_MS 10000

static void publish(struct fixture *fixture, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		assert_int_equal(ch_publish_async(fixture->connection, event_number(fixture, i), 0,
					 NULL, NULL),
			CH_OK);
}

/* Receipts come in order: when the last is there, all are. */
static void publish_and_wait(struct fixture *fixture, uint64_t first, uint64_t last)
{
	publish(fixture, first, last - 1);
	assert_int_equal(
		ch_publish(fixture->connection, event_number(fixture, last), PATIENCE_MS, NULL),
		CH_OK);
}

static enum ch_status publish_one(
	struct fixture *fixture, const char *id, struct ch_receipt *out_receipt)
{
	return ch_publish(fixture->connection, event(fixture, id), PATIENCE_MS, out_receipt);
}

static void test_an_id_is_taken_once(void **state)
{
	struct fixture *fixture = *state;
	struct ch_receipt receipt;
	assert_int_equal(publish_one(fixture, "a", &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_ACCEPTED);
	assert_int_equal(publish_one(fixture, "a", &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_DUPLICATE);
	assert_int_equal(receipt.sequence, 1);

	/* The digest tells, where there is one; else what the event says, its time included. */
	struct ch_event *later = event(fixture, "a");
	ch_event_set_time(later, 1, 0);
	(void)ch_publish(fixture->connection, later, PATIENCE_MS, &receipt);
	assert_int_equal(receipt.outcome, CH_OUTCOME_CONFLICT);
	ch_event_set_time(later, 0, 99); /* of sending: nobody's business */
	(void)ch_publish(fixture->connection, later, PATIENCE_MS, &receipt);
	assert_int_equal(receipt.outcome, CH_OUTCOME_DUPLICATE);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_STORED), 1);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_DUPLICATES), 2);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_CONFLICTS), 1);
}

static void test_one_of_three_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const struct fake_answer answer = {.receipt = {.outcome = OUTCOME_REFUSED,
						   .reason = CH_MISSING,
						   .field = SLICE_LITERAL("customer.phones")},
		.skip = 1,
		.every = 3,
		.events = 2};
	fake_hub_answer(fixture->bus, &answer);
	static const bool refused[] = {false, true, false, false, true, false, false, false};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct ch_receipt receipt;
		(void)ch_publish(
			fixture->connection, event_number(fixture, i), PATIENCE_MS, &receipt);
		assert_int_equal(
			receipt.outcome, refused[i] ? CH_OUTCOME_REFUSED : CH_OUTCOME_ACCEPTED);
		if (refused[i])
			assert_string_equal(receipt.field, "customer.phones");
	}
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_REFUSALS), 2);
}

static void test_what_is_put_off_comes_again_in_time(void **state)
{
	struct fixture *fixture = *state;
	struct ch_receipt receipt;
	fake_hub_answer_next(fixture->bus, 2,
		&(struct receipt){
			.outcome = OUTCOME_RETRY_AFTER, .reason = CH_RETRY, .retry_after_ms = 50});
	assert_int_equal(publish_one(fixture, "a", &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_ACCEPTED);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RETRIES), 2);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_IMPATIENT), 0);
}

static void test_time_is_the_hubs_own(void **state)
{
	struct fixture *fixture = *state;
	fake_hub_stop_clock(fixture->bus);
	fake_hub_set_pace(fixture->bus, &(struct fake_pace){.delay_us = 3600000000});
	/* With four frames in flight the client waits for answers, or for a full one. */
	publish(fixture, 1, 4);
	assert_true(fake_hub_wait(fixture->bus, FAKE_EVENTS, 4, PATIENCE_MS));
	fake_hub_advance(fixture->bus, 3599999999);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RECEIPTS), 0);
	fake_hub_advance(fixture->bus, 1);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RECEIPTS), 4);
	fake_hub_set_pace(fixture->bus, &(struct fake_pace){0});
	fake_hub_run_clock(fixture->bus);
}

static void test_receipts_come_one_by_one_or_gathered(void **state)
{
	struct fixture *fixture = *state;
	fake_hub_set_pace(fixture->bus, &(struct fake_pace){.per_message = 1});
	publish_and_wait(fixture, 1, 100);
	fake_hub_set_pace(fixture->bus, &(struct fake_pace){.beat_us = 20000, .per_message = 7});
	publish_and_wait(fixture, 101, 200);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_STORED), 200);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RECEIPTS), 200);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_DUPLICATES), 0);
}

static void test_a_hold_begins_in_the_middle(void **state)
{
	struct fixture *fixture = *state;
	fake_hub_hold_after(fixture->bus, 5);
	publish_and_wait(fixture, 1, 4);
	publish(fixture, 5, 8);
	assert_true(fake_hub_wait(fixture->bus, FAKE_STORED, 8, PATIENCE_MS));
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RECEIPTS), 4);
	fake_hub_hold_receipts(fixture->bus, false);
	publish_and_wait(fixture, 9, 20); /* once, not again after as many */
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RECEIPTS), 20);
}

static void test_it_breaks_between_storing_and_telling(void **state)
{
	struct fixture *fixture = *state;
	fake_hub_drop_after(fixture->bus, 10);
	publish_and_wait(fixture, 1, 30);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_STORED), 30);
	assert_true(fake_hub_count(fixture->bus, FAKE_DUPLICATES) >= 1); /* stored, not told */
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_HELLOS), 2);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RESUMES), 1);
}

static void test_a_restart_remembers_events_and_no_sessions(void **state)
{
	struct fixture *fixture = *state;
	struct ch_receipt receipt;
	assert_int_equal(publish_one(fixture, "a", &receipt), CH_OK);
	fake_hub_restart(fixture->bus);
	assert_int_equal(publish_one(fixture, "a", &receipt), CH_OK);
	assert_int_equal(receipt.outcome, CH_OUTCOME_DUPLICATE);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_HELLOS), 2);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_RESUMES), 0);
}

static void test_no_window_no_events(void **state)
{
	struct fixture *fixture = *state;
	fake_hub_set_credit(fixture->bus, 0);
	sleep_ms(50); /* until it has been heard of */
	publish(fixture, 1, 3);
	assert_false(fake_hub_wait(fixture->bus, FAKE_EVENTS, 1, 100));
	fake_hub_set_credit(fixture->bus, 2);
	assert_int_equal(ch_drain(fixture->connection, PATIENCE_MS), CH_OK);
	assert_true(fake_hub_count(fixture->bus, FAKE_MOST_IN_FLIGHT) <= 2);
}

static void test_signs_of_life_are_asked_for(void **state)
{
	struct fixture *fixture = *state;
	fake_hub_stop_clock(fixture->bus);
	fake_hub_advance(fixture->bus, 10000000);
	assert_true(fake_hub_wait(fixture->bus, FAKE_PONGS, 1, PATIENCE_MS));
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_LOST), 0);
	fake_hub_fall_silent(fixture->bus, true); /* it hears nothing, either */
	fake_hub_advance(fixture->bus, 10000000);
	fake_hub_advance(fixture->bus, 20000000);
	assert_int_equal(fake_hub_count(fixture->bus, FAKE_LOST), 1);
	fake_hub_fall_silent(fixture->bus, false);
}

static void test_checkpoints_come_back(void **state)
{
	struct fixture *fixture = *state;
	struct ch_receipt receipt;
	struct ch_event *one = event(fixture, "a");
	ch_event_set_text(one, CH_CHECKPOINT, "line 17");
	assert_int_equal(ch_publish(fixture->connection, one, PATIENCE_MS, &receipt), CH_OK);
	ch_close(fixture->connection);
	fixture->connection = NULL;
	static const char source[] = "/pos/shop-1";
	assert_int_equal(ch_options_add_checkpoint_source(fixture->options, source), CH_OK);
	fixture_connect(fixture);
	char checkpoint[64];
	size_t len;
	assert_int_equal(ch_connection_checkpoint(fixture->connection, source, checkpoint,
				 sizeof(checkpoint), &len, NULL),
		CH_OK);
	assert_int_equal(len, 7);
	assert_memory_equal(checkpoint, "line 17", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUS(test_an_id_is_taken_once),
		WITH_BUS(test_one_of_three_is_refused),
		WITH_BUS(test_what_is_put_off_comes_again_in_time),
		WITH_BUS(test_time_is_the_hubs_own),
		WITH_BUS(test_receipts_come_one_by_one_or_gathered),
		WITH_BUS(test_a_hold_begins_in_the_middle),
		WITH_BUS(test_it_breaks_between_storing_and_telling),
		WITH_BUS(test_a_restart_remembers_events_and_no_sessions),
		WITH_BUS(test_no_window_no_events),
		WITH_BUS(test_signs_of_life_are_asked_for),
		WITH_BUS(test_checkpoints_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
