#include "channel/website/lookup.h"

#include "support/unit.h"

static char *text(const char *constant)
{
	static char room[16][64];
	static unsigned next;
	char *copy = room[next++ % 16];
	strncpy(copy, constant, 63);
	return copy;
}

static void read_fine(const char *query, struct lookup *lookup)
{
	struct refusal refusal;
	assert_int_equal(lookup_read(slice_text(query), lookup, &refusal), CH_OK);
}

static bool knows(const char *query, Carehub__V1__CustomerField field, const char *value)
{
	struct lookup lookup;
	Carehub__V1__FieldValue known = CAREHUB__V1__FIELD_VALUE__INIT;
	Carehub__V1__FieldValue *values[1] = {&known};
	Carehub__V1__Customer customer = CAREHUB__V1__CUSTOMER__INIT;
	known.field = field;
	known.value = text(value);
	customer.values = values;
	customer.n_values = 1;
	read_fine(query, &lookup);
	return lookup_fits_customer(&lookup, &customer);
}

#define PHONE CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_PHONE
#define EMAIL CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_EMAIL

static void test_proofs(void **state)
{
	(void)state;
	assert_true(knows("repair=R1&phone=8000", PHONE, "+8613800138000"));
	assert_true(knows("order=1&phone=138%200013-8000", PHONE, "+8613800138000"));
	assert_true(knows("repair=R1&phone=013800138000", PHONE, "+8613800138000"));
	assert_true(knows("repair=R1&phone=6666", PHONE, "+861088886666;ext=8001"));
	assert_true(knows("order=1&email=A%40Example.com", EMAIL, "a@example.com"));
	assert_false(knows("repair=R1&phone=8001", PHONE, "+8613800138000"));
	assert_false(knows("repair=R1&phone=8001", PHONE, "+861088886666;ext=8001"));
	assert_false(knows("repair=R1&phone=0000", PHONE, "+8613800138000"));
	assert_false(knows("repair=R1&phone=98613800138000", PHONE, "+8613800138000"));
	assert_false(knows("repair=R1&phone=8000", EMAIL, "8000@example.com"));
	assert_false(knows("order=1&email=xample.com", EMAIL, "a@example.com"));
}

static void test_serial(void **state)
{
	struct lookup lookup;
	Carehub__V1__RepairOrder repair = CAREHUB__V1__REPAIR_ORDER__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	(void)state;
	read_fine("repair=R1&serial=sn-12+345", &lookup);
	assert_false(lookup_fits_unit(&lookup, &repair));
	unit.serial_number = text("SN 12345");
	repair.unit = &unit;
	assert_true(lookup_fits_unit(&lookup, &repair));
	unit.serial_number = text("");
	assert_false(lookup_fits_unit(&lookup, &repair));
}

static void test_refused(void **state)
{
	static const struct {
		const char *query;
		const char *field;
	} cases[] = {
		{"", "repair"},
		{"repair=", "repair"},
		{"repair=R1", "phone"},
		{"repair=R1&phone=123", "phone"},
		{"repair=R1&phone=abcd", "phone"},
		{"repair=R1&repair=R2&phone=1234", "repair"},
		{"repair=%FF&phone=1234", "repair"},
		{"repair=a%00b&phone=1234", "repair"},
		{"order=1&serial=SN1234", "serial"},
		{"repair=R1&email=a@b", "email"},
	};
	struct lookup lookup;
	struct refusal refusal;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_not_equal(
			lookup_read(slice_text(cases[i].query), &lookup, &refusal), CH_OK);
		assert_string_equal(refusal.field, cases[i].field);
	}
}

static void test_told(void **state)
{
	Carehub__V1__RepairOrder repair = CAREHUB__V1__REPAIR_ORDER__INIT;
	Carehub__V1__Order order = CAREHUB__V1__ORDER__INIT;
	char *numbers[2] = {text("Z1"), text("Z\"2")};
	struct buffer out = {0};
	(void)state;
	repair.state = CAREHUB__V1__REPAIR_STATE__REPAIR_STATE_WAITING_PART;
	repair.received_time_us = 1;
	repair.problem_text = text("what he said");
	lookup_tell_repair(&repair, NULL, &out);
	assert_string_equal(buffer_text(&out),
		"{\"found\":true,\"kind\":\"repair\",\"state\":\"waiting_part\","
		"\"receivedTime\":\"1970-01-01T00:00:00.000001Z\"}\n");
	buffer_clear(&out);
	order.state = CAREHUB__V1__ORDER_STATE__ORDER_STATE_DISPATCHED;
	order.tracking_numbers = numbers;
	order.n_tracking_numbers = 2;
	lookup_tell_order(&order, &out);
	assert_string_equal(buffer_text(&out),
		"{\"found\":true,\"kind\":\"order\",\"state\":\"dispatched\","
		"\"trackingNumbers\":[\"Z1\",\"Z\\\"2\"]}\n");
	buffer_fini(&out);
}

/* What is public stands beside it: product, station, offer. */
static void test_told_with_the_information_base(void **state)
{
	Carehub__V1__RepairOrder repair = CAREHUB__V1__REPAIR_ORDER__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	Carehub__V1__StationRef at = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__CustomerView view = CAREHUB__V1__CUSTOMER_VIEW__INIT;
	Carehub__V1__ReferenceProductPublished others =
		CAREHUB__V1__REFERENCE_PRODUCT_PUBLISHED__INIT;
	Carehub__V1__ReferenceProductPublished product =
		CAREHUB__V1__REFERENCE_PRODUCT_PUBLISHED__INIT;
	Carehub__V1__ReferenceStationPublished station =
		CAREHUB__V1__REFERENCE_STATION_PUBLISHED__INIT;
	Carehub__V1__ReferencePromotionPublished promotion =
		CAREHUB__V1__REFERENCE_PROMOTION_PUBLISHED__INIT;
	Carehub__V1__ReferenceProductPublished *products[2] = {&others, &product};
	Carehub__V1__ReferenceStationPublished *stations[1] = {&station};
	Carehub__V1__ReferencePromotionPublished *promotions[1] = {&promotion};
	struct buffer out = {0};
	(void)state;
	repair.state = CAREHUB__V1__REPAIR_STATE__REPAIR_STATE_IN_WORK;
	repair.unit = &unit;
	repair.station = &at;
	at.station_id = text("S1");
	at.name = text("the shop");
	unit.model = text("KDL 46");
	others.product_id = text("SKU-9");
	others.model = text("KDL-40");
	product.product_id = text("SKU-1");
	product.model = text("kdl-46");
	product.description = text("a television");
	station.station_id = text("S1");
	station.name = text("West");
	station.street = text("1 Road");
	promotion.title = text("Spring");
	view.products = products;
	view.n_products = 2;
	view.stations = stations;
	view.n_stations = 1;
	view.promotions = promotions;
	view.n_promotions = 1;
	lookup_tell_repair(&repair, &view, &out);
	assert_string_equal(buffer_text(&out),
		"{\"found\":true,\"kind\":\"repair\",\"state\":\"in_work\","
		"\"product\":\"a television\",\"station\":\"West\","
		"\"stationStreet\":\"1 Road\",\"promotions\":[\"Spring\"]}\n");
	buffer_clear(&out);
	view.n_stations = view.n_products = view.n_promotions = 0;
	lookup_tell_repair(&repair, &view, &out);
	assert_string_equal(buffer_text(&out),
		"{\"found\":true,\"kind\":\"repair\",\"state\":\"in_work\","
		"\"station\":\"the shop\"}\n");
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_told_with_the_information_base),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
