/* Conditions: what is read is judged at any moment, holds as long as it says, and explains itself. */
#include "base/invariant.h"
#include "base/zone.h"
#include "module/marketing/segment/definitions.h"
#include "module/marketing/segment/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DAY INT64_C(86400000000)

static void fill(struct profile *profile)
{
	static const uint8_t stamp[24] = {1};
	const struct profile_product product = {
		SLICE_LITERAL("KDL-46"), SLICE_LITERAL("TV"), SLICE_LITERAL("Sony"), 1000};
	for (int64_t i = 1; i < 6; i++) {
		profile_add_purchase(profile, i * 10 * DAY, i * 1000, i != 3);
		profile_add_line(profile, &product);
	}
	profile_add_unit(profile, &product);
	profile_add_consent(profile, 1, 3, true, 70 * DAY, stamp);
	profile->group = SLICE_LITERAL("new");
	profile->language = SLICE_LITERAL("zh-Hans-CN");
	profile->birth_date = SLICE_LITERAL("1960-02-29");
	profile->level = 2;
	profile->fields = 0xff;
	profile_sort(profile);
}

static void check_condition(
	const struct condition *condition, const struct profile *profile, const struct zone *zone)
{
	struct buffer out = {0};
	invariant(condition_nodes(condition) > 0);
	invariant(condition_reach_us(condition) >= 0);
	invariant(condition_currency(condition).len == 3);
	for (int64_t now_us = 0; now_us < 200 * DAY; now_us += 33 * DAY) {
		struct verdict verdict = judge(condition, profile, now_us, zone);
		invariant(verdict.next_us > now_us);
		if (verdict.next_us - 1 > now_us)
			invariant(judge(condition, profile, verdict.next_us - 1, zone).holds ==
				  verdict.holds);
	}
	judge_explain(condition, profile, 60 * DAY, zone, &out);
	invariant(out.status == CH_OK);
	buffer_fini(&out);
}

/* As the definitions' file has it: the mistakes are told, whatever it is. */
static void check_file(struct slice text)
{
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	struct buffer out = {0};
	enum ch_status status = definitions_parse(
		text, "f", SLICE_LITERAL("CNY"), SLICE_LITERAL("UTC"), &problems, &definitions);
	invariant((status == CH_OK) == (definitions != NULL));
	invariant((status == CH_OK) == problems_none(&problems));
	if (definitions != NULL) {
		(void)definitions_segment(definitions, SLICE_LITERAL("all"));
		(void)definitions_level(definitions, 1);
	}
	problems_print(&problems, &out);
	definitions_free(definitions);
	definitions = NULL;
	status = definitions_read(
		"/", SLICE_LITERAL("CNY"), SLICE_LITERAL("UTC"), &problems, &definitions);
	invariant(status == CH_INVALID && definitions == NULL); /* a folder */
	problems_fini(&problems);
	buffer_fini(&out);
}

/* A file that is not there is told like its mistakes. */
static void check_no_file(void)
{
	static bool done;
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	if (done)
		return;
	done = true;
	invariant(definitions_read("/nowhere/definitions", SLICE_LITERAL("CNY"),
			  SLICE_LITERAL("UTC"), &problems, &definitions) == CH_INVALID);
	invariant(!problems_none(&problems));
	problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct condition_options options = {SLICE_LITERAL("CNY"), true};
	struct condition *condition = NULL;
	struct condition_error error = {0, 0, ""};
	struct profile profile;
	struct zone *zone = NULL;
	struct slice text = slice_of(data, len);
	check_no_file();
	if (len > 0 && (data[0] == '[' || data[0] == '#')) {
		check_file(text);
		return 0;
	}
	if (len > 0 && data[0] == '%') { /* another currency, and no level */
		options.currency = SLICE_LITERAL("JPY");
		options.with_level = false;
		text = slice_sub(text, 1, len);
	}
	enum ch_status status = condition_parse(text, &options, &condition, &error);
	if (status != CH_OK) {
		invariant(condition == NULL);
		invariant(error.line > 0 && error.column > 0 && error.reason[0] != 0);
		return 0;
	}
	invariant(slice_equal(condition_text(condition), text));
	invariant(zone_open(SLICE_LITERAL("+08:00"), &zone) == CH_OK);
	profile_init(&profile);
	fill(&profile);
	check_condition(condition, &profile, zone);
	profile_fini(&profile);
	zone_free(zone);
	condition_free(condition);
	return 0;
}
