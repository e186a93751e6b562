#include "module/marketing/marketing_module.h"

#include "base/invariant.h"
#include "module/marketing/basket/rules_part.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_part.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/segment/segments_part.h"

/* Of all folds together: another one makes the book anew. */
#define MARKETING_VERSION 4u

/* What it says itself, so that it is not said again. */
#define OWN_TOPIC "marketing.>"

static const struct module_part *const parts[MARKETING_PARTS] = {
	[MARKETING_SEGMENTS] = &segments_part,
	[MARKETING_RULES] = &rules_part,
	[MARKETING_CAMPAIGNS] = &campaign_part,
};

static bool marketing_listens(const struct marketing_module *marketing, const char *topic)
{
	for (size_t i = 0; i < marketing->module.topic_count; i++) {
		if (strcmp(marketing->topics[i], topic) == 0)
			return true;
	}
	return false;
}

static void marketing_listen(
	struct marketing_module *marketing, const char *const *topics, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (marketing_listens(marketing, topics[i]))
			continue;
		invariant(marketing->module.topic_count < LIMIT_FILTER_PATTERNS - 1);
		marketing->topics[marketing->module.topic_count++] = topics[i];
	}
}

void marketing_module_make(struct marketing_module *out)
{
	static const char *const own[] = {OWN_TOPIC};
	out->module = (struct module){.program = "carehub-marketing",
		.source = "/carehub/marketing",
		.subscription = "marketing",
		.book = "/var/lib/carehub/marketing",
		.topics = out->topics,
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = MARKETING_VERSION,
		.parts = parts,
		.part_count = MARKETING_PARTS};
	marketing_listen(out, facts_topics, facts_topic_count);
	marketing_listen(out, campaign_topics, campaign_topic_count);
	marketing_listen(out, own, 1);
}
