/* The desk at work, in one process: restores, people who are merged and split while a campaign runs, withdrawals by
 * each channel, everybody at once, and people whom nobody knows.  Kills and chance are test_histories' business. */
#include "unit/marketing/desk_fixture.h"

#include <stdio.h>

#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/campaign/survey.h"
#include "wire/types.h"

static void test_usage(void **state)
{
	(void)state;
	rig_know(&rig, 7);
	rig_know(&rig, 8);
	rig.records[8].agrees = false;
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 7), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "spring", 8), LEDGER_IS_PASSED_OVER);
	assert_reason("spring", 8, "no_consent");
	assert_int_equal(rig_mails(&rig, "c7@example.org"), 1);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	/* He has agreed since: with the next look through the segment it is his turn. */
	rig.records[8].agrees = true;
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 8), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 2);
}

/* ---- The hub comes back from a backup that knows nothing of what was sent since ---- */

static void test_what_was_meant_before_a_restore_is_uncertain(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	rig_start(&rig, "spring");
	uint64_t backup = rig.head;
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_mails(&rig, NULL), 2);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);

	rig_restore(&rig, backup);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_NONE);
	rig_know(&rig, 3);
	rig_run(&rig, 5 * SECOND);
	/* Nobody knows any more whether they have it; that is said, and nothing is sent.  He who is new gets his. */
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_UNCERTAIN);
	assert_reason("spring", 1, "hub_restored");
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_UNCERTAIN);
	assert_int_equal(rig_state(&rig, "spring", 3), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 3);

	/* It stays so: in the next life, with the next look, in a book that is made anew. */
	rig_end(&rig);
	rig_begin(&rig);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_UNCERTAIN);
	assert_int_equal(rig_mails(&rig, NULL), 3);
	assert_int_equal(rig_said(&rig, "marketing.message.uncertain"), 2);

	/* An operator finds that it did not arrive. */
	rig_settle(&rig, "spring", 1, "resend");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, "c1@example.org"), 2);
	assert_int_equal(rig_mails(&rig, "c2@example.org"), 1);
}

/* Who was only looked at before the restore, and passed over, was not meant. */
static void test_who_was_passed_over_before_a_restore_is_not(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig.records[1].agrees = false;
	rig_start(&rig, "spring");
	uint64_t backup = rig.head;
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_PASSED_OVER);
	rig_restore(&rig, backup);
	rig.records[1].agrees = true;
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
}

/* ---- Withdrawn, by whichever channel ---- */

static void test_a_withdrawal_by_each_channel_stops_what_was_meant(void **state)
{
	Carehub__V1__ConsentWithdrawn said = CAREHUB__V1__CONSENT_WITHDRAWN__INIT;
	uint64_t customer = 0;
	(void)state;
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 451, 0});
	rig_start(&rig, "spring");
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		if (type->message != &carehub__v1__consent_withdrawn__descriptor)
			continue;
		rig_know(&rig, ++customer);
		rig_run(&rig, MINUTE + SECOND);
		assert_int_equal(rig_state(&rig, "spring", customer), LEDGER_IS_OPEN);
		rig_tell(&rig, type->name, customer, &said.base);
	}
	assert_true(customer >= 4);
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig_run(&rig, 61 * MINUTE); /* the longest wait for a deferred one */
	for (uint64_t i = 1; i <= customer; i++) {
		assert_int_equal(rig_state(&rig, "spring", i), LEDGER_IS_WITHHELD);
		assert_reason("spring", i, "withdrawn");
	}
	assert_int_equal(rig_mails(&rig, NULL), 0);
}

/* ---- A wrong password is about us ---- */

static void test_a_wrong_password_costs_nobody_his_mail(void **state)
{
	(void)state;
	static char user[] = "carehub";
	rig_end(&rig);
	rig_write(&rig, "password", "open sesame\n");
	rig.settings.user = user;
	rig.settings.password_file = rig.paths[4];
	smtp_server_set(rig.server, &(struct smtp_traits){.login = "AGNhcmVodWIAY2hhbmdlZA=="});
	rig_begin(&rig);
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	rig_start(&rig, "spring");
	rig_run(&rig, 20 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 0);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	assert_int_equal(rig_said(&rig, "marketing.message.failed"), 0);
	/* One tries for all, less and less often: no mail server locks us out for this. */
	assert_true(smtp_server_connections(rig.server) < 20);
	smtp_server_set(rig.server, &(struct smtp_traits){.login = "AGNhcmVodWIAb3BlbiBzZXNhbWU="});
	rig_run(&rig, 65 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 2);
}

/* ---- Two numbers of one person, and two people under one number ---- */

static void test_who_had_it_under_his_old_number_has_had_it(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	rig_know(&rig, 2);
	rig_merge(&rig, 1, 2);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_NONE);
	/* They were two after all: 2 never had it, and 1 has. */
	rig_unmerge(&rig, 2, 1);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, "c1@example.org"), 1);
	assert_int_equal(rig_mails(&rig, "c2@example.org"), 1);
}

static void test_who_is_merged_while_his_mail_waits_gets_it_under_the_other_number(void **state)
{
	(void)state;
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 451, 0});
	rig_know(&rig, 1);
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_OPEN);
	rig_know(&rig, 2);
	rig_merge(&rig, 1, 2);
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_WITHHELD);
	assert_reason("spring", 1, "merged");
	assert_int_equal(rig_state(&rig, "spring", 2), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, NULL), 1);
	/* Two after all: 1 has had none. */
	rig_unmerge(&rig, 2, 1);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_mails(&rig, "c1@example.org"), 1);
	assert_int_equal(rig_mails(&rig, "c2@example.org"), 1);
	rig_run(&rig, 2 * MINUTE);
	assert_int_equal(rig_mails(&rig, NULL), 2);
}

/* ---- What is counted ---- */

static void assert_counted(const char *line)
{
	struct buffer text = {0};
	metrics_write(rig.metrics, &text);
	if (strstr(buffer_text(&text), line) == NULL)
		fail_msg("not counted: %s\n%s", line, buffer_text(&text));
	buffer_fini(&text);
}

#define MESSAGES "carehub_module_campaign_messages_total{campaign=\"spring\",outcome="

static void test_counts(void **state)
{
	(void)state;
	for (uint64_t customer = 1; customer <= 3; customer++)
		rig_know(&rig, customer);
	rig.records[3].agrees = false;
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 451, 0});
	rig_start(&rig, "spring");
	rig_run(&rig, 800);
	assert_counted(MESSAGES "\"deferred\"} 2\n");
	rig_run(&rig, 100 * SECOND); /* looked through once more: he still has not agreed */
	assert_counted(MESSAGES "\"withheld\"} 1\n");
	assert_counted("carehub_module_campaign_withheld_total{reason=\"no_consent\"} 1\n");
	assert_counted("carehub_module_campaign_waiting{campaign=\"spring\"} 2\n");
	assert_counted("carehub_module_mail_held_seconds 0\n");
	rig_fault(&rig, (struct smtp_fault){SMTP_TEXT, SMTP_DROP, 0, 0});
	rig_run(&rig, 61 * MINUTE);
	assert_counted(MESSAGES "\"uncertain\"} 2\n");
	assert_counted("carehub_module_campaign_uncertain{campaign=\"spring\"} 2\n");
	assert_counted("carehub_module_campaign_waiting{campaign=\"spring\"} 0\n");
	rig_fault(&rig, (struct smtp_fault){SMTP_SENDER, SMTP_REPLY, 550, 0});
	rig_know(&rig, 4);
	rig_run(&rig, 3 * MINUTE);
	assert_counted("carehub_module_campaign_waiting{campaign=\"spring\"} 1\n");
	rig_fault(&rig, (struct smtp_fault){SMTP_RECIPIENT, SMTP_REPLY, 550, 0});
	rig_run(&rig, 61 * MINUTE);
	assert_counted(MESSAGES "\"refused\"} 1\n");
	rig_fault(&rig, (struct smtp_fault){.deed = SMTP_FINE});
	rig_know(&rig, 5);
	rig_run(&rig, 2 * MINUTE);
	assert_counted(MESSAGES "\"sent\"} 1\n");
}

/* ---- An address in another script ---- */

static void test_an_address_in_another_script(void **state)
{
	(void)state;
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	(void)snprintf(rig.records[1].email, sizeof(rig.records[1].email), "李@bücher.example");
	(void)snprintf(rig.records[2].email, sizeof(rig.records[2].email), "li@bücher.example");
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	/* A domain has a name in ASCII; what stands before it has not. */
	assert_int_equal(rig_mails(&rig, "li@xn--bcher-kva.example"), 1);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_FAILED);
	assert_reason("spring", 1, "no_smtputf8");
	smtp_server_set(rig.server, &(struct smtp_traits){.utf8 = true});
	rig_know(&rig, 3);
	(void)snprintf(rig.records[3].email, sizeof(rig.records[3].email), "王@bücher.example");
	rig_end(&rig); /* a connection keeps what was offered when it was made */
	rig_begin(&rig);
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_mails(&rig, "王@xn--bcher-kva.example"), 1);
	assert_int_equal(rig_state(&rig, "spring", 3), LEDGER_IS_SENT);
}

/* ---- What the book knows goes into the text, and what an agent hears comes back ---- */

static void expect_level(void *context, const struct smtp_mail *mail)
{
	unsigned *seen = context;
	if (strcmp(mail->to, "c1@example.org") == 0)
		*seen += strstr(mail->text, "U3RhciAx") != NULL; /* "Star 1" */
	else
		*seen += strstr(mail->text, "U3RhciA/") != NULL; /* "Star ?" */
}

static void test_the_level_is_the_books(void **state)
{
	(void)state;
	Carehub__V1__ConsentGiven given = CAREHUB__V1__CONSENT_GIVEN__INIT;
	Carehub__V1__ConsentScope scope = CAREHUB__V1__CONSENT_SCOPE__INIT;
	Carehub__V1__ConsentScope *scopes[] = {&scope};
	unsigned seen = 0;
	rig_end(&rig);
	rig_write(&rig, "definitions", EVERYBODY "[level 1]\nwhere = consent(phone, service)\n");
	rig_write(
		&rig, "campaigns/spring.txt", "Subject: x\n\nStar {{level|?}}\n{{unsubscribe}}\n");
	rig_begin(&rig);
	rig_know(&rig, 1);
	rig_know(&rig, 2);
	scope.purpose = CAMPAIGN_PURPOSE(SERVICE);
	scope.channel = CAMPAIGN_CHANNEL(PHONE);
	given.scopes = scopes;
	given.n_scopes = 1;
	rig_tell(&rig, "pos.consent.given", 1, &given.base);
	rig_start(&rig, "spring");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(smtp_server_mails(rig.server, expect_level, &seen), 2);
	assert_int_equal(seen, 2);
}

static struct survey_figures answers_to(const char *name)
{
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	struct survey_figures figures;
	struct book_txn *txn;
	assert_int_equal(campaigns_read(rig.settings.folder, NULL, &problems, &campaigns), CH_OK);
	assert_int_equal(book_begin(rig.book, false, &txn), CH_OK);
	assert_int_equal(
		survey_reckon(txn, campaigns_find(&campaigns, slice_text(name)), &figures), CH_OK);
	book_abort(txn);
	campaigns_fini(&campaigns);
	problems_fini(&problems);
	return figures;
}

/* An agent answers by the number of his task; a form on the website by the token alone. */
static void test_a_survey_by_telephone(void **state)
{
	(void)state;
	Carehub__V1__SurveyAnswered answered = CAREHUB__V1__SURVEY_ANSWERED__INIT;
	struct ledger_place place = {"calls", 1, 0};
	char survey[] = "q1";
	char number[LEDGER_ID_BYTES];
	rig_end(&rig);
	rig_write(&rig, "campaigns/calls.conf",
		"[campaign]\nsegment = all\npurpose = research\nchannel = phone\n"
		"text = calls.txt\n[survey]\nid = q1\n");
	rig_write(&rig, "campaigns/calls.txt", "Ask {{name|him}}: {{answer}}\n");
	rig_begin(&rig);
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig_run(&rig, 5 * SECOND);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	ledger_message_id(&place, number);
	answered.survey_id = survey;
	answered.response_id = number;
	rig_tell(&rig, "website.survey.answered", 0, &answered.base);
	rig_run(&rig, SECOND);
	assert_int_equal(answers_to("calls").answered, 0);
	assert_int_equal(answers_to("calls").unknown, 1);
	rig_tell(&rig, "callcenter.survey.answered", 1, &answered.base);
	rig_tell(&rig, "callcenter.survey.answered", 1, &answered.base);
	rig_run(&rig, SECOND);
	assert_int_equal(answers_to("calls").answered, 1);
	assert_int_equal(answers_to("calls").again, 1);
	assert_int_equal(answers_to("calls").unknown, 1);
}

/* ---- Everybody, and nobody ---- */

static void test_everybody_gets_one_and_nobody_none(void **state)
{
	Carehub__V1__ConsentWithdrawn said = CAREHUB__V1__CONSENT_WITHDRAWN__INIT;
	(void)state;
	for (uint64_t customer = 1; customer <= 60; customer++)
		rig_know(&rig, customer);
	rig_tell(&rig, "website.consent.withdrawn", 0, &said.base);
	/* Of these there are events, and no record: erased since, or of a journal whose beginning is gone. */
	rig_tell(&rig, "website.consent.withdrawn", 70, &said.base);
	rig_tell(&rig, "website.consent.withdrawn", UINT64_C(999999999993), &said.base);
	rig_start(&rig, "calls");
	rig_start(&rig, "spring");
	rig_run(&rig, MINUTE);
	for (uint64_t customer = 1; customer <= 60; customer++) {
		assert_int_equal(rig_state(&rig, "spring", customer), LEDGER_IS_SENT);
		assert_int_equal(rig_state(&rig, "calls", customer), LEDGER_IS_SENT);
	}
	assert_int_equal(rig_mails(&rig, NULL), 60);
	assert_int_equal(rig_said(&rig, "callcenter.callback.scheduled"), 60);
	assert_int_equal(rig_state(&rig, "spring", 0), LEDGER_NONE);
	assert_int_equal(rig_state(&rig, "spring", 70), LEDGER_IS_PASSED_OVER);
	assert_reason("spring", 70, "no_record");
	assert_reason("spring", UINT64_C(999999999993), "no_record");
	/* The one that looks once is over; said once for each, and not again by a book that is made anew. */
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 1);
	rig_run(&rig, 3 * MINUTE);
	assert_int_equal(rig_said(&rig, "marketing.message.withheld"), 4);
	assert_int_equal(rig_mails(&rig, NULL), 60);
}

/* Nobody gets two at a time; whom one campaign is busy with, another comes back to, also when it looks only once. */
static void test_who_is_busy_with_another_campaign_is_not_passed_by(void **state)
{
	(void)state;
	rig_write(&rig, "campaigns/spring.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		"text = spring.txt\n");
	rig_know(&rig, 1);
	rig_start(&rig, "calls");
	rig_start(&rig, "spring");
	rig_run(&rig, 10 * SECOND);
	assert_int_equal(rig_state(&rig, "calls", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_state(&rig, "spring", 1), LEDGER_IS_SENT);
	assert_int_equal(rig_said(&rig, "marketing.campaign.ended"), 2);
	assert_int_equal(rig_mails(&rig, NULL), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_what_was_meant_before_a_restore_is_uncertain),
		TEST(test_who_was_passed_over_before_a_restore_is_not),
		TEST(test_a_withdrawal_by_each_channel_stops_what_was_meant),
		TEST(test_a_wrong_password_costs_nobody_his_mail),
		TEST(test_who_had_it_under_his_old_number_has_had_it),
		TEST(test_who_is_merged_while_his_mail_waits_gets_it_under_the_other_number),
		TEST(test_counts),
		TEST(test_an_address_in_another_script),
		TEST(test_the_level_is_the_books),
		TEST(test_a_survey_by_telephone),
		TEST(test_everybody_gets_one_and_nobody_none),
		TEST(test_who_is_busy_with_another_campaign_is_not_passed_by),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
