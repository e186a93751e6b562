#include "drop.h"
#include "stop.h"

#include <zmq.h>

#include "kit/runner.h"
#include "support/fake_bus.h"

/* A drop folder and a fake bus, with the runner between them. */
struct post {
	struct drop drop;
	struct fake_bus *bus;
	struct kit_settings settings;
	struct kit_counts counts;
	enum ch_status status;
	volatile int stop;
	bool once;
	pthread_t thread;
};

static enum ch_status post_next(void *source, struct kit_item *out_item)
{
	struct drop *drop = source;
	return folder_next(drop->folder, out_item);
}

static void post_settle(void *source, const struct kit_settled *settled)
{
	struct drop *drop = source;
	folder_settle(drop->folder, settled);
}

static const struct kit_adapter adapter = {
	.program = "carehub-post", .next = post_next, .settle = post_settle};

static void post_begin(struct post *post)
{
	char key_file[DROP_PATH];
	*post = (struct post){.once = true};
	drop_begin(&post->drop);
	post->bus = fake_bus_start(NULL);
	assert_non_null(post->bus);
	drop_put(&post->drop, ".secret", "");
	(void)snprintf(key_file, sizeof(key_file), "%s/.secret", post->drop.path);
	assert_int_equal(chmod(key_file, 0600), 0);
	drop_put(&post->drop, ".secret", fake_bus_secret_key(post->bus));
	post->settings = (struct kit_settings){
		.endpoint = strdup(fake_bus_endpoint(post->bus)),
		.server_key = strdup(fake_bus_server_key(post->bus)),
		.key_file = strdup(key_file),
		.window = 16,
		.batch = 4,
		.poll_ms = 10,
	};
}

static void post_end(struct post *post)
{
	assert_string_equal(fake_bus_violation(post->bus), "");
	fake_bus_stop(post->bus);
	free(post->settings.endpoint);
	free(post->settings.server_key);
	free(post->settings.key_file);
	drop_end(&post->drop);
}

static enum ch_status post_run(struct post *post)
{
	return runner_run(
		&adapter, &post->drop, &post->settings, post->once, &post->stop, &post->counts);
}

static void *post_thread(void *context)
{
	struct post *post = context;
	post->status = post_run(post);
	return NULL;
}

static void post_start(struct post *post)
{
	assert_int_equal(pthread_create(&post->thread, NULL, post_thread, post), 0);
}

static void post_join(struct post *post)
{
	assert_int_equal(pthread_join(post->thread, NULL), 0);
}

static void put_many(struct post *post, const char *name, unsigned events)
{
	struct buffer text = {0};
	for (unsigned i = 1; i <= events; i++)
		buffer_printf(&text, "%s/%u\n", name, i);
	drop_put(&post->drop, name, buffer_text(&text));
	buffer_fini(&text);
}

static void test_files_become_events_once(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	put_many(&post, "a", 100);
	drop_put(&post.drop, "b", "a/1\na/2\n!line 3: torn\n");
	assert_int_equal(post_run(&post), CH_OK);
	assert_int_equal(post.counts.accepted, 100);
	assert_int_equal(post.counts.duplicates, 2);
	assert_int_equal(post.counts.rejected, 1);
	assert_int_equal(fake_bus_count(post.bus, FAKE_STORED), 100);
	assert_true(fake_bus_count(post.bus, FAKE_MOST_IN_FLIGHT) <= 16);
	assert_true(fake_bus_count(post.bus, FAKE_MOST_IN_A_FRAME) <= 4);
	assert_true(drop_has(&post.drop, "done/a"));
	assert_true(drop_says(&post.drop, "done/b.result.json", "\"duplicates\": 2"));
	post_end(&post);
}

static void test_refusals_and_conflicts_are_results(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	fake_bus_answer_next(post.bus, 1,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_MISSING,
			.field = SLICE_LITERAL("customer.phones"),
			.detail = SLICE_LITERAL("is mandatory")});
	drop_put(&post.drop, "a", "a/1\na/2\n");
	assert_int_equal(post_run(&post), CH_OK);
	assert_int_equal(post.counts.refused, 1);
	assert_int_equal(post.counts.accepted, 1);
	assert_true(drop_says(&post.drop, "done/a.rejects", "event 1: missing: customer.phones"));
	post_end(&post);
}

static void test_a_refusal_for_now_is_waited_out(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	fake_bus_answer_next(post.bus, 3,
		&(struct receipt){.outcome = OUTCOME_RETRY_AFTER, .retry_after_ms = 20});
	put_many(&post, "a", 5);
	assert_int_equal(post_run(&post), CH_OK);
	assert_int_equal(post.counts.accepted, 5);
	assert_int_equal(post.counts.refused, 0);
	assert_true(drop_has(&post.drop, "done/a"));
	post_end(&post);
}

static void test_a_lost_connection_loses_nothing(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	fake_bus_hold_receipts(post.bus, true);
	put_many(&post, "a", 10);
	post_start(&post);
	assert_true(fake_bus_wait(post.bus, FAKE_STORED, 10, 10000));
	fake_bus_go_away(post.bus);
	assert_true(drop_has(&post.drop, "a")); /* no receipt, no end */
	fake_bus_hold_receipts(post.bus, false);
	fake_bus_come_back(post.bus);
	post_join(&post);
	assert_int_equal(post.status, CH_OK);
	assert_int_equal(post.counts.duplicates, 10); /* the first try had arrived */
	assert_int_equal(fake_bus_count(post.bus, FAKE_STORED), 10);
	assert_true(drop_has(&post.drop, "done/a"));
	post_end(&post);
}

static void test_the_hub_may_come_later(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	fake_bus_go_away(post.bus);
	put_many(&post, "a", 3);
	post_start(&post);
	fake_bus_come_back(post.bus);
	post_join(&post);
	assert_int_equal(post.counts.accepted, 3);
	post_end(&post);
}

static void test_a_stop_leaves_what_has_no_answer(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	post.once = false;
	post.settings.poll_ms = 3600000; /* noticed all the same */
	fake_bus_hold_receipts(post.bus, true);
	put_many(&post, "a", 3);
	post_start(&post);
	assert_true(fake_bus_wait(post.bus, FAKE_STORED, 3, 10000));
	stop_thread(post.thread, &post.stop);
	assert_int_equal(post.status, CH_OK);
	assert_int_equal(post.counts.accepted, 0);
	assert_true(drop_has(&post.drop, "a"));
	assert_false(drop_has(&post.drop, "done/a"));

	/* The next life reads it again. */
	fake_bus_hold_receipts(post.bus, false);
	drop_again(&post.drop);
	post.stop = 0;
	post.once = true;
	assert_int_equal(post_run(&post), CH_OK);
	assert_int_equal(post.counts.duplicates, 3);
	assert_true(drop_has(&post.drop, "done/a"));
	post_end(&post);
}

static void test_a_key_that_cannot_be_used_ends_it(void **state)
{
	struct post post;
	(void)state;
	post_begin(&post);
	drop_put(&post.drop, ".secret", "not a key\n");
	assert_int_equal(post_run(&post), CH_FORMAT);
	assert_int_equal(unlink(post.settings.key_file), 0);
	assert_int_equal(post_run(&post), CH_NOT_FOUND);
	post_end(&post);
}

/* Nobody is there to let it in while it waits. */
static void test_once_ends_when_the_hub_refuses_the_key(void **state)
{
	struct post post;
	char public_key[41];
	char secret_key[41];
	(void)state;
	post_begin(&post);
	assert_int_equal(zmq_curve_keypair(public_key, secret_key), 0);
	drop_put(&post.drop, ".secret", secret_key);
	put_many(&post, "a", 3);
	assert_int_equal(post_run(&post), CH_DENIED);
	assert_int_equal(post.counts.accepted, 0);
	assert_true(drop_has(&post.drop, "a"));

	/* As a service it goes on trying: the key may be made known to the hub any time. */
	post.once = false;
	post_start(&post);
	assert_int_equal(usleep(300000), 0);
	stop_thread(post.thread, &post.stop);
	assert_int_equal(post.status, CH_OK);
	post_end(&post);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_become_events_once),
		cmocka_unit_test(test_refusals_and_conflicts_are_results),
		cmocka_unit_test(test_a_refusal_for_now_is_waited_out),
		cmocka_unit_test(test_a_lost_connection_loses_nothing),
		cmocka_unit_test(test_the_hub_may_come_later),
		cmocka_unit_test(test_a_stop_leaves_what_has_no_answer),
		cmocka_unit_test(test_a_key_that_cannot_be_used_ends_it),
		cmocka_unit_test(test_once_ends_when_the_hub_refuses_the_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
