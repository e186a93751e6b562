#include "module/marketing/basket/rule_report.h"

#include <inttypes.h>

#include "base/limits.h"
#include "module/data/datafile.h"
#include "module/data/number.h"

static struct slice report_name(const struct rule_report *report, uint32_t rank)
{
	return basket_store_name(report->store, report->sets->by_rank[rank]);
}

static void report_items(
	struct buffer *out, const struct rule_report *report, const struct item_set *set)
{
	buffer_append_text(out, "[");
	for (uint32_t i = 0; i < set->length; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		number_append_string(out, report_name(report, report->sets->ranks[set->first + i]));
	}
	buffer_append_text(out, "]");
}

/* Articles that stand in a basket: of those that were taken out with theirs, the names are left. */
static uint32_t report_item_count(const struct rule_report *report)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < basket_store_items(report->store); i++)
		count += basket_store_having(report->store, i).count > 0;
	return count;
}

static void report_head(struct buffer *out, const struct rule_report *report)
{
	char support[DECIMAL_TEXT_BYTES];
	char confidence[DECIMAL_TEXT_BYTES];
	uint32_t lengths[LIMIT_ITEM_SET_LENGTH + 1] = {0};
	uint32_t longest = 0;
	for (size_t i = 0; i < report->sets->count; i++) {
		uint32_t length = report->sets->sets[i].length;
		lengths[length]++;
		longest = length > longest ? length : longest;
	}
	/* As they were written: the thresholds are decimals. */
	buffer_printf(out,
		"{\"baskets\":%" PRIu32 ",\n \"items\":%" PRIu32 ",\n \"minimumSupport\":%s,\n"
		" \"minimumCount\":%" PRIu32
		",\n \"minimumConfidence\":%s,\n \"frequentSets\":%zu,\n"
		" \"frequentSetsByLength\":[",
		report->sets->baskets, report_item_count(report),
		decimal_format(report->support, support), report->sets->least,
		decimal_format(report->confidence, confidence), report->sets->count);
	for (uint32_t i = 1; i <= longest; i++)
		buffer_printf(out, "%s%" PRIu32, i > 1 ? "," : "", lengths[i]);
	buffer_append_text(out, "],\n");
}

static void report_number(struct buffer *out, const char *key, long double value)
{
	buffer_printf(out, ",\"%s\":", key);
	number_append(out, value);
}

static void report_rule(
	struct buffer *out, const struct rule_report *report, const struct rule *rule)
{
	struct rule_measures measures = rule_measure(rule, report->sets->baskets);
	buffer_append_text(out, "\n  {\"left\":");
	report_items(out, report, rule->left);
	buffer_append_text(out, ",\"right\":");
	number_append_string(out, report_name(report, rule->right));
	buffer_printf(out,
		",\"count\":%" PRIu32 ",\"leftCount\":%" PRIu32 ",\"rightCount\":%" PRIu32,
		rule->count, rule->left_count, rule->right_count);
	report_number(out, "support", measures.support);
	report_number(out, "confidence", measures.confidence);
	report_number(out, "lift", measures.lift);
	report_number(out, "leverage", measures.leverage);
	report_number(out, "conviction", measures.conviction);
	buffer_append_text(out, "}");
}

void rule_report_json(const struct rule_report *report, struct buffer *out)
{
	report_head(out, report);
	if (report->with_sets) {
		buffer_append_text(out, " \"sets\":[");
		for (size_t i = 0; i < report->sets->count; i++) {
			buffer_printf(out, "%s\n  {\"items\":", i > 0 ? "," : "");
			report_items(out, report, &report->sets->sets[i]);
			buffer_printf(out, ",\"count\":%" PRIu32 "}", report->sets->sets[i].count);
		}
		buffer_append_text(out, "],\n");
	}
	buffer_printf(out, " \"rules\":[");
	for (size_t i = 0; i < report->rules->count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		report_rule(out, report, &report->rules->items[i]);
	}
	buffer_append_text(out, "]}\n");
}

void rule_report_text(const struct rule_report *report, struct buffer *out)
{
	char word[REFUSAL_WORD_BYTES];
	buffer_printf(out,
		"baskets: %" PRIu32 ", items: %" PRIu32 ", frequent sets: %zu (in at least %" PRIu32
		"), rules: %zu\n%8s %10s %8s  %s\n",
		report->sets->baskets, report_item_count(report), report->sets->count,
		report->sets->least, report->rules->count, "count", "confidence", "lift", "rule");
	for (size_t i = 0; i < report->rules->count; i++) {
		const struct rule *rule = &report->rules->items[i];
		struct rule_measures measures = rule_measure(rule, report->sets->baskets);
		buffer_printf(out, "%8" PRIu32 " %9.1Lf%% %8.3Lf  ", rule->count,
			100 * measures.confidence, measures.lift);
		for (uint32_t j = 0; j < rule->left->length; j++)
			buffer_printf(out, "%s%s", j > 0 ? ", " : "",
				refusal_word(report_name(report,
						     report->sets->ranks[rule->left->first + j]),
					word));
		buffer_printf(
			out, " => %s\n", refusal_word(report_name(report, rule->right), word));
	}
}
