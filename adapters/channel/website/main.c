/* carehub-website: what the shop and the site report, and what they ask, over HTTP. */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "channel/website/recording.h"
#include "channel/website/website.h"
#include "kit/help.h"
#include "kit/translate.h"

static const struct help help = {"carehub-website",
	"Usage: carehub-website run --config FILE\n"
	"       carehub-website check --config FILE\n"
	"       carehub-website reload --config FILE\n"
	"       carehub-website config\n"
	"       carehub-website sender\n"
	"       carehub-website translate [OPTIONS] FILE...\n"
	"       carehub-website parse FILE...\n"
	"\n"
	"run listens for CloudEvents, webhooks, warranty registrations and look-ups, and answers\n"
	"when the hub has what was sent.  check reports everything that is wrong with the\n"
	"configuration and the senders; config and sender print a file with every setting.\n"
	"\n"
	"translate makes recorded requests (NAME.http) and bodies in JSON into CloudEvents, one a\n"
	"line on standard output, without a hub; what cannot be taken is told on standard error.\n"
	"FILE - is standard input.\n"
	"\n"
	"  --source URN       source of events that name none (default urn:website)\n"
	"  --shop NAME        the shop of a body that is a shop's resource\n"
	"  --topic TOPIC      its system and topic, shopify:orders/create or\n"
	"                     woocommerce:order.created (default: guessed)\n"
	"  --time-zone ZONE   zone of its times without one: Asia/Shanghai, +08:00\n"
	"  -q, --quiet        no line of counts for files of which there is something to tell\n"
	"\n"
	"parse prints the CloudEvents in such files as they were understood, whatever their type.\n"
	"\n"
	"Exit status: 0 fine, 1 some rejected, 2 a file is unusable, 64 usage.\n"};

static int translate(int argc, char **argv)
{
	static char name[] = "carehub-website translate"; /* so getopt's messages begin */
	static const struct option options[] = {
		{"source", required_argument, NULL, 's'},
		{"shop", required_argument, NULL, 'n'},
		{"topic", required_argument, NULL, 't'},
		{"time-zone", required_argument, NULL, 'z'},
		{"quiet", no_argument, NULL, 'q'},
		{NULL, 0, NULL, 0},
	};
	struct recording_options settings = {.source = NULL};
	struct translate_options files = {.format = &recording_format, .decoder = &settings};
	struct zone *zone = NULL;
	int result = -1;
	int option;
	argv[0] = name;
	while (result < 0 && (option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		switch (option) {
		case 's':
			settings.source = optarg;
			break;
		case 'n':
			settings.shop = optarg;
			break;
		case 't':
			settings.topic = optarg;
			break;
		case 'z':
			zone_free(zone);
			zone = NULL;
			if (zone_open(slice_text(optarg), &zone) != CH_OK)
				result = help_refuse(&help, "no such time zone", optarg);
			settings.zone = zone;
			break;
		case 'q':
			files.quiet = true;
			break;
		default:
			result = help_refuse(&help, NULL, NULL);
		}
	}
	if (result < 0)
		result = optind < argc ? (int)translate_files(&files, argv + optind,
						 (size_t)(argc - optind), stdout, stderr)
				       : help_refuse(&help, NULL, NULL);
	zone_free(zone);
	return result;
}

static int parse(int argc, char **argv)
{
	int worst = 0;
	if (argc < 2)
		return help_refuse(&help, NULL, NULL);
	for (int i = 1; i < argc; i++) {
		int result = recording_parse(argv[i], stdout, stderr);
		worst = result > worst ? result : worst;
	}
	return worst;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return help_refuse(&help, NULL, NULL);
	if (help_asked(argc, argv))
		return help_print(&help);
	if (sodium_init() < 0)
		return 2;
	if (strcmp(argv[1], "translate") == 0)
		return translate(argc - 1, argv + 1);
	if (strcmp(argv[1], "parse") == 0)
		return parse(argc - 1, argv + 1);
	if (strcmp(argv[1], "sender") == 0)
		return website_print_sender();
	if (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "check") == 0 ||
		strcmp(argv[1], "reload") == 0 || strcmp(argv[1], "config") == 0)
		return website_main(argc, argv);
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("carehub-website " CAREHUB_VERSION);
		return 0;
	}
	return help_refuse(&help, "no such command", argv[1]);
}
