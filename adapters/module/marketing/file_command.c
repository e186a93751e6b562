#include "module/marketing/file_command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "kit/help.h"
#include "module/data/output.h"
#include "module/marketing/basket/basket_file.h"
#include "module/marketing/basket/miner.h"
#include "module/marketing/basket/rule_report.h"

#define EXIT_UNUSABLE 2

static const struct help help = {"carehub-marketing",
	"Usage: carehub-marketing rules --baskets FILE --support S --confidence C [OPTIONS]\n"
	"       carehub-marketing rules --config FILE ...     by the module's book: its --help\n"
	"\n"
	"rules finds which items are bought together, and prints one JSON document.  FILE has a\n"
	"basket a line, or a line of a receipt a row (CSV, TSV, semicolons, blanks; - is\n"
	"standard input).\n"
	"\n"
	"  --support S         least share of all baskets that hold a set of items: 0.001\n"
	"  --confidence C      least share of those with the left side that have the right: 0.5\n"
	"  --least N           and at least N baskets (default 1)\n"
	"  --basket COLUMN     the column of the receipt's number, by its name in the header\n"
	"  --item COLUMN       the column of the item\n"
	"  --ignore ITEM       what is no item, as NONE; may be given more than once\n"
	"  --every N           take N baskets in at a time, as the running module does; the result is\n"
	"                      the same\n"
	"  --sets              list the frequent item sets, too\n"
	"  --text              a table for people instead\n"
	"  --delimiter WORD    comma, semicolon, tab or blanks (default: found in the file)\n"
	"\n"
	"Exit status: 0 fine, 2 the file is unusable, 64 usage.\n"};

struct request {
	const char *path;
	struct basket_file_options file;
	struct support support;
	struct decimal confidence;
	uint32_t every; /* 0: all in one go */
	char delimiter;
	bool with_sets;
	bool text;
};

static enum ch_status read_baskets(
	const struct request *request, struct basket_store *store, struct refusal *out_refusal)
{
	struct data_file *file;
	enum ch_status status =
		data_file_open(request->path, DATA_LINES, request->delimiter, &file, out_refusal);
	if (status != CH_OK)
		return status;
	status = basket_file_read(file, &request->file, store, out_refusal);
	data_file_close(file);
	return status;
}

/* The baskets once more, some at a time: what is found must not depend on it. */
static enum ch_status mine_in_steps(
	const struct request *request, const struct basket_store *all, struct item_sets *out_sets)
{
	struct basket_store *store = NULL;
	struct miner *miner = NULL;
	uint32_t item;
	enum ch_status status = basket_store_create(&store);
	if (status == CH_OK)
		status = miner_create(store, request->support, &miner);
	for (uint32_t i = 0; i < basket_store_items(all) && status == CH_OK; i++)
		status = basket_store_item(store, basket_store_name(all, i), &item);
	for (uint32_t i = 0; i < basket_store_baskets(all) && status == CH_OK; i++) {
		struct numbers basket = basket_store_basket(all, i);
		status = basket_store_add(store, basket.items, basket.count);
		if (status == CH_OK && (i + 1) % request->every == 0)
			status = miner_update(miner);
	}
	if (status == CH_OK)
		status = miner_update(miner);
	if (status == CH_OK)
		status = miner_sets(miner, out_sets);
	miner_free(miner);
	basket_store_free(store);
	return status;
}

static int rules(const struct request *request)
{
	struct basket_store *store = NULL;
	struct item_sets sets = {0};
	struct rules found = {0};
	struct refusal refusal = {{0, 0}, "out of memory"};
	struct buffer out = {0};
	int result = EXIT_UNUSABLE;
	enum ch_status status = basket_store_create(&store);
	if (status == CH_OK)
		status = read_baskets(request, store, &refusal);
	if (status != CH_OK) {
		(void)refusal_tell(&refusal, request->path);
		goto out;
	}
	status = request->every > 0 ? mine_in_steps(request, store, &sets)
				    : item_sets_mine(store, request->support, &sets);
	if (status == CH_OK)
		status = rules_make(&sets, request->confidence, &found);
	if (status != CH_OK) {
		(void)fprintf(stderr, "%s: %s\n", request->path,
			status == CH_TOO_LARGE
				? "more than a million item sets, or one of more than "
				  "32 items: the support is too low for these baskets"
				: "out of memory");
		goto out;
	}
	const struct rule_report report = {store, &sets, &found, request->support.share,
		request->confidence, request->with_sets};
	if (request->text)
		rule_report_text(&report, &out);
	else
		rule_report_json(&report, &out);
	result = output_print("carehub-marketing", &out);
out:
	buffer_fini(&out);
	rules_fini(&found);
	item_sets_fini(&sets);
	basket_store_free(store);
	return result;
}

static bool parse_baskets(const char *text, uint32_t *out_baskets)
{
	uint64_t baskets;
	if (text_parse_u64(slice_text(text), LIMIT_BASKETS, &baskets) != CH_OK || baskets == 0)
		return false;
	*out_baskets = (uint32_t)baskets;
	return true;
}

/* 0, or an exit status that was told. */
static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"baskets", required_argument, NULL, 'f'},
		{"support", required_argument, NULL, 's'},
		{"confidence", required_argument, NULL, 'c'},
		{"least", required_argument, NULL, 'l'},
		{"every", required_argument, NULL, 'e'},
		{"basket", required_argument, NULL, 'b'},
		{"item", required_argument, NULL, 'i'},
		{"ignore", required_argument, NULL, 'g'},
		{"sets", no_argument, NULL, 'S'},
		{"text", no_argument, NULL, 'x'},
		{"delimiter", required_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			request->path = optarg;
			break;
		case 's':
			if (share_parse(slice_text(optarg), &request->support.share) != CH_OK)
				return help_refuse(&help, "no share above 0 and at most 1", optarg);
			break;
		case 'c':
			if (share_parse(slice_text(optarg), &request->confidence) != CH_OK)
				return help_refuse(&help, "no share above 0 and at most 1", optarg);
			break;
		case 'l':
			if (!parse_baskets(optarg, &request->support.baskets))
				return help_refuse(&help, "no number of baskets", optarg);
			break;
		case 'e':
			if (!parse_baskets(optarg, &request->every))
				return help_refuse(&help, "no number of baskets", optarg);
			break;
		case 'b':
			request->file.basket = optarg;
			break;
		case 'i':
			request->file.item = optarg;
			break;
		case 'g':
			if (request->file.ignored_count == BASKET_FILE_IGNORED_MAX)
				return help_refuse(&help, "too many items to ignore", optarg);
			request->file.ignored[request->file.ignored_count++] = optarg;
			break;
		case 'S':
			request->with_sets = true;
			break;
		case 'x':
			request->text = true;
			break;
		case 'd':
			if (!data_delimiter_find(optarg, &request->delimiter))
				return help_refuse(&help, "no such delimiter", optarg);
			break;
		default:
			return help_refuse(&help, NULL, NULL);
		}
	}
	if (optind < argc)
		return help_refuse(&help, "unknown argument", argv[optind]);
	if (request->path == NULL || request->support.share.unscaled == 0 ||
		request->confidence.unscaled == 0)
		return help_refuse(
			&help, "rules", "--baskets, --support and --confidence are needed");
	if ((request->file.basket == NULL) != (request->file.item == NULL))
		return help_refuse(&help, "columns", "--basket and --item go together");
	return 0;
}

int file_command(int argc, char **argv)
{
	static char name[] = "carehub-marketing rules"; /* so getopt's messages begin */
	struct request request = {.support = {.baskets = 1}, .delimiter = DATA_DETECT};
	if (help_asked(argc, argv))
		return help_print(&help);
	argv[0] = name;
	int result = parse(argc, argv, &request);
	return result != 0 ? result : rules(&request);
}
