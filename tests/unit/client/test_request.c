#include <carehub/carehub.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "support/bus_client.h"
#include "support/unit.h"
#include "wire/frame.h"
#include "wire/request.h"

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
	for (int i = 0; i < 200000 && answers->last < count; i++)
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

static void test_an_operation_ends_with_its_connection(void **state)
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

/* ---- Questions over lost connections ---- */

/* Somebody who asks and waits, for as long as it takes. */
struct asker {
	struct fixture *f;
	pthread_t thread;
	enum ch_status status;
	char detail[128];
	atomic_uint replies;
};

static bool count_reply(void *context, struct ch_bytes body, bool more)
{
	struct asker *asker = context;
	(void)body;
	(void)more;
	asker->replies++;
	return true;
}

static void *asker_run(void *context)
{
	struct asker *asker = context;
	asker->status = ch_query(
		asker->f->connection, "no answer", ch_bytes_text("x"), -1, count_reply, asker);
	(void)snprintf(asker->detail, sizeof(asker->detail), "%s", ch_error_detail());
	return NULL;
}

static void asker_start(struct asker *asker, struct fixture *f)
{
	*asker = (struct asker){.f = f};
	assert_int_equal(pthread_create(&asker->thread, NULL, asker_run, asker), 0);
	assert_true(fake_hub_wait(f->bus, FAKE_REQUESTS, 1, 10000));
}

static void asker_join(struct asker *asker)
{
	assert_int_equal(pthread_join(asker->thread, NULL), 0);
}

/* The hub's reply to the first request of the newest connection or of an older one. */
static void reply_to(struct fixture *f, uint64_t request, bool more)
{
	struct buffer frame = {0};
	reply_encode(&(struct reply){.request = request, .more = more}, &frame);
	fake_hub_send_raw(f->bus, frame.data, frame.len);
	buffer_fini(&frame);
}

/* On a busy machine a connection more may have been lost, and its question with it, which the hub need
 * never have seen: the numbers from `first` on are tried in turn.  Without any reply the asker is ended. */
static void reply_from(struct fixture *f, struct asker *asker, uint64_t first)
{
	for (unsigned i = 0; i < 10000 && asker->replies == 0; i++) {
		reply_to(f, first + i % 8, false);
		(void)usleep(1000); /* woken early, it is asked again */
	}
	if (asker->replies > 0)
		return;
	ch_close(f->connection);
	f->connection = NULL;
}

static void test_a_question_is_asked_again(void **state)
{
	struct fixture *f = *state;
	struct asker asker;
	asker_start(&asker, f);
	fake_hub_drop(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_REQUESTS, 2, 10000));
	fake_hub_restart(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_REQUESTS, 3, 10000));
	reply_to(f, 1, false); /* to a connection that is no more: nobody's */
	reply_from(f, &asker, 3);
	asker_join(&asker);
	assert_int_equal(asker.status, CH_OK);
	assert_int_equal(asker.replies, 1);
}

/* What nobody waits for as well; an operation beside it is not done twice. */
static void test_a_question_of_nobody_is_asked_again(void **state)
{
	struct fixture *f = *state;
	struct answers answers = {.status = CH_OK};
	struct answers operation = {.status = CH_OK};
	struct ch_bytes body = ch_bytes_text("how are you?");
	assert_int_equal(
		ch_query_async(f->connection, "", body, take_answer, &answers), CH_INVALID);
	assert_int_equal(
		ch_query_async(f->connection, "echo.3", body, take_answer, &answers), CH_OK);
	wait_for_last(&answers, 1);
	assert_int_equal(answers.replies, 3);
	fake_hub_fall_silent(f->bus, true);
	assert_int_equal(
		ch_request_async(f->connection, "echo", body, take_answer, &operation), CH_OK);
	assert_int_equal(ch_query_async(f->connection, "echo", body, take_answer, &answers), CH_OK);
	fake_hub_go_away(f->bus);
	wait_for_last(&operation, 1);
	assert_int_equal(operation.status, CH_CLOSED);
	assert_int_equal(answers.last, 1);
	fake_hub_fall_silent(f->bus, false);
	fake_hub_come_back(f->bus);
	wait_for_last(&answers, 2);
	assert_int_equal(answers.status, CH_OK);
	assert_int_equal(answers.replies, 4);
	assert_int_equal(operation.replies, 1); /* its end */
	/* Asked while nobody is there, it waits; the end of the connection is an answer. */
	fake_hub_go_away(f->bus);
	assert_int_equal(
		ch_query_async(f->connection, "echo", ch_bytes_text("x"), take_answer, &answers),
		CH_OK);
	ch_close(f->connection);
	f->connection = NULL;
	assert_int_equal(answers.last, 3);
	assert_int_equal(answers.status, CH_CLOSED);
}

static void test_a_question_waits_for_its_hub(void **state)
{
	struct fixture *f = *state;
	struct asker asker = {.f = f};
	fake_hub_go_away(f->bus);
	/* Nobody there when time is up: that, and not that the hub was slow, is the answer. */
	WAIT_UNTIL(ch_request(f->connection, "echo", ch_bytes_text("x"), 5000, NULL, NULL) ==
		   CH_CLOSED);
	assert_int_equal(
		ch_query(f->connection, "echo", ch_bytes_text("x"), 20, count_reply, &asker),
		CH_CLOSED);
	assert_true(strlen(ch_error_detail()) > strlen("echo: "));
	assert_int_equal(pthread_create(&asker.thread, NULL, asker_run, &asker), 0);
	fake_hub_come_back(f->bus);
	assert_true(fake_hub_wait(f->bus, FAKE_REQUESTS, 1, 10000));
	ch_close(f->connection); /* ends it, with its thread */
	f->connection = NULL;
	asker_join(&asker);
	assert_int_equal(asker.status, CH_CLOSED);
	assert_string_equal(asker.detail, "no answer: the connection is closed");
	assert_int_equal(asker.replies, 0);
}

/* Replies that were given cannot be taken back: it is not begun anew behind them. */
static void test_a_question_half_answered_ends_with_its_connection(void **state)
{
	struct fixture *f = *state;
	struct asker asker;
	asker_start(&asker, f);
	reply_to(f, 1, true);
	WAIT_UNTIL(asker.replies == 1);
	fake_hub_drop(f->bus);
	asker_join(&asker);
	assert_int_equal(asker.status, CH_CLOSED);
	assert_non_null(strstr(asker.detail, "not all replies have come"));
	assert_int_equal(asker.replies, 1);
	assert_int_equal(fake_hub_count(f->bus, FAKE_REQUESTS), 1);
}

static void test_a_question_is_refused_like_any_other(void **state)
{
	struct fixture *f = *state;
	struct ch_bytes body = ch_bytes_text("how are you?");
	struct replies replies = {.f = f};
	assert_int_equal(
		ch_query(f->connection, "echo.3", body, 5000, take_reply, &replies), CH_OK);
	assert_int_equal(replies.count, 3);
	assert_int_equal(ch_query(f->connection, "fail", body, 5000, NULL, NULL), CH_NOT_FOUND);
	assert_int_equal(ch_query(f->connection, "no answer", body, 30, NULL, NULL), CH_TIMEOUT);
	assert_int_equal(ch_query(f->connection, "", body, 30, NULL, NULL), CH_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BUS(test_questions_and_their_replies),
		WITH_BUS(test_questions_that_nobody_waits_for),
		WITH_BUS(test_an_operation_ends_with_its_connection),
		WITH_BUS(test_a_question_is_asked_again),
		WITH_BUS(test_a_question_of_nobody_is_asked_again),
		WITH_BUS(test_a_question_waits_for_its_hub),
		WITH_BUS(test_a_question_half_answered_ends_with_its_connection),
		WITH_BUS(test_a_question_is_refused_like_any_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
