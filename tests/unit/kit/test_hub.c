/* Questions of an adapter to the hub; the fake hub answers "echo" with what it was given, "echo.5" so five
 * times, "fail" with a refusal, and others not at all. */
#include "station.h"

#include "base/clock.h"

struct reader {
	struct kit_hub *hub;
	const char *operation;
	int64_t timeout_ms;
	atomic_uint to_ask;
	atomic_uint asked;
	enum ch_status refused; /* by kit_ask */
	atomic_uint replies;
	atomic_uint answered; /* last words */
	enum ch_status last;
	char detail[64];
};

static enum ch_status reader_start(void *source, struct kit_hub *hub)
{
	struct reader *reader = source;
	reader->hub = hub;
	return CH_OK;
}

static void reader_answer(void *context, const struct kit_reply *reply)
{
	struct reader *reader = context;
	reader->replies++;
	if (reply->status == CH_OK)
		assert_slice_text(reply->body, "how are you?");
	if (reply->more)
		return;
	reader->last = reply->status;
	(void)snprintf(reader->detail, sizeof(reader->detail), "%s", reply->detail);
	reader->answered++;
}

static enum ch_status reader_tend(void *source, struct kit_wait *out_wait)
{
	struct reader *reader = source;
	(void)out_wait;
	/* Not before the hub is there: a question has no patience with a line that is down. */
	while (reader->asked < reader->to_ask && kit_hub_is_up(reader->hub)) {
		reader->asked++;
		enum ch_status status = kit_ask(reader->hub, reader->operation,
			SLICE_LITERAL("how are you?"), reader->timeout_ms, reader_answer, reader);
		if (status != CH_OK) {
			reader->refused = status;
			break;
		}
	}
	return CH_OK;
}

static enum ch_status reader_next(void *source, struct kit_item *out_item)
{
	(void)source;
	(void)out_item;
	return CH_END;
}

static void reader_begin(struct reader *reader, struct station *station)
{
	station_begin(station);
	station->source = reader;
	station->adapter = (struct kit_adapter){.program = "carehub-reader",
		.start = reader_start,
		.tend = reader_tend,
		.next = reader_next};
	station_start(station);
}

static void wait_until_answered(struct reader *reader, unsigned count)
{
	for (int i = 0; i < 100000 && reader->answered < count; i++)
		assert_int_equal(usleep(100), 0);
	assert_int_equal(reader->answered, count);
}

static void expect(const char *operation, enum ch_status status, unsigned replies)
{
	struct station station;
	struct reader reader = {.operation = operation, .timeout_ms = 10000, .to_ask = 1};
	reader_begin(&reader, &station);
	wait_until_answered(&reader, 1);
	assert_int_equal(reader.last, status);
	assert_int_equal(reader.replies, replies);
	station_stop(&station);
	station_end(&station);
}

static void test_questions_and_answers(void **state)
{
	(void)state;
	expect("echo", CH_OK, 1);
	expect("echo.5", CH_OK, 5);
	expect("fail", CH_NOT_FOUND, 1);
}

/* More than the hub takes of one session: they wait their turn, and all are answered. */
static void test_many_at_once(void **state)
{
	struct station station;
	struct reader reader = {.operation = "echo", .timeout_ms = 10000, .to_ask = 1000};
	(void)state;
	reader_begin(&reader, &station);
	wait_until_answered(&reader, 1000);
	assert_int_equal(reader.refused, CH_OK);
	assert_int_equal(reader.replies, 1000);
	station_stop(&station);
	station_end(&station);
}

static void test_too_many_are_refused(void **state)
{
	struct station station;
	struct reader reader = {.operation = "no answer", .timeout_ms = 100, .to_ask = 1025};
	(void)state;
	reader_begin(&reader, &station);
	wait_until_answered(&reader, 1024); /* in time, those that were never sent too */
	assert_int_equal(reader.last, CH_TIMEOUT);
	assert_int_equal(reader.refused, CH_FULL);
	station_stop(&station);
	assert_int_equal(reader.answered, 1024);
	station_end(&station);
}

/* The hub is asked again when the line is back; what was given out stays so, and time goes on. */
static void test_a_question_outlives_its_line(void **state)
{
	struct station station;
	struct reader reader = {.operation = "echo", .timeout_ms = 3600000, .to_ask = 1};
	(void)state;
	reader_begin(&reader, &station);
	wait_until_answered(&reader, 1);
	fake_hub_fall_silent(station.bus, true);
	reader.to_ask = 2;
	for (int i = 0; i < 100000 && reader.asked < 2; i++)
		assert_int_equal(usleep(100), 0);
	fake_hub_go_away(station.bus);
	fake_hub_fall_silent(station.bus, false);
	fake_hub_come_back(station.bus);
	wait_until_answered(&reader, 2);
	assert_int_equal(reader.last, CH_OK);
	assert_int_equal(reader.replies, 2);
	station_stop(&station);
	station_end(&station);
}

static void test_an_end_is_an_answer(void **state)
{
	struct station station;
	struct reader reader = {.operation = "no answer", .timeout_ms = 3600000, .to_ask = 50};
	(void)state;
	reader_begin(&reader, &station);
	assert_true(fake_hub_wait(station.bus, FAKE_REQUESTS, 10, 10000));
	fake_hub_drop(station.bus);
	station_stop(&station);
	assert_int_equal(reader.answered, 50);
	assert_int_equal(reader.last, CH_CLOSED);
	station_end(&station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions_and_answers),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_too_many_are_refused),
		cmocka_unit_test(test_a_question_outlives_its_line),
		cmocka_unit_test(test_an_end_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
