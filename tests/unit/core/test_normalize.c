#include "base/limits.h"
#include "core/normalize.h"
#include "unit/draw.h"
#include "wire/pb.h"

static struct arena arena;

static int make_arena(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void brings_text_to_one_form(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *compact;
	} known[] = {
		{"Ｗang, Wei", "wangwei"},
		{"ＷＡＮＧ　Ｗｅｉ", "wangwei"},
		{" É. Müller-Straße ", "emullerstrasse"},
		{"王 芳", "王芳"},
		{"SN-００１２/a", "sn0012a"},
		{"--", ""},
		{"", ""},
	};
	struct slice text;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(
			normalize_compact(&arena, slice_text(known[i].text), &text), CH_OK);
		assert_slice_text(text, known[i].compact);
	}
	assert_int_equal(normalize_compact(&arena, SLICE_LITERAL("M\xfcller"), &text), CH_FORMAT);
	assert_int_equal(normalize_code(&arena, SLICE_LITERAL(" sn-12 ab"), &text), CH_OK);
	assert_slice_text(text, "SN12AB");
	assert_int_equal(normalize_code(&arena, SLICE_LITERAL("-/-"), &text), CH_INVALID);
	static char letters[LIMIT_KEY_BYTES + 2];
	memset(letters, 'a', sizeof(letters) - 1);
	assert_int_equal(normalize_code(&arena, slice_text(letters), &text), CH_INVALID);
}

static void takes_what_can_be_an_address(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "a@b.c", "wei.example.com", "@example.com",
		"wei@examplecom", "wei@example.com.", "wei@@example.com", "wei wang@example.com",
		"wei@example.com,li@example.com", "Wei <wei@example.com>", "wei@.examplecom",
		"wei@ex\xff"
		"ample.com"};
	struct slice email;
	assert_int_equal(
		normalize_email(&arena, SLICE_LITERAL(" Wei.Wang@Example.COM\r\n"), &email), CH_OK);
	assert_slice_text(email, "wei.wang@example.com");
	assert_int_equal(
		normalize_email(&arena, SLICE_LITERAL("ｗｅｉ＠example.com"), &email), CH_OK);
	assert_slice_text(email, "wei@example.com");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(normalize_email(&arena, slice_text(bad[i]), &email), CH_INVALID);
}

static void knows_words_for_nothing(void **state)
{
	(void)state;
	static const char *const none[] = {
		"", "0", "12", "0000000", "1111", "NULL", "UNKNOWN", "无", "未知", "1234567890"};
	static const char *const some[] = {"A12", "0000001", "12345679", "NULLARBOR"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_true(normalize_is_placeholder(slice_text(none[i])));
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_false(normalize_is_placeholder(slice_text(some[i])));
}

static struct slice full_name(struct buffer *out, const char *full)
{
	buffer_clear(out);
	pb_put_text(out, 1, full);
	return buffer_slice(out);
}

static bool contradict(const char *a, const char *b)
{
	struct buffer left = {0};
	struct buffer right = {0};
	bool forth;
	bool back;
	struct slice first = full_name(&left, a);
	struct slice second = full_name(&right, b);
	assert_int_equal(normalize_names_contradict(&arena, first, second, &forth), CH_OK);
	assert_int_equal(normalize_names_contradict(&arena, second, first, &back), CH_OK);
	assert_int_equal(forth, back);
	buffer_fini(&left);
	buffer_fini(&right);
	return forth;
}

static void tells_two_people_apart(void **state)
{
	(void)state;
	assert_false(contradict("王伟", "王先生"));
	assert_false(contradict("王伟", "王 伟"));
	assert_false(contradict("王伟", "王伟先生"));
	assert_false(contradict("欧阳娜娜 女士", "欧阳娜娜"));
	assert_false(contradict("王伟先生", "王先生"));
	assert_true(contradict("王伟先生", "王芳女士"));
	assert_false(contradict("王伟", "Wang Wei"));
	assert_false(contradict("王伟", ""));
	assert_false(contradict("Anna Smith", "SMITH"));
	assert_false(contradict("Ａnna", "anna"));
	assert_true(contradict("王伟", "王芳"));
	assert_true(contradict("王伟", "李先生"));
	assert_false(contradict("欧阳锋", "欧阳先生"));
	assert_false(contradict("司马 光", "司马女士"));
	assert_false(contradict("諸葛亮", "諸葛小姐"));
	assert_true(contradict("欧阳锋", "欧先生"));
	assert_true(contradict("欧阳先生", "欧伟"));
	assert_true(contradict("司马光", "司徒先生"));
	assert_false(contradict("欧阳", "欧先生")); /* Yang of the family Ou */
	assert_true(contradict("Anna Smith", "Peter Jones"));
	assert_true(contradict("A Smith", "A Jones")); /* an initial is no name */
}

static void parts_of_a_name_are_a_name(void **state)
{
	(void)state;
	struct buffer parts = {0};
	struct buffer whole = {0};
	bool answer;
	pb_put_text(&parts, 2, "王");
	pb_put_text(&parts, 3, "伟");
	assert_int_equal(normalize_names_contradict(
				 &arena, buffer_slice(&parts), full_name(&whole, "王伟"), &answer),
		CH_OK);
	assert_false(answer);
	assert_int_equal(normalize_name_is_polite(&arena, buffer_slice(&parts), &answer), CH_OK);
	assert_false(answer);
	assert_int_equal(
		normalize_name_is_polite(&arena, full_name(&whole, "王女士"), &answer), CH_OK);
	assert_true(answer);
	assert_int_equal(
		normalize_name_is_polite(&arena, full_name(&whole, "欧阳女士"), &answer), CH_OK);
	assert_true(answer);
	assert_int_equal(
		normalize_name_is_polite(&arena, full_name(&whole, "Mrs Wang"), &answer), CH_OK);
	assert_false(answer);
	buffer_fini(&parts);
	buffer_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_text_to_one_form),
		cmocka_unit_test(takes_what_can_be_an_address),
		cmocka_unit_test(knows_words_for_nothing),
		cmocka_unit_test(tells_two_people_apart),
		cmocka_unit_test(parts_of_a_name_are_a_name),
	};
	return cmocka_run_group_tests(tests, make_arena, free_arena);
}
