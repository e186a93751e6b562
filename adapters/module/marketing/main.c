/* carehub-marketing: what is known of customers as customers, and its tools. */
#include <stdio.h>
#include <string.h>

#include "module/marketing/campaign_command.h"
#include "module/marketing/file_command.h"
#include "module/marketing/marketing_module.h"

#define EXIT_USAGE 64

static int usage(FILE *to, int exit_status)
{
	(void)fputs(
		"usage: carehub-marketing run --config FILE [--once]\n"
		"       carehub-marketing check|rebuild --config FILE\n"
		"       carehub-marketing status --config FILE [--json]\n"
		"       carehub-marketing config\n"
		"       carehub-marketing campaigns COMMAND --config FILE [OPTIONS]\n"
		"       carehub-marketing rules --baskets FILE --support S --confidence C [OPTIONS]\n"
		"\n"
		"run       folds the hub's events into the module's book, keeps levels and segments current\n"
		"          and tells who enters and leaves them, until it is told to stop\n"
		"check     reports everything that is wrong with the configuration\n"
		"rebuild   removes the book: the next run makes it anew from the journal\n"
		"status    how far the book has come, and what is missing or was refused\n"
		"config    prints a configuration with every setting\n"
		"campaigns lists, plans, starts, stops and reports campaigns; campaigns --help says how\n"
		"rules     finds what is bought together in a plain data file; rules --help says how\n",
		to);
	return exit_status;
}

int main(int argc, char **argv)
{
	struct marketing_module marketing;
	const char *command = argc > 1 ? argv[1] : "";
	if (strcmp(command, "--help") == 0)
		return usage(stdout, 0);
	if (strcmp(command, "--version") == 0) {
		(void)puts("carehub-marketing " CAREHUB_VERSION);
		return 0;
	}
	if (strcmp(command, "rules") == 0)
		return file_command(argc - 1, argv + 1);
	if (strcmp(command, "campaigns") == 0) {
		marketing_module_make(&marketing);
		return campaign_command(argc - 1, argv + 1, &marketing.module, MARKETING_CAMPAIGNS);
	}
	if (module_main_has(command)) {
		marketing_module_make(&marketing);
		return module_main(argc, argv, &marketing.module);
	}
	if (argc > 1)
		(void)fprintf(stderr, "carehub-marketing: no such command: %s\n", command);
	return usage(stderr, EXIT_USAGE);
}
