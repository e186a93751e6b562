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
		WITH_BUS(test_draining_waits_for_receipts),
		cmocka_unit_test(test_close_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
