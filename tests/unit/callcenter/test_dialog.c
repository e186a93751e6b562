#include "channel/callcenter/ami_dialog.h"

#include "support/unit.h"

enum { QUEUES = 7, PING = 8 };

static struct ami_answer answer_to(struct ami_dialog *dialog, const char *text)
{
	struct ami_reader *reader = NULL;
	struct ami_message message;
	assert_int_equal(ami_reader_create(&reader), CH_OK);
	assert_int_equal(ami_reader_feed(reader, slice_text(text)), CH_OK);
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	struct ami_answer answer = ami_dialog_take(dialog, &message);
	ami_reader_free(reader);
	return answer;
}

static void test_an_action_and_its_list(void **state)
{
	struct ami_dialog dialog = {.last_id = 0};
	const struct ami_pair pair = {"Queue", SLICE_LITERAL("repair")};
	struct buffer out = {0};
	(void)state;
	assert_int_equal(
		ami_dialog_ask(&dialog, "QueueStatus", &pair, 1, QUEUES, true, 5, &out), CH_OK);
	assert_string_equal(buffer_text(&out),
		"Action: QueueStatus\r\nActionID: carehub-1\r\nQueue: repair\r\n\r\n");
	assert_int_equal(ami_dialog_oldest_us(&dialog), 5);
	struct ami_answer answer = answer_to(
		&dialog, "Response: Success\r\nActionID: carehub-1\r\nEventList: start\r\n\r\n");
	assert_int_equal(answer.kind, AMI_LIST);
	answer = answer_to(&dialog, "Event: Hangup\r\nUniqueid: 1\r\n\r\n"); /* in between */
	assert_int_equal(answer.kind, AMI_NO_ANSWER);
	answer = answer_to(&dialog, "Event: QueueParams\r\nActionID: carehub-1\r\n\r\n");
	assert_int_equal(answer.kind, AMI_ITEM);
	answer = answer_to(&dialog, "Event: QueueMember\r\nActionID: carehub-1\r\n\r\n");
	assert_int_equal(answer.items, 2);
	answer = answer_to(&dialog, "Event: QueueStatusComplete\r\nActionID: carehub-1\r\n"
				    "EventList: Complete\r\nListItems: 2\r\n\r\n");
	assert_int_equal(answer.kind, AMI_LIST_END);
	assert_int_equal(answer.what, QUEUES);
	assert_true(answer.good);
	assert_int_equal(ami_dialog_oldest_us(&dialog), 0);
	buffer_fini(&out);
}

static void test_a_list_that_is_not_whole(void **state)
{
	struct ami_dialog dialog = {.last_id = 0};
	struct buffer out = {0};
	(void)state;
	assert_int_equal(ami_dialog_ask(&dialog, "X", NULL, 0, QUEUES, true, 1, &out), CH_OK);
	(void)answer_to(&dialog, "Response: Success\r\nActionID: carehub-1\r\n\r\n");
	struct ami_answer answer = answer_to(
		&dialog, "Event: XComplete\r\nActionID: carehub-1\r\nListItems: 1\r\n\r\n");
	assert_int_equal(answer.kind, AMI_LIST_END);
	assert_false(answer.good);
	buffer_fini(&out);
}

/* Errors, answers to others, and a value that would be a line of its own. */
static void test_answers_that_are_none(void **state)
{
	struct ami_dialog dialog = {.last_id = 0};
	const struct ami_pair spoof = {"Secret", SLICE_LITERAL("x\r\nAction: Originate")};
	static char large[LIMIT_AMI_ACTION_BYTES];
	const struct ami_pair over = {"Secret", slice_of(large, sizeof(large))};
	struct buffer out = {0};
	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(
		ami_dialog_ask(&dialog, "Login", &spoof, 1, 0, false, 1, &out), CH_INVALID);
	assert_int_equal(
		ami_dialog_ask(&dialog, "Login", &over, 1, 0, false, 1, &out), CH_TOO_LARGE);
	assert_int_equal(out.len, 0);
	assert_int_equal(ami_dialog_ask(&dialog, "Ping", NULL, 0, PING, false, 1, &out), CH_OK);
	assert_int_equal(answer_to(&dialog, "Response: Success\r\nActionID: other-1\r\n\r\n").kind,
		AMI_NO_ANSWER);
	assert_int_equal(
		answer_to(&dialog, "Response: Success\r\nActionID: carehub-2\r\n\r\n").kind,
		AMI_NO_ANSWER);
	assert_int_equal(
		answer_to(&dialog, "Event: X\r\nActionID: carehub-1\r\n\r\n").kind, AMI_NO_ANSWER);
	struct ami_answer answer = answer_to(&dialog,
		"Response: Error\r\nActionID: carehub-1\r\nMessage: Permission denied\r\n\r\n");
	assert_int_equal(answer.kind, AMI_ANSWER);
	assert_int_equal(answer.what, PING);
	assert_false(answer.good);
	for (size_t i = 0; i < LIMIT_AMI_ACTIONS; i++)
		assert_int_equal(ami_dialog_ask(&dialog, "X", NULL, 0, 0, false, 1, &out), CH_OK);
	assert_int_equal(ami_dialog_ask(&dialog, "X", NULL, 0, 0, false, 1, &out), CH_BUSY);
	buffer_fini(&out);
}

/* A challenge of a real exchange. */
static void test_the_key_of_a_challenge(void **state)
{
	char key[AMI_KEY_BYTES];
	(void)state;
	assert_int_equal(ami_login_key(slice_text("116689510"), slice_text("s3cr3t!"), key), CH_OK);
	assert_string_equal(key, "3137b217d0d1e37909d6bc8cd560a71a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_action_and_its_list),
		cmocka_unit_test(test_a_list_that_is_not_whole),
		cmocka_unit_test(test_answers_that_are_none),
		cmocka_unit_test(test_the_key_of_a_challenge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
