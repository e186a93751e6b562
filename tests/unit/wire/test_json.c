#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"
#include "carehub/v1/bus.pb-c.h"
#include "carehub/v1/common.pb-c.h"
#include "carehub/v1/customer.pb-c.h"
#include "carehub/v1/event.pb-c.h"
#include "carehub/v1/parts.pb-c.h"
#include "carehub/v1/pos.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "unit/wire/sample.h"
#include "wire/json.h"
#include "wire/types.h"

static enum ch_status decode(const char *text, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error)
{
	return json_decode(slice_text(text), type, flags, out_message, out_error);
}

static void shows_how_to_use_it(void **state)
{
	(void)state;
	static const char text[] =
		"{\"orderId\":\"1001\",\"lines\":[{\"quantity\":{\"unscaled\":\"42\",\"scale\":2}}],"
		"\"paymentState\":\"PAYMENT_STATE_PAID\","
		"\"customer\":{\"phones\":[{\"value\":\"13800138000\"}]}}";
	ProtobufCMessage *message = NULL;
	assert_int_equal(
		decode(text, &carehub__v1__website_order_placed__descriptor, 0, &message, NULL),
		CH_OK);
	const Carehub__V1__WebsiteOrderPlaced *placed = (const void *)message;
	assert_string_equal(placed->order_id, "1001");
	assert_int_equal(placed->lines[0]->quantity->unscaled, 42);
	assert_string_equal(placed->customer->phones[0]->value, "13800138000");

	struct buffer out = {0};
	assert_int_equal(json_encode(message, 0, &out, NULL), CH_OK);
	assert_string_equal(buffer_text(&out), text);
	buffer_fini(&out);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void pretty_is_for_people(void **state)
{
	(void)state;
	Carehub__V1__Party party = CAREHUB__V1__PARTY__INIT;
	Carehub__V1__Contact phone = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact *phones[] = {&phone, &phone};
	char number[] = "110";
	struct buffer out = {0};
	assert_int_equal(json_encode(&party.base, JSON_PRETTY, &out, NULL), CH_OK);
	assert_string_equal(buffer_text(&out), "{}");
	buffer_clear(&out);
	phone.value = number;
	party.phones = phones;
	party.n_phones = 2;
	assert_int_equal(json_encode(&party.base, JSON_PRETTY, &out, NULL), CH_OK);
	assert_string_equal(buffer_text(&out), "{\n"
					       "  \"phones\": [\n"
					       "    {\n"
					       "      \"value\": \"110\"\n"
					       "    },\n"
					       "    {\n"
					       "      \"value\": \"110\"\n"
					       "    }\n"
					       "  ]\n"
					       "}");
	buffer_fini(&out);
}

static void there_and_back(const ProtobufCMessageDescriptor *type, unsigned seed)
{
	ProtobufCMessage *sample = sample_message(type, &seed);
	struct slice before = sample_pack(sample);
	for (unsigned flags = 0; flags <= JSON_PRETTY; flags += JSON_PRETTY) {
		struct buffer text = {0};
		ProtobufCMessage *back = NULL;
		assert_int_equal(json_encode(sample, flags, &text, NULL), CH_OK);
		assert_int_equal(json_decode(buffer_slice(&text), type, 0, &back, NULL), CH_OK);
		struct slice after = sample_pack(back);
		assert_true(slice_equal(before, after));
		free((void *)(uintptr_t)after.data);
		protobuf_c_message_free_unpacked(back, NULL);
		buffer_fini(&text);
	}
	free((void *)(uintptr_t)before.data);
	protobuf_c_message_free_unpacked(sample, NULL);
}

static void every_type_goes_there_and_back(void **state)
{
	(void)state;
	static const ProtobufCMessageDescriptor *const others[] = {&carehub__v1__event__descriptor,
		&carehub__v1__customer__descriptor, &carehub__v1__repair_order__descriptor,
		&carehub__v1__case__descriptor, &carehub__v1__timeline_entry__descriptor,
		&carehub__v1__welcome__descriptor, &carehub__v1__deliver__descriptor};
	for (size_t i = 0; i < event_type_count; i++)
		for (unsigned seed = 0; seed < 6; seed++)
			there_and_back(event_types[i].message, seed);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		there_and_back(others[i], (unsigned)i);
}

/* What proto3 allows beside the canonical form. */
static void reads_what_others_write(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t minor_units;
	} money[] = {
		{"{\"minorUnits\":\"-5\"}", -5},
		{"{\"minor_units\":\"5\"}", 5},
		{"{\"minorUnits\":5}", 5},
		{"{\"minorUnits\":5.0}", 5},
		{"{\"minorUnits\":1e3}", 1000},
		{"{\"minorUnits\":null}", 0},
		{"{\"minorUnits\":\"9223372036854775807\"}", INT64_MAX},
		{"{\"minorUnits\":-9223372036854775808}", INT64_MIN},
		{" \n{ } ", 0},
	};
	for (size_t i = 0; i < sizeof(money) / sizeof(money[0]); i++) {
		ProtobufCMessage *message = NULL;
		assert_int_equal(
			decode(money[i].text, &carehub__v1__money__descriptor, 0, &message, NULL),
			CH_OK);
		assert_int_equal(((const Carehub__V1__Money *)(const void *)message)->minor_units,
			money[i].minor_units);
		protobuf_c_message_free_unpacked(message, NULL);
	}
}

static void reads_all_forms_of_base64(void **state)
{
	(void)state;
	static const char *const forms[] = {"-_8", "-_8=", "+/8=", "+/8"};
	for (size_t i = 0; i < 4; i++) {
		char text[64];
		ProtobufCMessage *message = NULL;
		(void)snprintf(text, sizeof(text), "{\"digest\":\"%s\"}", forms[i]);
		assert_int_equal(
			decode(text, &carehub__v1__event__descriptor, 0, &message, NULL), CH_OK);
		const Carehub__V1__Event *event = (const void *)message;
		assert_int_equal(event->digest.len, 2);
		assert_memory_equal(event->digest.data, "\xfb\xff", 2);
		protobuf_c_message_free_unpacked(message, NULL);
	}
}

static void enums_of_a_later_schema_pass_by_number(void **state)
{
	(void)state;
	ProtobufCMessage *message = NULL;
	struct buffer out = {0};
	assert_int_equal(
		decode("{\"assurance\":99}", &carehub__v1__contact__descriptor, 0, &message, NULL),
		CH_OK);
	assert_int_equal(json_encode(message, 0, &out, NULL), CH_OK);
	assert_string_equal(buffer_text(&out), "{\"assurance\":99}");
	buffer_fini(&out);
	protobuf_c_message_free_unpacked(message, NULL);
}

/* With the flag: members and names of a later schema are passed over, all else is read. */
static void ignores_the_unknown_when_told(void **state)
{
	(void)state;
	ProtobufCMessage *message = NULL;
	assert_int_equal(
		decode("{\"value\":\"110\",\"later\":{\"deep\":[1]},\"kind\":\"CONTACT_KIND_MIND\"}",
			&carehub__v1__contact__descriptor, JSON_IGNORE_UNKNOWN, &message, NULL),
		CH_OK);
	const Carehub__V1__Contact *contact = (const void *)message;
	assert_string_equal(contact->value, "110");
	assert_int_equal(contact->kind, 0);
	protobuf_c_message_free_unpacked(message, NULL);

	message = NULL;
	assert_int_equal(decode("{\"fields\":[\"CUSTOMER_FIELD_SOUL\",\"CUSTOMER_FIELD_NAME\"]}",
				 types_find(SLICE_LITERAL("customer.record.updated"))->message,
				 JSON_IGNORE_UNKNOWN, &message, NULL),
		CH_OK);
	struct buffer out = {0};
	assert_int_equal(json_encode(message, 0, &out, NULL), CH_OK);
	assert_string_equal(buffer_text(&out), "{\"fields\":[\"CUSTOMER_FIELD_NAME\"]}");
	buffer_fini(&out);
	protobuf_c_message_free_unpacked(message, NULL);
}

/* Each refusal says where and what; nothing of the value itself is repeated. */
static void refusals_name_the_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum ch_status status;
		const char *path;
		const char *reason;
	} cases[] = {
		{"", CH_FORMAT, "", "not JSON at line 1, column 0"},
		{"{\"orderId\":\"x\"} x", CH_FORMAT, "", "not JSON at line 1, column 17"},
		{"{\"orderId\":\"\\u0000\"}", CH_FORMAT, "", "not JSON at line 1, column 19"},
		{"{\"orderId\":\"\xff\"}", CH_FORMAT, "", "not JSON at line 1, column 12"},
		{"{\"orderId\":\"a\",\"orderId\":\"b\"}", CH_FORMAT, "",
			"not JSON at line 1, column 24"},
		{"[]", CH_INVALID, "", "expected an object"},
		{"{\"orderID\":\"a\"}", CH_INVALID, "orderID", "no such field"},
		{"{\"a\\u4e00\":1}", CH_INVALID, "a???", "no such field"},
		{"{\"orderId\":\"a\",\"order_id\":\"a\"}", CH_INVALID, "order_id",
			"told twice, under both its names"},
		{"{\"orderId\":7}", CH_INVALID, "order_id", "expected a string"},
		{"{\"lines\":{}}", CH_INVALID, "lines", "expected an array"},
		{"{\"lines\":[null]}", CH_INVALID, "lines[0]", "null is no element"},
		{"{\"lines\":[{},{\"amount\":[]}]}", CH_INVALID, "lines[1].amount",
			"expected an object"},
		{"{\"lines\":[{\"unitPrice\":{\"minorUnits\":\"1.5\"}}]}", CH_INVALID,
			"lines[0].unit_price.minor_units", "expected an integer in range"},
		{"{\"lines\":[{\"unitPrice\":{\"minorUnits\":1.5}}]}", CH_INVALID,
			"lines[0].unit_price.minor_units", "expected an integer in range"},
		{"{\"lines\":[{\"unitPrice\":{\"minorUnits\":\"9223372036854775808\"}}]}",
			CH_INVALID, "lines[0].unit_price.minor_units",
			"expected an integer in range"},
		{"{\"lines\":[{\"quantity\":{\"scale\":-1}}]}", CH_INVALID,
			"lines[0].quantity.scale", "expected an unsigned integer in range"},
		{"{\"lines\":[{\"quantity\":{\"scale\":4294967296}}]}", CH_INVALID,
			"lines[0].quantity.scale", "expected an unsigned integer in range"},
		{"{\"test\":\"MAYBE\"}", CH_INVALID, "test", "no such enum value"},
		{"{\"test\":true}", CH_INVALID, "test", "expected the name of an enum value"},
		{"{\"customer\":{\"phones\":[{\"value\":\"1\"},{\"value\":false}]}}", CH_INVALID,
			"customer.phones[1].value", "expected a string"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ProtobufCMessage *message = NULL;
		struct json_error error;
		assert_int_equal(
			decode(cases[i].text, &carehub__v1__website_order_placed__descriptor, 0,
				&message, &error),
			cases[i].status);
		assert_null(message);
		assert_string_equal(error.path.text, cases[i].path);
		assert_string_equal(error.reason, cases[i].reason);
	}
}

static void refuses_bad_base64(void **state)
{
	(void)state;
	static const char *const bad[] = {"A", "A===", "AA-+", "A A=", "AB", "\\u00e9A=="};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		ProtobufCMessage *message = NULL;
		struct json_error error;
		(void)snprintf(text, sizeof(text), "{\"digest\":\"%s\"}", bad[i]);
		assert_int_equal(decode(text, &carehub__v1__event__descriptor, 0, &message, &error),
			CH_INVALID);
		assert_string_equal(error.path.text, "digest");
	}
}

static void repeat(struct buffer *out, const char *piece, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buffer_append_text(out, piece);
}

static void bounds_hold(void **state)
{
	(void)state;
	const ProtobufCMessageDescriptor *type = &carehub__v1__parts_order_placed__descriptor;
	ProtobufCMessage *message = NULL;
	struct json_error error;
	struct buffer text = {0};

	repeat(&text, "[", 100000);
	assert_int_equal(json_decode(buffer_slice(&text), type, 0, &message, &error), CH_TOO_LARGE);
	assert_string_equal(error.reason, "nested too deeply");

	buffer_clear(&text);
	buffer_append_text(
		&text, "{\"currency\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{\"}");
	assert_int_equal(json_decode(buffer_slice(&text), type, 0, &message, &error), CH_OK);
	protobuf_c_message_free_unpacked(message, NULL);
	message = NULL;

	buffer_clear(&text);
	buffer_append_text(&text, "{\"lines\":[{}");
	repeat(&text, ",{}", LIMIT_JSON_VALUES / 2);
	buffer_append_text(&text, "]}");
	assert_int_equal(json_decode(buffer_slice(&text), type, 0, &message, &error), CH_TOO_LARGE);
	assert_string_equal(error.reason, "too many values");

	/* Three bytes of text would become hundreds of memory each. */
	buffer_clear(&text);
	buffer_append_text(&text, "{\"lines\":[{}");
	repeat(&text, ",{}", LIMIT_JSON_VALUES / 2 - 8);
	buffer_append_text(&text, "]}");
	assert_int_equal(json_decode(buffer_slice(&text),
				 &carehub__v1__retail_transaction__descriptor, 0, &message, &error),
		CH_TOO_LARGE);
	assert_string_equal(error.reason, "takes too much memory");

	buffer_clear(&text);
	repeat(&text, "          ", LIMIT_JSON_BYTES / 10 + 1);
	assert_int_equal(json_decode(buffer_slice(&text), type, 0, &message, &error), CH_TOO_LARGE);
	assert_string_equal(error.reason, "the text is too long");
	assert_null(message);
	buffer_fini(&text);
}

/* A peer's bytes can hold any text, as protobuf-c does not look. */
static void writes_no_text_that_is_not_utf8(void **state)
{
	(void)state;
	Carehub__V1__Party party = CAREHUB__V1__PARTY__INIT;
	Carehub__V1__Contact phone = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact *phones[] = {&phone};
	char latin1[] = "M\xfcller";
	struct buffer out = {0};
	struct json_error error;
	phone.value = latin1;
	party.phones = phones;
	party.n_phones = 1;
	buffer_append_text(&out, "before");
	assert_int_equal(json_encode(&party.base, 0, &out, &error), CH_FORMAT);
	assert_string_equal(error.path.text, "phones[0].value");
	assert_string_equal(buffer_text(&out), "before");
	buffer_fini(&out);
}

static void names_become_camels(void **state)
{
	(void)state;
	static const char *const names[][2] = {{"order_id", "orderId"}, {"x", "x"},
		{"a_b_c", "aBC"}, {"line_2_x", "line2X"}, {"trailing_", "trailing"},
		{"_leading", "Leading"}, {"two__lines", "twoLines"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buffer out = {0};
		json_append_name(&out, names[i][0]);
		assert_string_equal(buffer_text(&out), names[i][1]);
		buffer_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_how_to_use_it),
		cmocka_unit_test(pretty_is_for_people),
		cmocka_unit_test(every_type_goes_there_and_back),
		cmocka_unit_test(reads_what_others_write),
		cmocka_unit_test(reads_all_forms_of_base64),
		cmocka_unit_test(enums_of_a_later_schema_pass_by_number),
		cmocka_unit_test(ignores_the_unknown_when_told),
		cmocka_unit_test(refusals_name_the_place),
		cmocka_unit_test(refuses_bad_base64),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(writes_no_text_that_is_not_utf8),
		cmocka_unit_test(names_become_camels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
