#include "trader.h"

#define MESSAGE(type, body, count) UNB "UNH+M1+" type ":D:96A:UN'" body "UNT+" count "+M1'" UNZ("1")

#define ISA                                                                                          \
	"ISA*00*          *00*          *ZZ*S1             *ZZ*R1             *261122*0930*^*00501*" \
	"000000007*0*P*:~"
#define X12(kind, body, count)                                                                     \
	ISA "GS*XX*S*R*20261122*0930*7*X*005010~ST*" kind "*0001~" body "SE*" count                \
	    "*0001~GE*1*7~IEA*1*000000007~"

#define DAY(n)   ((int64_t)(n)*INT64_C(86400000000)) /* since 2026-11-01 */
#define NOVEMBER INT64_C(1793491200000000)

static void expect_decimal(const Carehub__V1__Decimal *number, int64_t unscaled, uint32_t scale)
{
	assert_non_null(number);
	assert_int_equal(number->unscaled, unscaled);
	assert_int_equal(number->scale, scale);
}

static void test_usage(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	t.options.repair_reference = SLICE_LITERAL("ACW");
	assert_int_equal(
		trader_take(
			&t, MESSAGE("ORDERS",
				    "BGM+220+A-1+9'DTM+137:202611211015:203'DTM+2:20261124:102'"
				    "FTX+AAI+++Please hurry'RFF+CT:77'NAD+BY+ST-7::92++Station 7'"
				    "CTA+OC+:Wang'COM+010-1:TE'NAD+SU+4012345500004::9'"
				    "CUX+2:CNY:9'LIN+1++4000862141404:EN'PIA+1+LCD-46:SA'"
				    "IMD+F++:::Panel, 46?''QTY+21:2,5:PCE'MOA+203:1400,50'"
				    "PRI+AAA:56020:::100'RFF+ACW:R-17'DTM+2:20261123:102'"
				    "TAX+7+VAT+++:::13+S'LIN+2++SCREW:SA'QTY+21:100'UNS+S'"
				    "MOA+86:1500'CNT+2:2'",
				    "26")),
		1);
	assert_string_equal(trader_flaw(&t, 0), "");
	const Carehub__V1__PartsOrderPlaced *order = trader_message(&t, 0, "parts.order.placed");
	assert_string_equal(order->parts_order_id, "A-1");
	assert_string_equal(order->station_id, "ST-7");
	assert_string_equal(order->parties[0]->name, "Station 7");
	assert_string_equal(order->contact_text, "Wang, 010-1");
	assert_string_equal(order->remarks, "Please hurry");
	assert_string_equal(order->references[0], "CT:77");
	assert_string_equal(order->order_date, "2026-11-21");
	assert_true(order->due_time_us == NOVEMBER + DAY(23));
	assert_int_equal(order->total->minor_units, 150000);
	assert_int_equal(order->n_lines, 2);
	const Carehub__V1__PartsOrderLine *line = order->lines[0];
	assert_string_equal(line->item->part_number, "LCD-46");
	assert_string_equal(line->item->gtin, "4000862141404");
	assert_string_equal(line->item->description, "Panel, 46'");
	expect_decimal(line->quantity, 25, 1);
	expect_decimal(line->unit_price, 56020, 2);
	assert_int_equal(line->amount->minor_units, 140050);
	assert_string_equal(line->amount->currency, "CNY");
	assert_string_equal(line->repair_order_id, "R-17");
	assert_string_equal(line->taxes[0]->name, "VAT");
	assert_true(line->due_time_us == NOVEMBER + DAY(22));
	const struct envelope *e = trader_envelope(&t, 0);
	assert_slice_text(e->id, "S1/R1/261122/REF1/M1");
	assert_slice_text(e->source, "urn:parts:S1");
	assert_slice_text(e->subject, "A-1");
	assert_int_equal(e->digest.len, 32);
	assert_int_equal(e->correlation_id.len, 0);
	assert_true(e->time_us == NOVEMBER + DAY(20) + INT64_C(36900000000));
	trader_close(&t);
}

static void test_the_purpose_of_an_order(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_take(&t, MESSAGE("ORDERS", "BGM+220+A+1'", "3")), 1);
	const Carehub__V1__PartsOrderCancelled *cancelled =
		trader_message(&t, 0, "parts.order.cancelled");
	assert_int_equal(cancelled->by_buyer, CAREHUB__V1__ANSWER__ANSWER_YES);
	trader_close(&t);
	assert_int_equal(
		trader_take(&t, MESSAGE("ORDERS", "BGM+220+A+5'LIN+1++X:SA'QTY+21:1'", "5")), 1);
	(void)trader_message(&t, 0, "parts.order.amended");
	trader_close(&t);
	assert_int_equal(trader_take(&t, MESSAGE("ORDCHG",
						 "BGM+230+C-1+4'RFF+ON:A'LIN+1+3+X:SA'QTY+21:1'"
						 "LIN+2+2+Y:SA'",
						 "7")),
		1);
	const Carehub__V1__PartsOrderAmended *amended =
		trader_message(&t, 0, "parts.order.amended");
	assert_string_equal(amended->parts_order_id, "A");
	assert_string_equal(amended->change_id, "C-1");
	expect_decimal(amended->lines[1]->quantity, 0, 0);
	trader_close(&t);
}

static void refuses(const char *text, const char *flaw)
{
	struct trader t = {.scanner = NULL};
	assert_int_equal(trader_take(&t, text), 0);
	assert_string_equal(trader_flaw(&t, 0), flaw);
	trader_close(&t);
}

static void test_a_message_is_taken_whole_or_not(void **state)
{
	(void)state;
	refuses(MESSAGE("ORDERS", "BGM+220+A+9'LIN+1++X:SA'QTY+21:1'LIN+2++Y:SA'QTY+21:1.000,5'",
			"7"),
		"byte 113, segment 6 (QTY), element 1:2: not a number (12)");
	refuses(MESSAGE("ORDERS", "BGM+220+A+9'LIN+1++X:SA'LIN+2++Y:SA'QTY+21:1'", "6"),
		"byte 80, segment 3 (LIN): is missing: the line has no quantity (13)");
	refuses(MESSAGE("ORDERS", "BGM+220++9'LIN+1++X:SA'QTY+21:1'", "5"),
		"byte 68, segment 2 (BGM), element 2: is missing: the order's number (13)");
	refuses(MESSAGE("ORDERS", "BGM+220+A+9'", "3"),
		"byte 89, segment 3 (LIN): is missing: there is no line (13)");
	refuses(MESSAGE("ORDERS", "BGM+220+A+9'DTM+137:20260230:102'LIN+1++X:SA'QTY+21:1'", "6"),
		"byte 80, segment 3 (DTM), element 1:2: no such date or time (12)");
	refuses(MESSAGE("DESADV", "BGM+351+D'LIN+1++X:SA'QTY+12:x'", "5"),
		"byte 90, segment 4 (QTY), element 1:2: not a number (12)");
	refuses(MESSAGE("INVRPT", "BGM+35+I'LIN+1'QTY+145:1'", "5"),
		"byte 77, segment 3 (LIN): is missing: the line names no article (13)");
	refuses(MESSAGE("CONTRL", "UCI+X+A+B+9'", "3"),
		"byte 68, segment 2 (UCI), element 4: value not allowed (12)");
}

static void test_what_a_seller_answers(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_take(
			&t, MESSAGE("ORDRSP",
				    "BGM+231+S-1+4'DTM+137:20261121:102'RFF+ON:A-1'"
				    "LIN+1+5+X:SA'QTY+21:3'QTY+12:3'LIN+2+3+Y:SA'QTY+21:3'"
				    "QTY+12:1'QTY+83:2'DTM+67:20261203:102'LIN+3++Z:SA'QTY+83:4'"
				    "LIN+4+7+V:SA'UNS+S'",
				    "17")),
		3);
	const Carehub__V1__PartsOrderAnswered *answer =
		trader_message(&t, 0, "parts.order.answered");
	assert_int_equal(answer->answer, CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_CHANGED);
	assert_int_equal(
		answer->lines[0]->answer, CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_ACCEPTED);
	assert_int_equal(answer->lines[1]->answer, CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_CHANGED);
	assert_int_equal(
		answer->lines[2]->answer, CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_BACKORDERED);
	assert_int_equal(
		answer->lines[3]->answer, CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_REJECTED);
	assert_string_equal(answer->buyer_id, "R1");
	/* One line is refused: the others still come. */
	const Carehub__V1__PartsOrderCancelled *refused =
		trader_message(&t, 1, "parts.order.cancelled");
	assert_int_equal(refused->n_line_ids, 1);
	assert_string_equal(refused->line_ids[0], "4");
	const Carehub__V1__PartsOrderBackordered *later =
		trader_message(&t, 2, "parts.order.backordered");
	assert_int_equal(later->n_lines, 2);
	assert_slice_text(trader_envelope(&t, 2)->id, "S1/R1/261122/REF1/M1#backordered");
	assert_slice_text(trader_envelope(&t, 2)->causation_id, "S1/R1/261122/REF1/M1");
	trader_close(&t);
	assert_int_equal(trader_take(&t, MESSAGE("ORDRSP", "BGM+231+S-1+27'RFF+ON:A-1'", "4")), 2);
	(void)trader_message(&t, 1, "parts.order.cancelled");
	trader_close(&t);
}

static void test_what_is_sent(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_take(&t, MESSAGE("DESADV",
					"BGM+351+D-1'DTM+11:202611221400:203'DTM+17:20261124:102'"
					"RFF+ON:A-1'RFF+CN:T-5'NAD+DP+ST-7::92'NAD+WH+W1::92'"
					"CPS+1'PAC+1'CPS+2+1'PAC+1++CT'GIN+BJ+340123456789012345'"
					"LIN+1++X:SA'QTY+12:2'RFF+ON:A-2:7'GIN+BN+SN1+SN2'"
					"QVR+-1:21+BK'DTM+361:20270101:102'LIN+2++Y:SA'QTY+12:1'",
					"22")),
		1);
	const Carehub__V1__PartsDispatchAdvised *advice =
		trader_message(&t, 0, "parts.dispatch.advised");
	assert_string_equal(advice->station_id, "ST-7");
	assert_string_equal(advice->warehouse_id, "W1");
	assert_string_equal(advice->tracking_numbers[0], "T-5");
	assert_string_equal(advice->packages[1]->parent_id, "1");
	assert_string_equal(advice->packages[1]->sscc, "340123456789012345");
	assert_string_equal(advice->lines[0]->parts_order_id, "A-2");
	assert_string_equal(advice->lines[0]->order_line_id, "7");
	assert_string_equal(advice->lines[0]->package_id, "2");
	assert_string_equal(advice->lines[0]->serial_numbers[1], "SN2");
	assert_string_equal(advice->lines[0]->expiry_date, "2027-01-01");
	expect_decimal(advice->lines[0]->variance, -1, 0);
	assert_string_equal(advice->lines[1]->parts_order_id, "A-1");
	trader_close(&t);
}

static void test_a_receipt_is_an_event_for_each_order(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_take(&t, MESSAGE("RECADV",
						 "BGM+632+G-1'RFF+AAK:D-1'NAD+DP+ST-7::92'"
						 "LIN+1++X:SA'QTY+48:2'RFF+ON:A-1'"
						 "LIN+2++Y:SA'QTY+48:1'RFF+ON:A-2'"
						 "LIN+3++Z:SA'QTY+194:1'RFF+ON:A-1'",
						 "14")),
		2);
	const Carehub__V1__PartsGoodsReceived *first =
		trader_message(&t, 0, "parts.goods.received");
	const Carehub__V1__PartsGoodsReceived *second =
		trader_message(&t, 1, "parts.goods.received");
	assert_string_equal(first->dispatch_id, "D-1");
	assert_int_equal(first->n_lines, 2);
	assert_string_equal(first->parts_order_ids[0], "A-1");
	assert_string_equal(second->parts_order_ids[0], "A-2");
	assert_slice_text(trader_envelope(&t, 1)->id, "S1/R1/261122/REF1/M1#order2");
	trader_close(&t);
}

static void test_an_article_on_two_shelves_is_one_stock(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_take(
			&t, MESSAGE("INVRPT",
				    "BGM+35+I-1'DTM+366:20261122:102'NAD+WH+W1::92'LIN+1++X:SA'"
				    "LOC+14+A-1'QTY+145:10:PCE'LIN+2++Y:SA'QTY+145:1'LIN+3++X:SA'"
				    "LOC+14+B-9'QTY+145:2.5:PCE'QTY+33:2:PCE'",
				    "14")),
		3);
	const Carehub__V1__ReferenceStockPublished *stock =
		trader_message(&t, 1, "reference.stock.published");
	assert_string_equal(stock->item_code, "X");
	expect_decimal(stock->on_hand, 125, 1);
	expect_decimal(stock->available, 2, 0);
	assert_slice_text(trader_envelope(&t, 1)->id, "S1/R1/261122/REF1/M1#stock1");
	stock = trader_message(&t, 2, "reference.stock.published");
	assert_string_equal(stock->item_code, "Y");
	assert_slice_text(trader_envelope(&t, 2)->id, "S1/R1/261122/REF1/M1#stock2");
	trader_close(&t);
}

static void test_stock_is_a_report_and_reference_data(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_take(&t, MESSAGE("INVRPT",
					"BGM+35+I-1'DTM+366:20261122:102'NAD+WH+W1::92'LIN+1++X:SA'"
					"QTY+145:10:PCE'QTY+145:5'QTY+33:0'LIN+2++Y:SA'QTY+48:7'",
					"11")),
		2);
	const Carehub__V1__PartsInventoryReported *report =
		trader_message(&t, 0, "parts.inventory.reported");
	assert_string_equal(report->warehouse_id, "W1");
	expect_decimal(report->lines[0]->on_hand, 15, 0);
	const Carehub__V1__ReferenceStockPublished *stock =
		trader_message(&t, 1, "reference.stock.published");
	assert_string_equal(stock->item_code, "X");
	expect_decimal(stock->available, 0, 0);
	assert_true(stock->as_of_time_us == NOVEMBER + DAY(21));
	assert_slice_text(trader_envelope(&t, 1)->subject, "W1/X");
	trader_close(&t);
	/* A long report comes in pages. */
	struct buffer text = {0};
	buffer_append_text(&text, UNB "UNH+M1+INVRPT:D:96A:UN'BGM+35+I-2'");
	for (int i = 0; i < 1000; i++)
		buffer_printf(&text, "LIN+%d++X%d:SA'QTY+145:%d'", i, i, i);
	buffer_append_text(&text, "UNT+2003+M1'" UNZ("1"));
	assert_int_equal(trader_take(&t, buffer_text(&text)), 3 + 1000);
	report = trader_message(&t, 2, "parts.inventory.reported");
	assert_int_equal(report->page, 3);
	assert_int_equal(report->pages, 3);
	assert_int_equal(report->n_lines, 200);
	assert_slice_text(trader_envelope(&t, 2)->id, "S1/R1/261122/REF1/M1#page3");
	buffer_fini(&text);
	trader_close(&t);
}

static void test_prices_stay_exact(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_take(&t, MESSAGE("PRICAT",
					"BGM+9+P-7'DTM+194:20261201:102'RFF+PL:SPARES'CUX+2:EUR:8'"
					"LIN+1+1+X:SA'IMD+F++:::Screw'PRI+AAA:0.7066:CT:AAE:1:PCE'"
					"LIN+2+2+Y:SA'",
					"10")),
		3);
	const Carehub__V1__ReferencePricePublished *price =
		trader_message(&t, 1, "reference.price.published");
	assert_string_equal(price->price_list_id, "SPARES");
	assert_int_equal(price->price->minor_units, 7066);
	expect_decimal(price->basis, 100, 0);
	assert_string_equal(price->valid_from_date, "2026-12-01");
	price = trader_message(&t, 2, "reference.price.published");
	assert_int_equal(price->retired, CAREHUB__V1__ANSWER__ANSWER_YES);
	trader_close(&t);
}

static void test_what_partners_say_of_ours(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_take(&t, MESSAGE("CONTRL",
						 "UCI+OURS1+R1:14+S1:14+7'UCM+M2+ORDERS:D:96A:UN+4'"
						 "UCS+14'UCD+12+2:2'",
						 "6")),
		1);
	const Carehub__V1__PartsInterchangeAcknowledged *said =
		trader_message(&t, 0, "parts.interchange.acknowledged");
	assert_int_equal(said->action, CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_ACKNOWLEDGED);
	assert_int_equal(said->n_errors, 2);
	assert_int_equal(said->errors[1]->segment, 14);
	assert_int_equal(said->errors[1]->element, 1);
	assert_int_equal(said->errors[1]->component, 2);
	assert_slice_text(trader_envelope(&t, 0)->subject, "R1/S1/OURS1");
	assert_true(interchange_only_acknowledges(&t.interchange));
	trader_close(&t);
	assert_int_equal(
		trader_take(&t, ISA "TA1*000000003*261122*0930*R*025~IEA*0*000000007~"), 1);
	said = trader_message(&t, 0, "parts.interchange.acknowledged");
	assert_int_equal(said->action, CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_REJECTED);
	assert_string_equal(said->errors[0]->error_code, "025");
	assert_true(interchange_only_acknowledges(&t.interchange));
	trader_close(&t);
}

static void test_x12_says_the_same(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	t.options.currency = SLICE_LITERAL("USD");
	assert_int_equal(
		trader_take(&t, X12("850",
					"BEG*00*RO*A-1**20261121~REF*WO*R-1~DTM*002*20261124~"
					"N1*BY*Station 7*92*ST-7~N4*Beijing***CN~"
					"PO1*1*2.5*EA*9.25**CB*C-1*VN*V-1~REF*WO*R-17~"
					"PID*F****Panel~CTT*1~AMT*TT*23.13~",
					"12")),
		1);
	const Carehub__V1__PartsOrderPlaced *order = trader_message(&t, 0, "parts.order.placed");
	assert_int_equal(order->urgent, CAREHUB__V1__ANSWER__ANSWER_YES);
	assert_string_equal(order->parties[0]->city, "Beijing");
	assert_string_equal(order->lines[0]->item->part_number, "V-1");
	assert_string_equal(order->lines[0]->item->buyer_part_number, "C-1");
	assert_string_equal(order->lines[0]->repair_order_id, "R-17");
	expect_decimal(order->lines[0]->quantity, 25, 1);
	assert_int_equal(order->total->minor_units, 2313);
	trader_close(&t);
	assert_int_equal(trader_take(&t, X12("855",
						 "BAK*00*AC*A-1*20261121~PO1*1*5*EA**1*VN*V-1~"
						 "ACK*IA*3*EA~ACK*IB*2*EA*068*20261203~CTT*1~",
						 "7")),
		2);
	const Carehub__V1__PartsOrderAnswered *answer =
		trader_message(&t, 0, "parts.order.answered");
	assert_int_equal(answer->lines[0]->answer, CAREHUB__V1__PARTS_ANSWER__PARTS_ANSWER_CHANGED);
	expect_decimal(answer->lines[0]->confirmed_quantity, 3, 0);
	expect_decimal(answer->lines[0]->backordered_quantity, 2, 0);
	trader_close(&t);
	assert_int_equal(
		trader_take(&t, X12("856",
					"BSN*00*D-1*20261122*1400~HL*1**S~N1*SF*W*92*W1~HL*2*1*O~"
					"PRF*A-1~HL*3*2*P~MAN*GM*340123456789012345~HL*4*3*I~"
					"LIN**VP*X~SN1**2*EA**3*EA~CTT*1~",
					"13")),
		1);
	const Carehub__V1__PartsDispatchAdvised *advice =
		trader_message(&t, 0, "parts.dispatch.advised");
	assert_string_equal(advice->lines[0]->parts_order_id, "A-1");
	assert_string_equal(advice->lines[0]->package_id, "3");
	expect_decimal(advice->lines[0]->ordered_quantity, 3, 0);
	trader_close(&t);
	assert_int_equal(trader_take(&t, X12("861",
						 "BRA*G-1*20261124*00*1~PRF*A-1~N1*ST*S*92*ST-7~"
						 "RCD*1*2*EA~LIN**VP*X~CTT*1~",
						 "8")),
		1);
	const Carehub__V1__PartsGoodsReceived *receipt =
		trader_message(&t, 0, "parts.goods.received");
	assert_string_equal(receipt->parts_order_ids[0], "A-1");
	assert_string_equal(receipt->lines[0]->item->part_number, "X");
	trader_close(&t);
	assert_int_equal(trader_take(&t, X12("846",
						 "BIA*00*SI*I-1*20261122~LIN*1*VP*X~QTY*17*9*EA~"
						 "QTY*33*4~LIN*2*VP*Y~QTY*33*0~",
						 "8")),
		3);
	trader_close(&t);
	assert_int_equal(trader_take(&t, X12("832",
						 "BCT*PC*P-1~CUR*SE*USD~LIN*1*VP*X~"
						 "CTP**LPR*12.5*1*EA~",
						 "6")),
		2);
	trader_close(&t);
	assert_int_equal(
		trader_take(&t, X12("860",
					"BCH*04*SA*A-1**C-1*20261122~POC*1*QD*1*1*EA*2**VN*X~"
					"POC*2*DI**0*EA***VN*Y~",
					"5")),
		1);
	(void)trader_message(&t, 0, "parts.order.amended");
	trader_close(&t);
	refuses(X12("850", "BEG*00*SA*A-1**20261121~PO1*1*x*EA~", "4"),
		"byte 177, segment 3 (PO1), element 2: not a number (12)");
}

/* A level is below the one that it names, wherever that stands. */
static void test_x12_levels(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_take(&t,
			X12("856",
				"BSN*00*D-1*20261122*1400~HL*1**S~REF*L1**Glass~HL*2*1*T~"
				"TD1*PLT*1****G*250*KG~HL*3*2*P~MAN*GM*340123456789012345~"
				"HL*4*3*O~PRF*A-1~HL*5*4*I~LIN*1*VP*X~SN1*7*2*EA~REF*SE*S-1~"
				"REF*SE*S-2~HL*6*1*O~PRF*A-2~HL*7*6*I~LIN*2*VP*Y~SN1**1*EA~HL*8*3*O~"
				"PRF*A-2~HL*9*8*I~LIN*3*VP*Z~SN1**1*EA~HL*10*1*I~LIN*4*VP*W~"
				"SN1**1*EA~CTT*10~",
				"30")),
		1);
	const Carehub__V1__PartsDispatchAdvised *advice =
		trader_message(&t, 0, "parts.dispatch.advised");
	assert_string_equal(advice->remarks, "Glass");
	assert_int_equal(advice->n_packages, 2);
	assert_string_equal(advice->packages[0]->parent_id, "");
	assert_string_equal(advice->packages[0]->packaging, "PLT");
	expect_decimal(advice->packages[0]->weight_kg, 250, 0);
	assert_string_equal(advice->packages[1]->parent_id, "2");
	static const char *const packages[] = {"3", "", "3", ""};
	static const char *const orders[] = {"A-1", "A-2", "A-2", ""};
	assert_int_equal(advice->n_lines, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(advice->lines[i]->package_id, packages[i]);
		assert_string_equal(advice->lines[i]->parts_order_id, orders[i]);
	}
	assert_int_equal(advice->n_parts_order_ids, 2);
	assert_string_equal(advice->lines[0]->serial_numbers[1], "S-2");
	trader_close(&t);
	/* Numbers that do not count: each is below the one before it. */
	assert_int_equal(
		trader_take(
			&t, X12("856",
				    "BSN*00*D-1*20261122~HL*10**S~HL*20*10*O~PRF*A-1~HL*30*20*P~"
				    "HL*40*30*I~LIN*1*VP*X~SN1**2*EA~HL*50*10*O~PRF*A-2~HL*60*50*I~"
				    "LIN*2*VP*Y~SN1**1*EA~",
				    "15")),
		1);
	advice = trader_message(&t, 0, "parts.dispatch.advised");
	assert_string_equal(advice->lines[0]->package_id, "30");
	assert_string_equal(advice->lines[0]->parts_order_id, "A-1");
	assert_string_equal(advice->lines[1]->package_id, "");
	assert_string_equal(advice->lines[1]->parts_order_id, "A-2");
	trader_close(&t);
}

/* What else a partner may say, and where. */
static void test_x12_places(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_take(&t, X12("850",
						 "BEG*00*SA*A-1**20261121~CUR*BY*EUR~"
						 "PO1*1*2*EA~AMT*1*5.00~CTT*1~AMT*1*7.50~",
						 "8")),
		1);
	const Carehub__V1__PartsOrderPlaced *order = trader_message(&t, 0, "parts.order.placed");
	assert_int_equal(order->lines[0]->amount->minor_units, 500);
	assert_int_equal(order->total->minor_units, 750);
	trader_close(&t);
	assert_int_equal(
		trader_take(
			&t, X12("855",
				    "BAK*00*AC*A-1*20261101****R-1*20261121~PO1*1*5**1**VP*X~"
				    "ACK*IS*5*EA****VP*Y*EN*4000862141404~DTM*067*20261203*0930~",
				    "6")),
		1);
	const Carehub__V1__PartsOrderAnswered *answer =
		trader_message(&t, 0, "parts.order.answered");
	assert_string_equal(answer->response_date, "2026-11-21");
	assert_string_equal(answer->lines[0]->unit, "EA");
	assert_string_equal(answer->lines[0]->substitute->part_number, "Y");
	assert_string_equal(answer->lines[0]->substitute->gtin, "4000862141404");
	assert_true(answer->lines[0]->expected_time_us == INT64_C(1796290200000000));
	trader_close(&t);
	assert_int_equal(trader_take(&t, X12("846",
						 "BIA*00*SI*I-1*20261122~DTM*184*20261121*2359~"
						 "LIN*1*VP*X~REF*LU*A-03~QTY*17*9*EA~QTY*27*4~"
						 "QTY*87*3~",
						 "9")),
		2);
	const Carehub__V1__PartsInventoryReported *report =
		trader_message(&t, 0, "parts.inventory.reported");
	assert_true(report->as_of_time_us == INT64_C(1795305540000000));
	assert_string_equal(report->lines[0]->location_id, "A-03");
	expect_decimal(report->lines[0]->reserved, 4, 0);
	expect_decimal(report->lines[0]->received, 3, 0);
	trader_close(&t);
	assert_int_equal(trader_take(&t, X12("860",
						 "BCH*04*SA*A-1***20261101***CHANGE-0001**20261122~"
						 "POC*1*CA*1*1*EA***VP*X~",
						 "4")),
		1);
	const Carehub__V1__PartsOrderAmended *change = trader_message(&t, 0, "parts.order.amended");
	assert_string_equal(change->change_id, "CHANGE-0001");
	assert_string_equal(change->change_date, "2026-11-22");
	trader_close(&t);
}

static void test_what_was_agreed(void **state)
{
	static const char *const ours[] = {"R2"};
	struct trader t = {.scanner = NULL};
	(void)state;
	t.options.recipients = ours;
	t.options.recipient_count = 1;
	(void)trader_take(&t, UNB ORDER("M1", "A1") UNZ("1"));
	assert_string_equal(trader_whole_flaw(&t), "byte 0, UNB, element 3: for somebody else (7)");
	trader_close(&t);
	t.options.refuse_tests = true;
	(void)trader_take(
		&t, "UNB+UNOC:3+S1+R1+261122:0930+REF1++++++1'" ORDER("M1", "A1") UNZ("1"));
	assert_string_equal(
		trader_whole_flaw(&t), "byte 0, UNB, element 11: tests are not taken here (25)");
	trader_close(&t);
}

static void test_times_are_of_the_zone(void **state)
{
	struct trader t = {.scanner = NULL};
	struct zone *zone;
	(void)state;
	assert_int_equal(zone_open(SLICE_LITERAL("+08:00"), &zone), CH_OK);
	t.options.zone = zone;
	assert_int_equal(trader_take(&t, MESSAGE("ORDERS",
						 "BGM+220+A+9'DTM+137:20261122:102'LIN+1++X:SA'"
						 "QTY+21:1'",
						 "6")),
		1);
	/* The day is that of the interchange, which knows the time. */
	assert_true(trader_envelope(&t, 0)->time_us ==
		    NOVEMBER + DAY(21) + INT64_C(34200000000) - INT64_C(28800000000));
	zone_free(zone);
	trader_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_the_purpose_of_an_order),
		cmocka_unit_test(test_a_message_is_taken_whole_or_not),
		cmocka_unit_test(test_what_a_seller_answers),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_a_receipt_is_an_event_for_each_order),
		cmocka_unit_test(test_an_article_on_two_shelves_is_one_stock),
		cmocka_unit_test(test_stock_is_a_report_and_reference_data),
		cmocka_unit_test(test_prices_stay_exact),
		cmocka_unit_test(test_what_partners_say_of_ours),
		cmocka_unit_test(test_x12_says_the_same),
		cmocka_unit_test(test_x12_levels),
		cmocka_unit_test(test_x12_places),
		cmocka_unit_test(test_what_was_agreed),
		cmocka_unit_test(test_times_are_of_the_zone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
