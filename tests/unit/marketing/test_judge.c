#include "module/marketing/segment/judge.h"

#include "unit/draw.h"

#include "base/clock.h"
#include "base/limits.h"

#define DAY INT64_C(86400000000)

struct fixture {
	struct zone *zone;
	struct profile profile;
};

static int setup(void **state)
{
	static struct fixture fixture;
	assert_int_equal(zone_open(SLICE_LITERAL("+08:00"), &fixture.zone), CH_OK);
	profile_init(&fixture.profile);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	zone_free(fixture->zone);
	profile_fini(&fixture->profile);
	return 0;
}

static struct verdict verdict(struct fixture *fixture, const char *text, int64_t now_us)
{
	const struct condition_options options = {SLICE_LITERAL("CNY"), true};
	struct condition *condition = NULL;
	struct condition_error error;
	assert_int_equal(condition_parse(slice_text(text), &options, &condition, &error), CH_OK);
	struct verdict result = judge(condition, &fixture->profile, now_us, fixture->zone);
	condition_free(condition);
	return result;
}

static bool holds(struct fixture *fixture, const char *text, int64_t now_us)
{
	return verdict(fixture, text, now_us).holds;
}

static void buy(struct fixture *fixture, int64_t time_us, int64_t money, const char *category)
{
	const struct profile_product line = {
		.product = SLICE_LITERAL("KDL-46"),
		.category = slice_text(category),
		.brand = SLICE_LITERAL("Sony"),
		.money = money,
	};
	profile_add_purchase(&fixture->profile, time_us, money, true);
	profile_add_line(&fixture->profile, &line);
}

static void test_usage(void **state)
{
	struct fixture *fixture = *state;
	buy(fixture, 100 * DAY, 300000, "TV");
	struct verdict result = verdict(
		fixture, "bought(category \"TV\", 90d) >= 1 and not open_complaint", 150 * DAY);
	assert_true(result.holds);
	assert_int_equal(result.next_us, 190 * DAY);
	result = verdict(fixture, "bought(category \"TV\", 90d) >= 1", result.next_us - 1);
	assert_true(result.holds);
	result = verdict(fixture, "bought(category \"TV\", 90d) >= 1", 190 * DAY);
	assert_false(result.holds);
	assert_int_equal(result.next_us, JUDGE_NEVER);
}

static void test_purchases(void **state)
{
	struct fixture *fixture = *state;
	buy(fixture, 10 * DAY, 1000, "TV");
	buy(fixture, 20 * DAY, 2000, "camera");
	profile_add_purchase(&fixture->profile, 25 * DAY, -500, false);
	buy(fixture, 90 * DAY, 4000, "TV"); /* a clock that is ahead */
	assert_true(holds(fixture, "frequency(30d) = 2", 30 * DAY));
	assert_true(holds(fixture, "monetary(30d) = 25", 30 * DAY));
	assert_true(holds(fixture, "spent(category \"TV\", 30d) = 10", 30 * DAY));
	assert_true(holds(fixture, "spent(brand \"Sony\", ever) = 30", 30 * DAY));
	assert_true(holds(fixture, "bought(product \"KDL-46\", ever) = 2", 30 * DAY));
	assert_true(holds(fixture, "bought(anything, 15d) = 1", 30 * DAY));
	/* The moment at which the next of them turns anything. */
	assert_int_equal(verdict(fixture, "frequency(30d) = 2", 30 * DAY).next_us, 40 * DAY);
	assert_int_equal(verdict(fixture, "frequency(ever) = 2", 30 * DAY).next_us, 90 * DAY);
	struct rfm rfm = judge_rfm(&fixture->profile, 30 * DAY, 15 * DAY);
	assert_int_equal(rfm.frequency, 1);
	assert_int_equal(rfm.monetary, 1500);
	assert_int_equal(rfm.recency_us, 10 * DAY);
}

static void test_recency(void **state)
{
	struct fixture *fixture = *state;
	assert_false(holds(fixture, "recency <= 30d", 30 * DAY));
	assert_false(holds(fixture, "recency > 30d", 30 * DAY)); /* not known */
	assert_true(holds(fixture, "not recency <= 30d", 30 * DAY));
	buy(fixture, 10 * DAY, 1000, "TV");
	struct verdict result = verdict(fixture, "recency <= 30d", 30 * DAY);
	assert_true(result.holds);
	assert_int_equal(result.next_us, 40 * DAY);
	result = verdict(fixture, "recency <= 30d", 40 * DAY);
	assert_true(result.holds);
	assert_int_equal(result.next_us, 40 * DAY + 1);
	result = verdict(fixture, "recency <= 30d", 40 * DAY + 1);
	assert_false(result.holds);
	assert_int_equal(result.next_us, JUDGE_NEVER);
	assert_true(holds(fixture, "recency != 30d", 41 * DAY));
}

static void test_consents(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t first[24] = {1};
	const uint8_t second[24] = {2};
	const uint8_t third[24] = {3};
	struct profile *profile = &fixture->profile;
	profile_add_consent(profile, 1, 3, true, 50 * DAY, second);
	struct verdict result = verdict(fixture, "consent(email, marketing)", 10 * DAY);
	assert_true(result.holds);
	assert_int_equal(result.next_us, 50 * DAY);
	assert_false(holds(fixture, "consent(email, marketing)", 50 * DAY));
	assert_false(holds(fixture, "consent(sms, marketing)", 10 * DAY));
	profile_add_consent(profile, 0, 0, false, INT64_MAX, first); /* of before */
	assert_true(holds(fixture, "consent(email, marketing)", 10 * DAY));
	profile_add_consent(profile, 1, 0, true, INT64_MAX, third); /* half a scope */
	assert_false(holds(fixture, "consent(sms, marketing)", 10 * DAY));
	profile_add_consent(profile, 0, 0, false, INT64_MAX, third);
	assert_false(holds(fixture, "consent(email, marketing)", 10 * DAY));
	profile_add_consent(profile, 9, 3, true, INT64_MAX, third); /* of a later schema */
}

static void test_record(void **state)
{
	struct fixture *fixture = *state;
	struct profile *profile = &fixture->profile;
	assert_true(holds(fixture, "everybody", 0));
	assert_false(holds(fixture, "group != \"new\"", 0)); /* not known */
	profile->group = SLICE_LITERAL("high-value");
	profile->language = SLICE_LITERAL("zh-Hans-CN");
	profile->gender = SLICE_LITERAL("F");
	profile->fields = 1u << 3;
	profile->level = 3;
	profile->open_complaints = 2;
	const struct profile_product unit = {.product = SLICE_LITERAL("KDL-46")};
	profile_add_unit(profile, &unit);
	assert_true(holds(fixture, "group in (\"new\", \"high-value\")", 0));
	assert_true(holds(fixture, "group not in (\"new\", \"old\") and gender = \"F\"", 0));
	assert_true(holds(fixture, "language = \"ZH\" and language = \"zh-hans\"", 0));
	assert_false(holds(fixture, "language = \"z\" or language = \"zh-Hans-CN-x\"", 0));
	assert_true(holds(fixture, "has(email) and not has(phone)", 0));
	assert_true(holds(fixture, "level > 2 and level < 4 and level != 2 and level <= 3", 0));
	assert_true(holds(fixture, "open_complaint and complaints = 2", 0));
	assert_true(holds(fixture, "owns(product \"KDL-46\") = 1 and owns(brand \"Sony\") = 0", 0));
}

static void test_age(void **state)
{
	struct fixture *fixture = *state;
	struct profile *profile = &fixture->profile;
	int64_t now_us;
	int64_t birthday_us;
	assert_int_equal(clock_parse(SLICE_LITERAL("2026-05-16T12:00:00Z"), &now_us), CH_OK);
	assert_int_equal(
		clock_parse(SLICE_LITERAL("2026-05-17T00:00:00+08:00"), &birthday_us), CH_OK);
	assert_false(holds(fixture, "age >= 0", now_us));
	profile->birth_date = SLICE_LITERAL("1980-05-17");
	struct verdict result = verdict(fixture, "age >= 46", now_us);
	assert_false(result.holds);
	assert_int_equal(result.next_us, birthday_us);
	assert_true(holds(fixture, "age = 46", birthday_us));
	assert_true(holds(fixture, "age = 45", birthday_us - 1));
	profile->birth_date = SLICE_LITERAL("1980-05");
	assert_false(holds(fixture, "age >= 0", now_us));
	profile->birth_date = SLICE_LITERAL("2980-05-17");
	assert_false(holds(fixture, "age >= 0", now_us));
	profile->birth_date = SLICE_LITERAL("2024-02-29");
	assert_true(holds(fixture, "age = 2", now_us));
}

static void test_explains(void **state)
{
	struct fixture *fixture = *state;
	const struct condition_options options = {SLICE_LITERAL("CNY"), true};
	struct condition *condition = NULL;
	struct condition_error error;
	struct buffer out = {0};
	const uint8_t stamp[24] = {1};
	buy(fixture, 10 * DAY, 1000, "TV");
	profile_add_consent(&fixture->profile, 1, 3, true, 50 * DAY, stamp);
	fixture->profile.group = SLICE_LITERAL("new");
	assert_int_equal(
		condition_parse(SLICE_LITERAL("level >= 2 or (monetary(90d) >= 5 and age > 1 and "
					      "recency < 2d and consent(email, marketing) and "
					      "everybody and group = \"new\")"),
			&options, &condition, &error),
		CH_OK);
	judge_explain(condition, &fixture->profile, 20 * DAY, fixture->zone, &out);
	assert_string_equal(buffer_text(&out),
		"  no   level >= 2: 0\n"
		"  yes  monetary(90d) >= 5: 10.00 CNY\n"
		"  no   age > 1: not known\n"
		"  no   recency < 2d: 10d 0h\n"
		"  yes  consent(email, marketing): given, until 1970-02-20T00:00:00.000000Z\n"
		"  yes  everybody: so it is\n"
		"  yes  group = \"new\": \"new\"\n");
	condition_free(condition);
	buffer_fini(&out);
}

/* A line says yes when its test helps the condition to hold, however deep the nots stand. */
static void test_explains_what_is_denied(void **state)
{
	struct fixture *fixture = *state;
	const struct condition_options options = {SLICE_LITERAL("CNY"), true};
	static const struct {
		const char *text;
		const char *told;
	} cases[] = {
		{"frequency(ever) < 6 and not everybody", "  yes  frequency(ever) < 6: 0\n"
							  "  no   not everybody: it is not so\n"},
		{"not open_complaint", "  yes  not open_complaint: so it is\n"},
		{"not (open_complaint or level >= 2) and everybody",
			"  yes  not open_complaint: so it is\n"
			"  yes  not level >= 2: 0\n"
			"  yes  everybody: so it is\n"},
		{"not (not open_complaint and not level >= 2)",
			"  no   open_complaint: it is not so\n"
			"  no   level >= 2: 0\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct condition_error error;
		struct condition *condition = NULL;
		struct buffer out = {0};
		assert_int_equal(
			condition_parse(slice_text(cases[i].text), &options, &condition, &error),
			CH_OK);
		judge_explain(condition, &fixture->profile, 20 * DAY, fixture->zone, &out);
		assert_string_equal(buffer_text(&out), cases[i].told);
		condition_free(condition);
		buffer_fini(&out);
	}
}

/* Between a judgement and the moment that it names, nothing changes by time alone. */
static void test_next_is_exact(void **state)
{
	struct fixture *fixture = *state;
	static const char *const texts[] = {
		"frequency(7d) >= 2",
		"monetary(5d) > 10 and recency < 3d",
		"bought(category \"TV\", 4d) >= 1 or recency >= 6d",
		"not (spent(anything, 9d) <= 20) and frequency(ever) < 6",
		"recency = 2d or recency != 3d",
	};
	uint64_t seed = 1;
	for (int round = 0; round < 300; round++) {
		int64_t now_us = (int64_t)draw(&seed, 10) * DAY;
		const char *text = texts[draw(&seed, 5)];
		profile_clear(&fixture->profile);
		for (uint64_t i = draw(&seed, 6); i > 0; i--)
			buy(fixture, (int64_t)draw(&seed, 12) * DAY + (int64_t)draw(&seed, 3),
				(int64_t)draw(&seed, 2000), draw(&seed, 2) == 0 ? "TV" : "camera");
		profile_sort(&fixture->profile);
		for (int step = 0; step < 100 && now_us != JUDGE_NEVER; step++) {
			struct verdict result = verdict(fixture, text, now_us);
			int64_t until_us = result.next_us < now_us + 20 * DAY ? result.next_us
									      : now_us + 20 * DAY;
			assert_true(result.next_us > now_us);
			for (int probe = 0; probe < 8; probe++)
				assert_int_equal(result.holds,
					holds(fixture, text,
						now_us + (int64_t)draw(&seed,
								 (uint64_t)(until_us - now_us))));
			assert_int_equal(result.holds, holds(fixture, text, until_us - 1));
			now_us = result.next_us;
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_purchases),
		TEST(test_recency),
		TEST(test_consents),
		TEST(test_record),
		TEST(test_age),
		TEST(test_explains),
		TEST(test_explains_what_is_denied),
		TEST(test_next_is_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
