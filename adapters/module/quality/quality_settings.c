#include "module/quality/quality_settings.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/text.h"
#include "base/zone.h"

#define AT(member) offsetof(struct quality_settings, member)
#define DAY_MS     INT64_C(86400000)

#define MILLION_DIGITS 6u

static const char *fault_offset(struct slice value)
{
	bool offset = value.len > 0 && (value.data[0] == '+' || value.data[0] == '-');
	struct zone *zone = NULL;
	if (!offset && !slice_equal(value, SLICE_LITERAL("Z")) &&
		!slice_equal(value, SLICE_LITERAL("UTC")))
		return "is no offset from UTC, as +08:00 is";
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no offset from UTC, as +08:00 is";
}

/* Millionths of a decimal number, and what is left behind it and a blank. */
static bool settings_take_millionths(struct slice *rest, int64_t *out_value)
{
	struct slice word;
	struct decimal value;
	*rest = text_trim(*rest);
	if (rest->len == 0 || !text_split(rest, ' ', &word) ||
		decimal_parse(word, &value) != CH_OK ||
		decimal_rescale(value, MILLION_DIGITS, &value) != CH_OK)
		return false;
	*out_value = value.unscaled;
	return true;
}

static bool settings_take_weight(struct slice item, struct slice *out_name, int64_t *out_weight)
{
	struct slice rest = item;
	return text_split(&rest, ' ', out_name) && out_name->len > 0 &&
	       settings_take_millionths(&rest, out_weight) && text_trim(rest).len == 0 &&
	       *out_weight >= 0 && *out_weight <= INT64_C(1000000000);
}

static const char *fault_weight(struct slice value)
{
	struct slice name;
	int64_t weight;
	return settings_take_weight(value, &name, &weight)
		       ? NULL
		       : "is no question and weight, as \"overall 0.3885\" is";
}

static bool settings_take_rule(struct slice item, struct slice *out_name, struct kpi_rule *out_rule)
{
	struct slice rest = item;
	if (!text_split(&rest, ' ', out_name) || out_name->len == 0 ||
		!settings_take_millionths(&rest, &out_rule->weight) ||
		!settings_take_millionths(&rest, &out_rule->target) ||
		!settings_take_millionths(&rest, &out_rule->floor) || text_trim(rest).len > 0)
		return false;
	return out_rule->weight >= 0 && out_rule->weight <= INT64_C(1000000000) &&
	       out_rule->target >= 0 && out_rule->target <= 1000000 && out_rule->floor >= 0 &&
	       out_rule->floor <= 1000000 && out_rule->target != out_rule->floor;
}

static const char *fault_rule(struct slice value)
{
	static const char *const names[] = {"r14", "four_day", "rr90", "supply", "appointment",
		"complaint", "satisfaction", "price"};
	struct slice name;
	struct kpi_rule rule;
	if (!settings_take_rule(value, &name, &rule))
		return "is no measure, weight, target and floor, as \"four_day 20 0.95 0.70\" is";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (slice_equal(name, slice_text(names[i])))
			return NULL;
	}
	return "names none of r14, four_day, rr90, supply, appointment, complaint, satisfaction, "
	       "price";
}

const struct option quality_options[] = {
	{.name = "quality.utc_offset",
		.type = OPTION_TEXT,
		.at = AT(utc_offset),
		.initial = "+08:00",
		.fault = fault_offset,
		.help = "Where days, weeks, months and hours of reports begin: an offset from UTC."},
	{.name = "quality.new_customer",
		.type = OPTION_MS,
		.at = AT(new_ms),
		.max = 3650 * DAY_MS,
		.initial = "365d",
		.help = "For so long after he was first heard of, a customer is a new one; then a "
			"long-standing one."},
	{.name = "quality.high_value_levels",
		.type = OPTION_LIST,
		.at = AT(high_value_levels),
		.initial = "gold, platinum",
		.help = "Member levels whose customers are high-value ones, however long they have "
			"been there."},
	{.name = "quality.open",
		.type = OPTION_MS,
		.at = AT(open_ms),
		.min = 3600000,
		.max = 3650 * DAY_MS,
		.initial = "14d",
		.help = "A repair open for longer counts in R14."},
	{.name = "quality.open_long",
		.type = OPTION_MS,
		.at = AT(open_long_ms),
		.min = 3600000,
		.max = 3650 * DAY_MS,
		.initial = "140d",
		.help = "And for longer than this in R140."},
	{.name = "quality.fix",
		.type = OPTION_MS,
		.at = AT(fix_ms),
		.min = 3600000,
		.max = 3650 * DAY_MS,
		.initial = "4d",
		.help = "A repair is to be repaired within this time of its receipt."},
	{.name = "quality.again",
		.type = OPTION_MS,
		.at = AT(again_ms),
		.min = 3600000,
		.max = 3650 * DAY_MS,
		.initial = "90d",
		.help = "A unit that comes back within this time of its return was not repaired well."},
	{.name = "quality.stock",
		.type = OPTION_MS,
		.at = AT(stock_ms),
		.min = 3600000,
		.max = 3650 * DAY_MS,
		.initial = "3d",
		.help = "A part in stock is to be at the station within this time of its request."},
	{.name = "quality.overseas",
		.type = OPTION_MS,
		.at = AT(overseas_ms),
		.min = 3600000,
		.max = 3650 * DAY_MS,
		.initial = "7d",
		.help = "A part from overseas is to be there within this time."},
	{.name = "quality.overseas_early",
		.type = OPTION_MS,
		.at = AT(overseas_early_ms),
		.max = 3650 * DAY_MS,
		.initial = "5d",
		.help = "One that takes less is counted as early."},
	{.name = "quality.acknowledge",
		.type = OPTION_MS,
		.at = AT(acknowledge_ms),
		.min = 60000,
		.max = 3650 * DAY_MS,
		.initial = "1d",
		.help = "A complaint is to be acknowledged within this time, where the hub said no "
			"deadline."},
	{.name = "quality.answer",
		.type = OPTION_MS,
		.at = AT(answer_ms),
		.min = 60000,
		.max = 3650 * DAY_MS,
		.initial = "3d",
		.help = "And answered within this time."},
	{.name = "quality.first_contact",
		.type = OPTION_MS,
		.at = AT(contact_ms),
		.min = 3600000,
		.max = 365 * DAY_MS,
		.initial = "7d",
		.help = "A customer who calls the same group again within this time was not helped at "
			"first contact."},
	{.name = "quality.callback_years",
		.type = OPTION_NUMBER,
		.at = AT(callback_years),
		.min = 1,
		.max = 10,
		.initial = "2",
		.help = "For how many years after a service customers are called back: monthly in the "
			"first, quarterly after."},
	{.name = "quality.price_lists",
		.type = OPTION_LIST,
		.at = AT(price_lists),
		.help = "The published price lists that charges must agree with, one of them; none: any "
			"list."},
	{.name = "quality.charge_grace",
		.type = OPTION_MS,
		.at = AT(charge_grace_ms),
		.max = 30 * DAY_MS,
		.initial = "1d",
		.help = "A charge off the list is published so long after it became known: lists may "
			"come late."},
	{.name = "quality.index_weights",
		.type = OPTION_LIST,
		.at = AT(index_weights),
		.fault = fault_weight,
		.help = "Questions of the satisfaction index with their weights, as \"overall 0.3885, "
			"expected 0.3190,\nideal 0.2925\"; none: the weights that surveys tell, else equal "
			"ones."},
	{.name = "quality.overall_question",
		.type = OPTION_TEXT,
		.at = AT(overall_question),
		.help = "The question for the overall impression, by which others are classified as "
			"basic, performance or\nattractive; none: the mean of a person's other answers."},
	{.name = "quality.kind_answers",
		.type = OPTION_NUMBER,
		.at = AT(kind_answers),
		.min = 1,
		.max = 1000000,
		.initial = "30",
		.help = "Answers that each of happy, middle and unhappy must have before a question is "
			"classified."},
	{.name = "quality.kind_points",
		.type = OPTION_NUMBER,
		.at = AT(kind_points),
		.min = 0,
		.max = 100,
		.initial = "5",
		.help = "Of 100: a smaller difference of the overall impression is none."},
	{.name = "quality.ranking",
		.type = OPTION_LIST,
		.at = AT(ranking),
		.initial =
			"r14 20 0 0.05, four_day 20 0.95 0.70, rr90 15 0.01 0.10, supply 10 0.95 0.60, "
			"appointment 10 0 0.10, complaint 10 1 0.60, satisfaction 10 0.90 0.40, "
			"price 5 0 0.05",
		.fault = fault_rule,
		.help = "How stations are ranked: measure, weight, target (full points), floor (none)."},
	{.name = "quality.ranking_cases",
		.type = OPTION_NUMBER,
		.at = AT(ranking_cases),
		.min = 1,
		.max = 1000000,
		.initial = "5",
		.help = "A measure with fewer cases says nothing about a station."},
};

void quality_settings_check(const struct quality_settings *settings, struct problems *problems)
{
	int64_t weights = 0;
	for (size_t i = 0; i < settings->index_weights.count; i++) {
		struct slice name;
		int64_t weight = 0;
		if (settings_take_weight(
			    slice_text(settings->index_weights.items[i]), &name, &weight))
			weights += weight;
	}
	if (settings->index_weights.count > 0 && weights == 0)
		problems_add(problems, NULL, 0, "quality.index_weights", "are all zero");
	if (settings->open_long_ms < settings->open_ms)
		problems_add(
			problems, NULL, 0, "quality.open_long", "is shorter than quality.open");
	if (settings->overseas_early_ms > settings->overseas_ms)
		problems_add(problems, NULL, 0, "quality.overseas_early",
			"is longer than quality.overseas");
}

int64_t quality_offset_us(const struct quality_settings *settings)
{
	struct zone *zone = NULL;
	if (zone_open(slice_text(settings->utc_offset), &zone) != CH_OK)
		return 0;
	int64_t offset_us = (int64_t)zone_offset_s(zone, 0) * 1000000;
	zone_free(zone);
	return offset_us;
}

static struct option_group settings_group(struct quality_settings *settings)
{
	return (struct option_group){quality_options, QUALITY_OPTIONS, settings};
}

enum ch_status quality_settings_default(struct quality_settings *out_settings)
{
	struct problems problems = {0};
	struct option_reader reader;
	struct option_group group = settings_group(out_settings);
	enum ch_status status = option_begin(&reader, &group, 1, "default", &problems);
	problems_fini(&problems);
	return status;
}

void quality_settings_free(struct quality_settings *settings)
{
	struct option_group group = settings_group(settings);
	option_free(&group);
}

int64_t quality_weight(const struct quality_settings *settings, struct slice question)
{
	for (size_t i = 0; i < settings->index_weights.count; i++) {
		struct slice name;
		int64_t weight;
		if (settings_take_weight(
			    slice_text(settings->index_weights.items[i]), &name, &weight) &&
			slice_equal(name, question))
			return weight;
	}
	return -1;
}

bool quality_kpi_rule(
	const struct quality_settings *settings, const char *name, struct kpi_rule *out_rule)
{
	for (size_t i = 0; i < settings->ranking.count; i++) {
		struct slice found;
		struct kpi_rule rule;
		if (settings_take_rule(slice_text(settings->ranking.items[i]), &found, &rule) &&
			slice_equal(found, slice_text(name)) && rule.weight > 0) {
			*out_rule = rule;
			return true;
		}
	}
	return false;
}
