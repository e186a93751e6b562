/* carehub-marketing: what is known of customers as customers, and its tools. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kit/help.h"
#include "module/marketing/book_commands.h"
#include "module/marketing/campaign/campaign.h"
#include "module/marketing/campaign/campaign_command.h"
#include "module/marketing/file_command.h"
#include "module/marketing/marketing_module.h"

static const struct help help = {"carehub-marketing",
	"Usage: carehub-marketing run --config FILE [--once]\n"
	"       carehub-marketing check|reload|rebuild --config FILE\n"
	"       carehub-marketing status --config FILE [--json | --tables]\n"
	"       carehub-marketing config [--campaign]\n"
	"       carehub-marketing levels --config FILE [--json] [members LEVEL|why CUSTOMER]\n"
	"       carehub-marketing segments --config FILE [--json]\n"
	"                         [members SEGMENT|of CUSTOMER|why SEGMENT CUSTOMER]\n"
	"       carehub-marketing rules --config FILE [--json] [--sets]\n"
	"       carehub-marketing campaigns COMMAND --config FILE [OPTIONS]\n"
	"       carehub-marketing rules --baskets FILE --support S --confidence C [OPTIONS]\n"
	"\n"
	"run       folds the hub's events into the module's book, keeps levels and segments current\n"
	"          and tells who enters and leaves them, until it is told to stop; with --once until it has\n"
	"          all that there is\n"
	"check     reports everything that is wrong with the configuration\n"
	"reload    has the module that runs with FILE read it anew, definitions and campaigns\n"
	"          with it, and tells what came of it\n"
	"rebuild   removes the book: the next run makes it anew from the journal\n"
	"status    how far the book has come, and what is missing or was refused; with --tables\n"
	"          also a digest of each table: two books with the same are the same\n"
	"config    prints a configuration with every setting; with --campaign that of a campaign\n"
	"levels    how many customers have which level, who, and why\n"
	"segments  how many are in which segment, who, and why or why not\n"
	"campaigns lists, plans, starts, stops and reports campaigns\n"
	"rules     what is bought together, by the module's book or by a plain data file\n"
	"\n"
	"  --version, --help; COMMAND --help has the options of a command\n"
	"\n"
	"Exit status: 0 fine, 1 something was rejected, refused or is missing, 2 unusable,\n"
	"3 there is no book yet, or it has not caught up, or nobody to reload, 64 usage.\n"};

static int config_of_a_campaign(void)
{
	struct buffer text = {0};
	campaign_describe(&text);
	(void)fputs(buffer_text(&text), stdout);
	buffer_fini(&text);
	return 0;
}

static bool is_about_the_book(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--config") == 0)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct marketing_module marketing;
	const char *command = argc > 1 ? argv[1] : "";
	if (strcmp(command, "--help") == 0)
		return help_print(&help);
	if (strcmp(command, "--version") == 0) {
		(void)puts("carehub-marketing " CAREHUB_VERSION);
		return 0;
	}
	if (strcmp(command, "config") == 0 && argc == 3 && strcmp(argv[2], "--campaign") == 0)
		return config_of_a_campaign();
	marketing_module_make(&marketing);
	if (strcmp(command, "levels") == 0)
		return levels_command(argc - 1, argv + 1, &marketing.module, MARKETING_SEGMENTS);
	if (strcmp(command, "segments") == 0)
		return segments_command(argc - 1, argv + 1, &marketing.module, MARKETING_SEGMENTS);
	if (strcmp(command, "rules") == 0 && is_about_the_book(argc, argv))
		return rules_command(
			argc - 1, argv + 1, &marketing.module, MARKETING_SEGMENTS, MARKETING_RULES);
	if (strcmp(command, "rules") == 0)
		return file_command(argc - 1, argv + 1);
	if (strcmp(command, "campaigns") == 0)
		return campaign_command(argc - 1, argv + 1, &marketing.module, MARKETING_CAMPAIGNS);
	if (module_main_has(command))
		return module_main(argc, argv, &marketing.module);
	return help_refuse(&help, argc > 1 ? "no such command" : NULL, command);
}
