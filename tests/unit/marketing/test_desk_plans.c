/* The desk while its campaigns change: stopped and started again, written anew, taken away, begun beside others; and
 * while the people they are for become one. */
#include "unit/marketing/desk_fixture.h"

#include <stdio.h>

#define DAY_US INT64_C(86400000000)

#define BY_MAIL                                                                                    \
	"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\ntext = spring.txt\n"

static void defer(void)
{
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 451, 0});
}

static void defer_no_more(void)
{
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
}

/* ---- Stopped, and started again ---- */

static void test_who_waited_when_it_was_stopped_gets_it_when_it_is_started_again(void **state)
{
	(void)state;
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_stop(&rig, "spring");
	rig_run(&rig, 61 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_WITHHELD);
	assert_reason("spring", 1, "ended");
	assert_int_equal(rig_mails(&rig, NULL), 0);
	defer_no_more();
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	/* And not once more. */
	rig_stop(&rig, "spring");
	rig_run(&rig, MINUTE);
	rig_start(&rig, "spring");
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
}

/* That it was called off is not in the journal yet when the campaign looks through its segment again, once. */
static void test_who_is_being_called_off_gets_it_when_it_is_started_again(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/april.conf", BY_MAIL);
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "april");
	rig_run(&rig, SECOND);
	rig_stop(&rig, "april");
	rig.mute = true;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "april", 1), LEDGER_IS_OPEN);
	defer_no_more();
	rig_start(&rig, "april");
	rig_run(&rig, 10 * SECOND);
	rig.mute = false;
	rig_run(&rig, 10 * SECOND);
	assert_int_equal(rig_state(&rig, "april", 1), LEDGER_IS_SENT);
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 2);
}

/* ---- Written anew ---- */

static void test_a_deferred_one_waits_when_its_campaign_is_another(void **state)
{
	(void)state;
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	rig_end(&rig);
	rig_write(&rig, "campaigns/spring.txt", "Subject: x\n\nOther words. {{unsubscribe}}\n");
	defer_no_more();
	rig_begin(&rig);
	rig_run(&rig, 2 * HOUR);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	assert_int_equal(rig_mails(&rig, NULL), 0);
	rig_start(&rig, "spring");
	rig_run(&rig, 10 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 1);
}

static void test_a_new_campaign_begins_beside_a_busy_one(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/april.conf", BY_MAIL);
	rig_end(&rig);
	rig.settings.a_minute = 60;
	rig_begin(&rig);
	for (uint64_t customer = 1; customer <= 60; customer++)
		rig_know(&rig, customer);
	rig_start(&rig, "april");
	rig_run(&rig, 5 * SECOND);
	rig_write(&rig, "campaigns/may.conf", BY_MAIL);
	rig_start(&rig, "may");
	for (unsigned begun = 0; begun < 5;) {
		rig_run(&rig, SECOND);
		/* The other one is still at it. */
		assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 0);
		begun = 0;
		for (uint64_t customer = 1; customer <= 60; customer++)
			begun += rig_state(&rig, "may", customer) != LEDGER_NONE;
	}
}

static void test_a_mail_server_that_is_away_holds_no_task_up(void **state)
{
	(void)state;
	rig_fault(&rig, (struct smtp_fault){SMTP_GREETING, SMTP_REPLY, 421, 0});
	for (uint64_t customer = 1; customer <= 30; customer++)
		rig_know(&rig, customer);
	rig_start(&rig, "spring");
	rig_run(&rig, MINUTE);
	rig_start(&rig, "calls");
	rig_run(&rig, MINUTE);
	for (uint64_t customer = 1; customer <= 30; customer++)
		assert_int_equal(rig_state(&rig, "calls", customer), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* Mistakes in one file are mended, and the other campaign need not be started once more. */
static void test_what_was_started_beside_a_mistake_runs_when_it_is_mended(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_write(&rig, "campaigns/may.conf", BY_MAIL);
	rig_start(&rig, "may");
	rig_write(&rig, "campaigns/april.conf", "[campaign]\nsegment =\n");
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "may", 1), LEDGER_NONE);
	rig_write(&rig, "campaigns/april.conf", BY_MAIL);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "may", 1), LEDGER_IS_SENT);
}

/* No mail server is told; a campaign by mail can be written and started all the same. */
static void test_a_mail_campaign_without_a_server_waits_for_one(void **state)
{
	(void)state;
	char *host = rig.settings.host;
	rig_end(&rig);
	rig.settings.host = NULL;
	rig_begin(&rig);
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_start(&rig, "calls");
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_NONE);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	rig_end(&rig);
	rig.settings.host = host;
	rig_begin(&rig);
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
}

/* ---- Taken away ---- */

static void test_what_waits_for_a_campaign_that_is_gone_is_withheld(void **state)
{
	char path[200];
	(void)state;
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	rig_end(&rig);
	(void)snprintf(path, sizeof(path), "%s/spring.conf", rig.settings.folder);
	assert_int_equal(remove(path), 0);
	rig_begin(&rig);
	defer_no_more();
	rig_run(&rig, 2 * HOUR);
	/* It runs: whoever moved the file may bring it back. */
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_stop(&rig, "spring");
	rig_run(&rig, 2 * HOUR);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_WITHHELD);
	assert_reason("spring", 1, "ended");
	assert_int_equal(rig_mails(&rig, NULL), 0);
}

static void test_a_task_that_was_handed_over_is_so_when_its_campaign_is_gone(void **state)
{
	char path[200];
	(void)state;
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig.refuses = "callcenter.callback.scheduled";
	rig_run(&rig, SECOND);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_OPEN);
	rig_end(&rig);
	(void)snprintf(path, sizeof(path), "%s/calls.conf", rig.settings.folder);
	assert_int_equal(remove(path), 0);
	rig.refuses = NULL;
	rig.now_us += 2 * MINUTE * INT64_C(1000); /* it is due to be said again */
	rig_begin(&rig);
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_said(&rig, "callcenter.callback.scheduled"), 1);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
}

/* ---- Two become one while a campaign looks once through its segment ---- */

static void test_who_is_merged_while_his_mail_waits_gets_it_from_one_that_looks_once(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf", BY_MAIL);
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	rig_know(&rig, 2);
	rig_merge(&rig, 1, 2);
	defer_no_more();
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_WITHHELD);
	assert_reason("spring", 1, "merged");
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* The record says it before the segment does: he is looked at under a number that is retired already. */
static void test_who_is_merged_before_the_segment_knows_gets_it(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf", BY_MAIL);
	rig_know(&rig, 2);
	rig.records[1].there = true;
	rig.records[1].agrees = true;
	rig_start(&rig, "spring");
	rig.records[2].redirect = 1;
	rig_run(&rig, 500);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_PASSED_OVER);
	rig_merge(&rig, 2, 1);
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

static void test_a_chain_of_numbers_is_taken_apart(void **state)
{
	(void)state;
	for (uint64_t customer = 1; customer <= 3; customer++)
		rig_know(&rig, customer);
	rig.records[2].agrees = false;
	rig.records[3].agrees = false;
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	rig_merge(&rig, 1, 2);
	rig_merge(&rig, 2, 3);
	rig.records[3].agrees = true;
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1); /* under his first number */
	rig_unmerge(&rig, 3, 1);
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_mails(&rig, "c1@example.org"), 1);
	assert_int_equal(rig_mails(&rig, "c3@example.org"), 1);
}

/* Of many numbers of one person any may have had it. */
static void test_one_of_many_numbers_has_had_it(void **state)
{
	(void)state;
	for (uint64_t customer = 1; customer <= 40; customer++) {
		rig_know(&rig, customer);
		rig.records[customer].agrees = customer == 40;
	}
	rig_know(&rig, 50);
	rig.records[50].agrees = false;
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	for (uint64_t customer = 1; customer <= 40; customer++)
		rig_merge(&rig, customer, 50);
	rig.records[50].agrees = true;
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
}

/* ---- Read anew while messages are under way ---- */

static void test_reloads_cost_nobody_his_mail(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf", BY_MAIL);
	for (uint64_t customer = 1; customer <= 20; customer++)
		rig_know(&rig, customer);
	rig_start(&rig, "spring");
	for (int i = 0; i < 40; i++) {
		rig_run(&rig, 3);
		rig_reload(&rig);
	}
	rig_run(&rig, 2 * MINUTE);
	/* And nobody is uncertain for it: what was not begun goes on, what was is waited for. */
	for (uint64_t customer = 1; customer <= 20; customer++)
		assert_int_equal(rig_state(&rig, "spring", customer), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 20);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
}

/* What an earlier life meant and could not say stands in no record yet. */
static void test_the_cap_counts_what_an_earlier_life_meant(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.cap = 1;
	rig_begin(&rig);
	rig_know(&rig, 1);
	rig_run(&rig, SECOND);
	rig_start(&rig, "spring");
	rig.mute = true;
	rig_run(&rig, SECOND);
	rig_reload(&rig);
	rig_start(&rig, "calls");
	rig_run(&rig, SECOND);
	rig.mute = false;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_said(&rig, "marketing.message.intended"), 1);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_PASSED_OVER);
	assert_reason("calls", 1, "too_often");
}

/* Its own message, of long ago, makes no room for another one among those of these days. */
static void test_the_cap_forgives_a_campaign_only_what_it_meant_in_its_days(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.cap = 1;
	rig.settings.cap_days = 1;
	rig_begin(&rig);
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	rig_stop(&rig, "spring");
	rig_run(&rig, MINUTE);
	assert_reason("spring", 1, "ended");
	rig.now_us += 2 * DAY_US;
	rig_start(&rig, "calls");
	rig_run(&rig, 2 * SECOND);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	defer_no_more();
	rig_start(&rig, "spring");
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 0);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_PASSED_OVER);
	assert_reason("spring", 1, "too_often");
	/* But what it meant today takes nothing from it. */
	rig.now_us += 2 * DAY_US;
	rig_run(&rig, MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
}

/* The hub tells a number's own lines: what was meant for the one that was retired makes no room in them. */
static void test_the_cap_is_that_of_the_number_that_stays(void **state)
{
	(void)state;
	rig_end(&rig);
	rig.settings.cap = 1;
	rig_begin(&rig);
	defer();
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_know(&rig, 2);
	rig_start(&rig, "calls");
	rig_run(&rig, 50);
	assert_int_equal(rig_state(&rig, "calls", 2), LEDGER_IS_SENT);
	rig_merge(&rig, 1, 2);
	defer_no_more();
	rig_run(&rig, HOUR);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_WITHHELD);
	assert_reason("spring", 1, "merged");
	assert_int_equal(rig_mails(&rig, NULL), 0);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_PASSED_OVER);
	assert_reason("spring", 2, "too_often");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_waited_when_it_was_stopped_gets_it_when_it_is_started_again),
		TEST(test_who_is_being_called_off_gets_it_when_it_is_started_again),
		TEST(test_a_deferred_one_waits_when_its_campaign_is_another),
		TEST(test_a_new_campaign_begins_beside_a_busy_one),
		TEST(test_a_mail_server_that_is_away_holds_no_task_up),
		TEST(test_what_was_started_beside_a_mistake_runs_when_it_is_mended),
		TEST(test_a_mail_campaign_without_a_server_waits_for_one),
		TEST(test_what_waits_for_a_campaign_that_is_gone_is_withheld),
		TEST(test_a_task_that_was_handed_over_is_so_when_its_campaign_is_gone),
		TEST(test_who_is_merged_while_his_mail_waits_gets_it_from_one_that_looks_once),
		TEST(test_who_is_merged_before_the_segment_knows_gets_it),
		TEST(test_a_chain_of_numbers_is_taken_apart),
		TEST(test_one_of_many_numbers_has_had_it),
		TEST(test_reloads_cost_nobody_his_mail),
		TEST(test_the_cap_counts_what_an_earlier_life_meant),
		TEST(test_the_cap_is_that_of_the_number_that_stays),
		TEST(test_the_cap_forgives_a_campaign_only_what_it_meant_in_its_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
