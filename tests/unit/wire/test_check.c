#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "carehub/v1/module.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "unit/wire/sample.h"
#include "wire/check.h"

static enum ch_status check(const ProtobufCMessage *message, char path[CHECK_PATH_BYTES])
{
	struct slice bytes = sample_pack(message);
	enum ch_status status = check_message(message->descriptor, bytes, path);
	free((void *)(uintptr_t)bytes.data);
	return status;
}

/* protobuf-c takes any bytes for a text; the check finds them and says where. */
static void names_the_bad_text(void **state)
{
	(void)state;
	Carehub__V1__WebsiteOrderPlaced placed = CAREHUB__V1__WEBSITE_ORDER_PLACED__INIT;
	Carehub__V1__Party party = CAREHUB__V1__PARTY__INIT;
	Carehub__V1__Contact good = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact bad = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact *phones[] = {&good, &bad};
	char number[] = "+86 138 0013 8000";
	char latin1[] = "M\xfcller";
	char path[CHECK_PATH_BYTES];
	placed.customer = &party;
	party.phones = phones;
	party.n_phones = 2;
	good.value = number;
	assert_int_equal(check(&placed.base, path), CH_OK);
	bad.value = latin1;
	assert_int_equal(check(&placed.base, path), CH_FORMAT);
	assert_string_equal(path, "customer.phones[1].value");
}

/* A tag or a length may be written with more bytes than it needs, but not with more than any reader takes. */
static void no_tag_is_longer_than_readers_take(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum ch_status status;
	} rows[] = {
		{"\x0a\x01x", 3, CH_OK}, {"\x8a\x80\x80\x80\x00\x81\x80\x80\x80\x00x", 11, CH_OK},
		{"\x8a\x80\x80\x80\x80\x00\x01x", 8, CH_FORMAT},
		{"\x0a\x81\x80\x80\x80\x80\x00x", 8, CH_FORMAT},
		{"\xfa\xff\x80\x80\x80\x00\x01x", 8, CH_FORMAT}, /* of a later schema */
	};
	const ProtobufCMessageDescriptor *type = &carehub__v1__website_order_placed__descriptor;
	char path[CHECK_PATH_BYTES];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
		ProtobufCMessage *message =
			protobuf_c_message_unpack(type, NULL, rows[i].len, bytes);
		assert_int_equal(message != NULL, rows[i].status == CH_OK);
		assert_int_equal(
			check_message(type, slice_of(bytes, rows[i].len), path), rows[i].status);
		if (message != NULL)
			protobuf_c_message_free_unpacked(message, NULL);
	}
}

/* Who computes with a decimal raises ten to its scale. */
static void bounds_the_scale_of_decimals(void **state)
{
	(void)state;
	Carehub__V1__WebsiteOrderPlaced placed = CAREHUB__V1__WEBSITE_ORDER_PLACED__INIT;
	Carehub__V1__OrderLine line = CAREHUB__V1__ORDER_LINE__INIT;
	Carehub__V1__OrderLine *lines[] = {&line};
	Carehub__V1__Decimal quantity = CAREHUB__V1__DECIMAL__INIT;
	char path[CHECK_PATH_BYTES];
	placed.lines = lines;
	placed.n_lines = 1;
	line.quantity = &quantity;
	quantity.scale = 18;
	assert_int_equal(check(&placed.base, path), CH_OK);
	quantity.scale = 19;
	assert_int_equal(check(&placed.base, path), CH_FORMAT);
	assert_string_equal(path, "lines[0].quantity.scale");
}

static void refuses_what_is_no_encoding(void **state)
{
	(void)state;
	static const uint8_t torn[] = {0x0a, 0x05, 'a'};
	static const uint8_t number_for_text[] = {0x08, 0x01};
	const ProtobufCMessageDescriptor *type = &carehub__v1__website_order_placed__descriptor;
	char path[CHECK_PATH_BYTES];
	assert_int_equal(check_message(type, slice_of(torn, sizeof(torn)), path), CH_FORMAT);
	assert_string_equal(path, "");
	assert_int_equal(
		check_message(type, slice_of(number_for_text, sizeof(number_for_text)), path),
		CH_FORMAT);
	assert_string_equal(path, "order_id");
	assert_int_equal(check_message(type, slice_of(NULL, 0), path), CH_OK);
}

/* Numbers that are packed into one field are numbers to the last byte. */
static void looks_into_packed_fields(void **state)
{
	(void)state;
	static const uint8_t whole[] = {0x22, 0x03, 0x01, 0x96, 0x01};
	static const uint8_t none[] = {0x22, 0x00};
	static const uint8_t torn[] = {0x22, 0x02, 0x01, 0x96};
	static const uint8_t endless[] = {
		0x22, 0x0b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
	static const uint8_t apart_and_torn[] = {0x20, 0x01, 0x22, 0x01, 0x80};
	const ProtobufCMessageDescriptor *type = &carehub__v1__quality_rule_violated__descriptor;
	char path[CHECK_PATH_BYTES];
	assert_int_equal(check_message(type, slice_of(whole, sizeof(whole)), path), CH_OK);
	assert_int_equal(check_message(type, slice_of(none, sizeof(none)), path), CH_OK);
	assert_int_equal(check_message(type, slice_of(torn, sizeof(torn)), path), CH_FORMAT);
	assert_string_equal(path, "rules[0]");
	assert_int_equal(check_message(type, slice_of(endless, sizeof(endless)), path), CH_FORMAT);
	assert_int_equal(
		check_message(type, slice_of(apart_and_torn, sizeof(apart_and_torn)), path),
		CH_FORMAT);
	assert_string_equal(path, "rules[1]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_bad_text),
		cmocka_unit_test(no_tag_is_longer_than_readers_take),
		cmocka_unit_test(bounds_the_scale_of_decimals),
		cmocka_unit_test(refuses_what_is_no_encoding),
		cmocka_unit_test(looks_into_packed_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
