#include "channel/website/warranty.h"

#include "base/clock.h"
#include "support/unit.h"

#define TODAY clock_days_from_date(2026, 11, 22)

static const struct warranty_terms terms = {12, 0, "standard"};

/* Text that a message may point to. */
static char *text(const char *constant)
{
	static char room[16][64];
	static unsigned next;
	char *copy = room[next++ % 16];
	strncpy(copy, constant, 63);
	return copy;
}

struct form {
	Carehub__V1__WebsiteWarrantyRegistered registration;
	Carehub__V1__ProductUnitRef unit;
	Carehub__V1__Party party;
};

static void form_fill(struct form *form, const char *serial, const char *bought)
{
	carehub__v1__website_warranty_registered__init(&form->registration);
	carehub__v1__product_unit_ref__init(&form->unit);
	carehub__v1__party__init(&form->party);
	form->unit.serial_number = text(serial);
	form->unit.model = text("KDL-46");
	form->unit.purchase_date = text(bought);
	form->party.member_card = text("M-1");
	form->registration.unit = &form->unit;
	form->registration.customer = &form->party;
}

static void test_registration(void **state)
{
	struct form form;
	struct form other;
	struct warranty warranty;
	struct warranty again;
	struct refusal refusal;
	(void)state;
	form_fill(&form, "sn-12 345", "2026-03-01");
	assert_int_equal(
		warranty_check(&form.registration, "urn:w", &terms, TODAY, &warranty, &refusal),
		CH_OK);
	assert_string_equal(warranty.serial, "SN12345");
	warranty_set_dates(&form.registration, 12, TODAY, &warranty);
	assert_string_equal(warranty.start_date, "2026-03-01");
	assert_string_equal(warranty.end_date, "2027-02-28");
	/* The same unit however it is written has the same number, another has another. */
	form_fill(&other, "SN12345", "");
	assert_int_equal(
		warranty_check(&other.registration, "urn:w", &terms, TODAY, &again, &refusal),
		CH_OK);
	assert_string_equal(again.registration_id, warranty.registration_id);
	warranty_set_dates(&other.registration, 1, TODAY, &again);
	assert_string_equal(again.start_date, "2026-11-22");
	form_fill(&other, "SN12346", "");
	assert_int_equal(
		warranty_check(&other.registration, "urn:w", &terms, TODAY, &again, &refusal),
		CH_OK);
	assert_string_not_equal(again.registration_id, warranty.registration_id);
}

static void test_last_days(void **state)
{
	static const struct {
		const char *first;
		int64_t months;
		const char *last;
	} cases[] = {
		{"2026-01-31", 1, "2026-02-27"},
		{"2024-01-31", 1, "2024-02-28"},
		{"2024-02-29", 12, "2025-02-27"},
		{"2026-01-01", 12, "2026-12-31"},
		{"2026-12-15", 24, "2028-12-14"},
	};
	struct form form;
	struct warranty warranty;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		form_fill(&form, "SN12345", cases[i].first);
		warranty_set_dates(&form.registration, cases[i].months, TODAY, &warranty);
		assert_string_equal(warranty.end_date, cases[i].last);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *serial;
		const char *bought;
		const char *reason;
		const char *field;
	} cases[] = {
		{"", "2026-03-01", "missing", "unit.serialNumber"},
		{"SN1", "2026-03-01", "bad_serial", "unit.serialNumber"},
		{"0000-0000", "2026-03-01", "bad_serial", "unit.serialNumber"},
		{"SN12345!", "2026-03-01", "bad_serial", "unit.serialNumber"},
		{"SN12345", "", "missing", "unit.purchaseDate"},
		{"SN12345", "2026-02-30", "bad_date", "unit.purchaseDate"},
		{"SN12345", "2026-00-10", "bad_date", "unit.purchaseDate"},
		{"SN12345", "1.3.2026", "bad_date", "unit.purchaseDate"},
		{"SN12345", "2026-11-24", "bad_date", "unit.purchaseDate"},
		{"SN12345", "2026-10-01", "too_late", "unit.purchaseDate"},
	};
	static const struct warranty_terms soon = {12, 30, "standard"};
	struct form form;
	struct warranty warranty;
	struct refusal refusal;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		form_fill(&form, cases[i].serial, cases[i].bought);
		assert_int_equal(warranty_check(&form.registration, "urn:w", &soon, TODAY,
					 &warranty, &refusal),
			CH_INVALID);
		assert_string_equal(warranty.reason, cases[i].reason);
		assert_string_equal(refusal.field, cases[i].field);
	}
}

static void test_what_is_decided_here(void **state)
{
	struct form form;
	struct warranty warranty;
	struct refusal refusal;
	(void)state;
	form_fill(&form, "SN12345", "2026-03-01");
	form.registration.warranty_end_date = text("2099-01-01");
	(void)warranty_check(&form.registration, "urn:w", &terms, TODAY, &warranty, &refusal);
	assert_string_equal(warranty.reason, "not_allowed");
	form_fill(&form, "SN12345", "2026-03-01");
	form.unit.model = text("");
	(void)warranty_check(&form.registration, "urn:w", &terms, TODAY, &warranty, &refusal);
	assert_string_equal(refusal.field, "unit.model");
	form_fill(&form, "SN12345", "2026-03-01");
	form.party.member_card = text("");
	(void)warranty_check(&form.registration, "urn:w", &terms, TODAY, &warranty, &refusal);
	assert_string_equal(refusal.field, "customer");
	form.registration.unit = NULL;
	(void)warranty_check(&form.registration, "urn:w", &terms, TODAY, &warranty, &refusal);
	assert_string_equal(refusal.field, "unit.serialNumber");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registration),
		cmocka_unit_test(test_last_days),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_what_is_decided_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
