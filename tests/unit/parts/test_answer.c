#include "trader.h"

static void expect(const char *text, const char *answer)
{
	struct trader t = {.scanner = NULL};
	(void)trader_take(&t, text);
	assert_string_equal(trader_answer(&t), answer);
	/* What is written can be read, and is never answered. */
	char copy[4096];
	(void)snprintf(copy, sizeof(copy), "%s", answer);
	trader_close(&t);
	assert_int_equal(trader_take(&t, copy), 1);
	assert_string_equal(trader_whole_flaw(&t), "");
	assert_string_equal(trader_flaw(&t, 0), "");
	assert_true(interchange_only_acknowledges(&t.interchange));
	trader_close(&t);
}

#define HEAD "UNB+UNOC:3+R1:14+S1:14+261122:0931+0000000042'UNH+1+CONTRL:D:3:UN'"
#define UCI  "UCI+REF1+S1:14+R1:14+"

static void test_usage(void **state)
{
	(void)state;
	expect(UNB ORDER("M1", "A1") UNZ("1"), HEAD UCI "7'UNT+3+1'UNZ+1+0000000042'");
}

static void test_a_bad_message_beside_a_good_one(void **state)
{
	(void)state;
	expect(UNB ORDER("M1", "A1") "UNH+M2+ORDERS:D:96A:UN'BGM+220+A2+9'LIN+1++X:SA'QTY+21:x'"
				     "LIN+2++Y:SA'UNS+S'UNT+7+M2'" UNZ("2"),
		HEAD UCI "7'UCM+M2+ORDERS:D:96A:UN+4'UCS+4'UCD+12+2:2'UCS+5+13'UNT+7+1'"
			 "UNZ+1+0000000042'");
	expect(UNB "UNH+M?+1+ORDERS:D:96A:UN'BGM+220+A2+9'UNT+9+M?+1'" UNZ("1"),
		HEAD UCI "7'UCM+M?+1+ORDERS:D:96A:UN+4+29+UNT+2'UNT+4+1'UNZ+1+0000000042'");
}

static void test_all_of_it_refused(void **state)
{
	(void)state;
	expect(UNB ORDER("M1", "A1") UNZ("2"), HEAD UCI "4+29+UNZ+2'UNT+3+1'UNZ+1+0000000042'");
	expect(UNB ORDER("M1", "A1"), HEAD UCI "4+13+UNZ'UNT+3+1'UNZ+1+0000000042'");
}

static void test_groups(void **state)
{
	(void)state;
	expect(UNB "UNG+ORDERS+S+R+261122:0930+G1+UN+D:96A'" ORDER("M1",
		       "A1") "UNE+2+G1'"
			     "UNG+ORDERS+S+R+261122:0930+G2+UN+D:96A'UNH+M2+INVOIC:D:96A:UN'UNT+2+M2'"
			     "UNE+1+G2'" UNZ("2"),
		HEAD UCI "7'UCF+G1+S+R+4+29+UNE+2'UCF+G2+S+R+7'"
			 "UCM+M2+INVOIC:D:96A:UN+4+17+UNH+3:1'UNT+6+1'UNZ+1+0000000042'");
}

static void test_what_the_hub_says(void **state)
{
	struct trader t = {.scanner = NULL};
	struct buffer out = {0};
	struct answer_options options = {.number = 42, .stand = ANSWER_REFUSED};
	(void)state;
	(void)trader_take(&t, UNB ORDER("M1", "A1") UNZ("1"));
	assert_int_equal(answer_write(&t.interchange, &options, &out), CH_OK);
	assert_non_null(strstr(buffer_text(&out), UCI "4+18'"));
	buffer_clear(&out);
	options.stand = ANSWER_TAKEN;
	assert_int_equal(answer_write(&t.interchange, &options, &out), CH_OK);
	assert_non_null(strstr(buffer_text(&out), UCI "4+26'"));
	buffer_clear(&out);
	options.stand = ANSWER_PENDING;
	assert_int_equal(answer_write(&t.interchange, &options, &out), CH_OK);
	assert_non_null(strstr(buffer_text(&out), UCI "8'"));
	buffer_fini(&out);
	trader_close(&t);
}

static void test_syntax_4(void **state)
{
	(void)state;
	expect("UNB+UNOW:4+S1:14+R1:14+20261122:0930+REF1'" ORDER("M1", "A1") UNZ("2"),
		"UNB+UNOW:4+R1:14+S1:14+20261122:0931+0000000042'UNH+1+CONTRL:4:1:UN'"
		"UCI+REF1+S1:14+R1:14+4+29+UNZ+2'UNT+3+1'UNZ+1+0000000042'");
}

#define ISA(sender, recipient, wants)                                                              \
	"ISA*00*          *00*          *ZZ*" sender "*ZZ*" recipient                              \
	"*261122*0930*^*00501*000000007*" wants "*P*:~"
#define FROM "S1             "
#define TO   "R1             "
#define ANSWER                                                                                     \
	"ISA*00*          *00*          *ZZ*" TO "*ZZ*" FROM "*261122*0931*^*00501*000000042*0*P*:~"

static void test_x12(void **state)
{
	(void)state;
	expect(ISA(FROM, TO, "1") "GS*PO*S*R*20261122*0930*7*X*005010~ST*850*0001~"
				  "BEG*00*SA*A1**20261121~PO1*1*48*EA~SE*4*0001~ST*850*0002~"
				  "BEG*00*SA*A1**20261121~PO1*1*x*EA~SE*4*0002~GE*2*7~"
				  "IEA*1*000000007~",
		ANSWER "TA1*000000007*261122*0930*A*000~GS*FA*R*S*20261122*0931*42*X*005010~"
		       "ST*997*0001~AK1*PO*7~AK2*850*0001~AK5*A~AK2*850*0002~AK3*PO1*3**8~"
		       "AK4*2**6~AK5*R*5~AK9*P*2*2*1~SE*10*0001~GE*1*42~IEA*1*000000042~");
}

/* AK902 is what the trailer says, AK903 what came. */
static void test_x12_a_trailer_that_counts_wrongly(void **state)
{
	(void)state;
	expect(ISA(FROM, TO, "0") "GS*PO*S*R*20261122*0930*7*X*005010~ST*850*0001~"
				  "BEG*00*SA*A1**20261121~PO1*1*48*EA~SE*4*0001~GE*5*7~"
				  "IEA*1*000000007~",
		ANSWER "GS*FA*R*S*20261122*0931*42*X*005010~ST*997*0001~AK1*PO*7~AK9*R*5*1*0*5~"
		       "SE*4*0001~GE*1*42~IEA*1*000000042~");
}

static void test_x12_refused(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	(void)trader_take(&t, ISA(FROM, TO, "0") "GS*PO*S*R*20261122*0930*7*X*005010~ST*850*0001~"
						 "SE*2*0001~GE*1*7~IEA*2*000000007~");
	assert_string_equal(
		trader_answer(&t), ANSWER "TA1*000000007*261122*0930*R*021~IEA*0*000000042~");
	trader_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_a_bad_message_beside_a_good_one),
		cmocka_unit_test(test_all_of_it_refused),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_what_the_hub_says),
		cmocka_unit_test(test_syntax_4),
		cmocka_unit_test(test_x12),
		cmocka_unit_test(test_x12_a_trailer_that_counts_wrongly),
		cmocka_unit_test(test_x12_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
