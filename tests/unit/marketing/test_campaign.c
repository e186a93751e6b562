#include "module/marketing/campaign/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/scratch.h"
#include "support/unit.h"

static char folder[200];

static void put(const char *name, const char *text)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
}

static void drop(const char *name)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

#define SPRING                                                                                     \
	"[campaign]\nsegment = vip\npurpose = marketing\nchannel = email\ntext = spring.txt\n"
#define TEXT "Subject: x\n\n{{unsubscribe}}\n"

static void test_usage(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct campaigns first = {0};
	struct campaigns second = {0};
	put("spring.conf", SPRING "ends = 2026-05-01T00:00:00+08:00\nrepeat = 1h\n");
	put("spring.txt", TEXT);
	assert_int_equal(campaigns_read(folder, NULL, &problems, &first), CH_OK);
	assert_int_equal(first.count, 1);
	const struct campaign *spring = campaigns_find(&first, SLICE_LITERAL("spring"));
	assert_non_null(spring);
	assert_null(campaigns_find(&first, SLICE_LITERAL("sprin")));
	assert_string_equal(spring->segment, "vip");
	assert_string_equal(campaign_purpose_name(spring->purpose), "marketing");
	assert_string_equal(campaign_channel_name(spring->channel), "email");
	assert_true(spring->ends_us == INT64_C(1777564800000000));
	/* Another text is another version. */
	put("spring.txt", TEXT "!\n");
	assert_int_equal(campaigns_read(folder, NULL, &problems, &second), CH_OK);
	assert_string_not_equal(spring->version, second.items[0].version);
	assert_string_not_equal(spring->text_version, second.items[0].text_version);
	campaigns_fini(&first);
	campaigns_fini(&second);
	problems_fini(&problems);
	drop("spring.conf");
	drop("spring.txt");
}

/* Everything that is wrong with a campaign, in one pass, without the folder's name. */
static const char *mistakes(const char *conf, const char *text)
{
	static struct buffer out;
	static char lines[2000];
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	put("c.conf", conf);
	put("c.txt", text);
	enum ch_status status = campaigns_read(folder, NULL, &problems, &campaigns);
	assert_int_equal(campaigns.count, status == CH_OK);
	buffer_clear(&out);
	problems_print(&problems, &out);
	lines[0] = 0;
	for (const char *at = buffer_text(&out); *at != 0;) {
		const char *end = strchr(at, '\n');
		const char *from =
			strncmp(at, folder, strlen(folder)) == 0 ? at + strlen(folder) + 1 : at;
		strncat(lines, from, (size_t)(end + 1 - from));
		at = end + 1;
	}
	campaigns_fini(&campaigns);
	problems_fini(&problems);
	drop("c.conf");
	drop("c.txt");
	return lines;
}

static void test_mistakes(void **state)
{
	(void)state;
#define HEAD(purpose, channel)                                                                     \
	"[campaign]\nsegment = s\npurpose = " purpose "\nchannel = " channel "\ntext = c.txt\n"
	assert_string_equal(mistakes(HEAD("marketing", "email"), TEXT), "");
	assert_string_equal(mistakes(HEAD("marketing", "email"), "Subject: x\n\n{{naem}}\n"),
		"c.txt:3: there is no such word: naem\n");
	assert_string_equal(mistakes(HEAD("marketing", "email"), "Subject: x\n\nhello\n"),
		"c.conf: campaign.text: has no {{unsubscribe}}: who gets it could not say no\n");
	assert_string_equal(
		mistakes(HEAD("marketing", "email"), "Subject: x\n\n{{answer}}{{unsubscribe}}\n"),
		"c.conf: campaign.answer_link: is missing, and the text has {{answer}}\n");
	assert_string_equal(mistakes(HEAD("marketing", "email") "[survey]\nid = q\n", TEXT),
		"c.conf: survey.id: a survey needs consent to research: campaign.purpose\n"
		"c.conf: campaign.answer_link: a survey by mail needs one\n"
		"c.conf: campaign.text: asks questions, and has no {{answer}} to answer them\n");
	assert_string_equal(mistakes(HEAD("marketing", "phone") "html = c.txt\n", "Call.\n"),
		"c.conf: campaign.html: a call has no HTML\n");
	assert_string_equal(mistakes(HEAD("marketing", "email") "repeat = 1h\n", TEXT),
		"c.conf: campaign.ends: is missing: with campaign.repeat it would never end\n");
	const char *all = mistakes("[campaign]\npurpose = spam\nchannel = fax\ntext = none.txt\n"
				   "ends = soon\nanswer_link = http://x y\n",
		TEXT);
	static const char *const each[] = {"campaign.segment: ", "campaign.purpose: ",
		"campaign.channel: ", "campaign.ends: ", "campaign.answer_link: ", "none.txt: "};
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		assert_non_null(strstr(all, each[i]));
}

/* In the same pass as everything else, and whatever is wrong with the definitions. */
static void test_unknown_segments(void **state)
{
	(void)state;
	struct segment_names segments = {{0}};
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	struct buffer out = {0};
	char path[300];
	put("definitions",
		"[level 1]\nwhere = nonsense\n[segment vip ]\n[segment other]\nwhere =\n");
	put("c.txt", TEXT);
	put("fine.conf", HEAD("marketing", "email"));
	put("gone.conf",
		"[campaign]\nsegment = vipp\npurpose = spam\nchannel = email\ntext = c.txt\n");
	put("over.conf", "[campaign]\nsegment = was\npurpose = marketing\nchannel = email\n"
			 "text = c.txt\nends = 2020-01-01T00:00:00Z\n");
	(void)snprintf(path, sizeof(path), "%s/definitions", folder);
	assert_int_equal(segment_names_read(path, &segments), CH_OK);
	assert_true(segment_names_have(&segments, SLICE_LITERAL("vip")));
	assert_false(segment_names_have(&segments, SLICE_LITERAL("1")));
	assert_false(segment_names_have(&segments, SLICE_LITERAL("")));
	assert_int_equal(campaigns_read(folder, &segments, &problems, &campaigns), CH_INVALID);
	problems_print(&problems, &out);
	assert_non_null(strstr(buffer_text(&out),
		"fine.conf: campaign.segment: there is no segment s in the definitions\n"));
	assert_non_null(strstr(buffer_text(&out), "campaign.purpose: "));
	assert_non_null(strstr(buffer_text(&out), "there is no segment vipp in"));
	assert_int_equal(problems.count, 3);
	assert_int_equal(campaigns.count, 1); /* the one that is over */
	assert_true(campaigns.by_mail);
	buffer_fini(&out);
	campaigns_fini(&campaigns);
	problems_fini(&problems);
	segment_names_fini(&segments);
	assert_int_equal(segment_names_read("/nowhere", &segments), CH_NOT_FOUND);
	drop("definitions");
	drop("c.txt");
	drop("fine.conf");
	drop("gone.conf");
	drop("over.conf");
}

static void test_names(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	put("Spring 1.conf", SPRING);
	assert_int_equal(campaigns_read(folder, NULL, &problems, &campaigns), CH_INVALID);
	assert_int_equal(problems.count, 1);
	campaigns_fini(&campaigns);
	drop("Spring 1.conf");
	assert_int_equal(campaigns_read("/nowhere", NULL, &problems, &campaigns), CH_INVALID);
	assert_int_equal(problems.count, 2);
	campaigns_fini(&campaigns);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_unknown_segments),
		cmocka_unit_test(test_names),
	};
	scratch_make(folder, "campaigns");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(folder);
	return failed;
}
