#include "writer.h"

static void test_usage(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	(void)state;
	small_order_init(&small);
	writer.terms.acknowledge = true;
	assert_int_equal(write_small(&writer, &small), CH_OK);
	assert_string_equal(writer.text, "UNA:+.? '"
					 "UNB+UNOC:3+PC:14+S1:14+261122:0931+10000000042++++1'"
					 "UNH+1+ORDERS:D:96A:UN:EAN008'"
					 "BGM+220+A-1+9'DTM+137:20261121:102'NAD+SU+S1'"
					 "LIN+1++LCD-46:SA'QTY+21:2'UNS+S'CNT+2:1'"
					 "UNT+9+1'"
					 "UNZ+1+10000000042'");
	buffer_fini(&writer.out);
}

/* What was read is written, and says the same. */
static void test_each_message(void **state)
{
	static const struct {
		const char *from;
		const char *want;
	} rows[] = {
		{"UNH+1+ORDCHG:D:96A:UN'BGM+230+C-1+4'DTM+137:20261121:102'RFF+ON:A-1'"
		 "LIN+1++X:SA'QTY+21:3'LIN+2+2'UNS+S'UNT+9+1'",
			"UNH+1+ORDCHG:D:96A:UN:EAN008'BGM+230+C-1+4'DTM+137:20261121:102'"
			"RFF+ON:A-1'LIN+1+3+X:SA'QTY+21:3'LIN+2+2'QTY+21:0'UNS+S'CNT+2:2'"
			"UNT+11+1'"},
		{"UNH+1+ORDERS:D:96A:UN'BGM+220+A-1+1'UNS+S'UNT+4+1'",
			"UNH+1+ORDCHG:D:96A:UN:EAN008'BGM+230++1'DTM+137:202611220931:203'"
			"RFF+ON:A-1'UNS+S'UNT+6+1'"},
		{"UNH+1+ORDRSP:D:96A:UN'BGM+231+R-1+4'DTM+137:20261121:102'RFF+ON:A-1'"
		 "LIN+1+3+X:SA'QTY+21:3'QTY+83:3'DTM+67:20261201:102'UNT+9+1'",
			"UNH+1+ORDRSP:D:96A:UN:EAN008'BGM+231+R-1+4'DTM+137:20261121:102'"
			"RFF+ON:A-1'LIN+1+3+X:SA'QTY+21:3'QTY+83:3'DTM+67:202612010000:203'"
			"UNS+S'CNT+2:1'UNT+11+1'"},
		{"UNH+1+DESADV:D:96A:UN'BGM+351+D-1+9'DTM+137:202611210800:203'CPS+1'PAC+++CT'"
		 "PCI+33E'GIN+BJ+340123450000000017'LIN+1++X:SA'QTY+12:1'UNT+10+1'",
			"UNH+1+DESADV:D:96A:UN:EAN008'BGM+351+D-1+9'DTM+137:202611220931:203'CPS+1'"
			"PAC+++CT'PCI+33E'GIN+BJ+340123450000000017'LIN+1++X:SA'QTY+12:1'CNT+2:1'"
			"UNT+11+1'"},
		{"UNH+1+RECADV:D:96A:UN'BGM+632+G-1+9'RFF+ON:A-1'NAD+DP+ST-7'LIN+1++X:SA'"
		 "QTY+48:2'UNT+7+1'",
			"UNH+1+RECADV:D:96A:UN:EAN008'BGM+632+G-1+9'DTM+137:202611220931:203'"
			"RFF+ON:A-1'NAD+DP+ST-7'CPS+1'LIN+1++X:SA'QTY+48:2'CNT+2:1'UNT+10+1'"},
		{"UNH+1+INVRPT:D:96A:UN'BGM+35+I-1+9'DTM+137:20261121:102'NAD+WH+W1'"
		 "LIN+1++X:SA'QTY+145:5:PCE'UNT+7+1'",
			"UNH+1+INVRPT:D:96A:UN:EAN008'BGM+35+I-1+9'DTM+137:20261121:102'"
			"DTM+366:202611210000:203'NAD+WH+W1'LIN+1++X:SA'QTY+145:5:PCE'UNT+8+1'"},
		{"UNH+1+PRICAT:D:96A:UN'BGM+9+P-1+9'DTM+137:20261121:102'CUX+2:EUR:8'"
		 "LIN+1+3+X:SA'PRI+AAB:0.7066:::100:PCE'UNT+7+1'",
			"UNH+1+PRICAT:D:96A:UN:EAN008'BGM+9+P-1+9'DTM+137:20261121:102'"
			"CUX+2:EUR:8'LIN+1+3+X:SA'PRI+AAB:0.7066:::100:PCE'UNS+S'UNT+8+1'"},
	};
	struct writer writer = writer_of("UNOC");
	char text[1024];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(text, sizeof(text), UNB "%s" UNZ("1"), rows[i].from);
		assert_int_equal(write_again(&writer, text), CH_OK);
		assert_non_null(strstr(writer.text, rows[i].want));
	}
	buffer_fini(&writer.out);
}

/* Marks are released; those of syntax 4 are five. */
static void test_marks(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.item.part_number = (char *)(uintptr_t) "a+b:c'd?e*f";
	assert_goes(&writer, &small, "LIN+1++a?+b?:c?'d??e*f:SA'");
	writer.terms.charset = SLICE_LITERAL("UNOY");
	assert_goes(&writer, &small, "UNA:+.?*'UNB+UNOY:4+PC:14+S1:14+20261122:0931+");
	assert_non_null(strstr(writer.text, "LIN+1++a?+b?:c?'d??e?*f:SA'"));
	buffer_fini(&writer.out);
}

static void test_charset(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.party.name = (char *)(uintptr_t) "明远备件中心";
	assert_stays(&writer, &small,
		"parties.name (segment 4, NAD): U+660E is not in UNOC; agree with the partner on a "
		"wider charset (interchange.syntax, UNOY has all), or send the event with a text in "
		"his letters");
	writer.terms.charset = SLICE_LITERAL("UNOY");
	assert_goes(&writer, &small, "NAD+SU+S1++明远备件中心'");
	/* Latin letters are in the one, capitals only in another, and controls in none. */
	small.party.name = (char *)(uintptr_t) "Köln";
	writer.terms.charset = SLICE_LITERAL("UNOC");
	assert_goes(&writer, &small, "NAD+SU+S1++K\xf6ln'");
	writer.terms.charset = SLICE_LITERAL("UNOB");
	assert_stays(&writer, &small, "U+00F6 is not in UNOB");
	small.party.name = (char *)(uintptr_t) "Koeln";
	assert_goes(&writer, &small, "");
	writer.terms.charset = SLICE_LITERAL("UNOA");
	assert_stays(&writer, &small, "U+006F is not in UNOA");
	writer.terms.charset = SLICE_LITERAL("UNOY");
	small.item.part_number = (char *)(uintptr_t) "a\tb";
	assert_stays(&writer, &small, "line 1, item (segment 5, LIN): holds the control");
	buffer_fini(&writer.out);
}

/* Nothing is cut off: what has no room is refused with its place. */
static void test_too_long(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	char long_text[400];
	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[36] = 0;
	small_order_init(&small);
	small.order.parts_order_id = long_text;
	assert_stays(&writer, &small,
		"parts_order_id (segment 2, BGM): is longer than 35 characters; the message has no "
		"room for more");
	small.order.parts_order_id = (char *)(uintptr_t) "A-1";
	small.quantity = decimal_of(1000000000000000, 0);
	assert_stays(&writer, &small, "quantity (segment 6, QTY): is longer than 15 digits");
	small.quantity = decimal_of(1, 4000000000u);
	assert_stays(&writer, &small, "");
	small.quantity = decimal_of(1, 0);
	/* A name has five lines, a free text as many as it takes, cut where it may be. */
	long_text[36] = ' ';
	long_text[40] = 0;
	small.party.name = long_text;
	assert_goes(&writer, &small, "NAD+SU+S1++xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:x xxx'");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[399] = 0;
	assert_stays(&writer, &small, "");
	small.party.name = (char *)(uintptr_t) "";
	small.order.remarks = long_text;
	assert_goes(&writer, &small, "");
	buffer_fini(&writer.out);
}

/* What a reader would take for something else, or refuse, does not go out. */
static void test_read_again(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.line.quantity = NULL;
	assert_stays(&writer, &small, "the line has no quantity");
	small_order_init(&small);
	small.order.document_function = (char *)(uintptr_t) "1";
	assert_stays(&writer, &small, "the document: the message cannot say this");
	small_order_init(&small);
	small.order.order_date = (char *)(uintptr_t) "2026-02-30";
	assert_stays(&writer, &small, "");
	small_order_init(&small);
	small.order.order_date = (char *)(uintptr_t) "yesterday";
	assert_stays(&writer, &small, "is no day; write it as 2026-11-22");
	small_order_init(&small);
	small.order.contact_text = (char *)(uintptr_t) "Li Lei,, li@example.org";
	assert_goes(&writer, &small, "");
	small.order.contact_text = (char *)(uintptr_t) "Li Lei, , li@example.org";
	assert_stays(&writer, &small, "contact_text: the message cannot say this");
	buffer_fini(&writer.out);
}

/* Some fields have no place in any message; that of the repair has one when it was agreed. */
static void test_what_stays(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.item.product_id = (char *)(uintptr_t) "P-1";
	small.line.repair_order_id = (char *)(uintptr_t) "RO-1";
	assert_goes(&writer, &small, "");
	assert_null(strstr(writer.text, "RO-1"));
	writer.repair_reference = SLICE_LITERAL("ACW");
	assert_goes(&writer, &small, "QTY+21:2'RFF+ACW:RO-1'");
	assert_null(strstr(writer.text, "P-1"));
	buffer_fini(&writer.out);
}

/* A station or warehouse that no party names becomes one, and so a reader finds it. */
static void test_places(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.order.station_id = (char *)(uintptr_t) "ST-7";
	small.order.warehouse_id = (char *)(uintptr_t) "W1";
	assert_goes(&writer, &small, "NAD+SU+S1'NAD+BY+ST-7'NAD+WH+W1'LIN");
	small.party.role = (char *)(uintptr_t) "BY";
	assert_stays(&writer, &small, "station_id");
	/* The buyer is who sends it, unless another one is told. */
	small_order_init(&small);
	small.order.buyer_id = (char *)(uintptr_t) "ST-7";
	assert_goes(&writer, &small, "NAD+SU+S1'NAD+BY+ST-7'LIN");
	buffer_fini(&writer.out);
}

/* The buyer's cancellation of some lines is an amendment; the seller's is for his ORDRSP to say. */
static void test_cancellation(void **state)
{
	struct writer writer = writer_of("UNOC");
	Carehub__V1__PartsOrderCancelled order = CAREHUB__V1__PARTS_ORDER_CANCELLED__INIT;
	char *lines[] = {(char *)(uintptr_t) "2", (char *)(uintptr_t) "3"};
	(void)state;
	order.parts_order_id = (char *)(uintptr_t) "A-1";
	assert_int_equal(
		write_message(&writer, "parts.order.cancelled", &order.base), CH_UNSUPPORTED);
	order.by_buyer = CAREHUB__V1__ANSWER__ANSWER_YES;
	order.line_ids = lines;
	order.n_line_ids = 2;
	assert_int_equal(write_message(&writer, "parts.order.cancelled", &order.base), CH_OK);
	assert_non_null(strstr(writer.text,
		"BGM+230++4'DTM+137:20261122:102'RFF+ON:A-1'LIN+2+2'QTY+21:0'LIN+3+2'QTY+21:0'"));
	buffer_fini(&writer.out);
}

/* Lines go to their packages, and those of none into one of their own. */
static void test_packages(void **state)
{
	struct writer writer = writer_of("UNOC");
	Carehub__V1__PartsDispatchAdvised advice = CAREHUB__V1__PARTS_DISPATCH_ADVISED__INIT;
	Carehub__V1__PartsPackage packages[2] = {
		CAREHUB__V1__PARTS_PACKAGE__INIT, CAREHUB__V1__PARTS_PACKAGE__INIT};
	Carehub__V1__DispatchLine lines[3] = {CAREHUB__V1__DISPATCH_LINE__INIT,
		CAREHUB__V1__DISPATCH_LINE__INIT, CAREHUB__V1__DISPATCH_LINE__INIT};
	Carehub__V1__PartsPackage *package_list[] = {&packages[0], &packages[1]};
	Carehub__V1__DispatchLine *line_list[] = {&lines[0], &lines[1], &lines[2]};
	Carehub__V1__Decimal one = decimal_of(1, 0);
	static const char *const ids[] = {"1", "2", "3"};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		lines[i].line_id = (char *)(uintptr_t)ids[i];
		lines[i].quantity = &one;
	}
	packages[0].package_id = (char *)(uintptr_t) "A";
	packages[1].package_id = (char *)(uintptr_t) "B";
	lines[1].package_id = (char *)(uintptr_t) "B";
	lines[2].package_id = (char *)(uintptr_t) "A";
	advice.dispatch_id = (char *)(uintptr_t) "D-1";
	advice.packages = package_list;
	advice.n_packages = 2;
	advice.lines = line_list;
	advice.n_lines = 3;
	assert_int_equal(write_message(&writer, "parts.dispatch.advised", &advice.base), CH_OK);
	assert_non_null(strstr(writer.text,
		"CPS+A'LIN+3'QTY+12:1'CPS+B'LIN+2'QTY+12:1'CPS+3'LIN+1'QTY+12:1'CNT+2:3'"));
	lines[0].package_id = (char *)(uintptr_t) "C";
	assert_int_equal(
		write_message(&writer, "parts.dispatch.advised", &advice.base), CH_INVALID);
	assert_non_null(strstr(writer.words, "package_id"));
	buffer_fini(&writer.out);
}

/* Times are those of the zone's clocks. */
static void test_zone(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	struct zone *zone = NULL;
	(void)state;
	assert_int_equal(zone_open(SLICE_LITERAL("+08:00"), &zone), CH_OK);
	writer.zone = zone;
	small_order_init(&small);
	small.order.due_time_us = TIME_US + 15000000;
	assert_goes(&writer, &small, "+261122:1731+");
	assert_non_null(strstr(writer.text, "DTM+2:20261122173115:204'"));
	small.order.due_time_us = INT64_MAX;
	assert_stays(&writer, &small, "");
	zone_free(zone);
	buffer_fini(&writer.out);
}

/* A later page adds to the report. */
static void test_pages(void **state)
{
	struct writer writer = writer_of("UNOC");
	Carehub__V1__PartsInventoryReported report = CAREHUB__V1__PARTS_INVENTORY_REPORTED__INIT;
	Carehub__V1__InventoryLine line = CAREHUB__V1__INVENTORY_LINE__INIT;
	Carehub__V1__InventoryLine *lines[] = {&line};
	Carehub__V1__PartItem item = CAREHUB__V1__PART_ITEM__INIT;
	(void)state;
	item.part_number = (char *)(uintptr_t) "X";
	line.item = &item;
	report.report_id = (char *)(uintptr_t) "I-1";
	report.lines = lines;
	report.n_lines = 1;
	report.page = 1;
	report.pages = 2;
	assert_int_equal(write_message(&writer, "parts.inventory.reported", &report.base), CH_OK);
	assert_non_null(strstr(writer.text, "BGM+35+I-1+9'"));
	report.page = 2;
	assert_int_equal(write_message(&writer, "parts.inventory.reported", &report.base), CH_OK);
	assert_non_null(strstr(writer.text, "BGM+35+I-1+2'"));
	buffer_fini(&writer.out);
}

static void test_terms(void **state)
{
	struct writer writer = writer_of("UNOC");
	(void)state;
	assert_null(terms_fault(&writer.terms));
	writer.terms.charset = SLICE_LITERAL("UNOZ");
	assert_non_null(terms_fault(&writer.terms));
	writer = writer_of("UNOA");
	writer.terms.number = SLICE_LITERAL("s1");
	assert_non_null(terms_fault(&writer.terms));
	writer = writer_of("UNOC");
	writer.terms.number = (struct slice){NULL, 0};
	assert_non_null(terms_fault(&writer.terms));
	writer = writer_of("UNOC");
	writer.terms.version = SLICE_LITERAL("D.96A");
	assert_non_null(terms_fault(&writer.terms));
}

static void test_drawn(void **state)
{
	static const char *const texts[] = {"", "A", "x y", "a+b:c'd?", "Ünlü", "明", "1234567",
		"a  b", "x\ny", " lead", "trail ", "12345678901234567890123456789012345",
		"0123456789012345678901234567890123456789 0123456789"};
	struct writer writer = writer_of("UNOY");
	(void)state;
	assert_true(write_drawn(&writer, texts, sizeof(texts) / sizeof(*texts)) > 500);
	buffer_fini(&writer.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_each_message),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_charset),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_read_again),
		cmocka_unit_test(test_what_stays),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_cancellation),
		cmocka_unit_test(test_packages),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
