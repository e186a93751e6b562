#include "trader.h"

static void test_usage(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_read(&t, "\xef\xbb\xbf" UNB ORDER("M1", "A1") ORDER("M2", "A2")
						 UNZ("2") "\r\n"),
		CH_OK);
	const struct interchange *x = &t.interchange;
	assert_slice_text(x->sender.id, "S1");
	assert_slice_text(x->recipient.qualifier, "14");
	assert_slice_text(x->reference, "REF1");
	assert_true(x->wants_acknowledgement && !x->test && !x->cut_off);
	assert_int_equal(x->message_count, 2);
	assert_int_equal(x->segments, 16);
	assert_int_equal(x->messages[1].kind, MESSAGE_ORDER);
	assert_int_equal(x->messages[1].segments, 7);
	assert_false(interchange_is_refused(x));
	assert_string_equal(trader_whole_flaw(&t), "");
	trader_close(&t);
}

static void expect_whole(const char *text, const char *flaw)
{
	struct trader t = {.scanner = NULL};
	assert_int_equal(trader_read(&t, text), CH_OK);
	assert_string_equal(trader_whole_flaw(&t), flaw);
	assert_true(interchange_is_refused(&t.interchange));
	trader_close(&t);
}

static void test_what_refuses_all_of_it(void **state)
{
	(void)state;
	expect_whole(UNB ORDER("M1", "A1") UNZ("2"),
		"byte 162, UNZ, element 1: the count is wrong: messages (29)");
	expect_whole(UNB ORDER("M1", "A1") "UNZ+1+REF2'",
		"byte 162, UNZ, element 2: header and trailer differ (28)");
	expect_whole(UNB ORDER("M1", "A1"), "byte 162, UNZ: is missing: what came is cut off (13)");
	expect_whole(UNB "UNZ+0+REF1'", "byte 45, UNZ: nothing is in it (32)");
	expect_whole(UNB "LIN+1'" ORDER("M1", "A1") UNZ("1"),
		"byte 45, LIN: stands outside any message (33)");
	expect_whole("UNB+UNOC:9+S1+R1+261122:0930+REF1'" ORDER("M1", "A1") UNZ("1"),
		"byte 0, UNB, element 1:2: syntax version not supported (2)");
	expect_whole("UNB+KECA:3+S1+R1+261122:0930+REF1'" ORDER("M1", "A1") UNZ("1"),
		"byte 0, UNB, element 1:1: charset not supported (46)");
	expect_whole("UNB+UNOC:3+S1+R1+269922:0930+REF1'" ORDER("M1", "A1") UNZ("1"),
		"byte 0, UNB, element 4: no such date or time (12)");
	expect_whole("UNB+UNOC:3++R1+261122:0930+REF1'" ORDER("M1", "A1") UNZ("1"),
		"byte 0, UNB, element 2:1: is missing: the sender (13)");
	/* Five marks where six belong: the sixth is a letter. */
	expect_whole("UNA:+.?'" UNB ORDER("M1", "A1") UNZ("1"),
		"byte 0, UNA: cannot be used as marks: six different ones belong behind UNA (22)");
	expect_whole("UNB+UNOC:3+S1+R1", "byte 0, UNB: is missing (13)");
	expect_whole(UNB "UNG+ORDERS+S+R+261122:0930+G1+UN+D:96A'" ORDER(
			     "M1", "A1") "UNE+1+G1'" ORDER("M2", "A2") UNZ("2"),
		"byte 210, segment 1 (UNH): groups and bare messages are mixed (30)");
}

static void expect_message(const char *text, const char *flaw)
{
	struct trader t = {.scanner = NULL};
	assert_int_equal(trader_read(&t, text), CH_OK);
	assert_string_equal(trader_whole_flaw(&t), "");
	assert_string_equal(trader_flaw(&t, 0), flaw);
	assert_string_equal(trader_flaw(&t, 1), "");
	assert_true(interchange_refuses(&t.interchange, &t.interchange.messages[0]));
	assert_false(interchange_refuses(&t.interchange, &t.interchange.messages[1]));
	trader_close(&t);
}

static void test_what_refuses_one_message(void **state)
{
	(void)state;
	expect_message(UNB "UNH+M1+ORDERS:D:96A:UN'BGM+220+A+9'UNT+9+M1'" ORDER("M2", "A2")
			       UNZ("2"),
		"byte 80, segment 3 (UNT), element 1: the count is wrong: segments (29)");
	expect_message(UNB "UNH+M1+ORDERS:D:96A:UN'BGM+220+A+9'UNT+3+M9'" ORDER("M2", "A2")
			       UNZ("2"),
		"byte 80, segment 3 (UNT), element 2: header and trailer differ (28)");
	expect_message(UNB "UNH+M1+ORDERS:D:96A:UN'BGM+220+A+9'" ORDER("M2", "A2") UNZ("2"),
		"byte 80, segment 3 (UNT): is missing: what came is cut off (13)");
	expect_message(UNB "UNH+M1+INVOIC:D:96A:UN'BGM+380+A+9'UNT+3+M1'" ORDER("M2", "A2")
			       UNZ("2"),
		"byte 45, segment 1 (UNH), element 2:1: not carried here (17)");
	expect_message(UNB "UNH+M1+ORDERS:D:96A:UN'FTX+AAI+++a\x80"
			   "b'UNT+3+M1'" ORDER("M2", "A2") UNZ("2"),
		"byte 78, segment 2 (FTX), element 4:1: not text in the charset declared (21)");
}

static void test_a_name_that_comes_twice(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_read(&t, UNB ORDER("M1", "A1") ORDER("M1", "A2") UNZ("2")), CH_OK);
	assert_string_equal(trader_flaw(&t, 0), "");
	assert_string_equal(trader_flaw(&t, 1),
		"byte 162, segment 1 (UNH), element 1: came before: "
		"a message of this reference stands before it (26)");
	trader_close(&t);
	/* Whatever stands between them. */
	assert_int_equal(trader_read(&t, UNB ORDER("M2", "A1") ORDER("M10", "A2") ORDER("M1", "A3")
						 ORDER("M2", "A4") UNZ("4")),
		CH_OK);
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(trader_flaw(&t, i), "");
	assert_string_not_equal(trader_flaw(&t, 3), "");
	trader_close(&t);
}

static void test_groups(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(
		trader_read(&t,
			UNB "UNG+ORDERS+S+R+261122:0930+G1+UN+D:96A'" ORDER("M1", "A1")
				ORDER("M2", "A2") "UNE+1+G1'"
						  "UNG+ORDERS+S+R+261122:0930+G2+UN+D:96A'" ORDER(
							  "M3", "A3") "UNE+1+G2'" UNZ("2")),
		CH_OK);
	assert_string_equal(trader_whole_flaw(&t), "");
	assert_int_equal(t.interchange.groups[0].flaw.kind, FLAW_COUNT);
	assert_true(interchange_refuses(&t.interchange, &t.interchange.messages[1]));
	assert_false(interchange_refuses(&t.interchange, &t.interchange.messages[2]));
	trader_close(&t);
}

static void test_several_in_one_file_with_rubbish_between(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	static const char text[] = "Dear all,\nplease find\n" UNB ORDER("M1", "A1")
		UNB ORDER("M1", "A1") UNZ("1") "\r\n\x1a";
	assert_int_equal(trader_read(&t, text), CH_FORMAT);
	assert_int_equal(t.flaw.kind, FLAW_OUTSIDE);
	assert_int_equal(t.at, 22);
	/* The first lost its end, the second is whole. */
	assert_int_equal(
		interchange_next(t.scanner, t.text, &t.at, &t.interchange, &t.flaw), CH_OK);
	assert_int_equal(t.interchange.flaw.kind, FLAW_TRAILER);
	assert_true(t.interchange.cut_off);
	interchange_fini(&t.interchange);
	assert_int_equal(
		interchange_next(t.scanner, t.text, &t.at, &t.interchange, &t.flaw), CH_OK);
	assert_int_equal(t.interchange.flaw.kind, FLAW_NONE);
	assert_int_equal(t.interchange.message_count, 1);
	interchange_fini(&t.interchange);
	assert_int_equal(
		interchange_next(t.scanner, t.text, &t.at, &t.interchange, &t.flaw), CH_END);
	t.interchange = (struct interchange){.standard = STANDARD_EDIFACT};
	trader_close(&t);
}

#define ISA                                                                                          \
	"ISA*00*          *00*          *ZZ*S1             *ZZ*R1             *261122*0930*^*00501*" \
	"000000007*1*P*:~"
#define SET(ref) "ST*850*" ref "~BEG*00*SA*A1**20261121~PO1*1*48*EA~SE*4*" ref "~"

static void test_x12(void **state)
{
	struct trader t = {.scanner = NULL};
	(void)state;
	assert_int_equal(trader_read(&t, ISA "GS*PO*S*R*20261122*0930*7*X*005010~" SET("0001")
						 SET("0002") "GE*2*7~IEA*1*000000007~"),
		CH_OK);
	assert_string_equal(trader_whole_flaw(&t), "");
	assert_slice_text(t.interchange.sender.id, "S1");
	assert_true(t.interchange.wants_acknowledgement);
	assert_int_equal(t.interchange.message_count, 2);
	assert_int_equal(t.interchange.messages[1].segments, 4);
	assert_int_equal(t.interchange.marks.repetition, '^');
	interchange_fini(&t.interchange);
	assert_int_equal(trader_read(&t, ISA "GS*PO*S*R*20261122*0930*7*X*005010~" SET(
						 "0001") "SE*4*0001~GE*2*7~IEA*1*000000007~"),
		CH_OK);
	assert_int_equal(t.interchange.flaw.kind, FLAW_OUTSIDE);
	interchange_fini(&t.interchange);
	assert_int_equal(trader_read(&t, ISA "GS*PO*S*R*20261122*0930*7*X*005010~" SET(
						 "0001") "GE*2*7~IEA*1*000000007~"),
		CH_OK);
	assert_int_equal(t.interchange.groups[0].flaw.kind, FLAW_COUNT);
	interchange_fini(&t.interchange);
	assert_int_equal(trader_read(&t, "ISA*00*"), CH_OK);
	assert_true(t.interchange.cut_off);
	interchange_fini(&t.interchange);
	assert_int_equal(trader_read(&t, ISA "IEA*0*000000009~"), CH_OK);
	assert_int_equal(t.interchange.flaw.kind, FLAW_EMPTY);
	interchange_fini(&t.interchange);
	/* TA1 is of no group, and names of different groups do not meet. */
	assert_int_equal(trader_read(&t, ISA "TA1*1~GS*PO*S*R*20261122*0930*7*X*005010~" SET(
						 "1") "GE*1*7~TA1*2~TA1*1~IEA*1*000000007~"),
		CH_OK);
	assert_int_equal(t.interchange.message_count, 4);
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(trader_flaw(&t, i), "");
	assert_string_not_equal(trader_flaw(&t, 3), "");
	trader_close(&t);
}

/* Marks may be controls, which ISA holds as data like others. */
static void test_x12_of_controls(void **state)
{
	static const char *const marks[] = {
		"\x1d\x1f\x1e\x1c", "\x1f\x1e\x1d\x1c", "*\x1f\x1e\n", "\x1f:^~", "*>^\x1f"};
	struct trader t = {.scanner = NULL};
	static const char usual[] = "*:^~";
	char text[512];
	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		(void)snprintf(text, sizeof(text), "%s",
			ISA "GS*PO*S*R*20261122*0930*7*X*005010~" SET("0001") "GE*1*7~"
									      "IEA*1*000000007~");
		for (char *c = text; *c != 0; c++) {
			const char *mark = strchr(usual, *c);
			*c = mark != NULL ? marks[i][mark - usual] : *c;
		}
		assert_int_equal(trader_read(&t, text), CH_OK);
		assert_string_equal(trader_whole_flaw(&t), "");
		assert_int_equal(t.interchange.message_count, 1);
		assert_int_equal(t.interchange.marks.repetition, (uint8_t)marks[i][2]);
		assert_slice_text(t.interchange.sender.id, "S1");
		interchange_fini(&t.interchange);
	}
	t.interchange = (struct interchange){.standard = STANDARD_EDIFACT};
	trader_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_what_refuses_all_of_it),
		cmocka_unit_test(test_what_refuses_one_message),
		cmocka_unit_test(test_a_name_that_comes_twice),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_several_in_one_file_with_rubbish_between),
		cmocka_unit_test(test_x12),
		cmocka_unit_test(test_x12_of_controls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
