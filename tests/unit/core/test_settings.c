#include "core/party.h"
#include "core/settings.h"
#include "unit/draw.h"

static void reads_every_group(void **state)
{
	(void)state;
	struct settings settings;
	uint32_t line = 0;
	settings_init(&settings);
	assert_int_equal(settings.limits[KEY_PHONE], 5);
	assert_int_equal(settings_parse(&settings,
				 SLICE_LITERAL("block.phone=+8613800138000\n"
					       "block.phone=+8613800138000\n"
					       "deadline.repair.return = 60\r\n"
					       "\n"
					       "limit.phone=2\n"
					       "peer.till-7.assurance=verified\n"
					       "peer.shop.west.7.region=JP\n"
					       "peer.shop.west.7.scope=WEST"),
				 &line),
		CH_OK);
	assert_int_equal(settings.limits[KEY_PHONE], 2);
	assert_int_equal(settings.limits[KEY_EMAIL], 5);
	assert_int_equal(settings.durations_us[PROMISE_REPAIR_RETURN], 60000000);
	assert_true(settings_blocks(&settings, KEY_PHONE, SLICE_LITERAL("+8613800138000")));
	assert_false(settings_blocks(&settings, KEY_EMAIL, SLICE_LITERAL("+8613800138000")));
	assert_false(settings_blocks(&settings, KEY_PHONE, slice_of(NULL, 0)));
	const struct peer_rules *shop = settings_peer(&settings, SLICE_LITERAL("shop.west.7"));
	assert_string_equal(shop->region, "JP");
	assert_string_equal(shop->scope, "WEST");
	assert_int_equal(shop->assurance, ASSURANCE_CLAIMED);
	assert_int_equal(
		settings_peer(&settings, SLICE_LITERAL("till-7"))->assurance, ASSURANCE_VERIFIED);
	assert_string_equal(settings_peer(&settings, SLICE_LITERAL("nobody"))->region, "CN");
	assert_int_equal(settings_parse(&settings, SLICE_LITERAL(""), &line), CH_OK);
	assert_int_equal(settings.limits[KEY_PHONE], 5); /* what is not named has its default */
	assert_false(settings_blocks(&settings, KEY_PHONE, SLICE_LITERAL("+8613800138000")));
	settings_fini(&settings);
}

static void knows_grades_and_ladders(void **state)
{
	(void)state;
	struct settings settings;
	uint32_t line = 0;
	settings_init(&settings);
	/* Severities of a complaint, kinds of a case; what has no grade of its own is as the promise. */
	assert_int_equal(settings_parse(&settings,
				 SLICE_LITERAL("deadline.complaint.answer=100\n"
					       "deadline.complaint.answer.critical=10\n"
					       "deadline.case.answer.sales=50\n"
					       "ladder.complaint.answer=0:desk  60:manager\n"),
				 &line),
		CH_OK);
	assert_int_equal(settings_duration(&settings, PROMISE_COMPLAINT_ANSWER, 4), 10000000);
	assert_int_equal(settings_duration(&settings, PROMISE_COMPLAINT_ANSWER, 2), 100000000);
	assert_int_equal(settings_duration(&settings, PROMISE_COMPLAINT_ANSWER, 99), 100000000);
	assert_int_equal(settings_duration(&settings, PROMISE_CASE_ANSWER, 2), 50000000);
	assert_int_equal(settings_duration(&settings, PROMISE_CASE_ANSWER, 1), 0);
	const struct ladder *ladder = &settings.ladders[PROMISE_COMPLAINT_ANSWER];
	assert_int_equal(ladder->count, 2);
	assert_int_equal(ladder->rungs[1].after_us, 60000000);
	assert_string_equal(ladder->rungs[1].role, "manager");
	for (int i = 0; i < PROMISE_COUNT; i++) { /* everybody's has a first rung */
		assert_true(settings.ladders[i].count > 0);
		assert_int_equal(settings.ladders[i].rungs[0].after_us, 0);
	}
	settings_fini(&settings);
}

static void names_the_bad_line_and_changes_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {"limit.phone", "=", "limit.phone=", "limit.phone=1001",
		"limit.phone=-1", "limit.no_such=1", "deadline.repair=1",
		"deadline.repair.return=1d", "deadline.repair.return=999999999999",
		"block.phone=", "block.no_such=1", "peer.region=CN", "peer..region=CN",
		"peer.a.region=CHN", "peer.a.assurance=maybe", "peer.a.no_such=1",
		"peer.a.scope=123456789012345678901234567890123",
		"peer.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.region=CN",
		"no.such=1", "# a comment", "deadline.complaint.answer.worst=1",
		"deadline.complaint.answer.=1", "deadline.repair.fix.low=1",
		"deadline.case.answer.complaint=1", "ladder.repair.fix=", "ladder.no.such=0:a",
		"ladder.repair.fix=5:desk", "ladder.repair.fix=0:desk 0:manager",
		"ladder.repair.fix=0:desk 60", "ladder.repair.fix=0:de/sk",
		"ladder.repair.fix=0:a 1:b 2:c 3:d 4:e 5:f 6:g 7:h 8:i",
		"ladder.repair.fix=0:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct settings settings;
	uint32_t line = 0;
	settings_init(&settings);
	assert_int_equal(settings_parse(&settings, SLICE_LITERAL("limit.phone=3"), &line), CH_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "limit.phone=4\n\n%s\nlimit.email=9", bad[i]);
		line = 0;
		if (settings_parse(&settings, slice_text(text), &line) != CH_INVALID)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(line, 3);
		assert_int_equal(settings.limits[KEY_PHONE], 3);
		assert_slice_text(buffer_slice(&settings.text), "limit.phone=3");
	}
	settings_fini(&settings);
}

/* A name with a NUL in it is a name of its own, not the part before it. */
static void a_name_is_all_its_bytes(void **state)
{
	(void)state;
	static const char text[] = "peer.a\0b.region=JP\npeer.a\0b.scope=X\npeer.a.region=US";
	struct settings settings;
	uint32_t line = 0;
	settings_init(&settings);
	assert_int_equal(settings_parse(&settings, slice_of(text, sizeof(text) - 1), &line), CH_OK);
	assert_string_equal(settings_peer(&settings, SLICE_LITERAL("a"))->region, "US");
	assert_string_equal(settings_peer(&settings, slice_of("a\0b", 3))->region, "JP");
	settings_fini(&settings);
}

static void every_name_can_be_told(void **state)
{
	(void)state;
	assert_string_equal(key_kind_name(KEY_MEMBER_CARD), "member_card");
	assert_null(key_kind_name(KEY_KINDS));
	assert_null(key_kind_name(0));
	for (int i = 0; i < PROMISE_COUNT; i++)
		assert_non_null(promise_name((enum promise)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_group),
		cmocka_unit_test(knows_grades_and_ladders),
		cmocka_unit_test(names_the_bad_line_and_changes_nothing),
		cmocka_unit_test(a_name_is_all_its_bytes),
		cmocka_unit_test(every_name_can_be_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
