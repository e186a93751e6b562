#include <carehub/carehub.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "support/bus_client.h"
#include "support/unit.h"
#include "wire/frame.h"

static void test_the_welcome_tells_who_and_where_we_are(void **state)
{
	struct fixture *f = *state;
	struct ch_info info;
	struct ch_stats stats;
	assert_int_equal(ch_connection_info(f->connection, &info), CH_OK);
	assert_int_equal(info.state, CH_CONNECTED);
	assert_string_equal(info.peer, "tester");
	assert_int_equal(info.incarnation, 7);
	assert_int_equal(info.head, 0);
	assert_true(llabs(info.clock_offset_us) < 5000000);
	assert_int_equal(info.event_bytes, 256 * 1024);
	assert_int_equal(info.events_per_frame, 256);
	assert_false(info.resumed);
	ch_connection_stats(f->connection, &stats);
	assert_int_equal(stats.connects, 1);
	assert_true(stats.bytes_received > 0);
}

static void test_checkpoints_come_back(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	char checkpoint[1024];
	size_t len;
	uint64_t sequence;
	fake_hub_set_checkpoint(f->bus, "/pos/shop-1", "line 17", 42);
	assert_int_equal(ch_options_add_checkpoint_source(f->options, "/pos/shop-1"), CH_OK);
	assert_int_equal(ch_options_add_checkpoint_source(f->options, "/pos/shop-2"), CH_OK);
	fixture_connect(f);
	assert_int_equal(ch_connection_checkpoint(f->connection, "/pos/shop-1", checkpoint,
				 sizeof(checkpoint), &len, &sequence),
		CH_OK);
	assert_int_equal(len, 7);
	assert_memory_equal(checkpoint, "line 17", 7);
	assert_int_equal(sequence, 42);
	assert_int_equal(
		ch_connection_checkpoint(f->connection, "/pos/shop-1", checkpoint, 3, &len, NULL),
		CH_TOO_LARGE);
	assert_int_equal(ch_connection_checkpoint(f->connection, "/pos/shop-2", checkpoint,
				 sizeof(checkpoint), &len, NULL),
		CH_NOT_FOUND);
	fixture_free(f);
}

/* ---- Connecting that fails ---- */

static void test_what_is_not_set_is_named(void **state)
{
	(void)state;
	struct ch_options *options = ch_options_create();
	struct ch_connection *connection = NULL;
	assert_int_equal(ch_connect(options, &connection), CH_INVALID);
	assert_string_equal(ch_error_detail(), "no endpoint is set");
	assert_int_equal(ch_options_set_endpoint(options, "hub.example"), CH_INVALID);
	assert_int_equal(ch_options_set_endpoint(options, "tcp://127.0.0.1:9"), CH_OK);
	assert_int_equal(ch_connect(options, &connection), CH_INVALID);
	assert_int_equal(ch_options_set_server_key(options, "short"), CH_FORMAT);
	assert_int_equal(
		ch_options_set_server_key(options, "0123456789012345678901234567890123456789"),
		CH_OK);
	assert_int_equal(ch_connect(options, &connection), CH_INVALID);
	assert_string_equal(ch_error_detail(), "our own key is not set");
	assert_null(connection);
	ch_options_free(options);
	ch_options_free(NULL);
}

static void test_nobody_listens(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	assert_int_equal(ch_options_set_endpoint(f->options, "tcp://127.0.0.1:1"), CH_OK);
	assert_int_equal(ch_connect(f->options, &f->connection), CH_CLOSED);
	assert_string_equal(ch_error_detail(), "tcp://127.0.0.1:1: nobody listens there");
	fixture_free(f);
}

static void test_a_key_that_the_hub_does_not_know(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	char public_key[41];
	char secret_key[41];
	assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
	assert_int_equal(ch_options_set_key(f->options, secret_key), CH_OK);
	assert_int_equal(ch_connect(f->options, &f->connection), CH_DENIED);
	assert_non_null(strstr(ch_error_detail(), "does not know our key"));
	fixture_free(f);
}

static void test_a_hub_with_another_key(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	char public_key[41];
	char secret_key[41];
	assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
	assert_int_equal(ch_options_set_server_key(f->options, public_key), CH_OK);
	assert_int_equal(ch_connect(f->options, &f->connection), CH_DENIED);
	assert_non_null(strstr(ch_error_detail(), "public key"));
	fixture_free(f);
}

static void test_a_silent_hub(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	fake_hub_fall_silent(f->bus, true);
	ch_options_set_connect_timeout(f->options, 100);
	assert_int_equal(ch_connect(f->options, &f->connection), CH_TIMEOUT);
	fixture_free(f);
}

static void test_a_refused_hello(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	fake_hub_refuse_next(f->bus, FRAME_HELLO, CH_VERSION, true);
	assert_int_equal(ch_connect(f->options, &f->connection), CH_VERSION);
	assert_non_null(strstr(ch_error_detail(), "as the test wished"));
	fixture_free(f);
}

/* ---- Keys ---- */

static void write_key(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_key_files(void **state)
{
	(void)state;
	struct fixture *f = fixture_make(NULL);
	char path[] = "/tmp/carehub-key-XXXXXX";
	char text[256];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(text, sizeof(text), "# of the till\n\n%s\n", fake_hub_secret_key(f->bus));
	write_key(path, text, 0600);
	assert_int_equal(ch_options_set_key_file(f->options, path), CH_OK);
	fixture_connect(f);
	write_key(path, text, 0640);
	assert_int_equal(ch_options_set_key_file(f->options, path), CH_DENIED);
	write_key(path, "no key at all\n", 0600);
	assert_int_equal(ch_options_set_key_file(f->options, path), CH_FORMAT);
	assert_non_null(strstr(ch_error_detail(), path));
	write_key(path, "", 0600);
	assert_int_equal(ch_options_set_key_file(f->options, path), CH_FORMAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ch_options_set_key_file(f->options, path), CH_NOT_FOUND);
	fixture_free(f);
}

/* ---- States ---- */

struct states {
	pthread_mutex_t lock;
	char text[4096];
	atomic_uint connected;
	atomic_uint lost;
	enum ch_status last_why;
};

static void note_state(void *context, struct ch_connection *connection, enum ch_state state,
	enum ch_status why, const char *detail)
{
	static const char letters[] = "-.CLF";
	struct states *states = context;
	(void)connection;
	(void)detail;
	(void)pthread_mutex_lock(&states->lock);
	size_t len = strlen(states->text);
	if (len + 1 < sizeof(states->text))
		states->text[len] = letters[state];
	if (state == CH_LOST)
		states->last_why = why;
	(void)pthread_mutex_unlock(&states->lock);
	if (state == CH_CONNECTED)
		states->connected++;
	if (state == CH_LOST)
		states->lost++;
}

static struct fixture *make_watched(struct states *states, const struct fake_hub_options *options)
{
	struct fixture *f = fixture_make(options);
	*states = (struct states){0};
	(void)pthread_mutex_init(&states->lock, NULL);
	ch_options_set_state_callback(f->options, note_state, states);
	return f;
}

static void test_states_are_told_in_order(void **state)
{
	(void)state;
	struct states states;
	struct fixture *f = make_watched(&states, NULL);
	fixture_connect(f);
	fake_hub_drop(f->bus);
	WAIT_UNTIL(states.connected == 2);
	ch_close(f->connection);
	f->connection = NULL;
	assert_memory_equal(states.text, ".CL.", 4);
	assert_int_equal(states.text[strlen(states.text) - 1], 'F');
	assert_int_equal(states.last_why, CH_CLOSED);
	assert_true(fake_hub_wait(f->bus, FAKE_BYES, 1, 5000));
	fixture_free(f);
}

static void test_a_lazy_connection_waits_for_its_hub(void **state)
{
	(void)state;
	struct states states;
	struct fixture *f = make_watched(&states, NULL);
	struct ch_info info;
	fake_hub_go_away(f->bus);
	ch_options_set_lazy(f->options, true);
	fixture_connect(f);
	WAIT_UNTIL(states.lost >= 3); /* tries again and again */
	assert_int_equal(ch_connection_info(f->connection, &info), CH_CLOSED);
	assert_int_equal(ch_publish_async(f->connection, event(f, "1"), 0, NULL, NULL), CH_OK);
	assert_int_equal(
		ch_request(f->connection, "echo", ch_bytes_text("x"), 5000, NULL, NULL), CH_CLOSED);
	fake_hub_come_back(f->bus);
	assert_int_equal(ch_publish_flush(f->connection, 10000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_STORED), 1);
	fixture_free(f);
}

static void test_the_session_is_resumed(void **state)
{
	struct fixture *f = *state;
	struct ch_info info;
	fake_hub_drop(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_HELLOS, 2, 10000));
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_OK);
	assert_int_equal(ch_connection_info(f->connection, &info), CH_OK);
	assert_true(info.resumed);
}

/* ---- Signs of life ---- */

static void test_both_sides_keep_each_other_alive(void **state)
{
	(void)state;
	struct states states;
	struct fixture *f = make_watched(&states, &(struct fake_hub_options){.heartbeat_ms = 200});
	struct ch_stats stats;
	uint8_t ping[] = {'C', 'H', 1, FRAME_PING, 0x08, 0x05};
	fixture_connect(f);
	assert_true(fake_hub_wait(f->bus, FAKE_PINGS, 3, 10000));
	fake_hub_send_raw(f->bus, ping, sizeof(ping));
	assert_true(fake_hub_wait(f->bus, FAKE_PONGS, 1, 10000));
	do {
		ch_connection_stats(f->connection, &stats);
	} while (stats.round_trip_us == 0);
	assert_true(stats.round_trip_us < 5000000);
	assert_int_equal(states.lost, 0);
	fixture_free(f);
}

static void test_a_dead_hub_is_noticed(void **state)
{
	(void)state;
	struct states states;
	struct fixture *f = make_watched(&states, NULL);
	ch_options_set_heartbeat(f->options, 50);
	ch_options_set_connect_timeout(f->options, 10000);
	fixture_connect(f);
	fake_hub_fall_silent(f->bus, true);
	WAIT_UNTIL(states.lost >= 1);
	assert_int_equal(states.last_why, CH_TIMEOUT);
	fake_hub_fall_silent(f->bus, false);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 10000, NULL), CH_OK);
	fixture_free(f);
}

static void test_garbage_ends_the_connection_not_the_client(void **state)
{
	(void)state;
	struct states states;
	struct fixture *f = make_watched(&states, NULL);
	struct ch_stats stats;
	static const uint8_t kinds[] = {65, 66, 67, 68, 69, 70, 71, 72, 73};
	fixture_connect(f);
	WAIT_UNTIL(states.connected == 1); /* the callback comes a little later */
	for (size_t i = 0; i < sizeof(kinds); i++) {
		uint8_t bad[] = {'C', 'H', 1, kinds[i], 0x0a, 0x7f};
		unsigned before = states.connected;
		fake_hub_send_raw(f->bus, bad, sizeof(bad));
		WAIT_UNTIL(states.connected > before);
	}
	fake_hub_send_raw(f->bus, "XX", 2);
	WAIT_UNTIL(states.connected == sizeof(kinds) + 2);
	assert_int_equal(states.last_why, CH_FORMAT);
	/* A kind of a later version is passed over. */
	fake_hub_send_raw(f->bus, "CH\1\x7f", 4);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_OK);
	assert_int_equal(states.connected, sizeof(kinds) + 2);
	ch_connection_stats(f->connection, &stats);
	assert_int_equal(stats.unreadable, sizeof(kinds) + 2);
	fixture_free(f);
}

static void test_a_fatal_refusal_is_told(void **state)
{
	(void)state;
	struct states states;
	struct fixture *f = make_watched(&states, NULL);
	fixture_connect(f);
	fake_hub_refuse_next(f->bus, FRAME_PUBLISH, CH_DENIED, true);
	assert_int_equal(ch_publish(f->connection, event(f, "1"), 5000, NULL), CH_OK);
	assert_int_equal(states.lost, 1);
	assert_int_equal(states.last_why, CH_DENIED);
	fixture_free(f);
}

/* ---- Requests ---- */

struct replies {
	unsigned count;
	unsigned enough;
	bool last_more;
	struct fixture *f;
};

static bool take_reply(void *context, struct ch_bytes body, bool more)
{
	struct replies *replies = context;
	assert_true(ch_bytes_equal(body, "how are you?"));
	replies->last_more = more;
	/* On the thread that asked: it may do anything. */
	assert_int_equal(
		ch_publish(replies->f->connection, event(replies->f, "1"), 5000, NULL), CH_OK);
	return ++replies->count != replies->enough;
}

static void test_questions_and_their_replies(void **state)
{
	struct fixture *f = *state;
	struct ch_bytes body = ch_bytes_text("how are you?");
	struct replies replies = {.f = f};
	assert_int_equal(
		ch_request(f->connection, "echo", body, 5000, take_reply, &replies), CH_OK);
	assert_int_equal(replies.count, 1);
	assert_false(replies.last_more);
	assert_int_equal(
		ch_request(f->connection, "echo.5", body, 5000, take_reply, &replies), CH_OK);
	assert_int_equal(replies.count, 6);
	replies = (struct replies){.f = f, .enough = 2};
	assert_int_equal(
		ch_request(f->connection, "echo.9", body, 5000, take_reply, &replies), CH_OK);
	assert_int_equal(replies.count, 2);
	assert_true(replies.last_more);
	assert_int_equal(ch_request(f->connection, "echo.9", body, 5000, NULL, NULL), CH_OK);
	assert_int_equal(ch_request(f->connection, "fail", body, 5000, NULL, NULL), CH_NOT_FOUND);
	assert_string_equal(ch_error_detail(), "fail: no such customer");
	assert_int_equal(ch_request(f->connection, "no answer", body, 30, NULL, NULL), CH_TIMEOUT);
	assert_int_equal(ch_request(f->connection, "", body, 30, NULL, NULL), CH_INVALID);
	fake_hub_refuse_next(f->bus, FRAME_REQUEST, CH_DENIED, false);
	assert_int_equal(ch_request(f->connection, "echo", body, 5000, NULL, NULL), CH_DENIED);
}

struct answers {
	atomic_uint replies;
	atomic_uint last;
	enum ch_status status;
	char detail[64];
};

static void take_answer(
	void *context, enum ch_status status, struct ch_bytes body, bool more, const char *detail)
{
	struct answers *answers = context;
	if (status == CH_OK)
		assert_true(ch_bytes_equal(body, "how are you?"));
	answers->replies++;
	if (more)
		return;
	answers->status = status;
	(void)snprintf(answers->detail, sizeof(answers->detail), "%s", detail);
	answers->last++;
}

static void wait_for_last(struct answers *answers, unsigned count)
{
	for (int i = 0; i < 50000 && answers->last < count; i++)
		assert_int_equal(usleep(100), 0);
	assert_int_equal(answers->last, count);
}

static void test_questions_that_nobody_waits_for(void **state)
{
	struct fixture *f = *state;
	char body[] = "how are you?";
	struct answers answers = {.status = CH_OK};
	assert_int_equal(ch_request_async(f->connection, "echo.5", ch_bytes_text(body), take_answer,
				 &answers),
		CH_OK);
	memset(body, 'x', sizeof(body) - 1); /* it was copied */
	wait_for_last(&answers, 1);
	assert_int_equal(answers.replies, 5);
	assert_int_equal(answers.status, CH_OK);
	assert_int_equal(
		ch_request_async(f->connection, "fail", ch_bytes_text("x"), take_answer, &answers),
		CH_OK);
	wait_for_last(&answers, 2);
	assert_int_equal(answers.status, CH_NOT_FOUND);
	assert_string_equal(answers.detail, "no such customer");
	assert_int_equal(
		ch_request_async(f->connection, "", ch_bytes_text("x"), take_answer, &answers),
		CH_INVALID);

	/* The end of the connection is an answer. */
	assert_int_equal(ch_request_async(f->connection, "no answer", ch_bytes_text("x"),
				 take_answer, &answers),
		CH_OK);
	fake_hub_drop(f->bus);
	wait_for_last(&answers, 3);
	assert_int_equal(answers.status, CH_CLOSED);
}

static void *ask_in_vain(void *context)
{
	struct fixture *f = context;
	return (void *)(uintptr_t)ch_request(
		f->connection, "no answer", ch_bytes_text("x"), -1, NULL, NULL);
}

static void test_a_question_ends_with_its_connection(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	void *status;
	assert_int_equal(pthread_create(&thread, NULL, ask_in_vain, f), 0);
	assert_true(fake_hub_wait(f->bus, FAKE_REQUESTS, 1, 5000));
	fake_hub_drop(f->bus);
	assert_int_equal(pthread_join(thread, &status), 0);
	assert_int_equal((uintptr_t)status, CH_CLOSED);
}

/* ---- Ends ---- */

static void test_draining_waits_for_receipts(void **state)
{
	struct fixture *f = *state;
	fake_hub_hold_receipts(f->bus, true);
	assert_int_equal(ch_publish_async(f->connection, event(f, "1"), 0, NULL, NULL), CH_OK);
	assert_int_equal(ch_drain(f->connection, 20), CH_TIMEOUT);
	assert_int_equal(ch_publish_async(f->connection, event(f, "2"), 0, NULL, NULL), CH_CLOSED);
	fake_hub_hold_receipts(f->bus, false);
	assert_int_equal(ch_drain(f->connection, 5000), CH_OK);
	assert_int_equal(fake_hub_count(f->bus, FAKE_STORED), 1);
}

static void test_close_of_nothing(void **state)
{
	(void)state;
	ch_close(NULL);
	assert_string_equal(ch_status_name(CH_FENCED), "fenced");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUS(test_the_welcome_tells_who_and_where_we_are),
		cmocka_unit_test(test_checkpoints_come_back),
		cmocka_unit_test(test_what_is_not_set_is_named),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_a_key_that_the_hub_does_not_know),
		cmocka_unit_test(test_a_hub_with_another_key),
		cmocka_unit_test(test_a_silent_hub),
		cmocka_unit_test(test_a_refused_hello),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_states_are_told_in_order),
		cmocka_unit_test(test_a_lazy_connection_waits_for_its_hub),
		WITH_BUS(test_the_session_is_resumed),
		cmocka_unit_test(test_both_sides_keep_each_other_alive),
		cmocka_unit_test(test_a_dead_hub_is_noticed),
		cmocka_unit_test(test_garbage_ends_the_connection_not_the_client),
		cmocka_unit_test(test_a_fatal_refusal_is_told),
		WITH_BUS(test_questions_and_their_replies),
		WITH_BUS(test_questions_that_nobody_waits_for),
		WITH_BUS(test_a_question_ends_with_its_connection),
		WITH_BUS(test_draining_waits_for_receipts),
		cmocka_unit_test(test_close_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
