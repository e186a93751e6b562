/* carehub-pos: what the tills log, for the hub.
 *
 *     carehub-pos run --config FILE [--once]
 *     carehub-pos translate [--source URN] [--time-zone ZONE] [--currency CODE] FILE...
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/currency.h"
#include "channel/pos/pos_source.h"
#include "channel/pos/till_folder.h"
#include "kit/help.h"
#include "kit/translate.h"

static const struct help help = {"carehub-pos",
	"Usage: carehub-pos run --config FILE [--once]\n"
	"       carehub-pos check --config FILE\n"
	"       carehub-pos reload --config FILE\n"
	"       carehub-pos config\n"
	"       carehub-pos translate [OPTIONS] FILE...\n"
	"\n"
	"run carries what is dropped into a folder to the hub; with --once until nothing is\n"
	"left.  check reports everything that is wrong with the configuration; config prints\n"
	"one with every setting.\n"
	"\n"
	"translate makes POSLog files (2.1, 2.2, 6.x) into CloudEvents, one a line on standard\n"
	"output, without a hub; what cannot be taken is told on standard error.  FILE - is\n"
	"standard input.\n"
	"\n"
	"  --source URN       source of the events; {store} in it stands for the store's\n"
	"                     number (default urn:pos:{store})\n"
	"  --time-zone ZONE   zone of times without one: Asia/Shanghai, +08:00 (default: UTC,\n"
	"                     and the events say that it was assumed)\n"
	"  --currency CODE    currency of files that name none, ISO 4217\n"
	"  -q, --quiet        no line of counts for files of which there is something to tell\n"
	"  --version, --help\n"
	"\n"
	"Exit status: 0 fine, 1 some rejected, 2 a file is unusable, 64 usage.\n"};

static int translate(int argc, char **argv)
{
	static char name[] = "carehub-pos translate"; /* so getopt's messages begin */
	static const struct option options[] = {
		{"source", required_argument, NULL, 's'},
		{"time-zone", required_argument, NULL, 'z'},
		{"currency", required_argument, NULL, 'c'},
		{"quiet", no_argument, NULL, 'q'},
		{NULL, 0, NULL, 0},
	};
	struct pos_options settings = {{NULL, 0}, NULL, {NULL, 0}};
	struct translate_options files = {.format = &till_format, .decoder = &settings};
	struct zone *zone = NULL;
	int worst = 0;
	int option;
	argv[0] = name;
	while ((option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		switch (option) {
		case 's':
			settings.source = slice_text(optarg);
			break;
		case 'z':
			zone_free(zone);
			zone = NULL;
			if (zone_open(slice_text(optarg), &zone) != CH_OK)
				return help_refuse(&help, "no such time zone", optarg);
			break;
		case 'c':
			settings.currency = slice_text(optarg);
			if (!currency_is_code(settings.currency)) {
				zone_free(zone);
				return help_refuse(&help, "no ISO 4217 code", optarg);
			}
			break;
		case 'q':
			files.quiet = true;
			break;
		default:
			zone_free(zone);
			return help_refuse(&help, NULL, NULL);
		}
	}
	settings.zone = zone;
	if (optind == argc)
		worst = help_refuse(&help, NULL, NULL);
	else
		worst = (int)translate_files(
			&files, argv + optind, (size_t)(argc - optind), stdout, stderr);
	zone_free(zone);
	return worst;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return help_refuse(&help, NULL, NULL);
	if (help_asked(argc, argv))
		return help_print(&help);
	if (strcmp(argv[1], "translate") == 0)
		return translate(argc - 1, argv + 1);
	if (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "check") == 0 ||
		strcmp(argv[1], "reload") == 0 || strcmp(argv[1], "config") == 0)
		return till_folder_main(argc, argv);
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("carehub-pos " CAREHUB_VERSION);
		return 0;
	}
	return help_refuse(&help, "no such command", argv[1]);
}
