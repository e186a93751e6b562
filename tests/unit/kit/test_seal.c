/* From a typed message to an event that the hub will take. */
#include "support/unit.h"

#include "carehub/v1/care.pb-c.h"
#include "kit/seal.h"
#include "wire/types.h"

static char feedback_id[] = "F1";
static char remarks[] = "good service";

static Carehub__V1__FeedbackGiven feedback(void)
{
	Carehub__V1__FeedbackGiven message;
	carehub__v1__feedback_given__init(&message);
	message.feedback_id = feedback_id;
	message.remarks = remarks;
	return message;
}

static void test_a_message_becomes_an_event(void **state)
{
	struct sealed sealed = {0};
	struct seal_fault fault;
	struct envelope envelope = {.id = SLICE_LITERAL("1"), .source = SLICE_LITERAL("/site")};
	Carehub__V1__FeedbackGiven message = feedback();
	(void)state;
	assert_int_equal(
		seal_event("website.feedback.given", &message.base, &sealed, &envelope, &fault),
		CH_OK);
	assert_slice_text(envelope.type, "website.feedback.given");
	assert_slice_text(envelope.subject, "F1");
	assert_slice_text(envelope.data, "\x0a\x02"
					 "F1");
	assert_slice_text(envelope.personal, "\xaa\x06\x0c"
					     "good service");
	sealed_fini(&sealed);
}

static void test_what_the_hub_would_not_take(void **state)
{
	struct sealed sealed = {0};
	struct seal_fault fault;
	const struct envelope good = {.id = SLICE_LITERAL("1"), .source = SLICE_LITERAL("/site")};
	struct envelope envelope = good;
	Carehub__V1__FeedbackGiven message = feedback();
	char bad[] = "\xff";
	(void)state;
	assert_int_equal(
		seal_event("website.feedback.got", &message.base, &sealed, &envelope, &fault),
		CH_UNKNOWN_TYPE);
	assert_int_equal(
		seal_event("pos.sale.completed", &message.base, &sealed, &envelope, &fault),
		CH_INVALID);
	message.feedback_id = NULL;
	assert_int_equal(
		seal_event("website.feedback.given", &message.base, &sealed, &envelope, &fault),
		CH_MISSING);
	assert_string_equal(fault.field, "feedback_id");
	message = feedback();
	message.remarks = bad;
	assert_int_equal(
		seal_event("website.feedback.given", &message.base, &sealed, &envelope, &fault),
		CH_FORMAT);
	message = feedback();
	envelope.id = (struct slice){NULL, 0};
	assert_int_equal(
		seal_event("website.feedback.given", &message.base, &sealed, &envelope, &fault),
		CH_MISSING);
	assert_string_equal(fault.field, "id");
	uint8_t lengthy[201] = {0};
	envelope = good;
	envelope.subject = slice_of(lengthy, sizeof(lengthy));
	assert_int_equal(
		seal_event("website.feedback.given", &message.base, &sealed, &envelope, &fault),
		CH_TOO_LARGE);
	assert_string_equal(fault.field, "subject");
	sealed_fini(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_becomes_an_event),
		cmocka_unit_test(test_what_the_hub_would_not_take),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
