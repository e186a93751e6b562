#include "module/quality/quality_module.h"

#include "base/invariant.h"
#include "module/quality/fact/facts.h"
#include "module/quality/manager/control_part.h"
#include "module/quality/manager/publish_part.h"

const size_t quality_config_part = FACT_CONFIG;

/* What it says itself, so that it is not said again. */
#define OWN_TOPIC "quality.>"

void quality_module_make(struct quality_module *out)
{
	size_t topics = 0;
	size_t parts = 0;
	invariant(fact_topic_count + 1 < LIMIT_FILTER_PATTERNS);
	invariant(FACT_PARTS + 2 <= QUALITY_PARTS_MAX);
	for (size_t i = 0; i < FACT_TABLES; i++)
		out->tables[i] = fact_table_names[i];
	out->tables[CONTROL_VIOLATIONS] = CONTROL_TABLE_NAME;
	out->tables[PUBLISHED_MEASURES] = PUBLISH_TABLE_NAME;
	/* Facts first: what is drawn of them is drawn of the same batch. */
	for (; parts < FACT_PARTS; parts++)
		out->parts[parts] = fact_parts[parts];
	out->parts[parts++] = &control_part;
	out->parts[parts++] = &publish_part;
	for (size_t i = 0; i < fact_topic_count; i++)
		out->topics[topics++] = fact_topics[i];
	out->topics[topics++] = OWN_TOPIC;
	out->module = (struct module){.program = "carehub-quality",
		.source = "/carehub/quality",
		.subscription = "quality",
		.book = "/var/lib/carehub/quality",
		.topics = out->topics,
		.topic_count = topics,
		.tables = out->tables,
		.table_count = PUBLISH_TABLES_END,
		.version = 10000 * PUBLISH_VERSION + 100 * CONTROL_VERSION + FACT_VERSION,
		.parts = out->parts,
		.part_count = parts};
}
