/* The desk beside a hub that is restored, is silent, refuses what is said to it, or has another clock. */
#include "unit/marketing/desk_fixture.h"

#include <stdio.h>

#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/website.pb-c.h"

#define DAY_US INT64_C(86400000000)

/* ---- It comes back from a backup while the module goes on ---- */

static void test_an_intent_that_a_restore_took_is_waited_for_no_more(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	rig_know(&rig, 3);
	rig_run(&rig, SECOND);
	rig_start(&rig, "spring");
	uint64_t backup = rig.head;
	rig.mute = true;
	rig_run(&rig, SECOND); /* two intents, on both lines, are on their way */
	rig_restore(&rig, backup);
	rig.mute = false;
	rig_run(&rig, 10 * SECOND);
	/* Nobody knows of those two whether they were sent. */
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_UNCERTAIN);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_UNCERTAIN);
	assert_int_equal(rig_state(&rig, "spring", 3), LEDGER_IS_SENT);
}

static void test_a_task_that_a_restore_took_is_handed_over_again(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	rig_know(&rig, 3);
	rig_start(&rig, "calls");
	uint64_t backup = rig.head;
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, SECOND);
	assert_int_equal(rig_said(&rig, "marketing.message.intended"), 3);
	rig_restore(&rig, backup);
	rig.refuses = NULL;
	rig_run(&rig, 2 * MINUTE);
	for (uint64_t customer = 1; customer <= 3; customer++)
		assert_int_equal(rig_state(&rig, "calls", customer), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "callcenter.callback.scheduled"), 3);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* The mail is under way while the hub forgets that it was meant; then the server defers it. */
static void test_a_mail_that_is_deferred_after_a_restore_stops_nobody(void **state)
{
	(void)state;
	rig_fault(&rig, (struct smtp_fault){SMTP_GREETING, SMTP_REPLY, 421, 0});
	rig_stall(&rig, true);
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	uint64_t backup = rig.head;
	rig_run(&rig, 50);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_restore(&rig, backup);
	rig_know(&rig, 2);
	rig_stall(&rig, false);
	rig_run(&rig, MINUTE);
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig_run(&rig, HOUR);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_UNCERTAIN);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, "c1@example.org"), 0);
}

/* An operator's second message was sent, and the backup knows that he wanted it, and not that it was meant. */
static void test_what_was_sent_again_before_a_restore_is_uncertain(void **state)
{
	(void)state;
	rig_fault(&rig, (struct smtp_fault){SMTP_TEXT, SMTP_DROP, 0, 0});
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_UNCERTAIN);
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig_settle(&rig, "spring", 1, "resend");
	uint64_t backup = rig.head;
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	rig_restore(&rig, backup);
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_UNCERTAIN);
	assert_reason("spring", 1, "hub_restored");
}

/* ---- It does not take what is said to it ---- */

static void test_a_task_that_is_refused_after_a_restart_has_failed(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, SECOND); /* it may be said again later */
	rig_end(&rig);
	rig_begin(&rig);
	rig.quarantines = true;
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_FAILED);
	assert_reason("calls", 1, "refused");
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

static void assert_counted(const char *line)
{
	struct buffer text = {0};
	metrics_write(rig.metrics, &text);
	if (strstr(buffer_text(&text), line) == NULL)
		fail_msg("not counted: %s\n%s", line, buffer_text(&text));
	buffer_fini(&text);
}

static void test_a_task_that_is_taken_after_a_restart_is_counted(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, SECOND);
	rig_end(&rig);
	rig_begin(&rig);
	rig.refuses = NULL;
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	assert_counted("carehub_module_campaign_messages_total"
		       "{campaign=\"calls\",outcome=\"sent\"} 1\n");
}

/* With this name in all its places the text is larger than an event may be. */
static void test_a_task_that_cannot_be_said_holds_nobody_up(void **state)
{
	struct buffer text = {0};
	static char name[3001];
	(void)state;
	for (int i = 0; i < 100; i++)
		buffer_append_text(&text, "{{name|him}} ");
	rig_write(&rig, "campaigns/calls.txt", buffer_text(&text));
	buffer_fini(&text);
	rig_reload(&rig);
	memset(name, 'x', 3000);
	rig.records[2].name = name;
	for (uint64_t customer = 1; customer <= 3; customer++)
		rig_know(&rig, customer);
	rig_start(&rig, "calls");
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "calls", 2), LEDGER_IS_FAILED);
	assert_reason("calls", 2, "too_large");
	assert_int_equal(rig_state(&rig, "calls", 3), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* The hub takes the task in the end; but he has said no while it waited. */
static void test_a_task_that_waited_is_judged_anew(void **state)
{
	Carehub__V1__ConsentWithdrawn said = CAREHUB__V1__CONSENT_WITHDRAWN__INIT;
	(void)state;
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	rig_start(&rig, "calls");
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, 10 * MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_OPEN);
	rig_tell(&rig, "pos.consent.withdrawn", 1, &said.base);
	rig_run(&rig, HOUR); /* the longest wait for a deferred one */
	rig.refuses = NULL;
	rig_run(&rig, HOUR + 5 * MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_WITHHELD);
	assert_reason("calls", 1, "withdrawn");
	assert_int_equal(rig_state(&rig, "calls", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "callcenter.callback.scheduled"), 1);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* What was taken back comes all the same, and the campaign is stopped: he is called once, also when it is started
 * again. */
static void test_a_task_that_was_taken_back_and_comes_late_is_one(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.retry_ms = 10 * MINUTE;
	rig_begin(&rig);
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig.late = "callcenter.callback.scheduled";
	rig_run(&rig, 2 * MINUTE); /* it is tried again in eight */
	rig_arrive(&rig);
	rig_stop(&rig, "calls");
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	rig_start(&rig, "calls");
	rig_run(&rig, HOUR);
	assert_int_equal(rig_said(&rig, "callcenter.callback.scheduled"), 1);
	assert_int_equal(rig_said(&rig, "marketing.message.intended"), 1);
	assert_int_equal(rig_said(&rig, "marketing.message.withheld"), 0);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 2);
}

/* He says no in the moment in which his task is said once more. */
static void test_a_task_is_looked_at_right_before_it_is_said(void **state)
{
	Carehub__V1__ConsentWithdrawn said = CAREHUB__V1__CONSENT_WITHDRAWN__INIT;
	(void)state;
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, 61 * SECOND); /* it is taken back */
	rig.refuses = NULL;
	unsigned asked = rig.asked;
	for (int round = 0; rig.asked == asked && round < 1000; round++)
		rig_run(&rig, 1);
	rig_tell(&rig, "pos.consent.withdrawn", 1, &said.base);
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_said(&rig, "callcenter.callback.scheduled"), 0);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_WITHHELD);
	assert_reason("calls", 1, "withdrawn");
}

/* The number is another one's by the time that his intent comes back. */
static void test_a_task_has_the_number_of_the_last_look(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_run(&rig, SECOND);
	rig_start(&rig, "calls");
	rig.mute = true;
	rig_run(&rig, SECOND);
	(void)snprintf(rig.records[1].phone, sizeof(rig.records[1].phone), "+8613911112222");
	rig.mute = false;
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	assert_true(rig_has_said(&rig, "callcenter.callback.scheduled", "+8613911112222"));
}

/* He follows the link of his message of "spring". */
static void say_no_more(uint64_t customer)
{
	struct problems problems = {0};
	struct link_key key;
	const struct ledger_place place = {"spring", customer, 0};
	char number[LEDGER_ID_BYTES];
	char token[LINK_TOKEN_BYTES];
	Carehub__V1__WebsiteMessageUnsubscribed said =
		CAREHUB__V1__WEBSITE_MESSAGE_UNSUBSCRIBED__INIT;
	assert_int_equal(campaign_token_key(&rig.settings, &problems, &key), CH_OK);
	ledger_message_id(&place, number);
	link_token_make(&key, slice_text(number), token);
	said.token = token;
	rig_tell(&rig, "website.message.unsubscribed", 0, &said.base);
}

/* Somebody has followed the link, and the hub does not take our word for it: his record says that he agrees. */
static void test_nothing_goes_out_while_a_no_more_waits(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/april.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		"text = spring.txt\n");
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	rig.refuses = "marketing.consent.withdrawn";
	say_no_more(1);
	rig_run(&rig, SECOND);
	rig_start(&rig, "april");
	rig_run(&rig, 10 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	rig.refuses = NULL;
	rig_run(&rig, 5 * MINUTE);
	assert_int_equal(rig_said(&rig, "marketing.consent.withdrawn"), 1);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	assert_int_equal(rig_state(&rig, "april", 1), LEDGER_IS_PASSED_OVER);
	assert_reason("april", 1, "withdrawn");
}

/* The same, while his next mail is at the server. */
static void test_a_mail_at_the_server_stops_while_a_no_more_waits(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_stall(&rig, true);
	rig_start(&rig, "spring");
	rig_run(&rig, 50);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig.refuses = "marketing.consent.withdrawn";
	say_no_more(1);
	rig_run(&rig, 50);
	rig_stall(&rig, false);
	rig_run(&rig, 5 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 0);
	rig.refuses = NULL;
	rig_run(&rig, HOUR);
	assert_int_equal(rig_mails(&rig, NULL), 0);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_WITHHELD);
	assert_reason("spring", 1, "withdrawn");
}

/* Who may not schedule call-backs may still send mail. */
static void test_tasks_that_wait_for_a_right_hold_no_mail_up(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		"text = spring.txt\n");
	for (uint64_t customer = 1; customer <= 5; customer++)
		rig_know(&rig, customer);
	rig_start(&rig, "calls");
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, SECOND);
	rig_start(&rig, "spring");
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 5);
	rig.refuses = NULL;
	rig_run(&rig, 3 * MINUTE);
	for (uint64_t customer = 1; customer <= 5; customer++)
		assert_int_equal(rig_state(&rig, "calls", customer), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 2);
}

/* ---- It does not answer ---- */

static void test_who_could_not_be_read_is_looked_at_soon_again(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		"text = spring.txt\nends = 2027-01-01T00:00:00Z\nrepeat = 1d\n");
	rig_know(&rig, 1);
	rig.deaf = true;
	rig_start(&rig, "spring");
	rig_run(&rig, 10 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_NONE);
	rig.deaf = false;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
}

/* A record that cannot be read is one customer's, and nobody else waits for it. */
static void test_one_record_that_is_never_told_holds_nobody_up(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.lines = 1;
	rig_begin(&rig);
	for (uint64_t customer = 1; customer <= 5; customer++)
		rig_know(&rig, customer);
	rig.deaf_to = 2;
	rig_start(&rig, "calls");
	rig_start(&rig, "spring");
	rig_run(&rig, MINUTE);
	for (uint64_t customer = 1; customer <= 5; customer++) {
		enum ledger_state state_now = customer == 2 ? LEDGER_NONE : LEDGER_IS_SENT;
		assert_int_equal(rig_state(&rig, "calls", customer), state_now);
		assert_int_equal(rig_state(&rig, "spring", customer), state_now);
	}
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 0); /* he is still to come */
	rig.deaf_to = 0;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "calls", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

static void test_a_deferred_one_that_cannot_be_read_holds_nobody_up(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.lines = 1;
	rig_begin(&rig);
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 451, 0});
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig.deaf_to = 1;
	rig_know(&rig, 2);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	rig.deaf_to = 0;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
}

/* The module's rounds are held up by one question that is not answered, not by sixteen. */
static void test_a_silent_hub_is_asked_once_in_a_while(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.lines = 16;
	rig_begin(&rig);
	for (uint64_t customer = 1; customer <= 40; customer++)
		rig_know(&rig, customer);
	rig.deaf = true;
	rig_start(&rig, "spring");
	rig_run(&rig, 20 * SECOND);
	assert_true(rig.asked <= 40);
	rig.deaf = false;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 40);
}

static void test_nothing_goes_out_when_its_end_came_while_the_hub_was_silent(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		"text = spring.txt\nends = 2026-03-02T08:10:00Z\n"); /* ten minutes from now */
	rig_know(&rig, 1);
	rig_run(&rig, SECOND);
	rig_start(&rig, "spring");
	rig.mute = true;
	rig_run(&rig, 11 * MINUTE);
	rig.mute = false;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 0);
	assert_true(rig_state(&rig, "spring", 1) != LEDGER_IS_OPEN);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* ---- Its clock was wrong, and is set ---- */

static void test_a_clock_that_is_set_back_holds_nothing_up(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.a_minute = 60;
	rig_begin(&rig);
	rig.now_us += 30 * DAY_US;
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 451, 0});
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, 2 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_fault(&rig, (struct smtp_fault){SMTP_GREETING, SMTP_REPLY, 421, 0});
	rig_run(&rig, 10 * SECOND); /* the server wants none of us */
	rig.now_us -= 30 * DAY_US;
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig_know(&rig, 2);
	rig_run(&rig, 65 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_intent_that_a_restore_took_is_waited_for_no_more),
		TEST(test_a_task_that_a_restore_took_is_handed_over_again),
		TEST(test_a_mail_that_is_deferred_after_a_restore_stops_nobody),
		TEST(test_what_was_sent_again_before_a_restore_is_uncertain),
		TEST(test_a_task_that_is_refused_after_a_restart_has_failed),
		TEST(test_a_task_that_is_taken_after_a_restart_is_counted),
		TEST(test_a_task_that_cannot_be_said_holds_nobody_up),
		TEST(test_a_task_that_waited_is_judged_anew),
		TEST(test_a_task_that_was_taken_back_and_comes_late_is_one),
		TEST(test_a_task_is_looked_at_right_before_it_is_said),
		TEST(test_a_task_has_the_number_of_the_last_look),
		TEST(test_nothing_goes_out_while_a_no_more_waits),
		TEST(test_a_mail_at_the_server_stops_while_a_no_more_waits),
		TEST(test_tasks_that_wait_for_a_right_hold_no_mail_up),
		TEST(test_who_could_not_be_read_is_looked_at_soon_again),
		TEST(test_one_record_that_is_never_told_holds_nobody_up),
		TEST(test_a_deferred_one_that_cannot_be_read_holds_nobody_up),
		TEST(test_a_silent_hub_is_asked_once_in_a_while),
		TEST(test_nothing_goes_out_when_its_end_came_while_the_hub_was_silent),
		TEST(test_a_clock_that_is_set_back_holds_nothing_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
