#include "module/quality/quality_module.h"

#include "base/invariant.h"
#include "module/quality/facts.h"

const size_t quality_config_part = FACT_CONFIG;

/* What it says itself, so that it is not said again. */
#define OWN_TOPIC "quality.>"

void quality_module_make(struct quality_module *out)
{
	size_t topics = 0;
	invariant(fact_topic_count + 1 < LIMIT_FILTER_PATTERNS);
	for (size_t i = 0; i < fact_topic_count; i++)
		out->topics[topics++] = fact_topics[i];
	out->topics[topics++] = OWN_TOPIC;
	out->module = (struct module){.program = "carehub-quality",
		.source = "/carehub/quality",
		.subscription = "quality",
		.book = "/var/lib/carehub/quality",
		.topics = out->topics,
		.topic_count = topics,
		.tables = fact_table_names,
		.table_count = FACT_TABLES,
		.version = FACT_VERSION,
		.parts = fact_parts,
		.part_count = FACT_PARTS};
}
