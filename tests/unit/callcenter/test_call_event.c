#include "channel/callcenter/call_event.h"

#include "base/limits.h"
#include "base/text.h"
#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "channel/callcenter/survey.h"
#include "support/unit.h"

/* SLICE_LITERAL where a constant is asked for. */
#define WORD(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)("" text), sizeof(text) - 1                                       \
	}

static const struct call_record completed = {
	.outcome = CALL_COMPLETED,
	.call_id = WORD("cc01-17.1"),
	.uniqueid = WORD("cc01-17.3"),
	.queue = WORD("repair"),
	.stay = 1,
	.caller_number = WORD("13800138000"),
	.caller_name = WORD("Wang Fang"),
	.agent_name = WORD("Agent Wang"),
	.agent_interface = WORD("Local/201@agents/n"),
	.wait_ms = 2000,
	.talk_ms = 5000,
	.ended_by = END_AGENT,
	.end_us = 1795290143000000,
};

static struct call_writer writer_of(bool names)
{
	struct call_writer writer;
	const struct call_names how = {.source = SLICE_LITERAL("/c"), .caller_names = names};
	call_writer_init(&writer, &how);
	return writer;
}

static void test_a_call_becomes_an_event(void **state)
{
	struct call_writer writer = writer_of(true);
	struct call_event event;
	const char *field = "";
	(void)state;
	assert_int_equal(call_event_write(&writer, &completed, &event, &field), CH_OK);
	const Carehub__V1__CallcenterCallCompleted *message =
		(const Carehub__V1__CallcenterCallCompleted *)event.message;
	assert_slice_text(event.envelope.id, "cc01-17.3/repair");
	assert_slice_text(event.envelope.type, "callcenter.call.completed");
	assert_slice_text(event.envelope.subject, "cc01-17.1");
	assert_string_equal(message->call->system, "cc01");
	assert_string_equal(message->agent->agent_id, "201");
	assert_string_equal(message->customer->phones[0]->value, "13800138000");
	assert_string_equal(message->customer->name->full, "Wang Fang");
	assert_int_equal(message->talk_ms, 5000);
	assert_true(event.envelope.personal.len > 0);
	call_writer_fini(&writer);
}

/* The log knows the call by other seconds, without name and Linkedid: the same event all the same.  Another
 * outcome is another digest. */
static void test_accounts_of_one_call_are_one_event(void **state)
{
	struct call_writer writer = writer_of(true);
	struct call_record logged = completed;
	struct call_event event;
	uint8_t digest[CALL_DIGEST_BYTES];
	const char *field = "";
	(void)state;
	assert_int_equal(call_event_write(&writer, &completed, &event, &field), CH_OK);
	memcpy(digest, writer.digest, sizeof(digest));
	logged.call_id = logged.uniqueid;
	logged.caller_name = (struct slice){NULL, 0};
	logged.talk_ms = 6000;
	logged.end_us += 1000000;
	assert_int_equal(call_event_write(&writer, &logged, &event, &field), CH_OK);
	assert_slice_text(event.envelope.id, "cc01-17.3/repair");
	assert_memory_equal(writer.digest, digest, sizeof(digest));
	logged.outcome = CALL_ABANDONED;
	assert_int_equal(call_event_write(&writer, &logged, &event, &field), CH_OK);
	assert_memory_not_equal(writer.digest, digest, sizeof(digest));
	logged.stay = 2;
	assert_int_equal(call_event_write(&writer, &logged, &event, &field), CH_OK);
	assert_slice_text(event.envelope.id, "cc01-17.3/repair/2");
	call_writer_fini(&writer);
}

static void test_answers_are_a_survey(void **state)
{
	static const struct survey_rules rules = {
		.lowest = {1, 0},
		.highest = {5, 0},
		.questions = {{WORD("Score"), WORD("overall"), WORD("")},
			{WORD("Manner"), WORD("manner"), WORD("staff")}},
		.count = 2,
	};
	struct survey survey = {.rules = &rules, .name = SLICE_LITERAL("hotline")};
	struct call_writer writer = writer_of(false);
	struct call_record call = completed;
	struct call_event event;
	uint8_t digest[CALL_DIGEST_BYTES];
	const char *field = "";
	(void)state;
	call.outcome = CALL_SURVEYED;
	call.survey = &survey;
	survey.answers[1] = (struct survey_answer){.told = true, .score = {45, 1}};
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_OK);
	const Carehub__V1__SurveyAnswered *message =
		(const Carehub__V1__SurveyAnswered *)event.message;
	assert_slice_text(event.envelope.id, "cc01-17.3/survey/hotline");
	assert_slice_text(event.envelope.type, "callcenter.survey.answered");
	assert_slice_text(event.envelope.subject, "cc01-17.3");
	assert_string_equal(message->survey_id, "hotline");
	assert_string_equal(message->response_id, "cc01-17.3");
	assert_string_equal(message->regarding->call_id, "cc01-17.1");
	assert_string_equal(message->regarding->agent->agent_id, "201");
	assert_string_equal(message->customer->phones[0]->value, "13800138000");
	assert_int_equal(message->n_answers, 1);
	assert_string_equal(message->answers[0]->question_id, "manner");
	assert_string_equal(message->answers[0]->dimension, "staff");
	assert_int_equal(message->answers[0]->score->unscaled, 45);
	assert_int_equal(message->answers[0]->scale_max->unscaled, 5);
	assert_int_equal(message->complete, CAREHUB__V1__ANSWER__ANSWER_NO);
	memcpy(digest, writer.digest, sizeof(digest));
	survey.answers[0] = (struct survey_answer){.told = true, .skipped = true};
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_OK);
	message = (const Carehub__V1__SurveyAnswered *)event.message;
	assert_int_equal(message->answers[0]->skipped, CAREHUB__V1__ANSWER__ANSWER_YES);
	assert_int_equal(message->complete, CAREHUB__V1__ANSWER__ANSWER_YES);
	assert_memory_not_equal(writer.digest, digest, sizeof(digest)); /* other answers */
	call_writer_fini(&writer);
}

/* What a stay comes to is an event of its own beside that of its end. */
static void test_what_is_not_over_has_an_id_of_its_own(void **state)
{
	struct call_writer writer = writer_of(true);
	struct call_record call = completed;
	struct call_event event;
	const char *field = "";
	(void)state;
	call.outcome = CALL_QUEUED;
	call.position = 2;
	call.waiting = 3;
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_OK);
	const Carehub__V1__CallcenterCallQueued *queued =
		(const Carehub__V1__CallcenterCallQueued *)event.message;
	assert_slice_text(event.envelope.id, "cc01-17.3/repair/queued");
	assert_slice_text(event.envelope.type, "callcenter.call.queued");
	assert_slice_text(event.envelope.subject, "cc01-17.1");
	assert_int_equal(queued->position, 2);
	assert_int_equal(queued->waiting, 3);
	assert_null(queued->customer);
	call.outcome = CALL_CONNECTED;
	call.stay = 2;
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_OK);
	const Carehub__V1__CallcenterCallConnected *connected =
		(const Carehub__V1__CallcenterCallConnected *)event.message;
	assert_slice_text(event.envelope.id, "cc01-17.3/repair/2/connected");
	assert_slice_text(event.envelope.type, "callcenter.call.connected");
	assert_string_equal(connected->agent->agent_id, "201");
	assert_string_equal(connected->agent_name, "Agent Wang");
	assert_int_equal(connected->wait_ms, 2000);
	assert_string_equal(connected->customer->phones[0]->value, "13800138000");
	call_writer_fini(&writer);
}

static void test_nobody_is_no_customer(void **state)
{
	static const char *const nobody[] = {"", "<unknown>", "anonymous", "Restricted"};
	struct call_writer writer = writer_of(false);
	struct call_record call = completed;
	struct call_event event;
	const char *field = "";
	(void)state;
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		call.caller_number = slice_text(nobody[i]);
		assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_OK);
		assert_null(
			((const Carehub__V1__CallcenterCallCompleted *)event.message)->customer);
	}
	call_writer_fini(&writer);
}

/* Whatever bytes an exchange has: the schema's texts are UTF-8, bounded, cut between characters. */
static void test_texts_are_made_fit(void **state)
{
	char text[LIMIT_CALL_TEXT_BYTES + 3];
	char large[LIMIT_CALL_TEXT_BYTES * 2];
	(void)state;
	assert_int_equal(call_scrub(slice_of("a\xff\0b", 4), text), 8);
	assert_memory_equal(text,
		"a\xEF\xBF\xBD\xEF\xBF\xBD"
		"b",
		8);
	for (size_t i = 0; i + 3 <= sizeof(large); i += 3)
		memcpy(large + i, "\xE9\x99\x88", 3); /* 陈 */
	size_t len = call_scrub(slice_of(large, sizeof(large) - 1), text);
	assert_in_range(len, LIMIT_CALL_TEXT_BYTES - 2, LIMIT_CALL_TEXT_BYTES);
	assert_true(text_is_utf8(slice_of(text, len)));
	memset(large, 0xff, sizeof(large));
	len = call_scrub(slice_of(large, sizeof(large)), text);
	assert_in_range(len, LIMIT_CALL_TEXT_BYTES, LIMIT_CALL_TEXT_BYTES + 2);
	assert_true(len <= call_scrub_room(slice_of(large, sizeof(large))));
}

/* A customer's number stands in no open field. */
static void test_numbers_stay_personal(void **state)
{
	struct call_writer writer = writer_of(true);
	const struct call_leg leg = {.leg_id = SLICE_LITERAL("t-1.1"),
		.channel = SLICE_LITERAL("Local/13800138000@out-0000000a;1"),
		.to_channel = SLICE_LITERAL("PJSIP/trunk-0000000a"),
		.disposition = DISPOSITION_BUSY};
	struct call_record call = {.outcome = CALL_PLAIN,
		.call_id = SLICE_LITERAL("t-1.1"),
		.uniqueid = SLICE_LITERAL("t-1.1"),
		.dialled = SLICE_LITERAL("13800138000"),
		.legs = &leg,
		.leg_count = 1,
		.leg_total = 70};
	struct call_event event;
	const char *field = "";
	(void)state;
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_OK);
	const Carehub__V1__CallcenterCallLogged *message =
		(const Carehub__V1__CallcenterCallLogged *)event.message;
	assert_string_equal(message->call->dialled, "");
	assert_string_equal(message->legs[0]->channel, "");
	assert_string_equal(message->legs[0]->to_channel, "PJSIP/trunk-0000000a");
	assert_int_equal(message->leg_count, 70);
	call_writer_fini(&writer);
}

static void test_what_the_hub_would_refuse(void **state)
{
	struct call_writer writer = writer_of(true);
	struct call_record call = completed;
	struct call_event event;
	const char *field = "";
	char queue[LIMIT_ID_BYTES + 1];
	(void)state;
	call.agent_name = call.agent_interface = (struct slice){NULL, 0};
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_MISSING);
	assert_string_equal(field, "agent.agent_id");
	memset(queue, 'q', sizeof(queue));
	call = completed;
	call.queue = slice_of(queue, sizeof(queue));
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_TOO_LARGE);
	call.queue = SLICE_LITERAL("\xff");
	assert_int_equal(call_event_write(&writer, &call, &event, &field), CH_FORMAT);
	assert_string_equal(field, "id");
	call_writer_fini(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_becomes_an_event),
		cmocka_unit_test(test_accounts_of_one_call_are_one_event),
		cmocka_unit_test(test_what_is_not_over_has_an_id_of_its_own),
		cmocka_unit_test(test_answers_are_a_survey),
		cmocka_unit_test(test_nobody_is_no_customer),
		cmocka_unit_test(test_texts_are_made_fit),
		cmocka_unit_test(test_numbers_stay_personal),
		cmocka_unit_test(test_what_the_hub_would_refuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
