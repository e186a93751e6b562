#include "module/marketing/segment/definitions.h"

#include "unit/draw.h"

static enum ch_status parse(
	const char *text, struct problems *problems, struct definitions **out_definitions)
{
	return definitions_parse(slice_text(text), "segments.conf", SLICE_LITERAL("CNY"),
		SLICE_LITERAL("+08:00"), problems, out_definitions);
}

static void test_usage(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	assert_int_equal(parse("# levels\n"
			       "[level 2]\n"
			       "where = frequency(180d) >= 3\n"
			       "[level 1]\n"
			       "where = frequency(365d) >= 1\n"
			       "[segment tv-fans]\n"
			       "title = Likes television\n"
			       "where = level >= 2 and\n"
			       "        bought(category \"TV\", 90d) >= 1\n"
			       "[segment all]\n"
			       "where = everybody\n",
				 &problems, &definitions),
		CH_OK);
	assert_int_equal(definitions->level_count, 2);
	assert_int_equal(definitions->levels[0].level, 1);
	assert_int_equal(definitions->segment_count, 2);
	assert_string_equal(definitions->segments[0].name, "all");
	assert_string_equal(definitions->segments[1].title, "Likes television");
	assert_int_equal(definitions->level_period_us, INT64_C(365) * 86400 * 1000000);
	assert_non_null(definitions_segment(definitions, SLICE_LITERAL("tv-fans")));
	assert_null(definitions_segment(definitions, SLICE_LITERAL("tv")));
	assert_non_null(definitions_level(definitions, 2));
	assert_null(definitions_level(definitions, 3));
	definitions_free(definitions);
	problems_fini(&problems);
}

/* As a Windows editor saves it. */
static void test_byte_order_mark(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	assert_int_equal(
		parse("\xEF\xBB\xBF[segment a]\r\nwhere = everybody\r\n", &problems, &definitions),
		CH_OK);
	assert_int_equal(definitions->segment_count, 1);
	definitions_free(definitions);
	problems_fini(&problems);
}

/* The version tells whether everybody must be judged anew. */
static void test_version(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"[segment a]\nwhere = everybody\n",
		"[segment b]\nwhere = everybody\n",
		"[segment a]\nwhere = not everybody\n",
		"[level 1]\nwhere = everybody\n",
		"",
	};
	char versions[5][DEFINITION_VERSION_BYTES];
	struct problems problems = {0};
	for (size_t i = 0; i < 5; i++) {
		struct definitions *definitions = NULL;
		assert_int_equal(parse(texts[i], &problems, &definitions), CH_OK);
		memcpy(versions[i], definitions->version, sizeof(versions[i]));
		definitions_free(definitions);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(versions[i], versions[j]);
	}
	struct definitions *again = NULL;
	assert_int_equal(parse("# other words\n[segment a]\ntitle = x\nwhere = everybody\n",
				 &problems, &again),
		CH_OK);
	assert_string_equal(again->version, versions[0]);
	definitions_free(again);
	problems_fini(&problems);
}

static void test_all_mistakes_at_once(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	struct buffer text = {0};
	assert_int_equal(parse("where = everybody\n"
			       "[level 0]\n"
			       "where = everybody\n"
			       "[level 1]\n"
			       "where = level > 1\n"
			       "[segment TV]\n"
			       "[segment tv]\n"
			       "[segment tv]\n"
			       "where = everybody\n"
			       "[segment two]\n"
			       "colour = red\n"
			       "where = everybody and\n"
			       "        nobody\n"
			       "[segment three]\n"
			       "where = everybody\n"
			       "where = everybody\n"
			       "[group x]\n",
				 &problems, &definitions),
		CH_INVALID);
	assert_null(definitions);
	problems_print(&problems, &text);
	assert_string_equal(buffer_text(&text),
		"segments.conf:1: where: stands before any section\n"
		"segments.conf:2: a level is a number from 1 on: [level 2]\n"
		"segments.conf:5: where: at character 1: a level cannot depend on the level\n"
		"segments.conf:6: a segment's name is up to 64 of a-z, 0-9, '-', '_', '.': [segment "
		"tv-fans]\n"
		"segments.conf:7: where: is missing: say whom tv is for, with 'everybody' for all\n"
		"segments.conf:8: tv is defined twice, first in line 7\n"
		"segments.conf:11: colour: is no setting here\n"
		"segments.conf:13: where: at character 1: 'nobody' is nothing that a condition can ask "
		"for\n"
		"segments.conf:16: where: is given twice\n"
		"segments.conf:17: is neither [level NUMBER] nor [segment NAME]\n");
	buffer_fini(&text);
	problems_fini(&problems);
}

static void test_file_that_is_not_there(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	assert_int_equal(definitions_read("/nowhere/segments.conf", SLICE_LITERAL("CNY"),
				 SLICE_LITERAL(""), &problems, &definitions),
		CH_INVALID);
	assert_int_equal(problems.count, 1);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_all_mistakes_at_once),
		cmocka_unit_test(test_file_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
