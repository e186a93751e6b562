#include <carehub/event.h>
#include <stdio.h>

#include "carehub/v1/bus.pb-c.h"
#include "support/unit.h"
#include "wire/envelope.h"

static void test_what_is_built_can_be_read(void **state)
{
	(void)state;
	struct ch_event *event = ch_event_create();
	struct ch_event *copy = ch_event_create();
	struct ch_bytes bytes;
	ch_event_set_text(event, CH_ID, "receipt-4711");
	ch_event_set_text(event, CH_SOURCE, "/pos/shop-1");
	ch_event_set_text(event, CH_TYPE, "pos.sale.completed");
	ch_event_set_text(event, CH_SUBJECT, "4711");
	ch_event_set_time(event, 1000, 2000);
	ch_event_set(event, CH_CHECKPOINT, ch_bytes_of("\0\1", 2));
	ch_event_set(event, CH_DATA, ch_bytes_of("\x08\x01", 2));
	ch_event_set(event, CH_PERSONAL, ch_bytes_of("\xa0\x06\x01", 3));
	assert_int_equal(ch_event_encode(event, &bytes), CH_OK);
	assert_int_equal(ch_event_read(copy, bytes, ch_bytes_of(NULL, 0)), CH_OK);
	assert_true(ch_bytes_equal(ch_event_get(copy, CH_ID), "receipt-4711"));
	assert_true(ch_bytes_equal(ch_event_get(copy, CH_SOURCE), "/pos/shop-1"));
	assert_true(ch_bytes_equal(ch_event_get(copy, CH_TYPE), "pos.sale.completed"));
	assert_true(ch_bytes_equal(ch_event_get(copy, CH_SUBJECT), "4711"));
	assert_int_equal(ch_event_get(copy, CH_CHECKPOINT).len, 2);
	assert_int_equal(ch_event_get(copy, CH_PERSONAL).len, 3);
	assert_int_equal(ch_event_get(copy, CH_DIGEST).len, 0);
	assert_int_equal(ch_event_time(copy), 1000);
	assert_int_equal(ch_event_sent(copy), 2000);
	ch_event_free(copy);
	ch_event_free(event);
}

static void test_the_personal_part_may_come_apart(void **state)
{
	(void)state;
	struct ch_event *event = ch_event_create();
	struct buffer open = {0};
	envelope_encode(&(struct envelope){.id = SLICE_LITERAL("1"),
				.source = SLICE_LITERAL("/s"),
				.type = SLICE_LITERAL("a.b.c")},
		&open);
	assert_int_equal(ch_event_read(event, ch_bytes_of(open.data, open.len),
				 ch_bytes_of("\xa0\x06\x01", 3)),
		CH_OK);
	assert_int_equal(ch_event_get(event, CH_PERSONAL).len, 3);
	buffer_fini(&open);
	ch_event_free(event);
}

static void test_the_first_mistake_sticks_and_is_named(void **state)
{
	(void)state;
	struct ch_event *event = ch_event_create();
	char text[202];
	memset(text, 'x', sizeof(text) - 1);
	text[201] = 0;
	assert_int_equal(ch_event_status(event), CH_MISSING);
	assert_string_equal(ch_error_detail(), "id: a mandatory field is absent");
	ch_event_set_text(event, CH_ID, "1");
	ch_event_set_text(event, CH_SOURCE, text);
	ch_event_set_text(event, CH_TYPE, "\xff");
	assert_int_equal(ch_event_status(event), CH_TOO_LARGE);
	assert_non_null(strstr(ch_error_detail(), "source"));
	ch_event_clear(event);
	ch_event_set_text(event, CH_TYPE, "\xff");
	assert_int_equal(ch_event_status(event), CH_FORMAT);
	assert_non_null(strstr(ch_error_detail(), "type"));
	ch_event_clear(event);
	ch_event_set_text(event, (enum ch_attribute)5, "x"); /* the time is no text */
	assert_int_equal(ch_event_status(event), CH_INVALID);
	ch_event_free(event);
}

/* Any message serves: bus.proto's Delivery has no field from 100 on, so one is smuggled in as unknown. */
static void test_a_message_is_split_and_joined(void **state)
{
	(void)state;
	struct ch_event *event = ch_event_create();
	Carehub__V1__Delivery message = CAREHUB__V1__DELIVERY__INIT;
	uint8_t secret[] = {3, 'Z', 'o', 'e'};
	ProtobufCMessageUnknownField unknown = {
		200, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, sizeof(secret), secret};
	char job[] = "nightly";
	message.sequence = 42;
	message.job = job;
	message.base.unknown_fields = &unknown;
	message.base.n_unknown_fields = 1;
	assert_int_equal(ch_event_set_message(event, &message.base), CH_OK);
	struct ch_bytes data = ch_event_get(event, CH_DATA);
	struct ch_bytes personal = ch_event_get(event, CH_PERSONAL);
	assert_int_equal(data.len, 2 + 2 + 7);
	assert_int_equal(personal.len, 2 + 4);
	assert_null(memmem(data.data, data.len, "Zoe", 3));

	ProtobufCMessage *joined;
	assert_int_equal(
		ch_event_get_message(event, &carehub__v1__delivery__descriptor, &joined), CH_OK);
	const Carehub__V1__Delivery *got = (const Carehub__V1__Delivery *)joined;
	assert_int_equal(got->sequence, 42);
	assert_string_equal(got->job, "nightly");
	assert_int_equal(joined->n_unknown_fields, 1);
	protobuf_c_message_free_unpacked(joined, NULL);

	ch_event_set(event, CH_DATA, ch_bytes_of("\xff", 1));
	assert_int_equal(ch_event_get_message(event, &carehub__v1__delivery__descriptor, &joined),
		CH_FORMAT);
	ch_event_free(event);
}

static void test_an_object_serves_again(void **state)
{
	(void)state;
	struct ch_event *event = ch_event_create();
	struct ch_bytes bytes;
	char id[32];
	for (int i = 0; i < 10000; i++) {
		ch_event_clear(event);
		(void)snprintf(id, sizeof(id), "%d", i);
		ch_event_set_text(event, CH_ID, id);
		ch_event_set_text(event, CH_SOURCE, "/s");
		ch_event_set_text(event, CH_TYPE, "a.b.c");
		assert_int_equal(ch_event_encode(event, &bytes), CH_OK);
		assert_true(ch_bytes_equal(ch_event_get(event, CH_ID), id));
	}
	ch_event_free(event);
	ch_event_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_built_can_be_read),
		cmocka_unit_test(test_the_personal_part_may_come_apart),
		cmocka_unit_test(test_the_first_mistake_sticks_and_is_named),
		cmocka_unit_test(test_a_message_is_split_and_joined),
		cmocka_unit_test(test_an_object_serves_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
