#include "unit/pos/till.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"

static void test_usage(void **state)
{
	(void)state;
	const char *text = LOG(PLAIN_SALE("161") PLAIN_SALE("162"));
	struct poslog *poslog = NULL;
	struct transaction *t;
	assert_int_equal(poslog_create(NULL, &poslog), CH_OK);
	assert_int_equal(poslog_feed(poslog, slice_text(text)), CH_OK);

	assert_int_equal(poslog_next(poslog, &t), CH_OK);
	assert_int_equal(t->fault.status, CH_OK);
	assert_slice_text(t->ref.store_id, "9");
	assert_slice_text(t->ref.workstation_id, "34");
	assert_slice_text(t->ref.sequence_number, "161");
	assert_slice_text(t->ref.business_date, "2026-03-02");
	assert_slice_text(t->currency, "CNY");
	assert_int_equal(t->body, BODY_RETAIL);
	assert_slice_text(t->sales->item_id, "A1");
	assert_int_equal(t->sales->line->number, 1);
	assert_int_equal(t->sales->extended_amount.value.unscaled, 1250);
	assert_int_equal(t->sales->extended_amount.value.scale, 2);
	assert_slice_text(t->tenders->tender_type, "Cash");
	assert_true(t->totals.grand.told);
	assert_int_equal(t->line, 1);
	assert_int_equal(t->offset, strlen("<POSLog xmlns=\"" ARTS "\">"));
	assert_slice_text(poslog_bytes(poslog, t), PLAIN_SALE("161"));

	assert_int_equal(poslog_next(poslog, &t), CH_OK);
	assert_slice_text(t->ref.sequence_number, "162");
	assert_slice_text(poslog_bytes(poslog, t), PLAIN_SALE("162"));
	assert_int_equal(poslog_next(poslog, &t), CH_END);
	assert_int_equal(poslog_end(poslog), CH_OK);
	assert_int_equal(poslog_next(poslog, &t), CH_END);
	poslog_free(poslog);
}

static void test_any_cut_of_the_bytes_reads_the_same(void **state)
{
	(void)state;
	const char *text = "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" LOG(
		PLAIN_SALE("1") "<!-- 早 -->" TRANSACTION(
			"2", RETAIL("<Customer><Name>王芳</Name></Customer>")));
	for (size_t step = 1; step < 70; step++) {
		struct till till = {0};
		assert_int_equal(poslog_create(NULL, &till.poslog), CH_OK);
		size_t at = 0;
		unsigned seen = 0;
		while (at < strlen(text)) {
			size_t len = step < strlen(text) - at ? step : strlen(text) - at;
			assert_int_equal(poslog_feed(till.poslog, slice_of(text + at, len)), CH_OK);
			at += len;
			while (till_next(&till) == CH_OK) {
				assert_int_equal(till.transaction->fault.status, CH_OK);
				if (++seen == 1)
					assert_slice_text(
						poslog_bytes(till.poslog, till.transaction),
						PLAIN_SALE("1"));
				else
					assert_slice_text(
						till.transaction->party.name_full, "王芳");
			}
		}
		assert_int_equal(poslog_end(till.poslog), CH_OK);
		assert_int_equal(seen, 2);
		till_close(&till);
	}
}

/* 6.0.1 in the field: namespaces switch in the middle, foreign elements hold our names. */
static void test_version_6_with_namespaces_of_all_kinds(void **state)
{
	(void)state;
	struct till till;
	const char *text =
		"<a:POSLog xmlns:a='http://www.nrf-arts.org/IXRetail/v6.0.0/poslog' MajorVersion='6'>"
		"<Transaction xmlns='" ARTS
		"'><BusinessUnit><UnitID TypeCode='WebSite'>web</UnitID>"
		"</BusinessUnit><BusinessUnit><UnitID TypeCode='RetailStore' Name='徐汇店'>ST-1</UnitID>"
		"</BusinessUnit><WorkstationID TypeCode='POS'>2</WorkstationID>"
		"<SequenceNumber>7</SequenceNumber><TransactionID>T/7</TransactionID>"
		"<a:RetailTransaction><LineItem EntryMethod='Scanned'>"
		"<Sale><Ext xmlns='http://elsewhere/'><ItemID>no</ItemID><Sale/></Ext>"
		"<ItemID xmlns='http://elsewhere/'>no</ItemID><x:ItemID xmlns:x='http://x/'>no</x:ItemID>"
		"<Unknown><ItemID>no</ItemID></Unknown><ItemID>yes</ItemID>"
		"<ExtendedAmount Currency='EUR'>1.20</ExtendedAmount></Sale>"
		"<SequenceNumber>11</SequenceNumber></LineItem></a:RetailTransaction>"
		"<BeginDateTime>2026-03-02T09:00:00.250Z</BeginDateTime>"
		"</Transaction></a:POSLog>";
	assert_int_equal(till_open(&till, text), CH_OK);
	assert_int_equal(till_next(&till), CH_OK);
	struct transaction *t = till.transaction;
	assert_string_equal(t->fault.reason, "");
	assert_slice_text(t->ref.store_id, "ST-1");
	assert_slice_text(t->store_name, "徐汇店");
	assert_slice_text(t->ref.transaction_id, "T/7");
	assert_slice_text(t->sales->item_id, "yes");
	assert_slice_text(t->sales->extended_amount.currency, "EUR");
	assert_int_equal(t->sales->line->number, 11);
	assert_null(t->sales->next);
	assert_int_equal(t->sales->line->entry, CAREHUB__V1__ENTRY_METHOD__ENTRY_METHOD_SCANNED);
	assert_false(t->zone_assumed);
	assert_slice_text(t->civil_date, "2026-03-02");
	till_close(&till);
}

static int64_t utc_us(const char *text)
{
	int64_t time_us;
	assert_int_equal(clock_parse(slice_text(text), &time_us), CH_OK);
	return time_us;
}

static int64_t end_of(const struct zone *zone, const char *element, bool *out_assumed)
{
	char text[1024];
	struct till till = {0};
	(void)snprintf(text, sizeof(text),
		"<POSLog xmlns='" ARTS "' xmlns:r='http://www.Retalix.com/Extensions'><Transaction>"
		"%s</Transaction></POSLog>",
		element);
	assert_int_equal(poslog_create(zone, &till.poslog), CH_OK);
	assert_int_equal(till_feed(&till, text, strlen(text), strlen(text)), CH_OK);
	assert_int_equal(till_next(&till), CH_OK);
	assert_true(till.transaction->end.told);
	int64_t time_us = till.transaction->end.time_us;
	*out_assumed = till.transaction->zone_assumed;
	till_close(&till);
	return time_us;
}

static void test_times_with_and_without_a_zone(void **state)
{
	(void)state;
	struct zone *zone = NULL;
	bool assumed;
	assert_int_equal(zone_open(slice_text("+08:00"), &zone), CH_OK);
	const char *bare = "<EndDateTime>2026-03-02T10:15:00</EndDateTime>";
	assert_int_equal(end_of(NULL, bare, &assumed), utc_us("2026-03-02T10:15:00Z"));
	assert_true(assumed);
	assert_int_equal(end_of(zone, bare, &assumed), utc_us("2026-03-02T02:15:00Z"));
	assert_false(assumed);
	assert_int_equal(
		end_of(zone, "<EndDateTime>2026-03-02T10:15:00-05:00</EndDateTime>", &assumed),
		utc_us("2026-03-02T15:15:00Z"));
	assert_int_equal(
		end_of(zone, "<EndDateTime r:Offset='07:00:00'>2026-03-02T10:15:00.5</EndDateTime>",
			&assumed),
		utc_us("2026-03-02T03:15:00.5Z"));
	assert_false(assumed);
	zone_free(zone);
}

/* The fault of the first transaction; the second one must have none. */
static void assert_spoils_only_itself(
	const char *text, enum ch_status status, const char *field, const char *reason)
{
	struct till till;
	assert_int_equal(till_open(&till, text), CH_OK);
	assert_int_equal(till_next(&till), CH_OK);
	const struct fault *fault = &till.transaction->fault;
	assert_string_equal(fault->field, field);
	assert_string_equal(fault->reason, reason);
	assert_int_equal(fault->status, status);
	assert_false(fault->file);
	assert_slice_text(till.transaction->ref.sequence_number, "1");
	assert_int_equal(till_next(&till), CH_OK);
	assert_int_equal(till.transaction->fault.status, CH_OK);
	assert_slice_text(till.transaction->ref.sequence_number, "2");
	assert_int_equal(till_next(&till), CH_END);
	till_close(&till);
}

static void test_a_bad_value_spoils_its_transaction_alone(void **state)
{
	(void)state;
	assert_spoils_only_itself(
		LOG(TRANSACTION("1", RETAIL(LINE("1", SALE("A", "1e3", "1")))) PLAIN_SALE("2")),
		CH_FORMAT, "RetailTransaction/LineItem/Sale/Quantity", "not a decimal number");
	assert_spoils_only_itself(
		LOG(TRANSACTION("1", RETAIL(LINE("1", SALE("A", "1", "0.0000000000000000001"))))
				PLAIN_SALE("2")),
		CH_TOO_LARGE, "RetailTransaction/LineItem/Sale/ExtendedAmount",
		"more digits than can be kept");
	assert_spoils_only_itself(LOG(TRANSACTION("1", RETAIL(LINE("-1", ""))) PLAIN_SALE("2")),
		CH_FORMAT, "RetailTransaction/LineItem/SequenceNumber", "not a count");
	assert_spoils_only_itself(
		LOG(TRANSACTION("1", "<BeginDateTime>2026-02-30T25:00:00</BeginDateTime>")
				PLAIN_SALE("2")),
		CH_FORMAT, "BeginDateTime", "not a date and time");
	assert_spoils_only_itself(
		LOG("<Transaction><SequenceNumber>1</SequenceNumber>"
		    "<BusinessDayDate>02.03.2026</BusinessDayDate></Transaction>" PLAIN_SALE("2")),
		CH_FORMAT, "BusinessDayDate", "not a date");
	assert_spoils_only_itself(LOG("<Transaction CancelFlag='perhaps'>" HEAD(
					  "1") "</Transaction>" PLAIN_SALE("2")),
		CH_FORMAT, "@CancelFlag", "neither true nor false");
	assert_spoils_only_itself(
		LOG(TRANSACTION(
			"1", RETAIL("<Total TotalType='TransactionGrandAmount'>many</Total>"))
				PLAIN_SALE("2")),
		CH_FORMAT, "RetailTransaction/Total", "not a decimal number");
}

static void test_totals_of_other_kinds_may_hold_anything(void **state)
{
	(void)state;
	struct till till;
	assert_int_equal(
		till_open(&till,
			LOG(TRANSACTION("1",
				RETAIL("<Total TotalType='InWords'>CIENTO VEINTIOCHO</Total>" GRAND(
					"1.00"))))),
		CH_OK);
	assert_int_equal(till_next(&till), CH_OK);
	assert_int_equal(till.transaction->fault.status, CH_OK);
	assert_int_equal(till.transaction->totals.grand.value.unscaled, 100);
	till_close(&till);
}

/* What comes before the trouble comes out; then the trouble; then nothing. */
static void assert_ends_with(const char *text, unsigned good, const char *field, const char *reason)
{
	struct till till;
	assert_int_equal(till_open(&till, text), CH_FORMAT);
	for (unsigned i = 0; i < good; i++) {
		assert_int_equal(till_next(&till), CH_OK);
		assert_int_equal(till.transaction->fault.status, CH_OK);
	}
	assert_int_equal(till_next(&till), CH_OK);
	assert_true(till.transaction->fault.file);
	assert_string_equal(till.transaction->fault.field, field);
	if (strstr(till.transaction->fault.reason, reason) == NULL)
		assert_string_equal(till.transaction->fault.reason, reason);
	assert_true(till.transaction->fault.line > 0);
	assert_int_equal(till_next(&till), CH_END);
	assert_int_equal(poslog_feed(till.poslog, slice_text("<x/>")), CH_FORMAT);
	assert_int_equal(poslog_end(till.poslog), CH_FORMAT);
	till_close(&till);
}

static void test_a_document_type_is_refused_before_it_does_anything(void **state)
{
	(void)state;
	const char *bomb =
		"<!DOCTYPE POSLog [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
		"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>" LOG(PLAIN_SALE("&c;"));
	assert_ends_with(bomb, 0, "DOCTYPE", "a document type declaration is not read");
	assert_ends_with("<!DOCTYPE POSLog SYSTEM 'file:///etc/passwd'>" LOG(PLAIN_SALE("1")), 0,
		"DOCTYPE", "a document type declaration is not read");
	assert_ends_with("<!DOCTYPE POSLog [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" LOG(
				 PLAIN_SALE("&x;")),
		0, "DOCTYPE", "a document type declaration is not read");
	assert_ends_with(LOG(PLAIN_SALE("1") TRANSACTION("2", "<OperatorID>&x;</OperatorID>")), 1,
		"XML", "Entity 'x' not defined");
}

static void test_a_file_that_is_cut_off_gives_no_half_transaction(void **state)
{
	(void)state;
	const char *whole = LOG(PLAIN_SALE("1") PLAIN_SALE("2") PLAIN_SALE("3"));
	size_t one = strlen(PLAIN_SALE("1"));
	size_t head = strlen("<POSLog xmlns=\"" ARTS "\">");
	for (size_t len = 1; len < strlen(whole); len++) {
		struct till till = {0};
		size_t good = len < head ? 0 : (len - head) / one;
		good = good > 3 ? 3 : good;
		assert_int_equal(poslog_create(NULL, &till.poslog), CH_OK);
		assert_int_equal(till_feed(&till, whole, len, 64), CH_FORMAT);
		for (size_t i = 0; i < good; i++) {
			assert_int_equal(till_next(&till), CH_OK);
			assert_int_equal(till.transaction->fault.status, CH_OK);
		}
		assert_int_equal(till_next(&till), CH_OK);
		assert_true(till.transaction->fault.file);
		assert_int_equal(till_next(&till), CH_END);
		till_close(&till);
	}
}

static void test_the_transaction_that_was_open_is_named(void **state)
{
	(void)state;
	struct till till;
	assert_int_equal(
		till_open(&till, "<POSLog xmlns='" ARTS "'>\n<Transaction>" HEAD("77") "</POSLog>"),
		CH_FORMAT);
	assert_int_equal(till_next(&till), CH_OK);
	assert_true(till.transaction->fault.file);
	assert_slice_text(till.transaction->ref.sequence_number, "77");
	assert_int_equal(till.transaction->fault.line, 2);
	assert_true(strstr(till.transaction->fault.reason, "mismatch") != NULL);
	till_close(&till);
}

static void test_what_is_no_poslog(void **state)
{
	(void)state;
	assert_ends_with("<html><body/></html>", 0, "html", "the root is not an ARTS POSLog");
	assert_ends_with("<POSLog xmlns='http://elsewhere/'/>", 0, "POSLog",
		"the root is not an ARTS POSLog");
	assert_ends_with("<Transaction xmlns='" ARTS "'/>", 0, "Transaction",
		"the root is not an ARTS POSLog");
	assert_ends_with("store;till;amount\n", 0, "XML", "Document is empty");
	assert_ends_with("", 0, "XML", "nothing in it");
	assert_ends_with("  \n", 0, "XML", "");
	assert_ends_with(LOG(PLAIN_SALE("1") "<Transaction>"), 1, "XML", "mismatch");
	assert_ends_with(
		"<POSLog xmlns='" ARTS "'>" PLAIN_SALE("1"), 1, "XML", "the file is cut off");
	assert_ends_with(LOG("") "<more/>", 0, "XML", "Extra content");
}

static void test_bytes_that_are_no_text(void **state)
{
	(void)state;
	assert_ends_with(LOG(PLAIN_SALE("1") TRANSACTION("2", "<OperatorID>\xc0\xa0</OperatorID>")),
		1, "XML", "UTF-8");
	assert_ends_with(LOG(PLAIN_SALE("1") TRANSACTION("2", "<OperatorID>\x01</OperatorID>")), 1,
		"XML", "");
	assert_ends_with("<?xml version='1.0' encoding='EBCDIC-CP-US'?>" LOG(""), 0, "encoding",
		"encoding EBCDIC-CP-US is not read");
}

/* Allocates text: `before`, `count` times `part`, `behind`. */
static char *repeat(const char *before, const char *part, size_t count, const char *behind)
{
	size_t len = strlen(before) + count * strlen(part) + strlen(behind);
	char *text = malloc(len + 1);
	assert_non_null(text);
	char *at = stpcpy(text, before);
	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, part);
	(void)stpcpy(at, behind);
	return text;
}

static void test_large_things_spoil_what_they_stand_in(void **state)
{
	(void)state;
	char *text;
	/* 2 MB of attribute: where it is wanted, and where it is not. */
	text = repeat("<POSLog xmlns='" ARTS
		      "'><Transaction>" HEAD("1") "<OperatorID OperatorName='",
		"0123456789abcdef", 131072, "'/></Transaction>" PLAIN_SALE("2") "</POSLog>");
	assert_spoils_only_itself(
		text, CH_TOO_LARGE, "OperatorID/@OperatorName", "too many or too long");
	free(text);
	text = repeat("<POSLog xmlns='" ARTS "'><Transaction>" HEAD("1") "<OperatorID>",
		"0123456789abcdef", 65, "</OperatorID></Transaction>" PLAIN_SALE("2") "</POSLog>");
	assert_spoils_only_itself(text, CH_TOO_LARGE, "OperatorID", "too many or too long");
	free(text);
	text = repeat("<POSLog xmlns='" ARTS "'><Transaction>" HEAD("1") "<RetailTransaction>",
		"<LineItem/>", LIMIT_POS_LINES + 1,
		"</RetailTransaction></Transaction>" PLAIN_SALE("2") "</POSLog>");
	assert_spoils_only_itself(
		text, CH_TOO_LARGE, "RetailTransaction/LineItem", "too many lines");
	free(text);
	text = repeat("<POSLog xmlns='" ARTS "'><Transaction>" HEAD("1"), "<Junk>........</Junk>",
		LIMIT_POS_TRANSACTION_BYTES / 21 + 1, "</Transaction>" PLAIN_SALE("2") "</POSLog>");
	assert_spoils_only_itself(text, CH_TOO_LARGE, "Transaction", "too many bytes");
	free(text);
	text = repeat("<POSLog xmlns='" ARTS "'><Transaction>" HEAD("1") "<Customer>",
		"<EMailAddress>a@example.com</EMailAddress>", 20,
		"</Customer></Transaction>" PLAIN_SALE("2") "</POSLog>");
	assert_int_equal(strlen(text) > 0, 1);
	free(text);
}

/* 200 000 attributes took libxml2 nine seconds, ten times as many a quarter of an hour. */
static void test_endless_tag_ends_the_file(void **state)
{
	(void)state;
	char *text = repeat("<POSLog xmlns='" ARTS "'>" PLAIN_SALE("1") "<Transaction ",
		"a='1' b='2' ", LIMIT_XML_ATTRIBUTES, "/></POSLog>");
	assert_ends_with(text, 1, "XML", "a tag of too many attributes");
	free(text);
}

static void test_deep_nesting_ends_the_file(void **state)
{
	(void)state;
	char *text = repeat(
		"<POSLog xmlns='" ARTS "'>" PLAIN_SALE("1") "<Transaction>", "<a>", 100000, "");
	assert_ends_with(text, 1, "XML", "too many elements inside each other");
	free(text);
}

static void test_memory_stays_small_over_a_large_file(void **state)
{
	(void)state;
	struct poslog *poslog = NULL;
	struct transaction *t;
	uint64_t seen = 0;
	uint64_t last_offset = 0;
	assert_int_equal(poslog_create(NULL, &poslog), CH_OK);
	assert_int_equal(poslog_feed(poslog, slice_text("<POSLog xmlns='" ARTS "'>\n")), CH_OK);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(poslog_feed(poslog, slice_text(PLAIN_SALE("5") "\n")), CH_OK);
		while (poslog_next(poslog, &t) == CH_OK) {
			assert_slice_text(poslog_bytes(poslog, t), PLAIN_SALE("5"));
			assert_true(seen == 0 || t->offset > last_offset);
			last_offset = t->offset;
			assert_int_equal(t->line, seen + 2);
			assert_int_equal(t->column, 1);
			seen++;
		}
	}
	assert_int_equal(poslog_feed(poslog, slice_text("</POSLog>")), CH_OK);
	assert_int_equal(poslog_end(poslog), CH_OK);
	assert_int_equal(seen, 20000);
	poslog_free(poslog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_any_cut_of_the_bytes_reads_the_same),
		cmocka_unit_test(test_version_6_with_namespaces_of_all_kinds),
		cmocka_unit_test(test_times_with_and_without_a_zone),
		cmocka_unit_test(test_a_bad_value_spoils_its_transaction_alone),
		cmocka_unit_test(test_totals_of_other_kinds_may_hold_anything),
		cmocka_unit_test(test_a_document_type_is_refused_before_it_does_anything),
		cmocka_unit_test(test_a_file_that_is_cut_off_gives_no_half_transaction),
		cmocka_unit_test(test_the_transaction_that_was_open_is_named),
		cmocka_unit_test(test_what_is_no_poslog),
		cmocka_unit_test(test_bytes_that_are_no_text),
		cmocka_unit_test(test_large_things_spoil_what_they_stand_in),
		cmocka_unit_test(test_endless_tag_ends_the_file),
		cmocka_unit_test(test_deep_nesting_ends_the_file),
		cmocka_unit_test(test_memory_stays_small_over_a_large_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
