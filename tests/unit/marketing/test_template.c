#include "module/marketing/campaign/template.h"

#include "support/unit.h"

static struct template *read_fine(const char *text, enum template_kind kind)
{
	struct problems problems = {0};
	struct template *template = NULL;
	enum ch_status status =
		template_read(slice_text(text), kind, "t.txt", &problems, &template);
	assert_int_equal(status, CH_OK);
	assert_true(problems_none(&problems));
	problems_fini(&problems);
	return template;
}

static const char *filled(const struct template *template, const struct template_values *values)
{
	static struct buffer out;
	buffer_clear(&out);
	template_subject(template, values, &out);
	buffer_append_text(&out, "#");
	template_body(template, values, &out);
	return buffer_text(&out);
}

static void test_usage(void **state)
{
	(void)state;
	struct template_values values = {0};
	struct template *template = read_fine("Subject: {{name|顾客}}，您好\n\n"
					      "{{family}}女士: {{ unsubscribe }}\n",
		TEMPLATE_MAIL);
	assert_true(template_has(template, TEMPLATE_UNSUBSCRIBE));
	assert_false(template_has(template, TEMPLATE_ANSWER));
	assert_int_equal(template_lacks(template, &values), TEMPLATE_FAMILY);
	values.words[TEMPLATE_FAMILY] = slice_text("李");
	values.words[TEMPLATE_UNSUBSCRIBE] = slice_text("https://x/no?t=1");
	assert_int_equal(template_lacks(template, &values), TEMPLATE_WORDS);
	assert_string_equal(filled(template, &values), "顾客，您好#李女士: https://x/no?t=1\n");
	template_free(template);
}

/* What strangers put into their names does not get out of its place. */
static void test_values(void **state)
{
	(void)state;
	struct template_values values = {0};
	values.words[TEMPLATE_NAME] = slice_text("<b>\r\nBcc: x@y.z &\"'");
	struct template *mail = read_fine("Subject: {{name}}\n\n{{name}}", TEMPLATE_MAIL);
	assert_string_equal(filled(mail, &values), "<b>  Bcc: x@y.z &\"'#<b>  Bcc: x@y.z &\"'");
	struct template *html = read_fine("<p>{{name}}</p>", TEMPLATE_HTML);
	assert_string_equal(
		filled(html, &values), "#<p>&lt;b&gt;\r\nBcc: x@y.z &amp;&quot;&#39;</p>");
	struct template *call = read_fine("Call {{name}}.", TEMPLATE_CALL);
	assert_string_equal(filled(call, &values), "#Call <b>  Bcc: x@y.z &\"'.");
	template_free(mail);
	template_free(html);
	template_free(call);
}

/* All mistakes, in one pass. */
static const char *mistakes(const char *text, enum template_kind kind)
{
	static struct buffer out;
	struct problems problems = {0};
	struct template *template = NULL;
	buffer_clear(&out);
	assert_int_equal(
		template_read(slice_text(text), kind, "t.txt", &problems, &template), CH_INVALID);
	assert_null(template);
	problems_print(&problems, &out);
	problems_fini(&problems);
	return buffer_text(&out);
}

static void test_mistakes(void **state)
{
	(void)state;
	assert_string_equal(mistakes("Subject: {{nmae}}\n\na {{b}}\n{{}} {{name|}}\n{{name", 0),
		"t.txt:1: there is no such word: nmae\n"
		"t.txt:3: there is no such word: b\n"
		"t.txt:4: an empty place {{}}\n"
		"t.txt:4: nothing stands behind the bar: name\n"
		"t.txt:5: {{ without }}\n");
	assert_string_equal(mistakes("Hello\n\nx", TEMPLATE_MAIL),
		"t.txt:1: the first line is no \"Subject: ...\"\n");
	assert_string_equal(mistakes("Subject: a\nb\n", TEMPLATE_MAIL),
		"t.txt:2: the line behind the subject is not empty\nt.txt:3: has no text\n");
	assert_string_equal(mistakes("", TEMPLATE_CALL), "t.txt:1: has no text\n");
	assert_string_equal(mistakes("a\n\xff", TEMPLATE_HTML), "t.txt:2: is not UTF-8\n");
	assert_string_equal(
		mistakes("a\n\nb\001", TEMPLATE_HTML), "t.txt:3: a control character\n");
	assert_string_equal(mistakes("{{name\n}}", TEMPLATE_HTML),
		"t.txt:1: a place goes over the end of its line: name\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
