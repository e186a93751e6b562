#include "module/marketing/campaign/addressee.h"

#include <stdio.h>

#include "base/clock.h"
#include "support/unit.h"

#define NOW INT64_C(1772438400000000) /* 2026-03-02T08:00:00Z */
#define DAY INT64_C(86400000000)

/* A record in a few words: consents, addresses, lines of the timeline. */
struct told {
	Carehub__V1__CustomerReply reply;
	Carehub__V1__CustomerView view;
	Carehub__V1__CustomerView *views[1];
	Carehub__V1__Customer record;
	Carehub__V1__ConsentState consents[8];
	Carehub__V1__ConsentScope scopes[8];
	Carehub__V1__Provenance proofs[8];
	Carehub__V1__ConsentState *consent_list[8];
	Carehub__V1__FieldValue values[8];
	Carehub__V1__Provenance value_proofs[8];
	Carehub__V1__FieldValue *value_list[8];
	Carehub__V1__TimelineEntry lines[ADDRESSEE_TIMELINE];
	Carehub__V1__TimelineEntry *line_list[ADDRESSEE_TIMELINE];
};

static struct told told;

static void tell_nothing(void)
{
	carehub__v1__customer_reply__init(&told.reply);
	carehub__v1__customer_view__init(&told.view);
	carehub__v1__customer__init(&told.record);
	told.views[0] = &told.view;
	told.reply.n_customers = 1;
	told.reply.customers = told.views;
	told.view.customer = &told.record;
	told.view.timeline = told.line_list;
	told.record.customer_number = 42;
	told.record.as_of_sequence = 1000;
	told.record.state = CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
	told.record.consents = told.consent_list;
	told.record.values = told.value_list;
}

static void tell_consent(
	int purpose, int channel, bool granted, int64_t occurred_us, const char *expiry)
{
	static char texts[8][16];
	size_t i = told.record.n_consents++;
	carehub__v1__consent_state__init(&told.consents[i]);
	carehub__v1__consent_scope__init(&told.scopes[i]);
	carehub__v1__provenance__init(&told.proofs[i]);
	told.consent_list[i] = &told.consents[i];
	told.consents[i].scope = &told.scopes[i];
	told.consents[i].provenance = &told.proofs[i];
	told.consents[i].granted =
		granted ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	(void)snprintf(texts[i], sizeof(texts[i]), "%s", expiry);
	told.consents[i].expiry_date = texts[i];
	told.scopes[i].purpose = (Carehub__V1__ConsentPurpose)purpose;
	told.scopes[i].channel = (Carehub__V1__ContactChannel)channel;
	told.proofs[i].occurred_time_us = occurred_us;
	told.proofs[i].sequence = i + 1;
}

static void tell_value(Carehub__V1__CustomerField field, const char *value, bool verified)
{
	static char texts[8][300];
	size_t i = told.record.n_values++;
	carehub__v1__field_value__init(&told.values[i]);
	carehub__v1__provenance__init(&told.value_proofs[i]);
	told.value_list[i] = &told.values[i];
	(void)snprintf(texts[i], sizeof(texts[i]), "%s", value);
	told.values[i].field = field;
	told.values[i].value = texts[i];
	told.values[i].provenance = &told.value_proofs[i];
	told.value_proofs[i].assurance = verified ? CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED
						  : CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED;
}

static void tell_line(const char *type, int64_t arrived_us)
{
	static char texts[2][64];
	size_t i = told.view.n_timeline++;
	(void)snprintf(texts[0], sizeof(texts[0]), "marketing.message.intended");
	(void)snprintf(texts[1], sizeof(texts[1]), "website.order.placed");
	carehub__v1__timeline_entry__init(&told.lines[i]);
	told.line_list[i] = &told.lines[i];
	told.lines[i].event_type = strcmp(type, texts[0]) == 0 ? texts[0] : texts[1];
	told.lines[i].arrived_time_us = arrived_us;
}

#define EMAIL  CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_EMAIL
#define INTENT "marketing.message.intended"

static struct addressee addressee;

static const char *refusal_with(int channel, struct addressee_cap cap, uint32_t intended)
{
	static char word[32];
	static uint8_t bytes[1 << 18];
	const struct campaign campaign = {
		.purpose = CAMPAIGN_PURPOSE(MARKETING), .channel = channel};
	uint64_t consent = 0;
	size_t len = carehub__v1__customer_reply__pack(&told.reply, bytes);
	addressee_fini(&addressee);
	assert_int_equal(addressee_read(slice_of(bytes, len), &addressee), CH_OK);
	const char *refusal =
		addressee_refusal(&addressee, &campaign, cap, intended, NOW, &consent);
	(void)snprintf(word, sizeof(word), "%s", refusal != NULL ? refusal : "fine");
	return word;
}

static const char *refusal_of(void)
{
	return refusal_with(
		CAMPAIGN_CHANNEL(EMAIL), (struct addressee_cap){.messages = 2, .days = 30}, 0);
}

static void test_usage(void **state)
{
	(void)state;
	tell_nothing();
	tell_value(EMAIL, "li@example.org", true);
	assert_string_equal(refusal_of(), "no_consent");
	tell_consent(1, 3, true, NOW - DAY, "");
	assert_string_equal(refusal_of(), "fine");
	assert_string_equal(addressee.email, "li@example.org");
	assert_int_equal(addressee.sequence, 1000);
	assert_string_equal(refusal_with(CAMPAIGN_CHANNEL(PHONE), (struct addressee_cap){0, 1}, 0),
		"no_consent");
}

/* Whichever stands first in the record: the newest that covers it counts. */
static void test_withdrawals(void **state)
{
	(void)state;
	static const int covers[][2] = {{1, 3}, {0, 3}, {1, 0}, {0, 0}};
	static const int others[][2] = {{2, 3}, {1, 1}, {0, 1}, {2, 0}};
	for (size_t i = 0; i < 4; i++) {
		for (int later = 0; later < 2; later++) {
			tell_nothing();
			tell_value(EMAIL, "li@example.org", true);
			tell_consent(covers[i][0], covers[i][1], false,
				later ? NOW - 1 : NOW - 2 * DAY, "");
			if (i > 0) /* the record has one value for a scope */
				tell_consent(1, 3, true, NOW - DAY, "");
			assert_string_equal(refusal_of(), later || i == 0 ? "withdrawn" : "fine");
			tell_nothing();
			tell_value(EMAIL, "li@example.org", true);
			tell_consent(1, 3, true, NOW - DAY, "");
			tell_consent(others[i][0], others[i][1], false, NOW - 1, "");
			assert_string_equal(refusal_of(), "fine");
		}
	}
	/* At the same moment: by their sequences; and half a scope grants nothing. */
	tell_nothing();
	tell_value(EMAIL, "li@example.org", true);
	tell_consent(0, 0, false, NOW - DAY, "");
	tell_consent(1, 3, true, NOW - DAY, "");
	assert_string_equal(refusal_of(), "fine");
	tell_nothing();
	tell_value(EMAIL, "li@example.org", true);
	tell_consent(1, 0, true, NOW - DAY, "");
	assert_string_equal(refusal_of(), "no_consent");
}

static void test_expiry(void **state)
{
	(void)state;
	static const struct {
		const char *last;
		const char *word;
	} days[] = {{"2026-03-03", "fine"}, {"2026-03-02", "fine"}, {"2026-03-01", "expired"},
		{"2026-02-28", "expired"}, {"2026-03", "expired"}, {"soon", "expired"}};
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		tell_nothing();
		tell_value(EMAIL, "li@example.org", true);
		tell_consent(1, 3, true, NOW - DAY, days[i].last);
		assert_string_equal(refusal_of(), days[i].word);
	}
}

static void test_addresses(void **state)
{
	(void)state;
	tell_nothing();
	tell_consent(1, 3, true, NOW - DAY, "");
	assert_string_equal(refusal_of(), "no_address");
	tell_value(EMAIL, "li@example.org\r\nRCPT TO:<x@y.z>", true);
	tell_value(EMAIL, "nobody", true);
	assert_string_equal(refusal_of(), "no_address");
	tell_value(EMAIL, "claimed@example.org", false);
	assert_string_equal(refusal_of(), "fine");
	assert_string_equal(addressee.email, "claimed@example.org");
	tell_value(EMAIL, "shown@example.org", true);
	assert_string_equal(refusal_of(), "fine");
	assert_string_equal(addressee.email, "shown@example.org");
	told.values[3].blocked = CAREHUB__V1__ANSWER__ANSWER_YES;
	assert_string_equal(refusal_of(), "fine");
	assert_string_equal(addressee.email, "claimed@example.org");
}

static void test_cap(void **state)
{
	(void)state;
	tell_nothing();
	tell_value(EMAIL, "li@example.org", true);
	tell_consent(1, 3, true, NOW - DAY, "");
	tell_line(INTENT, NOW - DAY);
	tell_line("website.order.placed", NOW - DAY);
	assert_string_equal(refusal_of(), "fine");
	tell_line(INTENT, NOW - 31 * DAY);
	assert_string_equal(refusal_of(), "fine");
	tell_line(INTENT, NOW - 29 * DAY);
	assert_string_equal(refusal_of(), "too_often");
	/* One of them is this very message. */
	assert_string_equal(
		refusal_with(CAMPAIGN_CHANNEL(EMAIL), (struct addressee_cap){2, 30}, 1), "fine");
	assert_string_equal(
		refusal_with(CAMPAIGN_CHANNEL(EMAIL), (struct addressee_cap){0, 30}, 0), "fine");
	/* So much happened that the timeline does not reach back: nobody knows, so no. */
	tell_nothing();
	tell_value(EMAIL, "li@example.org", true);
	tell_consent(1, 3, true, NOW - DAY, "");
	while (told.view.n_timeline < ADDRESSEE_TIMELINE)
		tell_line("website.order.placed", NOW - DAY);
	assert_string_equal(refusal_of(), "too_often");
	told.lines[ADDRESSEE_TIMELINE - 1].arrived_time_us = NOW - 31 * DAY;
	assert_string_equal(refusal_of(), "fine");
}

static void test_no_record(void **state)
{
	(void)state;
	struct addressee none = {0};
	assert_int_equal(addressee_read(SLICE_LITERAL("\xff\xff"), &none), CH_FORMAT);
	assert_int_equal(addressee_read((struct slice){NULL, 0}, &none), CH_NOT_FOUND);
	tell_nothing();
	tell_consent(1, 3, true, NOW - DAY, "");
	told.record.state = CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_MERGED;
	told.record.redirect_to = 43;
	assert_string_equal(refusal_of(), "merged");
	told.record.state = CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_ERASED;
	told.record.redirect_to = 0;
	assert_string_equal(refusal_of(), "no_record");
	addressee_fini(&addressee);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_withdrawals),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_no_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
