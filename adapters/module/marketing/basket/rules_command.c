#include <stdio.h>

#include "kit/help.h"
#include "module/marketing/basket/rule_report.h"
#include "module/marketing/basket/rules_part.h"
#include "module/marketing/book_commands.h"
#include "module/marketing/book_lookup.h"

static const struct help help = {"carehub-marketing rules",
	"Usage: carehub-marketing rules --config FILE [--json] [--sets]\n"
	"       carehub-marketing rules --baskets FILE ...    by a plain data file: rules --help\n"
	"\n"
	"What is bought together, by the receipts in the module's book, up to the newest of them.\n"
	"The JSON document is that of rules --baskets over the same receipts, byte by byte.\n"
	"\n"
	"  --sets      list the frequent item sets, too\n"
	"  --json      one JSON document\n"
	"\n"
	"Exit status: 0 fine, 2 unusable, 3 there is no book yet, 64 usage.\n"};

static enum ch_status report(struct lookup *lookup, const struct lookup_request *request,
	const struct rules_config *config)
{
	struct rule_book_options options;
	struct decimal confidence;
	struct rule_book *book = NULL;
	struct item_sets sets = {0};
	struct rules rules = {0};
	enum ch_status status = rules_config_read(config, &options, &confidence);
	if (status == CH_OK)
		status = rule_book_create(&options, &book);
	if (status == CH_OK)
		status = rule_book_load(book, lookup->view.txn);
	if (status == CH_OK)
		status = miner_sets(rule_book_miner(book), &sets);
	if (status == CH_OK)
		status = rules_make(&sets, confidence, &rules);
	if (status == CH_OK) {
		const struct rule_report it = {rule_book_store(book), &sets, &rules,
			options.support.share, confidence, request->with_sets};
		if (request->json)
			rule_report_json(&it, &lookup->out);
		else
			rule_report_text(&it, &lookup->out);
	}
	rules_fini(&rules);
	item_sets_fini(&sets);
	rule_book_free(book);
	return status;
}

int rules_command(int argc, char **argv, const struct module *module, size_t segments_part_index,
	size_t rules_part_index)
{
	struct lookup_request request = {.program = help.command};
	struct lookup lookup;
	int result = lookup_parse(argc, argv, NULL, &request);
	if (request.help)
		return help_print(&help);
	if (result != 0)
		return help_refuse(&help, NULL, NULL);
	result = lookup_open(module, segments_part_index, &request, &lookup);
	if (result != 0)
		return result;
	if (!request.json)
		lookup_as_of(&lookup, false);
	return lookup_close(&lookup, &request,
		report(&lookup, &request, lookup.view.configs[rules_part_index]));
}
