/* The same events for partners who read X12. */
#include "writer.h"

#define HEADER(group, set)                                                                           \
	"ISA*00*          *00*          *ZZ*PARTS          *ZZ*WEST           *261122*0931*U*00401*" \
	"500000042*0*P*:~GS*" group "*PARTS*WEST*20261122*0931*500000042*X*004010~ST*" set           \
	"*500000042~"
#define TRAILER(count) "SE*" count "*500000042~GE*1*500000042~IEA*1*500000042~"

static void test_usage(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	(void)state;
	small_order_init(&small);
	assert_int_equal(write_small(&writer, &small), CH_OK);
	assert_string_equal(writer.text, HEADER("PO", "850") "BEG*00*SA*A-1**20261121~"
							     "N1*SU**ZZ*S1~"
							     "PO1*1*2*EA***VP*LCD-46~"
							     "CTT*1~" TRAILER("6"));
	buffer_fini(&writer.out);
}

/* ISA is 106 bytes long whatever stands in it, and its own bytes are the marks. */
static void test_envelope(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	(void)state;
	small_order_init(&small);
	writer.terms.acknowledge = true;
	writer.terms.test = true;
	writer.terms.own_qualifier = SLICE_LITERAL("01");
	writer.terms.own_number = SLICE_LITERAL("ABCDEFGHIJKLMNO");
	writer.terms.own_code = SLICE_LITERAL("PARTS-EAST");
	writer.terms.version = SLICE_LITERAL("005010VICS");
	assert_int_equal(terms_parse_marks(SLICE_LITERAL("|>!\n"), &writer.terms.marks), CH_OK);
	assert_null(terms_fault(&writer.terms));
	assert_goes(&writer, &small, "");
	assert_int_equal(writer.out.data[105], '\n');
	assert_memory_equal(writer.out.data,
		"ISA|00|          |00|          |01|ABCDEFGHIJKLMNO|ZZ|WEST           |261122|0931|"
		"!|00501|500000042|1|T|>\nGS|PO|PARTS-EAST|WEST|20261122|0931|500000042|X|"
		"005010VICS\nST|850|500000042\n",
		106 + 69);
	buffer_fini(&writer.out);
}

/* What was read is written, and says the same; a second writing of that says it in the same bytes. */
static void test_each_message(void **state)
{
	static const struct {
		const char *from;
		const char *want;
	} rows[] = {
		{"UNH+1+ORDERS:D:96A:UN'BGM+224+A-1+9'DTM+137:20261121:102'DTM+2:202611280930:203'"
		 "FTX+AAI+++Leave it:at the gate'RFF+CT:F-7'NAD+DP+ST-7::92++Werkstatt+Hof 1+Wien"
		 "+++AT'CTA+IC+:Li Lei'COM+02 1111:TE'COM+li@example.org:EM'CUX+2:EUR:9'"
		 "LIN+1++4000862141404:EN'PIA+1+LCD-46:SA+77:IN'IMD+F++:::Panel'QTY+21:2.50:PCE'"
		 "DTM+2:20261129:102'MOA+203:12.50'PRI+AAA:0.5'RFF+ACW:RO-1'UNS+S'MOA+86:12.50'"
		 "UNT+22+1'",
			HEADER("PO", "850") "BEG*00*RO*A-1**20261121~CUR*BY*EUR~REF*CT*F-7~"
					    "PER*IC*Li Lei*TE*02 1111*EM*li@example.org~"
					    "DTM*002*20261128*0930~N9*L1*REMARKS~"
					    "MSG*Leave it at the gate~"
					    "N1*ST*Werkstatt*92*ST-7~N4*Wien***AT~"
					    "PO1*1*2.50*PC*.5**VP*LCD-46*EN*4000862141404*BP*77~"
					    "PID*F****Panel~REF*WO*RO-1~DTM*002*20261129*0000~"
					    "AMT*1*12.50~CTT*1~AMT*TT*12.50~" TRAILER("18")},
		{"UNH+1+ORDCHG:D:96A:UN'BGM+230+CHANGE-0001+4'DTM+137:20261121:102'RFF+ON:A-1'"
		 "LIN+1++X:SA'QTY+21:3'LIN+2+2'UNS+S'UNT+9+1'",
			HEADER("PC", "860") "BCH*04*SA*A-1***20261121***CHANGE-0001**20261121~"
					    "POC*1*CA*3*3*EA***VP*X~POC*2*DI~CTT*2~" TRAILER("6")},
		{"UNH+1+ORDERS:D:96A:UN'BGM+220+A-1+1'FTX+AAI+++No more'UNS+S'UNT+5+1'",
			HEADER("PC", "860") "BCH*01*SA*A-1***20261122*****20261122~N9*L1*REMARKS~"
					    "MSG*No more~" TRAILER("5")},
		{"UNH+1+ORDRSP:D:96A:UN'BGM+231+R-1+4'DTM+137:20261121:102'RFF+ON:A-1'"
		 "LIN+1+5+X:SA'QTY+21:3'QTY+113:3'LIN+2+3+Y:SA'PIA+3+Y2:SA'QTY+21:2'QTY+113:2'"
		 "LIN+3+3+Z:SA'QTY+21:3:KGM'QTY+113:1:KGM'QTY+83:2:KGM'DTM+67:20261201:102'"
		 "LIN+4+7+W:SA'QTY+21:1'LIN+5+3+V:SA'QTY+21:4'QTY+83:4'UNT+22+1'",
			HEADER("PR", "855") "BAK*00*AC*A-1*20261121****R-1*20261121~"
					    "PO1*1*3*EA***VP*X~ACK*IA*3*EA~"
					    "PO1*2*2*EA***VP*Y~ACK*IS*2*EA****VP*Y2~"
					    "PO1*3*3*KG***VP*Z~ACK*IC*1*KG~ACK*IB*2*KG~"
					    "DTM*067*20261201*0000~"
					    "PO1*4*1*EA***VP*W~ACK*IR~"
					    "PO1*5*4*EA***VP*V~ACK*IB*4*EA~CTT*5~" TRAILER("16")},
		{"UNH+1+DESADV:D:96A:UN'BGM+351+D-1+9'DTM+137:202611210800:203'DTM+11:20261121:102'"
		 "RFF+ON:A-1'RFF+CN:T-9'RFF+AAJ:L-2'NAD+DP+ST-7::9'TDT+20++30+31+:::Nordpost'"
		 "FTX+AAI+++Glass'CPS+7'PAC+++PX'CPS+8+7'PAC+++CT'MEA+PD+AAB+KGM:12.5'PCI+33E'"
		 "GIN+BJ+340123450000000017'LIN+1++X:SA'QTY+12:2'QTY+21:2'GIN+BN+S1+S2'"
		 "DTM+361:20271231:102'RFF+ON:A-1:1'QVR+0:21'UNT+25+1'",
			HEADER("SH", "856") "BSN*00*D-1*20261122*0931*0003~HL*1**S*1~"
					    "TD5*****Nordpost~REF*CN*T-9~REF*DO*L-2~"
					    "REF*L1**Glass~DTM*011*20261121~N1*ST**UL*ST-7~"
					    "HL*2*1*T*1~TD1*PLT*1~"
					    "HL*3*2*P*1~TD1*CTN*1****G*12.5*KG~"
					    "MAN*GM*340123450000000017~"
					    "HL*4*3*O*1~PRF*A-1~"
					    "HL*5*4*I*0~LIN*1*VP*X~SN1*1*2*EA**2*EA~REF*SE*S1~"
					    "REF*SE*S2~DTM*036*20271231~CTT*5~" TRAILER("24")},
		{"UNH+1+INVRPT:D:96A:UN'BGM+35+I-1+9'DTM+137:20261121:102'DTM+366:202611202359:203'"
		 "NAD+WH+W1'LIN+1++X:SA'LOC+18+A-03'QTY+145:5:PCE'QTY+33:3:PCE'QTY+73:2:PCE'"
		 "QTY+21:9:PCE'QTY+48:1:PCE'QTY+12:4:PCE'UNT+14+1'",
			HEADER("IB", "846") "BIA*00*SI*I-1*20261121~DTM*184*20261120*2359~"
					    "N1*WH**ZZ*W1~LIN*1*VP*X~REF*LU*A-03~QTY*17*5*PC~"
					    "QTY*33*3*PC~QTY*27*2*PC~QTY*63*9*PC~QTY*87*1*PC~"
					    "QTY*32*4*PC~CTT*1~" TRAILER("14")},
		{"UNH+1+RECADV:D:96A:UN'BGM+632+G-1+9'DTM+50:202611240815:203'FTX+AAI+++Wet'RFF+ON:A-1'"
		 "RFF+AAK:D-1'NAD+DP+ST-7'LIN+1++X:SA'QTY+48:3:PCE'QTY+194:2:PCE'QTY+124:1:PCE'"
		 "GIN+BN+S1'RFF+ON:A-1:7'RFF+ACW:RO-1'UNT+15+1'",
			HEADER("RC", "861") "BRA*G-1*20261122*00*1*0931~REF*SI*D-1~REF*L1**Wet~"
					    "PRF*A-1~N1*ST**ZZ*ST-7~"
					    "RCD*1*3*PC***1*PC~LIN**VP*X~REF*WO*RO-1~"
					    "REF*SE*S1~PRF*A-1****7~CTT*1~" TRAILER("13")},
		{"UNH+1+PRICAT:D:96A:UN'BGM+9+P-1+9'DTM+137:20261121:102'DTM+194:20261201:102'"
		 "NAD+SU+S1'CUX+2:EUR:8'LIN+1+3+X:SA'PRI+AAA:70.66:::100:PCE'LIN+2++Y:SA'PRI+AAA:2'"
		 "QTY+53:5'DTM+206:20261231:102'UNT+13+1'",
			HEADER("SC", "832") "BCT*PC*P-1********00~CUR*SE*EUR~DTM*097*20261121~"
					    "DTM*007*20261201~N1*SU**ZZ*S1~"
					    "LIN*1*VP*X~CTP**NET*.7066*1*PC~"
					    "LIN*2*VP*Y~DTM*036*20261231~CTP**NET*2*5*EA~"
					    "CTT*2~" TRAILER("13")},
	};
	struct writer writer = writer_x12();
	struct writer second = writer_x12();
	char text[1024];
	(void)state;
	writer.repair_reference = SLICE_LITERAL("ACW");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(text, sizeof(text), UNB "%s" UNZ("1"), rows[i].from);
		assert_int_equal(write_again(&writer, text), CH_OK);
		assert_string_equal(writer.text, rows[i].want);
		assert_int_equal(write_again(&second, writer.text), CH_OK);
		assert_string_equal(second.text, rows[i].want);
	}
	buffer_fini(&writer.out);
	buffer_fini(&second.out);
}

/* Nothing releases a mark, so a text that holds one is refused; with other marks it goes. */
static void test_marks(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.item.part_number = (char *)(uintptr_t) "a*b:c~d";
	assert_stays(&writer, &small,
		"line 1, item (segment 4, PO1): holds the mark *; X12 releases none: agree with the "
		"partner on others (x12.marks), or send the event without it");
	small.item.part_number = (char *)(uintptr_t) "a:b";
	assert_stays(&writer, &small, "holds the mark :");
	/* Before 00402 a caret is a letter like others. */
	small.item.part_number = (char *)(uintptr_t) "a^b";
	assert_goes(&writer, &small, "");
	writer.terms.version = SLICE_LITERAL("005010");
	assert_stays(&writer, &small, "holds the mark ^");
	small.item.part_number = (char *)(uintptr_t) "a*b:c~d^e";
	assert_int_equal(terms_parse_marks(SLICE_LITERAL("1d1f1e1c"), &writer.terms.marks), CH_OK);
	assert_goes(&writer, &small,
		"VP\x1d"
		"a*b:c~d^e\x1c");
	small.item.part_number = (char *)(uintptr_t) "a\x1d"
						     "b";
	assert_stays(&writer, &small, "");
	buffer_fini(&writer.out);
}

static void test_charset(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	(void)state;
	small_order_init(&small);
	small.party.name = (char *)(uintptr_t) "明远备件中心";
	assert_goes(&writer, &small, "N1*SU*明远备件中心*ZZ*S1~");
	writer.terms.charset = SLICE_LITERAL("extended");
	assert_stays(&writer, &small,
		"parties.name (segment 3, N1): U+660E is not in X12's extended set; agree with the "
		"partner on a wider charset (x12.charset, utf-8 has all), or send the event with a "
		"text in his letters");
	small.party.name = (char *)(uintptr_t) "Mingyuan";
	assert_goes(&writer, &small, "");
	writer.terms.charset = SLICE_LITERAL("basic");
	assert_stays(&writer, &small, "U+0069 is not in X12's basic set");
	small.party.name = (char *)(uintptr_t) "MINGYUAN";
	assert_goes(&writer, &small, "");
	buffer_fini(&writer.out);
}

/* Elements have a least length and a greatest. */
static void test_lengths(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	char long_text[64];
	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[23] = 0;
	small_order_init(&small);
	small.order.parts_order_id = long_text;
	assert_stays(
		&writer, &small, "parts_order_id (segment 2, BEG): is longer than 22 characters");
	small_order_init(&small);
	small.party.party_id = (char *)(uintptr_t) "S";
	assert_stays(
		&writer, &small, "parties.party_id (segment 3, N1): is shorter than 2 characters");
	small_order_init(&small);
	small.party.party_id = (char *)(uintptr_t) "";
	assert_stays(&writer, &small, "is missing, and so is the name");
	small_order_init(&small);
	small.party.role = (char *)(uintptr_t) "";
	assert_stays(&writer, &small, "parties.role (segment 3, N1): is missing");
	buffer_fini(&writer.out);
}

/* Codes are those of X12, or there is none. */
static void test_codes(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	char *references[] = {(char *)(uintptr_t) "ZZZ:7"};
	(void)state;
	small_order_init(&small);
	small.order.references = references;
	small.order.n_references = 1;
	small.line.unit = (char *)(uintptr_t) "KGM";
	small.party.role = (char *)(uintptr_t) "DP";
	small.party.id_agency = (char *)(uintptr_t) "16";
	small.party.party_id = (char *)(uintptr_t) "1234567890123";
	small.order.document_function = (char *)(uintptr_t) "7";
	assert_goes(&writer, &small,
		"BEG*07*SA*A-1**20261121~REF*ZZ*7~N1*ST**9*1234567890123~PO1*1*2*KG***VP*LCD-46~");
	references[0] = (char *)(uintptr_t) "ABO:7";
	assert_stays(&writer, &small,
		"references[0]: is a code that X12 has not; send the "
		"event with one of X12's");
	small.order.n_references = 0;
	small.line.unit = (char *)(uintptr_t) "XYZ";
	assert_stays(&writer, &small, "lines[0].unit: is a code that X12 has not");
	buffer_fini(&writer.out);
}

/* One that came as X12 goes back in its own codes, and to others in theirs. */
static void test_codes_of_x12(void **state)
{
	struct writer writer = writer_of("UNOC");
	struct small_order small;
	Carehub__V1__InterchangeRef origin = CAREHUB__V1__INTERCHANGE_REF__INIT;
	(void)state;
	small_order_init(&small);
	origin.standard = (char *)(uintptr_t) "X12";
	small.order.interchange = &origin;
	small.line.unit = (char *)(uintptr_t) "PC";
	small.party.role = (char *)(uintptr_t) "BT";
	small.party.id_agency = (char *)(uintptr_t) "UL";
	assert_goes(&writer, &small, "NAD+IV+S1::9'LIN+1++LCD-46:SA'QTY+21:2:PCE'");
	buffer_fini(&writer.out);
	writer = writer_x12();
	assert_goes(&writer, &small, "N1*BT**UL*S1~PO1*1*2*PC***");
	buffer_fini(&writer.out);
}

/* A set has one currency: the order's, else that of its amounts. */
static void test_currency(void **state)
{
	struct writer writer = writer_x12();
	struct small_order small;
	Carehub__V1__Money total = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__Money amount = CAREHUB__V1__MONEY__INIT;
	(void)state;
	small_order_init(&small);
	total.minor_units = 1250;
	total.currency = (char *)(uintptr_t) "CNY";
	small.order.total = &total;
	assert_goes(&writer, &small, "CUR*BY*CNY~");
	assert_non_null(strstr(writer.text, "CTT*1~AMT*TT*12.50~"));
	amount.minor_units = 5;
	amount.currency = (char *)(uintptr_t) "EUR";
	small.line.amount = &amount;
	assert_stays(&writer, &small,
		"line 1, amount (segment 6, AMT): is not in the document's currency; a set of X12 has "
		"one for all its amounts");
	buffer_fini(&writer.out);
}

static void test_what_is_not_said(void **state)
{
	struct writer writer = writer_x12();
	Carehub__V1__PartsOrderAnswered answer = CAREHUB__V1__PARTS_ORDER_ANSWERED__INIT;
	Carehub__V1__PartsAnswerLine line = CAREHUB__V1__PARTS_ANSWER_LINE__INIT;
	Carehub__V1__PartsAnswerLine *lines[] = {&line};
	(void)state;
	answer.parts_order_id = (char *)(uintptr_t) "A-1";
	assert_int_equal(write_message(&writer, "parts.order.answered", &answer.base), CH_INVALID);
	assert_non_null(strstr(writer.words, "answer: is missing, and there is no line"));
	/* 668 has no word for a line that the seller adds. */
	answer.lines = lines;
	answer.n_lines = 1;
	line.line_id = (char *)(uintptr_t) "1";
	line.answer = CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_ADDED;
	assert_int_equal(write_message(&writer, "parts.order.answered", &answer.base), CH_INVALID);
	assert_non_null(strstr(writer.words, "lines[0].answer: the message cannot say this"));
	line.answer = CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_ACCEPTED;
	assert_int_equal(write_message(&writer, "parts.order.answered", &answer.base), CH_OK);
	assert_non_null(strstr(writer.text, "BAK*00*AD*A-1*20261122*****20261122~PO1*1~ACK*IA~"));
	buffer_fini(&writer.out);
}

/* Its point cannot be moved: it is refused, and not taken for another price. */
static void test_a_price_of_no_scale(void **state)
{
	struct writer writer = writer_x12();
	Carehub__V1__PartsPriceListed list = CAREHUB__V1__PARTS_PRICE_LISTED__INIT;
	Carehub__V1__PriceLine line = CAREHUB__V1__PRICE_LINE__INIT;
	Carehub__V1__PriceLine *lines[] = {&line};
	Carehub__V1__PartItem item = CAREHUB__V1__PART_ITEM__INIT;
	Carehub__V1__Decimal price = decimal_of(70, 1);
	Carehub__V1__Decimal basis = decimal_of(10, 0);
	(void)state;
	list.price_list_id = (char *)(uintptr_t) "L-1";
	list.lines = lines;
	list.n_lines = 1;
	item.part_number = (char *)(uintptr_t) "LCD-46";
	line.line_id = (char *)(uintptr_t) "1";
	line.item = &item;
	line.unit_price = &price;
	line.price_basis = &basis;
	assert_int_equal(write_message(&writer, "parts.price.listed", &list.base), CH_OK);
	assert_non_null(strstr(writer.text, "CTP***.70~"));
	price.scale = UINT32_MAX; /* one more is 0 */
	assert_int_equal(write_message(&writer, "parts.price.listed", &list.base), CH_INVALID);
	assert_non_null(strstr(writer.words, "is no decimal number"));
	buffer_fini(&writer.out);
}

/* References end where ISA13's digits do; none is used twice. */
static void test_references(void **state)
{
	uint64_t reference = 0;
	(void)state;
	assert_int_equal(terms_reference(STANDARD_X12, 499999999, &reference), CH_OK);
	assert_int_equal(reference, 999999999);
	assert_int_equal(terms_number(STANDARD_X12, reference), 499999999);
	assert_int_equal(terms_reference(STANDARD_X12, 500000000, &reference), CH_FULL);
	assert_int_equal(terms_number(STANDARD_X12, 500000000), 0);
	assert_int_equal(terms_number(STANDARD_X12, 1000000000), 0);
	assert_int_equal(terms_number(STANDARD_X12, 42), 0);
	assert_int_equal(terms_number(STANDARD_EDIFACT, 500000042), 0);
	assert_int_equal(terms_number(STANDARD_EDIFACT, 10000000042), 42);
}

static void test_terms(void **state)
{
	static const char *const bad_marks[] = {"", "*:^", "*:^~~", "**^~", "*:^a", "*: ~", "*:-~",
		"00010203", "zz010203", "1d1f1e1g"};
	const struct terms sound = writer_x12().terms;
	struct terms terms = sound;
	struct marks marks;
	(void)state;
	assert_null(terms_fault(&terms));
	terms.charset = SLICE_LITERAL("UNOC");
	assert_non_null(strstr(terms_fault(&terms), "x12.charset"));
	terms = sound;
	terms.number = SLICE_LITERAL("ABCDEFGHIJKLMNOP");
	assert_non_null(strstr(terms_fault(&terms), "partner.number"));
	terms.number = SLICE_LITERAL("A");
	assert_non_null(strstr(terms_fault(&terms), "x12.code"));
	terms.code = SLICE_LITERAL("AA");
	assert_null(terms_fault(&terms));
	terms.own_number = SLICE_LITERAL("A~B");
	assert_non_null(strstr(terms_fault(&terms), "partner.own_number"));
	terms = sound;
	terms.qualifier = SLICE_LITERAL("14A");
	assert_non_null(strstr(terms_fault(&terms), "partner.qualifier"));
	terms = sound;
	terms.version = SLICE_LITERAL("003040");
	assert_non_null(strstr(terms_fault(&terms), "x12.version"));
	for (size_t i = 0; i < sizeof(bad_marks) / sizeof(*bad_marks); i++)
		assert_int_equal(terms_parse_marks(slice_text(bad_marks[i]), &marks), CH_FORMAT);
}

static void test_drawn(void **state)
{
	static const char *const texts[] = {"", "A", "x y", "a+b'd?", "a*b", "Ünlü", "明",
		"123456789", "a  b", "x\ny", " lead", "trail ", "UL", "16", "EUR", "CNY",
		"0123456789012345678901234567890123456789 0123456789"};
	struct writer writer = writer_x12();
	(void)state;
	assert_true(write_drawn(&writer, texts, sizeof(texts) / sizeof(*texts)) > 300);
	buffer_fini(&writer.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_each_message),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_charset),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_codes_of_x12),
		cmocka_unit_test(test_currency),
		cmocka_unit_test(test_what_is_not_said),
		cmocka_unit_test(test_a_price_of_no_scale),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
