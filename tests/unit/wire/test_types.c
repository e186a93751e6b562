#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/pos.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "carehub/v1/repair.pb-c.h"
#include "unit/wire/sample.h"
#include "wire/check.h"
#include "wire/types.h"

/* A message as it travels; the last one is forgotten. */
static const struct message_parts *parts_of(const ProtobufCMessage *message)
{
	static uint8_t bytes[64 * 1024];
	static struct message_parts parts;
	assert_true(protobuf_c_message_get_packed_size(message) <= sizeof(bytes));
	struct slice whole = slice_of(bytes, protobuf_c_message_pack(message, bytes));
	assert_int_equal(types_cut(whole, &parts), CH_OK);
	return &parts;
}

/* How a row is used: find the type, see what its message lacks, take the key. */
static void shows_how_to_use_it(void **state)
{
	(void)state;
	const struct event_type *type = types_find(SLICE_LITERAL("repair.order.received"));
	assert_non_null(type);
	assert_int_equal(type->id, 300);
	assert_ptr_equal(types_by_id(300), type);
	assert_ptr_equal(type->message, &carehub__v1__repair_order_received__descriptor);
	assert_true(slice_equal(types_channel(type), SLICE_LITERAL("repair")));

	Carehub__V1__RepairOrderReceived received = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__StationRef station = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	char order[] = "R/7";
	char model[] = "KDL-46";
	const char *field = NULL;
	assert_int_equal(types_check_mandatory(type, parts_of(&received.base), &field), CH_MISSING);
	assert_string_equal(field, "repair_order_id");
	received.repair_order_id = order;
	received.station = &station;
	assert_int_equal(types_check_mandatory(type, parts_of(&received.base), &field), CH_MISSING);
	assert_string_equal(field, "station.station_id");
	station.station_id = order;
	received.unit = &unit;
	assert_int_equal(types_check_mandatory(type, parts_of(&received.base), &field), CH_MISSING);
	assert_string_equal(field, "unit.serial_number|unit.model|unit.category|unit.product_id");
	unit.model = model;
	field = NULL;
	assert_int_equal(types_check_mandatory(type, parts_of(&received.base), &field), CH_OK);
	assert_null(field);

	struct buffer key = {0};
	types_subject(type, parts_of(&received.base), &key);
	assert_string_equal(buffer_text(&key), "R%2F7");
	buffer_fini(&key);
}

static bool is_name(const char *name)
{
	unsigned dots = 0;
	for (const char *at = name; *at != '\0'; at++) {
		bool first = at == name || at[-1] == '.';
		if (*at == '.' && !first)
			dots++;
		else if (!(*at >= 'a' && *at <= 'z') && (first || !(*at >= '0' && *at <= '9')))
			return false;
	}
	return dots == 2 && strlen(name) <= LIMIT_TYPE_BYTES;
}

static void every_row_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		unsigned seed = (unsigned)i;
		assert_true(is_name(type->name));
		assert_true(i == 0 || event_types[i - 1].id < type->id);
		assert_ptr_equal(types_find(slice_text(type->name)), type);
		assert_ptr_equal(types_by_id(type->id), type);

		ProtobufCMessage *sample = sample_message(type->message, &seed);
		const struct message_parts *parts = parts_of(sample);
		char path[CHECK_PATH_BYTES];
		assert_int_equal(check_message(type->message, parts->data, path), CH_OK);
		assert_int_equal(check_message(type->message, parts->personal, path), CH_OK);

		const char *field = NULL;
		assert_int_equal(types_check_mandatory(type, parts, &field), CH_OK);
		const struct message_parts nothing = {{NULL, 0}, {NULL, 0}};
		assert_int_equal(types_check_mandatory(type, &nothing, &field), CH_MISSING);

		struct buffer key = {0};
		types_subject(type, parts, &key);
		assert_int_equal(key.len > 0, type->subject[0] != '\0');
		types_subject(type, &nothing, &key);
		buffer_fini(&key);
		protobuf_c_message_free_unpacked(sample, NULL);
	}
}

/* The personal rule on the wire: two byte strings, each a message of the type, and both together. */
static void every_sample_can_be_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_type_count; i++) {
		const ProtobufCMessageDescriptor *type = event_types[i].message;
		unsigned seed = (unsigned)i;
		ProtobufCMessage *sample = sample_message(type, &seed);
		struct slice whole = sample_pack(sample);
		struct message_parts parts;
		assert_int_equal(types_cut(whole, &parts), CH_OK);
		assert_int_equal(parts.data.len + parts.personal.len, whole.len);
		assert_int_equal(
			parts.personal.len > 0, type->fields[type->n_fields - 1].id >= 100);
		ProtobufCMessage *open =
			protobuf_c_message_unpack(type, NULL, parts.data.len, parts.data.data);
		assert_non_null(open);
		for (unsigned f = 0; f < type->n_fields; f++) {
			if (type->fields[f].id >= 100)
				assert_int_equal(reflect_count(open, &type->fields[f]), 0);
		}
		protobuf_c_message_free_unpacked(open, NULL);
		protobuf_c_message_free_unpacked(sample, NULL);
		free((void *)(uintptr_t)whole.data);
	}
}

static void cut_refuses_what_one_cut_cannot_part(void **state)
{
	(void)state;
	static const uint8_t mixed[] = {0xa2, 0x06, 0x00, 0x08, 0x01}; /* 100, then 1 */
	static const uint8_t torn[] = {0x08};
	struct message_parts parts = {SLICE_LITERAL("untouched"), {NULL, 0}};
	assert_int_equal(types_cut(slice_of(mixed, sizeof(mixed)), &parts), CH_INVALID);
	assert_int_equal(types_cut(slice_of(torn, sizeof(torn)), &parts), CH_FORMAT);
	assert_true(slice_equal(parts.data, SLICE_LITERAL("untouched")));
	assert_int_equal(types_cut(slice_of(NULL, 0), &parts), CH_OK);
	assert_int_equal(parts.data.len + parts.personal.len, 0);
}

/* One of several keys is enough, in any element; an empty element is none. */
static void any_of_looks_through_repeated_fields(void **state)
{
	(void)state;
	const struct event_type *type = types_find(SLICE_LITERAL("pos.consent.withdrawn"));
	Carehub__V1__ConsentWithdrawn withdrawn = CAREHUB__V1__CONSENT_WITHDRAWN__INIT;
	Carehub__V1__Party party = CAREHUB__V1__PARTY__INIT;
	Carehub__V1__Contact empty = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact mailbox = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact *emails[] = {&empty, &mailbox};
	char text[] = "a@example.com";
	const char *field = NULL;
	assert_int_equal(
		types_check_mandatory(type, parts_of(&withdrawn.base), &field), CH_MISSING);
	withdrawn.customer = &party;
	party.emails = emails;
	party.n_emails = 2;
	assert_int_equal(
		types_check_mandatory(type, parts_of(&withdrawn.base), &field), CH_MISSING);
	mailbox.value = text;
	assert_int_equal(types_check_mandatory(type, parts_of(&withdrawn.base), &field), CH_OK);
}

/* "None in stock" is an answer: a Decimal that is there counts, whatever its value. */
static void a_zero_that_is_told_is_there(void **state)
{
	(void)state;
	const struct event_type *type = types_find(SLICE_LITERAL("reference.stock.published"));
	Carehub__V1__ReferenceStockPublished stock = CAREHUB__V1__REFERENCE_STOCK_PUBLISHED__INIT;
	Carehub__V1__Decimal none = CAREHUB__V1__DECIMAL__INIT;
	char place[] = "W1";
	char item[] = "A-1";
	const char *field = NULL;
	stock.location_id = place;
	stock.item_code = item;
	assert_int_equal(types_check_mandatory(type, parts_of(&stock.base), &field), CH_MISSING);
	stock.on_hand = &none;
	assert_int_equal(types_check_mandatory(type, parts_of(&stock.base), &field), CH_OK);
}

/* A receipt's key has four parts; without one of them there is no key rather than half of one. */
static void a_key_is_whole_or_absent(void **state)
{
	(void)state;
	const struct event_type *type = types_find(SLICE_LITERAL("pos.control.recorded"));
	Carehub__V1__PosControlRecorded control = CAREHUB__V1__POS_CONTROL_RECORDED__INIT;
	Carehub__V1__TransactionRef ref = CAREHUB__V1__TRANSACTION_REF__INIT;
	char store[] = "9";
	char till[] = "50%/2";
	char date[] = "2017-09-30";
	char number[] = "160";
	struct buffer key = {0};
	control.ref = &ref;
	ref.store_id = store;
	ref.workstation_id = till;
	ref.business_date = date;
	types_subject(type, parts_of(&control.base), &key);
	assert_int_equal(key.len, 0);
	ref.sequence_number = number;
	types_subject(type, parts_of(&control.base), &key);
	assert_string_equal(buffer_text(&key), "9/50%25%2F2/2017-09-30/160");
	buffer_fini(&key);
}

static void strangers_are_not_found(void **state)
{
	(void)state;
	assert_null(types_find(SLICE_LITERAL("")));
	assert_null(types_find(SLICE_LITERAL("pos.sale")));
	assert_null(types_find(SLICE_LITERAL("pos.sale.completed.")));
	assert_null(types_find(SLICE_LITERAL("POS.sale.completed")));
	assert_null(types_find(slice_of("pos.sale.completed", 19))); /* with its NUL */
	assert_null(types_by_id(0));
	assert_null(types_by_id(UINT16_MAX));
}

/* A pattern is over names: what it covers today it covers when types are added. */
static void patterns_pick_types(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		const char *one;
		unsigned count; /* at least */
	} cases[] = {{">", "pos.sale.completed", 100}, {"pos.>", "pos.sale.completed", 10},
		{"*.consent.*", "website.consent.given", 8},
		{"*.*.missed", "deadline.promise.missed", 3}};
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct slice pattern = slice_text(cases[c].pattern);
		unsigned count = 0;
		assert_null(pattern_fault(pattern));
		for (size_t i = 0; i < event_type_count; i++)
			count += types_match(pattern, slice_text(event_types[i].name));
		assert_true(count >= cases[c].count);
		assert_true(types_match(pattern, slice_text(cases[c].one)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_how_to_use_it),
		cmocka_unit_test(every_row_is_sound),
		cmocka_unit_test(every_sample_can_be_cut),
		cmocka_unit_test(cut_refuses_what_one_cut_cannot_part),
		cmocka_unit_test(any_of_looks_through_repeated_fields),
		cmocka_unit_test(a_zero_that_is_told_is_there),
		cmocka_unit_test(a_key_is_whole_or_absent),
		cmocka_unit_test(strangers_are_not_found),
		cmocka_unit_test(patterns_pick_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
