#include "channel/website/draft.h"

#include "carehub/v1/care.pb-c.h"
#include "support/unit.h"
#include "wire/json.h"

static const struct trust trusted = {.verifies = true, .signs_in = true};
static const struct trust stranger = {.verifies = false};

static enum ch_status decode(const char *type, const char *data, struct trust trust,
	ProtobufCMessage **out_message, struct refusal *out_refusal)
{
	const struct event_type *found = NULL;
	json_t *json = json_loads(data, JSON_DECODE_ANY, NULL);
	const struct json_ref ref = json_ref_tree(json);
	enum ch_status status =
		draft_decode(slice_text(type), &ref, trust, NULL, &found, out_message, out_refusal);
	if (status == CH_OK)
		assert_string_equal(found->name, type);
	json_decref(json);
	return status;
}

#define FEEDBACK                                                                                   \
	"{\"feedbackId\":\"F1\",\"remarks\":\"good\",\"customer\":{\"commonId\":\"c-1\","          \
	"\"commonIdAssurance\":\"ASSURANCE_VERIFIED\",\"phones\":[{\"value\":\"13800138000\","     \
	"\"assurance\":\"ASSURANCE_VERIFIED\"}],\"emails\":[{\"value\":\"a@example.com\"}]}}"

static void test_seal(void **state)
{
	struct draft draft = {.envelope = {.time_us = 0}};
	struct refusal refusal;
	ProtobufCMessage *message = NULL;
	(void)state;
	assert_int_equal(
		decode("website.feedback.given", FEEDBACK, trusted, &message, &refusal), CH_OK);
	draft.envelope.id = SLICE_LITERAL("1");
	draft.envelope.source = SLICE_LITERAL("/site");
	assert_int_equal(draft_seal(&draft, types_find(SLICE_LITERAL("website.feedback.given")),
				 message, &refusal),
		CH_OK);
	assert_slice_text(draft.envelope.subject, "F1");
	assert_true(draft.envelope.data.len > 0 && draft.envelope.personal.len > 0);
	protobuf_c_message_free_unpacked(message, NULL);
	draft_fini(&draft);
}

/* Unsaid is claimed; verified is what somebody trusted says is. */
static void test_trust(void **state)
{
	struct refusal refusal;
	ProtobufCMessage *message = NULL;
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(decode("website.feedback.given", FEEDBACK,
					 i == 0 ? trusted : stranger, &message, &refusal),
			CH_OK);
		const Carehub__V1__Party *party =
			((const Carehub__V1__FeedbackGiven *)message)->customer;
		Carehub__V1__Assurance said = i == 0 ? CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED
						     : CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED;
		assert_int_equal(party->phones[0]->assurance, said);
		assert_int_equal(party->common_id_assurance, said);
		assert_int_equal(
			party->emails[0]->assurance, CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED);
		protobuf_c_message_free_unpacked(message, NULL);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *type;
		const char *data;
		enum ch_status status;
		const char *field;
	} cases[] = {
		{"com.example.order.created", "{}", CH_UNKNOWN_TYPE, "type"},
		{"hub.event.quarantined", "{}", CH_DENIED, "type"},
		{"steward.merge.decided", "{}", CH_DENIED, "type"},
		{"website.feedback.given", "[]", CH_MISSING, "data"},
		{"website.feedback.given", "{\"nonsense\":1}", CH_INVALID, "data.nonsense"},
		{"website.feedback.given", "{\"customer\":{\"phones\":[{\"value\":7}]}}",
			CH_INVALID, "data.customer.phones[0].value"},
		{"website.feedback.given", "{\"customer\":{\"localId\":\"1\"}}", CH_DENIED,
			"data.customer.local_id"},
	};
	struct refusal refusal;
	ProtobufCMessage *message = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum ch_status status =
			decode(cases[i].type, cases[i].data, stranger, &message, &refusal);
		assert_int_equal(status, cases[i].status);
		assert_string_equal(refusal.field, cases[i].field);
	}
}

static void test_mandatory(void **state)
{
	struct draft draft = {.envelope = {.time_us = 0}};
	struct refusal refusal;
	ProtobufCMessage *message = NULL;
	(void)state;
	assert_int_equal(decode("website.feedback.given", "{\"remarks\":\"x\"}", stranger, &message,
				 &refusal),
		CH_OK);
	assert_int_equal(draft_seal(&draft, types_find(SLICE_LITERAL("website.feedback.given")),
				 message, &refusal),
		CH_MISSING);
	assert_string_equal(refusal.field, "feedback_id");
	protobuf_c_message_free_unpacked(message, NULL);
	draft_fini(&draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_mandatory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
